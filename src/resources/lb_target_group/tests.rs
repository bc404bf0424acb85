use super::*;

#[test]
fn settings_read_back_as_they_were_sent() {
    let sticky = |r#type: &str, cookie_name: Option<&str>| Stickiness {
        r#type: r#type.to_owned(),
        cookie_duration: 60,
        cookie_name: cookie_name.map(str::to_owned),
        enabled: true,
    };
    let plain = spec(&Sdk::builder().build(), &Pairs::default());
    for changed in [
        LbTargetGroup { deregistration_delay: 5, slow_start: 30, ..plain.clone() },
        LbTargetGroup { load_balancing_cross_zone_enabled: "true".to_owned(), ..plain.clone() },
        LbTargetGroup { stickiness: Some(sticky("lb_cookie", None)), ..plain.clone() },
        LbTargetGroup { stickiness: Some(sticky("app_cookie", Some("session"))), ..plain.clone() },
    ] {
        assert_eq!(spec(&Sdk::builder().build(), &changed.pairs()), changed);
    }
    assert_eq!(unwritten().beyond(&plain.pairs()), []);
}

#[test]
fn a_group_without_a_check_has_awss_own() {
    let group = |version: &str| Map::from([("protocol_version".to_owned(), Value::from(version))]);
    let codes = |version: &str| unwritten_health_check(&group(version)).get("matcher").clone();
    assert_eq!((codes("HTTP1"), codes("GRPC")), (Value::from("200"), Value::from("12")));
}

#[test]
fn codes_fit_the_protocol() {
    let mut group = spec(&Sdk::builder().build(), &Pairs::default());
    assert_eq!(group.check(), []);
    group.protocol_version = "GRPC".to_owned();
    assert_eq!(group.check().first().map(|broken| broken.path.as_str()), Some("health_check.matcher"));
}
