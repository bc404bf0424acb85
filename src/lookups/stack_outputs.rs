//! `stack_outputs`

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use clefctl_core::engine::known::Known;
use clefctl_core::engine::planner::outputs_of_what_lives;
use clefctl_core::engine::survey::{Scope, survey};
use clefctl_core::engine::{Options, inventory::Inventory};
use clefctl_core::error::{Error, ErrorKind, Problem, Result};
use clefctl_core::kind::{
    Account, Attribute, Attributes, Block, Context, Desired, Identity, Lookup, LookupFacts, Map, Owner, Registry,
    Store, Type, Value,
};
use clefctl_core::stack::{self, Inputs, Prepared};
use futures::FutureExt;
use futures::future::BoxFuture;
use serde::Deserialize;

use super::early;

/// The outputs of another stack, or of another environment of this one.
///
/// Nothing is stored for it: the other file says what its outputs are, and its things are read as its own plan reads
/// them, so that the values are those of what lives, and the credentials must allow to read it. What waits for an apply
/// of the other stack is left out; where nothing of it lives, the lookup finds nothing.
#[derive(Attributes, Deserialize, Clone, Debug)]
struct Arguments {
    /// The other stack's file or folder, seen from the folder of this file: `../network`. `stack.yaml` is this stack
    /// itself, if it is called so.
    #[attr(path)]
    path: String,
    /// Its environment. Unless written the one of this run, or none where the other stack has none.
    environment: Option<String>,
    /// Values of its variables that it does not give itself, as texts.
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

/// What it answers.
static OUTPUTS: Block = Block {
    doc: "The outputs.",
    attributes: &[
        Attribute {
            name: "outputs",
            doc: "The outputs by name; sensitive ones stay so.",
            ty: Type::Map(&Type::Any),
            ..Attribute::PLAIN
        },
        Attribute { name: "region", doc: "The region of the other stack.", looks_like: "{region}", ..Attribute::PLAIN },
    ],
    rules: &[],
};

static FACTS: LookupFacts = LookupFacts {
    name: "stack_outputs",
    service: "clefctl",
    declared: &Arguments::BLOCK,
    outputs: &OUTPUTS,
    actions: &[],
};

tokio::task_local! {
    /// The stacks that are being read, from the one of the run to the innermost.
    static READING: Vec<Owner>;
}

/// The lookup.
#[derive(Clone, Copy, Debug)]
pub struct StackOutputs;

impl Lookup for StackOutputs {
    fn facts(&self) -> &'static LookupFacts {
        &FACTS
    }

    fn read<'a>(&'a self, _: &'a Context, _: &'a Map) -> BoxFuture<'a, Result<Option<Map>>> {
        async { Err(Error::internal("another stack can be read through an account only")) }.boxed()
    }

    fn read_in<'a>(
        &'a self,
        account: &'a dyn Account,
        cx: &'a Context,
        arguments: &'a Map,
    ) -> BoxFuture<'a, Result<Option<Map>>> {
        async move {
            let json = Value::from(arguments.clone()).to_json().unwrap_or_default();
            let arguments: Arguments = serde_json::from_value(json).map_err(|e| Error::internal(e.to_string()))?;
            let prepared = arguments.prepared(account.registry(), cx)?;
            let mut reading = READING.try_with(Clone::clone).unwrap_or_else(|_| vec![cx.owner.clone()]);
            reading.push(prepared.owner().clone());
            check_loop(&reading)?;
            READING.scope(reading, outputs(prepared, account, cx)).await.map_err(|error| arguments.about(error))
        }
        .boxed()
    }

    fn asks_kinds(&self) -> bool {
        true
    }
}

impl Arguments {
    /// The other stack in its environment.
    fn prepared(&self, registry: &Registry, cx: &Context) -> Result<Prepared> {
        let loaded = stack::load(Path::new(&self.path));
        let file = match loaded.file {
            Some(file) if !loaded.problems.iter().any(Problem::is_error) => file,
            _ => return Err(self.about(first(loaded.problems))),
        };
        let here = || Some(cx.owner.env.to_string()).filter(|_| !file.environments().is_empty());
        let inputs = Inputs {
            env: self.environment.clone().or_else(here),
            vars: self.variables.clone().into_iter().collect(),
            default_region: Some(cx.region.to_string()),
            ..Inputs::default()
        };
        let prepared = file.prepare(registry, &inputs).map_err(|problems| self.about(first(problems)))?;
        match prepared.account() {
            Some(pin) if *pin != *cx.account => {
                let message = format!("{} belongs into account {pin}, not into {}", prepared.owner(), cx.account);
                Err(Error::new(ErrorKind::Invalid, message))
            }
            _ => Ok(prepared),
        }
    }

    /// Says which file an error is about.
    fn about(&self, error: Error) -> Error {
        let error = if error.problems.is_empty() { error } else { first(error.problems) };
        if error.kind == ErrorKind::Cancelled || error.message.starts_with(&self.path) {
            return error;
        }
        Error { message: format!("{}: {}", self.path, error.message), ..error }
    }
}

/// The first of the problems of a file whose places the run's own report does not know.
fn first(problems: Vec<Problem>) -> Error {
    let found = problems.into_iter().find(Problem::is_error);
    let message = found.map_or_else(|| "it says nothing".to_owned(), |problem| problem.message);
    Error::new(ErrorKind::Invalid, message).hint("Plan that stack to see more of it.")
}

/// A stack may not need its own outputs.
fn check_loop(reading: &[Owner]) -> Result<()> {
    let Some((last, before)) = reading.split_last() else { return Ok(()) };
    if !before.contains(last) {
        return Ok(());
    }
    let chain: Vec<String> = reading.iter().map(ToString::to_string).collect();
    Err(Error::new(ErrorKind::Invalid, format!("stacks need each other's outputs: {}", chain.join(" -> ")))
        .hint("give one of the values by a variable"))
}

async fn outputs(prepared: Prepared, account: &dyn Account, cx: &Context) -> Result<Option<Map>> {
    let cx = Context { owner: prepared.owner().clone(), region: prepared.region().into(), ..cx.clone() };
    let mut known = Known::new(&cx.account);
    let answers = early::answers(&prepared, account, &cx, &mut known).await?;
    let stack = prepared.expand(&known).map_err(first)?;
    let narrow = Narrow::new(account, &stack);
    let scope = Scope { answers, ..Scope::default() };
    let inventory: Inventory = survey(&narrow, &stack, &Options::default(), scope, &cx).await?;
    let outputs = outputs_of_what_lives(&stack, &inventory, &narrow.registry).map_err(first)?;
    // Outputs that are only made of variables would be there even if nothing was ever applied.
    if inventory.things.is_empty() && !stack.instances().is_empty() {
        return Ok(None);
    }
    let known = outputs.into_iter().filter(|output| output.value.is_known());
    let values = known.map(|output| {
        let value = if output.sensitive { output.value.sensitive() } else { output.value };
        (output.name, value)
    });
    let outputs = Value::from(values.collect::<Map>());
    let region = Value::from(stack.region());
    Ok(Some(Map::from([("outputs".to_owned(), outputs), ("region".to_owned(), region)])))
}

/// An account of which only the kinds that a stack has are read.
struct Narrow<'a> {
    account: &'a dyn Account,
    registry: Registry,
}

impl<'a> Narrow<'a> {
    fn new(account: &'a dyn Account, stack: &dyn Desired) -> Self {
        let all = account.registry();
        let needed: BTreeSet<&str> = stack.instances().values().map(|instance| instance.kind).collect();
        let kinds = all.kinds().filter(|kind| needed.contains(kind.facts().name)).cloned().collect();
        Self { account, registry: Registry::new(kinds, all.lookups().cloned().collect()) }
    }
}

impl Account for Narrow<'_> {
    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn identity(&self) -> BoxFuture<'_, Result<Identity>> {
        self.account.identity()
    }

    fn store(&self, region: &str) -> Arc<dyn Store> {
        self.account.store(region)
    }

    fn strays<'a>(&'a self, _: &'a Context, _: &'a Owner) -> BoxFuture<'a, Result<Vec<(String, String)>>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        self.account.calls()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_that_needs_its_own_outputs_is_told_how() {
        let owners = |names: &[&str]| names.iter().map(|name| Owner::new(name, "dev")).collect::<Vec<_>>();
        assert!(check_loop(&owners(&["app", "network"])).is_ok());
        let error = check_loop(&owners(&["app", "network", "app"])).expect_err("a loop");
        assert!(error.message.ends_with("app/dev -> network/dev -> app/dev"), "{}", error.message);
    }
}
