//! The log of requests to a bucket, kept in another one.

use aws_sdk_s3::types as sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, Value};
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, Op, unbuilt};

/// Where requests are logged.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Logging {
    /// The bucket that keeps the log: in the same region and account, with a policy that lets
    /// `logging.s3.amazonaws.com` write.
    #[attr(refers("s3_bucket", "id"))]
    target_bucket: String,
    /// What the keys of the log begin with.
    #[attr(default = "")]
    target_prefix: String,
    /// How the rest of the keys is made; without it date and time follow the prefix.
    target_object_key_format: Option<KeyFormat>,
}

/// How keys of the log are made.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct KeyFormat {
    /// Folders by account, region, bucket and date.
    partitioned_prefix: Option<Partitioned>,
}

/// Folders by date.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Partitioned {
    /// Whose date: of the request, or of the delivery.
    #[attr(default = "EventTime", values("EventTime", "DeliveryTime"))]
    partition_date_source: String,
}

/// A format without folders is the usual one.
pub(super) fn usual_format_is_absent(value: &Value) -> Value {
    let Some(map) = value.as_map() else { return value.clone() };
    let mut map = map.clone();
    if map.get("target_object_key_format").is_some_and(|format| format.get("partitioned_prefix").is_null()) {
        map.remove("target_object_key_format");
    }
    Value::from(map)
}

pub(super) async fn read(cx: &Cx<'_>, bucket: &str) -> Result<Option<Logging>> {
    let answer = cx.call(Op::new("s3:GetBucketLogging"), || cx.s3().get_bucket_logging().bucket(bucket).send()).await?;
    Ok(answer.logging_enabled().map(|logging| {
        let partitioned = logging.target_object_key_format().and_then(|format| format.partitioned_prefix());
        Logging {
            target_bucket: logging.target_bucket.clone(),
            target_prefix: logging.target_prefix.clone(),
            target_object_key_format: partitioned.map(|partitioned| KeyFormat {
                partitioned_prefix: Some(Partitioned {
                    partition_date_source: partitioned
                        .partition_date_source()
                        .map_or("EventTime", |source| source.as_str())
                        .to_owned(),
                }),
            }),
        }
    }))
}

/// Switches the log on or off.
pub(super) async fn write(cx: &Cx<'_>, bucket: &str, wanted: Option<&Logging>) -> Result<()> {
    let enabled = wanted.map(|logging| {
        let partitioned =
            logging.target_object_key_format.as_ref().and_then(|format| format.partitioned_prefix.as_ref());
        let format = partitioned.map(|partitioned| {
            let source = partitioned.partition_date_source.as_str().into();
            let prefix = sdk::PartitionedPrefix::builder().partition_date_source(source).build();
            sdk::TargetObjectKeyFormat::builder().partitioned_prefix(prefix).build()
        });
        sdk::LoggingEnabled::builder()
            .target_bucket(&logging.target_bucket)
            .target_prefix(&logging.target_prefix)
            .set_target_object_key_format(format)
            .build()
    });
    let enabled = enabled.transpose().map_err(unbuilt)?;
    let status = sdk::BucketLoggingStatus::builder().set_logging_enabled(enabled).build();
    // The policy of the bucket that keeps the log may not be known yet.
    let young = &["NoSuchBucket", "OperationAborted", "InvalidTargetBucketForLogging"];
    cx.call(Op::new("s3:PutBucketLogging").racing(young), || {
        cx.s3().put_bucket_logging().bucket(bucket).bucket_logging_status(status.clone()).send()
    })
    .await?;
    Ok(())
}
