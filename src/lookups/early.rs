//! Reads the lookups that come before everything, so that the stack can be expanded.

use std::collections::BTreeMap;

use clefctl_core::engine::known::Known;
use clefctl_core::engine::survey::ask;
use clefctl_core::error::{Error, Result};
use clefctl_core::kind::{Account, Context, Value};
use clefctl_core::stack::Prepared;
use futures::future::join_all;

/// The answers of the early lookups, each read as soon as its arguments are known; `known` learns them.
pub async fn answers(
    prepared: &Prepared,
    account: &dyn Account,
    cx: &Context,
    known: &mut Known,
) -> Result<BTreeMap<String, Value>> {
    let mut answers = BTreeMap::new();
    let mut left = prepared.early_lookups();
    while !left.is_empty() {
        let (mut ready, mut later) = (Vec::new(), Vec::new());
        for lookup in left {
            match prepared.evaluate_lookup(&lookup.name, known).map_err(Error::invalid)? {
                Some(arguments) => ready.push((lookup, arguments)),
                None => later.push(lookup),
            }
        }
        if ready.is_empty() {
            break;
        }
        let asked = join_all(ready.iter().map(|(lookup, arguments)| ask(account, lookup, arguments, cx))).await;
        let mut problems = Vec::new();
        for ((lookup, _), answer) in ready.iter().zip(asked) {
            match answer? {
                Ok(value) => {
                    known.answer(&lookup.name, value.clone());
                    answers.insert(lookup.name.clone(), value);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(Error::invalid(problems));
        }
        left = later;
    }
    Ok(answers)
}
