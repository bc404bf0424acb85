//! The plan as a page of its own, for reviews and archives: one file without scripts, fonts or pictures from elsewhere,
//! readable with a screen reader, on a telephone, on paper, in the light and in the dark.

use std::fmt::Write;

use super::plan::{View, lines, sentence};
use super::style::{Layout, clean, count, plain};
use super::value::{Line, Sign};
use super::words::{shell, symbol};
use crate::engine::plan::{Action, Change, OutputChange, Plan};

/// Colours have a contrast of 4.5 : 1 at least; nothing is said by colour alone.
const STYLE: &str = include_str!("html.css");

/// How wide values may get before they are broken into lines.
const WIDTH: Layout = Layout { width: 110, height: usize::MAX, terminal: false };

/// The plan as an HTML document.
#[must_use]
pub fn text(plan: &Plan, view: View<'_>) -> String {
    let what = if plan.destroy { "Destruction" } else { "Plan" };
    let owner = escape(&plan.owner.to_string());
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{what} of {owner}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<header>\n<p class=\"what\">clefctl {}</p>\n<h1>{owner}</h1>\n\
         <p class=\"place\">Account <b>{}</b> · <b>{}</b></p>\n",
        what.to_lowercase(),
        escape(&plan.account),
        escape(&plan.region),
    );
    sums(&mut out, plan);
    out.push_str("</header>\n");
    losses(&mut out, plan);
    warnings(&mut out, plan, view);
    for group in Group::ALL {
        changes(&mut out, plan, group, view);
    }
    outputs(&mut out, &plan.outputs, plan.destroy);
    let _ = writeln!(out, "<footer>Made by clefctl {}.</footer>\n</main>\n</body>\n</html>", env!("CARGO_PKG_VERSION"));
    out
}

/// The parts of the page, in the order in which a reviewer needs them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Delete,
    Replace,
    Update,
    Other,
    Create,
}

impl Group {
    const ALL: [Self; 5] = [Self::Delete, Self::Replace, Self::Update, Self::Other, Self::Create];

    fn of(change: &Change) -> Self {
        match change.action {
            Action::Delete => Self::Delete,
            Action::Replace { .. } => Self::Replace,
            Action::Update => Self::Update,
            Action::Create => Self::Create,
            Action::Adopt | Action::Move { .. } | Action::Release | Action::Await => Self::Other,
        }
    }

    /// Its name in the page's addresses, its heading, and the words after its number.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Delete => ("delete", "Deleted", "to delete"),
            Self::Replace => ("replace", "Replaced", "to replace"),
            Self::Update => ("update", "Changed in place", "to update"),
            Self::Other => ("other", "Adopted, moved, released, awaited", "other"),
            Self::Create => ("create", "Created", "to create"),
        }
    }
}

fn sums(out: &mut String, plan: &Plan) {
    if plan.is_empty() {
        let _ =
            writeln!(out, "<p class=\"none\">No changes. {} as the stack says.</p>", count(plan.unchanged, "resource"));
        return;
    }
    out.push_str("<nav aria-label=\"What happens\">\n<ul class=\"sums\">\n");
    for group in Group::ALL {
        let n = plan.changes.iter().filter(|change| Group::of(change) == group).count();
        let (id, _, words) = group.words();
        if n > 0 {
            let _ = writeln!(out, "<li><a class=\"{id}\" href=\"#{id}\"><b>{n}</b> {words}</a></li>");
        }
    }
    let _ = writeln!(out, "<li><span><b>{}</b> unchanged</span></li>\n</ul>\n</nav>", plan.unchanged);
}

fn losses(out: &mut String, plan: &Plan) {
    let losses = plan.losses();
    if losses.is_empty() {
        return;
    }
    out.push_str("<section class=\"alarm\" aria-labelledby=\"losses\">\n<h2 id=\"losses\">Data that would be lost for good</h2>\n<ul>\n");
    for (address, loss) in &losses {
        let allow = format!("--allow-data-loss {}", shell(address));
        let _ = writeln!(
            out,
            "<li><b>{}</b>: {} <span class=\"allow\">To allow it: <code>{}</code></span></li>",
            escape(address),
            escape(loss),
            escape(&allow)
        );
    }
    out.push_str("</ul>\n</section>\n");
}

fn warnings(out: &mut String, plan: &Plan, view: View<'_>) {
    if plan.warnings.is_empty() {
        return;
    }
    out.push_str("<section class=\"warning\" aria-labelledby=\"warnings\">\n<h2 id=\"warnings\">Warnings</h2>\n<ul>\n");
    for problem in &plan.warnings {
        let place = problem.span.and_then(|span| view.sources.locate(span));
        let place = place
            .map_or_else(String::new, |(file, line, _)| format!(" <span class=\"at\">{}:{line}</span>", escape(file)));
        let hints = problem.hints.iter().map(|hint| ["<br>".to_owned(), escape(hint)].concat()).collect::<String>();
        let _ = writeln!(out, "<li>{}{place}{hints}</li>", escape(&problem.title()));
    }
    out.push_str("</ul>\n</section>\n");
}

fn changes(out: &mut String, plan: &Plan, group: Group, view: View<'_>) {
    let mut changes = plan.changes.iter().filter(|change| Group::of(change) == group).peekable();
    if changes.peek().is_none() {
        return;
    }
    let (id, heading, _) = group.words();
    let _ = writeln!(out, "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{heading}</h2>");
    for change in changes {
        self::change(out, plan, change, group, view);
    }
    out.push_str("</section>\n");
}

fn change(out: &mut String, plan: &Plan, change: &Change, group: Group, view: View<'_>) {
    let lines = lines(change, view.facts(change), WIDTH);
    let (class, ..) = group.words();
    let title = format!(
        "<span class=\"mark\" aria-hidden=\"true\">{}</span> <span class=\"address\">{}</span> <span class=\"fate\">{}</span>",
        escape(symbol(&change.action).0),
        escape(&change.address.to_string()),
        escape(&plain(&sentence(plan, change, view.facts(change)))),
    );
    if lines.is_empty() && change.notes.is_empty() && change.loss.is_none() {
        let _ = writeln!(out, "<p class=\"change {class}\">{title}</p>");
        return;
    }
    // What is made says all of itself: folded, so that what changes is not lost among it.
    let open = if group == Group::Create { "" } else { " open" };
    let _ = writeln!(out, "<details class=\"change {class}\"{open}>\n<summary>{title}</summary>");
    if !lines.is_empty() {
        // People who cannot see colours, and those who copy the text, have the signs.
        let body: String = lines.iter().map(line).collect();
        let _ = writeln!(out, "<pre tabindex=\"0\">{body}</pre>");
    }
    if let Some(loss) = &change.loss {
        let _ = writeln!(out, "<p class=\"loss\"><b>Data loss:</b> {}</p>", escape(loss));
    }
    for note in &change.notes {
        let _ = writeln!(out, "<p class=\"note\">{}</p>", escape(note));
    }
    out.push_str("</details>\n");
}

fn line(line: &Line) -> String {
    let (sign, class) = match line.sign {
        Sign::Same => (' ', ""),
        Sign::Add => ('+', "add"),
        Sign::Remove => ('-', "remove"),
        Sign::Change => ('~', "update"),
    };
    let text = format!("{sign} {}{}", "  ".repeat(line.depth), plain(&line.text));
    let text = escape(text.trim_end());
    if class.is_empty() { format!("{text}\n") } else { format!("<span class=\"{class}\">{text}</span>\n") }
}

fn outputs(out: &mut String, outputs: &[OutputChange], destroy: bool) {
    let changing: Vec<_> = outputs.iter().filter(|output| output.changes()).collect();
    if changing.is_empty() || destroy {
        return;
    }
    out.push_str("<section aria-labelledby=\"outputs\">\n<h2 id=\"outputs\">Outputs</h2>\n<div class=\"scroll\" tabindex=\"0\">\n<table>\n<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Value</th><th scope=\"col\">What it is</th></tr></thead>\n<tbody>\n");
    for output in changing {
        let value = if output.sensitive && !output.value.is_null() {
            output.value.clone().sensitive()
        } else {
            output.value.clone()
        };
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td><code>{}</code></td><td>{}</td></tr>",
            escape(&output.name),
            escape(&super::value::one_line(&value)),
            escape(output.description.as_deref().unwrap_or_default()),
        );
    }
    out.push_str("</tbody>\n</table>\n</div>\n</section>\n");
}

/// Text that a browser shows as it is.
fn escape(text: &str) -> String {
    let entities = [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#39;")];
    entities.iter().fold(clean(text).into_owned(), |text, (sign, entity)| text.replace(*sign, entity))
}
