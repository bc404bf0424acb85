//! Target tracking: a metric, ready made or put together, and the value it is kept near.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{
    CustomizedMetricSpecification as SdkCustom, Metric as SdkMetric, MetricDimension as SdkDimension, MetricStatistic,
    PredefinedMetricSpecification as SdkReady, TargetTrackingConfiguration as SdkTracking,
    TargetTrackingMetricDataQuery as SdkQuery, TargetTrackingMetricStat as SdkStat,
};
use clefctl_core::kind::Attributes;
use serde::{Deserialize, Serialize};

/// What is kept near which value.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(exactly_one("predefined_metric_specification", "customized_metric_specification"))]
pub struct TargetTracking {
    /// The value that the metric is kept near.
    target_value: f64,
    /// Whether it only lets the group grow.
    #[attr(default = false)]
    disable_scale_in: bool,
    /// A metric of the group or its load balancer.
    predefined_metric_specification: Option<Predefined>,
    /// A metric of CloudWatch.
    customized_metric_specification: Option<Customized>,
}

/// A metric that AWS knows how to take.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(requires_when("predefined_metric_type", "ALBRequestCountPerTarget", "resource_label"))]
pub(super) struct Predefined {
    /// Which metric, of the group: processor, bytes in and out; of its load balancer: requests for each target.
    #[attr(values(
        "ASGAverageCPUUtilization", "ASGAverageNetworkIn", "ASGAverageNetworkOut", "ALBRequestCountPerTarget"
    ))]
    predefined_metric_type: String,
    /// Load balancer and target group for `ALBRequestCountPerTarget`: `${lb.arn_suffix}/${group.arn_suffix}`.
    resource_label: Option<String>,
}

/// A metric of CloudWatch: one, or several with a formula.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    exactly_one("metric_name", "metrics"),
    requires("metric_name", "namespace", "statistic"),
    requires("namespace", "metric_name"),
    requires("statistic", "metric_name")
)]
pub(super) struct Customized {
    /// Name of the metric.
    metric_name: Option<String>,
    /// Namespace of the metric, such as `AWS/EC2`.
    namespace: Option<String>,
    /// Which values of the metric are taken.
    metric_dimension: BTreeSet<Dimension>,
    /// How one value is made of several.
    #[attr(values("Average", "Maximum", "Minimum", "SampleCount", "Sum"))]
    statistic: Option<String>,
    /// Unit of the metric.
    unit: Option<String>,
    /// Seconds between two values.
    #[attr(aws_default = "60 seconds")]
    period: Option<i32>,
    /// Metrics and formulas, of which one returns the value.
    metrics: Vec<Query>,
}

/// Which values of a metric are taken.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Dimension {
    /// Name of the dimension.
    name: String,
    /// Its value.
    value: String,
}

/// A metric, or a formula over others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(exactly_one("metric_stat", "expression"))]
pub(super) struct Query {
    /// Its name in formulas; begins with a lower-case letter.
    id: String,
    /// The formula.
    expression: Option<String>,
    /// What it is, for people.
    label: Option<String>,
    /// The metric.
    metric_stat: Option<MetricStat>,
    /// Whether it is the value that is kept near the target.
    #[attr(default = true)]
    return_data: bool,
}

/// A metric with the way in which one value is made of several.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(super) struct MetricStat {
    /// The metric.
    metric: Metric,
    /// The statistic, such as `Average` or `p90`.
    stat: String,
    /// Unit of the metric.
    unit: Option<String>,
    /// Seconds between two values.
    #[attr(aws_default = "60 seconds")]
    period: Option<i32>,
}

/// A metric of CloudWatch.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub(super) struct Metric {
    /// Its name.
    metric_name: String,
    /// Its namespace, such as `AWS/SQS`.
    namespace: String,
    /// Which of its values are taken.
    dimensions: BTreeSet<Dimension>,
}

fn own(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

impl TargetTracking {
    pub(super) fn sdk(&self) -> SdkTracking {
        SdkTracking::builder()
            .target_value(self.target_value)
            .disable_scale_in(self.disable_scale_in)
            .set_predefined_metric_specification(self.predefined_metric_specification.as_ref().map(|ready| {
                SdkReady::builder()
                    .predefined_metric_type(ready.predefined_metric_type.as_str().into())
                    .set_resource_label(ready.resource_label.clone())
                    .build()
            }))
            .set_customized_metric_specification(self.customized_metric_specification.as_ref().map(Customized::sdk))
            .build()
    }

    pub(super) fn read(tracking: &SdkTracking) -> Self {
        Self {
            target_value: tracking.target_value().unwrap_or_default(),
            disable_scale_in: tracking.disable_scale_in().unwrap_or_default(),
            predefined_metric_specification: tracking.predefined_metric_specification().map(|ready| Predefined {
                predefined_metric_type: ready
                    .predefined_metric_type()
                    .map(|metric| metric.as_str().to_owned())
                    .unwrap_or_default(),
                resource_label: own(ready.resource_label()),
            }),
            customized_metric_specification: tracking.customized_metric_specification().map(Customized::read),
        }
    }
}

impl Customized {
    fn sdk(&self) -> SdkCustom {
        let metrics: Vec<_> = self.metrics.iter().map(Query::sdk).collect();
        SdkCustom::builder()
            .set_metric_name(self.metric_name.clone())
            .set_namespace(self.namespace.clone())
            .set_dimensions(Dimension::sdk(&self.metric_dimension))
            .set_statistic(self.statistic.as_deref().map(MetricStatistic::from))
            .set_unit(self.unit.clone())
            .set_period(self.period)
            .set_metrics((!metrics.is_empty()).then_some(metrics))
            .build()
    }

    fn read(custom: &SdkCustom) -> Self {
        Self {
            metric_name: own(custom.metric_name()),
            namespace: own(custom.namespace()),
            metric_dimension: Dimension::read(custom.dimensions()),
            statistic: own(custom.statistic().map(MetricStatistic::as_str)),
            unit: own(custom.unit()),
            period: custom.period(),
            metrics: custom.metrics().iter().map(Query::read).collect(),
        }
    }
}

impl Dimension {
    fn sdk(all: &BTreeSet<Self>) -> Option<Vec<SdkDimension>> {
        let one = |each: &Self| SdkDimension::builder().name(&each.name).value(&each.value).build();
        (!all.is_empty()).then(|| all.iter().map(one).collect())
    }

    fn read(all: &[SdkDimension]) -> BTreeSet<Self> {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        all.iter().map(|each| Self { name: text(each.name()), value: text(each.value()) }).collect()
    }
}

impl Query {
    fn sdk(&self) -> SdkQuery {
        SdkQuery::builder()
            .id(&self.id)
            .set_expression(self.expression.clone())
            .set_label(self.label.clone())
            .set_metric_stat(self.metric_stat.as_ref().map(|stat| {
                let metric = SdkMetric::builder()
                    .metric_name(&stat.metric.metric_name)
                    .namespace(&stat.metric.namespace)
                    .set_dimensions(Dimension::sdk(&stat.metric.dimensions))
                    .build();
                SdkStat::builder()
                    .metric(metric)
                    .stat(&stat.stat)
                    .set_unit(stat.unit.clone())
                    .set_period(stat.period)
                    .build()
            }))
            .return_data(self.return_data)
            .build()
    }

    fn read(query: &SdkQuery) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            id: text(query.id()),
            expression: own(query.expression()),
            label: own(query.label()),
            metric_stat: query.metric_stat().map(|stat| {
                let metric = stat.metric();
                MetricStat {
                    metric: Metric {
                        metric_name: text(metric.and_then(SdkMetric::metric_name)),
                        namespace: text(metric.and_then(SdkMetric::namespace)),
                        dimensions: Dimension::read(metric.map(SdkMetric::dimensions).unwrap_or_default()),
                    },
                    stat: text(stat.stat()),
                    unit: own(stat.unit()),
                    period: stat.period(),
                }
            }),
            return_data: query.return_data().unwrap_or(true),
        }
    }
}
