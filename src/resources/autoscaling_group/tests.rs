use serde_json::json;

use super::*;

fn group() -> AutoscalingGroup {
    AutoscalingGroup { max_size: 4, min_size: 1, ..settings::read(&Group::builder().build()) }
}

#[test]
fn sizes_must_fit_each_other() {
    for (min, max, desired, want) in [
        (1, 4, None, None),
        (0, 0, Some(0), None),
        (5, 4, None, Some("min_size")),
        (1, 4, Some(5), Some("desired_capacity")),
        (2, 4, Some(1), Some("desired_capacity")),
    ] {
        let broken = AutoscalingGroup { min_size: min, max_size: max, desired_capacity: desired, ..group() }.check();
        assert_eq!(broken.first().map(|broken| broken.path.as_str()), want, "{min} {max} {desired:?}");
    }
}

#[test]
fn lengths_of_time_are_read_as_people_write_them() {
    for (text, want) in [
        ("0", Some(0)),
        ("90s", Some(90)),
        ("10m", Some(600)),
        ("1h30m", Some(5400)),
        ("10", None),
        ("-5m", None),
        ("soon", None),
    ] {
        let group = AutoscalingGroup { wait_for_capacity_timeout: text.to_owned(), ..group() };
        assert_eq!(group.patience().map(|time| time.as_secs()), want, "{text}");
        assert_eq!(group.check().is_empty(), want.is_some(), "{text}");
    }
}

#[test]
fn a_rollback_needs_a_version_to_go_back_to() {
    let refresh = json!({"strategy": "Rolling", "preferences": {
        "min_healthy_percentage": 90, "skip_matching": false, "auto_rollback": true, "checkpoint_percentages": [],
        "scale_in_protected_instances": "Ignore", "standby_instances": "Ignore",
    }});
    let with = |version: &str| AutoscalingGroup {
        launch_template: Some(LaunchTemplate { id: "lt-1".to_owned(), version: version.to_owned() }),
        instance_refresh: Some(serde_json::from_value(refresh.clone()).unwrap()),
        ..group()
    };
    assert_eq!(with("3").check(), []);
    let broken = with("$Latest").check();
    assert_eq!(broken.first().map(|broken| broken.path.as_str()), Some("launch_template.version"));
}

#[test]
fn a_group_without_tags_propagates_as_it_is_told() {
    for (declared, observed, same) in [(true, None, true), (false, None, true), (true, Some(false), false)] {
        let observed = observed.map_or(Value::Null, Value::Bool);
        assert_eq!(same_propagation(&Value::Bool(declared), &observed), same);
    }
}

#[test]
fn settings_that_mean_none_read_as_none() {
    let read = settings::read(
        &Group::builder()
            .vpc_zone_identifier("subnet-b, subnet-a")
            .default_instance_warmup(-1)
            .max_instance_lifetime(0)
            .placement_group("")
            .build(),
    );
    assert_eq!(read.vpc_zone_identifier.into_iter().collect::<Vec<_>>(), ["subnet-a", "subnet-b"]);
    assert_eq!((read.default_instance_warmup, read.max_instance_lifetime, read.placement_group), (None, None, None));
    assert_eq!(read.termination_policies, ["Default"]);
}
