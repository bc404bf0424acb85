//! How many instances a group has, and waiting for more or fewer.

use std::time::Duration;

use aws_sdk_autoscaling::types::{AutoScalingGroup as Group, Instance, LifecycleState, ScalingActivityStatusCode};
use clefctl_core::error::{Error, ErrorKind, Result};
use tokio::time::Instant;

use crate::aws::{Cx, Op};
use crate::resources::autoscaling_support::group;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(5);
/// The most instances that one call takes.
const BATCH: usize = 50;

/// Waits until as many instances are in service as the group wants.
pub(super) async fn reach(cx: &Cx<'_>, name: &str, patience: Duration) -> Result<()> {
    let deadline = Instant::now() + patience;
    let mut first = true;
    loop {
        let Some(group) = group(cx, name).await? else {
            return Err(Error::new(ErrorKind::Absent, format!("{name} has gone while it was waited for")));
        };
        let wanted = usize::try_from(group.desired_capacity().unwrap_or_default()).unwrap_or_default();
        let there = group.instances().iter().filter(|instance| is_in_service(instance)).count();
        if there >= wanted {
            return Ok(());
        }
        let counts = format!("{there} of {wanted} instances in service");
        // The first look comes too early for anything to have failed.
        let problem = if first { None } else { last_failure(cx, name).await? };
        let says = match &problem {
            Some(problem) => format!("{counts}; AWS says: {problem}"),
            None => counts,
        };
        if Instant::now() >= deadline {
            return Err(Error::new(ErrorKind::Failed, format!("{name} has {says}"))
                .hint("mend the cause; the group goes on trying, or set `wait_for_capacity_timeout`"));
        }
        (cx.progress)(&says);
        cx.alive()?;
        cx.pause(PAUSE).await;
        first = false;
    }
}

fn is_in_service(instance: &Instance) -> bool {
    instance.lifecycle_state() == Some(&LifecycleState::InService)
        && instance.health_status().is_some_and(|health| health.eq_ignore_ascii_case("healthy"))
}

/// Why the newest scaling activity failed, if it did.
async fn last_failure(cx: &Cx<'_>, name: &str) -> Result<Option<String>> {
    let found = cx
        .call(Op::new("autoscaling:DescribeScalingActivities"), || {
            cx.autoscaling().describe_scaling_activities().auto_scaling_group_name(name).max_records(1).send()
        })
        .await?;
    let newest = found.activities().first();
    let failed = newest.filter(|activity| activity.status_code() == Some(&ScalingActivityStatusCode::Failed));
    Ok(failed.and_then(|activity| activity.status_message()).map(|message| message.trim_end_matches('.').to_owned()))
}

/// Sends all instances of a group home and waits until they have gone.
pub(super) async fn drain(cx: &Cx<'_>, name: &str) -> Result<()> {
    cx.call(Op::new("autoscaling:UpdateAutoScalingGroup").racing(&["ScalingActivityInProgress"]), || {
        cx.autoscaling()
            .update_auto_scaling_group()
            .auto_scaling_group_name(name)
            .min_size(0)
            .max_size(0)
            .desired_capacity(0)
            .send()
    })
    .await?;
    let mut unprotected = false;
    while let Some(group) = group(cx, name).await? {
        let left = group.instances();
        if left.is_empty() {
            return Ok(());
        }
        if !unprotected {
            release(cx, &group).await?;
            unprotected = true;
        }
        let left = left.len();
        (cx.progress)(&if left == 1 { "1 instance to go".to_owned() } else { format!("{left} instances to go") });
        cx.alive()?;
        cx.pause(PAUSE).await;
    }
    Ok(())
}

/// Takes away what keeps instances from being terminated.
async fn release(cx: &Cx<'_>, group: &Group) -> Result<()> {
    let name = group.auto_scaling_group_name().unwrap_or_default();
    let suspended = group.suspended_processes().iter().any(|process| process.process_name() == Some("Terminate"));
    if suspended {
        cx.call(Op::new("autoscaling:ResumeProcesses"), || {
            cx.autoscaling().resume_processes().auto_scaling_group_name(name).scaling_processes("Terminate").send()
        })
        .await?;
    }
    let protected: Vec<String> = group
        .instances()
        .iter()
        .filter(|instance| instance.protected_from_scale_in() == Some(true))
        .filter_map(|instance| instance.instance_id.clone())
        .collect();
    for batch in protected.chunks(BATCH) {
        cx.call(Op::new("autoscaling:SetInstanceProtection"), || {
            cx.autoscaling()
                .set_instance_protection()
                .auto_scaling_group_name(name)
                .set_instance_ids(Some(batch.to_vec()))
                .protected_from_scale_in(false)
                .send()
        })
        .await?;
    }
    Ok(())
}
