//! The roll-out of a new launch template to the instances of an Auto Scaling group, through the engine, on the wire.

use std::path::PathBuf;

use clefctl_core::engine::Options;
use clefctl_core::engine::event::Outcome;
use serde_json::{Value, json};

use crate::conformance::driver::{Wire, assert_done};
use crate::conformance::fault::Fault;
use crate::support::Moto;

/// The stack with instances of a type, whose changes are rolled out or not.
fn stack<'a>(moto: &'a Moto, instance_type: &str, rolls: bool) -> Wire<'a> {
    let mut wire = Wire::new(moto, &PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/rollout/stack.yaml"));
    wire.vars = vec![("instance_type".to_owned(), instance_type.to_owned()), ("rolls".to_owned(), rolls.to_string())];
    wire
}

/// The versions that the instances run, and how the roll-outs ended, the newest first.
fn state(moto: &Moto) -> (Value, Value) {
    let state = moto.boto(
        "c = client('autoscaling')\n\
         group = c.describe_auto_scaling_groups()['AutoScalingGroups'][0]\n\
         runs = c.describe_instance_refreshes(AutoScalingGroupName=group['AutoScalingGroupName'])\n\
         result = [[i['LaunchTemplate']['Version'] for i in group['Instances']],\n\
                   [r['Status'] for r in runs['InstanceRefreshes']]]",
    );
    (state[0].clone(), state[1].clone())
}

async fn assert_nothing_to_do(wire: &Wire<'_>) {
    let plan = wire.plan().await.plan;
    assert!(plan.is_empty(), "{:#?}", plan.changes);
}

#[tokio::test]
async fn a_new_version_reaches_all_instances() {
    let moto = Moto::start_in("eu-west-3");
    stack(&moto, "t3.micro", true).apply().await;
    assert_eq!(state(&moto), (json!(["1", "1"]), json!([])));
    moto.slow(2);
    let next = stack(&moto, "t3.small", true);
    next.apply().await;
    assert_eq!(state(&moto), (json!(["2", "2"]), json!(["Successful"])));
    assert_nothing_to_do(&next).await;
}

#[tokio::test]
async fn a_roll_out_that_fails_fails_the_run() {
    let moto = Moto::start_in("eu-west-3");
    stack(&moto, "t3.micro", true).apply().await;
    moto.fail_next("instance_refresh", "instances did not become healthy");
    let next = stack(&moto, "t3.small", true);
    let report = next.apply_with(Options::default(), "", None).await.report.unwrap();
    let failed: Vec<String> = report
        .outcomes
        .iter()
        .filter_map(|outcome| match outcome {
            Outcome::Failed(error) => Some(error.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(failed.len(), 1, "{failed:#?}");
    assert!(failed[0].contains("was rolled back: instances did not become healthy"), "{failed:#?}");
    assert_eq!(state(&moto), (json!(["1", "1"]), json!(["RollbackSuccessful"])));
    // The next run tries again.
    next.apply().await;
    assert_eq!(state(&moto), (json!(["2", "2"]), json!(["Successful", "RollbackSuccessful"])));
    assert_nothing_to_do(&next).await;
}

#[tokio::test]
async fn a_roll_out_that_was_cut_is_followed_by_the_next_run() {
    let moto = Moto::start_in("eu-west-3");
    stack(&moto, "t3.micro", true).apply().await;
    moto.slow(6);
    let next = stack(&moto, "t3.small", true);
    let cut = Some((Fault::CutAfter, 0));
    let ended = next.apply_with(Options::default(), "autoscaling_group", cut).await;
    assert_eq!(ended.struck.as_deref(), Some("StartInstanceRefresh"));
    next.apply().await;
    assert_eq!(state(&moto), (json!(["2", "2"]), json!(["Successful"])));
    assert_nothing_to_do(&next).await;
}

#[tokio::test]
async fn instances_that_were_left_behind_are_caught_up_with() {
    let moto = Moto::start_in("eu-west-3");
    stack(&moto, "t3.micro", false).apply().await;
    let without = stack(&moto, "t3.small", false);
    without.apply().await;
    assert_eq!(state(&moto), (json!(["1", "1"]), json!([])));
    assert_nothing_to_do(&without).await;
    let with = stack(&moto, "t3.small", true);
    let planned = with.plan().await.plan;
    let changed: Vec<_> = planned.changes.iter().filter(|change| !change.attributes.is_empty()).collect();
    assert_eq!(changed.len(), 1, "{planned:#?}");
    assert_done(&with.apply_with(Options::default(), "", None).await.report.unwrap());
    assert_eq!(state(&moto), (json!(["2", "2"]), json!(["Successful"])));
    assert_nothing_to_do(&with).await;
}
