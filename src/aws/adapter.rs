//! Joins the two worlds: the engine's `Kind` over values, and the author's `Resource` over structs and the SDK.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Absent, Address, Ask, Attributes, Context, Declared, Deletion, ExpectedInstance, Facts, Found, Kind, Lookup,
    LookupFacts, Map, Mark, Observed, Owned, Owner, Select, Status, TagChange, Tags, Value, Violation, tag,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::patience::Patience;
use super::resource::{Live, Resource};
use super::tags::ec2;
use super::{Connection, Cx};

/// How often and how long a run that found the last one cut off looks for what that one may have left.
const LOOKS: u32 = 3;
/// The staleness of AWS's lists that the product survives.
const STALENESS: Duration = Duration::from_secs(30);

/// A resource as the engine sees it.
pub struct AwsKind<R> {
    aws: Arc<Connection>,
    resource: PhantomData<fn() -> R>,
}

impl<R: Resource> AwsKind<R> {
    /// Makes the kind of a resource.
    #[must_use]
    pub fn shared(aws: &Arc<Connection>) -> Arc<dyn Kind> {
        Arc::new(Self { aws: aws.clone(), resource: PhantomData })
    }

    async fn read_all(&self, cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Observed>> {
        if let (Select::Owned(expected), Found::Tagged(resource_type)) = (select, R::FACTS.found)
            && expected.instances.is_empty()
            && !ec2::tagged(cx).await?.contains(resource_type)
        {
            return Ok(Vec::new());
        }
        let found = match R::read(cx, select).await {
            Ok(found) => found,
            // Of all, one that has gone meanwhile says nothing of the others.
            Err(error) if matches!(select, Select::One(_)) && is(&error, R::CODES.absent) => Vec::new(),
            Err(error) => return Err(error),
        };
        let observed: Vec<Observed> = found.into_iter().map(|live| observe(cx, live, select)).collect::<Result<_>>()?;
        Ok(match select {
            Select::One(_) => observed,
            Select::Owned(expected) => {
                let named = |thing: &Observed| {
                    let name =
                        R::FACTS.naming.and_then(|naming| thing.get(naming.attribute).as_str().map(str::to_owned));
                    expected.instances.iter().any(|instance| instance.name.is_some() && instance.name == name)
                };
                observed.into_iter().filter(|thing| !matches!(thing.owned, Owned::Foreign(_)) || named(thing)).collect()
            }
        })
    }

    async fn read_one(&self, cx: &Cx<'_>, id: &str) -> Result<Option<Observed>> {
        Ok(self.read_all(cx, Select::One(id)).await?.into_iter().next())
    }

    /// Waits until a thing can be used. A thing that is not visible yet is waited for as well.
    async fn usable(&self, cx: &Cx<'_>, id: &str) -> Result<Observed> {
        let mut patience = Patience::default();
        loop {
            cx.alive().map_err(|error| match error.kind {
                ErrorKind::Timeout => Error { message: format!("{id} was not ready in time"), ..error },
                _ => error,
            })?;
            match self.read_one(cx, id).await? {
                Some(thing) => match &thing.status {
                    Status::Usable => return Ok(thing),
                    Status::Pending(state) => (cx.progress)(state),
                    Status::Failed(why) => {
                        return Err(Error::new(ErrorKind::Failed, format!("{id} failed: {why}"))
                            .hint("mend the cause and run again: it will be replaced"));
                    }
                    Status::Dying(state) => {
                        return Err(Error::new(ErrorKind::Failed, format!("{id} is being deleted ({state})"))
                            .hint("somebody else deletes it; run again when it is gone"));
                    }
                },
                None => (cx.progress)("waiting until it can be seen"),
            }
            patience.rest(cx).await;
        }
    }

    /// Waits until a thing is gone.
    async fn gone(&self, cx: &Cx<'_>, id: &str) -> Result<()> {
        let mut patience = Patience::default();
        while let Some(thing) = self.read_one(cx, id).await? {
            if let Status::Dying(state) | Status::Pending(state) = &thing.status {
                (cx.progress)(state);
            }
            cx.alive()?;
            patience.rest(cx).await;
        }
        Ok(())
    }

    /// What an earlier run, or a call whose answer was lost, left of the same address and generation.
    async fn left_behind(&self, cx: &Cx<'_>, new: &Declared, looks: u32) -> Result<Option<String>> {
        let expected = expectation(new);
        for look in 0..looks {
            if look > 0 {
                (cx.progress)("looking whether it was made already");
                cx.pause(STALENESS / (looks - 1).max(1)).await;
                cx.alive()?;
            }
            let found = self.read_all(cx, Select::Owned(&expected)).await?;
            if let Some(thing) = found.iter().find(|thing| completes(thing, new)) {
                return Ok(Some(thing.id.clone()));
            }
        }
        Ok(None)
    }

    /// A thing of our name is there already: ours to complete, or somebody's to respect.
    async fn meets(&self, cx: &Cx<'_>, new: &Declared, error: Error) -> Result<String> {
        if let Some(id) = self.left_behind(cx, new, 1).await? {
            return Ok(id);
        }
        let Some(name) = new.name.clone() else {
            return Err(Error { kind: ErrorKind::Conflict, ..error });
        };
        let there = self.read_one(cx, &name).await?;
        match there {
            Some(thing) if completes(&thing, new) => Ok(thing.id),
            there => {
                let id = there.as_ref().map_or(name.as_str(), |thing| thing.id.as_str());
                let owner = match there.as_ref().map(|thing| &thing.owned) {
                    Some(Owned::Foreign(Some(owner))) => format!(" and belongs to {owner}"),
                    Some(Owned::Ours { address, .. }) => format!(" and belongs to {address}"),
                    _ => String::new(),
                };
                Err(Error { kind: ErrorKind::Conflict, message: format!("{name} exists already{owner}"), ..error }
                    .hint(format!("take it over with `clefctl adopt '{}' {id}`, or choose another name", new.address)))
            }
        }
    }

    async fn make(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let spec: R = typed(&with_settled_absent::<R>(&new.attributes))?;
        // A sweep finds, it never proves absence, and some creates overwrite what is there.
        if matches!(R::FACTS.found, Found::Swept(_))
            && let Some(name) = &new.name
            && self.read_one(cx, name).await?.is_some()
        {
            return self.meets(cx, new, Error::new(ErrorKind::Conflict, format!("{name} exists already"))).await;
        }
        if !R::FACTS.once
            && cx.careful
            && let Some(id) = self.left_behind(cx, new, LOOKS).await?
        {
            return Ok(id);
        }
        loop {
            match spec.create(cx, new).await {
                Ok(id) => return Ok(id),
                Err(error) if is(&error, R::CODES.exists) => return self.meets(cx, new, error).await,
                Err(error) if error.kind == ErrorKind::Ambiguous => {
                    (cx.progress)("the answer was lost; looking whether it was made");
                    if let Some(id) = self.left_behind(cx, new, LOOKS).await? {
                        return Ok(id);
                    }
                    cx.alive()?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn remove(&self, cx: &Cx<'_>, old: &Observed, how: &Deletion) -> Result<()> {
        let live: Live<R> = relive(old)?;
        let last = last_said::<R>(old, how)?;
        match R::delete(cx, &live, last.as_ref()).await {
            Ok(()) => {}
            Err(error) if is(&error, R::CODES.absent) => return Ok(()),
            Err(error) if is(&error, R::CODES.blocked) => {
                let blockers = R::blockers(cx, &live).await.unwrap_or_default();
                let error = Error { kind: ErrorKind::Blocked, ..error };
                return Err(if blockers.is_empty() {
                    error
                } else {
                    error.hint(format!("used by {}", blockers.join(", ")))
                });
            }
            Err(error) => return Err(error),
        }
        self.gone(cx, &old.id).await
    }
}

impl<R: Resource> Kind for AwsKind<R> {
    fn facts(&self) -> &'static Facts {
        const { &R::FACTS }
    }

    fn check(&self, declared: &Map) -> Vec<Violation> {
        match typed::<R>(declared) {
            Ok(spec) => spec.check(),
            // The tables said what is wrong already, with its place; what they cannot say comes out here.
            Err(error) => vec![Violation::new("", error.message)],
        }
    }

    fn must_replace(&self, declared: &Map, observed: &Map) -> Option<(&'static str, String)> {
        typed::<R>(declared).ok()?.must_replace(&typed::<R>(observed).ok()?)
    }

    fn read<'a>(&'a self, cx: &'a Context, select: Select<'a>) -> BoxFuture<'a, Result<Vec<Observed>>> {
        async move { self.read_all(&Cx::new(&self.aws, cx).await?, select).await }.boxed()
    }

    fn create<'a>(&'a self, cx: &'a Context, new: &'a Declared) -> BoxFuture<'a, Result<Observed>> {
        async move {
            let cx = Cx::new(&self.aws, cx).await?;
            let id = self.make(&cx, new).await?;
            self.usable(&cx, &id).await
        }
        .boxed()
    }

    fn update<'a>(&'a self, cx: &'a Context, to: &'a Declared, from: &'a Observed) -> BoxFuture<'a, Result<Observed>> {
        async move {
            let cx = Cx::new(&self.aws, cx).await?;
            let live: Live<R> = relive(from)?;
            let wanted: R = typed(&to.attributes)?;
            wanted.update(&cx, &live).await?;
            let id = wanted.id_after(&live);
            let change = TagChange::between(&from.tags, &to.tags);
            if R::FACTS.mark != Mark::Prefix && !change.is_empty() {
                R::retag(&cx, &Live { id: id.clone(), spec: wanted, ..live }, &change).await?;
            }
            self.usable(&cx, &id).await
        }
        .boxed()
    }

    fn delete<'a>(&'a self, cx: &'a Context, old: &'a Observed, how: &'a Deletion) -> BoxFuture<'a, Result<()>> {
        async move { self.remove(&Cx::new(&self.aws, cx).await?, old, how).await }.boxed()
    }

    fn retag<'a>(&'a self, cx: &'a Context, old: &'a Observed, change: &'a TagChange) -> BoxFuture<'a, Result<()>> {
        async move { R::retag(&Cx::new(&self.aws, cx).await?, &relive(old)?, change).await }.boxed()
    }

    fn fetch<'a>(&'a self, cx: &'a Context, of: &'a Observed, output: &'a str) -> BoxFuture<'a, Result<Value>> {
        async move {
            let cx = Cx::new(&self.aws, cx).await?;
            R::fetch(&cx, &relive(of)?, output).await.map(|text| Value::from(text).sensitive())
        }
        .boxed()
    }

    fn wait<'a>(&'a self, cx: &'a Context, old: &'a Observed) -> BoxFuture<'a, Result<Observed>> {
        async move {
            let cx = Cx::new(&self.aws, cx).await?;
            self.usable(&cx, &old.id).await
        }
        .boxed()
    }

    fn preflight<'a>(&'a self, cx: &'a Context, ask: Ask<'a>) -> BoxFuture<'a, Result<Vec<Violation>>> {
        async move {
            let cx = Cx::new(&self.aws, cx).await?;
            match ask {
                Ask::Create(new) => typed::<R>(&with_settled_absent::<R>(&new.attributes))?.may_create(&cx).await,
                Ask::Update(to, from) => typed::<R>(&to.attributes)?.may_update(&cx, &relive(from)?).await,
                Ask::Delete(old, how) => {
                    let last = last_said::<R>(old, how)?;
                    R::may_delete(&cx, &relive(old)?, last.as_ref()).await
                }
            }
        }
        .boxed()
    }
}

fn is(error: &Error, codes: &[&str]) -> bool {
    error.kind == ErrorKind::Absent && !codes.is_empty() || error.code().is_some_and(|code| codes.contains(&code))
}

/// Whether a thing is what a create of this address and generation left.
fn completes(thing: &Observed, new: &Declared) -> bool {
    let same = match &thing.owned {
        Owned::Ours { address, generation } => *address == new.address && *generation == new.generation,
        Owned::Pending(address) => *address == new.address,
        Owned::Foreign(_) => false,
    };
    same && !matches!(thing.status, Status::Dying(_) | Status::Failed(_))
}

/// What a read is told of one instance that is about to be made.
fn expectation(new: &Declared) -> clefctl_core::kind::Expected {
    let instance = ExpectedInstance {
        address: new.address.clone(),
        name: new.name.clone(),
        attributes: new.attributes.clone(),
        tags: new.tags.clone(),
    };
    clefctl_core::kind::Expected { instances: vec![instance], parents: Vec::new() }
}

/// What the stack last said of a thing, over what was observed of it; nothing when its entry is gone.
fn last_said<R: Resource>(old: &Observed, how: &Deletion) -> Result<Option<R>> {
    if how.declared.is_empty() {
        return Ok(None);
    }
    let mut all = old.attributes.clone();
    all.extend(how.declared.iter().filter(|(_, value)| value.is_known()).map(|(k, v)| (k.clone(), v.clone())));
    typed(&all).map(Some)
}

/// The attributes of a create: settled ones come later, and are absent until then.
fn with_settled_absent<R: Resource>(attributes: &Map) -> Map {
    let mut all = attributes.clone();
    for attribute in R::BLOCK.attributes.iter().filter(|attribute| attribute.settled) {
        if let Absent::Default(literal) = attribute.absent {
            all.entry(attribute.name.to_owned()).or_insert_with(|| literal.value(attributes));
        }
    }
    all
}

fn typed<T: DeserializeOwned>(values: &Map) -> Result<T> {
    let json = Value::from(values.clone())
        .to_json()
        .ok_or_else(|| Error::internal("a value that is not known yet reached a resource"))?;
    serde_json::from_value(json).map_err(|error| Error::internal(format!("an attribute does not fit: {error}")))
}

fn untyped<T: Serialize>(typed: &T) -> Result<Map> {
    let json = serde_json::to_value(typed)
        .map_err(|error| Error::internal(format!("what AWS reported does not fit: {error}")))?;
    Ok(Value::from_json(&json).as_map().cloned().unwrap_or_default())
}

fn relive<R: Resource>(thing: &Observed) -> Result<Live<R>> {
    Ok(Live {
        id: thing.id.clone(),
        spec: typed(&thing.attributes)?,
        outputs: typed(&thing.outputs)?,
        tags: thing.tags.clone(),
        status: thing.status.clone(),
    })
}

fn observe<R: Resource>(cx: &Cx<'_>, live: Live<R>, select: Select<'_>) -> Result<Observed> {
    let mut attributes = untyped(&live.spec)?;
    for attribute in R::BLOCK.attributes.iter().filter(|attribute| attribute.write_only) {
        attributes.remove(attribute.name);
        let version = format!("{}_version", attribute.name);
        let marked = live.tags.get(&format!("{}{version}", tag::PREFIX)).and_then(|text| text.parse::<i64>().ok());
        attributes.insert(version, marked.map_or(Value::Null, Value::from));
    }
    let expected = match select {
        Select::Owned(expected) => expected.instances.as_slice(),
        Select::One(_) => &[],
    };
    let owned = match R::FACTS.mark {
        Mark::Tags | Mark::Marker => match owned_by_tags(&cx.owner, R::FACTS.name, &live.tags) {
            Owned::Foreign(None) => R::unmarked(cx, &live, expected).map_or(Owned::Foreign(None), Owned::Pending),
            owned => owned,
        },
        Mark::Prefix => {
            let name = R::FACTS.naming.and_then(|naming| attributes.get(naming.attribute)?.as_str().map(str::to_owned));
            owned_by_name(&cx.owner, &name.unwrap_or_default(), expected)
        }
    };
    Ok(Observed {
        kind: R::FACTS.name,
        role_arn: cx.role_arn.as_deref().map(str::to_owned),
        region: cx.region.to_string(),
        id: live.id,
        owned,
        status: live.status,
        attributes,
        outputs: untyped(&live.outputs)?,
        tags: live.tags,
    })
}

/// Whose a tagged thing is. A tag of another kind leaked from its owner and makes no owner.
fn owned_by_tags(owner: &Owner, kind: &str, tags: &Tags) -> Owned {
    let Some(stack) = tags.get(tag::STACK) else { return Owned::Foreign(None) };
    if *stack != owner.to_string() {
        return Owned::Foreign(Some(stack.clone()));
    }
    match tags.get(tag::RESOURCE).and_then(|text| Address::from_tag(text)) {
        Some((of, address)) if of == kind => {
            let generation = tags.get(tag::GENERATION).and_then(|text| text.parse().ok()).unwrap_or(1);
            Owned::Ours { address, generation }
        }
        _ => Owned::Foreign(None),
    }
}

/// Whose a thing is that takes no tags: the stack names it, or its name has the owner's prefix.
fn owned_by_name(owner: &Owner, name: &str, expected: &[ExpectedInstance]) -> Owned {
    let (base, generation) = match name.rsplit_once("-g") {
        Some((base, digits)) if digits.parse::<u32>().is_ok_and(|n| n > 1) => (base, digits.parse().unwrap_or(1)),
        _ => (name, 1),
    };
    let declared = expected.iter().find_map(|instance| {
        let wanted = instance.name.as_deref()?;
        (wanted == name || wanted == base)
            .then(|| (instance.address.clone(), if wanted == name && wanted != base { 1 } else { generation }))
    });
    if let Some((address, generation)) = declared {
        return Owned::Ours { address, generation };
    }
    match base.strip_prefix(&format!("{}-", owner.prefix())) {
        Some(rest) if !rest.is_empty() => Owned::Ours { address: Address::plain(&rest.replace('-', "_")), generation },
        _ => Owned::Foreign(None),
    }
}

/// What the author of a lookup writes.
pub trait LookupRead: Attributes + DeserializeOwned + Send + Sync + 'static {
    /// What is known of the lookup before AWS is asked.
    const FACTS: LookupFacts;
    /// What it answers.
    type Outputs: Attributes + Serialize + Send;

    /// Reads; `None` when there is no such thing.
    fn read(&self, cx: &Cx<'_>) -> impl Future<Output = Result<Option<Self::Outputs>>> + Send;
}

/// A lookup as the engine sees it.
pub struct AwsLookup<L> {
    aws: Arc<Connection>,
    lookup: PhantomData<fn() -> L>,
}

impl<L: LookupRead> AwsLookup<L> {
    /// Makes the engine's lookup of an author's.
    #[must_use]
    pub fn shared(aws: &Arc<Connection>) -> Arc<dyn Lookup> {
        Arc::new(Self { aws: aws.clone(), lookup: PhantomData })
    }
}

impl<L: LookupRead> Lookup for AwsLookup<L> {
    fn facts(&self) -> &'static LookupFacts {
        const { &L::FACTS }
    }

    fn read<'a>(&'a self, cx: &'a Context, arguments: &'a Map) -> BoxFuture<'a, Result<Option<Map>>> {
        async move {
            let cx = Cx::new(&self.aws, cx).await?;
            let lookup: L = typed(arguments)?;
            lookup.read(&cx).await?.map(|outputs| untyped(&outputs)).transpose()
        }
        .boxed()
    }
}
