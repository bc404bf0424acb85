//! `internet_gateway`

use aws_sdk_ec2::types::{AttachmentStatus, InternetGateway as Sdk, ResourceType};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, PerVerb, Replacement, Select, Status, TagChange,
};
use serde::{Deserialize, Serialize};

use crate::aws::tags::ec2 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// An internet gateway: the way from a VPC to the internet and back.
///
/// A VPC has one at the most. Attaching it elsewhere is done in place, with an outage in between.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct InternetGateway {
    /// The VPC that it is attached to.
    #[attr(refers("vpc", "id"))]
    vpc_id: Option<String>,
}

/// What an internet gateway tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "igw-{hex:17}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}:{account}:internet-gateway/{id}")]
    arn: String,
    /// The account that owns it.
    #[attr(looks_like = "{account}")]
    owner_id: String,
}

impl Resource for InternetGateway {
    const FACTS: Facts = Facts {
        name: "internet_gateway",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        replacement: Replacement::DestroyFirst("a VPC has one internet gateway at the most"),
        // While anything in the VPC has a public address, AWS refuses to detach the gateway.
        deleted_after: &["autoscaling_group", "db_instance", "eip", "lb", "nat_gateway"],
        found: Found::Tagged("internet-gateway"),
        actions: Actions {
            read: &["ec2:DescribeInternetGateways", "ec2:DescribeTags"],
            create: &["ec2:CreateInternetGateway", "ec2:CreateTags", "ec2:AttachInternetGateway"],
            update: &["ec2:AttachInternetGateway", "ec2:DetachInternetGateway", "ec2:CreateTags", "ec2:DeleteTags"],
            delete: &["ec2:DetachInternetGateway", "ec2:DeleteInternetGateway", "ec2:DescribeNetworkInterfaces"],
        },
        takes: PerVerb::new(2, 2, 2),
        timeouts: PerVerb::new(600, 600, 1200),
        calls: PerVerb::new(2, 2, 2),
        ..Facts::REGIONAL
    };
    const CODES: Codes =
        Codes { absent: &["InvalidInternetGatewayID.NotFound"], exists: &[], blocked: &["DependencyViolation"] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found: Vec<Sdk> = cx
            .call(Op::new("ec2:DescribeInternetGateways"), || {
                let filter = tags::filter(cx, select, "internet-gateway-id");
                cx.ec2().describe_internet_gateways().filters(filter).into_paginator().items().send().try_collect()
            })
            .await?;
        Ok(found.iter().map(|gateway| live(cx, gateway)).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let made = cx
            .call(Op::once("ec2:CreateInternetGateway"), || {
                let tags = tags::specification(ResourceType::InternetGateway, &new.tags);
                cx.ec2().create_internet_gateway().tag_specifications(tags).send()
            })
            .await?;
        let id = made.internet_gateway().and_then(Sdk::internet_gateway_id).unwrap_or_default().to_owned();
        self.attach(cx, &id).await?;
        Ok(id)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if self.vpc_id == live.spec.vpc_id {
            return Ok(());
        }
        detach(cx, live).await?;
        self.attach(cx, &live.id).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        detach(cx, live).await?;
        cx.call(Op::new("ec2:DeleteInternetGateway"), || {
            cx.ec2().delete_internet_gateway().internet_gateway_id(&live.id).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    async fn blockers(cx: &Cx<'_>, live: &Live<Self>) -> Result<Vec<String>> {
        match &live.spec.vpc_id {
            Some(vpc) => super::network_interfaces(cx, "vpc-id", vpc).await,
            None => Ok(Vec::new()),
        }
    }
}

impl InternetGateway {
    async fn attach(&self, cx: &Cx<'_>, id: &str) -> Result<()> {
        if let Some(vpc) = &self.vpc_id {
            let op = Op::new("ec2:AttachInternetGateway")
                .racing(&["InvalidInternetGatewayID.NotFound", "InvalidVpcID.NotFound"]);
            let attached =
                cx.call(op, || cx.ec2().attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc).send()).await;
            match attached {
                // A repeat after a lost answer; that it is this VPC is read back afterwards.
                Err(error) if error.code() == Some("Resource.AlreadyAssociated") && is_here(cx, id, vpc).await? => {}
                other => {
                    other?;
                }
            }
        }
        Ok(())
    }
}

async fn is_here(cx: &Cx<'_>, id: &str, vpc: &str) -> Result<bool> {
    let found = InternetGateway::read(cx, Select::One(id)).await?;
    Ok(found.iter().any(|gateway| gateway.spec.vpc_id.as_deref() == Some(vpc)))
}

async fn detach(cx: &Cx<'_>, live: &Live<InternetGateway>) -> Result<()> {
    if let Some(vpc) = &live.spec.vpc_id {
        let detached = cx
            .call(Op::new("ec2:DetachInternetGateway"), || {
                cx.ec2().detach_internet_gateway().internet_gateway_id(&live.id).vpc_id(vpc).send()
            })
            .await;
        match detached {
            Err(error) if error.code() == Some("Gateway.NotAttached") => {}
            other => {
                other?;
            }
        }
    }
    Ok(())
}

fn live(cx: &Cx<'_>, gateway: &Sdk) -> Live<InternetGateway> {
    let id = gateway.internet_gateway_id().unwrap_or_default().to_owned();
    let attachment = gateway.attachments().first();
    Live {
        spec: InternetGateway { vpc_id: attachment.and_then(|a| a.vpc_id()).map(str::to_owned) },
        outputs: Outputs {
            arn: cx.arn("ec2", &format!("internet-gateway/{id}")),
            id: id.clone(),
            owner_id: gateway.owner_id().unwrap_or_default().to_owned(),
        },
        tags: tags::read(gateway.tags()),
        status: match attachment.and_then(|a| a.state()) {
            Some(state @ (AttachmentStatus::Attaching | AttachmentStatus::Detaching)) => {
                Status::Pending(state.as_str().to_owned())
            }
            _ => Status::Usable,
        },
        id,
    }
}
