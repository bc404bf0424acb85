//! What Route 53's kinds share: names, lists of records, changes, and the markers beside records.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ChangeInfo, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType,
};
use clefctl_core::error::Result;
use clefctl_core::kind::{Tags, Value, short_hash, tag};

use crate::aws::route53::{dns_name, octal};
pub(super) use crate::aws::unbuilt;
use crate::aws::{Cx, Op, Patience};

/// [`dns_name`] for tables of attributes.
pub(super) fn canonical_name(name: &Value) -> Value {
    name.as_str().map_or_else(|| name.clone(), |name| Value::from(dns_name(name)))
}

/// Records of a zone in AWS's order: all, or at the most `limit` from a name and type on. None of a zone that is gone.
pub(super) async fn records(
    cx: &Cx<'_>,
    zone: &str,
    from: Option<(&str, &RrType)>,
    limit: Option<i32>,
) -> Result<Vec<ResourceRecordSet>> {
    let mut found = Vec::new();
    let mut name = from.map(|(name, _)| name.to_owned());
    let mut kind = from.map(|(_, kind)| kind.clone());
    let mut identifier = None;
    loop {
        let page = cx
            .call(Op::new("route53:ListResourceRecordSets"), || {
                cx.route53()
                    .list_resource_record_sets()
                    .hosted_zone_id(zone)
                    .set_start_record_name(name.clone())
                    .set_start_record_type(kind.clone())
                    .set_start_record_identifier(identifier.clone())
                    .set_max_items(limit)
                    .send()
            })
            .await;
        let page = match page {
            Err(error) if error.code() == Some("NoSuchHostedZone") => return Ok(found),
            page => page?,
        };
        found.extend(page.resource_record_sets);
        if limit.is_some() || !page.is_truncated {
            return Ok(found);
        }
        (name, kind, identifier) = (page.next_record_name, page.next_record_type, page.next_record_identifier);
    }
}

/// A record and its marker.
pub(super) async fn found(
    cx: &Cx<'_>,
    zone: &str,
    key: &Key,
) -> Result<(Option<ResourceRecordSet>, Option<ResourceRecordSet>)> {
    let marker = Key { name: key.marker(), kind: "TXT".to_owned(), identifier: None };
    tokio::try_join!(exactly(cx, zone, key), exactly(cx, zone, &marker))
}

pub(super) async fn exactly(cx: &Cx<'_>, zone: &str, key: &Key) -> Result<Option<ResourceRecordSet>> {
    let kind = RrType::from(key.kind.as_str());
    let page = records(cx, zone, Some((&key.name, &kind)), Some(PAGE)).await?;
    Ok(page.into_iter().find(|record| Key::of(record) == *key))
}

/// The most that a page of a list holds: more records of one name and type than policies are used for.
pub(super) const PAGE: i32 = 300;

/// One step of a batch.
pub(super) fn step(action: ChangeAction, record: ResourceRecordSet) -> Result<Change> {
    Change::builder().action(action).resource_record_set(record).build().map_err(unbuilt)
}

/// Carries out a batch, all of it or nothing. A batch that was sent twice is refused the second time.
pub(super) async fn change(cx: &Cx<'_>, zone: &str, steps: Vec<Change>) -> Result<Option<ChangeInfo>> {
    let batch = ChangeBatch::builder().set_changes(Some(steps)).build().map_err(unbuilt)?;
    let answer = cx
        .call(Op::new("route53:ChangeResourceRecordSets"), || {
            cx.route53().change_resource_record_sets().hosted_zone_id(zone).change_batch(batch.clone()).send()
        })
        .await?;
    Ok(answer.change_info)
}

/// Waits until all of AWS's name servers know of a change.
pub(super) async fn in_sync(cx: &Cx<'_>, info: Option<ChangeInfo>) -> Result<()> {
    let Some(mut info) = info else { return Ok(()) };
    let mut patience = Patience::up_to(Duration::from_secs(5));
    while info.status == ChangeStatus::Pending {
        (cx.progress)("waiting until all name servers know it");
        patience.rest(cx).await;
        let id = info.id.strip_prefix("/change/").unwrap_or(&info.id).to_owned();
        let answer = cx.call(Op::new("route53:GetChange"), || cx.route53().get_change().id(&id).send()).await?;
        let Some(now) = answer.change_info else { return Ok(()) };
        info = now;
    }
    Ok(())
}

/// What identifies a record within its zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// Its name, as [`dns_name`] has it.
    pub(super) name: String,
    /// Its type.
    pub(super) kind: String,
    /// What tells records of one name and type apart.
    pub(super) identifier: Option<String>,
}

/// What the first label of a marker begins with.
const MARKER: &str = "_clefctl-";

impl Key {
    /// The key of a record as AWS reports it.
    pub(super) fn of(record: &ResourceRecordSet) -> Self {
        Self {
            name: dns_name(&record.name),
            kind: record.r#type.as_str().to_owned(),
            identifier: record.set_identifier.clone(),
        }
    }

    /// The name of the TXT record that says whose this one is.
    pub(super) fn marker(&self) -> String {
        let name = match self.name.strip_prefix('*') {
            Some(rest) => format!("_wildcard_{rest}"),
            None => self.name.clone(),
        };
        let identifier = self.identifier.as_deref().map(|text| format!("-{}", short_hash(text))).unwrap_or_default();
        format!("{MARKER}{}{identifier}.{name}", self.kind.to_lowercase())
    }

    /// The marker itself: clefctl's tags in one TXT record.
    pub(super) fn mark(&self, tags: &Tags) -> Result<ResourceRecordSet> {
        self.mark_all(std::slice::from_ref(tags))
    }

    /// The marker of a record that several things share.
    pub(super) fn mark_all(&self, marks: &[Tags]) -> Result<ResourceRecordSet> {
        let value = |tags: &Tags| {
            let ours = tags.iter().filter(|(key, _)| key.starts_with(tag::PREFIX));
            let text = ours.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",");
            ResourceRecord::builder().value(quote(&text)).build().map_err(unbuilt)
        };
        ResourceRecordSet::builder()
            .name(self.marker())
            .r#type(RrType::Txt)
            .ttl(MARKER_TTL)
            .set_resource_records(Some(marks.iter().map(value).collect::<Result<_>>()?))
            .build()
            .map_err(unbuilt)
    }
}

/// Nobody but clefctl asks for markers, and clefctl asks the API.
const MARKER_TTL: i64 = 300;

/// Whether a record is a marker.
pub(super) fn is_marker(record: &ResourceRecordSet) -> bool {
    record.r#type == RrType::Txt && record.name.starts_with(MARKER)
}

/// The markers among records, by name.
pub(super) fn markers(records: &[ResourceRecordSet]) -> BTreeMap<String, &ResourceRecordSet> {
    records.iter().filter(|record| is_marker(record)).map(|record| (dns_name(&record.name), record)).collect()
}

/// What a marker says.
pub(super) fn marked(marker: &ResourceRecordSet) -> Tags {
    marks(marker).into_iter().next().unwrap_or_default()
}

/// All that a marker says: of a record that several things share there is one mark for each.
pub(super) fn marks(marker: &ResourceRecordSet) -> Vec<Tags> {
    let pairs = |text: String| {
        let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    marker.resource_records().iter().map(|record| pairs(unquote(record.value()))).collect()
}

/// Longest piece of a TXT record, in bytes.
const PIECE: usize = 255;

/// A text as TXT records hold it: in quoted pieces, with what is special in octal. What is quoted already stays.
pub(super) fn quote(text: &str) -> String {
    if text.starts_with('"') {
        return text.to_owned();
    }
    let pieces = text.as_bytes().chunks(PIECE).map(|piece| {
        let escape = |byte: &u8| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(*byte)),
            b' '..=b'~' => char::from(*byte).to_string(),
            byte => format!("\\{byte:03o}"),
        };
        format!("\"{}\"", piece.iter().map(escape).collect::<String>())
    });
    let pieces: Vec<String> = pieces.collect();
    if pieces.is_empty() { "\"\"".to_owned() } else { pieces.join(" ") }
}

/// The text in the quoted pieces of a TXT record; what is not quoted is itself.
pub(super) fn unquote(value: &str) -> String {
    if !value.starts_with('"') {
        return value.to_owned();
    }
    let (mut raw, mut inside, mut escaped) = (String::new(), false, false);
    for c in value.chars() {
        match c {
            _ if escaped => {
                raw.push('\\');
                raw.push(c);
                escaped = false;
            }
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            c if inside => raw.push(c),
            _ => {}
        }
    }
    String::from_utf8_lossy(&octal(&raw)).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(name: &str, kind: &str, identifier: Option<&str>) -> Key {
        Key { name: name.to_owned(), kind: kind.to_owned(), identifier: identifier.map(str::to_owned) }
    }

    #[test]
    fn markers_stand_beside_their_records() {
        assert_eq!(key("www.example.com", "A", None).marker(), "_clefctl-a.www.example.com");
        assert_eq!(key("*.example.com", "CNAME", None).marker(), "_clefctl-cname._wildcard_.example.com");
        let (blue, green) = (key("x.org", "A", Some("blue")).marker(), key("x.org", "A", Some("green")).marker());
        assert_ne!(blue, green);
        assert!(blue.starts_with("_clefctl-a-") && blue.ends_with(".x.org"), "{blue}");
    }

    #[test]
    fn markers_are_read_back() {
        let tags = Tags::from([
            (tag::STACK.to_owned(), "shop/dev".to_owned()),
            (tag::RESOURCE.to_owned(), format!("route53_record/www/{}", "=c3=a9".repeat(60))),
        ]);
        let marker = key("example.com", "A", None).mark(&tags).expect("a marker");
        assert!(is_marker(&marker));
        assert_eq!(marked(&marker), tags);
    }

    #[test]
    fn texts_are_quoted_in_pieces() {
        assert_eq!(quote("v=spf1 -all"), "\"v=spf1 -all\"");
        assert_eq!(quote("\"a\" \"b\""), "\"a\" \"b\"");
        assert_eq!(quote(&"x".repeat(300)).split("\" \"").count(), 2);
        assert_eq!(unquote("\"a\" \"b\\\"\\303\\251\""), "ab\"é");
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(text in "\\PC{0,400}") {
            prop_assume!(!text.starts_with('"'));
            prop_assert_eq!(unquote(&quote(&text)), text);
        }
    }
}
