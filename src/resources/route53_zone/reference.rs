//! Caller references: by them a zone is found whose creation was cut off before it got its tags.

use aws_sdk_route53::types::HostedZone;
use clefctl_core::error::Result;
use clefctl_core::kind::{Address, Declared, ExpectedInstance, Owner, short_hash, tag};

use super::{RELEASED, Route53Zone};
use crate::aws::route53::{self, zone_id};
use crate::aws::{Cx, Resource};

/// The caller reference of a zone: `clefctl/<generation>-<hash of the run>/<owner>/<kind>/<name>[/<key>]`.
///
/// AWS never takes a reference twice, not even after the zone is gone, so that each run has its own; what another
/// run began is found by the rest. One that would be longer than 128 characters ends in a hash instead.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reference {
    generation: u32,
    run: String,
    rest: String,
}

/// Most characters of a caller reference.
const REFERENCE: usize = 128;

impl Reference {
    pub(super) fn new(cx: &Cx<'_>, new: &Declared) -> Self {
        let rest = rest(&cx.owner, &new.address);
        Self { generation: new.generation, run: short_hash(&cx.nonce), rest }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (head, rest) = text.strip_prefix("clefctl/")?.split_once('/')?;
        let (generation, run) = head.split_once('-')?;
        Some(Self { generation: generation.parse().ok()?, run: run.to_owned(), rest: rest.to_owned() })
    }

    /// The address at which the owner has the zone; none of another owner's.
    pub(super) fn address(&self, owner: &Owner, expected: &[ExpectedInstance]) -> Option<Address> {
        if let Some(instance) = expected.iter().find(|instance| rest(owner, &instance.address) == self.rest) {
            return Some(instance.address.clone());
        }
        let (kind, address) = Address::from_tag(self.rest.strip_prefix(&format!("{owner}/"))?)?;
        (kind == Route53Zone::FACTS.name).then_some(address)
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "clefctl/{}-{}/{}", self.generation, self.run, self.rest)
    }
}

fn rest(owner: &Owner, address: &Address) -> String {
    // `clefctl/`, ten digits of a generation, `-`, eight of a run, `/`.
    const HEAD: usize = 28;
    let full = format!("{owner}/{}", address.tag(Route53Zone::FACTS.name));
    if full.len() + HEAD <= REFERENCE {
        return full;
    }
    let (front, back) = full.split_at(full.len() / 2);
    format!("={}{}{}", short_hash(&full), short_hash(front), short_hash(back))
}

/// The zone that a run of this address and generation began and did not get to tag.
pub(super) async fn begun(cx: &Cx<'_>, reference: &Reference) -> Result<Option<String>> {
    let zones = route53::zones(cx).await?;
    let fits = |zone: &&HostedZone| {
        Reference::parse(&zone.caller_reference)
            .is_some_and(|there| there.rest == reference.rest && there.generation == reference.generation)
    };
    let ids: Vec<String> = zones.iter().filter(fits).map(|zone| zone_id(&zone.id).to_owned()).collect();
    let tags = route53::tags_of(cx, &ids).await?;
    let bare =
        |id: &String| tags.get(id).is_none_or(|tags| !tags.contains_key(tag::STACK) && !tags.contains_key(RELEASED));
    Ok(ids.into_iter().find(bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_tell_whose_a_zone_is() {
        let owner = Owner::new("shop", "dev");
        let long = Address::keyed("zones", &"é".repeat(40));
        for address in [Address::plain("main"), Address::keyed("zones", "a.org"), long.clone()] {
            let reference = Reference { generation: 2, run: "0123abcd".to_owned(), rest: rest(&owner, &address) };
            let text = reference.to_string();
            assert!(text.len() <= REFERENCE, "{text}");
            let read = Reference::parse(&text).expect("a reference");
            assert_eq!(read, reference);
            let expected = ExpectedInstance {
                address: address.clone(),
                name: None,
                attributes: clefctl_core::kind::Map::default(),
                tags: clefctl_core::kind::Tags::default(),
            };
            assert_eq!(read.address(&owner, std::slice::from_ref(&expected)), Some(address.clone()));
            assert_eq!(read.address(&Owner::new("shop", "prod"), &[expected]), None);
            assert_eq!(read.address(&owner, &[]), (address != long).then_some(address));
        }
        assert_eq!(Reference::parse("terraform-20260101"), None);
    }
}
