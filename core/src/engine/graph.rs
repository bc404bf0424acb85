//! The steps of a plan and what each of them needs.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::{DiGraph, NodeIndex};

use super::draft::Draft;
use super::plan::{Step, StepId, Verb};
use crate::error::Problem;

/// How firmly one step needs another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// Only where it closes no circle, and rather than any other: orders that the tables fix.
    Tie,
    /// Only where it closes no circle: what one refers to is best settled first.
    Soft,
    /// A deletion needs another one because of a settled reference: where that closes a circle, the reference is
    /// taken out first instead.
    Detachable,
    /// A deletion needs another one because of a reference that cannot be taken out.
    Firm,
    /// Always.
    Hard,
}

/// The steps of all changes, and the edges between them.
pub(super) struct Steps {
    verbs: Vec<(usize, Verb)>,
    by_change: Vec<BTreeMap<Verb, StepId>>,
    edges: BTreeMap<(StepId, StepId), Strength>,
}

impl Steps {
    /// The steps that the changes take, with the edges inside each change.
    pub(super) fn new(drafts: &[Draft]) -> Self {
        let mut steps = Self { verbs: Vec::new(), by_change: Vec::with_capacity(drafts.len()), edges: BTreeMap::new() };
        for (change, draft) in drafts.iter().enumerate() {
            steps.by_change.push(BTreeMap::new());
            let work = draft.work;
            let verbs = [
                (work.wait, Verb::Wait),
                (work.create, Verb::Create),
                (work.settle, Verb::Settle),
                (work.update, Verb::Update),
                (work.retag, Verb::Retag),
                (work.delete, Verb::Delete),
            ];
            for (_, verb) in verbs.into_iter().filter(|(done, _)| *done) {
                steps.add(change, verb);
            }
            let inside = |verb| steps.step(change, verb);
            let (wait, create, delete) = (inside(Verb::Wait), inside(Verb::Create), inside(Verb::Delete));
            let later = [(inside(Verb::Update), wait), (inside(Verb::Retag), wait), (inside(Verb::Settle), create)];
            for (from, to) in later {
                steps.needs(from, to, Strength::Hard);
            }
            if let super::plan::Action::Replace { create_first } = draft.change.action {
                let made = steps.ready(change);
                if create_first {
                    steps.needs(delete, made, Strength::Hard);
                } else {
                    steps.needs(create, delete, Strength::Hard);
                }
            }
        }
        steps
    }

    fn add(&mut self, change: usize, verb: Verb) -> StepId {
        let id = StepId(self.verbs.len());
        self.verbs.push((change, verb));
        self.by_change[change].insert(verb, id);
        id
    }

    /// The step of a change with that verb, if it takes one.
    pub(super) fn step(&self, change: usize, verb: Verb) -> Option<StepId> {
        self.by_change.get(change)?.get(&verb).copied()
    }

    /// The step after which others may use what the change leaves.
    pub(super) fn ready(&self, change: usize) -> Option<StepId> {
        [Verb::Settle, Verb::Create, Verb::Update, Verb::Wait].into_iter().find_map(|verb| self.step(change, verb))
    }

    /// Says that one step needs another, if there are both; of several strengths the strongest counts.
    pub(super) fn needs(&mut self, from: Option<StepId>, to: Option<StepId>, strength: Strength) {
        if let (Some(from), Some(to)) = (from, to)
            && from != to
        {
            let edge = self.edges.entry((from, to)).or_insert(strength);
            *edge = strength.max(*edge);
        }
    }

    /// Resolves circles and gives the steps; the changes whose settled references are taken out first besides.
    pub(super) fn finish(mut self, drafts: &[Draft]) -> Result<(Vec<Step>, BTreeSet<usize>), Vec<Problem>> {
        let mut unsettled = BTreeSet::new();
        let circles = self.circles();
        for (from, to) in self.inside(&circles, Strength::Detachable) {
            let (change, _) = self.verbs[to.0];
            let step = match self.step(change, Verb::Unsettle) {
                Some(step) => step,
                None => self.add(change, Verb::Unsettle),
            };
            unsettled.insert(change);
            self.edges.remove(&(from, to));
            self.needs(Some(from), Some(step), Strength::Hard);
            self.needs(Some(to), Some(step), Strength::Hard);
        }
        self.unsettle_late(&unsettled);
        for strength in [Strength::Tie, Strength::Soft, Strength::Firm] {
            let circles = self.circles();
            for edge in self.inside(&circles, strength) {
                self.edges.remove(&edge);
            }
        }
        let circles = self.circles();
        let closed: BTreeSet<usize> =
            self.inside(&circles, Strength::Hard).iter().map(|(from, _)| self.verbs[from.0].0).collect();
        if !closed.is_empty() {
            let names: Vec<String> =
                closed.iter().map(|&change| format!("`{}`", drafts[change].change.address)).collect();
            return Err(vec![
                Problem::error(format!("{} need one another before any of them can be made or deleted", names.join(", ")))
                    .hint("Apply in two steps with `--target`, or let one of them be replaced with its old one first (`create_before_destroy: false`)."),
            ]);
        }
        let mut steps: Vec<Step> =
            self.verbs.iter().map(|&(change, verb)| Step { change, verb, needs: Vec::new() }).collect();
        for (from, to) in self.edges.into_keys() {
            steps[from.0].needs.push(to);
        }
        Ok((steps, unsettled))
    }

    /// What is deleted serves until then: its references are taken out when all is done that its deletion waits for.
    fn unsettle_late(&mut self, unsettled: &BTreeSet<usize>) {
        for &change in unsettled {
            let (Some(delete), unsettle) = (self.step(change, Verb::Delete), self.step(change, Verb::Unsettle)) else {
                continue;
            };
            let needed = self.edges.range((delete, StepId(0))..=(delete, StepId(usize::MAX)));
            let done = |to: &StepId| self.verbs[to.0].1 != Verb::Unsettle;
            let waits: Vec<StepId> = needed.map(|((_, to), _)| *to).filter(done).collect();
            for step in waits {
                self.needs(unsettle, Some(step), Strength::Soft);
            }
        }
    }

    /// For each step the number of its circle; steps outside circles have numbers of their own.
    fn circles(&self) -> Vec<usize> {
        let mut graph = DiGraph::<(), ()>::with_capacity(self.verbs.len(), self.edges.len());
        for _ in &self.verbs {
            graph.add_node(());
        }
        for (from, to) in self.edges.keys() {
            graph.add_edge(NodeIndex::new(from.0), NodeIndex::new(to.0), ());
        }
        let mut circle = vec![0; self.verbs.len()];
        for (number, members) in petgraph::algo::kosaraju_scc(&graph).into_iter().enumerate() {
            for member in members {
                circle[member.index()] = number;
            }
        }
        circle
    }

    /// The edges of a strength that run inside a circle.
    fn inside(&self, circle: &[usize], strength: Strength) -> Vec<(StepId, StepId)> {
        let inside = |(from, to): &(StepId, StepId)| circle[from.0] == circle[to.0];
        self.edges.iter().filter(|(edge, has)| **has == strength && inside(edge)).map(|(edge, _)| *edge).collect()
    }
}
