//! ClefCloud, the first user, on the wire: both environments in one account, each line of its architecture read back
//! with an independent client, what a plan of it costs, and that nobody touches the other.

mod changes;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clefctl_core::engine::plan::Plan;
use serde_json::Value;

use crate::conformance::driver::Wire;
use crate::support::{Moto, copy};

/// The API calls of a plan of prod with nothing to do.
const CALLS: usize = 126;

/// The proof of a line of `docs/clefcloud.md` that another test proves than those of `lines.py`.
const ELSEWHERE: &str = "—";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn stack(moto: &Moto) -> Wire<'_> {
    Wire::new(moto, &root().join("stacks/clefcloud/stack.yaml"))
}

/// An environment of the stack, pinned to the account of the test.
fn environment<'a>(moto: &'a Moto, env: &str, vars: &[(&str, &str)]) -> Wire<'a> {
    let mut wire = stack(moto);
    wire.env = Some(env.to_owned());
    let account = ("account".to_owned(), moto.account().to_owned());
    wire.vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).chain([account]).collect();
    wire
}

async fn assert_nothing_to_do(wire: &Wire<'_>, when: &str) {
    let plan = wire.plan().await.plan;
    assert!(plan.is_empty(), "{when}: {}", said(&plan));
}

fn said(plan: &Plan) -> String {
    let lines = plan.changes.iter().filter(|change| !change.attributes.is_empty());
    let lines = lines.map(|change| format!("{:?} {}: {:?}", change.action, change.address, change.attributes));
    lines.collect::<Vec<_>>().join("\n")
}

/// Every thing in the account, in both regions of prod, as boto3 counts it. Final snapshots are not counted: they are
/// the user's, and nothing deletes them.
fn everything(moto: &Moto) -> BTreeSet<String> {
    let found = moto.boto("result = leftovers(('eu-west-3', 'eu-central-1', 'us-east-1'))");
    let found: Vec<String> = serde_json::from_value(found).unwrap();
    found.into_iter().filter(|thing| !thing.contains(" DBSnapshots ")).collect()
}

/// Which lines of the architecture hold in an environment: name -> what is wrong.
fn proofs(moto: &Moto, env: &str) -> BTreeMap<String, Option<String>> {
    let lines = fs::read_to_string(root().join("tests/it/clefcloud/lines.py")).unwrap();
    serde_json::from_value(moto.boto(&format!("{lines}\n\nresult = prove('{env}')\n"))).unwrap()
}

#[tokio::test]
async fn both_environments_live_in_one_account_and_every_line_of_the_architecture_holds() {
    let moto = Moto::start_in("eu-west-3");
    let (prod, dev) = (environment(&moto, "prod", &[]), environment(&moto, "dev", &[]));
    prod.apply().await;
    let of_prod = everything(&moto);
    dev.apply().await;
    assert_nothing_to_do(&prod, "prod, with dev beside it").await;
    assert_nothing_to_do(&dev, "dev, with prod beside it").await;

    let mut wrong = BTreeMap::new();
    for env in ["prod", "dev"] {
        let held = proofs(&moto, env);
        assert!(held.len() > 40, "{held:?}");
        wrong.extend(held.into_iter().filter_map(|(name, said)| Some((format!("{env}: {name}"), said?))));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    let larger = r#"{type = "t3.medium", min = 1, max = 4}"#;
    let changed = environment(&moto, "dev", &[("instances", larger)]);
    assert!(!changed.plan().await.plan.is_empty());
    changed.apply().await;
    assert_nothing_to_do(&prod, "prod, after dev has changed").await;
    changed.destroy().await;
    assert_eq!(everything(&moto), of_prod, "what is there after dev has gone");
    assert_nothing_to_do(&prod, "prod, after dev has gone").await;

    let unprotected = environment(&moto, "prod", &[("protect_data", "false")]);
    unprotected.apply().await;
    unprotected.destroy().await;
    assert_eq!(everything(&moto), BTreeSet::new());
}

/// How many API calls a plan makes.
async fn cost(moto: &Moto, wire: &Wire<'_>) -> usize {
    moto.mark();
    assert_nothing_to_do(wire, "the plan that is counted").await;
    moto.calls().len()
}

/// A copy of the stack with a text in one of its files replaced.
fn copy_with(folder: &Path, file: &str, from: &str, to: &str) -> PathBuf {
    copy(&root().join("stacks/clefcloud"), folder);
    changes::replace(&folder.join(file), from, to);
    folder.join("stack.yaml")
}

#[tokio::test]
async fn a_plan_of_prod_is_cheap_and_grows_only_by_buckets() {
    let moto = Moto::start_in("eu-west-3");
    let prod = environment(&moto, "prod", &[]);
    prod.apply().await;
    let calls = cost(&moto, &prod).await;
    assert_eq!(calls, CALLS, "docs/performance.md says how many calls a plan of prod makes");

    let folder = tempfile::tempdir().unwrap();
    let mut with_bucket = environment(&moto, "prod", &[]);
    let line = "  buckets:\n";
    let more = "  buckets:\n    scans: {versioned: true, archive_after: 30, expire_after: null}\n";
    with_bucket.stack = copy_with(folder.path(), "files.yaml", line, more);
    with_bucket.apply().await;
    let with_a_fourth_bucket = cost(&moto, &with_bucket).await;
    assert!(with_a_fourth_bucket <= calls + 14, "{with_a_fourth_bucket} calls after {calls}");

    let folder = tempfile::tempdir().unwrap();
    let mut with_subnet = environment(&moto, "prod", &[]);
    let (line, more) = ("zones: {a: 0, b: 1}", "zones: {a: 0, b: 1, c: 2}");
    with_subnet.stack = copy_with(folder.path(), "network.yaml", line, more);
    with_subnet.apply().await;
    assert_eq!(cost(&moto, &with_subnet).await, calls, "a third subnet in each tier costs nothing");
}

/// The rows of the table in `docs/clefcloud.md`: the line of the architecture, the place in the stack, the proof.
fn rows() -> Vec<[String; 3]> {
    let text = fs::read_to_string(root().join("docs/clefcloud.md")).unwrap();
    let table = text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Line"));
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    table.map(|line| cells(line).try_into().unwrap_or_else(|cells| panic!("{line}: {cells:?}"))).collect()
}

#[test]
fn the_page_names_every_proof_and_places_that_exist() {
    let source = fs::read_to_string(root().join("tests/it/clefcloud/lines.py")).unwrap();
    let lines = source.split("# --- The lines").nth(1).unwrap();
    let proofs: BTreeSet<&str> =
        lines.lines().filter_map(|line| Some(line.strip_prefix("def ")?.split('(').next().unwrap())).collect();
    let mut named = BTreeSet::from(["prove".to_owned()]);
    for [what, places, proof] in rows() {
        for proof in proof.split(", ").filter(|proof| *proof != ELSEWHERE) {
            let proof = proof.trim_matches('`');
            assert!(proofs.contains(proof), "{what}: there is no {proof} in lines.py");
            named.insert(proof.to_owned());
        }
        for place in places.split(", ").filter(|place| place.starts_with('`')) {
            let (file, entry) = place.trim_matches('`').split_once(':').unwrap_or_else(|| panic!("{what}: {place}"));
            let text = fs::read_to_string(root().join("stacks/clefcloud").join(file)).unwrap();
            assert!(text.contains(entry.trim()), "{what}: {file} has no {entry}");
        }
    }
    let forgotten: Vec<_> = proofs.iter().filter(|proof| !named.contains(**proof)).collect();
    assert!(forgotten.is_empty(), "docs/clefcloud.md does not name {forgotten:?}");
}

#[test]
fn both_environments_validate() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_clefctl"))
        .args(["validate", "stacks/clefcloud"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A change of the plan as a person would write it down: `update servers`.
pub(crate) fn worded(change: &Value) -> String {
    format!("{} {}", change["action"].as_str().unwrap(), change["address"].as_str().unwrap())
}
