//! Trees of templates: what a file says somewhere, read once and evaluated as often as needed.

use std::sync::Arc;

use super::expression::Template;
use super::node::{Node, NodeValue, Text};
use crate::error::{Problem, Span};

/// A value as a file writes it, its templates parsed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tree {
    pub(super) span: Span,
    pub(super) value: TreeValue,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TreeValue {
    Null,
    Bool(bool),
    /// A plain number: its source text.
    Number(Arc<str>),
    /// Text without anything to evaluate.
    Text(Arc<str>),
    Template(Arc<Template>),
    List(Vec<Tree>),
    Map(Vec<Branch>),
    /// What could not be read; its problem is reported already.
    Broken,
}

/// An entry of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Branch {
    pub(super) key: Arc<str>,
    pub(super) key_span: Span,
    /// Present where the key holds `${…}`.
    pub(super) key_template: Option<Arc<Template>>,
    pub(super) value: Tree,
}

impl Tree {
    /// Reads the templates of a node.
    pub(super) fn read(node: &Node, problems: &mut Vec<Problem>) -> Self {
        let value = match &node.value {
            NodeValue::Broken => TreeValue::Broken,
            NodeValue::Null => TreeValue::Null,
            NodeValue::Bool(b) => TreeValue::Bool(*b),
            NodeValue::Number(text) => TreeValue::Number(Arc::clone(text)),
            NodeValue::Text(text) => Self::text(text, problems),
            NodeValue::List(items) => TreeValue::List(items.iter().map(|item| Self::read(item, problems)).collect()),
            NodeValue::Map(entries) => TreeValue::Map(
                entries
                    .iter()
                    .map(|entry| {
                        let (key, key_template) = match Self::text(&entry.key, problems) {
                            TreeValue::Text(text) => (text, None),
                            TreeValue::Template(template) => (Arc::clone(&entry.key.content), Some(template)),
                            _ => (Arc::clone(&entry.key.content), None),
                        };
                        let value = Self::read(&entry.value, problems);
                        Branch { key, key_span: entry.key.span(), key_template, value }
                    })
                    .collect(),
            ),
        };
        Self { span: node.span, value }
    }

    fn text(text: &Text, problems: &mut Vec<Problem>) -> TreeValue {
        if !text.is_template() {
            return TreeValue::Text(Arc::clone(&text.content));
        }
        match Template::parse(&text.content, &text.place) {
            Ok(template) => match template.literal() {
                Some(text) => TreeValue::Text(Arc::clone(text)),
                None => TreeValue::Template(Arc::new(template)),
            },
            Err(found) => {
                problems.extend(found);
                TreeValue::Broken
            }
        }
    }

    /// Whether nothing is written.
    pub(super) fn is_null(&self) -> bool {
        self.value == TreeValue::Null
    }

    /// The entries, if it is a mapping.
    pub(super) fn entries(&self) -> Option<&[Branch]> {
        match &self.value {
            TreeValue::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of an entry with a literal key, if it is a mapping that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().find(|branch| branch.key_template.is_none() && &*branch.key == key).map(|b| &b.value)
    }

    /// The template, if it is one.
    pub(super) fn template(&self) -> Option<&Arc<Template>> {
        match &self.value {
            TreeValue::Template(template) => Some(template),
            _ => None,
        }
    }

    /// The place of a path such as `ingress[0].from_port` inside, as far as it leads.
    pub(super) fn span_of(&self, path: &str) -> Span {
        let mut tree = self;
        for step in path.split(['.', '[']).filter(|step| !step.is_empty()) {
            let step = step.trim_end_matches(']').trim_matches('"');
            let next = match &tree.value {
                TreeValue::Map(_) => tree.get(step),
                TreeValue::List(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
                _ => None,
            };
            match next {
                Some(next) => tree = next,
                // One mapping stands for a list of one.
                None if step == "0" => {}
                None => break,
            }
        }
        tree.span
    }
}
