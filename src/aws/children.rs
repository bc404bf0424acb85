//! Things that take no tags and live inside others: whose they are is told by their parent and their name.

use std::collections::BTreeSet;

use clefctl_core::kind::Expected;

use super::Cx;

/// The parents to look into, by id: those that were observed, and those that declared children name in `attribute`.
#[must_use]
pub fn parents<'a>(expected: &'a Expected, attribute: &str) -> BTreeSet<&'a str> {
    let declared = expected.instances.iter().filter_map(|child| child.attributes.get(attribute)?.as_str());
    declared.chain(expected.parents.iter().map(|parent| parent.id.as_str())).collect()
}

/// Whether a child of that name is the owner's: it has the owner's prefix, or the stack names it, generation included.
#[must_use]
pub fn is_ours(cx: &Cx<'_>, expected: &Expected, name: &str) -> bool {
    let named = |wanted: &str| name.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with("-g"));
    name.starts_with(&format!("{}-", cx.owner.prefix()))
        || expected.instances.iter().filter_map(|child| child.name.as_deref()).any(named)
}
