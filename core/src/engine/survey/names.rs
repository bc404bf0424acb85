//! Names: a sweep finds, but never proves absence, and somebody else may have the name that a new thing needs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::stream::{StreamExt, iter};

use super::{Things, sort};
use crate::engine::inventory::Inventory;
use crate::error::{ErrorKind, Problem, Result};
use crate::kind::{
    Account, Address, Context, Desired, ExpectedInstance, Found, Instance, Naming, Observed, Owned, Registry, Select,
    Unique,
};

/// How many names are looked up at a time.
const AT_ONCE: usize = 16;

/// Reads natively, by name, whatever no sweep has found: it may be too fresh, or somebody else's.
pub(super) async fn look(
    account: &dyn Account,
    stack: &dyn Desired,
    expected: &BTreeMap<Address, ExpectedInstance>,
    things: &mut Things,
    foreign: &mut Vec<Arc<Observed>>,
    problems: &mut Vec<Problem>,
    cx: &Context,
) -> Result<()> {
    let missing: Vec<(&Instance, &str)> = unseen(stack, expected, things)
        .filter(|(instance, _)| matches!(instance.facts.found, Found::Swept(_)))
        .collect();
    let reads = missing.into_iter().map(|(instance, name)| async move {
        let cx = Context {
            region: instance.place().into(),
            role_arn: instance.role_arn.as_deref().map(Into::into),
            ..cx.clone()
        };
        let kind = account.registry().expect(instance.kind)?;
        kind.read(&cx, Select::One(name)).await.map_err(|error| error.address(&instance.address))
    });
    let read: Vec<Result<Vec<Observed>>> = iter(reads).buffered(AT_ONCE).collect().await;
    for result in read {
        match result {
            Ok(found) => sort(found, things, foreign),
            Err(error) if error.kind == ErrorKind::Cancelled => return Err(error),
            Err(error) if error.kind == ErrorKind::Absent => {}
            Err(error) => {
                let problem = Problem::error(format!("whether its name is taken could not be read: {error}"));
                problems.push(error.hints.iter().fold(problem, Problem::hint));
            }
        }
    }
    Ok(())
}

/// Notes which foreign things have the names of instances of which nothing lives.
pub(super) fn taken(
    registry: &Registry,
    stack: &dyn Desired,
    expected: &BTreeMap<Address, ExpectedInstance>,
    things: &Things,
    foreign: &[Arc<Observed>],
    inventory: &mut Inventory,
) {
    let mut names: BTreeMap<(&str, &str, String), &Arc<Observed>> = BTreeMap::new();
    for thing in foreign {
        let naming = registry.kind(thing.kind).and_then(|kind| kind.facts().naming);
        if let Some(name) = naming.and_then(|naming| thing.get(naming.attribute).as_str()) {
            names.insert((thing.kind, &thing.region, name.to_lowercase()), thing);
        }
    }
    for (instance, name) in unseen(stack, expected, things) {
        if let Some(thing) = names.get(&(instance.kind, instance.place(), name.to_lowercase())) {
            inventory.taken.insert(instance.address.clone(), Arc::clone(thing));
        }
    }
}

/// The declared instances of which nothing lives, and whose kinds allow each name once, with their names.
fn unseen<'a>(
    stack: &'a dyn Desired,
    expected: &'a BTreeMap<Address, ExpectedInstance>,
    things: &Things,
) -> impl Iterator<Item = (&'a Instance, &'a str)> {
    let seen: BTreeSet<(Address, &'static str)> = things
        .values()
        .filter_map(|thing| match &thing.owned {
            Owned::Ours { address, .. } | Owned::Pending(address) => Some((address.clone(), thing.kind)),
            Owned::Foreign(_) => None,
        })
        .collect();
    let moved: BTreeMap<&Address, &Address> = stack.moved().iter().map(|moved| (&moved.to, &moved.from)).collect();
    stack.instances().values().filter_map(move |instance| {
        let once = |naming: Naming| matches!(naming.unique, Unique::World | Unique::Account);
        let lives = |address: &Address| seen.contains(&(address.clone(), instance.kind));
        let absent = !lives(&instance.address) && !moved.get(&instance.address).is_some_and(|from| lives(from));
        let name = expected.get(&instance.address)?.name.as_deref()?;
        (absent && instance.facts.naming.is_some_and(once)).then_some((instance, name))
    })
}
