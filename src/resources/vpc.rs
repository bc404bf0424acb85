//! `vpc`

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Tenancy, Vpc as Sdk, VpcAttributeName, VpcState};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Cidr, Declared, Facts, Found, PerVerb, Select, Status, TagChange, Violation,
};
use serde::{Deserialize, Serialize};

use crate::aws::tags::ec2 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, changed};

/// A virtual private cloud: a network of your own.
///
/// AWS makes a main route table, a network ACL and a security group with it, which go with it again.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Vpc {
    /// IPv4 network, from /16 to /28.
    #[attr(create_only)]
    cidr_block: Cidr,
    /// Whether instances may share hardware with other customers. Only `dedicated` can become `default` in place.
    #[attr(default = "default", values("default", "dedicated"))]
    instance_tenancy: String,
    /// Whether Amazon's DNS server answers inside.
    #[attr(default = true)]
    enable_dns_support: bool,
    /// Whether instances with public addresses get DNS names; needs `enable_dns_support`.
    #[attr(default = false)]
    enable_dns_hostnames: bool,
}

/// What a VPC tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "vpc-{hex:17}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}:{account}:vpc/{id}")]
    arn: String,
    /// The account that owns it.
    #[attr(looks_like = "{account}")]
    owner_id: String,
}

impl Resource for Vpc {
    const FACTS: Facts = Facts {
        name: "vpc",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        details: 2,
        found: Found::Tagged("vpc"),
        actions: Actions {
            read: &["ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeTags"],
            create: &["ec2:CreateVpc", "ec2:CreateTags", "ec2:ModifyVpcAttribute"],
            update: &["ec2:ModifyVpcAttribute", "ec2:ModifyVpcTenancy", "ec2:CreateTags", "ec2:DeleteTags"],
            delete: &["ec2:DeleteVpc"],
        },
        takes: PerVerb::new(3, 2, 1),
        calls: PerVerb::new(3, 3, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: &["InvalidVpcID.NotFound"], exists: &[], blocked: &["DependencyViolation"] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found: Vec<Sdk> = cx
            .call(Op::new("ec2:DescribeVpcs"), || {
                let filter = tags::filter(cx, select, "vpc-id");
                cx.ec2().describe_vpcs().filters(filter).into_paginator().items().send().try_collect()
            })
            .await?;
        futures::future::try_join_all(found.iter().map(|vpc| async move {
            let id = vpc.vpc_id().unwrap_or_default();
            let (support, hostnames) = tokio::try_join!(
                attribute(cx, id, VpcAttributeName::EnableDnsSupport),
                attribute(cx, id, VpcAttributeName::EnableDnsHostnames),
            )?;
            Ok(live(cx, vpc, support, hostnames))
        }))
        .await
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let made = cx
            .call(Op::once("ec2:CreateVpc"), || {
                cx.ec2()
                    .create_vpc()
                    .cidr_block(&*self.cidr_block)
                    .instance_tenancy(self.instance_tenancy.as_str().into())
                    .tag_specifications(tags::specification(ResourceType::Vpc, &new.tags))
                    .send()
            })
            .await?;
        let id = made.vpc().and_then(Sdk::vpc_id).unwrap_or_default().to_owned();
        self.set_dns(cx, &id, true, false).await?;
        Ok(id)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if changed(&self.instance_tenancy, &live.spec.instance_tenancy).is_some() {
            cx.call(Op::new("ec2:ModifyVpcTenancy"), || {
                let tenancy = aws_sdk_ec2::types::VpcTenancy::Default;
                cx.ec2().modify_vpc_tenancy().vpc_id(&live.id).instance_tenancy(tenancy).send()
            })
            .await?;
        }
        self.set_dns(cx, &live.id, live.spec.enable_dns_support, live.spec.enable_dns_hostnames).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("ec2:DeleteVpc"), || cx.ec2().delete_vpc().vpc_id(&live.id).send()).await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if !is_of_ec2s_size(&self.cidr_block) {
            found.push(Violation::new("cidr_block", "the IPv4 network of a VPC is from /16 to /28"));
        }
        if self.enable_dns_hostnames && !self.enable_dns_support {
            found.push(
                Violation::new("enable_dns_hostnames", "DNS host names need DNS support")
                    .hint("remove `enable_dns_support: false`"),
            );
        }
        found
    }

    fn must_replace(&self, live: &Self) -> Option<(&'static str, String)> {
        (self.instance_tenancy == "dedicated" && live.instance_tenancy == "default")
            .then(|| ("instance_tenancy", "AWS can only go from dedicated to default in place".to_owned()))
    }
}

/// Whether a network is of the size that EC2 takes, for VPCs and for subnets.
pub(super) fn is_of_ec2s_size(network: &Cidr) -> bool {
    !network.is_v6() && network.prefix().is_some_and(|prefix| (16..=28).contains(&prefix))
}

impl Vpc {
    /// Sets what differs, one attribute a call as the API demands; host names need support, so the order matters.
    async fn set_dns(&self, cx: &Cx<'_>, id: &str, support: bool, hostnames: bool) -> Result<()> {
        const OP: Op = Op::new("ec2:ModifyVpcAttribute").racing(&["InvalidVpcID.NotFound"]);
        let on = |value: bool| AttributeBooleanValue::builder().value(value).build();
        let set_hostnames = async || {
            if self.enable_dns_hostnames != hostnames {
                let value = on(self.enable_dns_hostnames);
                cx.call(OP, || cx.ec2().modify_vpc_attribute().vpc_id(id).enable_dns_hostnames(value.clone()).send())
                    .await?;
            }
            Result::Ok(())
        };
        if !self.enable_dns_hostnames {
            set_hostnames().await?;
        }
        if self.enable_dns_support != support {
            let value = on(self.enable_dns_support);
            cx.call(OP, || cx.ec2().modify_vpc_attribute().vpc_id(id).enable_dns_support(value.clone()).send()).await?;
        }
        if self.enable_dns_hostnames {
            set_hostnames().await?;
        }
        Ok(())
    }
}

async fn attribute(cx: &Cx<'_>, id: &str, name: VpcAttributeName) -> Result<bool> {
    let op = Op::new("ec2:DescribeVpcAttribute").racing(&["InvalidVpcID.NotFound"]);
    let answer = cx.call(op, || cx.ec2().describe_vpc_attribute().vpc_id(id).attribute(name.clone()).send()).await?;
    let value = match name {
        VpcAttributeName::EnableDnsSupport => answer.enable_dns_support(),
        _ => answer.enable_dns_hostnames(),
    };
    Ok(value.and_then(AttributeBooleanValue::value).unwrap_or_default())
}

fn live(cx: &Cx<'_>, vpc: &Sdk, support: bool, hostnames: bool) -> Live<Vpc> {
    let id = vpc.vpc_id().unwrap_or_default().to_owned();
    let owner = vpc.owner_id().unwrap_or(&cx.account).to_owned();
    Live {
        spec: Vpc {
            cidr_block: Cidr(vpc.cidr_block().unwrap_or_default().to_owned()),
            instance_tenancy: vpc.instance_tenancy().unwrap_or(&Tenancy::Default).as_str().to_owned(),
            enable_dns_support: support,
            enable_dns_hostnames: hostnames,
        },
        outputs: Outputs { arn: cx.arn("ec2", &format!("vpc/{id}")), id: id.clone(), owner_id: owner },
        tags: tags::read(vpc.tags()),
        status: match vpc.state() {
            Some(VpcState::Pending) => Status::Pending("pending".to_owned()),
            _ => Status::Usable,
        },
        id,
    }
}
