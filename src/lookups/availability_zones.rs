//! `availability_zones`

use aws_sdk_ec2::types::{AvailabilityZone, Filter};
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, LookupFacts};
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, LookupRead, Op};

/// The availability zones of the region that can be used now, sorted by name; without local and wavelength zones.
#[derive(Attributes, Deserialize, Clone, Debug)]
pub struct AvailabilityZones {}

/// The zones.
#[derive(Attributes, Serialize, Clone, Debug)]
pub struct Outputs {
    /// Their names, such as `eu-west-3a`. What is behind a name differs from account to account.
    #[attr(looks_like = "{region}a")]
    names: Vec<String>,
    /// Their ids, such as `euw3-az1`, in the order of the names. An id is the same place in every account.
    #[attr(looks_like = "{region}-az1")]
    zone_ids: Vec<String>,
}

impl LookupRead for AvailabilityZones {
    const FACTS: LookupFacts = LookupFacts {
        name: "availability_zones",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        actions: &["ec2:DescribeAvailabilityZones"],
    };
    type Outputs = Outputs;

    async fn read(&self, cx: &Cx<'_>) -> Result<Option<Outputs>> {
        let filter = |name: &str, value: &str| Filter::builder().name(name).values(value).build();
        let answer = cx
            .call(Op::new("ec2:DescribeAvailabilityZones"), || {
                let zones = cx.ec2().describe_availability_zones();
                zones.filters(filter("state", "available")).filters(filter("zone-type", "availability-zone")).send()
            })
            .await?;
        let mut zones: Vec<&AvailabilityZone> = answer.availability_zones().iter().collect();
        zones.sort_by_key(|zone| zone.zone_name());
        let texts = |of: fn(&AvailabilityZone) -> Option<&str>| {
            zones.iter().map(|zone| of(zone).unwrap_or_default().to_owned()).collect()
        };
        Ok((!zones.is_empty())
            .then(|| Outputs { names: texts(AvailabilityZone::zone_name), zone_ids: texts(AvailabilityZone::zone_id) }))
    }
}
