//! The life of databases through the engine, on the wire: replicas and their promotion, restores, and the snapshots
//! that are taken before something is done that could not be undone.

use std::path::PathBuf;

use clefctl_core::engine::Options;
use clefctl_core::engine::plan::Action;
use serde_json::{Value, json};

use crate::conformance::driver::Wire;
use crate::conformance::fault::Fault;
use crate::support::Moto;

fn stack<'a>(moto: &'a Moto, vars: &[(&str, &str)]) -> Wire<'a> {
    let mut wire = Wire::new(moto, &PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/databases/stack.yaml"));
    wire.vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    wire
}

async fn applied<'a>(moto: &'a Moto, vars: &[(&str, &str)]) -> Wire<'a> {
    let wire = stack(moto, vars);
    wire.apply().await;
    let plan = wire.plan().await.plan;
    assert!(plan.is_empty(), "{vars:?}: the plan after the apply is not empty: {:#?}", plan.changes);
    wire
}

/// A member of a database, or of what there is of it.
fn shown(moto: &Moto, name: &str, member: &str) -> Value {
    moto.boto(&format!(
        "db = client('rds').describe_db_instances(DBInstanceIdentifier='{name}')['DBInstances'][0]\n\
         result = db.get('{member}')"
    ))
}

/// Name and tags of each snapshot.
fn snapshots(moto: &Moto) -> Vec<(String, Value)> {
    let found = moto.boto(
        "result = [[s['DBSnapshotIdentifier'], {t['Key']: t['Value'] for t in s['TagList']}]\n\
         for s in client('rds').describe_db_snapshots(SnapshotType='manual')['DBSnapshots']]",
    );
    serde_json::from_value(found).unwrap()
}

#[tokio::test]
async fn a_replica_is_not_compared_with_what_it_has_of_its_source() {
    let moto = Moto::start_in("eu-west-3");
    let wire = applied(&moto, &[("replica", "true")]).await;
    assert_eq!(shown(&moto, "main", "BackupRetentionPeriod"), json!(7));
    assert_eq!(shown(&moto, "main", "EnabledCloudwatchLogsExports"), json!(["postgresql"]));
    assert_eq!(shown(&moto, "replica", "ReadReplicaSourceDBInstanceIdentifier"), json!("main"));
    wire.destroy().await;
    assert_eq!(moto.leftovers(), Vec::<String>::new());
}

#[tokio::test]
async fn taking_the_source_away_makes_another_database_of_a_replica() {
    let moto = Moto::start_in("eu-west-3");
    applied(&moto, &[("replica", "true")]).await;
    let promoted = [("replica", "true"), ("promoted", "true")];
    let plan = stack(&moto, &promoted).plan().await.plan;
    let actions: Vec<_> =
        plan.changes.iter().map(|change| (change.address.to_string(), change.action.clone())).collect();
    assert_eq!(actions, [("replica".to_owned(), Action::Update)]);
    moto.slow(1);
    let wire = applied(&moto, &promoted).await;
    assert_eq!(shown(&moto, "replica", "ReadReplicaSourceDBInstanceIdentifier"), Value::Null);
    assert_eq!(shown(&moto, "replica", "BackupRetentionPeriod"), json!(7));
    wire.destroy().await;
    assert_eq!(moto.leftovers(), Vec::<String>::new());
}

#[tokio::test]
async fn a_restored_database_has_what_the_stack_says() {
    let moto = Moto::start_in("eu-west-3");
    applied(&moto, &[]).await;
    moto.boto(
        "client('rds').create_db_snapshot(DBInstanceIdentifier='main', DBSnapshotIdentifier='then')\nresult = None",
    );
    let wire = applied(&moto, &[("from_snapshot", "then"), ("in_time", "true")]).await;
    assert_eq!(shown(&moto, "restored", "PreferredMaintenanceWindow"), json!("sun:03:30-sun:04:30"));
    assert_eq!(shown(&moto, "restored", "PerformanceInsightsEnabled"), json!(true));
    assert_eq!(shown(&moto, "restored", "MaxAllocatedStorage"), json!(50));
    assert_eq!(shown(&moto, "restored", "MasterUsername"), json!("scores"));
    // What the stack does not say is as it was.
    assert_eq!(shown(&moto, "in-time", "BackupRetentionPeriod"), json!(7));
    wire.destroy().await;
}

#[tokio::test]
async fn what_is_restored_is_completed_by_the_next_run() {
    for (fault, at) in [(Fault::CutAfter, 0), (Fault::CutBefore, 1), (Fault::CutAfter, 1), (Fault::CutBefore, 2)] {
        let moto = Moto::start_in("eu-west-3");
        applied(&moto, &[]).await;
        moto.boto(
            "client('rds').create_db_snapshot(DBInstanceIdentifier='main', DBSnapshotIdentifier='then')\nresult = None",
        );
        let vars = [("from_snapshot", "then"), ("restored_password", "long-enough-3")];
        let cut = Some((fault, at));
        let ended = stack(&moto, &vars).apply_with(Options::default(), "db_instance", cut).await;
        assert!(ended.struck.is_some(), "{fault:?} {at}");
        applied(&moto, &vars).await;
        assert_eq!(shown(&moto, "restored", "MaxAllocatedStorage"), json!(50), "{fault:?} {at}");
        let calls = moto.calls();
        let last = calls.iter().rposition(|call| call.operation == "RestoreDBInstanceFromDBSnapshot");
        let sent = calls.iter().skip(last.unwrap_or_default()).filter(|call| call.operation == "ModifyDBInstance");
        assert!(sent.count() > 0, "{fault:?} {at}: the password was never sent");
    }
}

#[tokio::test]
async fn a_snapshot_is_taken_before_what_cannot_be_undone() {
    let moto = Moto::start_in("eu-west-3");
    let careful = ("snapshot_before", r#"["engine_version", "instance_class", "replacement"]"#);
    applied(&moto, &[careful]).await;
    assert_eq!(snapshots(&moto).len(), 0);
    moto.slow(1);
    applied(&moto, &[careful, ("class", "db.t3.small")]).await;
    applied(&moto, &[careful, ("class", "db.t3.small"), ("version", "16")]).await;
    moto.slow(0);
    assert_eq!(shown(&moto, "main", "EngineVersion"), json!("16.8"));
    let taken = snapshots(&moto);
    assert!(taken[0].0.starts_with("main-before-instance-class-"), "{taken:?}");
    assert!(taken[1].0.starts_with("main-before-engine-version-"), "{taken:?}");
    // The old one of a replacement is kept although its deletion takes no snapshot otherwise.
    let other = [careful, ("class", "db.t3.small"), ("version", "16"), ("name", "other")];
    applied(&moto, &other).await;
    let taken = snapshots(&moto);
    assert_eq!(taken.len(), 3, "{taken:?}");
    let last = taken.iter().find(|(name, _)| name.starts_with("main-final-db-")).expect("a final snapshot");
    for tags in [&taken[0].1, &last.1] {
        assert_eq!(tags["Name"], json!("main"));
        assert_eq!(tags["clefctl:resource"], json!("db_instance/db"));
    }
    // Nobody claims them.
    stack(&moto, &other).destroy().await;
    assert_eq!(snapshots(&moto).len(), 3);
}

#[tokio::test]
async fn a_deleted_database_leaves_a_snapshot() {
    let moto = Moto::start_in("eu-west-3");
    let keeping = [("skip_final_snapshot", "false")];
    applied(&moto, &keeping).await;
    moto.slow(1);
    stack(&moto, &keeping).destroy().await;
    let taken = snapshots(&moto);
    assert_eq!(taken.len(), 1);
    assert!(taken[0].0.starts_with("main-final-db-"), "{taken:?}");
    assert_eq!(taken[0].1["Name"], json!("main"));
}

#[tokio::test]
async fn a_version_is_not_taken_back() {
    let moto = Moto::start_in("eu-west-3");
    applied(&moto, &[("version", "15.10")]).await;
    // AWS upgrades it in the night.
    moto.boto(
        "client('rds').modify_db_instance(DBInstanceIdentifier='main', EngineVersion='15.12', ApplyImmediately=True)\n\
         result = None",
    );
    for version in ["15.10", "15", "15.12"] {
        let plan = stack(&moto, &[("version", version)]).plan().await.plan;
        assert!(plan.is_empty(), "{version}: {:#?}", plan.changes);
    }
    // Another change leaves the version alone.
    applied(&moto, &[("version", "15.10"), ("class", "db.t3.small")]).await;
    assert_eq!(shown(&moto, "main", "EngineVersion"), json!("15.12"));
}
