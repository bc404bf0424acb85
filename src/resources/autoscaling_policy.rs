//! `autoscaling_policy`

mod tracking;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{ScalingPolicy as Sdk, StepAdjustment as SdkStep};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Map, Mark, Name, NameChars, Naming, Select, Status, TagChange, Tags,
    Unique, Value, Violation,
};
use serde::{Deserialize, Serialize};

pub use self::tracking::TargetTracking;
use super::autoscaling_support as support;
use crate::aws::{Codes, Cx, Live, Op, Resource, children};

/// How an Auto Scaling group grows and shrinks.
///
/// `SimpleScaling` and `StepScaling` act when a CloudWatch alarm has the policy's ARN among its actions;
/// `TargetTrackingScaling` keeps a metric near a value and makes its own alarms, which AWS manages. Policies take no
/// tags: one is the stack's when its name begins with `<stack>-<env>-`, or the file names it.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct AutoscalingPolicy {
    /// Its name, unique in the group.
    #[attr(create_only, length(1, 255), pattern = "[ -.0-9;-~]+")]
    name: Name,
    /// The group, by name.
    #[attr(create_only, refers("autoscaling_group", "name"))]
    autoscaling_group_name: String,
    /// How it decides.
    #[attr(default = "SimpleScaling", values("SimpleScaling", "StepScaling", "TargetTrackingScaling"))]
    policy_type: String,
    /// Whether it acts.
    #[attr(default = true)]
    enabled: bool,
    /// What the adjustments mean: instances more or less, instances altogether, or percent more or less. For simple
    /// and step scaling.
    #[attr(values("ChangeInCapacity", "ExactCapacity", "PercentChangeInCapacity"))]
    adjustment_type: Option<String>,
    /// Fewest instances that come or go with `PercentChangeInCapacity`.
    #[attr(range(1, 10_000))]
    min_adjustment_magnitude: Option<i32>,
    /// By how much simple scaling changes the capacity; negative to shrink.
    scaling_adjustment: Option<i32>,
    /// Seconds after an adjustment of simple scaling before the next one. Without it the group's.
    #[attr(range(0, 86_400))]
    cooldown: Option<i32>,
    /// By how much step scaling changes the capacity, by how far the alarm's threshold is exceeded.
    #[attr(length(0, 20))]
    step_adjustment: BTreeSet<StepAdjustment>,
    /// How step scaling makes one value of several: `Average`, `Minimum` or `Maximum`. Without it `Average`.
    #[attr(default = average_of_steps, values("Average", "Minimum", "Maximum"))]
    metric_aggregation_type: Option<String>,
    /// Seconds until a new instance counts, for step scaling and target tracking. Without it the group's.
    #[attr(range(0, 86_400))]
    estimated_instance_warmup: Option<i32>,
    /// What target tracking keeps near which value.
    target_tracking_configuration: Option<TargetTracking>,
}

/// One step: bounds are relative to the alarm's threshold, and one without an end has no bound there.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
#[attributes(at_least_one("metric_interval_lower_bound", "metric_interval_upper_bound"))]
pub struct StepAdjustment {
    /// By how much the capacity changes.
    scaling_adjustment: i32,
    /// Where it begins.
    metric_interval_lower_bound: Option<f64>,
    /// Where it ends.
    metric_interval_upper_bound: Option<f64>,
}

/// What a policy tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Group and name.
    #[attr(looks_like = "{attr:autoscaling_group_name}/{name}")]
    id: String,
    /// Its ARN: what an alarm takes as an action.
    #[attr(
        looks_like = "arn:aws:autoscaling:{region}:{account}:scalingPolicy:{uuid}:autoScalingGroupName/{attr:autoscaling_group_name}:policyName/{name}"
    )]
    arn: String,
}

impl Resource for AutoscalingPolicy {
    const FACTS: Facts = Facts {
        name: "autoscaling_policy",
        service: "autoscaling",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        identity: &["autoscaling_group_name", "name"],
        found: Found::Child(&["autoscaling_group"]),
        mark: Mark::Prefix,
        naming: Some(Naming { attribute: "name", max: 255, allowed: NameChars::Wide, unique: Unique::Parent }),
        once: true,
        actions: Actions {
            read: &["autoscaling:DescribePolicies"],
            create: &["autoscaling:PutScalingPolicy"],
            update: &["autoscaling:PutScalingPolicy"],
            delete: &["autoscaling:DeletePolicy"],
        },
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: &[], exists: &[], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        match select {
            Select::One(id) => {
                let (group, name) = support::parts(id)?;
                Ok(find(cx, group, name).await?.iter().map(live).collect())
            }
            Select::Owned(expected) => {
                let groups = children::parents(expected, "autoscaling_group_name");
                if groups.is_empty() {
                    return Ok(Vec::new());
                }
                let found: Vec<Sdk> = cx
                    .call(Op::new("autoscaling:DescribePolicies"), || {
                        cx.autoscaling().describe_policies().into_paginator().items().send().try_collect()
                    })
                    .await?;
                let ours = |policy: &&Sdk| {
                    policy.auto_scaling_group_name().is_some_and(|group| groups.contains(group))
                        && children::is_ours(cx, expected, policy.policy_name().unwrap_or_default())
                };
                Ok(found.iter().filter(ours).map(live).collect())
            }
        }
    }

    async fn create(&self, cx: &Cx<'_>, _new: &Declared) -> Result<String> {
        self.put(cx).await?;
        Ok(support::id(&self.autoscaling_group_name, &self.name))
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if *self == live.spec { Ok(()) } else { self.put(cx).await }
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        let (group, name) = (&live.spec.autoscaling_group_name, &*live.spec.name);
        let done = cx
            .call(Op::new("autoscaling:DeletePolicy"), || {
                cx.autoscaling().delete_policy().auto_scaling_group_name(group).policy_name(name).send()
            })
            .await;
        support::deleted(done.map(drop), async { Ok(find(cx, group, name).await?.is_some()) }).await
    }

    async fn retag(_cx: &Cx<'_>, _live: &Live<Self>, _change: &TagChange) -> Result<()> {
        Ok(())
    }

    fn check(&self) -> Vec<Violation> {
        let said = [
            ("adjustment_type", self.adjustment_type.is_some()),
            ("scaling_adjustment", self.scaling_adjustment.is_some()),
            ("cooldown", self.cooldown.is_some()),
            ("min_adjustment_magnitude", self.min_adjustment_magnitude.is_some()),
            ("step_adjustment", !self.step_adjustment.is_empty()),
            ("metric_aggregation_type", self.metric_aggregation_type.is_some()),
            ("estimated_instance_warmup", self.estimated_instance_warmup.is_some()),
            ("target_tracking_configuration", self.target_tracking_configuration.is_some()),
        ];
        let (needed, taken): (&[&str], &[&str]) = match self.policy_type.as_str() {
            "StepScaling" => (
                &["adjustment_type", "step_adjustment"],
                &["min_adjustment_magnitude", "metric_aggregation_type", "estimated_instance_warmup"],
            ),
            "TargetTrackingScaling" => (&["target_tracking_configuration"], &["estimated_instance_warmup"]),
            _ => (&["adjustment_type", "scaling_adjustment"], &["cooldown", "min_adjustment_magnitude"]),
        };
        let of = &self.policy_type;
        said.into_iter()
            .filter_map(|(name, written)| match (written, needed.contains(&name), taken.contains(&name)) {
                (false, true, _) => Some(Violation::new(name, format!("{of} needs it"))),
                (true, false, false) => Some(Violation::new(name, format!("{of} does not take it"))),
                _ => None,
            })
            .collect()
    }
}

impl AutoscalingPolicy {
    /// Says all of the policy: the call replaces what is there.
    async fn put(&self, cx: &Cx<'_>) -> Result<()> {
        let steps = self.step_adjustment.iter().map(StepAdjustment::sdk).collect::<Vec<_>>();
        cx.call(Op::new("autoscaling:PutScalingPolicy"), || {
            cx.autoscaling()
                .put_scaling_policy()
                .auto_scaling_group_name(&self.autoscaling_group_name)
                .policy_name(&*self.name)
                .policy_type(&self.policy_type)
                .enabled(self.enabled)
                .set_adjustment_type(self.adjustment_type.clone())
                .set_min_adjustment_magnitude(self.min_adjustment_magnitude)
                .set_scaling_adjustment(self.scaling_adjustment)
                .set_cooldown(self.cooldown)
                .set_step_adjustments((!steps.is_empty()).then(|| steps.clone()))
                .set_metric_aggregation_type(self.metric_aggregation_type.clone())
                .set_estimated_instance_warmup(self.estimated_instance_warmup)
                .set_target_tracking_configuration(self.target_tracking_configuration.as_ref().map(TargetTracking::sdk))
                .send()
        })
        .await?;
        Ok(())
    }
}

impl StepAdjustment {
    fn sdk(&self) -> SdkStep {
        SdkStep::builder()
            .scaling_adjustment(self.scaling_adjustment)
            .set_metric_interval_lower_bound(self.metric_interval_lower_bound)
            .set_metric_interval_upper_bound(self.metric_interval_upper_bound)
            .build()
    }

    fn read(step: &SdkStep) -> Self {
        Self {
            scaling_adjustment: step.scaling_adjustment().unwrap_or_default(),
            metric_interval_lower_bound: step.metric_interval_lower_bound(),
            metric_interval_upper_bound: step.metric_interval_upper_bound(),
        }
    }
}

// Steps are a set, and stand in it from below to above.

impl Ord for StepAdjustment {
    fn cmp(&self, other: &Self) -> Ordering {
        let from = |step: &Self| step.metric_interval_lower_bound.unwrap_or(f64::NEG_INFINITY);
        let to = |step: &Self| step.metric_interval_upper_bound.unwrap_or(f64::INFINITY);
        let bounds = from(self).total_cmp(&from(other)).then(to(self).total_cmp(&to(other)));
        bounds.then(self.scaling_adjustment.cmp(&other.scaling_adjustment))
    }
}

impl PartialOrd for StepAdjustment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for StepAdjustment {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for StepAdjustment {}

fn average_of_steps(others: &Map) -> Value {
    match others.get("policy_type").and_then(Value::as_str) {
        Some("StepScaling") => Value::from("Average"),
        _ => Value::Null,
    }
}

async fn find(cx: &Cx<'_>, group: &str, name: &str) -> Result<Option<Sdk>> {
    let found = cx
        .call(Op::new("autoscaling:DescribePolicies"), || {
            cx.autoscaling().describe_policies().auto_scaling_group_name(group).policy_names(name).send()
        })
        .await;
    let found = support::found_in(cx, group, found.map(|found| found.scaling_policies.unwrap_or_default())).await?;
    Ok(found.into_iter().next())
}

fn live(policy: &Sdk) -> Live<AutoscalingPolicy> {
    let own = |text: Option<&str>| text.map(str::to_owned);
    let group = policy.auto_scaling_group_name().unwrap_or_default().to_owned();
    let name = policy.policy_name().unwrap_or_default();
    let of = policy.policy_type().unwrap_or("SimpleScaling");
    let id = support::id(&group, name);
    Live {
        spec: AutoscalingPolicy {
            name: name.into(),
            autoscaling_group_name: group,
            policy_type: of.to_owned(),
            enabled: policy.enabled().unwrap_or(true),
            adjustment_type: own(policy.adjustment_type()),
            min_adjustment_magnitude: policy.min_adjustment_magnitude(),
            scaling_adjustment: policy.scaling_adjustment(),
            cooldown: policy.cooldown(),
            step_adjustment: policy.step_adjustments().iter().map(StepAdjustment::read).collect(),
            metric_aggregation_type: own(policy.metric_aggregation_type()).filter(|_| of == "StepScaling"),
            estimated_instance_warmup: policy.estimated_instance_warmup(),
            target_tracking_configuration: policy.target_tracking_configuration().map(TargetTracking::read),
        },
        outputs: Outputs { id: id.clone(), arn: policy.policy_arn().unwrap_or_default().to_owned() },
        tags: Tags::new(),
        status: Status::Usable,
        id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_needs_its_own_attributes() {
        let simple = AutoscalingPolicy {
            adjustment_type: Some("ChangeInCapacity".to_owned()),
            scaling_adjustment: Some(1),
            ..live(&Sdk::builder().auto_scaling_group_name("web").policy_name("up").build()).spec
        };
        let broken = |policy: &AutoscalingPolicy| -> Vec<String> {
            policy.check().into_iter().map(|violation| violation.path).collect()
        };
        assert_eq!(broken(&simple), [""; 0]);
        let step = AutoscalingPolicy { policy_type: "StepScaling".to_owned(), ..simple.clone() };
        assert_eq!(broken(&step), ["scaling_adjustment", "step_adjustment"]);
        let tracking = AutoscalingPolicy { policy_type: "TargetTrackingScaling".to_owned(), ..simple };
        assert_eq!(broken(&tracking), ["adjustment_type", "scaling_adjustment", "target_tracking_configuration"]);
    }

    #[test]
    fn steps_stand_from_below_to_above() {
        let step = |from: Option<f64>, to: Option<f64>| StepAdjustment {
            scaling_adjustment: 1,
            metric_interval_lower_bound: from,
            metric_interval_upper_bound: to,
        };
        let sorted: Vec<_> =
            BTreeSet::from([step(Some(20.0), None), step(None, Some(0.0)), step(Some(0.0), Some(20.0))])
                .into_iter()
                .map(|step| step.metric_interval_lower_bound)
                .collect();
        assert_eq!(sorted, [None, Some(0.0), Some(20.0)]);
    }
}
