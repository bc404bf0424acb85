//! Everything that can be said of a stack without asking AWS, for every environment.

pub(super) mod cycles;
pub(super) mod entries;
mod kinds;
mod names;
mod networks;
mod physical;
mod references;
mod sources;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use super::document::StackFile;
use super::evaluate::lookup_leniently;
use super::inputs::{Inputs, Offline};
use super::instance::Stack;
use super::prepare::environment;
use super::tidy;
use super::view::{Shared, View};
use crate::error::{Problem, Severity, Span};
use crate::kind::Registry;

impl StackFile {
    /// Everything that is wrong with the stack, in the order of the files, each problem once: first whatever holds in
    /// every environment, then the values of each environment, with all lookups unknown. Variables without a value
    /// are unknown as well.
    #[must_use]
    pub fn check(&self, registry: &Registry, inputs: &Inputs) -> Vec<Problem> {
        let mut problems = entries::check(&self.document, registry);
        if inputs.env.is_some() {
            problems.extend(environment(&self.document, inputs.env.as_deref()).err().map(|problem| *problem));
        }
        let environments = self.environments();
        let written = self.check_references(registry, inputs, environments.first());
        let mut found: BTreeMap<Key, (Problem, BTreeSet<String>)> = BTreeMap::new();
        for env in &environments {
            for problem in self.check_environment(registry, inputs, env) {
                if problem.span.is_some_and(|span| written.iter().any(|told| tells(told, span))) {
                    continue;
                }
                let key = (problem.span, problem.severity, problem.attribute.clone(), problem.message.clone());
                found.entry(key).or_insert_with(|| (problem, BTreeSet::new())).1.insert(env.clone());
            }
        }
        problems.extend(written);
        problems.extend(found.into_values().map(|(problem, envs)| {
            if envs.len() == environments.len() {
                return problem;
            }
            let names: Vec<_> = envs.iter().map(|env| format!("`{env}`")).collect();
            let noun = if names.len() == 1 { "the environment" } else { "the environments" };
            problem.hint(format!("This is so only in {noun} {}.", names.join(", ")))
        }));
        tidy(problems)
    }

    /// What is wrong with references as they are written, whatever the environment.
    fn check_references(&self, registry: &Registry, inputs: &Inputs, env: Option<&String>) -> Vec<Problem> {
        let Some(env) = env else { return Vec::new() };
        let prepared = self.prepare_leniently(registry, &self.offline(inputs, env), true);
        prepared.map_or_else(|_| Vec::new(), |prepared| references::check(&prepared.scope))
    }

    /// What is wrong in one environment.
    fn check_environment(&self, registry: &Registry, inputs: &Inputs, env: &str) -> Vec<Problem> {
        let prepared = match self.prepare_leniently(registry, &self.offline(inputs, env), true) {
            Ok(prepared) => prepared,
            Err(problem) => return vec![*problem],
        };
        let (stack, mut problems) = prepared.expand_leniently(&Offline);
        problems.extend(physical::check(&stack));
        values(&stack, &mut problems);
        problems
    }

    /// The inputs of a run that chooses an environment and has some region.
    fn offline(&self, inputs: &Inputs, env: &str) -> Inputs {
        let env = self.document.environments.is_some().then(|| env.to_owned());
        let region = inputs.default_region.clone().or_else(|| Some("us-east-1".to_owned()));
        Inputs { env, default_region: region, ..inputs.clone() }
    }
}

/// Whether a problem of how a reference is written covers what goes wrong at `span` when it is evaluated. The scalar
/// that holds the reference may begin with a quote and `${` before it.
fn tells(told: &Problem, span: Span) -> bool {
    told.is_error()
        && told.span.is_some_and(|told| {
            told.file == span.file && span.start + 3 >= told.start && span.start < told.end && told != span
        })
}

/// What makes two problems one.
type Key = (Option<Span>, Severity, String, String);

/// Evaluates everything that the environment declares.
fn values(stack: &Stack, problems: &mut Vec<Problem>) {
    let mut known = world::Declared::default();
    let mut identities = physical::Identities::default();
    let mut networks = networks::Networks::default();
    for instance in world::order(stack) {
        let (map, found) = stack.evaluate_leniently(instance, &known);
        problems.extend(found);
        problems.extend(identities.take(stack, instance, &map));
        problems.extend(sources::check(stack, instance, &map, &known));
        problems.extend(networks.take(stack, instance, &map, &known));
        known.learn(instance, map);
        problems.extend(stack.tags_leniently(instance, &known).1);
        problems.extend(stack.triggers(instance, &known).err().unwrap_or_default());
    }
    for output in &stack.outputs {
        problems.extend(stack.evaluate_output(output, &known).err().unwrap_or_default());
    }
    for name in stack.lookups.keys() {
        problems.extend(lookup_leniently(&stack.scope, name, &known).1);
    }
    let shared = Shared::default();
    let view = View::new(&stack.scope, &known, &shared);
    for local in stack.scope.document.locals.values() {
        problems.extend(view.value(&local.value).err().map(|problem| *problem));
    }
}
