//! `acm_certificate`

use std::collections::BTreeSet;

use aws_sdk_acm::types::CertificateOptions;
use aws_sdk_route53::types::HostedZoneConfig;
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Map, PerVerb, Select, TagChange, Tags, Value, Violation, tag,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use self::reading::{describe, is_awaited, list, live, needed_elsewhere, record_name, wanted};
use crate::aws::route53::{self, dns_name, zone_id};
use crate::aws::tags::acm as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

mod reading;
mod validation;

/// A certificate for TLS, made and renewed by AWS.
///
/// AWS issues it once it sees that its domains are ours. With `validation` clefctl puts the records that prove it into
/// a Route 53 zone, keeps them as long as a certificate needs them, and waits until the certificate is issued. Without,
/// the records in `domain_validation_options` are for somebody else to make, and nothing waits.
///
/// A load balancer takes certificates of its own region, CloudFront and the domains of Cognito user pools those of
/// `us-east-1`: write `region: us-east-1` for them.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(forbids_when("validation_method", "EMAIL", "validation"))]
pub struct AcmCertificate {
    /// The domain. `*` as its first part stands for all names of one level.
    #[attr(
        create_only,
        length(1, 253),
        canonical = lower,
        pattern = "(\\*\\.)?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
    )]
    domain_name: String,
    /// Further domains; AWS takes nine of them unless the quota is raised.
    #[attr(
        create_only,
        length(0, 99),
        canonical = lower_all,
        pattern = "(\\*\\.)?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\\.)+[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
    )]
    subject_alternative_names: BTreeSet<String>,
    /// How AWS sees that the domains are ours: by records, or by e-mails to their owners.
    #[attr(create_only, default = "DNS", values("DNS", "EMAIL"))]
    validation_method: String,
    /// Algorithm of the key pair.
    #[attr(create_only, default = "RSA_2048", values("RSA_2048", "EC_prime256v1", "EC_secp384r1"))]
    key_algorithm: String,
    /// What AWS may do with it.
    #[attr(default = unwritten_options)]
    options: Options,
    /// Where the records go that prove that the domains are ours.
    validation: Option<Validation>,
}

/// What AWS may do with a certificate.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Options {
    /// Whether it can be exported with its private key, which costs money for each certificate.
    #[attr(default = "DISABLED", values("ENABLED", "DISABLED"))]
    export: String,
}

/// Where the records go that prove that domains are ours.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Validation {
    /// The public zone of all the domains.
    #[attr(refers("route53_zone", "zone_id"))]
    zone_id: String,
    /// The role with which the records are managed, for a zone in another account. It must allow
    /// `route53:GetHostedZone`, `route53:ListResourceRecordSets` and `route53:ChangeResourceRecordSets`.
    #[attr(refers("iam_role", "arn"), length(20, 230))]
    role_arn: Option<String>,
}

/// A record that proves that a domain is ours.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, PartialOrd, Eq, Ord)]
pub struct ValidationOption {
    /// The domain.
    domain_name: String,
    /// Name of the record.
    #[attr(looks_like = "_{hex:32}.{attr:domain_name}")]
    resource_record_name: String,
    /// Its type.
    #[attr(looks_like = "CNAME")]
    resource_record_type: String,
    /// Its value.
    #[attr(looks_like = "_{hex:32}.acm-validations.aws")]
    resource_record_value: String,
}

/// What a certificate tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its ARN.
    #[attr(looks_like = "arn:aws:acm:{region}:{account}:certificate/{uuid}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "{id}")]
    arn: String,
    /// The records that prove that the domains are ours, sorted by domain.
    domain_validation_options: Vec<ValidationOption>,
}

impl Resource for AcmCertificate {
    const FACTS: Facts = Facts {
        name: "acm_certificate",
        service: "acm",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept(TYPE),
        deleted_after: &["lb_listener", "cognito_user_pool"],
        details: 2,
        actions: Actions {
            read: &[
                "acm:ListCertificates", "acm:DescribeCertificate", "acm:ListTagsForCertificate", "tag:GetResources",
                "route53:ListResourceRecordSets",
            ],
            create: &[
                "acm:RequestCertificate", "acm:AddTagsToCertificate", "route53:ChangeResourceRecordSets",
                "route53:GetHostedZone",
            ],
            update: &[
                "acm:UpdateCertificateOptions", "acm:AddTagsToCertificate", "acm:RemoveTagsFromCertificate",
                "route53:ChangeResourceRecordSets", "route53:GetHostedZone",
            ],
            delete: &["acm:DeleteCertificate", "route53:ChangeResourceRecordSets"],
        },
        takes: PerVerb::new(180, 5, 2),
        timeouts: PerVerb::new(4500, 4500, 1200),
        calls: PerVerb::new(2, 5, 2),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: &[ABSENT], exists: &[], blocked: &["ResourceInUseException"] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let (arns, owner) = match select {
            Select::One(arn) => (BTreeSet::from([arn.to_owned()]), None),
            Select::Owned(expected) => {
                // The sweep may lag behind: what has a domain of ours is looked at as well.
                let domain = |attributes: &Map| attributes.get("domain_name")?.as_str().map(dns_name);
                let domains: BTreeSet<String> =
                    expected.instances.iter().filter_map(|instance| domain(&instance.attributes)).collect();
                let mut arns = sweep::arns(cx, select, TYPE).await?;
                let all = if domains.is_empty() { Vec::new() } else { list(cx).await? };
                let named = all.into_iter().filter(|one| domains.contains(&dns_name(one.domain_name().unwrap_or(""))));
                arns.extend(named.filter_map(|certificate| certificate.certificate_arn));
                (arns.into_iter().collect(), Some(cx.owner.to_string()))
            }
        };
        let owner = owner.as_ref();
        let found = try_join_all(arns.iter().map(|arn| async move {
            let tags = tags::of(cx, arn).await?;
            let Some(tags) = tags.filter(|tags| owner.is_none() || tags.get(tag::STACK) == owner) else {
                return Ok(None);
            };
            let Some(detail) = describe(cx, arn).await? else { return Ok(None) };
            let stand = match Zone::of(&tags) {
                Some(zone) if zone.asked && is_awaited(&detail) => match validation::wanted(&detail) {
                    Some(wanted) => validation::stand(&cx.under(zone.role_arn).await?, zone.id, &wanted).await?,
                    None => false,
                },
                zone => zone.is_some_and(|zone| zone.asked),
            };
            Ok(Some(live(&detail, tags, stand)))
        }));
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        // The certificate knows the zone from the beginning, so that whoever deletes it knows where to clean up.
        let zone = self.zone();
        let noted = zone.map(Zone::tags).unwrap_or_default();
        let tags = tags::write(&new.tags.clone().into_iter().chain(noted).collect())?;
        let names: Vec<String> = self.subject_alternative_names.iter().cloned().collect();
        let made = cx
            .call(Op::new("acm:RequestCertificate"), || {
                cx.acm()
                    .request_certificate()
                    .domain_name(&self.domain_name)
                    .set_subject_alternative_names((!names.is_empty()).then(|| names.clone()))
                    .validation_method(self.validation_method.as_str().into())
                    .key_algorithm(self.key_algorithm.as_str().into())
                    .options(self.options.sdk())
                    .idempotency_token(cx.token(new))
                    .set_tags(Some(tags.clone()))
                    .send()
            })
            .await?;
        let arn = made.certificate_arn.unwrap_or_default();
        if let Some(zone) = zone {
            let wanted = wanted(cx, &arn).await?;
            validation::offer(&cx.under(zone.role_arn).await?, zone.id, &arn, &wanted).await?;
        }
        Ok(arn)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if self.options != live.spec.options {
            cx.call(Op::new("acm:UpdateCertificateOptions"), || {
                cx.acm().update_certificate_options().certificate_arn(&live.id).options(self.options.sdk()).send()
            })
            .await?;
        }
        if self.validation == live.spec.validation {
            return Ok(());
        }
        let (before, after) = (Zone::of(&live.tags), self.zone());
        let wanted = wanted(cx, &live.id).await?;
        if let Some(zone) = after {
            validation::offer(&cx.under(zone.role_arn).await?, zone.id, &live.id, &wanted).await?;
        }
        if let (Some(old), Some(new)) = (before, after)
            && old.id != new.id
        {
            let (names, old_cx) = (wanted.into_keys().collect(), cx.under(old.role_arn).await?);
            validation::withdraw(&old_cx, old.id, &live.id, &names, &BTreeSet::new()).await?;
        }
        // The certificate is renewed by its records: they stay as long as it does, though nobody asks for them.
        let Some(kept) = after.or(before.map(|old| Zone { asked: false, ..old })).map(Zone::tags) else {
            return Ok(());
        };
        let noted = |key: &&str| live.tags.contains_key(*key) && !kept.contains_key(*key);
        let remove: Vec<String> = [ZONE, ROLE].iter().filter(|key| noted(key)).map(|key| (*key).to_owned()).collect();
        if remove.is_empty() && kept.iter().all(|(key, value)| live.tags.get(key) == Some(value)) {
            return Ok(());
        }
        tags::change(cx, &live.id, &TagChange { set: kept, remove }).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        // While it is in use AWS refuses, and it needs its records for as long.
        if let Some(zone) = Zone::of(&live.tags)
            && let Some(detail) = describe(cx, &live.id).await?
            && detail.in_use_by().is_empty()
            && let Some(wanted) = validation::wanted(&detail)
        {
            let needed = needed_elsewhere(cx, &live.id, &wanted).await?;
            let (names, cx) = (wanted.into_keys().collect(), cx.under(zone.role_arn).await?);
            validation::withdraw(&cx, zone.id, &live.id, &names, &needed).await?;
        }
        cx.call(Op::new("acm:DeleteCertificate"), || cx.acm().delete_certificate().certificate_arn(&live.id).send())
            .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        // Once it is released its records stay without us.
        let released = change.remove.iter().any(|key| key == tag::STACK);
        if let (true, Some(zone)) = (released, Zone::of(&live.tags)) {
            let names: BTreeSet<String> = live.outputs.domain_validation_options.iter().map(record_name).collect();
            validation::withdraw(&cx.under(zone.role_arn).await?, zone.id, &live.id, &names, &names).await?;
        }
        tags::change(cx, &live.id, change).await
    }

    fn check(&self) -> Vec<Violation> {
        if self.subject_alternative_names.contains(&self.domain_name) {
            return vec![Violation::new("subject_alternative_names", "`domain_name` need not be among them")];
        }
        Vec::new()
    }

    async fn may_create(&self, cx: &Cx<'_>) -> Result<Vec<Violation>> {
        self.may_stand(cx).await
    }

    async fn may_update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<Vec<Violation>> {
        if self.validation == live.spec.validation { Ok(Vec::new()) } else { self.may_stand(cx).await }
    }

    async fn blockers(cx: &Cx<'_>, live: &Live<Self>) -> Result<Vec<String>> {
        let detail = describe(cx, &live.id).await?;
        Ok(detail.map(|detail| detail.in_use_by().to_vec()).unwrap_or_default())
    }
}

/// What the tagging API calls a certificate.
const TYPE: &str = "acm:certificate";
/// The code that says that a certificate is not there.
const ABSENT: &str = "ResourceNotFoundException";
/// The tag that says in which zone clefctl has put the records of a certificate.
const ZONE: &str = "clefctl:note:zone";
/// What follows the zone in the tag once the stack does not ask for the records any more.
const UNASKED: &str = " unasked";
/// The tag that says under which role it has.
const ROLE: &str = "clefctl:note:zone-role";

/// The zone in which a certificate has its records.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Zone<'a> {
    id: &'a str,
    role_arn: Option<&'a str>,
    /// Whether the stack asks for them.
    asked: bool,
}

impl<'a> Zone<'a> {
    fn of(tags: &'a Tags) -> Option<Self> {
        let noted = tags.get(ZONE)?;
        let unasked = noted.strip_suffix(UNASKED);
        let role_arn = tags.get(ROLE).map(String::as_str);
        Some(Self { id: unasked.unwrap_or(noted), role_arn, asked: unasked.is_none() })
    }

    fn said(self) -> Validation {
        Validation { zone_id: self.id.to_owned(), role_arn: self.role_arn.map(str::to_owned) }
    }

    fn tags(self) -> Tags {
        let unasked = if self.asked { "" } else { UNASKED };
        let role = self.role_arn.map(|role| (ROLE.to_owned(), role.to_owned()));
        std::iter::once((ZONE.to_owned(), format!("{}{unasked}", self.id))).chain(role).collect()
    }
}

impl AcmCertificate {
    fn zone(&self) -> Option<Zone<'_>> {
        let to = self.validation.as_ref()?;
        Some(Zone { id: zone_id(&to.zone_id), role_arn: to.role_arn.as_deref(), asked: true })
    }

    /// What keeps the records out of the zone.
    async fn may_stand(&self, cx: &Cx<'_>) -> Result<Vec<Violation>> {
        let Some(to) = &self.validation else { return Ok(Vec::new()) };
        let cx = &cx.under(to.role_arn.as_deref()).await?;
        let op = Op::new("route53:GetHostedZone");
        let zone = cx.call(op, || cx.route53().get_hosted_zone().id(zone_id(&to.zone_id)).send()).await;
        let zone = match zone {
            Err(error) if error.code() == Some("NoSuchHostedZone") => {
                return Ok(vec![Violation::new("validation.zone_id", "there is no such zone")]);
            }
            zone => zone?.hosted_zone,
        };
        let Some(zone) = zone else { return Ok(Vec::new()) };
        if zone.config().is_some_and(HostedZoneConfig::private_zone) {
            let message = "AWS cannot see the records of a private zone when it validates a domain";
            return Ok(vec![Violation::new("validation.zone_id", message)]);
        }
        let apex = dns_name(zone.name());
        let outside = |domain: &&String| !route53::is_within(domain, &apex);
        let domains = std::iter::once(&self.domain_name).chain(&self.subject_alternative_names);
        let outside = domains.filter(outside).map(|domain| {
            Violation::new("validation.zone_id", format!("the zone {apex} cannot hold a record for {domain}"))
                .hint("ask for one certificate for each zone")
        });
        Ok(outside.collect())
    }
}

impl Options {
    fn sdk(&self) -> CertificateOptions {
        CertificateOptions::builder().export(self.export.as_str().into()).build()
    }
}

/// What AWS does with certificates about which nothing is said.
fn unwritten_options(_certificate: &Map) -> Value {
    Value::map([("export", "DISABLED".into())])
}

fn lower(name: &Value) -> Value {
    name.as_str().map_or_else(|| name.clone(), |name| Value::from(dns_name(name)))
}

fn lower_all(names: &Value) -> Value {
    names.as_list().map_or_else(|| names.clone(), |list| Value::list(list.iter().map(lower)))
}
