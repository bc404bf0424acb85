//! What expressions ask for: the names of a stack.

use std::fmt;
use std::sync::Arc;

use crate::error::{Problem, Span};
use crate::kind::Value;

/// One step from a value to a part of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is taken.
    pub key: Key,
    /// Where the step is written.
    pub span: Span,
}

/// What a [`Step`] takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// `.name` or `["name"]`.
    Name(Arc<str>),
    /// `[0]`.
    Index(i64),
    /// `[*]`: each item, or each instance of a resource; what follows is taken of each.
    Splat,
}

/// As an expression writes it: `.id`, `["a b"]`, `[0]`, `[*]`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) if is_identifier(name) => write!(f, ".{name}"),
            Self::Name(name) => write!(f, "[{}]", serde_json::Value::from(&**name)),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Splat => f.write_str("[*]"),
        }
    }
}

/// The answer of [`Names::get`].
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The value of the root after the first `used` steps.
    pub value: Value,
    /// How many steps the value has behind it. Where one of them is [`Key::Splat`], the value is the list of what
    /// the steps gave for each item, and the remaining steps are taken of each item of it.
    pub used: usize,
}

impl Found {
    /// The value of the root itself.
    #[must_use]
    pub fn root(value: Value) -> Self {
        Self { value, used: 0 }
    }
}

/// What the names in an expression mean.
///
/// Evaluation asks only for what it needs: a branch that is not taken asks for nothing. It hands over the steps that
/// follow the name as far as they are known, so that `public["a"].id` asks for one attribute of one instance.
pub trait Names {
    /// The value of `root`, after as many of `steps` as suit the owner of the name.
    ///
    /// A resource under `for_each` must take [`Key::Splat`] itself: its instances are no list.
    /// Gives a problem for a name that means nothing; [`unknown_name`](super::unknown_name) writes it.
    fn get(&self, root: &str, steps: &[Step], span: Span) -> Result<Found, Box<Problem>>;
}

/// Whether HCL allows the text after a dot.
pub(super) fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}
