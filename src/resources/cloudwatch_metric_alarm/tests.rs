use serde_json::json;

use super::*;

fn alarm(more: &serde_json::Value) -> CloudwatchMetricAlarm {
    let mut all = json!({
        "alarm_name": "cpu", "comparison_operator": "GreaterThanThreshold", "evaluation_periods": 3,
        "datapoints_to_alarm": 2, "threshold": 80.0, "metric_name": "CPUUtilization", "namespace": "AWS/EC2",
        "period": 60, "statistic": "Average", "dimensions": {}, "metric_query": [], "treat_missing_data": "missing",
        "actions_enabled": true, "alarm_actions": [], "ok_actions": [], "insufficient_data_actions": [],
    });
    for (name, value) in more.as_object().unwrap() {
        all[name] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

fn complaints(more: &serde_json::Value) -> Vec<String> {
    alarm(more).check().into_iter().map(|violation| violation.path).collect()
}

#[test]
fn what_aws_leaves_out_is_its_default() {
    let live = live(&Sdk::builder().alarm_name("cpu").evaluation_periods(3).build(), Tags::new());
    assert_eq!(live.spec.datapoints_to_alarm, 3);
    assert_eq!(live.spec.treat_missing_data, "missing");
    assert!(live.spec.actions_enabled);
}

#[test]
fn rules_between_attributes_are_checked() {
    let query = |id: &str, watched: bool| json!({"id": id, "expression": "SUM(METRICS())", "return_data": watched});
    let maths = json!({"metric_name": null, "namespace": null, "period": null, "statistic": null});
    let with = |more: &serde_json::Value| {
        let mut all = maths.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let nothing: [&str; 0] = [];
    assert_eq!(complaints(&json!({})), nothing);
    assert_eq!(complaints(&json!({"statistic": null})), ["statistic"]);
    assert_eq!(complaints(&json!({"datapoints_to_alarm": 4})), ["datapoints_to_alarm"]);
    assert_eq!(complaints(&json!({"period": 90})), ["period"]);
    assert_eq!(complaints(&json!({"period": 300, "evaluation_periods": 300})), ["evaluation_periods"]);
    assert_eq!(complaints(&json!({"comparison_operator": "LessThanLowerThreshold"})), ["comparison_operator"]);
    assert_eq!(complaints(&with(&json!({"metric_query": [query("a", true), query("b", false)]}))), nothing);
    assert_eq!(complaints(&with(&json!({"metric_query": [query("a", true), query("b", true)]}))), ["metric_query"]);
    let band = |id: &str| {
        json!({
            "metric_query": [query("m", true), query("band", true)], "threshold": null, "threshold_metric_id": id,
            "comparison_operator": "GreaterThanUpperThreshold",
        })
    };
    assert_eq!(complaints(&with(&band("band"))), nothing);
    assert_eq!(complaints(&with(&band("other"))), ["threshold_metric_id", "threshold_metric_id"]);
}

#[test]
fn queries_are_read_back_as_they_are_written() {
    let queries: BTreeSet<MetricQuery> = serde_json::from_value(json!([
        {"id": "rate", "expression": "100 * m1 / 2", "label": "Rate", "return_data": true},
        {"id": "m1", "return_data": false, "metric": {
            "metric_name": "5xx", "namespace": "AWS/ApplicationELB", "period": 60, "stat": "Sum", "unit": "Count",
            "dimensions": {"LoadBalancer": "app/web/1"},
        }},
    ]))
    .unwrap();
    let sent: Vec<_> = queries.iter().map(MetricQuery::sdk).collect();
    assert_eq!(sent.iter().map(MetricQuery::read).collect::<BTreeSet<_>>(), queries);
}
