//! What goes: entries that left the file, what a newer generation has replaced, everything in a destroy.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::draft::{Draft, Work};
use super::known::{Known, view};
use super::links::Link;
use super::live::{Live, Lives};
use super::plan::{Action, Reason};
use super::scene::Scene;
use crate::error::Problem;
use crate::kind::{Address, Deletion, Facts, Instance, Map, Mark, Observed, Status, TagChange, World, tag};

/// The changes of all that is not what the stack wants, in the order of their addresses.
///
/// `selected` tells which addresses the command line allows to touch.
pub(super) fn removals(
    scene: &Scene<'_>,
    live: &Live,
    selected: &dyn Fn(&Address) -> bool,
    problems: &mut Vec<Problem>,
) -> Vec<Draft> {
    let world = if scene.options.destroy { observed_world(scene, live) } else { Known::default() };
    let mut drafts = Vec::new();
    for (address, kind, lives) in live.all().filter(|(address, _, _)| selected(address)) {
        let Ok(kind) = scene.kind(kind, address) else { continue };
        let facts = kind.facts();
        let entry = scene.stack.instances().get(address).filter(|instance| instance.kind == facts.name);
        for (generation, thing) in &lives.superseded {
            drafts.push(Draft::removal(address, *generation, thing, Reason::Superseded, facts.data));
        }
        let reason = match entry {
            Some(_) if !scene.options.destroy => continue,
            _ if scene.options.destroy => Reason::Destroy,
            _ => Reason::NotInStack,
        };
        for thing in lives.current.iter().chain(&lives.unmarked) {
            let ending = Ending { scene, address, facts, lives, thing, entry };
            match ending.draft(reason.clone(), &world) {
                Ok(draft) => drafts.push(draft),
                Err(problem) => problems.push(*problem),
            }
        }
    }
    drafts
}

/// Everything as it was observed: what the expressions of a stack see while it goes.
pub(super) fn observed_world(scene: &Scene<'_>, live: &Live) -> Known {
    let mut world = Known::new(&scene.inventory.account);
    for (address, kind, lives) in live.all() {
        if let (Some(thing), Ok(kind)) = (&lives.current, scene.kind(kind, address)) {
            world.set(address, view(kind.facts(), address, &Map::new(), Some(thing), |_| false));
        }
    }
    let late = scene.inventory.lookups.iter().map(|(name, (_, answer))| (name, answer));
    for (name, answer) in scene.inventory.answers.iter().chain(late) {
        world.answer(name, answer.clone());
    }
    world
}

struct Ending<'a> {
    scene: &'a Scene<'a>,
    address: &'a Address,
    facts: &'static Facts,
    lives: &'a Lives,
    thing: &'a Arc<Observed>,
    entry: Option<&'a Instance>,
}

impl Ending<'_> {
    fn draft(&self, reason: Reason, world: &dyn World) -> Result<Draft, Box<Problem>> {
        let kept = self.thing.tags.get(tag::KEEP).map(String::as_str);
        let retain = self.entry.map_or(kept == Some("retain"), |entry| entry.lifecycle.retain);
        if retain {
            return Ok(self.release(reason));
        }
        let protect = self.entry.map_or(kept == Some("protect"), |entry| entry.lifecycle.prevent_destroy);
        if protect {
            return Err(Box::new(self.protected()));
        }
        let draft = Draft::removal(self.address, self.lives.generation.max(1), self.thing, reason, self.facts.data);
        let Some(entry) = self.entry else {
            let mut draft = draft;
            if self.facts.data.is_some() {
                draft.change.notes.push("deleted in the safest way, since its entry is gone".to_owned());
            }
            return Ok(draft);
        };
        // What cannot be evaluated any more is deleted in the safest way.
        let declared = self.scene.stack.evaluate(entry, world).unwrap_or_default();
        let declared = declared.into_iter().filter(|(_, value)| value.is_known()).collect();
        Ok(draft.deleted_as(entry, Deletion { declared }))
    }

    fn release(&self, reason: Reason) -> Draft {
        let mut draft = Draft::removal(self.address, self.lives.generation.max(1), self.thing, reason, None);
        let ours: BTreeSet<&String> = self.thing.tags.keys().filter(|key| key.starts_with(tag::PREFIX)).collect();
        draft.change.action = Action::Release;
        draft.change.notes.push("`retain` keeps it in AWS".to_owned());
        draft.work = Work { retag: self.facts.mark != Mark::Prefix, ..Work::default() };
        draft.item.retag = TagChange { remove: ours.into_iter().cloned().collect(), ..TagChange::default() };
        draft
    }

    fn protected(&self) -> Problem {
        let id = &self.thing.id;
        match self.entry {
            Some(entry) => Problem::error(format!("{id} would be deleted, and `prevent_destroy` forbids it"))
                .at(entry.span)
                .address(self.address)
                .hint("Take `prevent_destroy` out of its `lifecycle` and apply, then destroy."),
            None => Problem::error(format!(
                "{id} is not in the stack any more, and its `prevent_destroy` forbids to delete it"
            ))
            .address(self.address)
            .hint(format!("To keep it without clefctl: `clefctl release '{}'`.", self.address))
            .hint("To delete it: put its entry back without `prevent_destroy`, apply, and take it out again."),
        }
    }
}

/// Things that are going already and stand in the way: of a new one at their address, or of the deletion of what
/// they refer to. They are awaited.
pub(super) fn awaited(
    scene: &Scene<'_>,
    live: &Live,
    drafts: &[Draft],
    things: &[Arc<Observed>],
    links: &[Link],
) -> Vec<Draft> {
    let created: BTreeSet<(&Address, &str)> = drafts
        .iter()
        .filter(|draft| draft.work.create)
        .map(|draft| (&draft.change.address, draft.change.kind))
        .collect();
    let gone: BTreeSet<*const Observed> = drafts
        .iter()
        .filter(|draft| draft.deletes())
        .filter_map(|draft| draft.item.observed.as_ref().map(Arc::as_ptr))
        .collect();
    let mut blocking: BTreeSet<*const Observed> = BTreeSet::new();
    for link in links {
        if gone.contains(&Arc::as_ptr(&things[link.to])) {
            blocking.insert(Arc::as_ptr(&things[link.from]));
        }
    }
    let mut awaited = Vec::new();
    for (address, kind, lives) in live.all() {
        for thing in &lives.dying {
            let Status::Dying(word) = &thing.status else { continue };
            if created.contains(&(address, kind)) || blocking.contains(&Arc::as_ptr(thing)) {
                let generation = thing.ours().map_or(1, |(_, generation)| generation);
                let mut draft = Draft::removal(address, generation, thing, Reason::InProgress(word.clone()), None);
                draft.change.action = Action::Await;
                if let Some(entry) = scene.stack.instances().get(address) {
                    draft = draft.deleted_as(entry, Deletion::default());
                }
                awaited.push(draft);
            }
        }
    }
    awaited
}
