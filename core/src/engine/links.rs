//! Which living things refer to which: found by matching their reference attributes with ids and other outputs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::kind::{Block, Map, Observed, Place, Registry, Type, Value};

/// One reference between living things, by their positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Link {
    /// The thing that refers.
    pub from: usize,
    /// The thing that is referred to.
    pub to: usize,
    /// Whether the reference is a settled one, which can be taken out first.
    pub settled: bool,
}

/// All references between the given things, sorted.
pub(super) fn links(things: &[Arc<Observed>], registry: &Registry) -> Vec<Link> {
    let outputs = referred_outputs(registry);
    let mut index: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (i, thing) in things.iter().enumerate() {
        for output in [thing.kind, ""].into_iter().filter_map(|kind| outputs.get(kind)).flatten() {
            if let Some(value) = thing.get(output).as_str() {
                index.entry((output, value)).or_default().push(i);
            }
        }
    }
    let mut links = BTreeSet::new();
    for (from, thing) in things.iter().enumerate() {
        let Some(kind) = registry.kind(thing.kind) else { continue };
        let mut found = |kind: &str, output: &'static str, value: &str, settled: bool| {
            for &to in index.get(&(output, value)).into_iter().flatten() {
                let fits = kind.is_empty() || things[to].kind == kind;
                if fits && to != from && near(&things[to], thing, registry) {
                    links.insert(Link { from, to, settled });
                }
            }
        };
        walk(kind.facts().declared, &thing.attributes, false, &mut found);
    }
    // A reference that cannot be taken out outweighs one that can.
    let firm: BTreeSet<(usize, usize)> =
        links.iter().filter(|link| !link.settled).map(|link| (link.from, link.to)).collect();
    links.into_iter().filter(|link| !link.settled || !firm.contains(&(link.from, link.to))).collect()
}

/// Names may be the same in two regions: only neighbours and global things are meant.
fn near(a: &Observed, b: &Observed, registry: &Registry) -> bool {
    let global = |thing: &Observed| registry.kind(thing.kind).is_some_and(|kind| kind.facts().place == Place::Global);
    a.region == b.region || global(a) || global(b)
}

/// The outputs by which things of each kind are referred to; under the empty name those of any kind.
fn referred_outputs(registry: &Registry) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    fn of_type(ty: &Type, found: &mut BTreeMap<&'static str, BTreeSet<&'static str>>) {
        match ty {
            Type::Reference { kind, output } => {
                found.entry(kind).or_default().insert(output);
            }
            Type::List(item) | Type::Set(item) | Type::Map(item) => of_type(item, found),
            Type::Block(block) => block.attributes.iter().for_each(|attribute| of_type(&attribute.ty, found)),
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    for kind in registry.kinds() {
        of_type(&Type::Block(kind.facts().declared), &mut found);
    }
    found
}

fn walk(block: &Block, values: &Map, settled: bool, found: &mut impl FnMut(&str, &'static str, &str, bool)) {
    for attribute in block.attributes {
        if let Some(value) = values.get(attribute.name) {
            walk_value(&attribute.ty, value, settled || attribute.settled, found);
        }
    }
}

fn walk_value(ty: &Type, value: &Value, settled: bool, found: &mut impl FnMut(&str, &'static str, &str, bool)) {
    match (ty, value.reveal()) {
        (Type::Reference { kind, output }, Value::String(text)) => found(kind, output, text, settled),
        (Type::List(item) | Type::Set(item), Value::List(items)) => {
            items.iter().for_each(|entry| walk_value(item, entry, settled, found));
        }
        (Type::Map(item), Value::Map(entries)) => {
            entries.values().for_each(|entry| walk_value(item, entry, settled, found));
        }
        (Type::Block(block), Value::Map(map)) => walk(block, map, settled, found),
        _ => {}
    }
}
