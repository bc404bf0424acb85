//! Reading all that a plan must know: every kind once per region, names that others may have, lookups. Only reads.

mod expect;
mod lookups;
mod names;
#[cfg(test)]
mod tests;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::inventory::Inventory;
use super::places::Places;
use super::scene::Options;
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::kind::{Account, Context, Desired, Observed, Owned, Place, Together, Value};

pub(super) use self::lookups::answer;
pub use self::lookups::ask;

/// What a survey is given besides the stack.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Where to read besides where the stack says: what the ledger remembers.
    pub places: Places,
    /// Answers of the lookups that were read before the stack was expanded.
    pub answers: BTreeMap<String, Value>,
    /// Whether anything that cannot be read is an error.
    pub strict: bool,
}

/// Reads what a plan of `stack` with these options must know.
///
/// `cx` is that of the run; regions and roles are those of each thing. What could not be read is in
/// [`Inventory::problems`]. The only error is that the run was told to stop.
pub async fn survey(
    account: &dyn Account,
    stack: &dyn Desired,
    options: &Options,
    scope: Scope,
    cx: &Context,
) -> Result<Inventory> {
    let cx = &Context { together: Some(Together::default()), ..cx.clone() };
    let regions = regions(stack, &scope);
    let mut inventory =
        Inventory { account: cx.account.to_string(), answers: scope.answers.clone(), ..Inventory::default() };
    let mut expected = expect::instances(stack, &inventory);
    if options.destroy {
        // Nothing is deleted on the word of an index that lags: without these, no kind takes it.
        for instance in expected.values_mut() {
            instance.tags.clear();
        }
    }
    let units = units::all(account, stack, &regions, &scope.places.outposts);
    let (found, strays) =
        futures::join!(units::read(account, &units, &expected, cx), strays(account, stack, &regions, cx));
    let mut foreign = Vec::new();
    let mut things = BTreeMap::new();
    for (unit, result) in units.iter().zip(found) {
        match result {
            Ok(read) => sort(read, &mut things, &mut foreign),
            Err(error) if error.kind == ErrorKind::Cancelled => return Err(error),
            Err(error) => inventory.problems.push(unit.unread(&error, scope.strict, stack.owner())),
        }
    }
    for (region, result) in strays {
        match result {
            Ok(found) => inventory.strays.extend(found),
            Err(error) if error.kind == ErrorKind::Cancelled => return Err(error),
            Err(error) => inventory.problems.push(
                Problem::warning(format!("what else carries our tag in {region} could not be read: {error}"))
                    .hint("Things of kinds that this version does not know would not be noticed."),
            ),
        }
    }
    names::look(account, stack, &expected, &mut things, &mut foreign, &mut inventory.problems, cx).await?;
    names::taken(account.registry(), stack, &expected, &things, &foreign, &mut inventory);
    inventory.things = things.into_values().collect();
    for (id, tag) in &inventory.strays {
        inventory.problems.push(
            Problem::warning(format!("{id} carries our tag `{tag}`, whose kind this version does not know"))
                .hint("A newer clefctl may have made it; use that one, or take the tag off."),
        );
    }
    lookups::read(account, stack, options, &mut inventory, cx).await?;
    Ok(inventory)
}

/// Things by what identifies them: a global thing may be met on several ways.
type Things = BTreeMap<(&'static str, String, String), Arc<Observed>>;

fn sort(read: Vec<Observed>, things: &mut Things, foreign: &mut Vec<Arc<Observed>>) {
    for thing in read {
        let thing = Arc::new(thing);
        match thing.owned {
            Owned::Foreign(_) => foreign.push(thing),
            Owned::Ours { .. } | Owned::Pending(_) => {
                things.insert((thing.kind, thing.region.clone(), thing.id.clone()), thing);
            }
        }
    }
}

/// The regions that are read.
fn regions(stack: &dyn Desired, scope: &Scope) -> BTreeSet<String> {
    let regional = stack.instances().values().filter(|instance| instance.facts.place == Place::Regional);
    let mut regions: BTreeSet<String> = regional.map(|instance| instance.region.clone()).collect();
    regions.insert(stack.region().to_owned());
    regions.extend(scope.places.regions.iter().cloned());
    regions
}

async fn strays(
    account: &dyn Account,
    stack: &dyn Desired,
    regions: &BTreeSet<String>,
    cx: &Context,
) -> Vec<(String, Result<Vec<(String, String)>>)> {
    let each = regions.iter().map(|region| async move {
        let cx = Context { region: region.as_str().into(), ..cx.clone() };
        (region.clone(), account.strays(&cx, stack.owner()).await)
    });
    futures::future::join_all(each).await
}

/// Whether the error means that we may not see, or that nobody could be reached.
fn is_blind(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Denied | ErrorKind::Unavailable | ErrorKind::Timeout)
}
