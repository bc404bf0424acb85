//! `security_group`

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, ResourceType, SecurityGroup as Sdk, SecurityGroupRule as SdkRule};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Cidr, Declared, Facts, Found, Map, Name, NameChars, Naming, PerVerb, Select, Status,
    TagChange, Unique, Value, Violation, tag,
};
use serde::{Deserialize, Serialize};

use super::security_group_rules::{
    Direction, Traffic, authorize, describe_rules, has_ports, protocol, revoke, wrong_ports,
};
use crate::aws::tags::ec2 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// A security group: which traffic may reach network interfaces, and leave them.
///
/// The group owns all its rules: those written here and those of `security_group_rule` resources; any other is
/// removed. Unlike AWS's, a group without `egress` lets nothing out.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct SecurityGroup {
    /// Its name, unique in the VPC.
    #[attr(create_only, length(1, 255), pattern = "[a-zA-Z0-9 ._:/()#,@\\[\\]+=&;{}!$*-]+")]
    name: Name,
    /// What it is for; AWS cannot change it later.
    #[attr(
        create_only,
        default = "Managed by clefctl",
        length(1, 255),
        pattern = "[0-9A-Za-z_ .:/()#,@\\[\\]+=&;{}!$*-]*"
    )]
    description: String,
    /// The VPC that it belongs to.
    #[attr(create_only, refers("vpc", "id"))]
    vpc_id: String,
    /// Traffic let in.
    #[attr(settled, canonical = one_source_each)]
    ingress: BTreeSet<Rule>,
    /// Traffic let out.
    #[attr(settled, canonical = one_source_each)]
    egress: BTreeSet<Rule>,
}

/// Traffic that a group lets through: a protocol, ports, and who is at the other end.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[attributes(at_least_one("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups", "self"))]
pub struct Rule {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a protocol number, or `-1` for all.
    #[attr(pattern = "-1|all|tcp|udp|icmp|icmpv6|ALL|TCP|UDP|ICMP|ICMPV6|\\d{1,3}")]
    protocol: String,
    /// First port; for ICMP the type; nothing (or 0) where the protocol has no ports.
    #[attr(range(-1, 65535))]
    from_port: Option<i64>,
    /// Last port; for ICMP the code.
    #[attr(range(-1, 65535))]
    to_port: Option<i64>,
    /// IPv4 networks at the other end.
    cidr_blocks: BTreeSet<Cidr>,
    /// IPv6 networks at the other end.
    ipv6_cidr_blocks: BTreeSet<Cidr>,
    /// Managed prefix lists at the other end.
    prefix_list_ids: BTreeSet<String>,
    /// Security groups at the other end.
    #[attr(refers("security_group", "id"))]
    security_groups: BTreeSet<String>,
    /// Whether the group itself is at the other end.
    #[serde(rename = "self")]
    #[attr(default = false)]
    self_: bool,
    /// What the rule is for.
    #[attr(length(0, 255), pattern = "[0-9A-Za-z_ .:/()#,@\\[\\]+=&;{}!$*-]*")]
    description: Option<String>,
}

/// What a security group tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "sg-{hex:17}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}:{account}:security-group/{id}")]
    arn: String,
    /// The account that owns it.
    #[attr(looks_like = "{account}")]
    owner_id: String,
}

impl Resource for SecurityGroup {
    const FACTS: Facts = Facts {
        name: "security_group",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        naming: Some(Naming { attribute: "name", max: 255, allowed: NameChars::Wide, unique: Unique::Parent }),
        once: true,
        found: Found::Tagged("security-group"),
        actions: Actions {
            read: &["ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules", "ec2:DescribeTags"],
            create: &["ec2:CreateSecurityGroup", "ec2:CreateTags"],
            update: &[
                "ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress",
                "ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress",
                "ec2:UpdateSecurityGroupRuleDescriptionsIngress", "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
                "ec2:CreateTags", "ec2:DeleteTags",
            ],
            delete: &["ec2:DeleteSecurityGroup", "ec2:DescribeNetworkInterfaces"],
        },
        takes: PerVerb::new(2, 2, 1),
        timeouts: PerVerb::new(600, 600, 1200),
        calls: PerVerb::new(1, 4, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &["InvalidGroup.NotFound", "InvalidSecurityGroupID.NotFound", "InvalidGroupId.Malformed"],
        exists: &["InvalidGroup.Duplicate"],
        blocked: &["DependencyViolation", "InvalidGroup.InUse"],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found: Vec<Sdk> = cx
            .call(Op::new("ec2:DescribeSecurityGroups"), || {
                let filter = match select {
                    Select::One(name) if !name.starts_with("sg-") => {
                        Filter::builder().name("group-name").values(name).build()
                    }
                    _ => tags::filter(cx, select, "group-id"),
                };
                cx.ec2().describe_security_groups().filters(filter).into_paginator().items().send().try_collect()
            })
            .await?;
        let ids: Vec<String> = found.iter().filter_map(|group| group.group_id()).map(str::to_owned).collect();
        let rules = describe_rules(cx, &ids).await?;
        Ok(found.iter().map(|group| live(group, &rules)).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let op = Op::new("ec2:CreateSecurityGroup").racing(&["InvalidVpcID.NotFound"]);
        let made = cx
            .call(op, || {
                cx.ec2()
                    .create_security_group()
                    .group_name(&*self.name)
                    .description(&self.description)
                    .vpc_id(&self.vpc_id)
                    .tag_specifications(tags::specification(ResourceType::SecurityGroup, &new.tags))
                    .send()
            })
            .await?;
        Ok(made.group_id().unwrap_or_default().to_owned())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if self.ingress == live.spec.ingress && self.egress == live.spec.egress {
            return Ok(());
        }
        for (direction, wanted) in [(Direction::Ingress, &self.ingress), (Direction::Egress, &self.egress)] {
            let wanted: Vec<Traffic> = wanted.iter().flat_map(|rule| rule.traffic(&live.id)).collect();
            // New traffic is let through before old is cut off, so that nothing is interrupted in between.
            let there = let_through(cx, direction, &live.id, &wanted).await?;
            for traffic in &wanted {
                traffic.describe_as_wanted(cx, direction, &live.id, &there).await?;
            }
            let surplus: Vec<String> = there
                .iter()
                .filter(|rule| !wanted.iter().any(|traffic| traffic.is(rule)))
                .filter_map(|rule| rule.security_group_rule_id().map(str::to_owned))
                .collect();
            revoke(cx, direction, &live.id, surplus).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("ec2:DeleteSecurityGroup"), || cx.ec2().delete_security_group().group_id(&live.id).send())
            .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.name.starts_with("sg-") || &*self.name == "default" {
            found.push(Violation::new("name", "a group's name is neither `default` nor begins with `sg-`"));
        }
        for (block, rules) in [("ingress", &self.ingress), ("egress", &self.egress)] {
            let wrong = rules.iter().filter_map(|rule| wrong_ports(&rule.protocol, rule.from_port, rule.to_port));
            found.extend(wrong.map(|message| Violation::new(block, message)));
        }
        found
    }

    async fn blockers(cx: &Cx<'_>, live: &Live<Self>) -> Result<Vec<String>> {
        let mut found = super::network_interfaces(cx, "group-id", &live.id).await?;
        let naming: Vec<Sdk> = cx
            .call(Op::new("ec2:DescribeSecurityGroups"), || {
                let filter = Filter::builder().name("ip-permission.group-id").values(&live.id).build();
                cx.ec2().describe_security_groups().filters(filter).into_paginator().items().send().try_collect()
            })
            .await?;
        found.extend(naming.iter().filter_map(|group| {
            let id = group.group_id().filter(|id| *id != live.id)?;
            Some(format!("a rule of group {id} ({})", group.group_name().unwrap_or_default()))
        }));
        Ok(found)
    }
}

impl Rule {
    /// The rules that AWS keeps for it: one for each other end.
    fn traffic(&self, group: &str) -> Vec<Traffic> {
        let one = |change: &dyn Fn(&mut Traffic)| {
            let mut traffic = Traffic::new(&self.protocol, self.from_port, self.to_port, self.description.clone());
            change(&mut traffic);
            traffic
        };
        let mut found = Vec::new();
        found.extend(self.cidr_blocks.iter().map(|cidr| one(&|t| t.cidr = Some(cidr.0.clone()))));
        found.extend(self.ipv6_cidr_blocks.iter().map(|cidr| one(&|t| t.cidr_v6 = Some(cidr.0.clone()))));
        found.extend(self.prefix_list_ids.iter().map(|list| one(&|t| t.prefix_list = Some(list.clone()))));
        found.extend(self.security_groups.iter().map(|other| one(&|t| t.group = Some(other.clone()))));
        if self.self_ {
            found.push(one(&|t| t.group = Some(group.to_owned())));
        }
        found
    }

    fn of(rule: &SdkRule, group: &str) -> Self {
        let traffic = Traffic::of(rule);
        let own = traffic.group.as_deref() == Some(group);
        Self {
            protocol: traffic.protocol,
            from_port: traffic.from_port,
            to_port: traffic.to_port,
            cidr_blocks: traffic.cidr.map(Cidr).into_iter().collect(),
            ipv6_cidr_blocks: traffic.cidr_v6.map(Cidr).into_iter().collect(),
            prefix_list_ids: traffic.prefix_list.into_iter().collect(),
            security_groups: traffic.group.filter(|_| !own).into_iter().collect(),
            self_: own,
            description: traffic.description,
        }
    }
}

/// Adds what is missing of the wanted rules; gives those that were there before.
async fn let_through(cx: &Cx<'_>, direction: Direction, group: &str, wanted: &[Traffic]) -> Result<Vec<SdkRule>> {
    let mut again = true;
    loop {
        let mut there = describe_rules(cx, &[group.to_owned()]).await?;
        there.retain(|rule| direction.is_of(rule) && is_own(rule));
        let missing: Vec<&Traffic> =
            wanted.iter().filter(|traffic| !there.iter().any(|rule| traffic.is(rule))).collect();
        match authorize(cx, direction, group, &missing, None).await {
            // All or nothing: a call whose answer was lost has added them already, as a second look shows.
            Err(error) if again && error.code() == Some("InvalidPermission.Duplicate") => again = false,
            done => return done.map(|_| there),
        }
    }
}

/// Whether a rule belongs to the group itself, and not to a resource of its own.
fn is_own(rule: &SdkRule) -> bool {
    !tags::read(rule.tags()).contains_key(tag::RESOURCE)
}

fn live(group: &Sdk, rules: &[SdkRule]) -> Live<SecurityGroup> {
    let id = group.group_id().unwrap_or_default().to_owned();
    let of = |direction: Direction| {
        rules
            .iter()
            .filter(|rule| rule.group_id() == Some(&id) && direction.is_of(rule) && is_own(rule))
            .map(|rule| Rule::of(rule, &id))
            .collect()
    };
    Live {
        spec: SecurityGroup {
            name: group.group_name().unwrap_or_default().into(),
            description: group.description().unwrap_or_default().to_owned(),
            vpc_id: group.vpc_id().unwrap_or_default().to_owned(),
            ingress: of(Direction::Ingress),
            egress: of(Direction::Egress),
        },
        outputs: Outputs {
            id: id.clone(),
            arn: group.security_group_arn().unwrap_or_default().to_owned(),
            owner_id: group.owner_id().unwrap_or_default().to_owned(),
        },
        tags: tags::read(group.tags()),
        status: Status::Usable,
        id,
    }
}

/// Rules as AWS keeps them: one for each other end, protocols by name, no ports where all are meant.
fn one_source_each(rules: &Value) -> Value {
    const ENDS: [&str; 4] = ["cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups"];
    let Some(rules) = rules.as_list() else { return rules.clone() };
    let mut flat = Vec::new();
    for rule in rules {
        let Some(map) = rule.as_map() else {
            flat.push(rule.clone());
            continue;
        };
        let mut base: Map = map.clone();
        for end in ENDS {
            base.insert(end.to_owned(), Value::list([]));
        }
        base.insert("self".to_owned(), Value::Bool(false));
        if let Some(text) = map.get("protocol").and_then(Value::as_str) {
            let text = protocol(text);
            if !has_ports(text) {
                base.insert("from_port".to_owned(), Value::Null);
                base.insert("to_port".to_owned(), Value::Null);
            }
            base.insert("protocol".to_owned(), Value::from(text));
        }
        let mut with = |end: &str, value: Value| {
            let mut one = base.clone();
            one.insert(end.to_owned(), value);
            flat.push(Value::from(one));
        };
        for end in ENDS {
            match map.get(end) {
                Some(value) if value.is_unknown() => with(end, value.clone()),
                Some(value) => {
                    for one in value.as_list().unwrap_or_default() {
                        with(end, Value::list([one.clone()]));
                    }
                }
                None => {}
            }
        }
        if map.get("self").and_then(Value::as_bool) == Some(true) {
            with("self", Value::Bool(true));
        }
    }
    flat.sort_by(Value::order);
    flat.dedup();
    Value::list(flat)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_becomes_one_for_each_other_end() {
        let written = serde_json::json!([
            {"protocol": "6", "from_port": 80, "to_port": 80, "cidr_blocks": ["0.0.0.0/0", "10.0.0.0/8"], "self": true},
            {"protocol": "all", "from_port": 0, "to_port": 0, "ipv6_cidr_blocks": ["::/0"]},
        ]);
        let flat = one_source_each(&Value::from_json(&written));
        let flat = flat.as_list().unwrap();
        assert_eq!(flat.len(), 4);
        assert!(flat.iter().all(|rule| matches!(rule.get("protocol").as_str(), Some("tcp" | "-1"))));
        let all = flat.iter().find(|rule| rule.get("protocol").as_str() == Some("-1")).unwrap();
        assert!(all.get("from_port").is_null());
        assert_eq!(one_source_each(&Value::list(flat.to_vec())), Value::list(flat.to_vec()), "twice is once");
    }
}
