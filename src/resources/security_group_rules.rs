//! What `security_group` and `security_group_rule` share: rules as EC2 keeps them, one for each other end.

use aws_sdk_ec2::types::{
    Filter, IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroupRule as Sdk, TagSpecification, UserIdGroupPair,
};
use clefctl_core::error::Result;

use crate::aws::{Cx, Op};

/// Which way traffic goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// In.
    Ingress,
    /// Out.
    Egress,
}

impl Direction {
    pub(super) fn is_of(self, rule: &Sdk) -> bool {
        rule.is_egress().unwrap_or_default() == (self == Self::Egress)
    }
}

/// What is wrong with the ports of a rule.
pub(super) fn wrong_ports(name: &str, from: Option<i64>, to: Option<i64>) -> Option<String> {
    let protocol = protocol(name);
    match (from, to) {
        _ if !has_ports(protocol) => None,
        (None, _) | (_, None) => Some(format!("a rule for {name} needs `from_port` and `to_port`")),
        // For ICMP they are type and code.
        (Some(from), Some(to)) if matches!(protocol, "tcp" | "udp") && from > to => {
            Some(format!("the first port, {from}, is after the last, {to}"))
        }
        _ => None,
    }
}

/// One rule as EC2 keeps it: exactly one of the four ends is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    pub(super) protocol: String,
    pub(super) from_port: Option<i64>,
    pub(super) to_port: Option<i64>,
    pub(super) cidr: Option<String>,
    pub(super) cidr_v6: Option<String>,
    pub(super) prefix_list: Option<String>,
    pub(super) group: Option<String>,
    pub(super) description: Option<String>,
}

impl Traffic {
    pub(super) fn new(name: &str, from: Option<i64>, to: Option<i64>, description: Option<String>) -> Self {
        let protocol = protocol(name).to_owned();
        let ports = has_ports(&protocol);
        Self {
            from_port: from.filter(|_| ports),
            to_port: to.filter(|_| ports),
            protocol,
            description,
            ..Self::default()
        }
    }

    pub(super) fn of(rule: &Sdk) -> Self {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Self {
            cidr: own(rule.cidr_ipv4()),
            cidr_v6: own(rule.cidr_ipv6()),
            prefix_list: own(rule.prefix_list_id()),
            group: own(rule.referenced_group_info().and_then(|info| info.group_id())),
            ..Self::new(
                rule.ip_protocol().unwrap_or_default(),
                rule.from_port().map(i64::from),
                rule.to_port().map(i64::from),
                own(rule.description().filter(|text| !text.is_empty())),
            )
        }
    }

    /// Whether a rule is about the same traffic; what it is described as is no part of its identity.
    pub(super) fn is(&self, rule: &Sdk) -> bool {
        Self { description: None, ..Self::of(rule) } == Self { description: None, ..self.clone() }
    }

    fn permission(&self) -> IpPermission {
        let port = |port: Option<i64>| port.and_then(|port| i32::try_from(port).ok());
        let description = self.description.clone();
        let mut permission = IpPermission::builder()
            .ip_protocol(&self.protocol)
            .set_from_port(port(self.from_port))
            .set_to_port(port(self.to_port));
        if let Some(cidr) = &self.cidr {
            permission = permission.ip_ranges(IpRange::builder().cidr_ip(cidr).set_description(description).build());
        } else if let Some(cidr) = &self.cidr_v6 {
            let range = Ipv6Range::builder().cidr_ipv6(cidr).set_description(description).build();
            permission = permission.ipv6_ranges(range);
        } else if let Some(list) = &self.prefix_list {
            let list = PrefixListId::builder().prefix_list_id(list).set_description(description).build();
            permission = permission.prefix_list_ids(list);
        } else if let Some(group) = &self.group {
            let pair = UserIdGroupPair::builder().group_id(group).set_description(description).build();
            permission = permission.user_id_group_pairs(pair);
        }
        permission.build()
    }

    /// Brings the description of the same rule in line.
    pub(super) async fn describe_as_wanted(
        &self,
        cx: &Cx<'_>,
        direction: Direction,
        group: &str,
        there: &[Sdk],
    ) -> Result<()> {
        let Some(rule) = there.iter().find(|rule| self.is(rule)) else { return Ok(()) };
        if Self::of(rule).description == self.description {
            return Ok(());
        }
        let wanted = self.permission();
        match direction {
            Direction::Ingress => {
                cx.call(Op::new("ec2:UpdateSecurityGroupRuleDescriptionsIngress"), || {
                    cx.ec2()
                        .update_security_group_rule_descriptions_ingress()
                        .group_id(group)
                        .ip_permissions(wanted.clone())
                        .send()
                })
                .await?;
            }
            Direction::Egress => {
                cx.call(Op::new("ec2:UpdateSecurityGroupRuleDescriptionsEgress"), || {
                    cx.ec2()
                        .update_security_group_rule_descriptions_egress()
                        .group_id(group)
                        .ip_permissions(wanted.clone())
                        .send()
                })
                .await?;
            }
        }
        Ok(())
    }
}

/// A protocol as EC2 reports it: numbers of the usual ones by name, all of them as `-1`.
pub(super) fn protocol(text: &str) -> &str {
    match text {
        "6" | "TCP" => "tcp",
        "17" | "UDP" => "udp",
        "1" | "ICMP" => "icmp",
        "58" | "ICMPV6" => "icmpv6",
        "all" | "ALL" => "-1",
        other => other,
    }
}

/// Whether EC2 keeps ports for a protocol, or types and codes; for others it lets all traffic through.
pub(super) fn has_ports(protocol: &str) -> bool {
    matches!(protocol, "tcp" | "udp" | "icmp" | "icmpv6")
}

/// The rules of groups, flat; one paged list for all.
pub(super) async fn describe_rules(cx: &Cx<'_>, groups: &[String]) -> Result<Vec<Sdk>> {
    let mut found = Vec::new();
    // A filter takes 200 values.
    for some in groups.chunks(200) {
        let filter = Filter::builder().name("group-id").set_values(Some(some.to_vec())).build();
        found.extend(list(cx, filter).await?);
    }
    Ok(found)
}

/// The rules that a filter finds.
pub(super) async fn list(cx: &Cx<'_>, filter: Filter) -> Result<Vec<Sdk>> {
    cx.call(Op::new("ec2:DescribeSecurityGroupRules"), || {
        cx.ec2().describe_security_group_rules().filters(filter.clone()).into_paginator().items().send().try_collect()
    })
    .await
}

/// Lets traffic through, all or nothing; gives the ids of the rules made.
pub(super) async fn authorize(
    cx: &Cx<'_>,
    direction: Direction,
    group: &str,
    traffic: &[&Traffic],
    tags: Option<TagSpecification>,
) -> Result<Vec<String>> {
    const YOUNG: &[&str] = &["InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound"];
    if traffic.is_empty() {
        return Ok(Vec::new());
    }
    let permissions: Vec<IpPermission> = traffic.iter().map(|traffic| traffic.permission()).collect();
    let made = match direction {
        Direction::Ingress => {
            let op = Op::new("ec2:AuthorizeSecurityGroupIngress").racing(YOUNG);
            cx.call(op, || {
                cx.ec2()
                    .authorize_security_group_ingress()
                    .group_id(group)
                    .set_ip_permissions(Some(permissions.clone()))
                    .set_tag_specifications(tags.clone().map(|tags| vec![tags]))
                    .send()
            })
            .await
            .map(|answer| answer.security_group_rules.unwrap_or_default())
        }
        Direction::Egress => {
            let op = Op::new("ec2:AuthorizeSecurityGroupEgress").racing(YOUNG);
            cx.call(op, || {
                cx.ec2()
                    .authorize_security_group_egress()
                    .group_id(group)
                    .set_ip_permissions(Some(permissions.clone()))
                    .set_tag_specifications(tags.clone().map(|tags| vec![tags]))
                    .send()
            })
            .await
            .map(|answer| answer.security_group_rules.unwrap_or_default())
        }
    }?;
    Ok(made.iter().filter_map(|rule| rule.security_group_rule_id().map(str::to_owned)).collect())
}

/// Takes rules away; those that are gone already are done.
pub(super) async fn revoke(cx: &Cx<'_>, direction: Direction, group: &str, ids: Vec<String>) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let done = match direction {
        Direction::Ingress => cx
            .call(Op::new("ec2:RevokeSecurityGroupIngress"), || {
                let ids = Some(ids.clone());
                cx.ec2().revoke_security_group_ingress().group_id(group).set_security_group_rule_ids(ids).send()
            })
            .await
            .map(drop),
        Direction::Egress => cx
            .call(Op::new("ec2:RevokeSecurityGroupEgress"), || {
                let ids = Some(ids.clone());
                cx.ec2().revoke_security_group_egress().group_id(group).set_security_group_rule_ids(ids).send()
            })
            .await
            .map(drop),
    };
    match done {
        Err(error)
            if matches!(error.code(), Some("InvalidPermission.NotFound" | "InvalidSecurityGroupRuleId.NotFound")) =>
        {
            Ok(())
        }
        other => other,
    }
}
