//! Names of attributes, whether or not anything is evaluated.

use super::super::resolve::suggest_attribute;
use super::super::tree::{Branch, Tree, TreeValue};
use crate::error::Problem;
use crate::kind::{Block, Type};

/// The problems of attributes that a table does not have; `also` are other keys that mean something on the top.
pub(super) fn check<'b>(
    branches: impl IntoIterator<Item = &'b Branch>,
    block: &'static Block,
    also: &[&'static str],
    problems: &mut Vec<Problem>,
) {
    for branch in branches {
        match block.attribute(&branch.key) {
            Some(attribute) => tree(&branch.value, &attribute.ty, problems),
            None if also.contains(&&*branch.key) => {}
            None => problems.push(suggest_attribute(&branch.key, branch.key_span, block, also)),
        }
    }
}

fn tree(value: &Tree, ty: &Type, problems: &mut Vec<Problem>) {
    match (ty, &value.value) {
        (Type::Block(block), TreeValue::Map(entries)) => {
            let own = entries.iter().filter(|branch| !matches!(&*branch.key, "when" | "for_each"));
            check(own, block, &[], problems);
        }
        (Type::List(item) | Type::Set(item), TreeValue::List(items)) => {
            for each in items {
                tree(each, item, problems);
            }
        }
        (Type::List(item) | Type::Set(item), TreeValue::Map(_)) => tree(value, item, problems),
        (Type::Map(item), TreeValue::Map(entries)) => {
            for entry in entries {
                tree(&entry.value, item, problems);
            }
        }
        _ => {}
    }
}
