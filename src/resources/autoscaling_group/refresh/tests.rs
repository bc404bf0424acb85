use serde_json::json;

use super::*;

fn template(version: &str) -> LaunchTemplateSpecification {
    LaunchTemplateSpecification::builder().launch_template_id("lt-1").version(version).build()
}

fn instance(version: &str, state: &str, protected: bool) -> Instance {
    Instance::builder()
        .launch_template(template(version))
        .lifecycle_state(state.into())
        .protected_from_scale_in(protected)
        .build()
}

fn group(version: &str, instances: Vec<Instance>) -> Group {
    Group::builder().launch_template(template(version)).set_instances(Some(instances)).build()
}

#[test]
fn instances_that_a_roll_out_left_behind_are_seen() {
    let plain = json!({});
    let protected = json!({"preferences": {"scale_in_protected_instances": "Refresh"}});
    let standby = json!({"preferences": {"standby_instances": "Terminate"}});
    for (case, runs, instances, refresh, want) in [
        ("all run it", "2", vec![instance("2", "InService", false)], &plain, "2"),
        ("none are there", "2", vec![], &plain, "2"),
        (
            "one is behind",
            "2",
            vec![instance("2", "InService", false), instance("1", "InService", false)],
            &plain,
            "1, 2",
        ),
        ("one is ahead of a roll-out that failed", "1", vec![instance("2", "InService", false)], &plain, "1, 2"),
        ("protected ones stay", "2", vec![instance("1", "InService", true)], &plain, "2"),
        ("unless asked for", "2", vec![instance("1", "InService", true)], &protected, "1, 2"),
        ("those in standby stay", "2", vec![instance("1", "Standby", false)], &plain, "2"),
        ("unless asked for", "2", vec![instance("1", "Standby", false)], &standby, "1, 2"),
        ("those on their way out do not count", "2", vec![instance("1", "Terminating", false)], &plain, "2"),
    ] {
        let seen = really_runs(&group(runs, instances), &Value::from_json(refresh), runs);
        assert_eq!(seen.map(|seen| seen.version), Some(want.to_owned()), "{case}");
    }
}

#[test]
fn versions_with_a_name_are_compared_by_number() {
    let group = group("$Latest", vec![instance("1", "InService", false)]);
    let seen = |current: &str| really_runs(&group, &Value::map([("strategy", "Rolling".into())]), current).unwrap();
    assert_eq!((seen("1").version.as_str(), seen("2").version.as_str()), ("$Latest", "1, 2"));
}

#[test]
fn only_a_roll_out_to_the_same_version_is_followed() {
    let refresh = |state: State, version: &str| {
        let desired = DesiredConfiguration::builder().launch_template(template(version)).build();
        Refresh::builder().status(state).desired_configuration(desired).build()
    };
    let wanted = LaunchTemplate { id: "lt-1".to_owned(), version: "2".to_owned() };
    for (state, version, want) in [
        (State::InProgress, "2", true),
        (State::Baking, "2", true),
        (State::InProgress, "1", false),
        (State::Cancelling, "2", false),
        (State::RollbackInProgress, "2", false),
    ] {
        assert_eq!(leads_to(&refresh(state.clone(), version), &wanted), want, "{state} {version}");
    }
}

#[test]
fn people_see_how_far_it_is() {
    let refresh = Refresh::builder().status(State::InProgress).percentage_complete(40).instances_to_update(3);
    assert_eq!(progress(&refresh.clone().build()), "rolling out: 40 %, 3 instances to go");
    let back = refresh.status(State::RollbackInProgress).status_reason("Instances failed.").build();
    assert_eq!(progress(&back), "rolling back: 40 %, 3 instances to go (Instances failed)");
}

#[test]
fn a_failure_says_why_and_what_now() {
    let ended = |state: State| Refresh::builder().status(state).status_reason("Not healthy.").build();
    let error = failure("web", &ended(State::RollbackSuccessful), "7");
    assert_eq!(error.message, "the roll-out of version 7 to web was rolled back: Not healthy");
    assert_eq!(
        failure("web", &ended(State::Failed), "7").message,
        "the roll-out of version 7 to web failed: Not healthy"
    );
}

#[test]
fn what_is_left_over_is_finished_without_replacing_the_rest() {
    let how = |json: serde_json::Value| serde_json::from_value::<InstanceRefresh>(json).unwrap();
    let plain = how(json!({"strategy": "Rolling"}));
    assert_eq!(plain.preferences(true).skip_matching(), Some(true));
    assert_eq!(plain.preferences(false).skip_matching(), Some(false));
    let full = how(json!({"strategy": "Rolling", "preferences": {
        "min_healthy_percentage": 50, "skip_matching": true, "auto_rollback": true, "checkpoint_percentages": [50, 100],
        "scale_in_protected_instances": "Wait", "standby_instances": "Ignore",
    }}));
    let sent = full.preferences(false);
    assert_eq!((sent.min_healthy_percentage(), sent.max_healthy_percentage()), (Some(50), None));
    assert_eq!((sent.skip_matching(), sent.auto_rollback()), (Some(true), Some(true)));
    assert_eq!(sent.checkpoint_percentages(), [50, 100]);
}
