//! The tree of a YAML file, every part with its place and every plain scalar with its source text.

use std::sync::Arc;

use super::expression::Place;
use crate::error::Span;

/// A value of a YAML file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// What it is.
    pub(super) value: NodeValue,
    /// Where it stands; of a block collection: from its first to its last entry.
    pub(super) span: Span,
}

/// What a [`Node`] is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NodeValue {
    /// What has a problem already.
    Broken,
    /// `null`, `~` or nothing at all.
    Null,
    /// `true` or `false`, nothing else.
    Bool(bool),
    /// A plain scalar that reads as a number: its source text, so that `15.10` and `012` lose nothing.
    Number(Arc<str>),
    /// Any other scalar.
    Text(Text),
    /// `[…]` or lines that begin with `- `.
    List(Vec<Node>),
    /// `{…}` or lines of `key: value`, in the order of the file.
    Map(Vec<Entry>),
}

/// One entry of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// Its key: always text, whatever it looks like.
    pub(super) key: Text,
    /// Its value.
    pub(super) value: Node,
}

/// The text of a scalar, with where each byte of it stands in the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    /// What it says, after YAML's own escapes and folding.
    pub(super) content: Arc<str>,
    /// Where it stands.
    pub(super) place: Place,
    /// How it is written.
    pub(super) style: Style,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// As a block, behind `|` or `>`.
    Block,
}

impl Text {
    /// The place of the whole scalar.
    #[must_use]
    pub(super) fn span(&self) -> Span {
        self.place.span()
    }

    /// Whether it holds anything to be evaluated, escapes included.
    #[must_use]
    pub(super) fn is_template(&self) -> bool {
        self.content.contains("${") || self.content.contains("%{")
    }
}

impl Node {
    /// What a person calls the node: `a mapping`, `a number`.
    #[must_use]
    pub(super) fn noun(&self) -> &'static str {
        match &self.value {
            NodeValue::Null | NodeValue::Broken => "nothing",
            NodeValue::Bool(_) => "a truth value",
            NodeValue::Number(_) => "a number",
            NodeValue::Text(_) => "text",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a mapping",
        }
    }

    /// The value of an entry, if it is a mapping that has it.
    #[must_use]
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let NodeValue::Map(entries) = &self.value else { return None };
        entries.iter().find(|entry| &*entry.key.content == key).map(|entry| &entry.value)
    }

    /// Whether nothing is written.
    #[must_use]
    pub(super) fn is_null(&self) -> bool {
        self.value == NodeValue::Null
    }
}
