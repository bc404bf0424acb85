//! `flow_log`

use std::time::Duration;

use aws_sdk_ec2::types::{
    DestinationFileFormat, DestinationOptionsRequest, DestinationOptionsResponse, FlowLog as Sdk, FlowLogsResourceType,
    LogDestinationType, ResourceType, TrafficType,
};
use clefctl_core::error::{Error, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Map, PerVerb, Replacement, Select, Status, TagChange, Value, Violation,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::ec2_support::refused;
use crate::aws::tags::ec2 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

#[cfg(test)]
mod tests;

/// A flow log: writes down which connections a VPC, a subnet or an interface had, and whether they were let through.
///
/// Nothing of it can be changed but its tags: any other change makes a new one, and records of the moments between are
/// lost. What has been written stays when it is deleted.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    exactly_one("vpc_id", "subnet_id", "eni_id"),
    requires_when("log_destination_type", "cloud-watch-logs", "iam_role_arn"),
    forbids_when("log_destination_type", "s3", "iam_role_arn"),
    forbids_when("log_destination_type", "cloud-watch-logs", "destination_options"),
    forbids_when("log_destination_type", "kinesis-data-firehose", "destination_options")
)]
pub struct FlowLog {
    /// The VPC whose connections are logged.
    #[attr(create_only, refers("vpc", "id"))]
    vpc_id: Option<String>,
    /// The subnet whose connections are logged.
    #[attr(create_only, refers("subnet", "id"))]
    subnet_id: Option<String>,
    /// The interface whose connections are logged.
    #[attr(create_only)]
    eni_id: Option<String>,
    /// Which connections are logged: those that were let through, those that were not, or all.
    #[attr(create_only, values("ACCEPT", "REJECT", "ALL"))]
    traffic_type: String,
    /// Where the log goes.
    #[attr(create_only, default = "cloud-watch-logs", values("cloud-watch-logs", "s3", "kinesis-data-firehose"))]
    log_destination_type: String,
    /// ARN of the log group, the bucket (a path may follow it) or the delivery stream.
    #[attr(create_only, canonical = without_streams)]
    log_destination: String,
    /// The role by which the log group is written; a bucket and a delivery stream of the same account need none.
    #[attr(create_only, refers("iam_role", "arn"))]
    iam_role_arn: Option<String>,
    /// What a line says, fields as `$${srcaddr}` with blanks between them.
    #[attr(create_only, default = unwritten_format)]
    log_format: String,
    /// Seconds over which connections are summed up: 60 or 600.
    #[attr(create_only, default = 600, range(60, 600))]
    max_aggregation_interval: i32,
    /// How objects in a bucket are written.
    #[attr(create_only, canonical = plain_is_absent)]
    destination_options: Option<DestinationOptions>,
}

/// How objects in a bucket are written.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct DestinationOptions {
    /// Their format.
    #[attr(default = "plain-text", values("plain-text", "parquet"))]
    file_format: String,
    /// Whether the paths name their parts, as Hive and Athena like it: `year=2026/month=01/`.
    #[attr(default = false)]
    hive_compatible_partitions: bool,
    /// Whether there is a folder for each hour, not only for each day.
    #[attr(default = false)]
    per_hour_partition: bool,
}

/// What a flow log tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "fl-{hex:17}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}:{account}:vpc-flow-log/{id}")]
    arn: String,
}

impl Resource for FlowLog {
    const FACTS: Facts = Facts {
        name: "flow_log",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        replacement: Replacement::DestroyFirstUnless(
            &["vpc_id", "subnet_id", "eni_id", "log_destination"],
            "two flow logs of one thing cannot have the same destination",
        ),
        once: true,
        found: Found::Tagged("vpc-flow-log"),
        actions: Actions {
            read: &["ec2:DescribeFlowLogs", "ec2:DescribeTags"],
            create: &["ec2:CreateFlowLogs", "ec2:CreateTags", "iam:PassRole", "logs:CreateLogDelivery"],
            update: &["ec2:CreateTags", "ec2:DeleteTags"],
            delete: &["ec2:DeleteFlowLogs", "logs:DeleteLogDelivery"],
        },
        takes: PerVerb::new(3, 1, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes =
        Codes { absent: &["InvalidFlowLogId.NotFound"], exists: &["FlowLogAlreadyExists"], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found: Vec<Sdk> = cx
            .call(Op::new("ec2:DescribeFlowLogs"), || {
                let filter = tags::filter(cx, select, "flow-log-id");
                cx.ec2().describe_flow_logs().filter(filter).into_paginator().items().send().try_collect()
            })
            .await?;
        Ok(found.iter().map(|log| live(cx, log)).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let began = Instant::now();
        // What was refused is asked for anew: a token repeats its first answer.
        let mut attempt = 0;
        loop {
            match self.make(cx, new, attempt).await {
                Err(error) if began.elapsed() < PATIENCE && self.is_early(&error) => {
                    (cx.progress)("waiting until the destination lets it write");
                    cx.pause(Duration::from_secs(5)).await;
                    cx.alive()?;
                    attempt += 1;
                }
                made => return made,
            }
        }
    }

    async fn update(&self, _cx: &Cx<'_>, _live: &Live<Self>) -> Result<()> {
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        const ACTION: &str = "ec2:DeleteFlowLogs";
        let answer = cx.call(Op::new(ACTION), || cx.ec2().delete_flow_logs().flow_log_ids(&live.id).send()).await?;
        refused(ACTION, answer.unsuccessful())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    fn check(&self) -> Vec<Violation> {
        if matches!(self.max_aggregation_interval, 60 | 600) {
            return Vec::new();
        }
        vec![Violation::new("max_aggregation_interval", "it is 60 or 600 seconds")]
    }
}

/// How long a role, or the policy of a bucket, that was made a moment ago may not be known yet.
const PATIENCE: Duration = Duration::from_mins(2);
/// What a line says unless another format is given: version 2 of AWS's.
const FORMAT: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} \
    ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

impl FlowLog {
    async fn make(&self, cx: &Cx<'_>, new: &Declared, attempt: u32) -> Result<String> {
        const ACTION: &str = "ec2:CreateFlowLogs";
        let (id, kind) = match (&self.vpc_id, &self.subnet_id, &self.eni_id) {
            (Some(vpc), ..) => (vpc, FlowLogsResourceType::Vpc),
            (_, Some(subnet), _) => (subnet, FlowLogsResourceType::Subnet),
            (.., Some(interface)) => (interface, FlowLogsResourceType::NetworkInterface),
            (None, None, None) => return Err(Error::internal("a flow log of nothing")),
        };
        let options = self.destination_options.as_ref().map(|options| {
            DestinationOptionsRequest::builder()
                .file_format(options.file_format.as_str().into())
                .hive_compatible_partitions(options.hive_compatible_partitions)
                .per_hour_partition(options.per_hour_partition)
                .build()
        });
        let op = Op::new(ACTION).racing(&["InvalidVpcID.NotFound", "InvalidSubnetID.NotFound"]);
        let answer = cx
            .call(op, || {
                cx.ec2()
                    .create_flow_logs()
                    .client_token(format!("{}-{attempt}", cx.token(new)))
                    .resource_ids(id)
                    .resource_type(kind.clone())
                    .traffic_type(self.traffic_type.as_str().into())
                    .log_destination_type(self.log_destination_type.as_str().into())
                    .log_destination(&self.log_destination)
                    .set_deliver_logs_permission_arn(self.iam_role_arn.clone())
                    .set_log_format((self.log_format != FORMAT).then(|| self.log_format.clone()))
                    .max_aggregation_interval(self.max_aggregation_interval)
                    .set_destination_options(options.clone())
                    .tag_specifications(tags::specification(ResourceType::VpcFlowLog, &new.tags))
                    .send()
            })
            .await?;
        refused(ACTION, answer.unsuccessful())?;
        Ok(answer.flow_log_ids().first().cloned().unwrap_or_default())
    }

    /// Whether a refusal may only mean that role or bucket policy have not arrived everywhere yet.
    fn is_early(&self, error: &Error) -> bool {
        match error.code() {
            Some("LogDestinationNotFound" | "LogDestinationPermissionIssue") => true,
            // The code of a role that cannot be taken on yet, and of other faults as well.
            Some("InvalidParameter") => self.iam_role_arn.is_some(),
            _ => false,
        }
    }
}

/// What a line says of a log about which the stack says nothing.
fn unwritten_format(_log: &Map) -> Value {
    FORMAT.into()
}

/// The ARN of a log group without what stands for its streams.
fn without_streams(arn: &Value) -> Value {
    arn.as_str().map_or_else(|| arn.clone(), |text| Value::from(text.trim_end_matches(":*")))
}

/// Options that say nothing but the defaults are as good as none.
fn plain_is_absent(options: &Value) -> Value {
    let format = options.get("file_format");
    let plain = format.is_null() || format.as_str() == Some("plain-text");
    let set = |name: &str| options.get(name).as_bool() == Some(true);
    if plain && format.is_known() && !set("hive_compatible_partitions") && !set("per_hour_partition") {
        return Value::Null;
    }
    options.clone()
}

fn read_options(options: &DestinationOptionsResponse) -> DestinationOptions {
    DestinationOptions {
        file_format: options.file_format().unwrap_or(&DestinationFileFormat::PlainText).as_str().to_owned(),
        hive_compatible_partitions: options.hive_compatible_partitions() == Some(true),
        per_hour_partition: options.per_hour_partition() == Some(true),
    }
}

fn live(cx: &Cx<'_>, log: &Sdk) -> Live<FlowLog> {
    let id = log.flow_log_id().unwrap_or_default().to_owned();
    let of = |prefix: &str| log.resource_id().filter(|of| of.starts_with(prefix)).map(str::to_owned);
    let group = || cx.arn("logs", &format!("log-group:{}", log.log_group_name().unwrap_or_default()));
    let to = log.log_destination_type().unwrap_or(&LogDestinationType::CloudWatchLogs);
    Live {
        spec: FlowLog {
            vpc_id: of("vpc-"),
            subnet_id: of("subnet-"),
            eni_id: of("eni-"),
            traffic_type: log.traffic_type().unwrap_or(&TrafficType::All).as_str().to_owned(),
            log_destination_type: to.as_str().to_owned(),
            log_destination: log
                .log_destination()
                .map_or_else(group, |destination| destination.trim_end_matches(":*").to_owned()),
            iam_role_arn: log.deliver_logs_permission_arn().map(str::to_owned),
            log_format: log.log_format().unwrap_or(FORMAT).to_owned(),
            max_aggregation_interval: log.max_aggregation_interval().unwrap_or(600),
            destination_options: log.destination_options().map(read_options),
        },
        outputs: Outputs { arn: cx.arn("ec2", &format!("vpc-flow-log/{id}")), id: id.clone() },
        tags: tags::read(log.tags()),
        status: Status::Usable,
        id,
    }
}
