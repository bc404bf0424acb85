//! What stands in the way of a plan, asked before anything is changed.

use std::time::Duration;

use futures::stream::{StreamExt, iter};

use super::apply::expected;
use super::declare::{Declaration, Phase, declare, unwritten_name};
use super::known::Within;
use super::plan::{Action, Change, Plan};
use super::planned::{Item, Planned};
use crate::error::{Error, ErrorKind, Problem, Result};
use crate::kind::{Account, Ask, Context, Declared, Instance, Kind, Map, Observed, Registry, Value, Violation};

/// How many things are asked about at a time.
const AT_ONCE: usize = 16;

/// Asks the kinds about all that is created, updated, replaced or deleted; problems in the order of the plan.
///
/// `cx` is that of the run; region and role are those of each change. A creation or update of which something is not
/// known yet is asked about by apply, just before its step. What cannot be asked is a warning.
pub async fn preflight(account: &dyn Account, planned: &Planned, cx: &Context) -> Vec<Problem> {
    let asked = planned.plan.changes.iter().zip(&planned.items).map(|(change, item)| async move {
        let cx = Context {
            region: change.region.as_str().into(),
            role_arn: item.role_arn.as_deref().map(Into::into),
            ..cx.clone()
        };
        let instance = planned.desired.instances().get(&change.address);
        match ask(account, planned, change, item, &cx).await {
            Ok(violations) => violations.into_iter().map(|v| problem(change, instance, v)).collect(),
            Err(error) if error.kind == ErrorKind::Invalid => error.problems,
            Err(error) => vec![not_asked(change, error)],
        }
    });
    iter(asked).buffered(AT_ONCE).collect::<Vec<Vec<Problem>>>().await.concat()
}

/// A warning where the credentials end before the plan can typically be carried out.
#[must_use]
pub fn credentials(expires_in: Option<Duration>, plan: &Plan, registry: &Registry) -> Option<Problem> {
    let (left, needed) = (expires_in?, expected(plan, registry));
    (left < needed).then(|| {
        let minutes = |time: Duration| time.as_secs().div_ceil(60);
        Problem::warning(format!(
            "the credentials end in {} min, but the plan typically takes {} min",
            minutes(left),
            minutes(needed)
        ))
        .hint("renew them first, or use credentials that renew themselves (a profile with a role, SSO, OIDC)")
    })
}

async fn ask(
    account: &dyn Account,
    planned: &Planned,
    change: &Change,
    item: &Item,
    cx: &Context,
) -> Result<Vec<Violation>> {
    let kind = account.registry().expect(change.kind)?;
    let mut violations = Vec::new();
    match change.action {
        Action::Create | Action::Replace { .. } => {
            if let Some(new) = wanted(planned, change, &**kind, None)? {
                violations.extend(kind.preflight(cx, Ask::Create(&new)).await?);
            }
        }
        Action::Update => {
            if let Some(observed) = &item.observed
                && let Some(to) = wanted(planned, change, &**kind, Some(observed))?
            {
                violations.extend(kind.preflight(cx, Ask::Update(&to, observed)).await?);
            }
        }
        Action::Delete | Action::Adopt | Action::Move { .. } | Action::Release | Action::Await => {}
    }
    if let (Action::Replace { .. } | Action::Delete, Some(old)) = (&change.action, &item.observed) {
        violations.extend(kind.preflight(cx, Ask::Delete(old, &item.deletion)).await?);
    }
    Ok(violations)
}

/// Asks just before a step about what could not be asked when the plan was made, because it was not known yet.
pub(super) async fn late(
    kind: &dyn Kind,
    planned: &Planned,
    change: &Change,
    to: &Declared,
    from: Option<&Observed>,
    cx: &Context,
) -> Result<()> {
    // What could not even be evaluated then was not asked about either.
    if let Ok(Some(_)) = wanted(planned, change, kind, from) {
        return Ok(());
    }
    let ask = from.map_or(Ask::Create(to), |from| Ask::Update(to, from));
    let instance = planned.desired.instances().get(&change.address);
    let problems = match kind.preflight(cx, ask).await {
        Ok(violations) => violations.into_iter().filter(|v| !v.warning).map(|v| problem(change, instance, v)).collect(),
        Err(error) if error.kind == ErrorKind::Invalid => error.problems,
        // It was worth a question, no more: AWS decides.
        Err(_) => Vec::new(),
    };
    if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems)) }
}

/// What is declared of an instance, if all of it is known already: of a creation the settled attributes aside, which may
/// refer to the thing itself.
fn wanted(
    planned: &Planned,
    change: &Change,
    kind: &dyn Kind,
    observed: Option<&Observed>,
) -> Result<Option<Declared>> {
    let Some(instance) = planned.desired.instances().get(&change.address) else { return Ok(None) };
    let (owner, account) = (&planned.plan.owner, &planned.plan.account);
    let name = unwritten_name(owner, account, instance, change.generation, observed);
    let world = Within { known: &planned.known, address: &instance.address, name };
    let evaluated: Map = planned.desired.evaluate(instance, &world).map_err(Error::invalid)?;
    let declaration = Declaration {
        owner,
        account,
        facts: kind.facts(),
        instance,
        evaluated: &evaluated,
        trigger: &Value::Null,
        generation: change.generation,
        tag_rules: &planned.tag_rules,
    };
    let phases: &[Phase] = if observed.is_some() { &[Phase::Whole] } else { &[Phase::Whole, Phase::Create] };
    let declared = phases.iter().map(|phase| declare(declaration, *phase, observed));
    Ok(declared.into_iter().find(|declared| declared.attributes.values().all(Value::is_known)))
}

fn problem(change: &Change, instance: Option<&Instance>, violation: Violation) -> Problem {
    let problem = violation.problem().address(&change.address);
    instance.into_iter().fold(problem, |problem, instance| problem.at(instance.span))
}

fn not_asked(change: &Change, error: Error) -> Problem {
    let problem = Problem::warning(format!("could not be checked beforehand: {error}")).address(&change.address);
    error.hints.into_iter().fold(problem, Problem::hint)
}
