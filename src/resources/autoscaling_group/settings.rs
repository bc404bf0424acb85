//! The settings of a group, as the API takes and gives them.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_autoscaling::types::AutoScalingGroup as Group;
use clefctl_core::error::Result;
use clefctl_core::kind::Tags;

use super::{AutoscalingGroup, LaunchTemplate};
use crate::aws::tags::autoscaling as tags;
use crate::aws::{Cx, Op, changed, young};

/// How long what EC2 made may be invisible to Auto Scaling.
const TEMPLATE: Duration = Duration::from_secs(30);
/// The most target groups that one call takes.
const BATCH: usize = 10;

impl AutoscalingGroup {
    /// Creates the group.
    pub(super) async fn make(&self, cx: &Cx<'_>, new: &Tags) -> Result<()> {
        let all = |set: &BTreeSet<String>| (!set.is_empty()).then(|| set.iter().cloned().collect::<Vec<_>>());
        self.once_visible(cx, || {
            cx.call(Op::new("autoscaling:CreateAutoScalingGroup"), || {
                cx.autoscaling()
                    .create_auto_scaling_group()
                    .auto_scaling_group_name(&*self.name)
                    .min_size(self.min_size)
                    .max_size(self.max_size)
                    .set_desired_capacity(self.desired_capacity)
                    .vpc_zone_identifier(joined(&self.vpc_zone_identifier))
                    .set_launch_template(self.launch_template.as_ref().map(LaunchTemplate::specification))
                    .set_target_group_arns(all(&self.target_group_arns))
                    .health_check_type(&self.health_check_type)
                    .health_check_grace_period(self.health_check_grace_period)
                    .default_cooldown(self.default_cooldown)
                    .set_default_instance_warmup(self.default_instance_warmup)
                    .set_termination_policies(Some(self.termination_policies.clone()))
                    .new_instances_protected_from_scale_in(self.protect_from_scale_in)
                    .set_max_instance_lifetime(self.max_instance_lifetime)
                    .capacity_rebalance(self.capacity_rebalance)
                    .set_placement_group(self.placement_group.clone())
                    .set_service_linked_role_arn(self.service_linked_role_arn.clone())
                    .set_tags(Some(tags::write(&self.name, new, self.propagates())))
                    .send()
            })
        })
        .await?;
        Ok(())
    }

    /// Makes a call that is refused, with a code that can mean anything, while Auto Scaling cannot see the launch template
    /// or its instance profile yet.
    async fn once_visible<T, F, Fut>(&self, cx: &Cx<'_>, call: F) -> Result<T>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        young::patiently(cx, "ValidationError", youth(cx, self.launch_template.as_ref()), call).await
    }

    /// Sends what differs and one call takes. A launch template that is rolled out comes with the roll-out.
    pub(super) async fn set(&self, cx: &Cx<'_>, old: &Self, rolls: bool) -> Result<()> {
        let sent = Self {
            target_group_arns: old.target_group_arns.clone(),
            enabled_metrics: old.enabled_metrics.clone(),
            metrics_granularity: old.metrics_granularity.clone(),
            suspended_processes: old.suspended_processes.clone(),
            propagate_tags_at_launch: old.propagate_tags_at_launch,
            launch_template: if rolls { old.launch_template.clone() } else { self.launch_template.clone() },
            instance_refresh: old.instance_refresh.clone(),
            wait_for_capacity_timeout: old.wait_for_capacity_timeout.clone(),
            force_delete: old.force_delete,
            ..self.clone()
        };
        if sent == *old {
            return Ok(());
        }
        let template = changed(&sent.launch_template, &old.launch_template).flatten();
        // What is absent is sent as the value by which the API means "none".
        let lifetime = changed(&self.max_instance_lifetime, &old.max_instance_lifetime).map(|n| n.unwrap_or(0));
        let warmup = changed(&self.default_instance_warmup, &old.default_instance_warmup).map(|n| n.unwrap_or(-1));
        let placement = changed(&self.placement_group, &old.placement_group).map(Option::unwrap_or_default);
        let update = || {
            cx.call(Op::new("autoscaling:UpdateAutoScalingGroup").racing(&["ScalingActivityInProgress"]), || {
                cx.autoscaling()
                    .update_auto_scaling_group()
                    .auto_scaling_group_name(&*self.name)
                    .set_min_size(changed(&self.min_size, &old.min_size))
                    .set_max_size(changed(&self.max_size, &old.max_size))
                    .set_desired_capacity(changed(&self.desired_capacity, &old.desired_capacity).flatten())
                    .set_vpc_zone_identifier(
                        changed(&self.vpc_zone_identifier, &old.vpc_zone_identifier).map(|subnets| joined(&subnets)),
                    )
                    .set_launch_template(template.as_ref().map(LaunchTemplate::specification))
                    .set_health_check_type(changed(&self.health_check_type, &old.health_check_type))
                    .set_health_check_grace_period(changed(
                        &self.health_check_grace_period, &old.health_check_grace_period,
                    ))
                    .set_default_cooldown(changed(&self.default_cooldown, &old.default_cooldown))
                    .set_default_instance_warmup(warmup)
                    .set_termination_policies(changed(&self.termination_policies, &old.termination_policies))
                    .set_new_instances_protected_from_scale_in(changed(
                        &self.protect_from_scale_in, &old.protect_from_scale_in,
                    ))
                    .set_max_instance_lifetime(lifetime)
                    .set_capacity_rebalance(changed(&self.capacity_rebalance, &old.capacity_rebalance))
                    .set_placement_group(placement.clone())
                    .set_service_linked_role_arn(
                        changed(&self.service_linked_role_arn, &old.service_linked_role_arn).flatten(),
                    )
                    .send()
            })
        };
        if template.is_some() {
            self.once_visible(cx, update).await?
        } else {
            update().await?
        };
        Ok(())
    }

    /// Attaches new target groups before it detaches old ones.
    pub(super) async fn set_target_groups(&self, cx: &Cx<'_>, old: &BTreeSet<String>) -> Result<()> {
        let new: Vec<String> = self.target_group_arns.difference(old).cloned().collect();
        let gone: Vec<String> = old.difference(&self.target_group_arns).cloned().collect();
        for batch in new.chunks(BATCH) {
            cx.call(Op::new("autoscaling:AttachLoadBalancerTargetGroups"), || {
                cx.autoscaling()
                    .attach_load_balancer_target_groups()
                    .auto_scaling_group_name(&*self.name)
                    .set_target_group_arns(Some(batch.to_vec()))
                    .send()
            })
            .await?;
        }
        for batch in gone.chunks(BATCH) {
            cx.call(Op::new("autoscaling:DetachLoadBalancerTargetGroups"), || {
                cx.autoscaling()
                    .detach_load_balancer_target_groups()
                    .auto_scaling_group_name(&*self.name)
                    .set_target_group_arns(Some(batch.to_vec()))
                    .send()
            })
            .await?;
        }
        Ok(())
    }

    pub(super) async fn set_metrics(&self, cx: &Cx<'_>, old: &BTreeSet<String>) -> Result<()> {
        let new: Vec<String> = self.enabled_metrics.difference(old).cloned().collect();
        let gone: Vec<String> = old.difference(&self.enabled_metrics).cloned().collect();
        if !new.is_empty() {
            cx.call(Op::new("autoscaling:EnableMetricsCollection"), || {
                cx.autoscaling()
                    .enable_metrics_collection()
                    .auto_scaling_group_name(&*self.name)
                    .granularity(&self.metrics_granularity)
                    .set_metrics(Some(new.clone()))
                    .send()
            })
            .await?;
        }
        if !gone.is_empty() {
            cx.call(Op::new("autoscaling:DisableMetricsCollection"), || {
                cx.autoscaling()
                    .disable_metrics_collection()
                    .auto_scaling_group_name(&*self.name)
                    .set_metrics(Some(gone.clone()))
                    .send()
            })
            .await?;
        }
        Ok(())
    }

    pub(super) async fn set_processes(&self, cx: &Cx<'_>, old: &BTreeSet<String>) -> Result<()> {
        let off: Vec<String> = self.suspended_processes.difference(old).cloned().collect();
        let on: Vec<String> = old.difference(&self.suspended_processes).cloned().collect();
        if !off.is_empty() {
            cx.call(Op::new("autoscaling:SuspendProcesses"), || {
                cx.autoscaling()
                    .suspend_processes()
                    .auto_scaling_group_name(&*self.name)
                    .set_scaling_processes(Some(off.clone()))
                    .send()
            })
            .await?;
        }
        if !on.is_empty() {
            cx.call(Op::new("autoscaling:ResumeProcesses"), || {
                cx.autoscaling()
                    .resume_processes()
                    .auto_scaling_group_name(&*self.name)
                    .set_scaling_processes(Some(on.clone()))
                    .send()
            })
            .await?;
        }
        Ok(())
    }
}

/// How long a launch template made a moment ago, and what it names, may still be invisible to Auto Scaling.
async fn youth(cx: &Cx<'_>, template: Option<&LaunchTemplate>) -> Result<Duration> {
    let Some(template) = template else { return Ok(Duration::ZERO) };
    let found = cx
        .call(Op::new("ec2:DescribeLaunchTemplateVersions"), || {
            let versions = cx.ec2().describe_launch_template_versions();
            versions.launch_template_id(&template.id).versions(&template.version).send()
        })
        .await?;
    let Some(version) = found.launch_template_versions().first() else { return Ok(Duration::ZERO) };
    let own = version.create_time().map(|made| young::left(*made, TEMPLATE)).unwrap_or_default();
    let profile = version.launch_template_data().and_then(|data| data.iam_instance_profile());
    match profile.and_then(|profile| profile.name().or(profile.arn())) {
        Some(profile) => Ok(own.max(young::instance_profile(cx, profile).await?)),
        None => Ok(own),
    }
}

/// Subnets as the API takes them: one text with commas.
fn joined(subnets: &BTreeSet<String>) -> String {
    subnets.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

/// The number of the version that a group's setting means, `$Latest` and `$Default` looked up.
pub(super) async fn current_version(cx: &Cx<'_>, group: &Group) -> Result<String> {
    let Some(own) = group.launch_template().map(LaunchTemplate::read) else { return Ok(String::new()) };
    if !own.version.starts_with('$') {
        return Ok(own.version);
    }
    let found = cx
        .call(Op::new("ec2:DescribeLaunchTemplates"), || {
            cx.ec2().describe_launch_templates().launch_template_ids(&own.id).send()
        })
        .await?;
    let number = found.launch_templates().first().and_then(|template| match own.version.as_str() {
        "$Latest" => template.latest_version_number(),
        _ => template.default_version_number(),
    });
    Ok(number.map(|number| number.to_string()).unwrap_or_default())
}

/// What a group says of its settings; the launch template is not part of it.
pub(super) fn read(group: &Group) -> AutoscalingGroup {
    let subnets = group.vpc_zone_identifier().unwrap_or_default().split(',').map(str::trim);
    let policies = group.termination_policies();
    AutoscalingGroup {
        name: group.auto_scaling_group_name().unwrap_or_default().into(),
        min_size: group.min_size().unwrap_or_default(),
        max_size: group.max_size().unwrap_or_default(),
        desired_capacity: group.desired_capacity(),
        vpc_zone_identifier: subnets.filter(|subnet| !subnet.is_empty()).map(str::to_owned).collect(),
        launch_template: None,
        target_group_arns: group.target_group_arns().iter().cloned().collect(),
        health_check_type: group.health_check_type().unwrap_or("EC2").to_owned(),
        health_check_grace_period: group.health_check_grace_period().unwrap_or_default(),
        default_cooldown: group.default_cooldown().unwrap_or(300),
        default_instance_warmup: group.default_instance_warmup().filter(|seconds| *seconds >= 0),
        termination_policies: if policies.is_empty() { vec!["Default".to_owned()] } else { policies.to_vec() },
        suspended_processes: group.suspended_processes().iter().filter_map(|one| one.process_name.clone()).collect(),
        enabled_metrics: group.enabled_metrics().iter().filter_map(|one| one.metric.clone()).collect(),
        metrics_granularity: "1Minute".to_owned(),
        protect_from_scale_in: group.new_instances_protected_from_scale_in().unwrap_or_default(),
        max_instance_lifetime: group.max_instance_lifetime().filter(|seconds| *seconds > 0),
        capacity_rebalance: group.capacity_rebalance().unwrap_or_default(),
        placement_group: group.placement_group.clone().filter(|name| !name.is_empty()),
        service_linked_role_arn: group.service_linked_role_arn.clone(),
        propagate_tags_at_launch: tags::propagated(group.tags()),
        instance_refresh: None,
        wait_for_capacity_timeout: "10m".to_owned(),
        force_delete: false,
    }
}
