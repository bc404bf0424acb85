//! The simulated store for lock and ledger. Its clock runs at the speed of whoever waits for a lock.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::Inner;
use super::calls::{Refusal, Request};
use super::world::Stored;
use crate::error::{ErrorKind, Result};
use crate::kind::{Entry, Listing, Store};

/// The store of one region.
pub(super) struct SimulatedStore {
    pub(super) region: String,
    pub(super) inner: Arc<Inner>,
}

impl SimulatedStore {
    fn request<'a>(&self, action: &'a str, writes: bool) -> Request<'a> {
        Request { action, writes, latency: self.inner.latency, idempotent: true }
    }
}

impl Store for SimulatedStore {
    fn list<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Listing>> {
        async move {
            let request = self.request("ssm:GetParametersByPath", false);
            self.inner
                .call(None, request, |world, _| {
                    let below = format!("{}/", path.trim_end_matches('/'));
                    let here = world.store.iter().filter(|((region, _), _)| *region == self.region);
                    let entries =
                        here.filter(|((_, name), _)| name.starts_with(&below)).map(|((_, name), stored)| Entry {
                            name: name.clone(),
                            value: stored.value.clone(),
                            modified: stored.modified.as_secs_f64(),
                        });
                    Ok(Listing { now: self.inner.clock.real().as_secs_f64(), entries: entries.collect() })
                })
                .await
        }
        .boxed()
    }

    fn put<'a>(&'a self, name: &'a str, value: &'a str, overwrite: bool) -> BoxFuture<'a, Result<()>> {
        async move {
            let request = Request { idempotent: overwrite, ..self.request("ssm:PutParameter", true) };
            self.inner
                .call(None, request, |world, _| {
                    let key = (self.region.clone(), name.to_owned());
                    if !overwrite && world.store.contains_key(&key) {
                        let message = format!("the parameter {name} exists already");
                        return Err(Refusal::new(ErrorKind::Conflict, "ParameterAlreadyExists", message));
                    }
                    let modified = self.inner.clock.real();
                    world.store.insert(key, Stored { value: value.to_owned(), modified });
                    Ok(())
                })
                .await
        }
        .boxed()
    }

    fn delete<'a>(&'a self, names: &'a [String]) -> BoxFuture<'a, Result<()>> {
        async move {
            let request = self.request("ssm:DeleteParameters", true);
            self.inner
                .call(None, request, |world, _| {
                    for name in names {
                        world.store.remove(&(self.region.clone(), name.clone()));
                    }
                    Ok(())
                })
                .await
        }
        .boxed()
    }
}
