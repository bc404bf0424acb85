//! What references name, once it is known which instances there are.

use std::sync::Arc;

use super::super::document::Resource;
use super::super::expression::{Key, ReferenceKind};
use super::super::scope::{Expansion, Scope, member};
use super::super::uses::{Use, step_name};
use super::super::view::{Shared, View};
use crate::kind::{Address, Reference, Target, Value, World};

/// The addresses of the instances of a resource, in the order of their keys.
pub(super) fn addresses(scope: &Scope, name: &Arc<str>) -> Vec<Address> {
    match scope.expansions.get(name) {
        Some(Expansion::Single | Expansion::Pending) => vec![Address { name: Arc::clone(name), key: None }],
        Some(Expansion::Keyed(values)) => {
            values.keys().map(|key| Address { name: Arc::clone(name), key: Some(Arc::clone(key)) }).collect()
        }
        Some(Expansion::Absent) | None => Vec::new(),
    }
}

/// What `depends_on` names, as far as it is there.
pub(super) fn dependencies(scope: &Scope, resource: &Resource) -> Vec<Reference> {
    let mut found = Vec::new();
    for dependency in &resource.depends_on {
        let chosen = addresses(scope, &dependency.on);
        let chosen = chosen.into_iter().filter(|address| dependency.key.is_none() || address.key == dependency.key);
        found.extend(chosen.map(|address| Reference {
            to: Target::Instance(address),
            attribute: None,
            from: "depends_on".to_owned(),
            settled_from: false,
            span: dependency.span,
        }));
    }
    found
}

/// What a reference names, seen from one instance.
pub(super) fn instance_targets(scope: &Scope, view: &View<'_>, found: &Use) -> Vec<Reference> {
    let reference = &found.reference;
    let decided = reference.conditions.iter().any(|(condition, holds)| {
        let files = scope.document.files(condition.span());
        matches!(condition.evaluate(view, files), Ok(value) if value.as_bool().is_some_and(|value| value != *holds))
    });
    if decided {
        return Vec::new();
    }
    let make = |to: Target, attribute: Option<&Arc<str>>| Reference {
        to,
        attribute: attribute.map(ToString::to_string),
        from: found.from.to_string(),
        settled_from: found.settled,
        span: reference.span,
    };
    if &*reference.root == "lookup" {
        return member(reference)
            .map(|(name, _)| make(Target::Lookup(name.to_string()), step_name(reference, 1)))
            .into_iter()
            .collect();
    }
    let Some((name, _)) = scope.document.resources.get_key_value(&reference.root) else { return Vec::new() };
    let Some(Expansion::Keyed(values)) = scope.expansions.get(name) else {
        let attribute = step_name(reference, 0).or_else(|| step_name(reference, 1));
        return addresses(scope, name).into_iter().map(|address| make(Target::Instance(address), attribute)).collect();
    };
    let key = match reference.steps.first().map(|step| &step.kind) {
        Some(ReferenceKind::Key(Key::Name(key))) => Some(Arc::clone(key)),
        Some(ReferenceKind::Computed(index)) => {
            let files = scope.document.files(index.span());
            index.evaluate(view, files).ok().and_then(|value| match value.reveal() {
                Value::String(key) => Some(Arc::clone(key)),
                _ => None,
            })
        }
        _ => None,
    };
    let make = |key: &Arc<str>| {
        let address = Address { name: Arc::clone(name), key: Some(Arc::clone(key)) };
        make(Target::Instance(address), step_name(reference, 1))
    };
    match key {
        // One that is not there is reported where it is evaluated.
        Some(key) => values.get_key_value(&key).map(|(key, _)| make(key)).into_iter().collect(),
        None => values.keys().map(make).collect(),
    }
}

/// What references name that stand in no resource.
pub(super) fn plain_targets(scope: &Scope, world: &dyn World, uses: &[Use]) -> Vec<Reference> {
    let shared = Shared::default();
    let view = View::new(scope, world, &shared);
    uses.iter().flat_map(|found| instance_targets(scope, &view, found)).collect()
}
