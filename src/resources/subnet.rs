//! `subnet`

use aws_sdk_ec2::types::{
    AttributeBooleanValue, HostnameType, PrivateDnsNameOptionsOnLaunch as Names, ResourceType, Subnet as Sdk,
    SubnetState,
};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Cidr, Declared, Facts, Found, PerVerb, Replacement, Select, Status, TagChange, Violation,
};
use serde::{Deserialize, Serialize};

use super::vpc::is_of_ec2s_size;
use crate::aws::tags::ec2 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// A subnet: a part of a VPC's network in one availability zone.
///
/// AWS keeps five addresses of each subnet for itself. Load balancers and databases need subnets in two zones.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    requires("assign_ipv6_address_on_creation", "ipv6_cidr_block"),
    part_of("cidr_block", "vpc_id", "cidr_block")
)]
pub struct Subnet {
    /// The VPC that it is part of.
    #[attr(create_only, refers("vpc", "id"))]
    vpc_id: String,
    /// IPv4 network inside the VPC's, from /16 to /28; no two subnets of a VPC may overlap.
    #[attr(create_only)]
    cidr_block: Cidr,
    /// Availability zone, such as `eu-west-3a`. Zone names mean different places in different accounts.
    #[attr(create_only, aws_default = "AWS picks a zone")]
    availability_zone: Option<String>,
    /// IPv6 network, a /64 inside the VPC's.
    #[attr(create_only)]
    ipv6_cidr_block: Option<Cidr>,
    /// Whether instances launched here get a public IPv4 address.
    #[attr(default = false)]
    map_public_ip_on_launch: bool,
    /// Whether interfaces made here get an IPv6 address.
    assign_ipv6_address_on_creation: Option<bool>,
    /// Whether the DNS server makes IPv6 addresses of IPv4 ones for instances without IPv4.
    #[attr(default = false)]
    enable_dns64: bool,
    /// What instances' host names are made of.
    #[attr(default = "ip-name", values("ip-name", "resource-name"))]
    private_dns_hostname_type_on_launch: String,
    /// Whether DNS answers queries for the instances' resource names with A records.
    #[attr(default = false)]
    enable_resource_name_dns_a_record_on_launch: bool,
}

/// What a subnet tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "subnet-{hex:17}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}:{account}:subnet/{id}")]
    arn: String,
    /// The zone's id, which means the same place in every account.
    #[attr(looks_like = "euw3-az{n}")]
    availability_zone_id: String,
    /// The account that owns it.
    #[attr(looks_like = "{account}")]
    owner_id: String,
}

impl Resource for Subnet {
    const FACTS: Facts = Facts {
        name: "subnet",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        replacement: Replacement::DestroyFirstUnless(
            &["vpc_id", "cidr_block"],
            "two subnets of a VPC cannot have overlapping networks",
        ),
        once: true,
        found: Found::Tagged("subnet"),
        actions: Actions {
            read: &["ec2:DescribeSubnets", "ec2:DescribeTags"],
            create: &["ec2:CreateSubnet", "ec2:CreateTags", "ec2:ModifySubnetAttribute"],
            update: &["ec2:ModifySubnetAttribute", "ec2:CreateTags", "ec2:DeleteTags"],
            delete: &["ec2:DeleteSubnet", "ec2:DescribeNetworkInterfaces"],
        },
        takes: PerVerb::new(2, 2, 1),
        timeouts: PerVerb::new(600, 600, 1200),
        calls: PerVerb::new(2, 5, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &["InvalidSubnetID.NotFound", "InvalidSubnetId.NotFound"],
        exists: &["InvalidSubnet.Conflict"],
        blocked: &["DependencyViolation"],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found: Vec<Sdk> = cx
            .call(Op::new("ec2:DescribeSubnets"), || {
                let filter = tags::filter(cx, select, "subnet-id");
                cx.ec2().describe_subnets().filters(filter).into_paginator().items().send().try_collect()
            })
            .await?;
        Ok(found.iter().map(live).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let op = Op::once("ec2:CreateSubnet").racing(&["InvalidVpcID.NotFound"]);
        let made = cx
            .call(op, || {
                cx.ec2()
                    .create_subnet()
                    .vpc_id(&self.vpc_id)
                    .cidr_block(&*self.cidr_block)
                    .set_availability_zone(self.availability_zone.clone())
                    .set_ipv6_cidr_block(self.ipv6_cidr_block.as_deref().map(str::to_owned))
                    .tag_specifications(tags::specification(ResourceType::Subnet, &new.tags))
                    .send()
            })
            .await?;
        let made = live(made.subnet().unwrap_or(&Sdk::builder().build()));
        self.update(cx, &made).await?;
        Ok(made.id)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let (to, from) = (self, &live.spec);
        let on = |value: bool| AttributeBooleanValue::builder().value(value).build();
        // The API takes one attribute a call.
        let modify = || cx.ec2().modify_subnet_attribute().subnet_id(&live.id);
        let mut requests = Vec::new();
        if to.map_public_ip_on_launch != from.map_public_ip_on_launch {
            requests.push(modify().map_public_ip_on_launch(on(to.map_public_ip_on_launch)));
        }
        let assign = to.assign_ipv6_address_on_creation.unwrap_or_default();
        if assign != from.assign_ipv6_address_on_creation.unwrap_or_default() {
            requests.push(modify().assign_ipv6_address_on_creation(on(assign)));
        }
        if to.enable_dns64 != from.enable_dns64 {
            requests.push(modify().enable_dns64(on(to.enable_dns64)));
        }
        if to.private_dns_hostname_type_on_launch != from.private_dns_hostname_type_on_launch {
            let kind = HostnameType::from(to.private_dns_hostname_type_on_launch.as_str());
            requests.push(modify().private_dns_hostname_type_on_launch(kind));
        }
        let records = to.enable_resource_name_dns_a_record_on_launch;
        if records != from.enable_resource_name_dns_a_record_on_launch {
            requests.push(modify().enable_resource_name_dns_a_record_on_launch(on(records)));
        }
        for request in requests {
            let op =
                Op::new("ec2:ModifySubnetAttribute").racing(&["InvalidSubnetID.NotFound", "InvalidSubnetId.NotFound"]);
            cx.call(op, || request.clone().send()).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("ec2:DeleteSubnet"), || cx.ec2().delete_subnet().subnet_id(&live.id).send()).await?;
        Ok(())
    }

    fn check(&self) -> Vec<Violation> {
        if is_of_ec2s_size(&self.cidr_block) {
            return Vec::new();
        }
        vec![Violation::new("cidr_block", "the IPv4 network of a subnet is from /16 to /28")]
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    async fn blockers(cx: &Cx<'_>, live: &Live<Self>) -> Result<Vec<String>> {
        super::network_interfaces(cx, "subnet-id", &live.id).await
    }
}

fn live(subnet: &Sdk) -> Live<Subnet> {
    let id = subnet.subnet_id().unwrap_or_default().to_owned();
    let names = subnet.private_dns_name_options_on_launch();
    let ipv6 = subnet.ipv6_cidr_block_association_set().iter().find_map(|block| {
        let state = block.ipv6_cidr_block_state().and_then(|state| state.state());
        let there = matches!(
            state,
            Some(
                aws_sdk_ec2::types::SubnetCidrBlockStateCode::Associated
                    | aws_sdk_ec2::types::SubnetCidrBlockStateCode::Associating
            )
        );
        block.ipv6_cidr_block().filter(|_| there).map(|block| Cidr(block.to_owned()))
    });
    Live {
        spec: Subnet {
            vpc_id: subnet.vpc_id().unwrap_or_default().to_owned(),
            cidr_block: Cidr(subnet.cidr_block().unwrap_or_default().to_owned()),
            availability_zone: subnet.availability_zone().map(str::to_owned),
            assign_ipv6_address_on_creation: subnet.assign_ipv6_address_on_creation().filter(|on| *on),
            ipv6_cidr_block: ipv6,
            map_public_ip_on_launch: subnet.map_public_ip_on_launch().unwrap_or_default(),
            enable_dns64: subnet.enable_dns64().unwrap_or_default(),
            private_dns_hostname_type_on_launch: names
                .and_then(|names| names.hostname_type())
                .unwrap_or(&HostnameType::IpName)
                .as_str()
                .to_owned(),
            enable_resource_name_dns_a_record_on_launch: names
                .and_then(Names::enable_resource_name_dns_a_record)
                .unwrap_or_default(),
        },
        outputs: Outputs {
            id: id.clone(),
            arn: subnet.subnet_arn().unwrap_or_default().to_owned(),
            availability_zone_id: subnet.availability_zone_id().unwrap_or_default().to_owned(),
            owner_id: subnet.owner_id().unwrap_or_default().to_owned(),
        },
        tags: tags::read(subnet.tags()),
        status: match subnet.state() {
            Some(SubnetState::Pending) => Status::Pending("pending".to_owned()),
            Some(SubnetState::Failed | SubnetState::FailedInsufficientCapacity) => {
                Status::Failed("AWS could not make it".to_owned())
            }
            _ => Status::Usable,
        },
        id,
    }
}
