use super::*;

#[test]
fn a_filter_is_read_back_as_it_is_written() {
    let metric = Transformation {
        name: "Errors".to_owned(),
        namespace: "Example".to_owned(),
        value: "1".to_owned(),
        default_value: Some(0.0),
        dimensions: BTreeMap::new(),
        unit: "Count".to_owned(),
    };
    let sent = Sdk::builder().filter_name("errors").log_group_name("/app").filter_pattern("ERROR");
    let live = live(&sent.metric_transformations(metric.sdk().expect("a metric")).build());
    assert_eq!(live.spec.metric_transformation, metric);
    assert_eq!(live.id, "/app:errors");
}
