//! IAM's OpenID Connect providers, which a stack may own or look up.

use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput;
use clefctl_core::error::Result;

use super::{Cx, Op};

/// The ARN of the provider of a URL; an ARN stays what it is.
pub fn arn(cx: &Cx<'_>, url: &str) -> String {
    if url.starts_with("arn:") {
        return url.to_owned();
    }
    let bare = url.strip_prefix("https://").unwrap_or(url);
    format!("arn:{}:iam::{}:oidc-provider/{bare}", cx.partition(), cx.account)
}

/// One provider by ARN.
pub async fn get(cx: &Cx<'_>, arn: &str) -> Result<Option<GetOpenIdConnectProviderOutput>> {
    let ask = || cx.iam().get_open_id_connect_provider().open_id_connect_provider_arn(arn).send();
    match cx.call(Op::new("iam:GetOpenIDConnectProvider"), ask).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code() == Some("NoSuchEntity") => Ok(None),
        Err(error) => Err(error),
    }
}

/// The URL as stacks write it; AWS leaves the scheme out.
pub fn url(found: &GetOpenIdConnectProviderOutput) -> String {
    let url = found.url().unwrap_or_default();
    if url.contains("://") { url.to_owned() } else { format!("https://{url}") }
}
