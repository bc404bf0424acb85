//! `security_group_rule`

use aws_sdk_ec2::types::{Filter, ResourceType, SecurityGroupRule as Sdk};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Cidr, Declared, Facts, Found, Replacement, Select, Status, TagChange, Value, Violation, tag,
};
use serde::{Deserialize, Serialize};

use super::security_group_rules::{Direction, Traffic, authorize, has_ports, list, protocol, revoke, wrong_ports};
use crate::aws::tags::ec2 as tags;
use crate::aws::{Codes, Cx, Live, Resource};

/// One rule of a security group, for groups that are written elsewhere or that several resources add to.
///
/// A rule has one other end; several are written with `for_each`. The same rule must not stand in the group as well.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(exactly_one("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "source_security_group_id", "self"))]
pub struct SecurityGroupRule {
    /// The group that it belongs to.
    #[attr(create_only, refers("security_group", "id"))]
    security_group_id: String,
    /// Whether traffic is let in or out.
    #[attr(create_only, values("ingress", "egress"))]
    r#type: String,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, a protocol number, or `-1` for all.
    #[attr(create_only, canonical = by_name, pattern = "-1|all|tcp|udp|icmp|icmpv6|ALL|TCP|UDP|ICMP|ICMPV6|\\d{1,3}")]
    protocol: String,
    /// First port; for ICMP the type; nothing where the protocol has no ports.
    #[attr(create_only, range(-1, 65535))]
    from_port: Option<i64>,
    /// Last port; for ICMP the code.
    #[attr(create_only, range(-1, 65535))]
    to_port: Option<i64>,
    /// The IPv4 network at the other end, as a list of one.
    #[attr(create_only, length(1, 1))]
    cidr_blocks: Option<Vec<Cidr>>,
    /// The IPv6 network at the other end, as a list of one.
    #[attr(create_only, length(1, 1))]
    ipv6_cidr_blocks: Option<Vec<Cidr>>,
    /// The managed prefix list at the other end, as a list of one.
    #[attr(create_only, length(1, 1))]
    prefix_list_ids: Option<Vec<String>>,
    /// The security group at the other end.
    #[attr(create_only, refers("security_group", "id"))]
    source_security_group_id: Option<String>,
    /// Whether the group itself is at the other end.
    #[serde(rename = "self")]
    #[attr(create_only)]
    self_: Option<bool>,
    /// What the rule is for.
    #[attr(length(0, 255), pattern = "[0-9A-Za-z_ .:/()#,@\\[\\]+=&;{}!$*-]*")]
    description: Option<String>,
}

/// What a rule tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "sgr-{hex:17}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}:{account}:security-group-rule/{id}")]
    arn: String,
}

impl Resource for SecurityGroupRule {
    const FACTS: Facts = Facts {
        name: "security_group_rule",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        identity: &[
            "security_group_id", "type", "protocol", "from_port", "to_port", "cidr_blocks", "ipv6_cidr_blocks",
            "prefix_list_ids", "source_security_group_id", "self",
        ],
        replacement: Replacement::DestroyFirstUnless(
            &[
                "security_group_id", "type", "protocol", "from_port", "to_port", "cidr_blocks", "ipv6_cidr_blocks",
                "prefix_list_ids", "source_security_group_id", "self",
            ],
            "a group has each rule once",
        ),
        once: true,
        found: Found::Tagged("security-group-rule"),
        actions: Actions {
            read: &["ec2:DescribeSecurityGroupRules", "ec2:DescribeTags"],
            create: &["ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress", "ec2:CreateTags"],
            update: &[
                "ec2:UpdateSecurityGroupRuleDescriptionsIngress", "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
                "ec2:CreateTags", "ec2:DeleteTags",
            ],
            delete: &["ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress"],
        },
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &[
            "InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound", "InvalidGroup.NotFound",
            "InvalidSecurityGroupID.NotFound",
        ],
        exists: &["InvalidPermission.Duplicate"],
        blocked: &[],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let filter = match select {
            Select::Owned(_) => tags::filter(cx, select, ""),
            Select::One(id) => Filter::builder().name("security-group-rule-id").values(id).build(),
        };
        Ok(list(cx, filter).await?.iter().map(|rule| live(cx, rule)).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let tags = tags::specification(ResourceType::SecurityGroupRule, &new.tags);
        let made = authorize(cx, self.direction(), &self.security_group_id, &[&self.traffic()], Some(tags)).await;
        match made {
            Ok(ids) => ids.into_iter().next().ok_or_else(|| Error::internal("AWS made a rule and gave no id")),
            Err(error) if error.code() == Some("InvalidPermission.Duplicate") => self.same_rule(cx, new, error).await,
            Err(error) => Err(error),
        }
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let filter = Filter::builder().name("security-group-rule-id").values(&live.id).build();
        let rules = list(cx, filter).await?;
        self.traffic().describe_as_wanted(cx, self.direction(), &self.security_group_id, &rules).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        revoke(cx, live.spec.direction(), &live.spec.security_group_id, vec![live.id.clone()]).await
    }

    fn check(&self) -> Vec<Violation> {
        let wrong = wrong_ports(&self.protocol, self.from_port, self.to_port);
        let mut found: Vec<_> = wrong.map(|message| Violation::new("from_port", message)).into_iter().collect();
        let ports = [("from_port", self.from_port), ("to_port", self.to_port)];
        for (name, _) in ports.iter().filter(|(_, port)| port.is_some() && !has_ports(protocol(&self.protocol))) {
            let message = format!("a rule for protocol {} has no ports", self.protocol);
            found.push(Violation::new(*name, message).hint("remove it: the rule is for all of them"));
        }
        found
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }
}

impl SecurityGroupRule {
    fn direction(&self) -> Direction {
        if self.r#type == "egress" { Direction::Egress } else { Direction::Ingress }
    }

    fn traffic(&self) -> Traffic {
        let first = |cidrs: &Option<Vec<Cidr>>| cidrs.as_ref()?.first().map(|cidr| cidr.0.clone());
        let group = self.source_security_group_id.clone();
        Traffic {
            cidr: first(&self.cidr_blocks),
            cidr_v6: first(&self.ipv6_cidr_blocks),
            prefix_list: self.prefix_list_ids.as_ref().and_then(|lists| lists.first().cloned()),
            group: group.or_else(|| (self.self_ == Some(true)).then(|| self.security_group_id.clone())),
            ..Traffic::new(&self.protocol, self.from_port, self.to_port, self.description.clone())
        }
    }

    /// The group has the rule already: ours if a lost answer made it, else somebody's.
    async fn same_rule(&self, cx: &Cx<'_>, new: &Declared, error: Error) -> Result<String> {
        let filter = Filter::builder().name("group-id").values(&self.security_group_id).build();
        let rules = list(cx, filter).await?;
        let wanted = self.traffic();
        let rule = rules.iter().find(|rule| self.direction().is_of(rule) && wanted.is(rule));
        let id = rule.and_then(Sdk::security_group_rule_id).unwrap_or_default().to_owned();
        let words = rule.and_then(|rule| tags::read(rule.tags()).get(tag::RESOURCE).cloned());
        if words == Some(new.address.tag(Self::FACTS.name)) {
            return Ok(id);
        }
        let whose = words.map_or_else(|| "of the group itself".to_owned(), |words| format!("of {words}"));
        let message = format!("group {} has this rule already: {id}, {whose}", self.security_group_id);
        Err(Error { kind: ErrorKind::Conflict, message, call: None, ..error }
            .hint("write the rule in one place: in the group, or as a `security_group_rule`"))
    }
}

fn live(cx: &Cx<'_>, rule: &Sdk) -> Live<SecurityGroupRule> {
    let id = rule.security_group_rule_id().unwrap_or_default().to_owned();
    let group = rule.group_id().unwrap_or_default().to_owned();
    let traffic = Traffic::of(rule);
    let own = traffic.group.as_deref() == Some(&group);
    Live {
        spec: SecurityGroupRule {
            r#type: if rule.is_egress() == Some(true) { "egress" } else { "ingress" }.to_owned(),
            protocol: traffic.protocol,
            from_port: traffic.from_port,
            to_port: traffic.to_port,
            cidr_blocks: traffic.cidr.map(|cidr| vec![Cidr(cidr)]),
            ipv6_cidr_blocks: traffic.cidr_v6.map(|cidr| vec![Cidr(cidr)]),
            prefix_list_ids: traffic.prefix_list.map(|list| vec![list]),
            source_security_group_id: traffic.group.filter(|_| !own),
            self_: own.then_some(true),
            description: traffic.description,
            security_group_id: group,
        },
        outputs: Outputs { arn: cx.arn("ec2", &format!("security-group-rule/{id}")), id: id.clone() },
        tags: tags::read(rule.tags()),
        status: Status::Usable,
        id,
    }
}

fn by_name(text: &Value) -> Value {
    text.as_str().map_or_else(|| text.clone(), |text| Value::from(protocol(text)))
}
