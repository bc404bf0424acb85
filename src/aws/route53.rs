//! Route 53: names, zones and their tags, as kinds and lookups read them.

use std::collections::BTreeMap;

use aws_sdk_route53::types::{HostedZone, Tag, TagResourceType};
use clefctl_core::error::Result;
use clefctl_core::kind::{TagChange, Tags, tag};

use super::{Cx, Op};

/// The id of a zone without the path that the API puts before it.
#[must_use]
pub fn zone_id(id: &str) -> &str {
    id.strip_prefix("/hostedzone/").unwrap_or(id)
}

/// A name as stacks write it: in lower case, without the last dot, nothing in octal.
#[must_use]
pub fn dns_name(name: &str) -> String {
    let name = String::from_utf8_lossy(&octal(name)).to_lowercase();
    name.strip_suffix('.').map(str::to_owned).unwrap_or(name)
}

/// Whether a domain can have records in the zone of that name.
#[must_use]
pub fn is_within(domain: &str, zone: &str) -> bool {
    let domain = dns_name(domain);
    domain.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Undoes `\052` and the like; a backslash before anything else takes its special meaning away.
#[must_use]
pub fn octal(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        if first != b'\\' {
            out.push(first);
            continue;
        }
        let digits = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            out.push(byte);
            rest = tail.get(3..).unwrap_or_default();
        } else if let Some((&next, tail)) = tail.split_first() {
            out.push(next);
            rest = tail;
        }
    }
    out
}

/// All zones of the account.
pub async fn zones(cx: &Cx<'_>) -> Result<Vec<HostedZone>> {
    cx.call(Op::new("route53:ListHostedZones"), || {
        cx.route53().list_hosted_zones().into_paginator().items().send().try_collect()
    })
    .await
}

/// The tags of zones, ten a call. A zone that is gone fails the whole call, so that then each is asked for alone.
pub async fn tags_of(cx: &Cx<'_>, ids: &[String]) -> Result<BTreeMap<String, Tags>> {
    let mut found = BTreeMap::new();
    for some in ids.chunks(10) {
        match tags_of_some(cx, some).await {
            Err(error) if error.code() == Some("NoSuchHostedZone") => {
                for one in some {
                    match tags_of_some(cx, std::slice::from_ref(one)).await {
                        Err(error) if error.code() == Some("NoSuchHostedZone") => {}
                        tags => found.extend(tags?),
                    }
                }
            }
            tags => found.extend(tags?),
        }
    }
    Ok(found)
}

async fn tags_of_some(cx: &Cx<'_>, ids: &[String]) -> Result<Vec<(String, Tags)>> {
    let answer = cx
        .call(Op::new("route53:ListTagsForResources"), || {
            let tags = cx.route53().list_tags_for_resources().resource_type(TagResourceType::Hostedzone);
            tags.set_resource_ids(Some(ids.to_vec())).send()
        })
        .await?;
    let tags = |tags: &[Tag]| super::tags::read(tags, |tag| (tag.key(), tag.value()));
    Ok(answer
        .resource_tag_sets
        .iter()
        .map(|set| (set.resource_id().unwrap_or_default().to_owned(), tags(set.tags())))
        .collect())
}

/// Changes tags, ten a call. Ownership goes first, so that a cut leaves no zone of nobody's.
pub async fn retag(cx: &Cx<'_>, id: &str, change: &TagChange) -> Result<()> {
    let (ours, others): (Vec<_>, Vec<_>) = change.set.iter().partition(|(key, _)| key.starts_with(tag::PREFIX));
    let set: Vec<Tag> =
        ours.into_iter().chain(others).map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    let one = async |set: Option<Vec<Tag>>, remove: Option<Vec<String>>| {
        cx.call(Op::new("route53:ChangeTagsForResource"), || {
            cx.route53()
                .change_tags_for_resource()
                .resource_type(TagResourceType::Hostedzone)
                .resource_id(id)
                .set_add_tags(set.clone())
                .set_remove_tag_keys(remove.clone())
                .send()
        })
        .await
    };
    for some in set.chunks(10) {
        one(Some(some.to_vec()), None).await?;
    }
    for some in change.remove.chunks(10) {
        one(None, Some(some.to_vec())).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_form() {
        for name in ["*.Example.com", "*.example.com.", "\\052.example.com."] {
            assert_eq!(dns_name(name), "*.example.com");
        }
    }

    #[test]
    fn a_zone_holds_its_own_domain_and_those_below() {
        for (domain, within) in
            [("example.com", true), ("*.Example.com", true), ("a.b.example.com", true), ("anexample.com", false)]
        {
            assert_eq!(is_within(domain, "example.com"), within, "{domain}");
        }
    }
}
