//! Lookups that could only be read once what they refer to was applied.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::OnceCell;

use crate::engine::known::Known;
use crate::engine::survey::answer;
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Account, Context, Desired, Reference, Target, Value};

/// How long a lookup may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// The lookups of a run: each is read once, however many steps refer to it.
pub(super) struct Lookups<'a> {
    account: &'a dyn Account,
    desired: &'a dyn Desired,
    known: Arc<Mutex<Known>>,
    read: Mutex<BTreeMap<String, Arc<OnceCell<()>>>>,
}

impl<'a> Lookups<'a> {
    pub(super) fn new(account: &'a dyn Account, desired: &'a dyn Desired, known: Arc<Mutex<Known>>) -> Self {
        Self { account, desired, known, read: Mutex::default() }
    }

    /// Makes sure that all lookups among the references are answered, those that they refer to themselves first.
    pub(super) fn answer<'b>(&'b self, references: &'b [Reference], cx: &'b Context) -> BoxFuture<'b, Result<()>> {
        Box::pin(async move {
            for reference in references {
                if let Target::Lookup(name) = &reference.to {
                    self.answer_one(name, cx).await?;
                }
            }
            Ok(())
        })
    }

    /// Makes sure that all lookups that something refers to are answered.
    pub(super) async fn answer_all(&self, cx: &Context) -> Result<()> {
        for name in self.desired.lookups().values().filter(|lookup| lookup.needed).map(|lookup| &lookup.name) {
            self.answer_one(name, cx).await?;
        }
        Ok(())
    }

    async fn answer_one(&self, name: &str, cx: &Context) -> Result<()> {
        if self.known.lock().unwrap_or_else(PoisonError::into_inner).answered(name) {
            return Ok(());
        }
        let cell = {
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(read.entry(name.to_owned()).or_default())
        };
        cell.get_or_try_init(|| self.read(name, cx)).await.copied()
    }

    async fn read(&self, name: &str, cx: &Context) -> Result<()> {
        let address = format!("lookup.{name}");
        let lookup =
            self.desired.lookups().get(name).ok_or_else(|| Error::internal(format!("{address} is not known")))?;
        self.answer(&lookup.references, cx).await?;
        let kind = self.account.registry().lookup(lookup.facts.name);
        let kind = kind.ok_or_else(|| Error::internal(format!("no lookup is called {}", lookup.facts.name)))?;
        let arguments = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            self.desired.arguments(lookup, &*known).map_err(|problems| Error::invalid(problems).address(&address))?
        };
        let arguments = arguments.ok_or_else(|| Error::internal("an argument is not known yet").address(&address))?;
        let cx = Context {
            region: lookup.region.as_str().into(),
            role_arn: lookup.role_arn.as_deref().map(Into::into),
            ..cx.within(PATIENCE)
        };
        let found = kind.read_in(self.account, &cx, &arguments).await.map_err(|error| error.address(&address))?;
        let value = match found {
            Some(found) => answer(lookup, found),
            None if lookup.optional => Value::Null,
            None => {
                return Err(Error::new(ErrorKind::Absent, "there is no such thing")
                    .address(&address)
                    .hint("write `optional: true` on the lookup if that is fine: it is null then"));
            }
        };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).answer(name, value);
        Ok(())
    }
}
