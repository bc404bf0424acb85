//! `route53_zone`

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_route53::types::{
    ChangeAction, DelegationSet, HostedZone, HostedZoneConfig, ResourceRecordSet, RrType, Vpc as SdkVpc,
};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Address, Attributes, Declared, ExpectedInstance, Facts, Owner, PerVerb, Select, Status, TagChange, Tags,
    Violation, tag,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use self::reference::{Reference, begun};
use super::route53_support::{Key, canonical_name, change, is_marker, markers, marks, records, step};
use crate::aws::route53::{self, dns_name, zone_id};
use crate::aws::{Codes, Cx, Live, Op, Resource};

mod reference;

/// A hosted zone: the records of a domain, for the whole internet or, with `vpc`, for some VPCs only.
///
/// AWS makes its `NS` and `SOA` records. A public zone answers once its `name_servers` stand at the registrar of the
/// domain; a replacement has other name servers.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Route53Zone {
    /// The domain. Several zones may have the same one.
    #[attr(create_only, length(1, 255), canonical = canonical_name)]
    name: String,
    /// A word to people who look at it.
    #[attr(default = "", length(0, 256))]
    comment: String,
    /// The VPCs in which a private zone answers; a zone without is public, and stays so.
    #[attr(length(0, 300))]
    vpc: BTreeSet<ZoneVpc>,
    /// The reusable set of name servers of a public zone.
    #[attr(create_only)]
    delegation_set_id: Option<String>,
    /// Whether records that others made in it are deleted with it.
    #[attr(local, default = false)]
    force_destroy: bool,
}

/// A VPC in which a private zone answers.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ZoneVpc {
    /// The VPC, with DNS support and DNS host names.
    #[attr(refers("vpc", "id"))]
    vpc_id: String,
    /// The region of the VPC, such as `${stack.region}`: a zone has none of its own.
    vpc_region: String,
}

/// What a zone tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
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
    /// The name servers of a public zone, for the registrar or the zone above.
    #[attr(looks_like = "ns-{n}.awsdns-{n}.org")]
    name_servers: Vec<String>,
    /// The text by which its creation is never done twice.
    #[attr(looks_like = "clefctl/1-{hex:8}")]
    caller_reference: String,
}

impl Resource for Route53Zone {
    const FACTS: Facts = Facts {
        name: "route53_zone",
        service: "route53",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        data: Some("the records in it"),
        once: true,
        details: 1,
        actions: Actions {
            read: &["route53:ListHostedZones", "route53:ListTagsForResources", "route53:GetHostedZone"],
            create: &[
                "route53:CreateHostedZone", "route53:ChangeTagsForResource", "route53:AssociateVPCWithHostedZone",
                "route53:ListHostedZonesByName", "ec2:DescribeVpcs",
            ],
            update: &[
                "route53:UpdateHostedZoneComment", "route53:AssociateVPCWithHostedZone",
                "route53:DisassociateVPCFromHostedZone", "route53:ChangeTagsForResource", "ec2:DescribeVpcs",
            ],
            delete: &["route53:DeleteHostedZone", "route53:ListResourceRecordSets", "route53:ChangeResourceRecordSets"],
        },
        takes: PerVerb::new(3, 2, 2),
        calls: PerVerb::new(4, 6, 3),
        ..Facts::GLOBAL
    };
    const CODES: Codes = Codes { absent: &["NoSuchHostedZone"], exists: &[], blocked: &["HostedZoneNotEmpty"] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let (ids, mut tags) = match select {
            Select::One(id) => (vec![zone_id(id).to_owned()], None),
            Select::Owned(expected) => {
                let zones = route53::zones(cx).await?;
                let ids: Vec<String> = zones.iter().map(|zone| zone_id(&zone.id).to_owned()).collect();
                let tags = route53::tags_of(cx, &ids).await?;
                let owner = cx.owner.to_string();
                let ours = |zone: &&HostedZone| {
                    tags.get(zone_id(&zone.id)).is_some_and(|tags| tags.get(tag::STACK) == Some(&owner))
                        || Reference::parse(&zone.caller_reference)
                            .is_some_and(|reference| reference.address(&cx.owner, &expected.instances).is_some())
                };
                (zones.iter().filter(ours).map(|zone| zone_id(&zone.id).to_owned()).collect(), Some(tags))
            }
        };
        let found = try_join_all(ids.iter().map(|id| get(cx, id))).await?;
        if tags.is_none() && found.iter().any(Option::is_some) {
            tags = Some(route53::tags_of(cx, &ids).await?);
        }
        let tags = tags.unwrap_or_default();
        Ok(found.into_iter().flatten().map(|zone| live(cx, zone, &tags)).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let reference = Reference::new(cx, new);
        let id = match begun(cx, &reference).await? {
            Some(id) => id,
            None => self.make(cx, &reference).await?,
        };
        self.associate(cx, &id, &self.vpc.iter().take(1).cloned().collect()).await?;
        route53::retag(cx, &id, &TagChange { set: new.tags.clone(), remove: Vec::new() }).await?;
        Ok(id)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if self.comment != live.spec.comment {
            cx.call(Op::new("route53:UpdateHostedZoneComment"), || {
                cx.route53().update_hosted_zone_comment().id(&live.id).comment(&self.comment).send()
            })
            .await?;
        }
        self.associate(cx, &live.id, &live.spec.vpc).await?;
        for gone in live.spec.vpc.difference(&self.vpc) {
            cx.call(Op::new("route53:DisassociateVPCFromHostedZone"), || {
                cx.route53().disassociate_vpc_from_hosted_zone().hosted_zone_id(&live.id).vpc(sdk(gone)).send()
            })
            .await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> Result<()> {
        let there = records(cx, &live.id, None, None).await?;
        let gone: Vec<ResourceRecordSet> = if last.is_some_and(|last| last.force_destroy) {
            there.into_iter().filter(|record| !is_own(record, &live.spec.name)).collect()
        } else {
            orphans(&there, &cx.owner)
        };
        // A batch takes 1000 values, and a record has 400 at the most.
        let mut steps = Vec::new();
        let mut values = 0;
        for record in gone {
            let more = record.resource_records().len().max(1);
            if values + more > 1000 {
                change(cx, &live.id, std::mem::take(&mut steps)).await?;
                values = 0;
            }
            values += more;
            steps.push(step(ChangeAction::Delete, record)?);
        }
        if !steps.is_empty() {
            change(cx, &live.id, steps).await?;
        }
        cx.call(Op::new("route53:DeleteHostedZone"), || cx.route53().delete_hosted_zone().id(&live.id).send()).await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        let mut change = change.clone();
        // The caller reference stays for ever: without this word a released zone would look like one half made.
        if change.remove.iter().any(|key| key == tag::STACK) {
            change.set.insert(RELEASED.to_owned(), cx.owner.to_string());
            change.remove.retain(|key| key != RELEASED);
        }
        route53::retag(cx, &live.id, &change).await
    }

    fn unmarked(cx: &Cx<'_>, live: &Live<Self>, expected: &[ExpectedInstance]) -> Option<Address> {
        if live.tags.contains_key(RELEASED) {
            return None;
        }
        Reference::parse(&live.outputs.caller_reference)?.address(&cx.owner, expected)
    }

    fn must_replace(&self, live: &Self) -> Option<(&'static str, String)> {
        (self.vpc.is_empty() != live.vpc.is_empty())
            .then(|| ("vpc", "a zone is public or private from the beginning".to_owned()))
    }

    fn check(&self) -> Vec<Violation> {
        if !self.vpc.is_empty() && self.delegation_set_id.is_some() {
            return vec![Violation::new("delegation_set_id", "a private zone has no name servers to choose")];
        }
        Vec::new()
    }

    async fn may_create(&self, cx: &Cx<'_>) -> Result<Vec<Violation>> {
        let answer = cx
            .call(Op::new("route53:ListHostedZonesByName"), || {
                cx.route53().list_hosted_zones_by_name().dns_name(&self.name).max_items(10).send()
            })
            .await?;
        let private = |zone: &HostedZone| zone.config.as_ref().is_some_and(|config| config.private_zone);
        let same = |zone: &&HostedZone| dns_name(&zone.name) == dns_name(&self.name) && !private(zone);
        let there = answer.hosted_zones.iter().filter(same).map(|zone| zone_id(&zone.id)).collect::<Vec<_>>();
        if there.is_empty() || !self.vpc.is_empty() {
            return Ok(Vec::new());
        }
        let message = format!("{} has a public zone already: {}", self.name, there.join(", "));
        let warning = Violation::new("name", message)
            .hint("if it is the one you mean, take it over with `clefctl adopt`; the new one has other name servers");
        Ok(vec![Violation { warning: true, ..warning }])
    }

    async fn may_delete(cx: &Cx<'_>, live: &Live<Self>, last: Option<&Self>) -> Result<Vec<Violation>> {
        if last.is_some_and(|last| last.force_destroy) {
            return Ok(Vec::new());
        }
        let there = strangers(cx, live).await?;
        if there.is_empty() {
            return Ok(Vec::new());
        }
        let message = format!("{} has records that this stack did not make: {}", live.id, named(&there));
        Ok(vec![Violation::new("", message).hint("delete them, or apply `force_destroy: true` to it first")])
    }

    async fn blockers(cx: &Cx<'_>, live: &Live<Self>) -> Result<Vec<String>> {
        let there = records(cx, &live.id, None, None).await?;
        Ok(there.iter().filter(|record| !is_own(record, &live.spec.name)).map(label).collect())
    }
}

/// What a zone carries that was ours and is no more.
const RELEASED: &str = "clefctl:released";

impl Route53Zone {
    /// Makes the zone. The reference makes a second one impossible, however often this is sent.
    async fn make(&self, cx: &Cx<'_>, reference: &Reference) -> Result<String> {
        let text = reference.to_string();
        let private = !self.vpc.is_empty();
        let config = HostedZoneConfig::builder().comment(&self.comment).private_zone(private).build();
        let made = cx
            .call(Op::new("route53:CreateHostedZone"), || {
                cx.route53()
                    .create_hosted_zone()
                    .name(&self.name)
                    .caller_reference(&text)
                    .hosted_zone_config(config.clone())
                    .set_vpc(self.vpc.first().map(sdk))
                    .set_delegation_set_id(self.delegation_set_id.clone())
                    .send()
            })
            .await;
        match made {
            Ok(made) => Ok(made.hosted_zone.map(|zone| zone_id(&zone.id).to_owned()).unwrap_or_default()),
            Err(error) if error.code() == Some("HostedZoneAlreadyExists") => {
                // Its answer was lost; the list may take a moment to show it.
                for _ in 0..LOOKS {
                    if let Some(id) = begun(cx, reference).await? {
                        return Ok(id);
                    }
                    cx.pause(Duration::from_secs(5)).await;
                    cx.alive()?;
                }
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Adds the VPCs that are not there yet, one a call as the API demands.
    async fn associate(&self, cx: &Cx<'_>, id: &str, there: &BTreeSet<ZoneVpc>) -> Result<()> {
        for new in self.vpc.difference(there) {
            let sent = cx
                .call(Op::new("route53:AssociateVPCWithHostedZone").racing(&["InvalidVPCId"]), || {
                    cx.route53().associate_vpc_with_hosted_zone().hosted_zone_id(id).vpc(sdk(new)).send()
                })
                .await;
            match sent {
                // It was said before, and the answer was lost.
                Err(error) if error.code() == Some("ConflictingDomainExists") => {
                    let now = get(cx, id).await?.map(|zone| zone.vpcs).unwrap_or_default();
                    if !now.contains(new) {
                        return Err(error);
                    }
                }
                sent => drop(sent?),
            }
        }
        Ok(())
    }
}

/// How often a zone that must be there is looked for.
const LOOKS: u32 = 7;

/// A zone with what only a call of its own tells.
struct Zone {
    zone: HostedZone,
    delegation: Option<DelegationSet>,
    vpcs: BTreeSet<ZoneVpc>,
}

async fn get(cx: &Cx<'_>, id: &str) -> Result<Option<Zone>> {
    let answer = match cx.call(Op::new("route53:GetHostedZone"), || cx.route53().get_hosted_zone().id(id).send()).await
    {
        Err(error) if error.code() == Some("NoSuchHostedZone") => return Ok(None),
        answer => answer?,
    };
    let vpc = |vpc: &SdkVpc| ZoneVpc {
        vpc_id: vpc.vpc_id().unwrap_or_default().to_owned(),
        vpc_region: vpc.vpc_region().map(|region| region.as_str().to_owned()).unwrap_or_default(),
    };
    let vpcs = answer.vpcs().iter().map(vpc).collect();
    let delegation = answer.delegation_set;
    Ok(answer.hosted_zone.map(|zone| Zone { zone, delegation, vpcs }))
}

fn sdk(vpc: &ZoneVpc) -> SdkVpc {
    SdkVpc::builder().vpc_id(&vpc.vpc_id).vpc_region(vpc.vpc_region.as_str().into()).build()
}

/// Whether a record is one that AWS makes with the zone.
fn is_own(record: &ResourceRecordSet, zone: &str) -> bool {
    matches!(record.r#type, RrType::Ns | RrType::Soa) && dns_name(&record.name) == dns_name(zone)
}

/// Whether all that a marker says is of one owner: others may share the record of a certificate.
fn all_of(marker: &ResourceRecordSet, owner: &Owner) -> bool {
    let owner = owner.to_string();
    marks(marker).iter().all(|mark| mark.get(tag::STACK) == Some(&owner))
}

/// The owner's markers whose records somebody took away.
fn orphans(records: &[ResourceRecordSet], owner: &Owner) -> Vec<ResourceRecordSet> {
    let needed: BTreeSet<String> =
        records.iter().filter(|record| !is_marker(record)).map(|record| Key::of(record).marker()).collect();
    let ours = |marker: &ResourceRecordSet| all_of(marker, owner);
    let lost = markers(records).into_iter().filter(|(name, marker)| !needed.contains(name) && ours(marker));
    lost.map(|(_, marker)| marker.clone()).collect()
}

/// The records in a zone that neither AWS nor the owner made.
async fn strangers(cx: &Cx<'_>, live: &Live<Route53Zone>) -> Result<Vec<String>> {
    let there = records(cx, &live.id, None, None).await?;
    let markers = markers(&there);
    let ours = |marker: &ResourceRecordSet| all_of(marker, &cx.owner);
    let strange = |record: &&ResourceRecordSet| {
        let known = if is_marker(record) {
            ours(record)
        } else {
            markers.get(&Key::of(record).marker()).is_some_and(|marker| ours(marker))
        };
        !known && !is_own(record, &live.spec.name)
    };
    Ok(there.iter().filter(strange).map(label).collect())
}

fn label(record: &ResourceRecordSet) -> String {
    format!("{} {}", dns_name(&record.name), record.r#type.as_str())
}

/// The first few names, and how many more there are.
fn named(all: &[String]) -> String {
    const SHOWN: usize = 5;
    let more = all.len().saturating_sub(SHOWN);
    let shown = all.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn live(cx: &Cx<'_>, found: Zone, tags: &BTreeMap<String, Tags>) -> Live<Route53Zone> {
    let id = zone_id(&found.zone.id).to_owned();
    let set = found.delegation.as_ref();
    let delegation_set_id =
        set.and_then(DelegationSet::id).map(|id| id.trim_start_matches("/delegationset/").to_owned());
    Live {
        spec: Route53Zone {
            name: dns_name(&found.zone.name),
            comment: found.zone.config.as_ref().and_then(HostedZoneConfig::comment).unwrap_or_default().to_owned(),
            vpc: found.vpcs,
            delegation_set_id: delegation_set_id.filter(|id| !id.is_empty()),
            force_destroy: false,
        },
        outputs: Outputs {
            arn: format!("arn:{}:route53:::hostedzone/{id}", cx.partition()),
            zone_id: id.clone(),
            name_servers: set.map(|set| set.name_servers().to_vec()).unwrap_or_default(),
            caller_reference: found.zone.caller_reference,
            id: id.clone(),
        },
        tags: tags.get(&id).cloned().unwrap_or_default(),
        status: Status::Usable,
        id,
    }
}
