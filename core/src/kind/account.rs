//! The seam between the engine and an account: kinds, lookups, identity, and a small store for lock and ledger.
//!
//! AWS implements it once, the simulated account once; the engine cannot tell which it drives.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;

use super::{Address, Facts, LookupFacts, Map, Owner, Together, Value};
use crate::error::{Error, ErrorKind, Problem, Result};

/// Ownership tags and other words that clefctl writes on things.
pub mod tag {
    /// The owner: `clefcloud/dev`.
    pub const STACK: &str = "clefctl:stack";
    /// The address: `<kind>/<name>[/<key>]`.
    pub const RESOURCE: &str = "clefctl:resource";
    /// The generation, from 1.
    pub const GENERATION: &str = "clefctl:generation";
    /// `protect` or `retain`.
    pub const KEEP: &str = "clefctl:keep";
    /// Hash of what `replace_triggered_by` says.
    pub const TRIGGER: &str = "clefctl:trigger";
    /// What a kind notes on its things for itself begins with this; the engine leaves it alone.
    pub const NOTE: &str = "clefctl:note:";
    /// What all of them begin with.
    pub const PREFIX: &str = "clefctl:";
}

/// Tags of a thing.
pub type Tags = BTreeMap<String, String>;

/// What one kind of resource can do. The engine knows nothing else of it.
pub trait Kind: Send + Sync {
    /// What is known of the kind before AWS is asked.
    fn facts(&self) -> &'static Facts;

    /// Rules that the tables cannot say, for a resource whose attributes are all known.
    fn check(&self, declared: &Map) -> Vec<Violation>;

    /// Why going from `observed` to `declared` needs a replacement although no create-only attribute changes:
    /// the attribute and the reason.
    fn must_replace(&self, declared: &Map, observed: &Map) -> Option<(&'static str, String)>;

    /// Reads what `select` names, in as few calls as the API allows.
    fn read<'a>(&'a self, cx: &'a Context, select: Select<'a>) -> BoxFuture<'a, Result<Vec<Observed>>>;

    /// Creates the resource without its settled attributes and waits until others may use it.
    /// What a cut-off earlier run left of the same address and generation is completed, not made again.
    fn create<'a>(&'a self, cx: &'a Context, new: &'a Declared) -> BoxFuture<'a, Result<Observed>>;

    /// Brings `from` to `to` (settled attributes and tags included) and waits until others may use it.
    fn update<'a>(&'a self, cx: &'a Context, to: &'a Declared, from: &'a Observed) -> BoxFuture<'a, Result<Observed>>;

    /// Deletes the thing and waits until it is gone. Gone already is done.
    fn delete<'a>(&'a self, cx: &'a Context, old: &'a Observed, how: &'a Deletion) -> BoxFuture<'a, Result<()>>;

    /// Adds and removes tags, nothing else.
    fn retag<'a>(&'a self, cx: &'a Context, old: &'a Observed, change: &'a TagChange) -> BoxFuture<'a, Result<()>>;

    /// Fetches an output that is never kept (one that is write-only in its table), for the call that needs it.
    fn fetch<'a>(&'a self, _cx: &'a Context, of: &'a Observed, output: &'a str) -> BoxFuture<'a, Result<Value>> {
        Box::pin(async move { Err(Error::internal(format!("nothing is known of `{output}` of {}", of.id))) })
    }

    /// Waits until a thing that is on its way is usable.
    fn wait<'a>(&'a self, cx: &'a Context, old: &'a Observed) -> BoxFuture<'a, Result<Observed>>;

    /// What stands in the way of creating, replacing or deleting, asked before anything is changed.
    fn preflight<'a>(&'a self, cx: &'a Context, ask: Ask<'a>) -> BoxFuture<'a, Result<Vec<Violation>>>;
}

/// What a lookup can do.
pub trait Lookup: Send + Sync {
    /// What is known of the lookup before AWS is asked.
    fn facts(&self) -> &'static LookupFacts;

    /// Reads; `None` when there is no such thing. All arguments are known.
    fn read<'a>(&'a self, cx: &'a Context, arguments: &'a Map) -> BoxFuture<'a, Result<Option<Map>>>;

    /// Reads through an account. Only what lies in things of several kinds needs it.
    fn read_in<'a>(
        &'a self,
        _account: &'a dyn Account,
        cx: &'a Context,
        arguments: &'a Map,
    ) -> BoxFuture<'a, Result<Option<Map>>> {
        self.read(cx, arguments)
    }

    /// Whether it asks the account's kinds and nobody else, so that it works in any account.
    fn asks_kinds(&self) -> bool {
        false
    }
}

/// An account: what can be managed in it, and who we are there.
pub trait Account: Send + Sync {
    /// The kinds and lookups that there are.
    fn registry(&self) -> &Registry;

    /// Who we are.
    fn identity(&self) -> BoxFuture<'_, Result<Identity>>;

    /// The store for lock and ledger in a region.
    fn store(&self, region: &str) -> Arc<dyn Store>;

    /// Things that carry the owner's tag in a region but are of no kind that this version knows: ARN or id, and tag.
    fn strays<'a>(&'a self, cx: &'a Context, owner: &'a Owner) -> BoxFuture<'a, Result<Vec<(String, String)>>>;

    /// How often each API call was made so far, by IAM action.
    fn calls(&self) -> BTreeMap<String, u64>;
}

/// Who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Account number.
    pub account: String,
    /// ARN of the caller.
    pub arn: String,
    /// How long the credentials are still good for, if they expire.
    pub expires_in: Option<Duration>,
}

/// A small versioned store of texts: SSM Parameter Store, or its simulation.
pub trait Store: Send + Sync {
    /// Reads all entries below a path, with AWS's own clock.
    fn list<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Listing>>;

    /// Writes an entry. Without `overwrite` an entry that exists is [`ErrorKind::Conflict`].
    fn put<'a>(&'a self, name: &'a str, value: &'a str, overwrite: bool) -> BoxFuture<'a, Result<()>>;

    /// Removes entries; those that are not there are done.
    fn delete<'a>(&'a self, names: &'a [String]) -> BoxFuture<'a, Result<()>>;
}

/// What a store holds, and what time it is there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// The store's own clock, seconds since 1970.
    pub now: f64,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// One entry of a store.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Full name, path included.
    pub name: String,
    /// Its text.
    pub value: String,
    /// When it was last written, by the store's own clock, seconds since 1970.
    pub modified: f64,
}

/// All kinds and lookups, by name.
#[derive(Clone, Default)]
pub struct Registry {
    kinds: BTreeMap<&'static str, Arc<dyn Kind>>,
    lookups: BTreeMap<&'static str, Arc<dyn Lookup>>,
}

impl Registry {
    /// Makes a registry of the given kinds and lookups.
    #[must_use]
    pub fn new(kinds: Vec<Arc<dyn Kind>>, lookups: Vec<Arc<dyn Lookup>>) -> Self {
        Self {
            kinds: kinds.into_iter().map(|kind| (kind.facts().name, kind)).collect(),
            lookups: lookups.into_iter().map(|lookup| (lookup.facts().name, lookup)).collect(),
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&Arc<dyn Kind>> {
        self.kinds.get(name)
    }

    /// The kind of that name, which is known to be there; else a fault of our own.
    pub fn expect(&self, name: &str) -> Result<&Arc<dyn Kind>> {
        self.kind(name).ok_or_else(|| Error::internal(format!("no kind is called {name}")))
    }

    /// The lookup of that name.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<&Arc<dyn Lookup>> {
        self.lookups.get(name)
    }

    /// All kinds, sorted by name.
    pub fn kinds(&self) -> impl Iterator<Item = &Arc<dyn Kind>> {
        self.kinds.values()
    }

    /// All lookups, sorted by name.
    pub fn lookups(&self) -> impl Iterator<Item = &Arc<dyn Lookup>> {
        self.lookups.values()
    }
}

/// A rule that a resource breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The attribute, as a path inside the resource: `ingress[0].from_port`. Empty: the resource as a whole.
    pub path: String,
    /// One sentence without a full stop.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
    /// Whether it is worth a warning only.
    pub warning: bool,
}

impl Violation {
    /// An error about an attribute.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), hint: None, warning: false }
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The problem that it is, without a place and an address yet.
    pub(crate) fn problem(self) -> Problem {
        let Self { path, message, hint, warning } = self;
        let problem = if warning { Problem::warning(message) } else { Problem::error(message) };
        hint.into_iter().fold(Problem { attribute: path, ..problem }, Problem::hint)
    }
}

/// What to read.
#[derive(Clone, Copy)]
pub enum Select<'a> {
    /// Everything that the owner has in the context's region, and what the stack expects by name.
    Owned(&'a Expected),
    /// The one thing that AWS calls so (id, name or ARN, whatever the kind is found by), whoever owns it.
    One(&'a str),
}

/// What the inventory knows of the stack when it reads a kind.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The instances of the kind in the region that the stack declares.
    pub instances: Vec<ExpectedInstance>,
    /// What was observed of the kinds that are its parents; of somebody else's, in which the ledger knows some of ours,
    /// only what identifies them.
    pub parents: Vec<Observed>,
}

/// One declared instance, as far as it is known before anything is read.
#[derive(Clone, Debug)]
pub struct ExpectedInstance {
    /// Its address.
    pub address: Address,
    /// Its physical name, if the kind has one and it is known.
    pub name: Option<String>,
    /// Its attributes; unknown where they wait for something.
    pub attributes: Map,
    /// The tags that it is to carry, as a first generation.
    pub tags: Tags,
}

/// What is asked before anything is changed.
#[derive(Clone, Copy)]
pub enum Ask<'a> {
    /// Can this be created?
    Create(&'a Declared),
    /// Can this be brought to that?
    Update(&'a Declared, &'a Observed),
    /// Can this be deleted?
    Delete(&'a Observed, &'a Deletion),
}

/// How a thing is to be deleted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deletion {
    /// The attributes that the stack last said of it; empty when its entry is gone from the file:
    /// then the safest way is taken (final snapshot, longest recovery window, nothing emptied).
    pub declared: Map,
}

/// Changes of tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagChange {
    /// To add or overwrite.
    pub set: Tags,
    /// To remove.
    pub remove: Vec<String>,
}

impl TagChange {
    /// What leads from one set of tags to another.
    #[must_use]
    pub fn between(from: &Tags, to: &Tags) -> Self {
        Self {
            set: to.iter().filter(|(k, v)| from.get(*k) != Some(v)).map(|(k, v)| (k.clone(), v.clone())).collect(),
            remove: from.keys().filter(|k| !to.contains_key(*k)).cloned().collect(),
        }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }
}

/// One instance as the stack wants it: everything resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// Its address.
    pub address: Address,
    /// 1, or one more than that of what it replaces.
    pub generation: u32,
    /// Its physical name, if the kind has one.
    pub name: Option<String>,
    /// Attributes on which the stack has an opinion: declared and defaulted ones, without ignored ones.
    /// In an update those on which it has none hold what was observed.
    pub attributes: Map,
    /// All tags that it is to carry: the user's and clefctl's.
    pub tags: Tags,
}

/// One thing that lives in AWS.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// Its kind.
    pub kind: &'static str,
    /// Its region; for global kinds `us-east-1`.
    pub region: String,
    /// The role under which it was found, and has to be changed.
    pub role_arn: Option<String>,
    /// What AWS calls it.
    pub id: String,
    /// Whose it is.
    pub owned: Owned,
    /// What state it is in.
    pub status: Status,
    /// What it says of its attributes, in the form in which stacks write them.
    pub attributes: Map,
    /// Its outputs.
    pub outputs: Map,
    /// All tags that it carries, clefctl's included.
    pub tags: Tags,
}

impl Observed {
    /// The value of an attribute or output.
    #[must_use]
    pub fn get(&self, name: &str) -> &Value {
        self.attributes.get(name).or_else(|| self.outputs.get(name)).unwrap_or(&Value::Null)
    }

    /// Whether it is somebody else's.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        matches!(self.owned, Owned::Foreign(_))
    }

    /// Its address and generation, if it is ours.
    #[must_use]
    pub fn ours(&self) -> Option<(&Address, u32)> {
        match &self.owned {
            Owned::Ours { address, generation } => Some((address, *generation)),
            _ => None,
        }
    }
}

/// Whose a thing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owned {
    /// Ours.
    Ours {
        /// Which entry of the stack it is.
        address: Address,
        /// Its generation.
        generation: u32,
    },
    /// It has our path, caller reference or the like, but no mark yet: a create was cut off.
    Pending(Address),
    /// Somebody else's: nobody's we know, or the owner named.
    Foreign(Option<String>),
}

/// What state a thing is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Others may use it.
    Usable,
    /// It is on its way; AWS's word for the state.
    Pending(String),
    /// It will never be usable; why.
    Failed(String),
    /// It is going; AWS's word for the state.
    Dying(String),
}

/// What every call into an account is given.
#[derive(Clone)]
pub struct Context {
    /// The owner on whose behalf the run works.
    pub owner: Owner,
    /// The account's number.
    pub account: Arc<str>,
    /// The region to work in.
    pub region: Arc<str>,
    /// A role to take on for this resource.
    pub role_arn: Option<Arc<str>>,
    /// A text that differs from run to run; part of idempotency tokens.
    pub nonce: Arc<str>,
    /// When to give up.
    pub deadline: tokio::time::Instant,
    /// Set when the run is told to stop: no new call is begun.
    pub cancel: tokio_util::sync::CancellationToken,
    /// Where to say what is going on.
    pub progress: Arc<dyn Fn(&str) + Send + Sync>,
    /// Whether the last run of this owner was cut off, so that fresh things may not be visible yet.
    pub careful: bool,
    /// What the reads of one survey share; none where each must see what has just been changed.
    pub together: Option<Together>,
}

impl Context {
    /// An error if the run was told to stop or the time is up.
    pub fn alive(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            return Err(Error::new(ErrorKind::Cancelled, "stopped before it was done"));
        }
        if tokio::time::Instant::now() >= self.deadline {
            return Err(Error::new(ErrorKind::Timeout, "waited as long as the time-out allows")
                .hint("set a longer one with `timeouts:` on the resource"));
        }
        Ok(())
    }

    /// Reads, or shares the answer of the survey that has asked the same already. `what` names the question.
    pub async fn together<T, F>(&self, what: impl Into<String>, read: F) -> Result<Arc<T>>
    where
        T: std::any::Any + Send + Sync,
        F: Future<Output = Result<T>>,
    {
        let role = self.role_arn.as_deref().map(str::to_owned);
        match &self.together {
            Some(together) => {
                together.answer((what.into(), self.owner.to_string(), self.region.to_string(), role), read).await
            }
            None => read.await.map(Arc::new),
        }
    }

    /// The same with another deadline, counted from now.
    #[must_use]
    pub fn within(&self, time: Duration) -> Self {
        Self { deadline: tokio::time::Instant::now() + time, ..self.clone() }
    }
}
