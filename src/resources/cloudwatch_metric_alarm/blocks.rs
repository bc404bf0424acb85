//! Metrics and expressions over them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::{Dimension, Metric as SdkMetric, MetricDataQuery, MetricStat, StandardUnit};
use clefctl_core::kind::{Attributes, Violation};
use serde::{Deserialize, Serialize};

/// A metric, or an expression over the metrics of other queries.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(exactly_one("metric", "expression"))]
pub struct MetricQuery {
    /// Name by which expressions refer to it, such as `m1`.
    #[attr(length(1, 255), pattern = "[a-z][A-Za-z0-9_]*")]
    id: String,
    /// The metric.
    metric: Option<Metric>,
    /// The expression, such as `100 * errors / requests`, or a query of Metrics Insights.
    #[attr(length(1, 2048))]
    expression: Option<String>,
    /// What graphs call it.
    label: Option<String>,
    /// Seconds that one value of an expression is made of, where the metrics do not say it: 10, 20, 30, or a multiple
    /// of 60.
    period: Option<i32>,
    /// Whether the alarm watches it; one query of an alarm has `true`, and with a band that one as well.
    #[attr(default = false)]
    return_data: bool,
    /// The account that the metric is in, where it is another one.
    #[attr(pattern = "\\d{12}")]
    account_id: Option<String>,
}

/// A metric.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    /// Its name.
    #[attr(length(1, 255))]
    metric_name: String,
    /// Its namespace, such as `AWS/ApplicationELB`.
    #[attr(length(1, 255), pattern = "[^:].*")]
    namespace: Option<String>,
    /// What tells it from others of its name.
    #[attr(length(0, 30))]
    dimensions: BTreeMap<String, String>,
    /// Seconds that one value is made of: 10, 20, 30, or a multiple of 60.
    period: i32,
    /// How values of a period become one: `Average`, `Sum`, `p99`, …
    stat: String,
    /// Its unit, where it is stored in several.
    unit: Option<String>,
}

impl MetricQuery {
    pub(super) fn sdk(&self) -> MetricDataQuery {
        let metric = self.metric.as_ref().map(|metric| {
            let named = SdkMetric::builder()
                .metric_name(&metric.metric_name)
                .set_namespace(metric.namespace.clone())
                .set_dimensions(write_dimensions(&metric.dimensions))
                .build();
            MetricStat::builder()
                .metric(named)
                .period(metric.period)
                .stat(&metric.stat)
                .set_unit(metric.unit.as_deref().map(Into::into))
                .build()
        });
        MetricDataQuery::builder()
            .id(&self.id)
            .set_metric_stat(metric)
            .set_expression(self.expression.clone())
            .set_label(self.label.clone())
            .set_period(self.period)
            .return_data(self.return_data)
            .set_account_id(self.account_id.clone())
            .build()
    }

    pub(super) fn read(query: &MetricDataQuery) -> Self {
        let metric = query.metric_stat().map(|stat| {
            let named = stat.metric();
            Metric {
                metric_name: named.and_then(SdkMetric::metric_name).unwrap_or_default().to_owned(),
                namespace: text(named.and_then(SdkMetric::namespace)),
                dimensions: read_dimensions(named.map(SdkMetric::dimensions).unwrap_or_default()),
                period: stat.period.unwrap_or_default(),
                stat: stat.stat().unwrap_or_default().to_owned(),
                unit: text(stat.unit().map(StandardUnit::as_str)),
            }
        });
        Self {
            id: query.id().unwrap_or_default().to_owned(),
            metric,
            expression: text(query.expression()),
            label: text(query.label()),
            period: query.period,
            // What AWS takes where nothing is said.
            return_data: query.return_data.unwrap_or(true),
            account_id: text(query.account_id()),
        }
    }
}

/// Whether AWS takes periods of that many seconds.
pub(super) fn is_period(seconds: i32) -> bool {
    matches!(seconds, 10 | 20 | 30) || seconds > 0 && seconds % 60 == 0
}

/// What AWS refuses in the queries of one alarm.
pub(super) fn check(queries: &BTreeSet<MetricQuery>, band: Option<&str>, found: &mut Vec<Violation>) {
    if queries.is_empty() {
        return;
    }
    let ids: BTreeSet<&str> = queries.iter().map(|query| query.id.as_str()).collect();
    if ids.len() < queries.len() {
        found.push(Violation::new("metric_query", "each query needs an id of its own"));
    }
    let periods =
        queries.iter().flat_map(|query| query.period.into_iter().chain(query.metric.as_ref().map(|m| m.period)));
    for period in periods.filter(|period| !is_period(*period)) {
        let message = format!("a period is 10, 20 or 30 seconds, or a multiple of 60, not {period}");
        found.push(Violation::new("metric_query", message));
    }
    let watched = queries.iter().filter(|query| query.return_data && Some(query.id.as_str()) != band).count();
    if watched != 1 {
        let (path, beside) = band.map_or(("metric_query", ""), |_| ("threshold_metric_id", " beside the band"));
        let message = format!("an alarm watches one query{beside}; {watched} have `return_data: true`");
        found.push(Violation::new(path, message));
    }
    if let Some(band) = band
        && !ids.contains(band)
    {
        found.push(Violation::new("threshold_metric_id", format!("no `metric_query` has the id `{band}`")));
    }
}

/// A text that says something.
pub(super) fn text(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) fn write_dimensions(dimensions: &BTreeMap<String, String>) -> Option<Vec<Dimension>> {
    let write = |(name, value): (&String, &String)| Dimension::builder().name(name).value(value).build();
    (!dimensions.is_empty()).then(|| dimensions.iter().map(write).collect())
}

pub(super) fn read_dimensions(dimensions: &[Dimension]) -> BTreeMap<String, String> {
    let read = |dimension: &Dimension| Some((dimension.name()?.to_owned(), dimension.value()?.to_owned()));
    dimensions.iter().filter_map(read).collect()
}
