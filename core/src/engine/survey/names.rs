//! Names: a sweep finds, but never proves absence, and somebody else may have the name that a new thing needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
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
    let read = |instance, name| by_name(account, instance, name, cx).boxed();
    let reads: Vec<_> = missing.into_iter().map(|(instance, name)| read(instance, name)).collect();
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

async fn by_name(account: &dyn Account, instance: &Instance, name: &str, cx: &Context) -> Result<Vec<Observed>> {
    let cx = Context {
        region: instance.place().into(),
        role_arn: instance.role_arn.as_deref().map(Into::into),
        ..cx.clone()
    };
    let kind = account.registry().expect(instance.kind)?;
    kind.read(&cx, Select::One(name)).await.map_err(|error| error.address(&instance.address))
}

/// Notes which foreign things have the names of instances of which nothing lives, or nothing of that name.
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

/// The declared instances of which nothing lives, or only what has another name than the file writes, and whose kinds
/// allow each name once; with their names.
fn unseen<'a>(
    stack: &'a dyn Desired,
    expected: &'a BTreeMap<Address, ExpectedInstance>,
    things: &Things,
) -> impl Iterator<Item = (&'a Instance, &'a str)> {
    let mut seen: BTreeMap<(Address, &'static str), Vec<&Arc<Observed>>> = BTreeMap::new();
    for thing in things.values() {
        if let Owned::Ours { address, .. } | Owned::Pending(address) = &thing.owned {
            seen.entry((address.clone(), thing.kind)).or_default().push(thing);
        }
    }
    let moved: BTreeMap<&Address, &Address> = stack.moved().iter().map(|moved| (&moved.to, &moved.from)).collect();
    stack.instances().values().filter_map(move |instance| {
        let once = |naming: Naming| matches!(naming.unique, Unique::World | Unique::Account);
        let naming = instance.facts.naming.filter(|naming| once(*naming))?;
        let name = expected.get(&instance.address)?.name.as_deref()?;
        let lives = |address: &Address| seen.get(&(address.clone(), instance.kind));
        let live = lives(&instance.address).or_else(|| moved.get(&instance.address).and_then(|from| lives(from)));
        // A name that the file does not write is made once, and never compared.
        let written = instance.written.contains(naming.attribute);
        let bears = |thing: &&Arc<Observed>| {
            thing.get(naming.attribute).as_str().is_some_and(|there| there.eq_ignore_ascii_case(name))
        };
        let unseen = live.is_none_or(|things| written && !things.iter().any(bears));
        unseen.then_some((instance, name))
    })
}
