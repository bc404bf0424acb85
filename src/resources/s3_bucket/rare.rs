//! Settings that hardly any bucket has, and that are read only where the stack says something of them.

use aws_sdk_s3::types as sdk;
use clefctl_core::error::Result;

use super::S3Bucket;
use super::settings::{Rare, YOUNG};
use crate::aws::{Cx, Op, unbuilt};

/// Who pays for requests, and whether uploads are accelerated.
pub(super) async fn read(cx: &Cx<'_>, bucket: &str, asked: Rare) -> Result<(Option<String>, Option<String>)> {
    let payer = async {
        if !asked.payer {
            return Ok(None);
        }
        let answer = cx
            .call(Op::new("s3:GetBucketRequestPayment"), || cx.s3().get_bucket_request_payment().bucket(bucket).send())
            .await?;
        Result::Ok(Some(answer.payer().unwrap_or(&sdk::Payer::BucketOwner).as_str().to_owned()))
    };
    let acceleration = async {
        if !asked.acceleration {
            return Ok(None);
        }
        let answer = cx
            .call(Op::new("s3:GetBucketAccelerateConfiguration"), || {
                cx.s3().get_bucket_accelerate_configuration().bucket(bucket).send()
            })
            .await?;
        // One that was never on is as good as one that was switched off.
        Result::Ok(Some(answer.status().unwrap_or(&sdk::BucketAccelerateStatus::Suspended).as_str().to_owned()))
    };
    tokio::try_join!(payer, acceleration)
}

/// Writes those that differ.
pub(super) async fn write(cx: &Cx<'_>, bucket: &str, to: &S3Bucket, from: &S3Bucket) -> Result<()> {
    if let Some(payer) = to.request_payer.as_deref().filter(|_| to.request_payer != from.request_payer) {
        let configuration = sdk::RequestPaymentConfiguration::builder().payer(payer.into()).build().map_err(unbuilt)?;
        cx.call(Op::new("s3:PutBucketRequestPayment").racing(YOUNG), || {
            let put = cx.s3().put_bucket_request_payment().bucket(bucket);
            put.request_payment_configuration(configuration.clone()).send()
        })
        .await?;
    }
    if let Some(status) =
        to.acceleration_status.as_deref().filter(|_| to.acceleration_status != from.acceleration_status)
    {
        let configuration = sdk::AccelerateConfiguration::builder().status(status.into()).build();
        cx.call(Op::new("s3:PutBucketAccelerateConfiguration").racing(YOUNG), || {
            let put = cx.s3().put_bucket_accelerate_configuration().bucket(bucket);
            put.accelerate_configuration(configuration.clone()).send()
        })
        .await?;
    }
    Ok(())
}
