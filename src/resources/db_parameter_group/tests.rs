use super::*;

#[test]
fn static_parameters_wait_for_a_reboot() {
    let one = |name: &str, kind: &str| {
        SdkParameter::builder().parameter_name(name).parameter_value("1").apply_type(kind).build()
    };
    let unset = SdkParameter::builder().parameter_name("unset").build();
    let found = [one("max_connections", "static"), one("work_mem", "dynamic"), unset];
    let live = live(&Sdk::builder().db_parameter_group_name("tuned").build(), &found, Tags::new());
    let methods: Vec<_> =
        live.spec.parameter.iter().map(|one| (one.name.as_str(), one.apply_method.as_deref())).collect();
    assert_eq!(methods, [("max_connections", Some("pending-reboot")), ("work_mem", Some("immediate"))]);
}
