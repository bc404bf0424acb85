//! Events: what happens to the steps of a plan while it is applied.

use std::time::Duration;

use super::lock::Traces;
use super::places::Places;
use super::plan::StepId;
use crate::error::{Error, ErrorKind, Problem};
use crate::kind::Output;

/// Something that happened during an apply.
#[derive(Clone, Debug)]
pub enum Event {
    /// A step begins.
    Started(StepId),
    /// A step says what it is waiting for or doing.
    Progress(StepId, String),
    /// A step is done.
    Done {
        /// The step.
        step: StepId,
        /// What AWS calls the thing, where there is one now.
        id: Option<String>,
        /// How long it took.
        took: Duration,
    },
    /// A step turned out to need nothing.
    Unneeded(StepId),
    /// A step failed.
    Failed {
        /// The step.
        step: StepId,
        /// Why.
        error: Box<Error>,
        /// How long it took.
        took: Duration,
    },
    /// A step was not begun, because of the failure of another.
    Skipped {
        /// The step.
        step: StepId,
        /// The failed step that it needed.
        because: StepId,
    },
    /// The run was told to stop: nothing new is begun.
    Stopping,
}

/// What became of a step.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Done, or found to be unneeded.
    Done,
    /// It failed.
    Failed(Box<Error>),
    /// Not begun, because this step failed.
    Skipped(StepId),
    /// Not begun, because the run was told to stop.
    NotStarted,
}

/// What became of an apply.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// One outcome per step of the plan.
    pub outcomes: Vec<Outcome>,
    /// Whether the run stopped before its end: it was told to, or the lock was lost.
    pub stopped: bool,
    /// Why it stopped, unless it was told to.
    pub lost: Option<Box<Error>>,
    /// The stack's outputs, in the order of the file, unknown where what they need was not applied.
    pub outputs: Vec<Output>,
    /// What is wrong with outputs.
    pub problems: Vec<Problem>,
    /// What lists may not show yet.
    pub traces: Traces,
    /// How many things of the owner there are now.
    pub things: usize,
    /// Where they are.
    pub places: Places,
}

impl Report {
    /// Whether calls of the run may still take effect: the next one must look closely.
    #[must_use]
    pub fn uncertain(&self) -> bool {
        let uncertain = |kind| matches!(kind, ErrorKind::Ambiguous | ErrorKind::Cancelled | ErrorKind::Timeout);
        self.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Failed(error) if uncertain(error.kind)))
    }

    /// Whether every step is done.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done))
    }
}
