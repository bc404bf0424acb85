//! `autoscaling_group`

mod capacity;
mod refresh;
mod settings;

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_autoscaling::types::{AutoScalingGroup as Group, Filter, InstanceRefresh as SdkRefresh};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Address, Attributes, Declared, Expected, Facts, Map, Name, NameChars, Naming, PerVerb, Select, Status,
    TagChange, Unique, Value, Violation, tag,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

pub use self::refresh::{AlarmSpecification, InstanceRefresh, Preferences};
use super::autoscaling_support as support;
use crate::aws::tags::autoscaling as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// An Auto Scaling group: keeps a number of equal instances running, in several zones.
///
/// With an `instance_refresh` block, a new version of the launch template is rolled out to the instances that run: the
/// apply shows how far it is, waits for it, and fails when the roll-out fails or is rolled back; one that was cut
/// short is followed by the next apply. Without the block, only new instances get the new version.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(at_least_one("launch_template"), at_least_one("vpc_zone_identifier"))]
pub struct AutoscalingGroup {
    /// Its name.
    #[attr(create_only, length(1, 255), pattern = "[!-9;-~]([ -9;-~]*[!-9;-~])?")]
    name: Name,
    /// The fewest instances there may be.
    #[attr(range(0, 10_000))]
    min_size: i32,
    /// The most instances there may be.
    #[attr(range(0, 10_000))]
    max_size: i32,
    /// How many instances there are to be.
    #[attr(range(0, 10_000), aws_default = "scaling policies and schedules move it; at first it is `min_size`")]
    desired_capacity: Option<i32>,
    /// Subnets of the instances.
    #[attr(refers("subnet", "id"))]
    vpc_zone_identifier: BTreeSet<String>,
    /// What the instances look like.
    launch_template: Option<LaunchTemplate>,
    /// Target groups that the instances are registered in.
    #[attr(refers("lb_target_group", "arn"))]
    target_group_arns: BTreeSet<String>,
    /// Who says whether an instance is healthy: `EC2`, or `ELB` for the load balancer's checks too.
    #[attr(default = "EC2", pattern = "(EC2|ELB|EBS|VPC_LATTICE)(,(EC2|ELB|EBS|VPC_LATTICE))*")]
    health_check_type: String,
    /// Seconds for which a new instance may be unhealthy.
    #[attr(default = 300, range(0, 172_800))]
    health_check_grace_period: i32,
    /// Seconds between two actions of a simple scaling policy.
    #[attr(default = 300, range(0, 172_800))]
    default_cooldown: i32,
    /// Seconds until a new instance counts in metrics.
    #[attr(range(0, 172_800))]
    default_instance_warmup: Option<i32>,
    /// Which instance goes first, in order.
    #[attr(default = ["Default"])]
    termination_policies: Vec<String>,
    /// Processes that are switched off, such as `AZRebalance`.
    #[attr(values(
        "Launch", "Terminate", "AddToLoadBalancer", "AlarmNotification", "AZRebalance", "HealthCheck",
        "InstanceRefresh", "ReplaceUnhealthy", "ScheduledActions"
    ))]
    suspended_processes: BTreeSet<String>,
    /// Metrics of the group itself, such as `GroupInServiceInstances`.
    enabled_metrics: BTreeSet<String>,
    /// How often metrics are taken.
    #[attr(default = "1Minute", values("1Minute"))]
    metrics_granularity: String,
    /// Whether new instances are protected from scale-in.
    #[attr(default = false)]
    protect_from_scale_in: bool,
    /// Seconds after which an instance is replaced, at least a day.
    #[attr(range(86_400, 31_536_000))]
    max_instance_lifetime: Option<i32>,
    /// Whether a spot instance that is about to be interrupted is replaced before.
    #[attr(default = false)]
    capacity_rebalance: bool,
    /// Placement group of the instances.
    placement_group: Option<String>,
    /// Role by which Auto Scaling acts.
    #[attr(aws_default = "AWS makes one for the account")]
    service_linked_role_arn: Option<String>,
    /// Whether new instances get the group's tags, those of `defaults` included; never those of clefctl.
    #[attr(default = true, same = same_propagation)]
    propagate_tags_at_launch: Option<bool>,
    /// How a new launch template reaches the instances that run.
    #[attr(local)]
    instance_refresh: Option<InstanceRefresh>,
    /// How long to wait until as many instances are in service as there are to be, such as `10m`; `0` does not wait.
    #[attr(local, default = "10m")]
    wait_for_capacity_timeout: String,
    /// Whether the group is deleted with its instances at once, rather than after they have gone in good order.
    #[attr(local, default = false)]
    force_delete: bool,
}

/// A version of a launch template.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct LaunchTemplate {
    /// The launch template.
    #[attr(refers("launch_template", "id"))]
    id: String,
    /// Its version: best `${<name>.latest_version}`, so that a change shows in the plan and is rolled out.
    #[attr(default = "$Default", pattern = "[0-9]+|\\$Default|\\$Latest")]
    version: String,
}

/// What a group tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:{uuid}:autoScalingGroupName/{name}")]
    arn: String,
}

impl Resource for AutoscalingGroup {
    const FACTS: Facts = Facts {
        name: "autoscaling_group",
        service: "autoscaling",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        naming: Some(Naming { attribute: "name", max: 255, allowed: NameChars::Wide, unique: Unique::Account }),
        once: true,
        details: 2,
        actions: Actions {
            read: &[
                "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeInstanceRefreshes",
                "autoscaling:DescribeScalingActivities", "ec2:DescribeLaunchTemplates",
            ],
            create: &[
                "autoscaling:CreateAutoScalingGroup", "autoscaling:CreateOrUpdateTags",
                "autoscaling:EnableMetricsCollection", "autoscaling:SuspendProcesses",
                "ec2:DescribeLaunchTemplateVersions", "ec2:RunInstances", "ec2:CreateTags",
                "iam:CreateServiceLinkedRole", "iam:GetInstanceProfile", "iam:PassRole",
            ],
            update: &[
                "autoscaling:UpdateAutoScalingGroup", "autoscaling:AttachLoadBalancerTargetGroups",
                "autoscaling:DetachLoadBalancerTargetGroups", "autoscaling:EnableMetricsCollection",
                "autoscaling:DisableMetricsCollection", "autoscaling:SuspendProcesses", "autoscaling:ResumeProcesses",
                "autoscaling:StartInstanceRefresh", "autoscaling:CancelInstanceRefresh",
                "autoscaling:CreateOrUpdateTags", "autoscaling:DeleteTags", "ec2:DescribeLaunchTemplateVersions",
                "ec2:RunInstances", "ec2:CreateTags", "iam:GetInstanceProfile", "iam:PassRole",
            ],
            delete: &[
                "autoscaling:DeleteAutoScalingGroup", "autoscaling:UpdateAutoScalingGroup",
                "autoscaling:ResumeProcesses", "autoscaling:SetInstanceProtection",
            ],
        },
        takes: PerVerb::new(180, 300, 180),
        // Roll-outs with checkpoints take hours; what waits for instances has a time-out of its own.
        timeouts: PerVerb::new(86_400, 86_400, 7200),
        calls: PerVerb::new(3, 9, 4),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &[],
        exists: &["AlreadyExists"],
        blocked: &["ResourceInUse", "ScalingActivityInProgress", "DependencyViolation"],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        match select {
            Select::One(name) => {
                // In this order: a group that is read while its roll-out ends would show the template before it.
                let rolling = refresh::running(cx, name).await?;
                let group = support::group(cx, name).await?;
                Ok(group.iter().map(|group| live(group, refresh::own(group), rolling.as_ref())).collect())
            }
            Select::Owned(expected) => {
                let ours = Filter::builder().name(format!("tag:{}", tag::STACK)).values(cx.owner.to_string()).build();
                let found: Vec<Group> = cx
                    .call(Op::new("autoscaling:DescribeAutoScalingGroups"), || {
                        let groups = cx.autoscaling().describe_auto_scaling_groups().filters(ours.clone());
                        groups.into_paginator().items().send().try_collect()
                    })
                    .await?;
                futures::future::try_join_all(found.iter().map(|group| look(cx, group, expected))).await
            }
        }
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        self.make(cx, &new.tags).await?;
        self.set_metrics(cx, &BTreeSet::new()).await?;
        self.set_processes(cx, &BTreeSet::new()).await?;
        self.wait_for_capacity(cx).await?;
        Ok(self.name.to_string())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let old = &live.spec;
        let rolls = self.launch_template != old.launch_template && self.instance_refresh.is_some();
        self.set(cx, old, rolls).await?;
        self.set_target_groups(cx, &old.target_group_arns).await?;
        self.set_metrics(cx, &old.enabled_metrics).await?;
        self.set_processes(cx, &old.suspended_processes).await?;
        if !same(self.propagate_tags_at_launch, old.propagate_tags_at_launch) {
            tags::put(cx, &live.id, &live.tags, self.propagates()).await?;
        }
        if rolls && let (Some(how), Some(wanted)) = (&self.instance_refresh, &self.launch_template) {
            if let Some(group) = support::group(cx, &live.id).await? {
                refresh::roll_out(cx, &group, wanted, how).await?;
            }
        } else if self.min_size > old.min_size || self.desired_capacity > old.desired_capacity {
            self.wait_for_capacity(cx).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> Result<()> {
        match remove(cx, &live.id, last.is_some_and(|last| last.force_delete)).await {
            // A group that has gone is answered with a code that can mean anything.
            Err(error) if error.code() == Some("ValidationError") && !is_there(cx, &live.id).await? => Ok(()),
            ended => ended,
        }
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change, live.spec.propagates()).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut broken = Vec::new();
        if self.min_size > self.max_size {
            broken.push(Violation::new("min_size", "it is more than `max_size`"));
        }
        if self.desired_capacity.is_some_and(|wanted| !(self.min_size..=self.max_size).contains(&wanted)) {
            broken.push(Violation::new("desired_capacity", "it is not from `min_size` to `max_size`"));
        }
        if self.patience().is_none() {
            broken.push(
                Violation::new("wait_for_capacity_timeout", "it is no length of time")
                    .hint("write hours, minutes and seconds: `10m`, `1h30m`, or `0`"),
            );
        }
        let moving = self.launch_template.as_ref().is_some_and(|template| template.version.starts_with('$'));
        if moving && self.instance_refresh.as_ref().is_some_and(InstanceRefresh::rolls_back) {
            broken.push(
                Violation::new("launch_template.version", "with `auto_rollback` it must be a number")
                    .hint("write `version: ${<launch template>.latest_version}`"),
            );
        }
        broken
    }
}

impl AutoscalingGroup {
    fn propagates(&self) -> bool {
        self.propagate_tags_at_launch.unwrap_or(true)
    }

    /// How long to wait for instances; `None` where it is no length of time.
    fn patience(&self) -> Option<Duration> {
        if self.wait_for_capacity_timeout == "0" {
            return Some(Duration::ZERO);
        }
        self.wait_for_capacity_timeout.parse::<SignedDuration>().ok()?.try_into().ok()
    }

    async fn wait_for_capacity(&self, cx: &Cx<'_>) -> Result<()> {
        match self.patience() {
            Some(patience) if !patience.is_zero() => capacity::reach(cx, &self.name, patience).await,
            _ => Ok(()),
        }
    }
}

/// Deletes a group: with its instances, or after they have gone.
async fn remove(cx: &Cx<'_>, name: &str, forced: bool) -> Result<()> {
    const OP: Op =
        Op::new("autoscaling:DeleteAutoScalingGroup").racing(&["ResourceInUse", "ScalingActivityInProgress"]);
    if !is_there(cx, name).await? {
        return Ok(());
    }
    if !forced {
        capacity::drain(cx, name).await?;
    }
    cx.call(OP, || {
        let group = cx.autoscaling().delete_auto_scaling_group().auto_scaling_group_name(name);
        group.set_force_delete(forced.then_some(true)).send()
    })
    .await?;
    Ok(())
}

/// Whether there is such a group, and nobody deletes it yet.
async fn is_there(cx: &Cx<'_>, name: &str) -> Result<bool> {
    Ok(support::group(cx, name).await?.is_some_and(|group| group.status().is_none()))
}

/// A group without tags of the user propagates all that it has, and none.
fn same_propagation(declared: &Value, observed: &Value) -> bool {
    observed.is_null() || declared.as_bool() == observed.as_bool()
}

fn same(declared: Option<bool>, observed: Option<bool>) -> bool {
    observed.is_none() || declared == observed
}

/// Looks closer at a group: at a roll-out under way, and at the instances that one left behind.
async fn look(cx: &Cx<'_>, group: &Group, expected: &Expected) -> Result<Live<AutoscalingGroup>> {
    let name = group.auto_scaling_group_name().unwrap_or_default();
    let rolling = if group.status().is_none() { refresh::running(cx, name).await? } else { None };
    let declared = declaration(group, expected).and_then(|declared| declared.get("instance_refresh"));
    let template = match declared.filter(|refresh| refresh.as_map().is_some()) {
        Some(refresh) if rolling.is_none() => {
            refresh::really_runs(group, refresh, &settings::current_version(cx, group).await?)
        }
        _ => refresh::own(group),
    };
    Ok(live(group, template, rolling.as_ref()))
}

/// What the stack says of a group.
fn declaration<'a>(group: &Group, expected: &'a Expected) -> Option<&'a Map> {
    let mark = group.tags().iter().find(|tag| tag.key() == Some(tag::RESOURCE))?;
    let (_, address) = Address::from_tag(mark.value()?)?;
    expected.instances.iter().find(|instance| instance.address == address).map(|instance| &instance.attributes)
}

fn live(group: &Group, template: Option<LaunchTemplate>, rolling: Option<&SdkRefresh>) -> Live<AutoscalingGroup> {
    let name = group.auto_scaling_group_name().unwrap_or_default().to_owned();
    Live {
        spec: AutoscalingGroup { launch_template: template, ..settings::read(group) },
        outputs: Outputs { id: name.clone(), arn: group.auto_scaling_group_arn().unwrap_or_default().to_owned() },
        tags: tags::read(group.tags()),
        status: match (group.status(), rolling) {
            (Some(status), _) => Status::Dying(status.to_owned()),
            (None, Some(refresh)) => Status::Pending(refresh::progress(refresh)),
            (None, None) => Status::Usable,
        },
        id: name,
    }
}

#[cfg(test)]
mod tests;
