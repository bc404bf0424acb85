//! What lives, sorted by address: what is current, what was superseded, what is on its way in or out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::inventory::Inventory;
use crate::error::Problem;
use crate::kind::{Address, Moved, Observed, Owned, Status};

/// What lives of one kind at one address.
#[derive(Clone, Debug, Default)]
pub(super) struct Lives {
    /// The thing of the highest generation.
    pub current: Option<Arc<Observed>>,
    /// Its generation; 0 without one.
    pub generation: u32,
    /// Things of lower generations, the highest first.
    pub superseded: Vec<(u32, Arc<Observed>)>,
    /// A thing that has our name or path, but no mark yet.
    pub unmarked: Option<Arc<Observed>>,
    /// Things that are going.
    pub dying: Vec<Arc<Observed>>,
    /// The address at which the current thing lived until now, if it is another one.
    pub moved_from: Option<Address>,
}

/// A resource of another kind is another resource, whatever its address.
type Key = (Address, &'static str);

/// All that lives, by address and kind.
#[derive(Debug, Default)]
pub(super) struct Live {
    by_address: BTreeMap<Key, Lives>,
}

impl Live {
    /// Sorts what was observed. Two things of one generation at one address are a problem: clefctl picks none.
    pub(super) fn new(inventory: &Inventory, moved: &[Moved], problems: &mut Vec<Problem>) -> Self {
        let mut live = Self::default();
        let mut generations: BTreeMap<Key, Vec<(u32, Arc<Observed>)>> = BTreeMap::new();
        for thing in &inventory.things {
            let (address, generation) = match &thing.owned {
                Owned::Ours { address, generation } => (address, *generation),
                Owned::Pending(address) => (address, 0),
                Owned::Foreign(_) => continue,
            };
            let key = (address.clone(), thing.kind);
            if matches!(thing.status, Status::Dying(_)) {
                live.by_address.entry(key).or_default().dying.push(Arc::clone(thing));
            } else {
                generations.entry(key).or_default().push((generation, Arc::clone(thing)));
            }
        }
        for (key, mut things) in generations {
            things.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.id.cmp(&y.id)));
            for pair in things.windows(2) {
                if let [(a, first), (b, second)] = pair
                    && a == b
                {
                    problems.push(twice(&key.0, *a, first, second));
                }
            }
            let lives = live.by_address.entry(key).or_default();
            for (generation, thing) in things {
                if generation == 0 {
                    lives.unmarked.get_or_insert(thing);
                } else if lives.current.is_none() {
                    lives.generation = generation;
                    lives.current = Some(thing);
                } else {
                    lives.superseded.push((generation, thing));
                }
            }
        }
        live.rename(moved, problems);
        live
    }

    /// Brings things to the addresses that they are moved to.
    fn rename(&mut self, moved: &[Moved], problems: &mut Vec<Problem>) {
        for entry in moved {
            let kinds: Vec<&'static str> =
                self.by_address.keys().filter(|(address, _)| *address == entry.from).map(|(_, kind)| *kind).collect();
            for kind in kinds {
                let Some(mut lives) = self.by_address.remove(&(entry.from.clone(), kind)) else { continue };
                let to = (entry.to.clone(), kind);
                let there = self.by_address.get(&to).and_then(|lives| lives.current.as_ref());
                if let (Some(here), Some(there)) = (&lives.current, there) {
                    problems.push(
                        Problem::error(format!(
                            "`{}` cannot move to `{}`: both live, as {} and {}",
                            entry.from, entry.to, here.id, there.id
                        ))
                        .at(entry.span)
                        .hint("Take the entry of `moved` out; what has no entry of its own is deleted then."),
                    );
                    self.by_address.insert((entry.from.clone(), kind), lives);
                    continue;
                }
                lives.moved_from = Some(entry.from.clone());
                let there = self.by_address.entry(to).or_default();
                lives.dying.append(&mut there.dying);
                lives.unmarked = lives.unmarked.or(there.unmarked.take());
                *there = lives;
            }
        }
    }

    /// What lives of a kind at an address.
    pub(super) fn at(&self, address: &Address, kind: &'static str) -> Option<&Lives> {
        self.by_address.get(&(address.clone(), kind))
    }

    /// Everything, by address, then kind.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Address, &'static str, &Lives)> {
        self.by_address.iter().map(|((address, kind), lives)| (address, *kind, lives))
    }
}

fn twice(address: &Address, generation: u32, first: &Observed, second: &Observed) -> Problem {
    let what = match generation {
        0 => "look like it, and neither has its mark".to_owned(),
        _ => format!("say that they are its generation {generation}"),
    };
    Problem::error(format!("two things of kind {} {what}: {} and {}", first.kind, first.id, second.id))
        .address(address)
        .hint(format!(
            "Look which of them is in use, delete the other one in AWS, or take `clefctl:stack` off its tags; then plan again. Both are in {}.",
            first.region
        ))
}
