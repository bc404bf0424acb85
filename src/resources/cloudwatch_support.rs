//! What metric alarms and composite alarms share.

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

/// The alarms of one type that a read asks for.
pub(super) async fn describe(cx: &Cx<'_>, select: Select<'_>, kind: AlarmType) -> Result<Vec<DescribeAlarmsOutput>> {
    let found = sweep::arns(cx, select, SWEPT).await?;
    let names: Vec<String> = found.iter().map(|arn| name_of(arn).to_owned()).collect();
    let batches = names.chunks(BATCH).map(|names| {
        cx.call(Op::new("cloudwatch:DescribeAlarms"), || {
            let names = Some(names.to_vec());
            // Without a type only metric alarms are answered.
            cx.cloudwatch().describe_alarms().set_alarm_names(names).alarm_types(kind.clone()).max_records(100).send()
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
