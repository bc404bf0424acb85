//! In which order a replacement goes: the new one first, or the old one.

use ipnet::IpNet;

use super::plan::AttributeChange;
use crate::error::Problem;
use crate::kind::{Declared, Facts, Instance, Observed, Replacement, Type, Unique, Value};

/// Whether the new thing is made before the old one goes. The stack decides where it says so, else the kind; where
/// both would have the same name they cannot live side by side.
pub(super) fn goes_first(
    instance: &Instance,
    facts: &Facts,
    old: &Observed,
    new: &Declared,
    changes: &[AttributeChange],
) -> Result<bool, Vec<Problem>> {
    let asked = instance.lifecycle.create_before_destroy;
    let wanted = asked.unwrap_or_else(|| match facts.replacement {
        Replacement::CreateFirst => true,
        Replacement::DestroyFirst(_) => false,
        Replacement::DestroyFirstUnless(names, _) => {
            changes.iter().any(|change| names.contains(&change.name.as_str()) && parts(facts, change))
        }
    });
    if !wanted || !names_clash(facts, old, new, changes) {
        return Ok(wanted);
    }
    if asked == Some(true) {
        let attribute = facts.naming.map_or("name", |naming| naming.attribute);
        let message = match &new.name {
            Some(name) => format!("the old and the new {} cannot both be called `{name}`", facts.name),
            None => format!("the new {} may get the name of the old one: it is known only after apply", facts.name),
        };
        return Err(vec![
            Problem::error(message)
                .at(instance.span)
                .address(&instance.address)
                .hint(format!(
                    "Take `{attribute}` out, so that each generation gets a name of its own, change it, or take `create_before_destroy` out: then the old one goes first."
                )),
        ]);
    }
    Ok(false)
}

/// Whether the change of an attribute keeps old and new out of each other's way.
fn parts(facts: &Facts, change: &AttributeChange) -> bool {
    let network = |value: &Value| value.as_str().and_then(|text| text.parse::<IpNet>().ok());
    match facts.declared.attribute(&change.name).map(|attribute| attribute.ty) {
        Some(Type::Cidr) => match (network(&change.before), network(&change.after)) {
            (Some(before), Some(after)) => !before.contains(&after) && !after.contains(&before),
            _ => false,
        },
        _ => true,
    }
}

fn names_clash(facts: &Facts, old: &Observed, new: &Declared, changes: &[AttributeChange]) -> bool {
    let Some(naming) = &facts.naming else { return false };
    let same = match &new.name {
        Some(name) => old.get(naming.attribute).as_str().is_some_and(|old| old.eq_ignore_ascii_case(name)),
        // A written name that is not known yet may be the same.
        None => true,
    };
    let another_parent = || {
        changes.iter().any(|change| {
            let ty = facts.declared.attribute(&change.name).map(|attribute| attribute.ty);
            change.forces && matches!(ty, Some(Type::Reference { .. }))
        })
    };
    match naming.unique {
        Unique::No => false,
        Unique::Parent => same && !another_parent(),
        Unique::World | Unique::Account => same,
    }
}
