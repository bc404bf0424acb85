//! Values and decisions of all declared instances, in the order in which they refer to one another.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::{Decision, Moving, decide};
use super::draft::Draft;
use super::known::{Known, view};
use super::live::Live;
use super::order::{Node, groups};
use super::plan::Reason;
use super::scene::Scene;
use crate::error::Problem;
use crate::kind::{Address, Instance, LookupUse, Map, Shape, Target, Value};

/// What was decided of all declared instances.
pub(super) struct Resolution {
    /// What expressions see before anything is done.
    pub known: Known,
    /// The instances to which something happens.
    pub drafts: Vec<Draft>,
    /// How many stay as they are.
    pub unchanged: usize,
}

/// Decides of every instance that is selected; the others stay whatever they are.
pub(super) fn resolve(
    scene: &Scene<'_>,
    live: &Live,
    selected: &dyn Fn(&Address) -> bool,
    problems: &mut Vec<Problem>,
) -> Resolution {
    let mut known = Known::new(&scene.inventory.account);
    for (lookup, answer) in &scene.inventory.answers {
        known.answer(lookup, answer.clone());
    }
    let mut pass = Pass { scene, live, known, drafts: Vec::new(), unchanged: 0, moving: Moving::new(), problems };
    for group in groups(scene.stack) {
        let mut members = Vec::new();
        for node in group {
            match node {
                Node::Lookup(lookup) => pass.lookup(lookup),
                Node::Instance(instance) if selected(&instance.address) => members.push(instance),
                Node::Instance(instance) => pass.leave(instance),
            }
        }
        pass.instances(&members);
    }
    Resolution { known: pass.known, drafts: pass.drafts, unchanged: pass.unchanged }
}

struct Pass<'a> {
    scene: &'a Scene<'a>,
    live: &'a Live,
    known: Known,
    drafts: Vec<Draft>,
    unchanged: usize,
    moving: Moving,
    problems: &'a mut Vec<Problem>,
}

impl Pass<'_> {
    /// A lookup is known if it was read before, with the arguments that it has now.
    fn lookup(&mut self, lookup: &LookupUse) {
        if self.known.answered(&lookup.name) || !lookup.needed {
            return;
        }
        let answer = match self.scene.stack.arguments(lookup, &self.known) {
            Ok(arguments) => match (arguments, self.scene.inventory.lookups.get(&lookup.name)) {
                (Some(now), Some((read, answer))) if *read == now => answer.clone(),
                _ => Value::unknown(Shape::Any, format!("lookup.{}", lookup.name)),
            },
            Err(found) => return self.problems.extend(found),
        };
        self.known.answer(&lookup.name, answer);
    }

    /// An instance that the command line leaves alone is seen as it lives.
    fn leave(&mut self, instance: &Instance) {
        self.foresee(instance);
        if self.live.at(&instance.address, instance.kind).is_some_and(|lives| lives.current.is_some()) {
            self.unchanged += 1;
        }
    }

    /// Before it is decided, an instance that lives is seen as it lives.
    fn foresee(&mut self, instance: &Instance) {
        let thing = self.live.at(&instance.address, instance.kind).and_then(|lives| lives.current.as_ref());
        if let (Some(thing), Ok(kind)) = (thing, self.scene.kind(instance.kind, &instance.address)) {
            let value = view(kind.facts(), &instance.address, &Map::new(), Some(thing), |_| false);
            self.known.set(&instance.address, value);
        }
    }

    /// Decides of the members of a group. In a circle they see one another, so they are looked at again until
    /// nothing new comes of it: each further look can only make more of them change, hence the bound.
    fn instances(&mut self, members: &[&Instance]) {
        let circle = members.len() > 1 || members.iter().any(|instance| may_see_itself(instance));
        if circle {
            for instance in members {
                self.foresee(instance);
            }
        }
        let mut decided: BTreeMap<&Address, Decision> = BTreeMap::new();
        let mut found = Vec::new();
        for _ in 0..=members.len() {
            let mut same = true;
            found.clear();
            for instance in members {
                let lives = self.live.at(&instance.address, instance.kind);
                match decide(self.scene, instance, lives, &self.known, &self.moving) {
                    Ok(decision) => {
                        self.known.set(&instance.address, decision.value.clone());
                        let before = decided.get(&instance.address).map(Decision::gist);
                        same &= before == Some(decision.gist());
                        decided.insert(&instance.address, decision);
                    }
                    Err(problems) => found.extend(problems),
                }
            }
            if same || !circle {
                break;
            }
        }
        self.problems.append(&mut found);
        for instance in members {
            let Some(decision) = decided.remove(&instance.address) else { continue };
            if let Reason::LookupMoved(lookups) = &decision.reason {
                self.moving.insert(instance.address.clone(), lookups.clone());
            }
            let Ok(kind) = self.scene.kind(instance.kind, &instance.address) else { continue };
            match Draft::of(decision, instance, kind.facts()) {
                Some(draft) => self.drafts.push(draft),
                None => self.unchanged += 1,
            }
        }
    }
}

/// Whether an attribute of an instance may refer to the instance itself: settled ones may.
fn may_see_itself(instance: &Instance) -> bool {
    let settled = |name: &String| instance.facts.declared.attribute(name).is_some_and(|attribute| attribute.settled);
    instance.written.iter().any(settled)
}

/// The addresses that the targets of the command line reach, through what they refer to; `None` if all do.
pub(super) fn reached(scene: &Scene<'_>) -> Option<BTreeSet<Address>> {
    if scene.options.targets.is_empty() {
        return None;
    }
    let instances = scene.stack.instances();
    let mut reached: BTreeSet<Address> =
        instances.keys().filter(|address| scene.options.targets(address)).cloned().collect();
    let mut next: Vec<Target> = reached.iter().cloned().map(Target::Instance).collect();
    let mut seen = BTreeSet::new();
    while let Some(target) = next.pop() {
        let references = match &target {
            Target::Instance(address) => instances.get(address).map(|instance| &instance.references),
            Target::Lookup(name) => scene.stack.lookups().get(name).map(|lookup| &lookup.references),
        };
        for reference in references.into_iter().flatten() {
            if seen.insert(reference.to.clone()) {
                if let Target::Instance(address) = &reference.to {
                    reached.insert(address.clone());
                }
                next.push(reference.to.clone());
            }
        }
    }
    Some(reached)
}
