//! An AWS account simulated inside the process: the newcomer's first account, the engine's test bed, and the place
//! where faults are rehearsed.
//!
//! It stands at the seam [`Account`] and knows no kind by name: ids, names, references, refusals, durations and
//! calls follow from each kind's own tables. It proves graph, planner, scheduler and guards, never a kind.
//!
//! - [`Options::folder`] keeps it between commands; without one it lives and dies with the value.
//! - Its clock runs [`Options::speed`] times as fast as tokio's, and is virtual where tokio's is paused.
//! - [`Faults`] cut it off, lose answers, slow it down or make its lists stale, by a seed.
//!
//! A verb takes as long as the kind's facts say. Its calls come first, each at most [`Options::latency`] long;
//! waiting itself costs no call.

mod actions;
mod admin;
mod calls;
mod clock;
mod create;
mod faults;
#[cfg(test)]
pub(crate) mod fixture;
mod kind;
mod lookups;
mod outputs;
mod persist;
mod read;
mod refusals;
pub mod scale;
mod store;
#[cfg(test)]
mod tests;
mod things;
mod values;
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use self::calls::{Meter, Request};
use self::clock::{Clock, Time, wall};
use self::kind::SimulatedKind;
use self::lookups::SimulatedLookup;
use self::persist::{Disk, Times, Turn};
use self::store::SimulatedStore;
use self::world::World;
use crate::error::Result;
use crate::kind::{Account, Address, Context, Identity, Kind, Lookup, Map, Owner, Registry, Store, tag};

pub use self::admin::Plant;
pub use self::faults::Faults;

/// How an account is simulated.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it is kept between commands: `sandbox.json` in this folder. `None`: nowhere.
    pub folder: Option<PathBuf>,
    /// How many of its seconds pass in one second of tokio's clock; more than 0.
    pub speed: f64,
    /// How long a call takes, in the account's time.
    pub latency: Duration,
    /// What time it is at the start, from 1970; `None`: the machine's time.
    pub start: Option<Duration>,
    /// The account's number.
    pub account: String,
    /// Whether a lookup that finds nothing makes up an answer, as if it were there.
    pub obliging: bool,
    /// What goes wrong.
    pub faults: Faults,
}

/// The first second of 2026.
const NEW_YEAR: Duration = Duration::from_hours(490_896);

impl Default for Options {
    fn default() -> Self {
        Self {
            folder: None,
            speed: 1.0,
            latency: Duration::from_millis(50),
            start: Some(NEW_YEAR),
            account: "123456789012".to_owned(),
            obliging: true,
            faults: Faults::default(),
        }
    }
}

/// A simulated account. Clones are the same account.
#[derive(Clone)]
pub struct Simulation {
    registry: Registry,
    inner: Arc<Inner>,
}

/// What all kinds, lookups and stores of an account share.
struct Inner {
    account: String,
    disk: Option<Disk>,
    latency: Duration,
    obliging: bool,
    clock: Clock,
    world: Mutex<World>,
    meter: Mutex<Meter>,
    faults: Mutex<Arc<Faults>>,
    answers: Mutex<BTreeMap<String, Map>>,
    dead: watch::Sender<bool>,
}

impl Simulation {
    /// Opens the account that is kept in the options' folder, or begins an empty one.
    ///
    /// `registry` holds the real kinds and lookups: their tables and pure rules are used, their calls never made.
    ///
    /// # Errors
    /// When what is kept cannot be read.
    pub fn open(registry: &Registry, options: Options) -> Result<Self> {
        let mut world = World::new(registry.kinds().map(|kind| (kind.facts().name, kind.facts())).collect());
        let disk = options.folder.map(Disk::new);
        let saved = match &disk {
            Some(disk) => disk.refresh(&mut world)?,
            None => None,
        };
        let start = options.start.unwrap_or_else(wall);
        let (real, scaled) = match saved {
            None => (start, start),
            Some(times) => {
                let past = if options.start.is_some() { Time::ZERO } else { wall().saturating_sub(times.wall) };
                (start.max(times.real + past), start.max(times.now + past.mul_f64(options.speed)))
            }
        };
        let inner = Arc::new(Inner {
            account: options.account,
            disk,
            latency: options.latency,
            obliging: options.obliging,
            clock: Clock::new(real, scaled, options.speed),
            world: Mutex::new(world),
            meter: Mutex::default(),
            faults: Mutex::new(Arc::new(options.faults)),
            answers: Mutex::default(),
            dead: watch::Sender::new(false),
        });
        let kinds = registry
            .kinds()
            .map(|real| Arc::new(SimulatedKind { real: real.clone(), inner: inner.clone() }) as Arc<dyn Kind>);
        let lookups = registry.lookups().map(|real| -> Arc<dyn Lookup> {
            if real.asks_kinds() {
                return real.clone();
            }
            Arc::new(SimulatedLookup { real: real.clone(), inner: inner.clone() })
        });
        Ok(Self { registry: Registry::new(kinds.collect(), lookups.collect()), inner })
    }

    /// Forgets what is kept in a folder.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn reset(folder: &Path) -> Result<()> {
        persist::remove(folder)
    }

    /// Resolves when [`Faults::cut_after_call`] has struck. Drop the run then, as a kill would, and [`revive`](Self::revive).
    pub async fn cut(&self) {
        let mut dead = self.inner.dead.subscribe();
        // The sender lives as long as `self`.
        let _ = dead.wait_for(|dead| *dead).await;
    }

    /// Answers again after a cut, without faults. Whoever waited for an answer waits for ever.
    pub fn revive(&self) {
        self.set_faults(Faults::default());
        self.inner.dead.send_replace(false);
    }

    /// Sets what goes wrong from now on. Calls are numbered from the account's beginning.
    pub fn set_faults(&self, faults: Faults) {
        *self.inner.faults.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(faults);
    }

    /// How many calls have changed something so far.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.inner.meter().writes
    }
}

impl Inner {
    /// Keeps other processes from writing, if the account is kept, and learns what they wrote.
    fn turn(&self, world: &mut World) -> Result<Option<Turn>> {
        let Some(disk) = &self.disk else { return Ok(None) };
        let turn = disk.turn()?;
        disk.refresh(world)?;
        Ok(Some(turn))
    }

    /// Learns what other processes wrote.
    fn refresh(&self, world: &mut World) -> Result<()> {
        self.disk.as_ref().map_or(Ok(None), |disk| disk.refresh(world)).map(|_| ())
    }

    /// Keeps the account, if there is a folder for it. Whoever calls has the turn.
    fn save(&self, world: &World) -> Result<()> {
        let Some(disk) = &self.disk else { return Ok(()) };
        disk.save(world, &Times { now: self.clock.now(), real: self.clock.real(), wall: wall() })
    }

    /// What lookups are told to answer.
    fn answers(&self) -> MutexGuard<'_, BTreeMap<String, Map>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn caller(&self) -> String {
        format!("arn:aws:iam::{}:user/sandbox", self.account)
    }
}

impl Account for Simulation {
    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn identity(&self) -> BoxFuture<'_, Result<Identity>> {
        async move {
            let latency = self.inner.latency;
            let request = Request { action: "sts:GetCallerIdentity", writes: false, latency, idempotent: true };
            self.inner.call(None, request, |_, _| Ok(())).await?;
            Ok(Identity { account: self.inner.account.clone(), arn: self.inner.caller(), expires_in: None })
        }
        .boxed()
    }

    fn store(&self, region: &str) -> Arc<dyn Store> {
        Arc::new(SimulatedStore { region: region.to_owned(), inner: self.inner.clone() })
    }

    fn strays<'a>(&'a self, cx: &'a Context, owner: &'a Owner) -> BoxFuture<'a, Result<Vec<(String, String)>>> {
        async move {
            let latency = self.inner.latency;
            let request = Request { action: "tag:GetResources", writes: false, latency, idempotent: true };
            self.inner
                .call(Some(cx), request, |world, _| {
                    let owner = owner.to_string();
                    let ours = world
                        .all()
                        .filter(|thing| *thing.key.region == *cx.region && thing.tags.get(tag::STACK) == Some(&owner));
                    let strays = ours.filter_map(|thing| {
                        let text = thing.tags.get(tag::RESOURCE).cloned().unwrap_or_default();
                        let known = Address::from_tag(&text).is_some_and(|(kind, _)| world.facts(kind).is_some());
                        let arn = thing.outputs.get("arn").and_then(|arn| arn.as_str()).unwrap_or(&thing.key.id);
                        (!known).then(|| (arn.to_owned(), text))
                    });
                    Ok(strays.collect())
                })
                .await
        }
        .boxed()
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        self.inner.meter().calls.clone()
    }
}
