//! What the author of a kind writes.

use std::future::Future;

use clefctl_core::error::Result;
use clefctl_core::kind::{
    Address, Attributes, Declared, ExpectedInstance, Facts, Select, Status, TagChange, Tags, Violation,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Cx;

/// A kind of resource: a typed struct of what a stack may say, and what AWS is told and asked about it.
///
/// The adapter (`AwsKind`) does what is the same for all: it waits, recovers what a cut or a lost answer left,
/// refuses what is foreign, and turns values into structs and back.
pub trait Resource: Attributes + Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// What is known of the kind before AWS is asked.
    const FACTS: Facts;
    /// What AWS's error codes mean for this kind.
    const CODES: Codes;
    /// What others may refer to besides.
    type Outputs: Attributes + Serialize + DeserializeOwned + Clone + Send + Sync;

    /// Reads what `select` names, in as few calls as the API allows. A thing that is not there is no error.
    fn read(cx: &Cx<'_>, select: Select<'_>) -> impl Future<Output = Result<Vec<Live<Self>>>> + Send;

    /// Creates the thing, tags included, without its settled attributes; gives the id by which `read` finds it.
    /// Does not wait.
    fn create(&self, cx: &Cx<'_>, new: &Declared) -> impl Future<Output = Result<String>> + Send;

    /// Brings what lives to what `self` says: only what differs is sent. Tags are not its business. Does not wait.
    fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> impl Future<Output = Result<()>> + Send;

    /// Deletes the thing. `last` is what the stack last said of it; `None` when its entry is gone: then the safest
    /// way is taken. Does not wait.
    fn delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> impl Future<Output = Result<()>> + Send;

    /// Adds and removes tags.
    fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> impl Future<Output = Result<()>> + Send;

    /// What AWS calls it after an update to `self`: another name, where a change of the name is done in place.
    fn id_after(&self, live: &Live<Self>) -> String {
        live.id.clone()
    }

    /// Rules that the tables cannot say.
    fn check(&self) -> Vec<Violation> {
        Vec::new()
    }

    /// Why what lives must be replaced although no create-only attribute differs: the attribute and the reason.
    fn must_replace(&self, _live: &Self) -> Option<(&'static str, String)> {
        None
    }

    /// What stands in the way of creating it, asked before anything is changed.
    fn may_create(&self, _cx: &Cx<'_>) -> impl Future<Output = Result<Vec<Violation>>> + Send {
        async { Ok(Vec::new()) }
    }

    /// What stands in the way of bringing what lives to what `self` says.
    fn may_update(&self, _cx: &Cx<'_>, _live: &Live<Self>) -> impl Future<Output = Result<Vec<Violation>>> + Send {
        async { Ok(Vec::new()) }
    }

    /// What stands in the way of deleting it.
    fn may_delete(
        _cx: &Cx<'_>,
        _live: &Live<Self>,
        _last: Option<&Self>,
    ) -> impl Future<Output = Result<Vec<Violation>>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Fetches an output that is write-only in its table: for the call that needs it, and never kept.
    fn fetch(_cx: &Cx<'_>, live: &Live<Self>, output: &str) -> impl Future<Output = Result<String>> + Send {
        let message = format!("nothing is known of `{output}` of {}", live.id);
        async { Err(clefctl_core::error::Error::internal(message)) }
    }

    /// Whose a thing without ownership tags is, told by a path or caller reference of ours: its create was cut off.
    fn unmarked(_cx: &Cx<'_>, _live: &Live<Self>, _expected: &[ExpectedInstance]) -> Option<Address> {
        None
    }

    /// What uses a thing whose deletion AWS refuses, a phrase each: `interface eni-1 (ELB app/web)`.
    fn blockers(_cx: &Cx<'_>, _live: &Live<Self>) -> impl Future<Output = Result<Vec<String>>> + Send {
        async { Ok(Vec::new()) }
    }
}

/// What AWS's error codes mean for a kind.
#[derive(Clone, Copy, Debug)]
pub struct Codes {
    /// The thing is not there.
    pub absent: &'static [&'static str],
    /// A thing of that name is there already.
    pub exists: &'static [&'static str],
    /// Something still uses it.
    pub blocked: &'static [&'static str],
}

/// A thing that lives in AWS, typed.
#[derive(Clone, Debug)]
pub struct Live<R: Resource> {
    /// What AWS calls it, as [`Select::One`] takes it.
    pub id: String,
    /// What it says of its attributes, in the form in which stacks write them; write-only ones are absent.
    pub spec: R,
    /// Its outputs.
    pub outputs: R::Outputs,
    /// Its tags; for kinds with [`clefctl_core::kind::Mark::Marker`], what the marker says.
    pub tags: Tags,
    /// What state it is in.
    pub status: Status,
}

/// The wanted value where it differs from what lives, for calls that take only what changes.
pub fn changed<T: PartialEq + Clone>(wanted: &T, live: &T) -> Option<T> {
    (wanted != live).then(|| wanted.clone())
}
