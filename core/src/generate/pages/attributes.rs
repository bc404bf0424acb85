//! Arguments, blocks inside them, and outputs.

use std::fmt::Write as _;

use crate::generate::words::{default_text, inner_block, limits, names, rule, type_name};
use crate::kind::{Absent, Attribute, Block, Changes, Literal, Registry, Type};

use super::link;

/// A table of attributes as a page shows it.
pub(super) struct Table<'r> {
    /// For links.
    pub(super) registry: &'r Registry,
    /// The folder of the page, for links.
    pub(super) folder: &'r str,
    /// Whether AWS keeps what is declared, so that a change can force a replacement.
    pub(super) managed: bool,
}

impl Table<'_> {
    /// The arguments of a table and of all blocks in it, with the rules between them.
    pub(super) fn arguments(&self, block: &'static Block) -> String {
        let mut text = self.list(block, "");
        for (path, inner, same_as) in blocks(block) {
            let _ = write!(text, "\n### `{path}`\n\n");
            if let Some(other) = same_as {
                let _ = writeln!(text, "Takes what [`{other}`](#{}) takes.", anchor(&other));
                continue;
            }
            if !inner.doc.is_empty() {
                let _ = writeln!(text, "{}\n", inner.doc);
            }
            text.push_str(&self.list(inner, &path));
        }
        text
    }

    fn list(&self, block: &'static Block, path: &str) -> String {
        let mut text = String::new();
        let (required, optional): (Vec<_>, Vec<_>) =
            block.attributes.iter().partition(|attribute| matches!(attribute.absent, Absent::Required));
        for attribute in required.into_iter().chain(optional) {
            text.push_str(&self.argument(attribute, path));
        }
        if block.attributes.is_empty() {
            text.push_str("None.\n");
        }
        if !block.rules.is_empty() {
            text.push_str("\nWhat holds between them:\n\n");
            text.extend(block.rules.iter().map(|each| format!("- {}\n", rule(each))));
        }
        text
    }

    fn argument(&self, attribute: &Attribute, path: &str) -> String {
        let mut facts = vec![self.type_link(&attribute.ty)];
        facts.push(match attribute.absent {
            Absent::Required => "**required**".to_owned(),
            Absent::Default(Literal::Of(_)) => "default below".to_owned(),
            Absent::Default(literal) => {
                default_text(literal).map_or_else(|| "optional".to_owned(), |text| format!("default `{text}`"))
            }
            Absent::Aws(_) if matches!(attribute.ty, Type::Name) => "named by clefctl".to_owned(),
            Absent::Aws(_) => "AWS chooses".to_owned(),
        });
        if attribute.create_only && self.managed {
            facts.push("**a change replaces**".to_owned());
        }
        for (is, word) in [
            (attribute.write_only, "write-only"),
            (attribute.sensitive && !attribute.write_only, "sensitive"),
            (attribute.settled, "settled"),
            (attribute.local, "local"),
        ] {
            if is {
                facts.push(word.to_owned());
            }
        }
        let mut sentences = vec![indented(attribute.doc)];
        sentences.extend(limits(attribute));
        match attribute.absent {
            Absent::Aws(_) if matches!(attribute.ty, Type::Name) => {
                sentences.push("Without it the name is made of stack, environment and resource.".to_owned());
            }
            Absent::Aws(reason) => sentences.push(format!("Without it: {reason}.")),
            Absent::Default(literal @ Literal::Of(_)) => sentences.push(match default_text(literal) {
                Some(text) => format!("Default: `{text}`, or what follows from other arguments."),
                None => "Default: what follows from other arguments.".to_owned(),
            }),
            _ => {}
        }
        if inner_block(&attribute.ty).is_some() {
            let path = if path.is_empty() { attribute.name.to_owned() } else { format!("{path}.{}", attribute.name) };
            sentences.push(format!("See [`{path}`](#{}).", anchor(&path)));
        }
        format!("- **`{}`** ({}): {}\n", attribute.name, facts.join(", "), sentences.join(" "))
    }

    /// A type, in which a kind that is referred to is a link.
    fn type_link(&self, ty: &Type) -> String {
        let name = type_name(ty, false);
        match reference(ty) {
            Some(kind) => {
                let (quoted, link) = (format!("`{kind}`"), link(kind, self.registry, self.folder));
                // The kind stands last, after an output that may have the same name.
                name.rsplit_once(&quoted).map_or(name.clone(), |(before, after)| format!("{before}{link}{after}"))
            }
            None => name,
        }
    }

    /// The outputs, with what they look like and when they change.
    pub(super) fn outputs(&self, block: &'static Block) -> String {
        let mut text = String::new();
        for attribute in block.attributes {
            let mut facts = vec![self.type_link(&attribute.ty)];
            if attribute.sensitive {
                facts.push("sensitive".to_owned());
            }
            if let Some(form) = form(attribute.looks_like) {
                facts.push(format!("`{form}`"));
            }
            if self.managed {
                match attribute.changes {
                    Changes::OnReplacement => {}
                    Changes::OnUpdateOf(others) => {
                        facts.push(format!("changes with {}", names(others.iter().copied(), "and")));
                    }
                    Changes::OnAnyUpdate => facts.push("changes with any update".to_owned()),
                }
            }
            let _ = writeln!(text, "- **`{}`** ({}): {}", attribute.name, facts.join(", "), indented(attribute.doc));
        }
        text
    }
}

/// The attributes that AWS chooses where a stack is silent, with their paths and why.
pub(super) fn chosen(block: &'static Block) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    collect_chosen(block, "", &mut found);
    found
}

fn collect_chosen(block: &'static Block, path: &str, found: &mut Vec<(String, &'static str)>) {
    for attribute in block.attributes {
        let path = if path.is_empty() { attribute.name.to_owned() } else { format!("{path}.{}", attribute.name) };
        if let Absent::Aws(reason) = attribute.absent
            && !matches!(attribute.ty, Type::Name)
        {
            found.push((path.clone(), reason));
        }
        if let Some(inner) = inner_block(&attribute.ty) {
            collect_chosen(inner, &path, found);
        }
    }
}

/// The attributes whose change replaces the resource.
pub(super) fn replacing(block: &'static Block) -> Vec<&'static str> {
    block.attributes.iter().filter(|attribute| attribute.create_only).map(|attribute| attribute.name).collect()
}

/// All blocks inside a table, outer ones first, each with the earlier one that is the same.
fn blocks(block: &'static Block) -> Vec<(String, &'static Block, Option<String>)> {
    let mut found: Vec<(String, &'static Block, Option<String>)> = Vec::new();
    collect_blocks(block, "", &mut found);
    found
}

fn collect_blocks(block: &'static Block, path: &str, found: &mut Vec<(String, &'static Block, Option<String>)>) {
    for attribute in block.attributes {
        let Some(inner) = inner_block(&attribute.ty) else { continue };
        let path = if path.is_empty() { attribute.name.to_owned() } else { format!("{path}.{}", attribute.name) };
        let same = found.iter().find(|(_, other, same)| same.is_none() && alike(other, inner));
        let same = same.map(|(path, ..)| path.clone());
        let is_new = same.is_none();
        found.push((path.clone(), inner, same));
        if is_new {
            collect_blocks(inner, &path, found);
        }
    }
}

/// Whether two tables come from the same struct.
fn alike(a: &Block, b: &Block) -> bool {
    let names =
        |block: &Block| block.attributes.iter().map(|attribute| (attribute.name, attribute.doc)).collect::<Vec<_>>();
    a.doc == b.doc && names(a) == names(b)
}

/// The kind that a type refers to.
fn reference(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Reference { kind, .. } if !kind.is_empty() => Some(kind),
        Type::List(item) | Type::Set(item) | Type::Map(item) => reference(item),
        _ => None,
    }
}

/// Later paragraphs of a doc comment stay inside their list item.
fn indented(doc: &str) -> String {
    doc.replace("\n\n", "\n\n  ")
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// What an output looks like, for people: `vpc-…`, `<name>.s3.amazonaws.com`. `None` where that says nothing.
fn form(pattern: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, inside)) = rest.split_once('{') {
        let (word, after) = inside.split_once('}')?;
        text.push_str(before);
        let named = match word.split_once(':') {
            Some(("attr", other)) => Some(other),
            _ => Some(word).filter(|word| matches!(*word, "region" | "account" | "name" | "id")),
        };
        let _ = match named {
            Some(name) => write!(text, "<{name}>"),
            None => write!(text, "…"),
        };
        rest = after;
    }
    text.push_str(rest);
    let says = text.chars().any(char::is_alphanumeric);
    says.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_shown_without_their_language() {
        for (pattern, want) in [
            ("vpc-{hex:17}", Some("vpc-…")),
            ("arn:aws:ec2:{region}:{account}:vpc/{id}", Some("arn:aws:ec2:<region>:<account>:vpc/<id>")),
            ("{attr:zone_id}/{n}", Some("<zone_id>/…")),
            ("{ip}", None),
            ("", None),
        ] {
            assert_eq!(form(pattern).as_deref(), want);
        }
    }

    #[test]
    fn anchors_are_those_of_github() {
        assert_eq!(anchor("default_action.forward"), "default_actionforward");
    }
}
