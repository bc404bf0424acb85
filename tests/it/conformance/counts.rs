//! How many calls reading a kind makes: so many for its lists, and for each instance exactly as many details as its
//! facts say. `docs/performance.md` has the table; `UPDATE=1 cargo test --test it counts` writes it.
//!
//! `copies.yaml` says what a second and a third instance of a kind's example must have otherwise: `set` holds
//! attributes, `resources` what they need, both with the number in place of `{n}`; `without` names resources of the
//! example that are left out, and `details` is what an instance of the example costs, where that is less than the most
//! that one can cost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use clefctl::aws::{Access, Connection};
use clefctl_core::kind::{Found, Registry};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::driver::{Wire, registry};
use super::{each_kind, example};
use crate::support::{Moto, assert_table};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Copies {
    #[serde(default)]
    resource: Option<String>,
    #[serde(default)]
    set: Map<String, Value>,
    #[serde(default)]
    resources: Map<String, Value>,
    #[serde(default)]
    without: Vec<String>,
    details: Option<u64>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn copies(kind: &str) -> Copies {
    let text = fs::read_to_string(root().join("tests/it/conformance/copies.yaml")).unwrap();
    let mut all: BTreeMap<String, Copies> = serde_saphyr::from_str(&text).unwrap();
    all.remove(kind).unwrap_or_default()
}

/// The same with a number in place of `{n}`, in keys as well.
fn numbered(value: &Value, n: u32) -> Value {
    serde_json::from_str(&value.to_string().replace("{n}", &n.to_string())).unwrap()
}

/// The example of a kind with so many more instances of it.
fn stack(kind: &str, naming: Option<&str>, more: u32) -> Value {
    let copies = copies(kind);
    let mut stack: Value = serde_saphyr::from_str(&fs::read_to_string(example(kind)).unwrap()).unwrap();
    let resources = stack["resources"].as_object_mut().unwrap();
    resources.retain(|name, _| !copies.without.contains(name));
    let of_kind = |name: &String| resources[name]["kind"] == kind;
    let first = copies.resource.clone().or_else(|| resources.keys().find(|name| of_kind(name)).cloned());
    let first = first.unwrap_or_else(|| panic!("no {kind} in its example"));
    for n in 2..2 + more {
        let mut copy = resources[&first].clone();
        let copy_attributes = copy.as_object_mut().unwrap();
        if let Some(naming) = naming {
            copy_attributes.remove(naming);
        }
        copy_attributes.extend(numbered(&copies.set.clone().into(), n).as_object().unwrap().clone());
        resources.insert(format!("{first}_{n}"), copy);
        resources.extend(numbered(&copies.resources.clone().into(), n).as_object().unwrap().clone());
    }
    stack
}

/// A kind's parents, theirs, and so on.
fn ancestors(registry: &Registry, kind: &str) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let mut left = vec![registry.kind(kind).unwrap().facts()];
    while let Some(facts) = left.pop() {
        let Found::Child(parents) = facts.found else { continue };
        for parent in parents {
            // A parent may be of a kind that is not built.
            if let Some(parent) = registry.kind(parent).filter(|_| found.insert(*parent)) {
                left.push(parent.facts());
            }
        }
    }
    found.remove(kind);
    found
}

/// What reading the kind alone costs, and how many of it there are.
async fn own(wire: &Wire<'_>, kind: &'static str, ancestors: &BTreeSet<&'static str>) -> (u64, u64) {
    let (before, _) = wire.calls(ancestors).await;
    let (with, things) = wire.calls(&ancestors.iter().copied().chain([kind]).collect()).await;
    (with - before, things.get(kind).copied().unwrap_or_default())
}

#[test]
fn a_plan_makes_as_many_calls_as_the_tables_say_and_no_more() {
    let lists = Mutex::new(BTreeMap::new());
    each_kind(|kind| {
        let lists = &lists;
        async move {
            let registry = registry(&Connection::new(Access::default()));
            let facts = registry.kind(kind).unwrap().facts();
            let ancestors = ancestors(&registry, kind);
            let moto = Moto::start_in("eu-west-3");
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("stack.yaml");
            let naming = facts.naming.map(|naming| naming.attribute);
            let mut seen = Vec::new();
            for more in [0, 2] {
                fs::write(&path, stack(kind, naming, more).to_string()).unwrap();
                let wire = Wire::new(&moto, &path).narrow();
                wire.apply().await;
                seen.push(own(&wire, kind, &ancestors).await);
            }
            let [(one, few), (three, many)] = seen[..] else { panic!("two surveys") };
            assert!(many > few, "{kind}: {few} instances, then {many}");
            let most = u64::from(facts.details);
            let (details, more) = (copies(kind).details.unwrap_or(most), many - few);
            assert!(details <= most, "{kind}: {details} details, of {most} at the most");
            assert_eq!(
                three - one,
                more * details,
                "{kind}: calls for {more} instances more, of {details} details each"
            );
            lists.lock().unwrap().insert(kind, (one - few * details, details));
        }
    });
    let lists = lists.into_inner().unwrap();
    if std::env::var_os("CLEFCTL_KIND").is_none() {
        assert_documented(&lists);
    }
}

fn assert_documented(lists: &BTreeMap<&'static str, (u64, u64)>) {
    let rows = lists.iter().map(|(kind, (lists, details))| format!("| `{kind}` | {lists} | {details} |\n"));
    let table = format!("| kind | lists | details |\n|---|---|---|\n{}", rows.collect::<String>());
    assert_table("docs/performance.md", "counted", &table, "counts");
}
