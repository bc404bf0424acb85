//! `cloudwatch_metric_alarm`

pub mod blocks;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{MetricAlarm as Sdk, StandardUnit, Statistic};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Map, Name, NameChars, Naming, PerVerb, Select, Status, TagChange,
    Tags, Unique, Value, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use self::blocks::{MetricQuery, is_period, read_dimensions, text, write_dimensions};
use super::cloudwatch_support::{self as support, Outputs};
use crate::aws::tags::cloudwatch as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

/// An alarm that watches a metric, or what is computed from several.
///
/// It watches one metric (`metric_name`, `namespace`, `period`, and `statistic` or `extended_statistic`), or the
/// expression among its `metric_query` blocks that has `return_data: true`. It compares with a `threshold`, or, to
/// find what is unusual, with the band that the query named by `threshold_metric_id` computes:
/// `ANOMALY_DETECTION_BAND(m1)`. A change keeps the alarm's state.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    exactly_one("metric_name", "metric_query"),
    exactly_one("threshold", "threshold_metric_id"),
    at_most_one("statistic", "extended_statistic"),
    requires("metric_name", "namespace", "period"),
    requires("namespace", "metric_name"),
    requires("period", "metric_name"),
    requires("unit", "metric_name"),
    requires("dimensions", "metric_name"),
    requires("statistic", "metric_name"),
    requires("extended_statistic", "metric_name"),
    requires("threshold_metric_id", "metric_query")
)]
pub struct CloudwatchMetricAlarm {
    /// Its name, unique in the region.
    #[attr(create_only, length(1, 255), pattern = "[^\\x00-\\x1f\\x7f]+")]
    alarm_name: Name,
    /// What it is about, for those whom it wakes.
    #[attr(length(1, 1024))]
    alarm_description: Option<String>,
    /// How the metric is compared with the threshold. The last three are for bands.
    #[attr(values(
        "GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
        "LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"
    ))]
    comparison_operator: String,
    /// Number of the last periods that it looks at.
    #[attr(range(1, 8640))]
    evaluation_periods: i32,
    /// How many of these periods have to be bad; all of them unless written.
    #[attr(default = all_periods, range(1, 8640))]
    datapoints_to_alarm: i32,
    /// The value that the metric is compared with.
    threshold: Option<f64>,
    /// Id of the query that computes the band that the metric is compared with.
    #[attr(length(1, 255))]
    threshold_metric_id: Option<String>,
    /// Name of the metric, such as `CPUUtilization`.
    #[attr(length(1, 255))]
    metric_name: Option<String>,
    /// Namespace of the metric, such as `AWS/EC2`.
    #[attr(length(1, 255), pattern = "[^:].*")]
    namespace: Option<String>,
    /// What tells the metric from others of its name, such as `AutoScalingGroupName: ${app.name}`.
    #[attr(length(0, 30))]
    dimensions: BTreeMap<String, String>,
    /// Seconds that one value is made of: 10, 20, 30, or a multiple of 60.
    #[attr(range(10, 604_800))]
    period: Option<i32>,
    /// How values of a period become one.
    #[attr(values("SampleCount", "Average", "Sum", "Minimum", "Maximum"))]
    statistic: Option<String>,
    /// A percentile (`p99`), a trimmed mean (`tm90`, `TM(10%:90%)`) or another statistic of that family.
    #[attr(pattern = "(p|tm|tc|ts|wm)(100|\\d{1,2}(\\.\\d{1,10})?)|(PR|TM|TC|TS|WM)\\([^()]+\\)|IQM")]
    extended_statistic: Option<String>,
    /// Unit of the metric, where it is stored in several.
    unit: Option<String>,
    /// Metrics and expressions over them.
    #[attr(length(0, 20))]
    metric_query: BTreeSet<MetricQuery>,
    /// What missing values count as.
    #[attr(default = "missing", values("missing", "breaching", "notBreaching", "ignore"))]
    treat_missing_data: String,
    /// For percentiles: whether periods with too few values to be significant count (`evaluate`, as without it) or
    /// not (`ignore`).
    #[attr(values("evaluate", "ignore"), same = both_evaluate)]
    evaluate_low_sample_count_percentiles: Option<String>,
    /// Whether it does anything when its state changes.
    #[attr(default = true)]
    actions_enabled: bool,
    /// ARNs of what happens in case of alarm, such as `${alarms.arn}` of an `sns_topic`.
    #[attr(length(0, 5))]
    alarm_actions: BTreeSet<String>,
    /// ARNs of what happens when all is well again.
    #[attr(length(0, 5))]
    ok_actions: BTreeSet<String>,
    /// ARNs of what happens when it cannot tell for want of values.
    #[attr(length(0, 5))]
    insufficient_data_actions: BTreeSet<String>,
}

impl Resource for CloudwatchMetricAlarm {
    const FACTS: Facts = Facts {
        name: "cloudwatch_metric_alarm",
        service: "cloudwatch",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept(support::SWEPT),
        naming: Some(Naming { attribute: "alarm_name", max: 255, allowed: NameChars::Wide, unique: Unique::Account }),
        // AWS keeps an alarm that the rule of a composite alarm names.
        deleted_after: &["cloudwatch_composite_alarm"],
        once: true,
        details: 1,
        actions: Actions {
            read: &["tag:GetResources", "cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"],
            create: &["cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"],
            update: &["cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"],
            delete: &["cloudwatch:DeleteAlarms"],
        },
        calls: PerVerb::new(1, 3, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = support::CODES;
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let pages = support::describe(cx, select).await?;
        let alarms = pages.iter().flat_map(DescribeAlarmsOutput::metric_alarms);
        try_join_all(alarms.map(|alarm| async move {
            let arn = alarm.alarm_arn().unwrap_or_default();
            let tags = sweep::tags(cx, select, arn, tags::of(cx, arn)).await?;
            Ok(live(alarm, tags))
        }))
        .await
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let tags = tags::write(&new.tags);
        cx.call(Op::new("cloudwatch:PutMetricAlarm"), || self.put(cx).set_tags(Some(tags.clone())).send()).await?;
        Ok(self.alarm_name.to_string())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if *self == live.spec {
            return Ok(());
        }
        // What is left out is reset: what the stack knows nothing of is read, and sent along.
        let pages = support::describe(cx, Select::One(&live.id)).await?;
        let now = pages.iter().flat_map(DescribeAlarmsOutput::metric_alarms).next();
        let kept = |builder: PutMetricAlarmFluentBuilder| match now {
            None => builder,
            Some(now) => builder
                .set_evaluation_window(now.evaluation_window.clone())
                .set_warm_up_configuration(now.warm_up_configuration.clone())
                .set_action_configuration(now.action_configuration.clone()),
        };
        cx.call(Op::new("cloudwatch:PutMetricAlarm"), || kept(self.put(cx)).send()).await?;
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        support::delete(cx, &live.id).await
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.outputs.arn, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.metric_name.is_some() && self.statistic.is_none() && self.extended_statistic.is_none() {
            found.push(Violation::new("statistic", "a metric needs `statistic` or `extended_statistic`"));
        }
        if self.datapoints_to_alarm > self.evaluation_periods {
            let message = format!("of {} periods not more can be bad", self.evaluation_periods);
            found.push(Violation::new("datapoints_to_alarm", message));
        }
        let banded = self.threshold_metric_id.is_some();
        if banded != BANDED.contains(&self.comparison_operator.as_str()) {
            let message = if banded {
                format!("a band is compared with one of {}", BANDED.join(", "))
            } else {
                "only bands are compared so; write `threshold_metric_id`, or compare with a threshold".to_owned()
            };
            found.push(Violation::new("comparison_operator", message));
        }
        self.check_time(&mut found);
        blocks::check(&self.metric_query, self.threshold_metric_id.as_deref(), &mut found);
        found
    }
}

/// The comparisons with bands.
const BANDED: [&str; 3] =
    ["LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold"];

const DAY: i32 = 86_400;
const WEEK: i32 = 604_800;

impl CloudwatchMetricAlarm {
    /// AWS looks back a day, with periods of an hour and more a week.
    fn check_time(&self, found: &mut Vec<Violation>) {
        let Some(period) = self.period else { return };
        if !is_period(period) {
            found.push(Violation::new("period", "a period is 10, 20 or 30 seconds, or a multiple of 60"));
        }
        let longest = if period < 3600 { DAY } else { WEEK };
        if period.saturating_mul(self.evaluation_periods) > longest {
            let message = format!("periods of {period} seconds add up to {longest} seconds at the most");
            found.push(Violation::new("evaluation_periods", message));
        }
    }

    /// The call that says all that the stack says; it makes and it changes.
    fn put(&self, cx: &Cx<'_>) -> PutMetricAlarmFluentBuilder {
        let actions = |arns: &BTreeSet<String>| Some(arns.iter().cloned().collect());
        let queries: Vec<_> = self.metric_query.iter().map(MetricQuery::sdk).collect();
        cx.cloudwatch()
            .put_metric_alarm()
            .alarm_name(&*self.alarm_name)
            .set_alarm_description(self.alarm_description.clone())
            .comparison_operator(self.comparison_operator.as_str().into())
            .evaluation_periods(self.evaluation_periods)
            .datapoints_to_alarm(self.datapoints_to_alarm)
            .set_threshold(self.threshold)
            .set_threshold_metric_id(self.threshold_metric_id.clone())
            .set_metric_name(self.metric_name.clone())
            .set_namespace(self.namespace.clone())
            .set_dimensions(write_dimensions(&self.dimensions))
            .set_period(self.period)
            .set_statistic(self.statistic.as_deref().map(Into::into))
            .set_extended_statistic(self.extended_statistic.clone())
            .set_unit(self.unit.as_deref().map(Into::into))
            .set_metrics((!queries.is_empty()).then_some(queries))
            .treat_missing_data(&self.treat_missing_data)
            .set_evaluate_low_sample_count_percentile(self.evaluate_low_sample_count_percentiles.clone())
            .actions_enabled(self.actions_enabled)
            .set_alarm_actions(actions(&self.alarm_actions))
            .set_ok_actions(actions(&self.ok_actions))
            .set_insufficient_data_actions(actions(&self.insufficient_data_actions))
    }
}

fn all_periods(alarm: &Map) -> Value {
    alarm.get("evaluation_periods").cloned().unwrap_or_default()
}

/// Without the attribute every period counts, as with `evaluate`.
fn both_evaluate(declared: &Value, observed: &Value) -> bool {
    let counts = |value: &Value| value.is_null() || value.as_str() == Some("evaluate");
    counts(declared) && counts(observed)
}

fn live(alarm: &Sdk, tags: Tags) -> Live<CloudwatchMetricAlarm> {
    let set = |arns: &[String]| arns.iter().cloned().collect();
    let name = alarm.alarm_name().unwrap_or_default().to_owned();
    let periods = alarm.evaluation_periods.unwrap_or(1);
    Live {
        spec: CloudwatchMetricAlarm {
            alarm_name: name.as_str().into(),
            alarm_description: text(alarm.alarm_description()),
            comparison_operator: alarm.comparison_operator().map(|with| with.as_str().to_owned()).unwrap_or_default(),
            evaluation_periods: periods,
            datapoints_to_alarm: alarm.datapoints_to_alarm.unwrap_or(periods),
            threshold: alarm.threshold,
            threshold_metric_id: text(alarm.threshold_metric_id()),
            metric_name: text(alarm.metric_name()),
            namespace: text(alarm.namespace()),
            dimensions: read_dimensions(alarm.dimensions()),
            period: alarm.period,
            statistic: text(alarm.statistic().map(Statistic::as_str)),
            extended_statistic: text(alarm.extended_statistic()),
            unit: text(alarm.unit().map(StandardUnit::as_str)),
            metric_query: alarm.metrics().iter().map(MetricQuery::read).collect(),
            treat_missing_data: text(alarm.treat_missing_data()).unwrap_or_else(|| "missing".to_owned()),
            evaluate_low_sample_count_percentiles: text(alarm.evaluate_low_sample_count_percentile()),
            actions_enabled: alarm.actions_enabled.unwrap_or(true),
            alarm_actions: set(alarm.alarm_actions()),
            ok_actions: set(alarm.ok_actions()),
            insufficient_data_actions: set(alarm.insufficient_data_actions()),
        },
        outputs: Outputs { id: name.clone(), arn: alarm.alarm_arn().unwrap_or_default().to_owned() },
        tags,
        status: Status::Usable,
        id: name,
    }
}
