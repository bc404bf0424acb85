mod faults;
mod model;
mod persist;
mod refusals;
mod runs;
mod verbs;

use super::fixture::{context, declared};
use super::{Options, Simulation};
use crate::error::Result;
use crate::kind::{Account, Deletion, Expected, ExpectedInstance, Observed, Select, Value};

/// A fresh account.
fn account() -> Simulation {
    super::fixture::account(Options::default())
}

async fn create(account: &Simulation, kind: &str, name: &str, attributes: &str) -> Result<Observed> {
    let new = declared(account, kind, name, attributes);
    account.registry().expect(kind)?.create(&context(), &new).await
}

/// Creates with the whole of the declaration, settled attributes included, in two steps as the engine does.
async fn settle(account: &Simulation, kind: &str, name: &str, attributes: &str) -> Result<Observed> {
    let made = create(account, kind, name, attributes).await?;
    update(account, &made, name, attributes).await
}

async fn update(account: &Simulation, from: &Observed, name: &str, attributes: &str) -> Result<Observed> {
    let to = declared(account, from.kind, name, attributes);
    account.registry().expect(from.kind)?.update(&context(), &to, from).await
}

async fn delete(account: &Simulation, old: &Observed) -> Result<()> {
    account.registry().expect(old.kind)?.delete(&context(), old, &Deletion::default()).await
}

async fn owned(account: &Simulation, kind: &str) -> Vec<Observed> {
    owned_with(account, kind, &Expected::default()).await
}

async fn owned_with(account: &Simulation, kind: &str, expected: &Expected) -> Vec<Observed> {
    account.registry().expect(kind).unwrap().read(&context(), Select::Owned(expected)).await.unwrap()
}

async fn one(account: &Simulation, kind: &str, name: &str) -> Option<Observed> {
    account.registry().expect(kind).unwrap().read(&context(), Select::One(name)).await.unwrap().into_iter().next()
}

/// What the inventory would say that it expects of a declaration.
fn expecting(account: &Simulation, kind: &str, name: &str, attributes: &str) -> Expected {
    let new = declared(account, kind, name, attributes);
    let instance =
        ExpectedInstance { address: new.address, name: new.name, attributes: new.attributes, tags: new.tags };
    Expected { instances: vec![instance], parents: Vec::new() }
}

fn text<'a>(thing: &'a Observed, name: &str) -> &'a str {
    thing.get(name).as_str().unwrap_or_default()
}

fn truth(value: &Value) -> bool {
    value.as_bool().unwrap_or_default()
}
