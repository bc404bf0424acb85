//! The lookups: what is read and never managed. One file each, and this list.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clefctl_core::error::{Error, ErrorKind};
use clefctl_core::kind::{Attributes, Lookup};
use serde::{Deserialize, Serialize};

use crate::aws::{AwsLookup, Connection};

pub mod acm_certificate;
pub mod ami;
pub mod availability_zones;
pub mod caller_identity;
pub mod db_snapshot;
pub mod early;
pub mod iam_openid_connect_provider;
pub mod instances;
pub mod route53_zone;
pub mod secretsmanager_secret;
pub mod security_group;
pub mod ssm_parameter;
pub mod stack_outputs;
pub mod subnets;
pub mod vpc;

/// All lookups over one connection, sorted by name.
#[must_use]
pub fn all(aws: &Arc<Connection>) -> Vec<Arc<dyn Lookup>> {
    vec![
        AwsLookup::<acm_certificate::AcmCertificate>::shared(aws),
        AwsLookup::<ami::Ami>::shared(aws),
        AwsLookup::<availability_zones::AvailabilityZones>::shared(aws),
        AwsLookup::<caller_identity::CallerIdentity>::shared(aws),
        AwsLookup::<db_snapshot::DbSnapshot>::shared(aws),
        AwsLookup::<iam_openid_connect_provider::IamOpenidConnectProvider>::shared(aws),
        AwsLookup::<instances::Instances>::shared(aws),
        AwsLookup::<route53_zone::Route53Zone>::shared(aws),
        AwsLookup::<secretsmanager_secret::SecretsmanagerSecret>::shared(aws),
        AwsLookup::<security_group::SecurityGroup>::shared(aws),
        AwsLookup::<ssm_parameter::SsmParameter>::shared(aws),
        AwsLookup::<subnets::Subnets>::shared(aws),
        AwsLookup::<vpc::Vpc>::shared(aws),
        Arc::new(stack_outputs::StackOutputs),
    ]
}

/// One of EC2's own filters.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Filter {
    /// Name of the filter as the EC2 API lists it: `isDefault`, `tag:Name`.
    name: String,
    /// Values of which one has to fit; `*` stands for any characters.
    values: BTreeSet<String>,
}

impl Filter {
    /// The filter that wants one value; none where none is wanted.
    fn of(name: &str, value: Option<&str>) -> Option<Self> {
        value.map(|value| Self { name: name.to_owned(), values: [value.to_owned()].into() })
    }
}

/// The filters of an EC2 call: those that are written, and one for each tag.
fn filters(written: &[Filter], tags: &BTreeMap<String, String>) -> Option<Vec<aws_sdk_ec2::types::Filter>> {
    let make = |name: &str, values: Vec<String>| {
        aws_sdk_ec2::types::Filter::builder().name(name).set_values(Some(values)).build()
    };
    let written = written.iter().map(|filter| make(&filter.name, filter.values.iter().cloned().collect()));
    let tags = tags.iter().map(|(key, value)| make(&format!("tag:{key}"), vec![value.clone()]));
    let all: Vec<_> = written.chain(tags).collect();
    (!all.is_empty()).then_some(all)
}

/// Several were found where one is meant.
fn several(what: &str, mut ids: Vec<&str>) -> Error {
    const SHOWN: usize = 5;
    ids.sort_unstable();
    let more = ids.len().saturating_sub(SHOWN);
    let mut list = ids.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if more > 0 {
        list = format!("{list} and {more} more");
    }
    Error::new(ErrorKind::Invalid, format!("{} {what} fit where one is meant: {list}", ids.len()))
        .hint("say more, so that one is left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_are_counted_and_the_first_named() {
        let error = several("images", vec!["f", "e", "d", "c", "b", "a"]);
        assert_eq!(error.message, "6 images fit where one is meant: a, b, c, d, e and 1 more");
        assert_eq!(several("images", vec!["b", "a"]).message, "2 images fit where one is meant: a, b");
    }

    #[test]
    fn tags_become_filters_beside_those_written() {
        assert_eq!(filters(&[], &BTreeMap::new()), None);
        let written = [Filter { name: "isDefault".to_owned(), values: ["true".to_owned()].into() }];
        let made = filters(&written, &BTreeMap::from([("Name".to_owned(), "main".to_owned())])).unwrap_or_default();
        let names: Vec<_> = made.iter().filter_map(|filter| filter.name()).collect();
        assert_eq!(names, ["isDefault", "tag:Name"]);
    }
}
