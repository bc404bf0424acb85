//! What AWS refuses, as far as the tables of facts tell.

use super::calls::Refusal;
use super::values::{Reference, kept, references};
use super::world::{Key, Thing, World, parent_reference};
use crate::engine::overlay::satisfied;
use crate::error::ErrorKind;
use crate::kind::{Facts, Map, Place, Unique, Value};

/// How many of those that stand in the way of a deletion are named.
const NAMED: usize = 5;

/// Refuses a physical name that another thing has. `itself`: the thing that is given the name, if it lives already.
pub(super) fn name_is_free(
    world: &World,
    facts: &'static Facts,
    new: &Thing,
    itself: Option<&Key>,
) -> Result<(), Refusal> {
    let Some(other) = holder(world, facts, new, itself) else { return Ok(()) };
    let refusal = |code, message: String| Err(Refusal::new(ErrorKind::Conflict, code, message));
    match (&other.gone, unique(facts)) {
        (Some(_), _) => refusal("OperationAborted", format!("{} is still being deleted", other.name)),
        (None, Unique::World) => {
            refusal("AlreadyExists", format!("the name {} is taken, in the whole world", other.name))
        }
        (None, _) => refusal("AlreadyExists", format!("{} {} exists already", facts.name, other.name)),
    }
}

/// The thing that has the name of another where names are unique.
pub(super) fn holder<'w>(
    world: &'w World,
    facts: &'static Facts,
    new: &Thing,
    itself: Option<&Key>,
) -> Option<&'w Thing> {
    if new.name.is_empty() || unique(facts) == Unique::No {
        return None;
    }
    let parent = |thing: &Thing| {
        let reference = scope(facts, thing)?;
        Some(world.resolve(&reference, &thing.key.region).map_or_else(|| reference.value.clone(), |p| p.key.id.clone()))
    };
    world.called(facts.name, &new.name).filter(|other| Some(&other.key) != itself && other.name == new.name).find(
        |other| match unique(facts) {
            Unique::World => true,
            Unique::Account => facts.place == Place::Global || other.key.region == new.key.region,
            Unique::Parent => parent(other) == parent(new),
            Unique::No => false,
        },
    )
}

/// The reference to that within which names are unique: the parent, else what is named first at creation.
fn scope(facts: &'static Facts, thing: &Thing) -> Option<Reference> {
    let at_creation =
        |reference: &Reference| facts.declared.attribute(reference.attribute).is_some_and(|a| a.create_only);
    parent_reference(facts, &thing.attributes)
        .or_else(|| references(facts.declared, &thing.attributes).into_iter().find(at_creation))
}

fn unique(facts: &Facts) -> Unique {
    facts.naming.map_or(Unique::No, |naming| naming.unique)
}

/// Refuses attributes that refer to what is not there.
pub(super) fn references_exist(
    world: &World,
    facts: &'static Facts,
    region: &str,
    attributes: &Map,
) -> Result<(), Refusal> {
    for reference in references(facts.declared, attributes) {
        let gone = match world.resolve(&reference, region) {
            Some(named) => named.gone.is_some(),
            None => !elsewhere(world, &reference),
        };
        if gone {
            let Reference { attribute, kind, value, .. } = reference;
            let message = format!("{attribute}: there is no {kind} {value}");
            return Err(Refusal::new(ErrorKind::Aws, "NotFound", message)
                .hint("the simulated account knows only what was made in it"));
        }
    }
    Ok(())
}

/// Whether a reference may name something that the account need not know: AWS's own, or what a lookup made up.
fn elsewhere(world: &World, reference: &Reference) -> bool {
    let value = &*reference.value;
    reference.kind.is_empty()
        || world.facts(reference.kind).is_none()
        || world.made_up.contains(value)
        || ["::aws:", ":aws:policy", "alias/aws/"].iter().any(|part| value.contains(part))
}

/// Refuses new values of attributes that only creation can set.
pub(super) fn changes_in_place(facts: &'static Facts, there: &Thing, wanted: &Map) -> Result<(), Refusal> {
    for attribute in facts.declared.attributes.iter().filter(|a| a.create_only && !a.write_only) {
        let Some(value) = wanted.get(attribute.name) else { continue };
        let old = there.attributes.get(attribute.name).unwrap_or(&Value::Null);
        if !value.is_null() && !satisfied(attribute, &kept(attribute, wanted), old) {
            let message = format!("{} of a {} cannot be changed once it is created", attribute.name, facts.name);
            return Err(Refusal::new(ErrorKind::Aws, "InvalidParameterCombination", message));
        }
    }
    Ok(())
}

/// Refuses to delete what is protected, or what others refer to.
pub(super) fn can_go(world: &World, facts: &'static Facts, thing: &Thing) -> Result<(), Refusal> {
    if let Some(attribute) = protection(facts, thing) {
        let message = format!("{} cannot be deleted while {attribute} is on", thing.key.id);
        return Err(Refusal::new(ErrorKind::Aws, "OperationNotPermitted", message)
            .hint(format!("set `{attribute}: false`, apply, then delete")));
    }
    let inside = world.inside(thing);
    let mut blockers: Vec<String> = world
        .referrers(thing)
        .into_iter()
        .filter(|(key, _)| !inside.contains(key))
        .map(|(Key { kind, id, .. }, attribute)| format!("{kind} {id} ({attribute})"))
        .collect();
    if blockers.is_empty() {
        return Ok(());
    }
    let more = blockers.split_off(blockers.len().min(NAMED)).len();
    let others = if more == 0 { String::new() } else { format!(" and {more} more") };
    let message = format!("{} {} is still used by {}{others}", facts.name, thing.key.id, blockers.join(", "));
    Err(Refusal::new(ErrorKind::Blocked, "DependencyViolation", message))
}

/// The attribute that protects a thing from deletion, if it is on.
pub(super) fn protection(facts: &'static Facts, thing: &Thing) -> Option<&'static str> {
    let protects = |name: &str| {
        ["deletion_protection", "termination_protection", "disable_api_termination"].iter().any(|w| name.contains(w))
    };
    let on = |value: &Value| match value.reveal() {
        Value::Bool(on) => *on,
        Value::String(text) => matches!(&**text, "ACTIVE" | "enabled" | "Enabled"),
        _ => false,
    };
    let attributes = facts.declared.attributes.iter().filter(|attribute| protects(attribute.name));
    attributes.map(|a| a.name).find(|name| thing.attributes.get(*name).is_some_and(on))
}
