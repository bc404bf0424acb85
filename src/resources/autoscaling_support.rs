//! What the things inside an Auto Scaling group share: they take no tags, and are known by group and name.

use aws_sdk_autoscaling::primitives::{DateTime, DateTimeFormat};
use aws_sdk_autoscaling::types::AutoScalingGroup as Group;
use clefctl_core::error::{Error, ErrorKind, Result};

use crate::aws::{Cx, Op};

/// The code by which Auto Scaling says that a group or a thing in it is not there, and a hundred other things.
const ANYTHING: &str = "ValidationError";

/// The group of that name.
pub(super) async fn group(cx: &Cx<'_>, name: &str) -> Result<Option<Group>> {
    let found = cx
        .call(Op::new("autoscaling:DescribeAutoScalingGroups"), || {
            cx.autoscaling().describe_auto_scaling_groups().auto_scaling_group_names(name).send()
        })
        .await?;
    Ok(found.auto_scaling_groups.and_then(|groups| groups.into_iter().next()))
}

/// The id of a thing in a group.
pub(super) fn id(group: &str, name: &str) -> String {
    format!("{group}/{name}")
}

/// Group and name of an id.
pub(super) fn parts(id: &str) -> Result<(&str, &str)> {
    id.rsplit_once('/').ok_or_else(|| {
        Error::new(ErrorKind::Usage, format!("`{id}` names nothing in an Auto Scaling group"))
            .hint("write group and name: `web/scale-up`")
    })
}

/// What was found in a group; nothing where the group is not there.
pub(super) async fn found_in<T: Default>(cx: &Cx<'_>, group: &str, found: Result<T>) -> Result<T> {
    match found {
        Err(error) if error.code() == Some(ANYTHING) && self::group(cx, group).await?.is_none() => Ok(T::default()),
        found => found,
    }
}

/// A deletion that was refused is done when the thing is not there any more.
pub(super) async fn deleted(done: Result<()>, still_there: impl Future<Output = Result<bool>> + Send) -> Result<()> {
    match done {
        Err(error) if error.code() == Some(ANYTHING) && !still_there.await? => Ok(()),
        done => done,
    }
}

/// A moment as stacks write it: `2027-01-31T12:00:00Z`.
pub(super) fn moment(time: &DateTime) -> Option<String> {
    time.fmt(DateTimeFormat::DateTime).ok()
}
