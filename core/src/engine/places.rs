//! Where things live: in regions, and where no list of the account leads.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::plan::Action;
use super::planned::Planned;
use crate::kind::{Facts, Found, Map, Observed, Place, Registry, Type};

/// A place that no list of the account leads to: under a role, or in something that is not ours, such as a zone that
/// several stacks share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Outpost {
    /// The kind of the things there.
    pub kind: String,
    /// Their region.
    pub region: String,
    /// The role under which they are reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_arn: Option<String>,
    /// What AWS calls the thing that holds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// Where things may live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Places {
    /// The regions to read.
    pub regions: BTreeSet<String>,
    /// What reading them does not find.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub outposts: BTreeSet<Outpost>,
}

impl Places {
    /// Where things are, of which these are all that is ours.
    pub(super) fn of(things: &[Arc<Observed>], registry: &Registry) -> Self {
        let ids: HashSet<&str> = things.iter().map(|thing| thing.id.as_str()).collect();
        let mut places = Self::default();
        for thing in things {
            let facts = registry.kind(thing.kind).map(|kind| kind.facts());
            places.add(facts, &thing.region, thing.role_arn.as_deref(), &thing.attributes, &ids);
        }
        places
    }

    /// Where a plan makes things, as far as that is known before the first step: what holds a thing and is not known
    /// yet is made by the plan itself, or found by it.
    #[must_use]
    pub fn ahead(planned: &Planned) -> Self {
        let ids: HashSet<&str> = planned.current.values().map(|thing| thing.id.as_str()).collect();
        let mut places = Self::default();
        for change in &planned.plan.changes {
            if !matches!(change.action, Action::Create | Action::Replace { .. }) {
                continue;
            }
            let Some(instance) = planned.desired.instances().get(&change.address) else { continue };
            // What cannot be evaluated is not made either.
            let said = planned.desired.evaluate(instance, &planned.known).unwrap_or_default();
            places.add(Some(instance.facts), instance.place(), instance.role_arn.as_deref(), &said, &ids);
        }
        places
    }

    /// Whether all of these are among them.
    pub(super) fn contain(&self, others: &Self) -> bool {
        self.regions.is_superset(&others.regions) && self.outposts.is_superset(&others.outposts)
    }

    /// Adds those.
    pub fn extend(&mut self, others: &Self) {
        self.regions.extend(others.regions.iter().cloned());
        self.outposts.extend(others.outposts.iter().cloned());
    }

    fn add(
        &mut self,
        facts: Option<&'static Facts>,
        region: &str,
        role_arn: Option<&str>,
        said: &Map,
        ours: &HashSet<&str>,
    ) {
        // Global things are read in any case; where they are read is no region of the stack's.
        if facts.is_none_or(|facts| facts.place == Place::Regional) {
            self.regions.insert(region.to_owned());
        }
        let Some(facts) = facts else { return };
        let parent = match facts.found {
            Found::Child(parents) => facts.declared.attributes.iter().find_map(|attribute| match attribute.ty {
                Type::Reference { kind, .. } if parents.contains(&kind) => said.get(attribute.name)?.as_str(),
                _ => None,
            }),
            _ => None,
        };
        // Under a role, what is ours without it is not looked for.
        let parent = parent.filter(|parent| role_arn.is_some() || !ours.contains(parent));
        if role_arn.is_some() || parent.is_some() {
            self.outposts.insert(Outpost {
                kind: facts.name.to_owned(),
                region: region.to_owned(),
                role_arn: role_arn.map(str::to_owned),
                parent: parent.map(str::to_owned),
            });
        }
    }
}
