//! Every attribute on the wire: set, changed, and taken away again, each time with an empty plan afterwards.
//!
//! `attributes/<kind>.yaml` says what is set on which resource of `examples/<kind>.yaml`:
//!
//! | key | meaning |
//! |---|---|
//! | `resource` | name of the resource |
//! | `sets` | list of attributes that are set together, one after the other: what one sets, the next takes away |
//! | `together` | one set that takes as many calls as there can be: its update is cut before and after each of them |
//! | `resources` | further resources that these need |
//! | `beside` | further resources of the kind whose attributes can only be set at creation |
//! | `boto` | a snippet whose `result`, a mapping, becomes the stack's locals |
//! | `elsewhere` | attributes that other tests look at, each with the reason |

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clefctl::aws::{Access, Connection};
use clefctl_core::engine::Options;
use clefctl_core::engine::plan::{Action, Plan};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::driver::{Wire, assert_done, registry};
use super::fault::Fault;
use super::{each_kind, example};
use crate::support::{Moto, assert_table};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attributes {
    resource: String,
    sets: Vec<Map<String, Value>>,
    #[serde(default)]
    together: Map<String, Value>,
    #[serde(default)]
    resources: Map<String, Value>,
    #[serde(default)]
    beside: Map<String, Value>,
    boto: Option<String>,
    #[serde(default)]
    elsewhere: BTreeMap<String, String>,
}

fn yaml<T: for<'de> Deserialize<'de>>(path: &Path) -> T {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn file(kind: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/conformance/attributes");
    folder.join(format!("{kind}.yaml"))
}

/// What `attributes/<kind>.yaml` says.
fn attributes(kind: &str) -> Attributes {
    yaml(&file(kind))
}

/// The attributes of a kind that can change while a thing lives.
fn changeable(kind: &str) -> BTreeSet<&'static str> {
    let registry = registry(&Connection::new(Access::default()));
    let attributes = registry.kind(kind).unwrap().facts().declared.attributes.iter();
    let living = attributes.filter(|a| !a.create_only && !a.local && !a.write_only);
    living.map(|attribute| attribute.name).collect()
}

/// The example, and the example with each of the sets, with the name of the resource that has them.
pub(super) fn stacks(kind: &str) -> Vec<(String, Value)> {
    let attributes = attributes(kind);
    let nothing = Map::new();
    let sets = [&nothing].into_iter().chain(&attributes.sets);
    sets.map(|set| (attributes.resource.clone(), stack(kind, &attributes, &Value::Null, set))).collect()
}

/// The example with more in it.
fn stack(kind: &str, attributes: &Attributes, locals: &Value, set: &Map<String, Value>) -> Value {
    let mut stack: Value = yaml(&example(kind));
    if !locals.is_null() {
        stack["locals"] = locals.clone();
    }
    let resources = stack["resources"].as_object_mut().unwrap();
    resources.extend(attributes.resources.clone());
    resources.extend(attributes.beside.clone());
    resources[&attributes.resource].as_object_mut().unwrap().extend(set.clone());
    stack
}

/// It as a stack file. JSON is YAML.
fn write(folder: &Path, kind: &str, attributes: &Attributes, locals: &Value, set: &Map<String, Value>) -> PathBuf {
    let stack = stack(kind, attributes, locals, set);
    let path = folder.join("stack.yaml");
    fs::write(&path, stack.to_string()).unwrap();
    path
}

/// Only attributes of `resource` that are set now, or were before, differ, and nothing is replaced.
fn assert_only(plan: &Plan, resource: &str, touched: &BTreeSet<&str>) {
    for change in &plan.changes {
        let names: Vec<_> = change.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
        let expected = *change.address.name == *resource && change.action == Action::Update;
        assert!(expected && names.iter().all(|name| touched.contains(name)), "{touched:?}: {change:#?}");
    }
}

#[test]
fn every_attribute_can_be_set_and_taken_away() {
    each_kind(|kind| async move {
        let attributes = attributes(kind);
        let moto = Moto::start_in("eu-west-3");
        let locals = attributes.boto.as_deref().map_or(Value::Null, |script| moto.boto(script));
        let folder = tempfile::tempdir().unwrap();
        let nothing = Map::new();
        let mut before = &nothing;
        for set in [&nothing].into_iter().chain(&attributes.sets).chain([&nothing]) {
            let wire = Wire::new(&moto, &write(folder.path(), kind, &attributes, &locals, set)).narrow();
            if !set.is_empty() || !before.is_empty() {
                let touched = set.keys().chain(before.keys()).map(String::as_str).collect();
                assert_only(&wire.plan().await.plan, &attributes.resource, &touched);
            }
            wire.apply().await;
            let plan = wire.plan().await.plan;
            assert!(plan.is_empty(), "{kind} with {set:?}: the plan afterwards is not empty: {:#?}", plan.changes);
            before = set;
        }
        Wire::new(&moto, &write(folder.path(), kind, &attributes, &locals, &nothing)).narrow().destroy().await;

        let set = attributes.sets.iter().flat_map(Map::keys).chain(attributes.elsewhere.keys());
        let set: BTreeSet<&str> = set.map(String::as_str).collect();
        let left: Vec<_> = changeable(kind).into_iter().filter(|name| !set.contains(name)).collect();
        assert!(left.is_empty(), "{kind}: attributes/{kind}.yaml does not set {left:?}");
    });
}

/// `docs/emulators.md` lists what is not set over HTTP. `UPDATE=1 cargo test --test it on_the_wire` writes it.
#[test]
fn what_is_not_set_on_the_wire_is_listed() {
    let mut table = "| attribute | why |\n|---|---|\n".to_owned();
    for kind in registry(&Connection::new(Access::default())).kinds() {
        let kind = kind.facts().name;
        for (attribute, why) in attributes(kind).elsewhere {
            writeln!(table, "| `{kind}.{attribute}` | {why} |").unwrap();
        }
    }
    assert_table("docs/emulators.md", "elsewhere", &table, "on_the_wire");
}

#[test]
fn an_update_that_is_cut_anywhere_is_completed_by_the_next_run() {
    each_kind(|kind| async move {
        let attributes = Attributes { beside: Map::new(), ..attributes(kind) };
        if attributes.together.is_empty() {
            assert_eq!(changeable(kind), BTreeSet::new(), "{kind}: what can be changed at once?");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        for fault in [Fault::CutBefore, Fault::CutAfter, Fault::LostAnswer] {
            for at in 0.. {
                let moto = Moto::start_in("eu-west-3");
                let locals = attributes.boto.as_deref().map_or(Value::Null, |script| moto.boto(script));
                let example = write(folder.path(), kind, &attributes, &locals, &Map::new());
                Wire::new(&moto, &example).narrow().apply().await;
                let changed = write(folder.path(), kind, &attributes, &locals, &attributes.together);
                let wire = Wire::new(&moto, &changed).narrow();
                let ended = wire.apply_with(Options::default(), kind, Some((fault, at))).await;
                let Some(operation) = ended.struck else { break };
                if let Some(report) = &ended.report {
                    assert_done(report);
                }
                wire.apply().await;
                let plan = wire.plan().await.plan;
                let place = format!("{kind}: {fault:?} at {operation} (request {at} of the update)");
                assert!(plan.is_empty(), "{place}: the plan after the second run is not empty: {:#?}", plan.changes);
            }
        }
    });
}
