//! `nat_gateway`

use aws_sdk_ec2::types::{ConnectivityType, Filter, NatGateway as Sdk, NatGatewayState, ResourceType};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, PerVerb, Replacement, Select, Status, TagChange, tag,
};
use serde::{Deserialize, Serialize};

use crate::aws::tags::ec2 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// A NAT gateway: lets what has no public address reach the internet.
///
/// It is made in one to three minutes, costs money by the hour, and holds its address until it is fully deleted.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    requires_when("connectivity_type", "public", "allocation_id"),
    forbids_when("connectivity_type", "private", "allocation_id")
)]
pub struct NatGateway {
    /// The subnet that it stands in: a public one for a public gateway.
    #[attr(create_only, refers("subnet", "id"))]
    subnet_id: String,
    /// The address with which it appears on the internet.
    #[attr(create_only, refers("eip", "id"))]
    allocation_id: Option<String>,
    /// Whether it leads to the internet, or to other private networks.
    #[attr(create_only, default = "public", values("public", "private"))]
    connectivity_type: String,
    /// Its address inside the subnet.
    #[attr(create_only, aws_default = "AWS picks a free address of the subnet")]
    private_ip: Option<String>,
}

/// What a NAT gateway tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "nat-{hex:17}")]
    id: String,
    /// Its address on the internet.
    #[attr(looks_like = "{ip}")]
    public_ip: Option<String>,
    /// Its network interface.
    #[attr(looks_like = "eni-{hex:17}")]
    network_interface_id: Option<String>,
}

impl Resource for NatGateway {
    const FACTS: Facts = Facts {
        name: "nat_gateway",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        replacement: Replacement::DestroyFirstUnless(&["allocation_id"], "its address serves one gateway at a time"),
        once: true,
        found: Found::Tagged("natgateway"),
        actions: Actions {
            read: &["ec2:DescribeNatGateways", "ec2:DescribeTags"],
            create: &["ec2:CreateNatGateway", "ec2:CreateTags"],
            update: &["ec2:CreateTags", "ec2:DeleteTags"],
            delete: &["ec2:DeleteNatGateway"],
        },
        takes: PerVerb::new(120, 1, 60),
        timeouts: PerVerb::new(900, 600, 1800),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &["NatGatewayNotFound", "InvalidNatGatewayID.NotFound"],
        exists: &[],
        blocked: &["DependencyViolation"],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found: Vec<Sdk> = cx
            .call(Op::new("ec2:DescribeNatGateways"), || {
                let filter = match select {
                    Select::Owned(_) => {
                        Filter::builder().name(format!("tag:{}", tag::STACK)).values(cx.owner.to_string())
                    }
                    Select::One(id) => Filter::builder().name("nat-gateway-id").values(id),
                };
                cx.ec2().describe_nat_gateways().filter(filter.build()).into_paginator().items().send().try_collect()
            })
            .await?;
        // Deleted gateways stay listed for about an hour, tags included.
        Ok(found.iter().filter(|nat| nat.state() != Some(&NatGatewayState::Deleted)).map(live).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let op = Op::new("ec2:CreateNatGateway").racing(&[
            "InvalidAllocationID.NotFound", "InvalidElasticIpID.NotFound", "InvalidSubnetID.NotFound",
            "InvalidSubnet.NotFound",
        ]);
        let made = cx
            .call(op, || {
                cx.ec2()
                    .create_nat_gateway()
                    .client_token(cx.token(new))
                    .subnet_id(&self.subnet_id)
                    .set_allocation_id(self.allocation_id.clone())
                    .connectivity_type(self.connectivity_type.as_str().into())
                    .set_private_ip_address(self.private_ip.clone())
                    .tag_specifications(tags::specification(ResourceType::Natgateway, &new.tags))
                    .send()
            })
            .await?;
        Ok(made.nat_gateway().and_then(Sdk::nat_gateway_id).unwrap_or_default().to_owned())
    }

    async fn update(&self, _cx: &Cx<'_>, _live: &Live<Self>) -> Result<()> {
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        if !matches!(live.status, Status::Dying(_)) {
            cx.call(Op::new("ec2:DeleteNatGateway"), || cx.ec2().delete_nat_gateway().nat_gateway_id(&live.id).send())
                .await?;
        }
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }
}

fn live(nat: &Sdk) -> Live<NatGateway> {
    let id = nat.nat_gateway_id().unwrap_or_default().to_owned();
    let address = nat
        .nat_gateway_addresses()
        .iter()
        .find(|address| address.is_primary() == Some(true))
        .or(nat.nat_gateway_addresses().first());
    let state = nat.state().map_or("", NatGatewayState::as_str).to_owned();
    Live {
        spec: NatGateway {
            subnet_id: nat.subnet_id().unwrap_or_default().to_owned(),
            allocation_id: address.and_then(|address| address.allocation_id()).map(str::to_owned),
            connectivity_type: nat.connectivity_type().unwrap_or(&ConnectivityType::Public).as_str().to_owned(),
            private_ip: address.and_then(|address| address.private_ip()).map(str::to_owned),
        },
        outputs: Outputs {
            id: id.clone(),
            public_ip: address.and_then(|address| address.public_ip()).map(str::to_owned),
            network_interface_id: address.and_then(|address| address.network_interface_id()).map(str::to_owned),
        },
        tags: tags::read(nat.tags()),
        status: match nat.state() {
            Some(NatGatewayState::Pending) => Status::Pending(state),
            Some(NatGatewayState::Deleting | NatGatewayState::Deleted) => Status::Dying(state),
            Some(NatGatewayState::Failed) => {
                let code = nat.failure_code().unwrap_or("failed");
                Status::Failed(format!("{code}: {}", nat.failure_message().unwrap_or_default()))
            }
            _ => Status::Usable,
        },
        id,
    }
}
