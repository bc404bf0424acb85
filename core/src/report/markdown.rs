//! The plan as a comment on a pull request: what matters first, details folded, never larger than such a comment
//! may be.

use std::fmt::Write;

use super::plan::{View, lines, sentence};
use super::style::{Layout, clean, count, plain};
use super::value::{Line, Sign};
use super::words::{shell, summary, symbol};
use crate::engine::plan::{Action, Change, Plan};

/// Most bytes; GitHub takes 65,536 characters, and other texts may have to go around it.
pub const BUDGET: usize = 65_000;

/// Kept free for the words that say what was left out.
const RESERVE: usize = 400;

/// The plan in GitHub's Markdown.
#[must_use]
pub fn text(plan: &Plan, view: View<'_>) -> String {
    within(plan, view, BUDGET)
}

fn within(plan: &Plan, view: View<'_>, budget: usize) -> String {
    let mut out = head(plan);
    let room = budget.saturating_sub(RESERVE);
    losses(&mut out, plan, room);
    let mut changes: Vec<&Change> = plan.changes.iter().collect();
    changes.sort_by_key(|change| urgency(change));
    // Each change costs one line of the list; as many as fit within a third are listed.
    let listed = list(&mut out, plan, &changes, view, room / 3);
    let mut folded = 0;
    for change in &changes {
        let block = details(plan, change, view);
        if out.len() + block.len() > room {
            folded += 1;
        } else {
            out.push_str(&block);
        }
    }
    warnings(&mut out, plan, view, room);
    if listed < changes.len() {
        let _ = writeln!(out, "\n{} not listed for want of space.", count(changes.len() - listed, "change"));
    }
    if folded > 0 {
        let _ = writeln!(out, "\nThe details of {} are left out for want of space.", count(folded, "change"));
    }
    out
}

fn head(plan: &Plan) -> String {
    let what = if plan.destroy { "Destruction" } else { "Plan" };
    let sum = if plan.is_empty() { format!("No changes; {} unchanged.", plan.unchanged) } else { summary(plan) };
    format!(
        "<!-- clefctl plan {owner} -->\n### {what} of `{owner}`\n\nAccount {}, {}\n\n**{sum}**\n",
        plan.account,
        plan.region,
        owner = plan.owner,
    )
}

fn losses(out: &mut String, plan: &Plan, room: usize) {
    let losses = plan.losses();
    if losses.is_empty() {
        return;
    }
    out.push_str("\n> [!CAUTION]\n> Data that would be lost for good:\n");
    for (i, (address, loss)) in losses.iter().enumerate() {
        if out.len() > room / 3 {
            let _ = writeln!(out, "> - … and {} more", losses.len() - i);
            break;
        }
        let allow = format!("--allow-data-loss {}", shell(address));
        let _ = writeln!(out, "> - {}: {} ({})", code(address), escape(loss), code(&allow));
    }
}

fn list(out: &mut String, plan: &Plan, changes: &[&Change], view: View<'_>, room: usize) -> usize {
    if changes.is_empty() {
        return 0;
    }
    out.push_str("\n| | resource | what |\n|---|---|---|\n");
    let start = out.len();
    for (i, change) in changes.iter().enumerate() {
        let what = plain(&sentence(plan, change, view.facts(change))).into_owned();
        let (address, what) = (code(&change.address.to_string()), escape(&what).replace('|', "\\|"));
        let row = format!("| `{}` | {} | {what} |\n", symbol(&change.action).0, address.replace('|', "\\|"));
        if out.len() - start + row.len() > room {
            return i;
        }
        out.push_str(&row);
    }
    changes.len()
}

/// The lines of a change in a fold of their own; nothing where it has none.
fn details(plan: &Plan, change: &Change, view: View<'_>) -> String {
    let lines = lines(change, view.facts(change), Layout::pipe());
    if lines.is_empty() && change.notes.is_empty() {
        return String::new();
    }
    let body: String = lines.iter().map(diff_line).collect();
    let fence = "`".repeat(longest_run(&body).max(2) + 1);
    let mark = symbol(&change.action).0;
    let title = plain(&sentence(plan, change, view.facts(change))).into_owned();
    let address = escape(&change.address.to_string());
    let mut out = format!("\n<details><summary><code>{mark}</code> <b>{address}</b> {}</summary>\n\n", escape(&title));
    if !body.is_empty() {
        let _ = writeln!(out, "{fence}diff\n{body}{fence}");
    }
    for note in &change.notes {
        let _ = writeln!(out, "- {}", escape(note));
    }
    out.push_str("\n</details>\n");
    out
}

fn diff_line(line: &Line) -> String {
    let sign = match line.sign {
        Sign::Same => ' ',
        Sign::Add => '+',
        Sign::Remove => '-',
        Sign::Change => '!',
    };
    let text = format!("{sign} {}{}", "  ".repeat(line.depth), plain(&line.text));
    format!("{}\n", text.trim_end())
}

fn warnings(out: &mut String, plan: &Plan, view: View<'_>, room: usize) {
    for (i, problem) in plan.warnings.iter().enumerate() {
        let place = problem.span.and_then(|span| view.sources.locate(span));
        let place = place.map_or_else(String::new, |(file, line, _)| format!(" ({file}:{line})"));
        let text = format!("{}{}", escape(&problem.title()), escape(&place));
        if out.len() + text.len() > room {
            let _ = writeln!(out, "\n> [!WARNING]\n> {} left out.", count(plan.warnings.len() - i, "warning"));
            return;
        }
        let _ = writeln!(out, "\n> [!WARNING]\n> {text}");
    }
}

/// What a reviewer must see comes first: losses, then what goes, is replaced, is changed, is made.
fn urgency(change: &Change) -> u8 {
    match change.action {
        _ if change.loss.is_some() => 0,
        Action::Delete => 1,
        Action::Replace { .. } => 2,
        Action::Update => 3,
        Action::Create => 5,
        _ => 4,
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Text that GitHub shows as it is: no tags, no mentions, no formatting, no line breaks.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => out.push_str("@\u{200b}"),
            '\n' | '\t' => out.push(' '),
            // Inside a word an underscore means nothing.
            '_' if out.ends_with(char::is_alphanumeric) => out.push(c),
            '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '~' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            other => out.push(other),
        }
    }
    out
}

/// Text as code, whatever it holds.
fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let blank = if fence.len() > 1 { " " } else { "" };
    format!("{fence}{blank}{}{blank}{fence}", clean(text).replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(escape("<img> @all *x*\nb"), "&lt;img&gt; @\u{200b}all &#42;x&#42; b");
        assert_eq!([code("a"), code("a`b")], ["`a`", "`` a`b ``"]);
    }
}
