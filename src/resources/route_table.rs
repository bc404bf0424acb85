//! `route_table`

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{
    Filter, ResourceType, Route as SdkRoute, RouteOrigin, RouteTable as Sdk, RouteTableAssociation,
    RouteTableAssociationStateCode as Association,
};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Actions, Attributes, Cidr, Declared, Facts, Found, PerVerb, Select, Status, TagChange, tag};
use serde::{Deserialize, Serialize};

use crate::aws::tags::ec2 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// A route table: where traffic from subnets goes.
///
/// Its routes and the subnets that use it are parts of it: what the stack does not list is removed. The route
/// inside the VPC, routes that a virtual private gateway propagates, and those of gateway endpoints are AWS's own.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct RouteTable {
    /// The VPC that it belongs to.
    #[attr(create_only, refers("vpc", "id"))]
    vpc_id: String,
    /// Its routes, one for each destination.
    #[attr(settled)]
    route: BTreeSet<Route>,
    /// The subnets that use it. A subnet that no table names uses the VPC's main table.
    #[attr(settled, refers("subnet", "id"))]
    subnet_ids: BTreeSet<String>,
    /// The internet or virtual private gateway whose incoming traffic it routes.
    #[attr(settled, refers("internet_gateway", "id"))]
    gateway_id: Option<String>,
    /// Virtual private gateways that propagate their routes into it.
    #[attr(settled)]
    propagating_vgws: BTreeSet<String>,
}

/// One route: a destination and a target.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(
    exactly_one("cidr_block", "ipv6_cidr_block", "destination_prefix_list_id"),
    exactly_one(
        "gateway_id", "nat_gateway_id", "egress_only_gateway_id", "transit_gateway_id", "vpc_peering_connection_id",
        "network_interface_id", "vpc_endpoint_id"
    )
)]
pub struct Route {
    /// IPv4 destination.
    cidr_block: Option<Cidr>,
    /// IPv6 destination.
    ipv6_cidr_block: Option<Cidr>,
    /// Managed prefix list as destination.
    destination_prefix_list_id: Option<String>,
    /// Through an internet or virtual private gateway.
    #[attr(refers("internet_gateway", "id"))]
    gateway_id: Option<String>,
    /// Through a NAT gateway.
    #[attr(refers("nat_gateway", "id"))]
    nat_gateway_id: Option<String>,
    /// Through an egress-only internet gateway.
    egress_only_gateway_id: Option<String>,
    /// Through a transit gateway.
    transit_gateway_id: Option<String>,
    /// Through a VPC peering.
    vpc_peering_connection_id: Option<String>,
    /// Through a network interface.
    network_interface_id: Option<String>,
    /// Through a gateway load balancer's endpoint.
    vpc_endpoint_id: Option<String>,
}

/// What a route table tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "rtb-{hex:17}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}:{account}:route-table/{id}")]
    arn: String,
    /// The account that owns it.
    #[attr(looks_like = "{account}")]
    owner_id: String,
}

impl Resource for RouteTable {
    const FACTS: Facts = Facts {
        name: "route_table",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        once: true,
        found: Found::Tagged("route-table"),
        actions: Actions {
            read: &["ec2:DescribeRouteTables", "ec2:DescribeTags"],
            create: &["ec2:CreateRouteTable", "ec2:CreateTags"],
            update: &[
                "ec2:CreateRoute", "ec2:ReplaceRoute", "ec2:DeleteRoute", "ec2:AssociateRouteTable",
                "ec2:ReplaceRouteTableAssociation", "ec2:DisassociateRouteTable", "ec2:EnableVgwRoutePropagation",
                "ec2:DisableVgwRoutePropagation", "ec2:CreateTags", "ec2:DeleteTags",
            ],
            delete: &["ec2:DisassociateRouteTable", "ec2:DeleteRouteTable"],
        },
        takes: PerVerb::new(1, 3, 2),
        calls: PerVerb::new(1, 4, 2),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &["InvalidRouteTableID.NotFound", "InvalidRouteTableId.NotFound"],
        exists: &[],
        blocked: &["DependencyViolation"],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found = describe(cx, tags::filter(cx, select, "route-table-id")).await?;
        Ok(found.iter().map(|table| live(cx, table)).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let made = cx
            .call(Op::new("ec2:CreateRouteTable").racing(&["InvalidVpcID.NotFound"]), || {
                cx.ec2()
                    .create_route_table()
                    .vpc_id(&self.vpc_id)
                    .client_token(cx.token(new))
                    .tag_specifications(tags::specification(ResourceType::RouteTable, &new.tags))
                    .send()
            })
            .await?;
        Ok(made.route_table().and_then(Sdk::route_table_id).unwrap_or_default().to_owned())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        for route in &self.route {
            match live.spec.route.iter().find(|old| old.same_destination(route)) {
                None => put_route(cx, &live.id, route).await?,
                Some(old) if old != route => replace_route(cx, &live.id, route).await?,
                Some(_) => {}
            }
        }
        for old in &live.spec.route {
            if !self.route.iter().any(|route| route.same_destination(old)) {
                delete_route(cx, &live.id, old).await?;
            }
        }
        for gateway in self.propagating_vgws.difference(&live.spec.propagating_vgws) {
            cx.call(Op::new("ec2:EnableVgwRoutePropagation"), || {
                cx.ec2().enable_vgw_route_propagation().route_table_id(&live.id).gateway_id(gateway).send()
            })
            .await?;
        }
        for gateway in live.spec.propagating_vgws.difference(&self.propagating_vgws) {
            cx.call(Op::new("ec2:DisableVgwRoutePropagation"), || {
                cx.ec2().disable_vgw_route_propagation().route_table_id(&live.id).gateway_id(gateway).send()
            })
            .await?;
        }
        self.associate(cx, live).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        for association in associations(cx, &live.id).await? {
            disassociate(cx, &association).await?;
        }
        cx.call(Op::new("ec2:DeleteRouteTable"), || cx.ec2().delete_route_table().route_table_id(&live.id).send())
            .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }
}

impl Route {
    fn same_destination(&self, other: &Self) -> bool {
        let destination = |route: &Self| {
            (route.cidr_block.clone(), route.ipv6_cidr_block.clone(), route.destination_prefix_list_id.clone())
        };
        destination(self) == destination(other)
    }
}

impl RouteTable {
    async fn associate(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if self.subnet_ids == live.spec.subnet_ids && self.gateway_id == live.spec.gateway_id {
            return Ok(());
        }
        for subnet in self.subnet_ids.difference(&live.spec.subnet_ids) {
            let op = Op::new("ec2:AssociateRouteTable")
                .racing(&["InvalidRouteTableID.NotFound", "InvalidSubnetID.NotFound"]);
            let done = cx
                .call(op, || cx.ec2().associate_route_table().route_table_id(&live.id).subnet_id(subnet).send())
                .await;
            match done {
                Err(error) if error.code() == Some("Resource.AlreadyAssociated") => {
                    take_over(cx, &live.id, subnet, error).await?;
                }
                other => {
                    other?;
                }
            }
        }
        if let Some(gateway) = self.gateway_id.as_ref().filter(|_| self.gateway_id != live.spec.gateway_id) {
            cx.call(Op::new("ec2:AssociateRouteTable"), || {
                cx.ec2().associate_route_table().route_table_id(&live.id).gateway_id(gateway).send()
            })
            .await?;
        }
        for association in associations(cx, &live.id).await? {
            let wanted = match (association.subnet_id(), association.gateway_id()) {
                (Some(subnet), _) => self.subnet_ids.contains(subnet),
                (None, gateway) => gateway == self.gateway_id.as_deref(),
            };
            if !wanted {
                disassociate(cx, &association).await?;
            }
        }
        Ok(())
    }
}

/// A subnet that uses another table of ours moves over in one step; another's table is respected.
async fn take_over(cx: &Cx<'_>, table: &str, subnet: &str, error: Error) -> Result<()> {
    let filter = Filter::builder().name("association.subnet-id").values(subnet).build();
    let holders = describe(cx, filter).await?;
    let Some(holder) = holders.first() else { return Err(error) };
    if holder.route_table_id() == Some(table) {
        return Ok(());
    }
    let ours = tags::read(holder.tags()).get(tag::STACK) == Some(&cx.owner.to_string());
    let association = holder.associations().iter().find(|association| association.subnet_id() == Some(subnet));
    let Some(association) = association.and_then(RouteTableAssociation::route_table_association_id).filter(|_| ours)
    else {
        let other = holder.route_table_id().unwrap_or_default();
        return Err(Error {
            kind: ErrorKind::Conflict,
            message: format!("subnet {subnet} uses route table {other}, which is not this stack's"),
            ..error
        }
        .hint(format!("take {subnet} out of {other} first")));
    };
    cx.call(Op::new("ec2:ReplaceRouteTableAssociation"), || {
        cx.ec2().replace_route_table_association().association_id(association).route_table_id(table).send()
    })
    .await?;
    Ok(())
}

async fn describe(cx: &Cx<'_>, filter: Filter) -> Result<Vec<Sdk>> {
    cx.call(Op::new("ec2:DescribeRouteTables"), || {
        cx.ec2().describe_route_tables().filters(filter.clone()).into_paginator().items().send().try_collect()
    })
    .await
}

/// The explicit associations of a table; being the main table of a VPC is none.
async fn associations(cx: &Cx<'_>, table: &str) -> Result<Vec<RouteTableAssociation>> {
    let filter = Filter::builder().name("route-table-id").values(table).build();
    let found = describe(cx, filter).await?;
    Ok(found.iter().flat_map(Sdk::associations).filter(|a| is_explicit(a)).cloned().collect())
}

fn is_explicit(association: &RouteTableAssociation) -> bool {
    let state = association.association_state().and_then(|state| state.state());
    let going = matches!(state, Some(Association::Disassociating | Association::Disassociated | Association::Failed));
    association.main() != Some(true) && !going
}

async fn disassociate(cx: &Cx<'_>, association: &RouteTableAssociation) -> Result<()> {
    let id = association.route_table_association_id().unwrap_or_default();
    let gone = cx
        .call(Op::new("ec2:DisassociateRouteTable"), || cx.ec2().disassociate_route_table().association_id(id).send())
        .await;
    match gone {
        Err(error) if error.code() == Some("InvalidAssociationID.NotFound") => Ok(()),
        other => other.map(drop),
    }
}

async fn put_route(cx: &Cx<'_>, table: &str, route: &Route) -> Result<()> {
    let op = Op::new("ec2:CreateRoute").racing(YOUNG_TARGET);
    let made = cx
        .call(op, || {
            cx.ec2()
                .create_route()
                .route_table_id(table)
                .set_destination_cidr_block(text(route.cidr_block.as_ref()))
                .set_destination_ipv6_cidr_block(text(route.ipv6_cidr_block.as_ref()))
                .set_destination_prefix_list_id(route.destination_prefix_list_id.clone())
                .set_gateway_id(route.gateway_id.clone())
                .set_nat_gateway_id(route.nat_gateway_id.clone())
                .set_egress_only_internet_gateway_id(route.egress_only_gateway_id.clone())
                .set_transit_gateway_id(route.transit_gateway_id.clone())
                .set_vpc_peering_connection_id(route.vpc_peering_connection_id.clone())
                .set_network_interface_id(route.network_interface_id.clone())
                .set_vpc_endpoint_id(route.vpc_endpoint_id.clone())
                .send()
        })
        .await;
    match made {
        Err(error) if error.code() == Some("RouteAlreadyExists") => replace_route(cx, table, route).await,
        other => other.map(drop),
    }
}

async fn replace_route(cx: &Cx<'_>, table: &str, route: &Route) -> Result<()> {
    let op = Op::new("ec2:ReplaceRoute").racing(YOUNG_TARGET);
    cx.call(op, || {
        cx.ec2()
            .replace_route()
            .route_table_id(table)
            .set_destination_cidr_block(text(route.cidr_block.as_ref()))
            .set_destination_ipv6_cidr_block(text(route.ipv6_cidr_block.as_ref()))
            .set_destination_prefix_list_id(route.destination_prefix_list_id.clone())
            .set_gateway_id(route.gateway_id.clone())
            .set_nat_gateway_id(route.nat_gateway_id.clone())
            .set_egress_only_internet_gateway_id(route.egress_only_gateway_id.clone())
            .set_transit_gateway_id(route.transit_gateway_id.clone())
            .set_vpc_peering_connection_id(route.vpc_peering_connection_id.clone())
            .set_network_interface_id(route.network_interface_id.clone())
            .set_vpc_endpoint_id(route.vpc_endpoint_id.clone())
            .send()
    })
    .await?;
    Ok(())
}

async fn delete_route(cx: &Cx<'_>, table: &str, route: &Route) -> Result<()> {
    let gone = cx
        .call(Op::new("ec2:DeleteRoute"), || {
            cx.ec2()
                .delete_route()
                .route_table_id(table)
                .set_destination_cidr_block(text(route.cidr_block.as_ref()))
                .set_destination_ipv6_cidr_block(text(route.ipv6_cidr_block.as_ref()))
                .set_destination_prefix_list_id(route.destination_prefix_list_id.clone())
                .send()
        })
        .await;
    match gone {
        Err(error) if error.code() == Some("InvalidRoute.NotFound") => Ok(()),
        other => other.map(drop),
    }
}

/// Codes that mean that a route's target is not visible yet.
const YOUNG_TARGET: &[&str] = &[
    "InvalidRouteTableID.NotFound", "InvalidGatewayID.NotFound", "InvalidInternetGatewayID.NotFound",
    "InvalidNatGatewayID.NotFound", "NatGatewayNotFound", "InvalidTransitGatewayID.NotFound",
    "InvalidNetworkInterfaceID.NotFound", "InvalidVpcEndpointId.NotFound",
];

fn text(cidr: Option<&Cidr>) -> Option<String> {
    cidr.map(|cidr| cidr.0.clone())
}

fn live(cx: &Cx<'_>, table: &Sdk) -> Live<RouteTable> {
    let id = table.route_table_id().unwrap_or_default().to_owned();
    let explicit: Vec<_> = table.associations().iter().filter(|association| is_explicit(association)).collect();
    Live {
        spec: RouteTable {
            vpc_id: table.vpc_id().unwrap_or_default().to_owned(),
            route: table.routes().iter().filter_map(route).collect(),
            subnet_ids: explicit.iter().filter_map(|a| a.subnet_id()).map(str::to_owned).collect(),
            gateway_id: explicit.iter().find_map(|a| a.gateway_id()).map(str::to_owned),
            propagating_vgws: table
                .propagating_vgws()
                .iter()
                .filter_map(|gateway| gateway.gateway_id())
                .map(str::to_owned)
                .collect(),
        },
        outputs: Outputs {
            arn: cx.arn("ec2", &format!("route-table/{id}")),
            id: id.clone(),
            owner_id: table.owner_id().unwrap_or_default().to_owned(),
        },
        tags: tags::read(table.tags()),
        status: Status::Usable,
        id,
    }
}

/// A route that somebody wrote; AWS's own are none of ours.
fn route(route: &SdkRoute) -> Option<Route> {
    let written = matches!(route.origin(), Some(RouteOrigin::CreateRoute) | None);
    let gateway = route.gateway_id();
    if !written || gateway == Some("local") {
        return None;
    }
    let endpoint = gateway.filter(|id| id.starts_with("vpce-"));
    // The routes of gateway endpoints lead to prefix lists and belong to the endpoint.
    if endpoint.is_some() && route.destination_prefix_list_id().is_some() {
        return None;
    }
    let own = |text: Option<&str>| text.map(str::to_owned);
    Some(Route {
        cidr_block: own(route.destination_cidr_block()).map(Cidr),
        ipv6_cidr_block: own(route.destination_ipv6_cidr_block()).map(Cidr),
        destination_prefix_list_id: own(route.destination_prefix_list_id()),
        gateway_id: own(gateway.filter(|_| endpoint.is_none())),
        nat_gateway_id: own(route.nat_gateway_id()),
        egress_only_gateway_id: own(route.egress_only_internet_gateway_id()),
        transit_gateway_id: own(route.transit_gateway_id()),
        vpc_peering_connection_id: own(route.vpc_peering_connection_id()),
        network_interface_id: own(route.network_interface_id()),
        vpc_endpoint_id: own(endpoint),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_routes_that_somebody_wrote_are_read() {
        let made = |gateway: &str, origin| {
            SdkRoute::builder().destination_cidr_block("0.0.0.0/0").gateway_id(gateway).origin(origin).build()
        };
        assert_eq!(route(&made("local", RouteOrigin::CreateRouteTable)), None);
        assert_eq!(route(&made("vgw-1", RouteOrigin::EnableVgwRoutePropagation)), None);
        let endpoint = SdkRoute::builder().destination_prefix_list_id("pl-1").gateway_id("vpce-1").build();
        assert_eq!(route(&endpoint), None);
        let written = route(&made("igw-1", RouteOrigin::CreateRoute)).unwrap();
        assert_eq!((written.gateway_id.as_deref(), written.vpc_endpoint_id), (Some("igw-1"), None));
    }
}
