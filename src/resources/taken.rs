//! What is there already when something is to be made: ours, or another's.

use clefctl_core::error::{Error, ErrorKind};
use clefctl_core::kind::{Declared, Tags, Violation, tag};

/// Whether tags are those with which the instance is made.
pub(super) fn is_made(tags: &Tags, new: &Declared) -> bool {
    [tag::STACK, tag::RESOURCE, tag::GENERATION].iter().all(|key| tags.get(*key) == new.tags.get(*key))
}

/// That something of that name is there already and is another's.
pub(super) fn taken(new: &Declared, what: &str, id: &str, tags: &Tags) -> Error {
    let hint = format!("take it over with `clefctl adopt '{}' {id}`, or choose another name", new.address);
    Error::new(ErrorKind::Conflict, taken_by(what, tags)).hint(hint)
}

/// The same, found before anything is changed.
pub(super) fn would_be_taken(attribute: &str, what: &str, id: &str, tags: &Tags) -> Violation {
    let hint = format!("take it over with `clefctl adopt <address> {id}`, or choose another name");
    Violation::new(attribute, taken_by(what, tags)).hint(hint)
}

fn taken_by(what: &str, tags: &Tags) -> String {
    let owner = tags.get(tag::STACK).map(|stack| format!(" and belongs to {stack}")).unwrap_or_default();
    format!("{what} exists already{owner}")
}
