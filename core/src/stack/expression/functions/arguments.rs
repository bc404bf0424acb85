//! The arguments of a function, converted as Terraform converts them.

use std::sync::Arc;

use super::super::convert::{number, text, whole, with_article};
use super::Fault;
use crate::kind::{Map, Number, Value};

/// The arguments of a call; as many as the function's signature allows.
pub(in super::super) struct Arguments<'a>(pub(super) &'a [Value]);

impl<'a> Arguments<'a> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn all(&self) -> &'a [Value] {
        self.0
    }

    /// The argument, or null where it was left out.
    pub(super) fn value(&self, at: usize) -> &'a Value {
        self.0.get(at).unwrap_or(&Value::Null)
    }

    pub(super) fn has(&self, at: usize) -> bool {
        at < self.0.len()
    }

    pub(super) fn text(&self, at: usize) -> Result<Arc<str>, Fault> {
        text(self.value(at)).map_err(|m| Fault::at(at, format!("a string is needed: {m}")))
    }

    pub(super) fn number(&self, at: usize) -> Result<Number, Fault> {
        number(self.value(at)).map_err(|m| Fault::at(at, format!("a number is needed: {m}")))
    }

    pub(super) fn whole(&self, at: usize) -> Result<i64, Fault> {
        whole(self.value(at)).map_err(|m| Fault::at(at, format!("a whole number is needed: {m}")))
    }

    /// A whole number from 0 to `most`.
    pub(super) fn size(&self, at: usize, most: usize) -> Result<usize, Fault> {
        let n = self.whole(at)?;
        usize::try_from(n)
            .ok()
            .filter(|n| *n <= most)
            .ok_or_else(|| Fault::at(at, format!("a whole number from 0 to {most} is needed, not {n}")))
    }

    pub(super) fn list(&self, at: usize) -> Result<&'a [Value], Fault> {
        let value = self.value(at);
        value.as_list().ok_or_else(|| Fault::at(at, format!("a list is needed: it is {}", with_article(value))))
    }

    pub(super) fn map(&self, at: usize) -> Result<&'a Map, Fault> {
        let value = self.value(at);
        value.as_map().ok_or_else(|| Fault::at(at, format!("a map is needed: it is {}", with_article(value))))
    }

    /// The texts of a list.
    pub(super) fn texts(&self, at: usize) -> Result<Vec<Arc<str>>, Fault> {
        self.list(at)?
            .iter()
            .enumerate()
            .map(|(item, value)| {
                text(value).map_err(|m| Fault::at(at, format!("a list of strings is needed, but item {item}: {m}")))
            })
            .collect()
    }
}

impl Fault {
    /// A fault of one argument.
    pub(super) fn at(argument: usize, message: impl Into<String>) -> Self {
        Self { argument: Some(argument), message: message.into() }
    }
}
