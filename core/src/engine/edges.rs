//! Which step needs which: from references, from what lives, and from the orders that no attribute shows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::draft::Draft;
use super::graph::{Steps, Strength};
use super::known::Known;
use super::links::Link;
use super::plan::{Action, Reason, StepId, Verb};
use super::scene::Scene;
use crate::error::Problem;
use crate::kind::{Address, Instance, Observed, Reference, Target, Type, Unique, World};

/// From so many pairs on the static order goes through one of them.
const MANY: usize = 4096;

/// Everything that decides the order of steps.
pub(super) struct Ordering<'a> {
    pub scene: &'a Scene<'a>,
    pub drafts: &'a [Draft],
    pub things: &'a [Arc<Observed>],
    pub links: &'a [Link],
    pub known: &'a Known,
}

impl Ordering<'_> {
    /// All steps with all their needs; circles are not resolved yet.
    pub(super) fn steps(&self) -> Steps {
        let mut steps = Steps::new(self.drafts);
        self.references(&mut steps);
        self.live_references(&mut steps);
        self.names(&mut steps);
        self.static_order(&mut steps);
        steps
    }

    /// The change of the instance that an address has afterwards, by address.
    fn changes(&self) -> BTreeMap<&Address, usize> {
        let stays =
            |draft: &Draft| !matches!(draft.change.action, Action::Delete | Action::Release) && !only_goes(draft);
        self.drafts
            .iter()
            .enumerate()
            .filter(|(_, draft)| stays(draft))
            .map(|(i, draft)| (&draft.change.address, i))
            .collect()
    }

    /// What expressions and `depends_on` refer to comes first; a thing that a new one replaces goes when all that
    /// refers to its address has turned to the new one.
    fn references(&self, steps: &mut Steps) {
        let changes = self.changes();
        let mut leaving: BTreeMap<&Address, Vec<usize>> = BTreeMap::new();
        for (i, draft) in self.drafts.iter().enumerate().filter(|(_, draft)| draft.deletes()) {
            let before_others = matches!(draft.change.action, Action::Replace { create_first: false });
            if !before_others && draft.change.reason != Reason::Destroy {
                leaving.entry(&draft.change.address).or_default().push(i);
            }
        }
        for (&address, olds) in &leaving {
            if let Some(&change) = changes.get(address) {
                for &old in olds {
                    steps.needs(steps.step(old, Verb::Delete), steps.ready(change), Strength::Firm);
                }
            }
        }
        for (&address, &change) in &changes {
            let Some(instance) = self.scene.stack.instances().get(address) else { continue };
            for (reference, settled, to) in self.targets(instance) {
                let early = steps.step(change, Verb::Create).or_else(|| steps.step(change, Verb::Update));
                let from = steps.step(change, Verb::Settle).filter(|_| settled).or(early);
                if let Some(&target) = changes.get(to).filter(|target| **target != change) {
                    let made = steps.step(target, Verb::Create).or_else(|| steps.step(target, Verb::Wait));
                    steps.needs(from, made, Strength::Hard);
                    let firm = if self.waits_for(reference, to) { Strength::Hard } else { Strength::Soft };
                    let firm = if made.is_some() { Strength::Soft } else { firm };
                    steps.needs(from, steps.ready(target), firm);
                }
                for &old in leaving.get(to).into_iter().flatten() {
                    steps.needs(steps.step(old, Verb::Delete), steps.ready(change), Strength::Soft);
                }
            }
        }
    }

    /// Whether what is referred to is known only after the change of its target.
    fn waits_for(&self, reference: &Reference, to: &Address) -> bool {
        let (Some(attribute), Some(value)) = (&reference.attribute, self.known.instance(to)) else { return false };
        matches!(&reference.to, Target::Lookup(_)) || !value.get(attribute).is_known()
    }

    /// The instances to which an instance refers, directly or through lookups.
    fn targets<'a>(&'a self, instance: &'a Instance) -> Vec<(&'a Reference, bool, &'a Address)> {
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next: Vec<(&Reference, bool)> =
            instance.references.iter().map(|reference| (reference, reference.settled_from)).collect();
        while let Some((reference, settled)) = next.pop() {
            match &reference.to {
                Target::Instance(address) => found.push((reference, settled, address)),
                Target::Lookup(name) => {
                    if seen.insert((name, settled))
                        && let Some(lookup) = self.scene.stack.lookups().get(name)
                    {
                        next.extend(lookup.references.iter().map(|reference| (reference, settled)));
                    }
                }
            }
        }
        found
    }

    /// What refers to a thing goes, or turns away, before the thing goes.
    fn live_references(&self, steps: &mut Steps) {
        let mut by_thing: HashMap<*const Observed, usize> = HashMap::new();
        for (i, draft) in self.drafts.iter().enumerate() {
            if let Some(thing) = &draft.item.observed {
                by_thing.insert(Arc::as_ptr(thing), i);
            }
        }
        let change = |thing: usize| by_thing.get(&Arc::as_ptr(&self.things[thing])).copied();
        for link in self.links {
            let (Some(from), Some(to)) = (change(link.from), change(link.to)) else { continue };
            if let Some(gone) = steps.step(from, Verb::Delete) {
                let strength = if link.settled { Strength::Detachable } else { Strength::Firm };
                steps.needs(steps.step(to, Verb::Delete), Some(gone), strength);
            } else {
                let strength = if link.settled { Strength::Detachable } else { Strength::Soft };
                steps.needs(steps.step(to, Verb::Delete), steps.ready(from), strength);
            }
        }
        if self.scene.options.destroy {
            self.declared_deletions(steps);
        }
    }

    /// In a destroy, what the stack says refers to a thing goes before it, even where no live attribute shows it.
    fn declared_deletions(&self, steps: &mut Steps) {
        let gone: BTreeMap<&Address, usize> = self
            .drafts
            .iter()
            .enumerate()
            .filter(|(_, draft)| draft.deletes())
            .map(|(i, d)| (&d.change.address, i))
            .collect();
        for (&address, &change) in &gone {
            let Some(instance) = self.scene.stack.instances().get(address) else { continue };
            for (_, _, to) in self.targets(instance) {
                if let Some(&target) = gone.get(to) {
                    steps.needs(steps.step(target, Verb::Delete), steps.step(change, Verb::Delete), Strength::Soft);
                }
            }
        }
    }

    /// A new thing with the name or the address of one that goes waits until that is gone.
    fn names(&self, steps: &mut Steps) {
        let mut going: HashMap<(&str, &str, String), usize> = HashMap::new();
        let mut dying: BTreeMap<(&Address, &str), Vec<usize>> = BTreeMap::new();
        for (i, draft) in self.drafts.iter().enumerate().filter(|(_, draft)| draft.deletes()) {
            let change = &draft.change;
            if only_goes(draft) {
                dying.entry((&change.address, change.kind)).or_default().push(i);
            }
            let name =
                draft.item.observed.as_ref().and_then(|thing| self.unique_name(change.kind, |a| thing.get(a).as_str()));
            if let Some(name) = name {
                going.insert((change.kind, &change.region, name), i);
            }
        }
        for (i, draft) in self.drafts.iter().enumerate().filter(|(_, draft)| draft.work.create) {
            let change = &draft.change;
            for &old in dying.get(&(&change.address, change.kind)).into_iter().flatten() {
                steps.needs(steps.step(i, Verb::Create), steps.step(old, Verb::Delete), Strength::Hard);
            }
            let made = self.known.instance(&change.address).unwrap_or_default();
            let name = self.unique_name(change.kind, |attribute| made.get(attribute).as_str());
            if let Some(&old) = name.and_then(|name| going.get(&(change.kind, change.region.as_str(), name)))
                && old != i
            {
                steps.needs(steps.step(i, Verb::Create), steps.step(old, Verb::Delete), Strength::Firm);
            }
        }
    }

    /// The physical name of a thing whose kind allows each name once.
    fn unique_name<'v>(&self, kind: &str, get: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
        let naming = self.scene.registry.kind(kind)?.facts().naming.filter(|naming| naming.unique != Unique::No)?;
        get(naming.attribute).map(str::to_lowercase)
    }

    /// Departures whose order the tables fix: deletions, and updates by which a thing turns from one to another.
    fn static_order(&self, steps: &mut Steps) {
        let mut leaving: BTreeMap<(&str, &str), Vec<StepId>> = BTreeMap::new();
        for (i, draft) in self.drafts.iter().enumerate() {
            let turns = self.turns(draft).then(|| steps.step(i, Verb::Update)).flatten();
            if let Some(step) = steps.step(i, Verb::Delete).or(turns) {
                leaving.entry((draft.change.kind, &draft.change.region)).or_default().push(step);
            }
        }
        for (&(kind, region), lasts) in &leaving {
            let Some(kind) = self.scene.registry.kind(kind) else { continue };
            for &first in kind.facts().deleted_after {
                let firsts = leaving.get(&(first, region)).map(Vec::as_slice).unwrap_or_default();
                // All after all is quadratic: among very many, one of them waits for all, and the others for that one.
                let gate = lasts.first().filter(|_| firsts.len() * lasts.len() > MANY);
                for &last in lasts {
                    let firsts = match gate {
                        Some(gate) if *gate != last => std::slice::from_ref(gate),
                        _ => firsts,
                    };
                    for &first in firsts {
                        steps.needs(Some(last), Some(first), Strength::Tie);
                    }
                }
            }
        }
    }

    /// Whether a thing is updated to refer to something else.
    fn turns(&self, draft: &Draft) -> bool {
        let Some(kind) = self.scene.registry.kind(draft.change.kind).filter(|_| draft.work.update) else {
            return false;
        };
        let refers = |name: &str| kind.facts().declared.attribute(name).is_some_and(|attribute| refers(&attribute.ty));
        draft.change.attributes.iter().any(|change| refers(&change.name))
    }
}

/// Whether values of the type may refer to other things.
fn refers(ty: &Type) -> bool {
    match ty {
        Type::Reference { .. } => true,
        Type::List(item) | Type::Set(item) | Type::Map(item) => refers(item),
        Type::Block(block) => block.attributes.iter().any(|attribute| refers(&attribute.ty)),
        _ => false,
    }
}

/// Whether the change only waits until a thing is gone.
fn only_goes(draft: &Draft) -> bool {
    draft.change.action == Action::Await && draft.deletes()
}

/// Where an old thing must go before the new one comes, all that refers to it and is replaced as well goes the same
/// way: its old thing would hold the other one back, and its new one cannot be made before the other new one. Settled
/// references hold nothing back: they are taken out.
pub(super) fn old_ones_first(
    scene: &Scene<'_>,
    drafts: &mut [Draft],
    things: &[Arc<Observed>],
    links: &[Link],
    problems: &mut Vec<Problem>,
) {
    let by_thing: HashMap<*const Observed, usize> = drafts
        .iter()
        .enumerate()
        .filter_map(|(i, draft)| Some((Arc::as_ptr(draft.item.observed.as_ref()?), i)))
        .collect();
    let mut referrers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for link in links.iter().filter(|link| !link.settled) {
        let change = |thing: usize| by_thing.get(&Arc::as_ptr(&things[thing])).copied();
        if let (Some(from), Some(to)) = (change(link.from), change(link.to)) {
            referrers.entry(to).or_default().push(from);
        }
    }
    let first = |draft: &Draft| matches!(draft.change.action, Action::Replace { create_first: false });
    let mut next: Vec<usize> = (0..drafts.len()).filter(|&i| first(&drafts[i])).collect();
    while let Some(old) = next.pop() {
        for &referrer in referrers.get(&old).into_iter().flatten() {
            if drafts[referrer].change.action != (Action::Replace { create_first: true }) {
                continue;
            }
            let needed = drafts[old].change.address.to_string();
            let draft = &mut drafts[referrer];
            let entry = scene.stack.instances().get(&draft.change.address);
            if let Some(entry) = entry.filter(|entry| entry.lifecycle.create_before_destroy == Some(true)) {
                problems.push(
                    Problem::error(format!(
                        "the new one cannot be made first: it needs `{needed}`, whose old one must go first"
                    ))
                    .at(entry.span)
                    .address(&draft.change.address)
                    .hint("Take `create_before_destroy` out, or undo the change that replaces the other."),
                );
                continue;
            }
            draft.change.action = Action::Replace { create_first: false };
            draft.change.notes.push(format!("the old one goes first, as that of `{needed}` must"));
            next.push(referrer);
        }
    }
}
