//! Lookups that depend on resources: read as far as what they refer to stays as it is.

use std::collections::BTreeSet;

use futures::future::join_all;

use crate::engine::inventory::Inventory;
use crate::engine::planner::foresee;
use crate::engine::scene::Options;
use crate::error::{ErrorKind, Problem, Result};
use crate::kind::{Account, Context, Desired, LookupUse, Map, Value};

/// Reads the lookups whose arguments are known, and again those that become known by their answers.
pub(super) async fn read(
    account: &dyn Account,
    stack: &dyn Desired,
    options: &Options,
    inventory: &mut Inventory,
    cx: &Context,
) -> Result<()> {
    let open = |lookup: &&LookupUse| lookup.needed && !inventory.answers.contains_key(&lookup.name);
    let late: Vec<&LookupUse> = stack.lookups().values().filter(open).collect();
    let mut tried = BTreeSet::new();
    while tried.len() < late.len() {
        let known = foresee(stack, inventory, account.registry(), options);
        let ready: Vec<(&LookupUse, Map)> = late
            .iter()
            .filter(|lookup| !tried.contains(&lookup.name))
            .filter_map(|lookup| Some((*lookup, stack.arguments(lookup, &known).ok()??)))
            .collect();
        if ready.is_empty() {
            break;
        }
        let answers = join_all(ready.iter().map(|(lookup, arguments)| ask(account, lookup, arguments, cx))).await;
        for ((lookup, arguments), answer) in ready.into_iter().zip(answers) {
            tried.insert(lookup.name.clone());
            match answer? {
                Ok(answer) => drop(inventory.lookups.insert(lookup.name.clone(), (arguments, answer))),
                Err(problem) => inventory.problems.push(problem),
            }
        }
    }
    Ok(())
}

/// What a lookup found, as expressions see it: what is never shown carries the mark.
pub(in super::super) fn answer(lookup: &LookupUse, found: Map) -> Value {
    let secret = |name: &str| lookup.facts.outputs.attribute(name).is_some_and(|output| output.sensitive);
    Value::map(found.into_iter().map(|(name, value)| {
        let hide = !value.is_null() && secret(&name);
        (name, if hide { value.sensitive() } else { value })
    }))
}

/// Reads one lookup; null where an optional one finds nothing. The outer error is that the run was told to stop.
pub async fn ask(
    account: &dyn Account,
    lookup: &LookupUse,
    arguments: &Map,
    cx: &Context,
) -> Result<Result<Value, Problem>> {
    let cx = Context {
        region: lookup.region.as_str().into(),
        role_arn: lookup.role_arn.as_deref().map(Into::into),
        ..cx.clone()
    };
    let Some(kind) = account.registry().lookup(lookup.facts.name) else {
        return Ok(Err(Problem::error(format!("no lookup is called `{}`", lookup.facts.name)).at(lookup.span)));
    };
    Ok(match kind.read_in(account, &cx, arguments).await {
        Ok(Some(found)) => Ok(answer(lookup, found)),
        Ok(None) if lookup.optional => Ok(Value::Null),
        Ok(None) => Err(Problem::error(format!("`lookup.{}` finds nothing", lookup.name))
            .at(lookup.span)
            .hint("Look at its arguments, or write `optional: true`: it is null then.")),
        Err(error) if error.kind == ErrorKind::Cancelled => return Err(error),
        Err(error) => {
            let problem =
                Problem::error(format!("`lookup.{}` could not be read: {error}", lookup.name)).at(lookup.span);
            Err(error.hints.iter().fold(problem, Problem::hint))
        }
    })
}
