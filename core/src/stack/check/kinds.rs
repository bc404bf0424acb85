//! References of the wrong kind: `vpc_id: ${subnet.id}`.

use super::super::expression::{Key, Reference, ReferenceKind};
use super::super::scope::{Scope, readable};
use super::super::tree::{Branch, Tree, TreeValue};
use crate::error::Problem;
use crate::kind::{Block, Facts, Type};

/// Looks at everything that a table says must be the id (or another output) of a kind.
pub(super) struct Kinds<'a> {
    pub(super) scope: &'a Scope,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Kinds<'_> {
    pub(super) fn attributes<'b>(&mut self, branches: impl IntoIterator<Item = &'b Branch>, block: &'static Block) {
        for branch in branches {
            if let Some(attribute) = block.attribute(&branch.key) {
                self.tree(&branch.key, &branch.value, &attribute.ty);
            }
        }
    }

    fn tree(&mut self, name: &str, tree: &Tree, ty: &Type) {
        match (ty, &tree.value) {
            (Type::Reference { kind, output }, TreeValue::Template(template)) if !kind.is_empty() => {
                let Some(expression) = template.expression() else { return };
                let references = template.references();
                // Only where the whole is one name with its steps is it known what is given.
                if let Some(reference) = references.iter().find(|reference| reference.span == expression.span()) {
                    self.reference(name, reference, kind, output);
                }
            }
            (Type::Reference { kind, output }, TreeValue::Text(text)) if self.scope.like_expression(text) => {
                self.problems.push(
                    Problem::error(format!("`{text}` is text, and `{name}` takes the {output} of the kind `{kind}`"))
                        .at(tree.span)
                        .hint(format!("Only what stands in `${{…}}` is evaluated: write '${{{text}}}'.")),
                );
            }
            (Type::List(item) | Type::Set(item), TreeValue::List(items)) => {
                for each in items {
                    self.tree(name, each, item);
                }
            }
            (Type::List(item) | Type::Set(item), TreeValue::Template(_) | TreeValue::Map(_)) => {
                self.tree(name, tree, item);
            }
            (Type::Map(item), TreeValue::Map(entries)) => {
                for entry in entries {
                    self.tree(name, &entry.value, item);
                }
            }
            (Type::Block(block), TreeValue::Map(entries)) => self.attributes(entries, block),
            _ => {}
        }
    }

    fn reference(&mut self, name: &str, reference: &Reference, kind: &str, output: &str) {
        let Some(resource) = self.scope.resource(&reference.root) else { return };
        let Some(facts) = self.scope.facts(&reference.root) else { return };
        let part = reference.steps.iter().rev().find_map(|step| match &step.kind {
            ReferenceKind::Key(Key::Name(part)) => Some(part),
            _ => None,
        });
        let whole = reference.steps.len() <= usize::from(resource.for_each.is_some());
        let Some(part) = part.filter(|_| !whole) else {
            if whole {
                self.problems.push(
                    Problem::error(format!("`{name}` takes the {output} of a {kind}, not a whole {}", facts.name))
                        .at(reference.span)
                        .hint(format!(
                            "Write `{}{}.{output}`.",
                            resource.name.text,
                            if resource.for_each.is_some() { "[*]" } else { "" }
                        )),
                );
            }
            return;
        };
        let written = format!("{}.{part}", resource.name.text);
        let Some(given) = identity(facts, part) else { return };
        if given == (kind, output) {
            return;
        }
        let article = |kind: &str| if kind.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
        let problem = Problem::error(format!(
            "`{name}` takes the {output} of {} {kind}, and `{written}` is the {} of {} {}",
            article(kind),
            given.1,
            article(given.0),
            given.0
        ))
        .at(reference.span);
        let fitting = facts.declared.attributes.iter().chain(facts.outputs.attributes);
        let fitting =
            fitting.map(|attribute| attribute.name).find(|other| identity(facts, other) == Some((kind, output)));
        self.problems.push(match fitting {
            Some(other) => problem.hint(format!("Did you mean `{}.{other}`?", resource.name.text)),
            None => problem,
        });
    }
}

/// Of what kind an attribute is which output: `vpc_id` of a subnet is the `id` of a `vpc`, its `arn` that of a `subnet`.
/// `None` where the tables do not say it.
fn identity(facts: &'static Facts, name: &str) -> Option<(&'static str, &'static str)> {
    let (attribute, output) = readable(facts, name)?;
    match attribute.ty {
        Type::Reference { kind: "", .. } => None,
        Type::Reference { kind, output } => Some((kind, output)),
        _ if output || attribute.name == facts.id => Some((facts.name, attribute.name)),
        Type::Name => Some((facts.name, attribute.name)),
        _ => None,
    }
}
