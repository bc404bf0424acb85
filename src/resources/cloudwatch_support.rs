//! What metric alarms and composite alarms share.

use std::sync::Arc;

use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::types::AlarmType;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, Select};
use serde::{Deserialize, Serialize};

use crate::aws::{Codes, Cx, Op, sweep};

/// What an alarm tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    pub(super) id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:cloudwatch:{region}:{account}:alarm:{name}")]
    pub(super) arn: String,
}

/// How the tagging API calls alarms of both kinds.
pub(super) const SWEPT: &str = "cloudwatch:alarm";

/// A deletion is refused as invalid while a composite alarm names the alarm.
pub(super) const CODES: Codes = Codes {
    absent: &["ResourceNotFound", "ResourceNotFoundException"],
    exists: &[],
    blocked: &["ResourceConflict", "ValidationError"],
};

/// The most names that one call takes.
const BATCH: usize = 100;

/// The alarms that a read asks for; of the owner's, those of both types at once.
pub(super) async fn describe(cx: &Cx<'_>, select: Select<'_>) -> Result<Arc<Vec<DescribeAlarmsOutput>>> {
    match select {
        Select::One(id) => pages(cx, &[name_of(id).to_owned()]).await.map(Arc::new),
        Select::Owned(_) => {
            let all = async {
                let found = sweep::arns(cx, select, SWEPT).await?;
                pages(cx, &found.iter().map(|arn| name_of(arn).to_owned()).collect::<Vec<_>>()).await
            };
            cx.together("cloudwatch:DescribeAlarms", all).await
        }
    }
}

async fn pages(cx: &Cx<'_>, names: &[String]) -> Result<Vec<DescribeAlarmsOutput>> {
    let batches = names.chunks(BATCH).map(|names| {
        cx.call(Op::new("cloudwatch:DescribeAlarms"), || {
            let alarms = cx.cloudwatch().describe_alarms().set_alarm_names(Some(names.to_vec())).max_records(100);
            // Without types only metric alarms are answered.
            alarms.alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm).send()
        })
    });
    futures::future::try_join_all(batches).await
}

/// Deletes an alarm. Composite alarms go one by one, so all do.
pub(super) async fn delete(cx: &Cx<'_>, name: &str) -> Result<()> {
    cx.call(Op::new("cloudwatch:DeleteAlarms"), || cx.cloudwatch().delete_alarms().alarm_names(name).send()).await?;
    Ok(())
}

/// The name in an alarm's ARN; a name is its own.
fn name_of(arn: &str) -> &str {
    arn.split_once(":alarm:").map_or(arn, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_arns() {
        assert_eq!(name_of("arn:aws:cloudwatch:eu-west-3:123456789012:alarm:web: 5xx"), "web: 5xx");
        assert_eq!(name_of("web: 5xx"), "web: 5xx");
    }
}
