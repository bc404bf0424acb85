//! A change in the making: what happens, what it works with, and which steps it takes.

use std::sync::Arc;

use super::decide::{Decision, retag};
use super::plan::{Action, Change, Reason};
use super::planned::Item;
use crate::kind::{Address, Deletion, Facts, Instance, Observed, TagChange};

/// A change that is not ordered yet.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// What happens.
    pub change: Change,
    /// What it works with.
    pub item: Item,
    /// Which steps it takes.
    pub work: Work,
}

/// The steps that a change takes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    pub wait: bool,
    pub create: bool,
    pub settle: bool,
    pub update: bool,
    pub retag: bool,
    pub delete: bool,
}

impl Draft {
    /// The change of an instance; `None` where nothing happens to it.
    pub(super) fn of(decision: Decision, instance: &Instance, facts: &'static Facts) -> Option<Self> {
        let action = decision.action.clone()?;
        let only_tags = decision.attributes.iter().all(|change| change.name == "tags");
        let waits = decision.waits;
        let work = match action {
            Action::Create => Work { create: true, settle: decision.settles, ..Work::default() },
            Action::Replace { .. } => Work { create: true, settle: decision.settles, delete: true, ..Work::default() },
            Action::Adopt if only_tags => Work { wait: waits, retag: true, ..Work::default() },
            Action::Update | Action::Adopt => Work { wait: waits, update: true, ..Work::default() },
            Action::Move { .. } => Work { wait: waits, retag: true, ..Work::default() },
            Action::Await => Work { wait: true, ..Work::default() },
            Action::Delete | Action::Release => Work::default(),
        };
        let loss = work.delete.then(|| facts.data.map(str::to_owned)).flatten();
        let retag = if work.retag { retag(&decision) } else { TagChange::default() };
        Some(Self {
            change: Change {
                address: instance.address.clone(),
                kind: facts.name,
                region: instance.place().to_owned(),
                action,
                reason: decision.reason,
                id: decision.observed.as_ref().map(|observed| observed.id.clone()),
                generation: decision.generation,
                attributes: decision.attributes,
                loss,
                notes: decision.notes,
            },
            item: Item {
                observed: decision.observed,
                deletion: decision.deletion,
                retag,
                unsettled: None,
                role_arn: instance.role_arn.clone(),
                timeouts: Some(instance.timeouts.or(facts.timeouts)),
            },
            work,
        })
    }

    /// The end of a thing.
    pub(super) fn removal(
        address: &Address,
        generation: u32,
        thing: &Arc<Observed>,
        reason: Reason,
        data: Option<&str>,
    ) -> Self {
        Self {
            change: Change {
                address: address.clone(),
                kind: thing.kind,
                region: thing.region.clone(),
                action: Action::Delete,
                reason,
                id: Some(thing.id.clone()),
                generation,
                attributes: Vec::new(),
                loss: data.map(str::to_owned),
                notes: Vec::new(),
            },
            item: Item { observed: Some(Arc::clone(thing)), role_arn: thing.role_arn.clone(), ..Item::default() },
            work: Work { delete: true, ..Work::default() },
        }
    }

    /// Whether a thing that lives goes by this change.
    pub(super) fn deletes(&self) -> bool {
        self.work.delete
    }

    /// Deletes it as the instance says.
    pub(super) fn deleted_as(mut self, instance: &Instance, deletion: Deletion) -> Self {
        self.item.deletion = deletion;
        self.item.role_arn.clone_from(&instance.role_arn);
        self.item.timeouts = Some(instance.timeouts.or(instance.facts.timeouts));
        self
    }
}
