//! `route53_zone`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_route53::types::{HostedZone, HostedZoneConfig, HostedZoneSummary};
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, LookupFacts, Tags};
use serde::{Deserialize, Serialize};

use super::several;
use crate::aws::route53::{dns_name, tags_of, zone_id};
use crate::aws::{Cx, LookupRead, Op};

/// A hosted zone that is managed elsewhere. What is written has to fit all at once.
#[derive(Attributes, Deserialize, Clone, Debug)]
#[attributes(exactly_one("zone_id", "name"))]
pub struct Route53Zone {
    /// Its id.
    zone_id: Option<String>,
    /// Its domain.
    name: Option<String>,
    /// Whether a zone that answers in VPCs only is meant.
    #[serde(default)]
    #[attr(default = false)]
    private_zone: bool,
    /// A VPC of the region in which a private zone answers.
    vpc_id: Option<String>,
    /// Tags that it carries.
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

/// The zone.
#[derive(Attributes, Serialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "Z{hex:20}")]
    id: String,
    /// Its id.
    #[attr(looks_like = "{id}")]
    zone_id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:route53:::hostedzone/{id}")]
    arn: String,
    /// Its domain.
    #[attr(looks_like = "example.com")]
    name: String,
    /// The word to people who look at it.
    #[attr(looks_like = "A zone")]
    comment: String,
    /// Whether it answers in VPCs only.
    private_zone: bool,
    /// The name servers of a public zone.
    #[attr(looks_like = "ns-{n}.awsdns-{n}.org")]
    name_servers: Vec<String>,
    /// How many records it has.
    resource_record_set_count: i64,
    /// Its tags.
    tags: Tags,
}

impl LookupRead for Route53Zone {
    const FACTS: LookupFacts = LookupFacts {
        name: "route53_zone",
        service: "route53",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        actions: &[
            "route53:GetHostedZone", "route53:ListHostedZonesByName", "route53:ListHostedZonesByVPC",
            "route53:ListTagsForResources", "ec2:DescribeVpcs",
        ],
    };
    type Outputs = Outputs;

    async fn read(&self, cx: &Cx<'_>) -> Result<Option<Outputs>> {
        let mut ids = match (&self.zone_id, &self.name) {
            (Some(id), _) => vec![zone_id(id).to_owned()],
            (None, Some(name)) => self.named(cx, name).await?,
            (None, None) => Vec::new(),
        };
        if let Some(vpc) = &self.vpc_id {
            let there = of_vpc(cx, vpc).await?;
            ids.retain(|id| there.contains(id));
        }
        let mut tags = tags_of(cx, &ids).await?;
        let fits = |id: &String| {
            let there = tags.get(id);
            self.tags.iter().all(|(key, value)| there.and_then(|tags| tags.get(key)) == Some(value))
        };
        ids.retain(fits);
        match ids.as_slice() {
            [] => Ok(None),
            [id] => outputs(cx, id, tags.remove(id).unwrap_or_default()).await,
            _ => Err(several("zones", ids.iter().map(String::as_str).collect())),
        }
    }
}

impl Route53Zone {
    /// The zones of a name: AWS lists zones by name from one on, so that they stand in front.
    async fn named(&self, cx: &Cx<'_>, name: &str) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let (mut from, mut id) = (Some(dns_name(name)), None);
        while let Some(start) = from {
            let page = cx
                .call(Op::new("route53:ListHostedZonesByName"), || {
                    let page = cx.route53().list_hosted_zones_by_name().dns_name(&start);
                    page.set_hosted_zone_id(id.clone()).send()
                })
                .await?;
            let same = |zone: &&HostedZone| dns_name(zone.name()) == dns_name(name);
            let private = |zone: &HostedZone| zone.config().is_some_and(HostedZoneConfig::private_zone);
            let all = page.hosted_zones().iter().filter(same).filter(|zone| private(zone) == self.private_zone);
            found.extend(all.map(|zone| zone_id(zone.id()).to_owned()));
            let more = page.is_truncated() && page.hosted_zones().last().is_some_and(|zone| same(&zone));
            (from, id) = if more { (page.next_dns_name, page.next_hosted_zone_id) } else { (None, None) };
        }
        Ok(found)
    }
}

/// The zones that answer in a VPC of the region.
async fn of_vpc(cx: &Cx<'_>, vpc: &str) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut next = None;
    loop {
        let page = cx
            .call(Op::new("route53:ListHostedZonesByVPC"), || {
                let page = cx.route53().list_hosted_zones_by_vpc().vpc_id(vpc).vpc_region((&*cx.region).into());
                page.set_next_token(next.clone()).send()
            })
            .await?;
        let ids = page.hosted_zone_summaries().iter().map(HostedZoneSummary::hosted_zone_id);
        found.extend(ids.map(|id| zone_id(id).to_owned()));
        next = page.next_token;
        if next.is_none() {
            return Ok(found);
        }
    }
}

async fn outputs(cx: &Cx<'_>, id: &str, tags: Tags) -> Result<Option<Outputs>> {
    let answer = match cx.call(Op::new("route53:GetHostedZone"), || cx.route53().get_hosted_zone().id(id).send()).await
    {
        Err(error) if error.code() == Some("NoSuchHostedZone") => return Ok(None),
        answer => answer?,
    };
    let Some(zone) = answer.hosted_zone else { return Ok(None) };
    let config = zone.config();
    Ok(Some(Outputs {
        id: id.to_owned(),
        zone_id: id.to_owned(),
        arn: format!("arn:{}:route53:::hostedzone/{id}", cx.partition()),
        name: dns_name(zone.name()),
        comment: config.and_then(|config| config.comment()).unwrap_or_default().to_owned(),
        private_zone: config.is_some_and(HostedZoneConfig::private_zone),
        name_servers: answer.delegation_set.map(|set| set.name_servers).unwrap_or_default(),
        resource_record_set_count: zone.resource_record_set_count().unwrap_or_default(),
        tags,
    }))
}
