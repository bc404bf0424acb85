//! Which pages of other sites may ask a bucket for its objects.

use std::collections::BTreeSet;

use aws_sdk_s3::types as sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::Attributes;
use serde::{Deserialize, Serialize};

use super::settings::YOUNG;
use crate::aws::{Cx, Op, unbuilt, unless};

/// What pages of other sites may do.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct CorsRule {
    /// Its name.
    #[attr(length(1, 255))]
    id: Option<String>,
    /// The headers that a page may send; `*` stands for any characters.
    allowed_headers: BTreeSet<String>,
    /// What a page may do: `GET`, `PUT`, `HEAD`, `POST`, `DELETE`.
    #[attr(length(1, 5), values("GET", "PUT", "HEAD", "POST", "DELETE"))]
    allowed_methods: BTreeSet<String>,
    /// The sites: `https://example.com`; one `*` stands for any characters.
    #[attr(length(1, 100))]
    allowed_origins: BTreeSet<String>,
    /// The headers of an answer that a page may read.
    expose_headers: BTreeSet<String>,
    /// Seconds that a browser need not ask again.
    #[attr(range(0, 2_147_483_647))]
    max_age_seconds: Option<i32>,
}

pub(super) async fn read(cx: &Cx<'_>, bucket: &str) -> Result<Vec<CorsRule>> {
    let answer = cx.call(Op::new("s3:GetBucketCors"), || cx.s3().get_bucket_cors().bucket(bucket).send()).await;
    let answer = unless(answer, &["NoSuchCORSConfiguration"])?;
    let set = |texts: &[String]| texts.iter().cloned().collect();
    let rule = |rule: &sdk::CorsRule| CorsRule {
        id: rule.id().filter(|id| !id.is_empty()).map(str::to_owned),
        allowed_headers: set(rule.allowed_headers()),
        allowed_methods: set(rule.allowed_methods()),
        allowed_origins: set(rule.allowed_origins()),
        expose_headers: set(rule.expose_headers()),
        max_age_seconds: rule.max_age_seconds(),
    };
    Ok(answer.map(|answer| answer.cors_rules().iter().map(rule).collect()).unwrap_or_default())
}

/// Writes all rules; none removes the configuration.
pub(super) async fn write(cx: &Cx<'_>, bucket: &str, rules: &[CorsRule]) -> Result<()> {
    if rules.is_empty() {
        cx.call(Op::new("s3:DeleteBucketCors").racing(YOUNG), || cx.s3().delete_bucket_cors().bucket(bucket).send())
            .await?;
        return Ok(());
    }
    let list = |texts: &BTreeSet<String>| Some(texts.iter().cloned().collect::<Vec<_>>());
    let some = |texts: &BTreeSet<String>| list(texts).filter(|texts| !texts.is_empty());
    let rule = |rule: &CorsRule| {
        sdk::CorsRule::builder()
            .set_id(rule.id.clone())
            .set_allowed_headers(some(&rule.allowed_headers))
            .set_allowed_methods(list(&rule.allowed_methods))
            .set_allowed_origins(list(&rule.allowed_origins))
            .set_expose_headers(some(&rule.expose_headers))
            .set_max_age_seconds(rule.max_age_seconds)
            .build()
            .map_err(unbuilt)
    };
    let rules = rules.iter().map(rule).collect::<Result<Vec<_>>>()?;
    let configuration = sdk::CorsConfiguration::builder().set_cors_rules(Some(rules)).build().map_err(unbuilt)?;
    cx.call(Op::new("s3:PutBucketCors").racing(YOUNG), || {
        cx.s3().put_bucket_cors().bucket(bucket).cors_configuration(configuration.clone()).send()
    })
    .await?;
    Ok(())
}
