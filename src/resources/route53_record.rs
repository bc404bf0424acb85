//! `route53_record`

mod values;

use std::collections::BTreeSet;

use aws_sdk_route53::types::{
    AliasTarget, ChangeAction, GeoLocation, ResourceRecord, ResourceRecordSet, ResourceRecordSetFailover, RrType,
};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Mark, PerVerb, Select, Status, TagChange, Tags, Value, Violation, tag,
};
use serde::{Deserialize, Serialize};

use super::route53_support::{
    self as support, Key, PAGE, canonical_name, exactly, found, in_sync, marked, markers, quote, records, step,
    unbuilt, unquote,
};
use crate::aws::route53::{dns_name, zone_id};
use crate::aws::{Codes, Cx, Live, Resource};

/// A record of a hosted zone.
///
/// Records take no tags. Beside each, clefctl keeps a TXT record `_clefctl-<type>.<name>` that says which stack it
/// belongs to, so that a record is deleted when it leaves the file, and nobody else's ever is, in shared zones too.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    exactly_one("records", "alias"),
    requires("records", "ttl"),
    requires("ttl", "records"),
    at_most_one(
        "weighted_routing_policy", "failover_routing_policy", "geolocation_routing_policy", "latency_routing_policy"
    ),
    requires("weighted_routing_policy", "set_identifier"),
    requires("failover_routing_policy", "set_identifier"),
    requires("geolocation_routing_policy", "set_identifier"),
    requires("latency_routing_policy", "set_identifier")
)]
pub struct Route53Record {
    /// The zone.
    #[attr(create_only, refers("route53_zone", "zone_id"))]
    zone_id: String,
    /// The name in full, the zone's included: `www.example.com`. `*` as the first part stands for all names.
    #[attr(create_only, length(1, 255), canonical = canonical_name)]
    name: String,
    /// The type.
    #[attr(
        create_only,
        values("A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SPF", "SRV", "SVCB", "TXT")
    )]
    r#type: String,
    /// Seconds that an answer may be kept; 300 is usual.
    #[attr(range(0, 2_147_483_647))]
    ttl: Option<i64>,
    /// The values. Those of TXT records are written without quotes, and may have any length.
    #[attr(length(0, 400), canonical = canonical_values)]
    records: BTreeSet<String>,
    /// The AWS resource that answers in place of values.
    alias: Option<Alias>,
    /// What tells records of one name and type apart, when a policy chooses between them.
    #[attr(create_only, length(1, 128))]
    set_identifier: Option<String>,
    /// Answers in proportion to weights.
    weighted_routing_policy: Option<Weighted>,
    /// Answers as long as the first choice is healthy, or when it is not.
    failover_routing_policy: Option<Failover>,
    /// Answers by where the question comes from.
    geolocation_routing_policy: Option<Geolocation>,
    /// Answers with the region that is reached fastest.
    latency_routing_policy: Option<Latency>,
    /// Whether up to eight healthy records of the name are answered at random; needs `set_identifier`.
    #[attr(default = false)]
    multivalue_answer_routing_policy: bool,
    /// The health check without whose success it is not answered.
    health_check_id: Option<String>,
    /// Whether a record of that name and type that no stack has is taken over at creation.
    #[attr(local, default = false)]
    allow_overwrite: bool,
}

/// An AWS resource that answers.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Alias {
    /// Its DNS name, such as `${web.dns_name}`.
    #[attr(canonical = canonical_name)]
    name: String,
    /// The zone of the DNS name, such as `${web.zone_id}`: AWS's for load balancers, this one for other records in it.
    zone_id: String,
    /// Whether it is left out while the resource is not healthy.
    #[attr(default = false)]
    evaluate_target_health: bool,
}

/// A share of the answers.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Weighted {
    /// Its weight; the share is that of the sum of all weights. With 0 it is never answered.
    #[attr(range(0, 255))]
    weight: i64,
}

/// One of two choices.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Failover {
    /// Which one.
    #[attr(values("PRIMARY", "SECONDARY"))]
    r#type: String,
}

/// Where questions come from.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(exactly_one("continent", "country"), requires("subdivision", "country"))]
pub struct Geolocation {
    /// Code of a continent: `EU`.
    #[attr(values("AF", "AN", "AS", "EU", "OC", "NA", "SA"))]
    continent: Option<String>,
    /// Code of a country: `FR`; `*` is everywhere else.
    country: Option<String>,
    /// Code of a part of the country.
    subdivision: Option<String>,
}

/// Where the answer leads.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Latency {
    /// The AWS region.
    region: String,
}

/// What a record tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Zone, name, type and, where it has one, set identifier: `Z123/www.example.com/A`.
    #[attr(looks_like = "{attr:zone_id}/{attr:name}/{attr:type}{after:set_identifier}")]
    id: String,
    /// Its name without a last dot.
    #[attr(looks_like = "{attr:name}")]
    fqdn: String,
}

impl Resource for Route53Record {
    const FACTS: Facts = Facts {
        name: "route53_record",
        service: "route53",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        identity: &["zone_id", "name", "type", "set_identifier"],
        found: Found::Child(&["route53_zone"]),
        mark: Mark::Marker,
        once: true,
        actions: Actions {
            read: &["route53:ListResourceRecordSets"],
            create: &["route53:ChangeResourceRecordSets", "route53:GetChange"],
            update: &["route53:ChangeResourceRecordSets", "route53:GetChange"],
            delete: &["route53:ChangeResourceRecordSets"],
        },
        takes: PerVerb::new(30, 30, 2),
        calls: PerVerb::new(1, 2, 1),
        ..Facts::GLOBAL
    };
    const CODES: Codes = Codes { absent: &["NoSuchHostedZone"], exists: &[], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let expected = match select {
            Select::One(id) => return Ok(one(cx, id).await?.into_iter().collect()),
            Select::Owned(expected) => expected,
        };
        let declared = expected.instances.iter().filter_map(|instance| instance.attributes.get("zone_id")?.as_str());
        let parents = expected.parents.iter().map(|zone| zone.id.as_str());
        let zones: BTreeSet<&str> = declared.chain(parents).map(zone_id).collect();
        let read = zones.into_iter().map(|zone| async move {
            let there = records(cx, zone, None, None).await?;
            let markers = markers(&there);
            let ours = there.iter().filter_map(|record| {
                let marker = markers.get(&Key::of(record).marker())?;
                Some(live(zone, record, marked(marker)))
            });
            Result::Ok(ours.collect::<Vec<_>>())
        });
        Ok(futures::future::try_join_all(read).await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let (zone, key) = (zone_id(&self.zone_id), self.key());
        let there = at_name(cx, zone, &key).await?;
        let mut steps = Vec::new();
        // What is replaced and cannot stand beside the new record goes in the same batch, so that no answer is missed.
        for (record, tags) in &there {
            let old = Key::of(record);
            let ours = tags.get(tag::RESOURCE) == new.tags.get(tag::RESOURCE)
                && tags.get(tag::STACK) == new.tags.get(tag::STACK)
                && tags.get(tag::GENERATION) != new.tags.get(tag::GENERATION);
            if ours && old != key {
                steps.push(step(ChangeAction::Delete, record.clone())?);
                steps.push(step(ChangeAction::Delete, old.mark(tags)?)?);
            }
        }
        let same = there.iter().find(|(record, _)| Key::of(record) == key);
        if let Some((_, tags)) = same
            && (!self.allow_overwrite || tags.contains_key(tag::STACK))
        {
            return Self::meets(new, zone, &key, tags);
        }
        // A stranger that comes between the look and the batch makes the batch fail.
        let action = if same.is_some() { ChangeAction::Upsert } else { ChangeAction::Create };
        steps.push(step(action, self.sdk()?)?);
        steps.push(step(ChangeAction::Upsert, key.mark(&new.tags)?)?);
        match support::change(cx, zone, steps).await {
            Ok(info) => in_sync(cx, info).await?,
            Err(error) if error.code() == Some("InvalidChangeBatch") => {
                let there = at_name(cx, zone, &key).await?;
                let Some((_, tags)) = there.iter().find(|(record, _)| Key::of(record) == key) else {
                    return Err(error);
                };
                return Self::meets(new, zone, &key, tags);
            }
            Err(error) => return Err(error),
        }
        Ok(id(zone, &key))
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let wanted = Self { allow_overwrite: live.spec.allow_overwrite, ..self.clone() };
        if wanted == live.spec {
            return Ok(());
        }
        let mut steps = vec![step(ChangeAction::Upsert, self.sdk()?)?];
        if live.tags.contains_key(tag::STACK) {
            steps.push(step(ChangeAction::Upsert, self.key().mark(&live.tags)?)?);
        }
        in_sync(cx, support::change(cx, zone_id(&self.zone_id), steps).await?).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        let (zone, key) = (zone_id(&live.spec.zone_id), live.spec.key());
        // A deletion repeats what is there: it is read again, for somebody may have changed it since.
        let (record, marker) = found(cx, zone, &key).await?;
        let steps = record.into_iter().chain(marker).map(|record| step(ChangeAction::Delete, record));
        let steps: Vec<_> = steps.collect::<Result<_>>()?;
        if steps.is_empty() {
            return Ok(());
        }
        match support::change(cx, zone, steps).await {
            // Its answer was lost, and it was sent again.
            Err(error) if error.code() == Some("InvalidChangeBatch") && found(cx, zone, &key).await?.0.is_none() => {
                Ok(())
            }
            sent => sent.map(drop),
        }
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        let (zone, key) = (zone_id(&live.spec.zone_id), live.spec.key());
        let mut tags = live.tags.clone();
        tags.retain(|name, _| !change.remove.contains(name));
        tags.extend(change.set.clone());
        let step = if tags.contains_key(tag::STACK) {
            step(ChangeAction::Upsert, key.mark(&tags)?)?
        } else {
            let (_, Some(marker)) = found(cx, zone, &key).await? else { return Ok(()) };
            step(ChangeAction::Delete, marker)?
        };
        support::change(cx, zone, vec![step]).await.map(drop)
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.multivalue_answer_routing_policy && self.set_identifier.is_none() {
            found.push(Violation::new("set_identifier", "records between which is chosen need one each"));
        }
        let routed = self.multivalue_answer_routing_policy
            || self.weighted_routing_policy.is_some()
            || self.failover_routing_policy.is_some()
            || self.geolocation_routing_policy.is_some()
            || self.latency_routing_policy.is_some();
        if self.set_identifier.is_some() && !routed {
            found.push(
                Violation::new("set_identifier", "there is no policy that would choose")
                    .hint("add one of the routing policies, or remove `set_identifier`"),
            );
        }
        found.extend(values::check(&self.r#type, &self.records));
        let room = 255_usize.saturating_sub(self.key().marker().len());
        if room == 0 {
            let message = "the name leaves no room for the marker beside it, `_clefctl-<type>.<name>`";
            found.push(Violation::new("name", message).hint("AWS takes 255 characters in all"));
        }
        found
    }

    async fn may_create(&self, cx: &Cx<'_>) -> Result<Vec<Violation>> {
        let key = self.key();
        let there = at_name(cx, zone_id(&self.zone_id), &key).await?;
        let taken = there
            .iter()
            .find(|(record, tags)| Key::of(record) == key && (tags.contains_key(tag::STACK) || !self.allow_overwrite));
        Ok(taken
            .map(|(_, tags)| Violation::new("name", taken_by(&key, tags)).hint(way_out(None, &id(&self.zone_id, &key))))
            .into_iter()
            .collect())
    }
}

impl Route53Record {
    fn key(&self) -> Key {
        Key { name: dns_name(&self.name), kind: self.r#type.clone(), identifier: self.set_identifier.clone() }
    }

    /// A record of that name and type is there already: ours, because an answer was lost, or somebody's to respect.
    fn meets(new: &Declared, zone: &str, key: &Key, tags: &Tags) -> Result<String> {
        let id = id(zone, key);
        if [tag::STACK, tag::RESOURCE, tag::GENERATION].iter().all(|name| tags.get(*name) == new.tags.get(*name)) {
            return Ok(id);
        }
        let hint = way_out(Some(&new.address.to_string()), &id);
        Err(Error::new(ErrorKind::Conflict, taken_by(key, tags)).hint(hint))
    }

    fn sdk(&self) -> Result<ResourceRecordSet> {
        let text = matches!(self.r#type.as_str(), "TXT" | "SPF");
        let value = |value: &String| {
            let value = if text { quote(value) } else { value.clone() };
            ResourceRecord::builder().value(value).build().map_err(unbuilt)
        };
        let values: Vec<ResourceRecord> = self.records.iter().map(value).collect::<Result<_>>()?;
        let alias = self.alias.as_ref().map(|alias| {
            AliasTarget::builder()
                .dns_name(&alias.name)
                .hosted_zone_id(zone_id(&alias.zone_id))
                .evaluate_target_health(alias.evaluate_target_health)
                .build()
                .map_err(unbuilt)
        });
        let geo = self.geolocation_routing_policy.as_ref().map(|from| {
            GeoLocation::builder()
                .set_continent_code(from.continent.clone())
                .set_country_code(from.country.clone())
                .set_subdivision_code(from.subdivision.clone())
                .build()
        });
        let failover = self.failover_routing_policy.as_ref();
        ResourceRecordSet::builder()
            .name(dns_name(&self.name))
            .r#type(self.r#type.as_str().into())
            .set_ttl(self.ttl)
            .set_resource_records((!values.is_empty()).then_some(values))
            .set_alias_target(alias.transpose()?)
            .set_set_identifier(self.set_identifier.clone())
            .set_weight(self.weighted_routing_policy.as_ref().map(|policy| policy.weight))
            .set_failover(failover.map(|policy| ResourceRecordSetFailover::from(policy.r#type.as_str())))
            .set_geo_location(geo)
            .set_region(self.latency_routing_policy.as_ref().map(|policy| policy.region.as_str().into()))
            .set_multi_value_answer(self.multivalue_answer_routing_policy.then_some(true))
            .set_health_check_id(self.health_check_id.clone())
            .build()
            .map_err(unbuilt)
    }
}

fn taken_by(key: &Key, tags: &Tags) -> String {
    let owner = tags.get(tag::STACK).map(|owner| format!(" and belongs to {owner}")).unwrap_or_default();
    format!("the record {} {} exists already{owner}", key.name, key.kind)
}

fn way_out(address: Option<&str>, id: &str) -> String {
    let address = address.unwrap_or("<address>");
    format!("take it over with `clefctl adopt '{address}' '{id}'`, or choose another name")
}

/// Values as AWS reports them: what is quoted is unquoted.
fn canonical_values(values: &Value) -> Value {
    let Some(list) = values.as_list() else { return values.clone() };
    let one = |value: &Value| value.as_str().map_or_else(|| value.clone(), |text| Value::from(unquote(text)));
    Value::list(list.iter().map(one))
}

fn id(zone: &str, key: &Key) -> String {
    let tail = key.identifier.as_deref().map(|text| format!("/{text}")).unwrap_or_default();
    format!("{}/{}/{}{tail}", zone_id(zone), key.name, key.kind)
}

/// Reads what [`id`] wrote.
fn parse(id: &str) -> Option<(&str, Key)> {
    let (zone, rest) = zone_id(id).split_once('/')?;
    let mut parts = rest.splitn(3, '/');
    let (name, kind, identifier) = (parts.next()?, parts.next()?, parts.next());
    let key = Key { name: dns_name(name), kind: kind.to_uppercase(), identifier: identifier.map(str::to_owned) };
    Some((zone, key))
}

async fn one(cx: &Cx<'_>, id: &str) -> Result<Option<Live<Route53Record>>> {
    let Some((zone, key)) = parse(id) else {
        return Err(Error::new(ErrorKind::Usage, format!("`{id}` names no record"))
            .hint("records are named by zone, name and type: `Z123/www.example.com/A`"));
    };
    let (record, marker) = found(cx, zone, &key).await?;
    let tags = marker.as_ref().map(marked).unwrap_or_default();
    Ok(record.map(|record| live(zone, &record, tags)))
}

/// The records of a name with what their markers say.
async fn at_name(cx: &Cx<'_>, zone: &str, key: &Key) -> Result<Vec<(ResourceRecordSet, Tags)>> {
    let page = records(cx, zone, Some((&key.name, &RrType::A)), Some(PAGE)).await?;
    let markers = markers(&page);
    let mut there = Vec::new();
    for record in page.iter().filter(|record| dns_name(&record.name) == key.name) {
        let marker = Key::of(record).marker();
        // Markers come right after the record unless very many names lie between.
        let tags = if let Some(marker) = markers.get(&marker) {
            marked(marker)
        } else {
            let marker = Key { name: marker, kind: "TXT".to_owned(), identifier: None };
            exactly(cx, zone, &marker).await?.as_ref().map(marked).unwrap_or_default()
        };
        there.push((record.clone(), tags));
    }
    Ok(there)
}

fn live(zone: &str, record: &ResourceRecordSet, tags: Tags) -> Live<Route53Record> {
    let key = Key::of(record);
    let id = id(zone, &key);
    let text = |text: Option<&str>| text.map(str::to_owned);
    Live {
        spec: Route53Record {
            zone_id: zone.to_owned(),
            name: key.name.clone(),
            r#type: key.kind,
            ttl: record.ttl,
            records: record.resource_records().iter().map(|value| unquote(value.value())).collect(),
            alias: record.alias_target().map(|alias| Alias {
                name: dns_name(&alias.dns_name),
                zone_id: alias.hosted_zone_id.clone(),
                evaluate_target_health: alias.evaluate_target_health,
            }),
            set_identifier: key.identifier,
            weighted_routing_policy: record.weight.map(|weight| Weighted { weight }),
            failover_routing_policy: record.failover().map(|kind| Failover { r#type: kind.as_str().to_owned() }),
            geolocation_routing_policy: record.geo_location().map(|from| Geolocation {
                continent: text(from.continent_code()),
                country: text(from.country_code()),
                subdivision: text(from.subdivision_code()),
            }),
            latency_routing_policy: record.region().map(|region| Latency { region: region.as_str().to_owned() }),
            multivalue_answer_routing_policy: record.multi_value_answer.unwrap_or_default(),
            health_check_id: text(record.health_check_id()),
            allow_overwrite: false,
        },
        outputs: Outputs { id: id.clone(), fqdn: key.name },
        tags,
        status: Status::Usable,
        id,
    }
}

#[cfg(test)]
mod tests;
