//! A bucket that answers as a web site.

use aws_sdk_s3::types as sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::Attributes;
use serde::{Deserialize, Serialize};

use super::settings::YOUNG;
use crate::aws::{Cx, Op, unbuilt, unless};

/// A bucket as a web site, over HTTP; for HTTPS put CloudFront before it.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(exactly_one("index_document", "redirect_all_requests_to"))]
pub struct Website {
    /// The page of a folder: `index.html`.
    #[attr(length(1, 1024), pattern = "[^/]+")]
    index_document: Option<String>,
    /// The page where something goes wrong: `404.html`.
    error_document: Option<String>,
    /// Where all requests are sent, in place of pages.
    redirect_all_requests_to: Option<RedirectAll>,
    /// What is sent elsewhere; the first rule that fits counts.
    #[attr(length(0, 50))]
    routing_rule: Vec<RoutingRule>,
}

/// Where all requests are sent.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct RedirectAll {
    /// Name of the host.
    host_name: String,
    /// `http` or `https`; without it that of the request.
    #[attr(values("http", "https"))]
    protocol: Option<String>,
}

/// What is sent elsewhere, and where.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct RoutingRule {
    /// Which requests; without it all.
    condition: Option<Condition>,
    /// Where to.
    redirect: Redirect,
}

/// Which requests are sent elsewhere.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(at_least_one("http_error_code_returned_equals", "key_prefix_equals"))]
pub struct Condition {
    /// The answer would have this code: `404`.
    http_error_code_returned_equals: Option<String>,
    /// The key begins so.
    key_prefix_equals: Option<String>,
}

/// Where requests are sent.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    at_most_one("replace_key_prefix_with", "replace_key_with"),
    at_least_one("host_name", "http_redirect_code", "protocol", "replace_key_prefix_with", "replace_key_with")
)]
pub struct Redirect {
    /// Name of the host.
    host_name: Option<String>,
    /// The code of the answer: `301`.
    http_redirect_code: Option<String>,
    /// `http` or `https`.
    #[attr(values("http", "https"))]
    protocol: Option<String>,
    /// What stands in place of the prefix of the condition.
    replace_key_prefix_with: Option<String>,
    /// What stands in place of the whole key.
    replace_key_with: Option<String>,
}

pub(super) async fn read(cx: &Cx<'_>, bucket: &str) -> Result<Option<Website>> {
    let answer = cx.call(Op::new("s3:GetBucketWebsite"), || cx.s3().get_bucket_website().bucket(bucket).send()).await;
    let answer = unless(answer, &["NoSuchWebsiteConfiguration"])?;
    Ok(answer.map(|answer| Website {
        index_document: answer.index_document().map(|document| document.suffix.clone()),
        error_document: answer.error_document().map(|document| document.key.clone()),
        redirect_all_requests_to: answer.redirect_all_requests_to().map(|redirect| RedirectAll {
            host_name: redirect.host_name.clone(),
            protocol: redirect.protocol().map(|protocol| protocol.as_str().to_owned()),
        }),
        routing_rule: answer.routing_rules().iter().map(read_rule).collect(),
    }))
}

pub(super) async fn write(cx: &Cx<'_>, bucket: &str, wanted: Option<&Website>) -> Result<()> {
    let Some(site) = wanted else {
        cx.call(Op::new("s3:DeleteBucketWebsite").racing(YOUNG), || {
            cx.s3().delete_bucket_website().bucket(bucket).send()
        })
        .await?;
        return Ok(());
    };
    let index = site.index_document.as_ref().map(|page| sdk::IndexDocument::builder().suffix(page).build());
    let error = site.error_document.as_ref().map(|page| sdk::ErrorDocument::builder().key(page).build());
    let all = site.redirect_all_requests_to.as_ref().map(|redirect| {
        sdk::RedirectAllRequestsTo::builder()
            .host_name(&redirect.host_name)
            .set_protocol(redirect.protocol.as_deref().map(Into::into))
            .build()
    });
    let rules: Vec<sdk::RoutingRule> = site.routing_rule.iter().map(write_rule).collect();
    let configuration = sdk::WebsiteConfiguration::builder()
        .set_index_document(index.transpose().map_err(unbuilt)?)
        .set_error_document(error.transpose().map_err(unbuilt)?)
        .set_redirect_all_requests_to(all.transpose().map_err(unbuilt)?)
        .set_routing_rules((!rules.is_empty()).then_some(rules))
        .build();
    cx.call(Op::new("s3:PutBucketWebsite").racing(YOUNG), || {
        cx.s3().put_bucket_website().bucket(bucket).website_configuration(configuration.clone()).send()
    })
    .await?;
    Ok(())
}

fn read_rule(rule: &sdk::RoutingRule) -> RoutingRule {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let redirect = rule.redirect();
    RoutingRule {
        condition: rule.condition().map(|condition| Condition {
            http_error_code_returned_equals: text(condition.http_error_code_returned_equals()),
            key_prefix_equals: text(condition.key_prefix_equals()),
        }),
        redirect: Redirect {
            host_name: text(redirect.and_then(|redirect| redirect.host_name())),
            http_redirect_code: text(redirect.and_then(|redirect| redirect.http_redirect_code())),
            protocol: redirect.and_then(|redirect| redirect.protocol()).map(|protocol| protocol.as_str().to_owned()),
            replace_key_prefix_with: text(redirect.and_then(|redirect| redirect.replace_key_prefix_with())),
            replace_key_with: text(redirect.and_then(|redirect| redirect.replace_key_with())),
        },
    }
}

fn write_rule(rule: &RoutingRule) -> sdk::RoutingRule {
    let condition = rule.condition.as_ref().map(|condition| {
        sdk::Condition::builder()
            .set_http_error_code_returned_equals(condition.http_error_code_returned_equals.clone())
            .set_key_prefix_equals(condition.key_prefix_equals.clone())
            .build()
    });
    let redirect = sdk::Redirect::builder()
        .set_host_name(rule.redirect.host_name.clone())
        .set_http_redirect_code(rule.redirect.http_redirect_code.clone())
        .set_protocol(rule.redirect.protocol.as_deref().map(Into::into))
        .set_replace_key_prefix_with(rule.redirect.replace_key_prefix_with.clone())
        .set_replace_key_with(rule.redirect.replace_key_with.clone())
        .build();
    sdk::RoutingRule::builder().set_condition(condition).redirect(redirect).build()
}

/// The regions whose web sites are reached at `s3-website-<region>`: those from before 2014 (S3's own table).
const DASHED: [&str; 9] = [
    "ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "eu-west-1", "sa-east-1", "us-east-1", "us-gov-west-1",
    "us-west-1", "us-west-2",
];

/// Where a bucket answers as a web site.
pub(super) fn endpoint(bucket: &str, region: &str) -> String {
    let joint = if DASHED.contains(&region) { '-' } else { '.' };
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("{bucket}.s3-website{joint}{region}.amazonaws.com{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_survive_the_way_to_s3_and_back() {
        let rule = RoutingRule {
            condition: Some(Condition {
                http_error_code_returned_equals: Some("404".to_owned()),
                key_prefix_equals: None,
            }),
            redirect: Redirect {
                host_name: Some("example.com".to_owned()),
                http_redirect_code: Some("302".to_owned()),
                protocol: Some("https".to_owned()),
                replace_key_prefix_with: None,
                replace_key_with: Some("x".to_owned()),
            },
        };
        assert_eq!(read_rule(&write_rule(&rule)), rule);
    }

    #[test]
    fn sites_are_reached_in_two_forms() {
        assert_eq!(endpoint("b", "us-east-1"), "b.s3-website-us-east-1.amazonaws.com");
        assert_eq!(endpoint("b", "eu-west-3"), "b.s3-website.eu-west-3.amazonaws.com");
    }
}
