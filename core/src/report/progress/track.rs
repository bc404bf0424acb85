//! Where every step stands.

use std::time::Duration;

use crate::engine::event::Event;
use crate::engine::plan::{Action, Change, Plan, Step, StepId, Verb};
use crate::report::words;

/// Where a step stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Standing {
    Waiting,
    Running {
        /// When it began.
        since: Duration,
        /// When it was last told of.
        told: Duration,
        /// What it said last.
        words: String,
    },
    Done,
    Failed,
    Skipped,
}

/// Where all steps of a plan stand.
pub(in crate::report) struct Track<'p> {
    pub(super) plan: &'p Plan,
    pub(super) steps: Vec<Standing>,
    /// What AWS calls what each change concerns, as far as it was told.
    ids: Vec<Option<String>>,
    pub(super) stopping: bool,
}

impl<'p> Track<'p> {
    pub(in crate::report) fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            steps: vec![Standing::Waiting; plan.steps.len()],
            ids: vec![None; plan.changes.len()],
            stopping: false,
        }
    }

    pub(in crate::report) fn take(&mut self, event: &Event, now: Duration) {
        match event {
            Event::Started(step) => self.set(*step, Standing::Running { since: now, told: now, words: String::new() }),
            Event::Progress(step, said) => {
                if let Some(Standing::Running { words, .. }) = self.steps.get_mut(step.0) {
                    words.clone_from(said);
                }
            }
            Event::Done { step, id, .. } => {
                let change = self.plan.steps.get(step.0).map(|s| s.change);
                if let (Some(slot), Some(id)) = (change.and_then(|i| self.ids.get_mut(i)), id) {
                    *slot = Some(id.clone());
                }
                self.set(*step, Standing::Done);
            }
            Event::Unneeded(step) => self.set(*step, Standing::Done),
            Event::Failed { step, .. } => self.set(*step, Standing::Failed),
            Event::Skipped { step, .. } => self.set(*step, Standing::Skipped),
            Event::Stopping => self.stopping = true,
        }
    }

    fn set(&mut self, step: StepId, standing: Standing) {
        if let Some(slot) = self.steps.get_mut(step.0) {
            *slot = standing;
        }
    }

    /// A step with its change.
    pub(super) fn step(&self, id: StepId) -> Option<(&'p Step, &'p Change)> {
        let step = self.plan.steps.get(id.0)?;
        Some((step, self.plan.changes.get(step.change)?))
    }

    /// The address of a step.
    pub(super) fn address(&self, id: StepId) -> String {
        self.step(id).map_or_else(|| format!("step {}", id.0), |(_, change)| change.address.to_string())
    }

    /// What AWS calls what a step concerns, as far as it is known.
    pub(super) fn id(&self, id: StepId) -> Option<&str> {
        let (step, change) = self.step(id)?;
        self.ids.get(step.change)?.as_deref().or(change.id.as_deref())
    }

    /// What a step is doing, and what it has done.
    pub(super) fn words(&self, id: StepId) -> (&'static str, &'static str) {
        match self.step(id) {
            Some((step, change)) if matches!(change.action, Action::Replace { .. }) => match step.verb {
                Verb::Create => ("creating the new one", "created the new one"),
                Verb::Delete => ("deleting the old one", "deleted the old one"),
                other => words::verb(other),
            },
            Some((step, change)) if step.verb == Verb::Retag => match change.action {
                Action::Adopt => ("adopting", "adopted"),
                Action::Release => ("releasing", "released"),
                Action::Move { .. } => ("moving", "moved"),
                _ => words::verb(step.verb),
            },
            Some((step, _)) => words::verb(step.verb),
            None => ("working", "done"),
        }
    }

    /// Whether an earlier step of the same change is skipped as well.
    pub(super) fn skipped_before(&self, id: StepId) -> bool {
        let Some((step, _)) = self.step(id) else { return false };
        let others = self.plan.steps.iter().zip(&self.steps).take(id.0);
        others.into_iter().any(|(other, standing)| other.change == step.change && *standing == Standing::Skipped)
    }

    /// The running steps, the longest first, with their beginning and last words.
    pub(super) fn running(&self) -> Vec<(StepId, Duration, &str)> {
        let mut out: Vec<_> = self
            .steps
            .iter()
            .enumerate()
            .filter_map(|(i, standing)| match standing {
                Standing::Running { since, words, .. } => Some((StepId(i), *since, words.as_str())),
                _ => None,
            })
            .collect();
        out.sort_by_key(|(id, since, _)| (*since, *id));
        out
    }

    /// The waiting steps with the addresses they wait for, those that wait for the fewest first.
    pub(super) fn waiting(&self) -> Vec<(StepId, Vec<String>)> {
        let mut out = Vec::new();
        for (i, standing) in self.steps.iter().enumerate() {
            let id = StepId(i);
            if *standing != Standing::Waiting {
                continue;
            }
            let needs = self.step(id).map(|(step, _)| step.needs.as_slice()).unwrap_or_default();
            let own = self.address(id);
            let mut open: Vec<String> = needs
                .iter()
                .filter(|need| matches!(self.steps.get(need.0), Some(Standing::Waiting | Standing::Running { .. })))
                .map(|need| self.address(*need))
                .filter(|address| *address != own)
                .collect();
            open.dedup();
            if !open.is_empty() {
                out.push((id, open));
            }
        }
        out.sort_by_key(|(id, open)| (open.len(), *id));
        out
    }

    /// How many steps are over.
    pub(super) fn over(&self) -> usize {
        self.steps.iter().filter(|s| matches!(s, Standing::Done | Standing::Failed | Standing::Skipped)).count()
    }
}
