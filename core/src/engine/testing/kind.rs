//! A kind in memory that writes down what it is asked, and an account that has only that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::sleep;

use super::Line;
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{
    Account, Ask, Attributes, Context, Declared, Deletion, Facts, Identity, Kind, Lookup, LookupFacts, Map, Observed,
    Owned, Owner, PerVerb, Registry, Select, Status, Store, TagChange, Value, Violation,
};

/// A thing.
#[derive(Attributes)]
#[expect(dead_code, reason = "only its table is looked at")]
struct Node {
    /// What it is called.
    label: Option<String>,
    /// Where it is.
    #[attr(create_only)]
    zone: Option<String>,
    /// What it hangs on.
    parent: Option<String>,
    /// Whom it knows.
    #[attr(settled)]
    peers: BTreeSet<String>,
    /// Its colour.
    #[attr(aws_default = "AWS picks one")]
    colour: Option<String>,
}

/// What a thing tells.
#[derive(Attributes)]
#[expect(dead_code, reason = "only its table is looked at")]
struct NodeOutputs {
    /// Its id.
    id: String,
    /// How often it was changed.
    revision: i64,
}

pub(super) static NODE: Facts = Facts {
    name: "node",
    service: "test",
    declared: &Node::BLOCK,
    outputs: &NodeOutputs::BLOCK,
    takes: PerVerb::new(10, 5, 3),
    timeouts: PerVerb::new(600, 600, 600),
    ..Facts::REGIONAL
};

/// Where one is.
#[derive(Attributes)]
#[expect(dead_code, reason = "only its table is looked at")]
struct Whereabouts {
    /// Of whom.
    of: String,
}

/// The answer.
#[derive(Attributes)]
#[expect(dead_code, reason = "only its table is looked at")]
struct Place {
    /// Where it is.
    place: String,
}

pub(super) static WHERE: LookupFacts = LookupFacts {
    name: "whereabouts",
    service: "test",
    declared: &Whereabouts::BLOCK,
    outputs: &Place::BLOCK,
    actions: &[],
};

/// What all share.
#[derive(Default)]
pub(crate) struct Shared {
    log: Mutex<Vec<String>>,
    /// By `verb name`: how the next calls fail.
    fails: Mutex<BTreeMap<String, Vec<ErrorKind>>>,
    /// By name: what stands in the way of its creation or deletion.
    violations: Mutex<BTreeMap<String, Violation>>,
    made: Mutex<u32>,
    contexts: Mutex<Vec<(String, Context)>>,
}

/// An account that has only things, lives in memory, and writes down what it is asked.
pub(crate) struct Small {
    registry: Registry,
    pub(crate) shared: Arc<Shared>,
    store: Line,
}

fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Small {
    pub(crate) fn new() -> Self {
        let shared = Arc::<Shared>::default();
        let registry =
            Registry::new(vec![Arc::new(Nodes(Arc::clone(&shared)))], vec![Arc::new(Finder(Arc::clone(&shared)))]);
        Self { registry, shared, store: Line::new() }
    }

    /// The next calls `verb name` fail so.
    pub(crate) fn fail(&self, call: &str, kinds: &[ErrorKind]) {
        open(&self.shared.fails).insert(call.to_owned(), kinds.iter().rev().copied().collect());
    }

    pub(crate) fn object(&self, name: &str, violation: Violation) {
        open(&self.shared.violations).insert(name.to_owned(), violation);
    }

    /// What was asked so far.
    pub(crate) fn log(&self) -> Vec<String> {
        open(&self.shared.log).clone()
    }

    /// The context of the latest call `verb name`.
    pub(crate) fn context(&self, call: &str) -> Option<Context> {
        open(&self.shared.contexts).iter().rev().find(|(made, _)| made == call).map(|(_, cx)| cx.clone())
    }
}

impl Shared {
    async fn ask(&self, verb: &str, name: &str, cx: &Context, seconds: u32, what: &str) -> Result<()> {
        let call = format!("{verb} {name}");
        open(&self.log).push(if what.is_empty() { call.clone() } else { format!("{call} {what}") });
        open(&self.contexts).push((call.clone(), cx.clone()));
        cx.alive()?;
        sleep(Duration::from_secs(u64::from(seconds))).await;
        match open(&self.fails).get_mut(&call).and_then(Vec::pop) {
            Some(kind) => Err(Error::new(kind, format!("{call} does not work")).call("test:Do", None, None)),
            None => Ok(()),
        }
    }
}

struct Nodes(Arc<Shared>);

fn said(declared: &Declared) -> String {
    Value::from(declared.attributes.clone()).to_string()
}

fn name_of(observed: &Observed) -> String {
    observed.ours().map_or_else(|| observed.id.clone(), |(address, _)| address.to_string())
}

impl Nodes {
    fn observe(to: &Declared, id: &str, region: &str, revision: i64) -> Observed {
        let mut attributes = to.attributes.clone();
        attributes.entry("colour".to_owned()).or_insert_with(|| Value::from("grey"));
        Observed {
            kind: "node",
            role_arn: None,
            region: region.to_owned(),
            id: id.to_owned(),
            owned: Owned::Ours { address: to.address.clone(), generation: to.generation },
            status: Status::Usable,
            attributes,
            outputs: Map::from([("id".to_owned(), Value::from(id)), ("revision".to_owned(), Value::from(revision))]),
            tags: to.tags.clone(),
        }
    }
}

impl Kind for Nodes {
    fn facts(&self) -> &'static Facts {
        &NODE
    }

    fn check(&self, _: &Map) -> Vec<Violation> {
        Vec::new()
    }

    fn must_replace(&self, declared: &Map, observed: &Map) -> Option<(&'static str, String)> {
        let fixed = observed.get("label").and_then(Value::as_str) == Some("fixed");
        (fixed && declared.get("label") != observed.get("label")).then(|| ("label", "it is fixed".to_owned()))
    }

    fn read<'a>(&'a self, _: &'a Context, _: Select<'a>) -> BoxFuture<'a, Result<Vec<Observed>>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn create<'a>(&'a self, cx: &'a Context, new: &'a Declared) -> BoxFuture<'a, Result<Observed>> {
        async move {
            (cx.progress)("making it");
            self.0.ask("create", &new.address.to_string(), cx, NODE.takes.create, &said(new)).await?;
            let id = {
                let mut made = open(&self.0.made);
                *made += 1;
                format!("node-{made}")
            };
            Ok(Self::observe(new, &id, &cx.region, 0))
        }
        .boxed()
    }

    fn update<'a>(&'a self, cx: &'a Context, to: &'a Declared, from: &'a Observed) -> BoxFuture<'a, Result<Observed>> {
        async move {
            self.0.ask("update", &to.address.to_string(), cx, NODE.takes.update, &said(to)).await?;
            let revision = from.get("revision").as_number().and_then(crate::kind::Number::as_i64).unwrap_or_default();
            Ok(Self::observe(to, &from.id, &from.region, revision + 1))
        }
        .boxed()
    }

    fn delete<'a>(&'a self, cx: &'a Context, old: &'a Observed, _: &'a Deletion) -> BoxFuture<'a, Result<()>> {
        async move { self.0.ask("delete", &old.id, cx, NODE.takes.delete, "").await }.boxed()
    }

    fn retag<'a>(&'a self, cx: &'a Context, old: &'a Observed, change: &'a TagChange) -> BoxFuture<'a, Result<()>> {
        async move { self.0.ask("retag", &old.id, cx, 1, &format!("{:?}", change.set)).await }.boxed()
    }

    fn wait<'a>(&'a self, cx: &'a Context, old: &'a Observed) -> BoxFuture<'a, Result<Observed>> {
        async move {
            self.0.ask("wait", &name_of(old), cx, NODE.takes.create, "").await?;
            Ok(Observed { status: Status::Usable, ..old.clone() })
        }
        .boxed()
    }

    fn preflight<'a>(&'a self, _: &'a Context, ask: Ask<'a>) -> BoxFuture<'a, Result<Vec<Violation>>> {
        let name = match ask {
            Ask::Create(new) | Ask::Update(new, _) => new.address.to_string(),
            Ask::Delete(old, _) => old.id.clone(),
        };
        async move { Ok(open(&self.0.violations).get(&name).cloned().into_iter().collect()) }.boxed()
    }
}

struct Finder(Arc<Shared>);

impl Lookup for Finder {
    fn facts(&self) -> &'static LookupFacts {
        &WHERE
    }

    fn read<'a>(&'a self, cx: &'a Context, arguments: &'a Map) -> BoxFuture<'a, Result<Option<Map>>> {
        async move {
            let of = arguments.get("of").and_then(Value::as_str).unwrap_or_default();
            self.0.ask("look", of, cx, 1, "").await?;
            Ok((of != "nowhere").then(|| Map::from([("place".to_owned(), Value::from(format!("place of {of}")))])))
        }
        .boxed()
    }
}

impl Account for Small {
    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn identity(&self) -> BoxFuture<'_, Result<Identity>> {
        async { Ok(Identity { account: "123456789012".to_owned(), arn: String::new(), expires_in: None }) }.boxed()
    }

    fn store(&self, _: &str) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn strays<'a>(&'a self, _: &'a Context, _: &'a Owner) -> BoxFuture<'a, Result<Vec<(String, String)>>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
}
