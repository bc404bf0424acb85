//! How long steps typically take.

use std::time::Duration;

use crate::engine::plan::{Plan, Step, StepId, Verb};
use crate::kind::Registry;

/// How long carrying out a plan typically takes when nothing has to wait for a free place: the longest chain of steps.
#[must_use]
pub fn expected(plan: &Plan, registry: &Registry) -> Duration {
    Duration::from_secs(weights(plan, registry).into_iter().max().unwrap_or_default())
}

/// Of each step, the typical time from its beginning to the end of all that needs it, in seconds.
pub(super) fn weights(plan: &Plan, registry: &Registry) -> Vec<u64> {
    let mut weights: Vec<u64> = plan.steps.iter().map(|step| takes(plan, step, registry)).collect();
    for StepId(i) in backwards(&plan.steps) {
        let weight = weights[i];
        for need in &plan.steps[i].needs {
            let own = takes(plan, &plan.steps[need.0], registry);
            weights[need.0] = weights[need.0].max(own + weight);
        }
    }
    weights
}

fn takes(plan: &Plan, step: &Step, registry: &Registry) -> u64 {
    let kind = plan.changes.get(step.change).and_then(|change| registry.kind(change.kind));
    let Some(takes) = kind.map(|kind| kind.facts().takes) else { return 0 };
    u64::from(match step.verb {
        Verb::Create | Verb::Wait => takes.create,
        Verb::Settle | Verb::Update | Verb::Unsettle => takes.update,
        Verb::Delete => takes.delete,
        Verb::Retag => 1,
    })
}

/// The steps in an order in which each comes before all that it needs.
fn backwards(steps: &[Step]) -> Vec<StepId> {
    let mut dependents = vec![0_usize; steps.len()];
    for need in steps.iter().flat_map(|step| &step.needs) {
        dependents[need.0] += 1;
    }
    let mut order: Vec<StepId> = (0..steps.len()).filter(|i| dependents[*i] == 0).map(StepId).collect();
    let mut next = 0;
    while let Some(step) = order.get(next).copied() {
        next += 1;
        for need in &steps[step.0].needs {
            dependents[need.0] -= 1;
            if dependents[need.0] == 0 {
                order.push(*need);
            }
        }
    }
    order
}
