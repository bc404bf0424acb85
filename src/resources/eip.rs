//! `eip`

use aws_sdk_ec2::types::{Address as Sdk, DomainType, ResourceType};
use clefctl_core::error::Result;
use clefctl_core::kind::{Actions, Attributes, Declared, Facts, Found, PerVerb, Select, Status, TagChange};
use serde::{Deserialize, Serialize};

use crate::aws::tags::ec2 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// An Elastic IP: a public IPv4 address that stays yours until it is released.
///
/// It costs money while it is held. A replacement changes the address: allow-lists and DNS records must follow.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Eip {
    /// What it is used in.
    #[attr(create_only, default = "vpc", values("vpc"))]
    domain: String,
    /// A pool of your own addresses to take it from.
    #[attr(create_only)]
    public_ipv4_pool: Option<String>,
    /// The group of zones from which AWS advertises the address.
    #[attr(create_only, aws_default = "the region's own group")]
    network_border_group: Option<String>,
}

/// What an address tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its allocation id.
    #[attr(looks_like = "eipalloc-{hex:17}")]
    id: String,
    /// Its allocation id, under Terraform's other name for it.
    #[attr(looks_like = "{id}")]
    allocation_id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}:{account}:elastic-ip/{id}")]
    arn: String,
    /// The address.
    #[attr(looks_like = "{ip}")]
    public_ip: String,
}

impl Resource for Eip {
    const FACTS: Facts = Facts {
        name: "eip",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Tagged("elastic-ip"),
        actions: Actions {
            read: &["ec2:DescribeAddresses", "ec2:DescribeTags"],
            create: &["ec2:AllocateAddress", "ec2:CreateTags"],
            update: &["ec2:CreateTags", "ec2:DeleteTags"],
            delete: &["ec2:ReleaseAddress"],
        },
        takes: PerVerb::new(1, 1, 1),
        calls: PerVerb::new(1, 1, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &["InvalidAllocationID.NotFound", "InvalidAddress.NotFound", "InvalidAddressID.NotFound"],
        exists: &[],
        blocked: &["InvalidIPAddress.InUse"],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found = cx
            .call(Op::new("ec2:DescribeAddresses"), || {
                cx.ec2().describe_addresses().filters(tags::filter(cx, select, "allocation-id")).send()
            })
            .await?;
        Ok(found.addresses().iter().map(|address| live(cx, address)).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let made = cx
            .call(Op::once("ec2:AllocateAddress"), || {
                cx.ec2()
                    .allocate_address()
                    .domain(DomainType::Vpc)
                    .set_public_ipv4_pool(self.public_ipv4_pool.clone())
                    .set_network_border_group(self.network_border_group.clone())
                    .tag_specifications(tags::specification(ResourceType::ElasticIp, &new.tags))
                    .send()
            })
            .await?;
        Ok(made.allocation_id().unwrap_or_default().to_owned())
    }

    async fn update(&self, _cx: &Cx<'_>, _live: &Live<Self>) -> Result<()> {
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("ec2:ReleaseAddress"), || cx.ec2().release_address().allocation_id(&live.id).send()).await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }
}

fn live(cx: &Cx<'_>, address: &Sdk) -> Live<Eip> {
    let id = address.allocation_id().unwrap_or_default().to_owned();
    let pool = address.public_ipv4_pool().filter(|pool| *pool != "amazon");
    Live {
        spec: Eip {
            domain: address.domain().unwrap_or(&DomainType::Vpc).as_str().to_owned(),
            public_ipv4_pool: pool.map(str::to_owned),
            network_border_group: address.network_border_group().map(str::to_owned),
        },
        outputs: Outputs {
            arn: cx.arn("ec2", &format!("elastic-ip/{id}")),
            allocation_id: id.clone(),
            public_ip: address.public_ip().unwrap_or_default().to_owned(),
            id: id.clone(),
        },
        tags: tags::read(address.tags()),
        status: Status::Usable,
        id,
    }
}
