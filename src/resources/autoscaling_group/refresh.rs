//! The roll-out of a new launch template to the instances of a group: an instance refresh.
//!
//! It is started with the new version as the desired configuration, so that the group's own setting changes only when
//! all went well, and a rollback goes back to what ran before.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::{
    AlarmSpecification as SdkAlarms, AutoScalingGroup as Group, DesiredConfiguration, Instance,
    InstanceRefresh as Refresh, InstanceRefreshStatus as State, LaunchTemplateSpecification, LifecycleState,
    RefreshPreferences, RefreshStrategy,
};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Attributes, Value};
use serde::{Deserialize, Serialize};

use super::LaunchTemplate;
use crate::aws::{Cx, Op, Patience};

/// How a new launch template reaches the instances that run.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct InstanceRefresh {
    /// Instances are replaced by and by.
    #[attr(default = "Rolling", values("Rolling"))]
    pub(super) strategy: String,
    /// How fast, and what may go wrong.
    pub(super) preferences: Option<Preferences>,
}

/// How fast instances are replaced, and what may go wrong.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(requires("checkpoint_delay", "checkpoint_percentages"))]
pub struct Preferences {
    /// How many percent of the desired capacity must stay healthy.
    #[attr(default = 90, range(0, 100))]
    pub(super) min_healthy_percentage: i32,
    /// How many percent of the desired capacity there may be: above 100, new instances come before old ones go.
    #[attr(range(100, 200))]
    pub(super) max_healthy_percentage: Option<i32>,
    /// Seconds until a new instance counts as ready; without it, the group's `default_instance_warmup`.
    #[attr(range(0, 3_600_000))]
    pub(super) instance_warmup: Option<i32>,
    /// Whether instances that are as they should be already are left alone.
    #[attr(default = false)]
    pub(super) skip_matching: bool,
    /// Whether everything goes back to the old version when the roll-out fails.
    #[attr(default = false)]
    pub(super) auto_rollback: bool,
    /// Percentages at which it waits, in rising order, such as `[20, 50, 100]`.
    pub(super) checkpoint_percentages: Vec<i32>,
    /// Seconds for which it waits at each of them.
    #[attr(range(0, 172_800))]
    pub(super) checkpoint_delay: Option<i32>,
    /// Seconds for which all is watched at the end before the roll-out counts as done.
    #[attr(range(0, 172_800))]
    pub(super) bake_time: Option<i32>,
    /// What becomes of instances that are protected from scale-in.
    #[attr(default = "Ignore", values("Ignore", "Refresh", "Wait"))]
    pub(super) scale_in_protected_instances: String,
    /// What becomes of instances in standby.
    #[attr(default = "Ignore", values("Ignore", "Terminate", "Wait"))]
    pub(super) standby_instances: String,
    /// CloudWatch alarms that stop it.
    pub(super) alarm_specification: Option<AlarmSpecification>,
}

/// CloudWatch alarms that stop a roll-out.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct AlarmSpecification {
    /// Names of the alarms, at most ten.
    #[attr(length(1, 10))]
    pub(super) alarms: Vec<String>,
}

impl InstanceRefresh {
    /// Whether everything goes back when the roll-out fails.
    pub(super) fn rolls_back(&self) -> bool {
        self.preferences.as_ref().is_some_and(|preferences| preferences.auto_rollback)
    }

    /// What AWS is asked for. `finish`: only instances that were left behind are to be replaced.
    fn preferences(&self, finish: bool) -> RefreshPreferences {
        let Some(p) = &self.preferences else {
            let plain = RefreshPreferences::builder()
                .skip_matching(finish)
                .scale_in_protected_instances("Ignore".into())
                .standby_instances("Ignore".into());
            return plain.build();
        };
        let alarms = p
            .alarm_specification
            .as_ref()
            .map(|alarms| SdkAlarms::builder().set_alarms(Some(alarms.alarms.clone())).build());
        let builder = RefreshPreferences::builder()
            .min_healthy_percentage(p.min_healthy_percentage)
            .set_max_healthy_percentage(p.max_healthy_percentage)
            .set_instance_warmup(p.instance_warmup)
            .skip_matching(p.skip_matching || finish)
            .auto_rollback(p.auto_rollback)
            .set_checkpoint_percentages(
                (!p.checkpoint_percentages.is_empty()).then(|| p.checkpoint_percentages.clone()),
            )
            .set_checkpoint_delay(p.checkpoint_delay)
            .set_bake_time(p.bake_time)
            .scale_in_protected_instances(p.scale_in_protected_instances.as_str().into())
            .standby_instances(p.standby_instances.as_str().into())
            .set_alarm_specification(alarms);
        builder.build()
    }
}

/// The newest roll-out of a group, if it is still under way; none of a group that is not there.
pub(super) async fn running(cx: &Cx<'_>, group: &str) -> Result<Option<Refresh>> {
    let found = cx
        .call(Op::new("autoscaling:DescribeInstanceRefreshes"), || {
            cx.autoscaling().describe_instance_refreshes().auto_scaling_group_name(group).max_records(1).send()
        })
        .await;
    match found {
        Ok(found) => Ok(found.instance_refreshes.and_then(|all| all.into_iter().next()).filter(is_active)),
        Err(error) if error.code() == Some("ValidationError") => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_active(refresh: &Refresh) -> bool {
    matches!(
        refresh.status(),
        Some(State::Pending | State::InProgress | State::Baking | State::Cancelling | State::RollbackInProgress)
    )
}

/// How far a roll-out is, in words.
pub(super) fn progress(refresh: &Refresh) -> String {
    let word = match refresh.status() {
        Some(State::RollbackInProgress) => "rolling back",
        Some(State::Cancelling) => "stopping the roll-out",
        Some(State::Baking) => "watching the new instances",
        _ => "rolling out",
    };
    let percent = refresh.percentage_complete().unwrap_or_default();
    let left = match refresh.instances_to_update() {
        Some(1) => ", 1 instance to go".to_owned(),
        Some(left) => format!(", {left} instances to go"),
        None => String::new(),
    };
    match refresh.status_reason().filter(|reason| !reason.is_empty()) {
        Some(reason) => format!("{word}: {percent} %{left} ({})", reason.trim_end_matches('.')),
        None => format!("{word}: {percent} %{left}"),
    }
}

/// Replaces the instances of a group by such that run `wanted`, and waits until all are. Follows a roll-out to the
/// same version that is under way already, and stops one to another.
pub(super) async fn roll_out(cx: &Cx<'_>, group: &Group, wanted: &LaunchTemplate, how: &InstanceRefresh) -> Result<()> {
    let name = group.auto_scaling_group_name().unwrap_or_default();
    let id = match running(cx, name).await? {
        Some(refresh) if leads_to(&refresh, wanted) => refresh.instance_refresh_id,
        Some(other) => {
            stop(cx, name, &other).await?;
            Some(start(cx, group, wanted, how).await?)
        }
        None if all_run(group, wanted) => return Ok(()),
        None => Some(start(cx, group, wanted, how).await?),
    };
    follow(cx, name, &id.unwrap_or_default(), &wanted.version).await
}

/// Whether group and instances are as they should be already: a roll-out has ended since the plan was made.
fn all_run(group: &Group, wanted: &LaunchTemplate) -> bool {
    let runs = |template: Option<&LaunchTemplateSpecification>| {
        template.is_some_and(|template| LaunchTemplate::read(template) == *wanted)
    };
    runs(group.launch_template()) && group.instances().iter().all(|instance| runs(instance.launch_template()))
}

/// Whether a roll-out ends with that template and version.
fn leads_to(refresh: &Refresh, wanted: &LaunchTemplate) -> bool {
    let template = refresh.desired_configuration().and_then(DesiredConfiguration::launch_template);
    let ahead = matches!(refresh.status(), Some(State::Pending | State::InProgress | State::Baking));
    ahead && template.is_some_and(|template| LaunchTemplate::read(template) == *wanted)
}

async fn start(cx: &Cx<'_>, group: &Group, wanted: &LaunchTemplate, how: &InstanceRefresh) -> Result<String> {
    let name = group.auto_scaling_group_name().unwrap_or_default();
    let finish = own(group).as_ref() == Some(wanted);
    let started = cx
        .call(Op::new("autoscaling:StartInstanceRefresh"), || {
            let desired = DesiredConfiguration::builder().launch_template(wanted.specification()).build();
            cx.autoscaling()
                .start_instance_refresh()
                .auto_scaling_group_name(name)
                .strategy(RefreshStrategy::from(how.strategy.as_str()))
                .desired_configuration(desired)
                .preferences(how.preferences(finish))
                .send()
        })
        .await;
    match started {
        Ok(started) => Ok(started.instance_refresh_id.unwrap_or_default()),
        // Ours, when the answer to the first attempt was lost.
        Err(error) if error.code() == Some("InstanceRefreshInProgress") => match running(cx, name).await? {
            Some(refresh) if leads_to(&refresh, wanted) => Ok(refresh.instance_refresh_id.unwrap_or_default()),
            _ => Err(error.hint("somebody else has just started a roll-out; run again when it is over")),
        },
        Err(error) => Err(error),
    }
}

/// Stops a roll-out to another version and waits until it has stopped.
async fn stop(cx: &Cx<'_>, group: &str, refresh: &Refresh) -> Result<()> {
    if !matches!(refresh.status(), Some(State::Cancelling | State::RollbackInProgress)) {
        let stopped = cx
            .call(Op::new("autoscaling:CancelInstanceRefresh"), || {
                cx.autoscaling().cancel_instance_refresh().auto_scaling_group_name(group).send()
            })
            .await;
        match stopped {
            Err(error) if error.code() != Some("ActiveInstanceRefreshNotFound") => return Err(error),
            _ => {}
        }
    }
    let mut patience = Patience::default();
    while let Some(refresh) = running(cx, group).await? {
        (cx.progress)(&progress(&refresh));
        patience.rest(cx).await;
        cx.alive()?;
    }
    Ok(())
}

/// Waits until a roll-out is over; an error unless it went well.
async fn follow(cx: &Cx<'_>, group: &str, id: &str, version: &str) -> Result<()> {
    let mut patience = Patience::default();
    loop {
        let found = cx
            .call(Op::new("autoscaling:DescribeInstanceRefreshes"), || {
                cx.autoscaling()
                    .describe_instance_refreshes()
                    .auto_scaling_group_name(group)
                    .instance_refresh_ids(id)
                    .send()
            })
            .await?;
        if let Some(refresh) = found.instance_refreshes().first() {
            if refresh.status() == Some(&State::Successful) {
                return Ok(());
            }
            if !is_active(refresh) {
                return Err(failure(group, refresh, version));
            }
            (cx.progress)(&progress(refresh));
        }
        patience.rest(cx).await;
        cx.alive().map_err(|error| error.hint("the roll-out goes on in AWS; run again to follow it"))?;
    }
}

fn failure(group: &str, refresh: &Refresh, version: &str) -> Error {
    let (ended, now) = match refresh.status() {
        Some(State::RollbackSuccessful) => ("was rolled back", "all instances run the old version again"),
        Some(State::RollbackFailed) => ("failed, and so did the rollback", "instances of both versions run"),
        Some(State::Cancelled) => ("was stopped", "instances of both versions run"),
        _ => ("failed", "instances of both versions run"),
    };
    let reason = refresh.status_reason().filter(|reason| !reason.is_empty()).unwrap_or("AWS does not say why");
    let reason = reason.trim_end_matches('.');
    let message = format!("the roll-out of version {version} to {group} {ended}: {reason}");
    Error::new(ErrorKind::Failed, message)
        .hint(format!("{now}, and new ones start with the old one; mend the launch template and apply again"))
}

/// The launch template that a group's new instances get.
pub(super) fn own(group: &Group) -> Option<LaunchTemplate> {
    group.launch_template().map(LaunchTemplate::read)
}

/// The launch template to report for a group that rolls out: its own, or where a roll-out left instances behind, all
/// versions that there are, such as `1, 2`: no stack says so, hence the next apply finishes it. `refresh` is what the
/// stack says of roll-outs, `current` the number of the version that the group's own means.
pub(super) fn really_runs(group: &Group, refresh: &Value, current: &str) -> Option<LaunchTemplate> {
    let own = own(group)?;
    let instances = group.instances().iter().filter(|instance| is_replaced(instance, refresh));
    let mut versions: BTreeSet<String> = instances
        .filter_map(|instance| {
            let runs = LaunchTemplate::read(instance.launch_template()?);
            Some(if runs.id == own.id { runs.version } else { format!("{} of {}", runs.version, runs.id) })
        })
        .collect();
    versions.insert(current.to_owned());
    if versions.len() == 1 {
        return Some(own);
    }
    let version = versions.into_iter().collect::<Vec<_>>().join(", ");
    Some(LaunchTemplate { version, ..own })
}

/// Whether a roll-out replaces an instance, rather than leaving it alone.
fn is_replaced(instance: &Instance, refresh: &Value) -> bool {
    let preferences = refresh.get("preferences");
    let asked = |name: &str| preferences.get(name).as_str().is_some_and(|word| word != "Ignore");
    match instance.lifecycle_state() {
        Some(LifecycleState::InService) => {
            instance.protected_from_scale_in() != Some(true) || asked("scale_in_protected_instances")
        }
        Some(LifecycleState::Standby) => asked("standby_instances"),
        _ => false,
    }
}

impl LaunchTemplate {
    /// What the API says.
    pub(super) fn read(template: &LaunchTemplateSpecification) -> Self {
        Self {
            id: template.launch_template_id().unwrap_or_default().to_owned(),
            version: template.version().unwrap_or("$Default").to_owned(),
        }
    }

    /// What the API takes.
    pub(super) fn specification(&self) -> LaunchTemplateSpecification {
        LaunchTemplateSpecification::builder().launch_template_id(&self.id).version(&self.version).build()
    }
}

#[cfg(test)]
mod tests;
