//! The page of a kind.

use std::fmt::Write as _;

use super::attributes::{Table, chosen, replacing};
use super::{Examples, actions, example, link};
use crate::generate::words::{duration, joined, names};
use crate::kind::{Facts, Found, Mark, NameChars, Naming, Place, Registry, Replacement, Unique};

/// The page of a kind, in Markdown.
#[must_use]
pub fn kind(facts: &'static Facts, registry: &Registry, examples: Examples<'_>) -> String {
    let table = Table { registry, folder: "kinds", managed: true };
    let mut text = format!("# `{}`\n\n{}\n", facts.name, facts.declared.doc);
    if let Some(data) = facts.data {
        let _ = write!(
            text,
            "\n> **It holds data.** With it go {data}. A plan that deletes or replaces it says so, and an apply needs \
             `--allow-data-loss`.\n"
        );
    }
    text.push_str(&example(facts.name, examples));
    let _ = write!(text, "\n## Arguments\n\n{}", table.arguments(facts.declared));
    text.push_str(&common(facts));
    let _ = write!(
        text,
        "\n## Outputs\n\nOther resources refer to them, and to every argument that is not write-only: \
         `${{<name>.{}}}`. They change when the resource is replaced; where an update changes one as well, it says so.\n\n{}",
        facts.id,
        table.outputs(facts.outputs)
    );
    text.push_str(&aws_choices(facts));
    text.push_str(&changes(facts, registry));
    text.push_str(&reading(facts, registry));
    text.push_str(&times(facts));
    text.push_str(&permissions(facts));
    text.push_str(&adoption(facts));
    text
}

/// What every resource takes besides.
fn common(facts: &Facts) -> String {
    let tags = if facts.taggable() { "`tags`, " } else { "" };
    let none = if facts.taggable() { "" } else { " It takes no `tags`." };
    format!(
        "\nEvery resource also takes {tags}`for_each`, `when`, `depends_on`, `region`, `role_arn`, `timeouts` and \
         `lifecycle`: see [the stack language](../../stack-language.md).{none}\n"
    )
}

/// What AWS chooses where the stack is silent.
fn aws_choices(facts: &Facts) -> String {
    let chosen = chosen(facts.declared);
    let rest = match chosen.len() {
        0 => {
            return "\n## What AWS chooses\n\nAWS chooses 0 arguments: an argument that is not written has its default, \
                and a line that is taken away resets it.\n"
                .to_owned();
        }
        1 => "AWS chooses 1 argument where the stack does not write it. It is never compared then:",
        _ => "where the stack does not write them. They are never compared then:",
    };
    let mut text = "\n## What AWS chooses\n\n".to_owned();
    if chosen.len() == 1 {
        text.push_str(rest);
    } else {
        let _ = write!(text, "AWS chooses {} arguments {rest}", chosen.len());
    }
    text.push_str("\n\n| argument | what AWS does |\n|---|---|\n");
    for (path, reason) in chosen {
        let _ = writeln!(text, "| `{path}` | {} |", reason.replace('|', "\\|"));
    }
    text
}

/// Replacement, deletion, name.
fn changes(facts: &Facts, registry: &Registry) -> String {
    let mut text = "\n## Replacement and deletion\n\n".to_owned();
    let replacing = replacing(facts.declared);
    if replacing.is_empty() {
        text.push_str("No argument forces a replacement by itself.");
    } else {
        let _ = write!(text, "A change of {} replaces it.", names(replacing, "or"));
    }
    match facts.replacement {
        Replacement::CreateFirst => text.push_str(" The new one is created before the old one is deleted."),
        Replacement::DestroyFirst(reason) => {
            let _ = write!(text, " The old one is deleted first: {reason}.");
        }
        Replacement::DestroyFirstUnless(others, reason) => {
            let _ = write!(
                text,
                " The old one is deleted first ({reason}), unless {} changes: then the new one is created first.",
                names(others.iter().copied(), "or")
            );
        }
    }
    text.push_str(" `lifecycle.create_before_destroy` overrides it.\n");
    if !facts.deleted_after.is_empty() {
        let after = facts.deleted_after.iter().map(|other| link(other, registry, "kinds"));
        let _ = write!(text, "\nIt is deleted after every {} of the same run.\n", joined(after, "and"));
    }
    if let Some(naming) = &facts.naming {
        let _ = write!(text, "\n{}\n", name(naming));
    }
    text
}

/// The rules of the physical name.
fn name(naming: &Naming) -> String {
    let chars = match naming.allowed {
        NameChars::LowerHyphen => "lower-case letters, digits and hyphens",
        NameChars::Hyphen => "letters, digits and hyphens",
        NameChars::Wide => "letters, digits, hyphens, underscores and dots",
    };
    let (unique, hash) = match naming.unique {
        Unique::World => ("unique in the world", "-<8 hex digits>"),
        Unique::Account => ("unique in account and region", ""),
        Unique::Parent => ("unique in its parent", ""),
        Unique::No => ("not unique", ""),
    };
    format!(
        "Its name is `{}`, {unique}, of at most {} characters. Where the stack does not write it, it is \
         `<stack>-<environment>-<resource>[-<key>]{hash}` in {chars}, shortened with a hash where that is too long; it \
         is made once and never compared.",
        naming.attribute, naming.max
    )
}

/// How things are found, and what that costs.
fn reading(facts: &Facts, registry: &Registry) -> String {
    let once = match facts.place {
        Place::Regional => "for each region",
        Place::Global => "for the whole account",
    };
    let list = match facts.found {
        Found::Listed => format!("One paged list {once} finds all that the stack owns"),
        Found::Tagged(resource_type) => format!(
            "One paged list {once} finds all that the stack owns. Where the file has none of this kind, EC2's list of \
             tags is asked first, once for all kinds, and the list is left out when it knows no `{resource_type}`"
        ),
        Found::Swept(resource_type) => format!(
            "The tagging API finds all that the stack owns, {once} (`tag:GetResources` for `{resource_type}`), and they \
             are described by ARN"
        ),
        Found::Child(parents) => format!(
            "They are found through their parent, {}, one paged list for each",
            joined(parents.iter().map(|parent| link(parent, registry, "kinds")), "or")
        ),
    };
    let details = match facts.details {
        0 => "No further call is made for a single one.".to_owned(),
        1 => "For each one at most 1 further call is made, for what no list carries.".to_owned(),
        n => format!("For each one at most {n} further calls are made, for what no list carries."),
    };
    let mark = match facts.mark {
        Mark::Tags => "The tags `clefctl:stack` and `clefctl:resource` make it the stack's.",
        Mark::Prefix => {
            "It takes no tags: a name that begins with `<stack>-<environment>-`, in a parent that is the stack's, makes \
             it the stack's. With a name that the stack writes itself it is released, not deleted, when its entry goes."
        }
        Mark::Marker => "It takes no tags: a marker that clefctl keeps beside it makes it the stack's.",
    };
    format!("\n## What a plan costs\n\n{list}. {details} {mark}\n")
}

/// How long it takes.
fn times(facts: &Facts) -> String {
    let (takes, until) = (facts.takes, facts.timeouts);
    format!(
        "\n## Time-outs\n\n| | typically | given up after |\n|---|---|---|\n| create | {} | {} |\n| update | {} | {} |\n\
         | delete | {} | {} |\n\n`timeouts: {{create: 1h}}` on the resource sets others.\n",
        duration(takes.create),
        duration(until.create),
        duration(takes.update),
        duration(until.update),
        duration(takes.delete),
        duration(until.delete),
    )
}

/// The IAM actions.
fn permissions(facts: &Facts) -> String {
    let needs = &facts.actions;
    let mut text = "\n## IAM actions\n\n| for | actions |\n|---|---|\n".to_owned();
    for (verb, list) in
        [("plan", needs.read), ("create", needs.create), ("update", needs.update), ("delete", needs.delete)]
    {
        if !list.is_empty() {
            let _ = writeln!(text, "| {verb} | {} |", actions(list));
        }
    }
    text
}

/// How what lives already comes in.
fn adoption(facts: &Facts) -> String {
    let id = facts.outputs.attribute(facts.id).or_else(|| facts.declared.attribute(facts.id));
    let id = id.map_or_else(String::new, |output| format!(": {}", lower_first(output.doc.trim_end_matches('.'))));
    let how = match facts.mark {
        Mark::Tags => "The diff is shown; on `yes` it is tagged and belongs to the stack from then on.",
        Mark::Prefix | Mark::Marker => {
            "The diff is shown. What has no mark of its own is managed while the file names it, and released, never \
             deleted, when its entry goes."
        }
    };
    format!(
        "\n## Adopt\n\nWhat lives already becomes the stack's with `clefctl adopt <name> <{}>`, where `<{}>` is what AWS \
         calls it{id}. {how}\n",
        facts.id, facts.id
    )
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let second_is_lower = text.chars().nth(1).is_none_or(|c| !c.is_uppercase());
    match chars.next() {
        Some(first) if second_is_lower => first.to_lowercase().chain(chars).collect(),
        _ => text.to_owned(),
    }
}
