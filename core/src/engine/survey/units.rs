//! The units of reading: a kind in a region under a role. Children wait for their parents, nothing else waits.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use tokio::sync::Semaphore;

use super::is_blind;
use crate::engine::ledger;
use crate::engine::places::Outpost;
use crate::error::{Error, Problem, Result};
use crate::kind::{
    Account, Address, Context, Desired, Expected, ExpectedInstance, Facts, Found, GLOBAL_REGION, Map, Observed, Owned,
    Owner, Place, Select, Status, Tags,
};

/// How many kinds are read at a time.
const AT_ONCE: usize = 48;

/// One kind in one region under one role.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    facts: &'static Facts,
    region: String,
    role_arn: Option<String>,
    /// The declared instances.
    addresses: Vec<Address>,
    /// What holds things of the kind without being ours, as the ledger remembers.
    parents: Vec<String>,
    /// Whether the stack has resources of the kind at all.
    mentioned: bool,
    /// Whether the ledger remembers things here.
    remembered: bool,
}

/// Every kind in every region where it may be, sorted by kind.
pub(super) fn all(
    account: &dyn Account,
    stack: &dyn Desired,
    regions: &BTreeSet<String>,
    outposts: &BTreeSet<Outpost>,
) -> Vec<Unit> {
    let mut declared: BTreeMap<(&str, &str, Option<&str>), Vec<Address>> = BTreeMap::new();
    for instance in stack.instances().values() {
        let place = (instance.kind, instance.place(), instance.role_arn.as_deref());
        declared.entry(place).or_default().push(instance.address.clone());
    }
    let mentioned: BTreeSet<&str> = stack.instances().values().map(|instance| instance.kind).collect();
    let mut units = Vec::new();
    for kind in account.registry().kinds() {
        let facts = kind.facts();
        let own: Vec<&str> = match facts.place {
            Place::Global => vec![GLOBAL_REGION],
            Place::Regional => regions.iter().map(String::as_str).collect(),
        };
        for region in own {
            let roles = declared.keys().filter(|(kind, place, _)| *kind == facts.name && *place == region);
            let here = || outposts.iter().filter(|post| post.kind == facts.name && post.region == region);
            let remembered = here().map(|post| post.role_arn.as_deref());
            let roles: BTreeSet<Option<&str>> =
                roles.map(|(_, _, role)| *role).chain(remembered).chain([None]).collect();
            for role in roles {
                let posts = here().filter(|post| post.role_arn.as_deref() == role);
                units.push(Unit {
                    facts,
                    region: region.to_owned(),
                    role_arn: role.map(str::to_owned),
                    addresses: declared.get(&(facts.name, region, role)).cloned().unwrap_or_default(),
                    parents: posts.clone().filter_map(|post| post.parent.clone()).collect(),
                    mentioned: mentioned.contains(facts.name),
                    remembered: posts.clone().next().is_some(),
                });
            }
        }
    }
    units
}

impl Unit {
    /// The problem of a unit that could not be read. What cannot be seen is unknown, never absent.
    pub(super) fn unread(&self, error: &Error, strict: bool, owner: &Owner) -> Problem {
        let kind = self.facts.name;
        let role = self.role_arn.as_deref().map(|role| format!(" under {role}")).unwrap_or_default();
        let message = format!("the {kind} things in {}{role} could not be read: {error}", self.region);
        let problem = if self.mentioned || self.remembered || strict || !is_blind(error) {
            Problem::error(message).hint(format!("The plan must know what there is of kind {kind}."))
        } else {
            Problem::warning(message).hint(format!(
                "If there are things of kind {kind} that left the file, they are not deleted by this plan."
            ))
        };
        let problem = match self.facts.actions.read {
            [] => problem,
            actions if is_blind(error) => problem.hint(format!("Reading them needs {}.", actions.join(", "))),
            _ => problem,
        };
        let problem = error.hints.iter().fold(problem, Problem::hint);
        if self.addresses.is_empty() && self.remembered && is_blind(error) {
            // Without the ledger nothing more than the places that no list leads to is forgotten.
            return problem.hint(format!(
                "The last apply left things there. If they are gone for good, with the role or its account, \
                 `aws ssm delete-parameter --name {}` in the stack's region makes clefctl forget that.",
                ledger::name(owner)
            ));
        }
        problem
    }

    /// Somebody else's thing that holds some of ours.
    fn holder(&self, id: &str) -> Observed {
        Observed {
            kind: match self.facts.found {
                Found::Child([kind, ..]) => kind,
                _ => "",
            },
            role_arn: self.role_arn.clone(),
            region: self.region.clone(),
            id: id.to_owned(),
            owned: Owned::Foreign(None),
            status: Status::Usable,
            attributes: Map::new(),
            outputs: Map::new(),
            tags: Tags::new(),
        }
    }

    fn reads_from(&self, parent: &'static str, units: &HashMap<(&str, &str, Option<&str>), usize>) -> Option<usize> {
        // A role of another account may not even ask for what is in this one.
        let role = self.role_arn.as_deref();
        [self.region.as_str(), GLOBAL_REGION].into_iter().find_map(|region| units.get(&(parent, region, role)).copied())
    }
}

/// What a unit found; shared with the units that are its children.
type Reading<'a> = Shared<BoxFuture<'a, Result<Arc<Vec<Observed>>>>>;

/// Reads all units at once; results in the order of the units.
pub(super) async fn read(
    account: &dyn Account,
    units: &[Unit],
    expected: &BTreeMap<Address, ExpectedInstance>,
    cx: &Context,
) -> Vec<Result<Vec<Observed>>> {
    let permits = Arc::new(Semaphore::new(AT_ONCE));
    let index: HashMap<(&str, &str, Option<&str>), usize> = units
        .iter()
        .enumerate()
        .map(|(i, unit)| ((unit.facts.name, unit.region.as_str(), unit.role_arn.as_deref()), i))
        .collect();
    let mut readings: Vec<Option<Reading<'_>>> = vec![None; units.len()];
    for unit in 0..units.len() {
        prepare(
            unit,
            &mut Vec::new(),
            &mut readings,
            &|i: usize, parents: Vec<Reading<'_>>| {
                reading(account, &units[i], parents, expected, cx, Arc::clone(&permits))
            },
            &|i: usize| match units[i].facts.found {
                Found::Child(parents) => {
                    parents.iter().filter_map(|parent| units[i].reads_from(parent, &index)).collect()
                }
                Found::Listed | Found::Tagged(_) | Found::Swept(_) => Vec::new(),
            },
        );
    }
    let all = futures::future::join_all(readings.into_iter().flatten()).await;
    all.into_iter().map(|result| result.map(|things| Vec::clone(&things))).collect()
}

/// Makes the reading of a unit after those of its parents. A kind that is its own ancestor is read without it.
fn prepare<'a>(
    unit: usize,
    above: &mut Vec<usize>,
    readings: &mut Vec<Option<Reading<'a>>>,
    make: &dyn Fn(usize, Vec<Reading<'a>>) -> Reading<'a>,
    parents: &dyn Fn(usize) -> Vec<usize>,
) {
    if readings[unit].is_some() {
        return;
    }
    above.push(unit);
    let mut ready = Vec::new();
    for parent in parents(unit) {
        if !above.contains(&parent) {
            prepare(parent, above, readings, make, parents);
            ready.extend(readings[parent].clone());
        }
    }
    above.pop();
    readings[unit] = Some(make(unit, ready));
}

fn reading<'a>(
    account: &'a dyn Account,
    unit: &'a Unit,
    parents: Vec<Reading<'a>>,
    expected: &'a BTreeMap<Address, ExpectedInstance>,
    cx: &'a Context,
    permits: Arc<Semaphore>,
) -> Reading<'a> {
    async move {
        let mut expected = Expected {
            instances: unit.addresses.iter().filter_map(|address| expected.get(address).cloned()).collect(),
            parents: Vec::new(),
        };
        for parent in futures::future::join_all(parents).await {
            let usable = |thing: &&Observed| {
                !matches!(thing.owned, Owned::Foreign(_)) && !matches!(thing.status, Status::Dying(_))
            };
            expected.parents.extend(parent?.iter().filter(usable).cloned());
        }
        expected.parents.extend(unit.parents.iter().map(|id| unit.holder(id)));
        let _permit = permits.acquire_owned().await;
        let kind = account.registry().expect(unit.facts.name)?;
        let cx = Context {
            region: unit.region.as_str().into(),
            role_arn: unit.role_arn.as_deref().map(Into::into),
            ..cx.clone()
        };
        kind.read(&cx, Select::Owned(&expected)).await.map(Arc::new)
    }
    .boxed()
    .shared()
}
