//! `cloudwatch_log_metric_filter`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatchlogs::types::{MetricFilter as Sdk, MetricTransformation as SdkTransformation};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Mark, Name, NameChars, Naming, Select, Status, TagChange, Tags,
    Unique, Violation,
};
use serde::{Deserialize, Serialize};

use crate::aws::{Codes, Cx, Live, Op, Resource};

#[cfg(test)]
mod tests;

/// A metric filter: it counts what comes by in a log group, and makes a metric of it that alarms can watch.
///
/// Metric filters take no tags: one is the stack's when its log group is, or the file names both, and its name begins
/// with `<stack>-<env>-`, or the file says it. Only what is logged from now on counts.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct CloudwatchLogMetricFilter {
    /// Its name, unique in the log group.
    #[attr(create_only, length(1, 512), pattern = "[^:*]+")]
    name: Name,
    /// Name of the log group.
    #[attr(create_only, refers("cloudwatch_log_group", "name"))]
    log_group_name: String,
    /// What counts, in the syntax of CloudWatch Logs: `ERROR`, `{ $.status >= 500 }`. The empty text is everything.
    #[attr(length(0, 1024))]
    pattern: String,
    /// The metric.
    metric_transformation: Transformation,
    /// Whether it looks at what the log group's transformer makes of events, and not at the events themselves.
    #[attr(default = false)]
    apply_on_transformed_logs: bool,
    /// Which accounts and regions count, for logs that come from several: `@aws.region = "eu-west-3"`.
    #[attr(length(1, 2000))]
    field_selection_criteria: Option<String>,
    /// What becomes a dimension of the metric besides: `@aws.account`, `@aws.region`.
    #[attr(values("@aws.account", "@aws.region"))]
    emit_system_field_dimensions: BTreeSet<String>,
}

/// What an event that counts adds to the metric.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(at_most_one("default_value", "dimensions"))]
pub struct Transformation {
    /// Name of the metric.
    #[attr(length(1, 255), pattern = "[^:*$]+")]
    name: String,
    /// Its namespace; not one of AWS's own.
    #[attr(length(1, 255), pattern = "[0-9A-Za-z.\\-_/#:]+")]
    namespace: String,
    /// The number that an event adds, `1` to count events, or the field that holds it: `$.bytes`, `$size`.
    #[attr(length(1, 100))]
    value: String,
    /// The number for times in which something is logged, but nothing that counts. Without one there is no value then.
    default_value: Option<f64>,
    /// Dimensions by name, each with the field that holds its value; every new value is a metric that costs.
    #[attr(length(0, 3))]
    dimensions: BTreeMap<String, String>,
    /// Unit of the metric.
    #[attr(default = "None")]
    unit: String,
}

/// What a metric filter tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Log group and name, with a colon between them.
    #[attr(looks_like = "{attr:log_group_name}:{name}")]
    id: String,
}

impl Resource for CloudwatchLogMetricFilter {
    const FACTS: Facts = Facts {
        name: "cloudwatch_log_metric_filter",
        service: "logs",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        identity: &["log_group_name", "name"],
        found: Found::Child(&["cloudwatch_log_group"]),
        mark: Mark::Prefix,
        naming: Some(Naming { attribute: "name", max: 512, allowed: NameChars::Wide, unique: Unique::Parent }),
        once: true,
        actions: Actions {
            read: &["logs:DescribeMetricFilters"],
            create: &["logs:PutMetricFilter"],
            update: &["logs:PutMetricFilter"],
            delete: &["logs:DeleteMetricFilter"],
        },
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: &["ResourceNotFoundException"], exists: &[], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let expected = match select {
            Select::One(id) => return one(cx, id).await,
            Select::Owned(expected) => expected,
        };
        let declared = expected.instances.iter().filter_map(|filter| filter.attributes.get("log_group_name")?.as_str());
        let parents = expected.parents.iter().map(|group| group.id.as_str());
        let groups: BTreeSet<&str> = declared.chain(parents).collect();
        if groups.is_empty() {
            return Ok(Vec::new());
        }
        // One list for the account, and not one for each log group: there are far fewer filters than groups.
        let all = list(cx, None, None).await?;
        Ok(all
            .iter()
            .filter(|filter| filter.log_group_name().is_some_and(|of| groups.contains(of)))
            .map(live)
            .collect())
    }

    async fn create(&self, cx: &Cx<'_>, _new: &Declared) -> Result<String> {
        self.put(cx).await?;
        Ok(id(&self.log_group_name, &self.name))
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if *self == live.spec { Ok(()) } else { self.put(cx).await }
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("logs:DeleteMetricFilter"), || {
            let (group, name) = (&live.spec.log_group_name, &*live.spec.name);
            cx.logs().delete_metric_filter().log_group_name(group).filter_name(name).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(_cx: &Cx<'_>, _live: &Live<Self>, _change: &TagChange) -> Result<()> {
        Ok(())
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let reserved = self.metric_transformation.namespace.starts_with("AWS/");
        if reserved {
            found.push(Violation::new("metric_transformation.namespace", "namespaces with `AWS/` are AWS's own"));
        }
        if self.pattern.is_empty() && !self.metric_transformation.dimensions.is_empty() {
            let message = "dimensions need a pattern that says what the fields are";
            found.push(Violation::new("metric_transformation.dimensions", message));
        }
        found
    }
}

impl CloudwatchLogMetricFilter {
    /// The call that says all that the stack says; it makes and it changes.
    async fn put(&self, cx: &Cx<'_>) -> Result<()> {
        let metric = self.metric_transformation.sdk()?;
        let system: Vec<String> = self.emit_system_field_dimensions.iter().cloned().collect();
        cx.call(Op::new("logs:PutMetricFilter").racing(&["ResourceNotFoundException"]), || {
            cx.logs()
                .put_metric_filter()
                .log_group_name(&self.log_group_name)
                .filter_name(&*self.name)
                .filter_pattern(&self.pattern)
                .metric_transformations(metric.clone())
                .apply_on_transformed_logs(self.apply_on_transformed_logs)
                .set_field_selection_criteria(self.field_selection_criteria.clone())
                .set_emit_system_field_dimensions((!system.is_empty()).then(|| system.clone()))
                .send()
        })
        .await?;
        Ok(())
    }
}

impl Transformation {
    fn sdk(&self) -> Result<SdkTransformation> {
        let dimensions = self.dimensions.clone().into_iter().collect();
        SdkTransformation::builder()
            .metric_name(&self.name)
            .metric_namespace(&self.namespace)
            .metric_value(&self.value)
            .set_default_value(self.default_value)
            .set_dimensions((!self.dimensions.is_empty()).then_some(dimensions))
            .unit(self.unit.as_str().into())
            .build()
            .map_err(|error| Error::internal(error.to_string()))
    }
}

/// Neither names of log groups nor of filters have colons.
fn id(group: &str, name: &str) -> String {
    format!("{group}:{name}")
}

async fn one(cx: &Cx<'_>, id: &str) -> Result<Vec<Live<CloudwatchLogMetricFilter>>> {
    let Some((group, name)) = id.split_once(':') else {
        return Err(Error::new(ErrorKind::Usage, format!("`{id}` names no metric filter"))
            .hint("metric filters are named by log group and name: `/clefcloud/app:errors`"));
    };
    let found = list(cx, Some(group), Some(name)).await?;
    Ok(found.iter().filter(|filter| filter.filter_name() == Some(name)).map(live).collect())
}

async fn list(cx: &Cx<'_>, group: Option<&str>, prefix: Option<&str>) -> Result<Vec<Sdk>> {
    cx.call(Op::new("logs:DescribeMetricFilters"), || {
        cx.logs()
            .describe_metric_filters()
            .set_log_group_name(group.map(str::to_owned))
            .set_filter_name_prefix(prefix.map(str::to_owned))
            .into_paginator()
            .items()
            .send()
            .try_collect()
    })
    .await
}

fn live(filter: &Sdk) -> Live<CloudwatchLogMetricFilter> {
    let name = filter.filter_name().unwrap_or_default();
    let group = filter.log_group_name().unwrap_or_default();
    let metric = filter.metric_transformations().first();
    let text = |of: fn(&SdkTransformation) -> &str| metric.map(of).unwrap_or_default().to_owned();
    let dimensions = metric.and_then(SdkTransformation::dimensions).cloned().unwrap_or_default();
    let id = id(group, name);
    Live {
        spec: CloudwatchLogMetricFilter {
            name: name.into(),
            log_group_name: group.to_owned(),
            pattern: filter.filter_pattern().unwrap_or_default().to_owned(),
            metric_transformation: Transformation {
                name: text(SdkTransformation::metric_name),
                namespace: text(SdkTransformation::metric_namespace),
                value: text(SdkTransformation::metric_value),
                default_value: metric.and_then(|metric| metric.default_value),
                dimensions: dimensions.into_iter().collect(),
                unit: metric.and_then(|metric| metric.unit()).map_or("None", |unit| unit.as_str()).to_owned(),
            },
            apply_on_transformed_logs: filter.apply_on_transformed_logs,
            field_selection_criteria: filter.field_selection_criteria().map(str::to_owned),
            emit_system_field_dimensions: filter.emit_system_field_dimensions().iter().cloned().collect(),
        },
        outputs: Outputs { id: id.clone() },
        tags: Tags::new(),
        status: Status::Usable,
        id,
    }
}
