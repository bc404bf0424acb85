//! `lb_target_group`

use aws_sdk_elasticloadbalancingv2::types::{
    Matcher, ProtocolEnum, TargetGroup as Sdk, TargetGroupAttribute, TargetGroupIpAddressTypeEnum, TargetTypeEnum,
};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Map, Name, NameChars, Naming, PerVerb, Select, Status, TagChange,
    Unique, Value, Violation,
};
use serde::{Deserialize, Serialize};

use super::elb_support::{self, Listed, Whole, arn_suffix, off_is_absent};
use crate::aws::tags::elb as tags;
use crate::aws::{Codes, Cx, Live, Op, Pairs, Resource, changed};

/// A target group: the instances or addresses that an Application Load Balancer sends requests to.
///
/// An `autoscaling_group` registers its instances by itself where `target_group_arns` names the group. A target group
/// serves one load balancer only.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct LbTargetGroup {
    /// Its name: letters, digits and hyphens, at most 32.
    #[attr(create_only, length(1, 32), pattern = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")]
    name: Name,
    /// Port at which targets receive requests, unless they are registered with another.
    #[attr(create_only, range(1, 65_535))]
    port: i32,
    /// Protocol that targets speak.
    #[attr(create_only, values("HTTP", "HTTPS"))]
    protocol: String,
    /// Version of HTTP that targets speak.
    #[attr(create_only, default = "HTTP1", values("HTTP1", "HTTP2", "GRPC"))]
    protocol_version: String,
    /// VPC of the targets.
    #[attr(create_only, refers("vpc", "id"))]
    vpc_id: String,
    /// What is registered: instances by id, or addresses.
    #[attr(create_only, default = "instance", values("instance", "ip"))]
    target_type: String,
    /// Family of the targets' addresses.
    #[attr(create_only, default = "ipv4", values("ipv4", "ipv6"))]
    ip_address_type: String,
    /// Seconds for which a target that leaves may finish its requests.
    #[attr(default = 300, range(0, 3600))]
    deregistration_delay: i32,
    /// Seconds over which a new target's share of the requests grows; 0 = all at once, else 30 to 900.
    #[attr(default = 0, range(0, 900))]
    slow_start: i32,
    /// How the next target is chosen.
    #[attr(default = "round_robin", values("round_robin", "least_outstanding_requests", "weighted_random"))]
    load_balancing_algorithm_type: String,
    /// Whether targets that answer oddly get fewer requests; needs `weighted_random`.
    #[attr(default = "off", values("on", "off"))]
    load_balancing_anomaly_mitigation: String,
    /// Whether targets of all zones get requests, or only those of the zone that received them.
    #[attr(default = "use_load_balancer_configuration", values("true", "false", "use_load_balancer_configuration"))]
    load_balancing_cross_zone_enabled: String,
    /// How AWS finds out whether a target is healthy. Without the block AWS's own thresholds hold: healthy after 5
    /// checks that pass, unhealthy after 2 that do not.
    #[attr(default = unwritten_health_check)]
    health_check: HealthCheck,
    /// Sends a client to the same target again. Without the block every request may go to another.
    #[attr(same = off_is_absent)]
    stickiness: Option<Stickiness>,
}

/// How AWS finds out whether a target is healthy.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct HealthCheck {
    /// Whether targets are checked; AWS demands it for instances and addresses.
    #[attr(default = true)]
    enabled: bool,
    /// Protocol of the check.
    #[attr(default = "HTTP", values("HTTP", "HTTPS"))]
    protocol: String,
    /// Port of the check; `traffic-port` is the one at which the target receives requests.
    #[attr(default = "traffic-port", pattern = "traffic-port|[0-9]{1,5}")]
    port: String,
    /// Path of the check; for gRPC the method, such as `/package.service/method`.
    #[attr(default = "/", length(1, 1024), pattern = "/.*")]
    path: String,
    /// Codes that mean healthy, such as `200`, `200,202` or `200-299`; for gRPC from 0 to 99.
    #[attr(default = "200", pattern = "[0-9]+([,-][0-9]+)*")]
    matcher: String,
    /// Seconds between two checks.
    #[attr(default = 30, range(5, 300))]
    interval: i32,
    /// Seconds after which a check without an answer has failed; less than `interval`.
    #[attr(default = 5, range(2, 120))]
    timeout: i32,
    /// How many checks in a row must pass before a target counts as healthy.
    #[attr(default = 3, range(2, 10))]
    healthy_threshold: i32,
    /// How many checks in a row must fail before a target counts as unhealthy.
    #[attr(default = 3, range(2, 10))]
    unhealthy_threshold: i32,
}

/// Sends a client to the same target again.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(requires_when("type", "app_cookie", "cookie_name"), forbids_when("type", "lb_cookie", "cookie_name"))]
pub struct Stickiness {
    /// Whose cookie it is: the load balancer's own, or one of the application.
    #[attr(values("lb_cookie", "app_cookie"))]
    r#type: String,
    /// Seconds for which the cookie is good.
    #[attr(default = 86_400, range(1, 604_800))]
    cookie_duration: i32,
    /// Name of the application's cookie.
    cookie_name: Option<String>,
    /// Whether it is on.
    #[attr(default = true)]
    enabled: bool,
}

/// What a target group tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its ARN.
    #[attr(looks_like = "arn:aws:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{hex:16}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "{id}")]
    arn: String,
    /// The part of its ARN that CloudWatch's dimension `TargetGroup` wants.
    #[attr(looks_like = "targetgroup/{name}/{hex:16}")]
    arn_suffix: String,
}

impl Resource for LbTargetGroup {
    const FACTS: Facts = Facts {
        name: "lb_target_group",
        service: "elasticloadbalancing",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept(<Sdk as Listed>::TYPE),
        naming: Some(Naming { attribute: "name", max: 32, allowed: NameChars::Hyphen, unique: Unique::Account }),
        deleted_after: &["lb_listener_rule", "lb_listener", "autoscaling_group"],
        once: true,
        details: 1,
        actions: Actions {
            read: &[
                "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetGroupAttributes",
                "elasticloadbalancing:DescribeTags", "tag:GetResources",
            ],
            create: &[
                "elasticloadbalancing:CreateTargetGroup", "elasticloadbalancing:AddTags",
                "elasticloadbalancing:ModifyTargetGroupAttributes",
            ],
            update: &[
                "elasticloadbalancing:ModifyTargetGroup", "elasticloadbalancing:ModifyTargetGroupAttributes",
                "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags",
            ],
            delete: &["elasticloadbalancing:DeleteTargetGroup"],
        },
        takes: PerVerb::new(2, 2, 1),
        calls: PerVerb::new(2, 2, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &[<Sdk as Listed>::ABSENT],
        exists: &["DuplicateTargetGroupName"],
        blocked: &["ResourceInUse"],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        Ok(elb_support::read(cx, select).await?.into_iter().map(live).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let check = &self.health_check;
        let made = cx
            .call(Op::new("elasticloadbalancing:CreateTargetGroup"), || {
                cx.elb()
                    .create_target_group()
                    .name(&*self.name)
                    .port(self.port)
                    .protocol(self.protocol.as_str().into())
                    .protocol_version(&self.protocol_version)
                    .vpc_id(&self.vpc_id)
                    .target_type(self.target_type.as_str().into())
                    .ip_address_type(self.ip_address_type.as_str().into())
                    .health_check_enabled(check.enabled)
                    .health_check_protocol(check.protocol.as_str().into())
                    .health_check_port(&check.port)
                    .health_check_path(&check.path)
                    .matcher(self.matcher())
                    .health_check_interval_seconds(check.interval)
                    .health_check_timeout_seconds(check.timeout)
                    .healthy_threshold_count(check.healthy_threshold)
                    .unhealthy_threshold_count(check.unhealthy_threshold)
                    .set_tags(Some(tags::write(&new.tags)))
                    .send()
            })
            .await?;
        let arn = made.target_groups().first().and_then(Sdk::target_group_arn).unwrap_or_default().to_owned();
        self.set_attributes(cx, &arn, &unwritten()).await?;
        Ok(arn)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if let Some(check) = changed(&self.health_check, &live.spec.health_check) {
            cx.call(Op::new("elasticloadbalancing:ModifyTargetGroup"), || {
                cx.elb()
                    .modify_target_group()
                    .target_group_arn(&live.id)
                    .health_check_enabled(check.enabled)
                    .health_check_protocol(check.protocol.as_str().into())
                    .health_check_port(&check.port)
                    .health_check_path(&check.path)
                    .matcher(self.matcher())
                    .health_check_interval_seconds(check.interval)
                    .health_check_timeout_seconds(check.timeout)
                    .healthy_threshold_count(check.healthy_threshold)
                    .unhealthy_threshold_count(check.unhealthy_threshold)
                    .send()
            })
            .await?;
        }
        self.set_attributes(cx, &live.id, &live.spec.pairs()).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("elasticloadbalancing:DeleteTargetGroup"), || {
            cx.elb().delete_target_group().target_group_arn(&live.id).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut broken = Vec::new();
        if (1..30).contains(&self.slow_start) {
            broken.push(Violation::new("slow_start", "it is 0 or from 30 to 900 seconds"));
        }
        if self.slow_start > 0 && self.load_balancing_algorithm_type != "round_robin" {
            broken.push(
                Violation::new("slow_start", "it works with `round_robin` only")
                    .hint("remove `slow_start` or `load_balancing_algorithm_type`"),
            );
        }
        if self.load_balancing_anomaly_mitigation == "on" && self.load_balancing_algorithm_type != "weighted_random" {
            broken.push(
                Violation::new("load_balancing_anomaly_mitigation", "it works with `weighted_random` only")
                    .hint("add `load_balancing_algorithm_type: weighted_random`"),
            );
        }
        if self.health_check.timeout >= self.health_check.interval {
            broken.push(Violation::new("health_check.timeout", "it must be less than `interval`"));
        }
        let codes = self.health_check.matcher.split([',', '-']).filter_map(|code| code.parse::<u32>().ok());
        let range = if self.protocol_version == "GRPC" { 0..=99 } else { 200..=499 };
        if let Some(code) = codes.into_iter().find(|code| !range.contains(code)) {
            let (low, high) = range.into_inner();
            broken.push(Violation::new(
                "health_check.matcher",
                format!("codes go from {low} to {high} with {}, not {code}", self.protocol_version),
            ));
        }
        broken
    }

    async fn blockers(cx: &Cx<'_>, live: &Live<Self>) -> Result<Vec<String>> {
        let found = Sdk::describe(cx, Some(&live.id)).await?;
        Ok(found.iter().flat_map(Sdk::load_balancer_arns).map(|arn| format!("load balancer {arn}")).collect())
    }
}

impl LbTargetGroup {
    fn matcher(&self) -> Matcher {
        let codes = &self.health_check.matcher;
        if self.protocol_version == "GRPC" {
            Matcher::builder().grpc_code(codes).build()
        } else {
            Matcher::builder().http_code(codes).build()
        }
    }

    /// The settings that the API takes as pairs of texts.
    fn pairs(&self) -> Pairs {
        let pairs = Pairs::default()
            .with("deregistration_delay.timeout_seconds", &self.deregistration_delay)
            .with("slow_start.duration_seconds", &self.slow_start)
            .with("load_balancing.algorithm.type", &&self.load_balancing_algorithm_type)
            .with("load_balancing.algorithm.anomaly_mitigation", &&self.load_balancing_anomaly_mitigation)
            .with("load_balancing.cross_zone.enabled", &&self.load_balancing_cross_zone_enabled);
        let Some(sticky) = self.stickiness.as_ref().filter(|sticky| sticky.enabled) else {
            return pairs.with("stickiness.enabled", &false);
        };
        let pairs = pairs
            .with("stickiness.enabled", &true)
            .with("stickiness.type", &&sticky.r#type)
            .with(&format!("stickiness.{}.duration_seconds", sticky.r#type), &sticky.cookie_duration);
        match &sticky.cookie_name {
            Some(name) => pairs.with("stickiness.app_cookie.cookie_name", name),
            None => pairs,
        }
    }

    async fn set_attributes(&self, cx: &Cx<'_>, arn: &str, live: &Pairs) -> Result<()> {
        let wanted = self.pairs();
        let pairs: Vec<TargetGroupAttribute> = wanted
            .beyond(live)
            .iter()
            .map(|(key, value)| TargetGroupAttribute::builder().key(*key).value(*value).build())
            .collect();
        if pairs.is_empty() {
            return Ok(());
        }
        cx.call(Op::new("elasticloadbalancing:ModifyTargetGroupAttributes"), || {
            cx.elb().modify_target_group_attributes().target_group_arn(arn).set_attributes(Some(pairs.clone())).send()
        })
        .await?;
        Ok(())
    }
}

/// AWS's own check of a group about which the stack says nothing.
fn unwritten_health_check(group: &Map) -> Value {
    let grpc = group.get("protocol_version").and_then(Value::as_str) == Some("GRPC");
    let protocol = group.get("protocol").and_then(Value::as_str).unwrap_or("HTTP");
    Value::map([
        ("enabled", true.into()),
        ("protocol", protocol.into()),
        ("port", "traffic-port".into()),
        ("path", if grpc { "/AWS.ALB/healthcheck" } else { "/" }.into()),
        ("matcher", if grpc { "12" } else { "200" }.into()),
        ("interval", 30.into()),
        ("timeout", 5.into()),
        ("healthy_threshold", 5.into()),
        ("unhealthy_threshold", 2.into()),
    ])
}

impl Listed for Sdk {
    const TYPE: &'static str = "elasticloadbalancing:targetgroup";
    const ABSENT: &'static str = "TargetGroupNotFound";

    fn arn(&self) -> Option<&str> {
        self.target_group_arn()
    }

    fn name(&self) -> Option<&str> {
        self.target_group_name()
    }

    async fn describe(cx: &Cx<'_>, one: Option<&str>) -> Result<Vec<Self>> {
        cx.call(Op::new("elasticloadbalancing:DescribeTargetGroups"), || {
            let all = cx.elb().describe_target_groups();
            let some = match one {
                Some(arn) if arn.starts_with("arn:") => all.target_group_arns(arn),
                Some(name) => all.names(name),
                None => all,
            };
            some.into_paginator().items().send().try_collect()
        })
        .await
    }

    async fn settings(cx: &Cx<'_>, arn: &str) -> Result<Pairs> {
        let answer = cx
            .call(Op::new("elasticloadbalancing:DescribeTargetGroupAttributes"), || {
                cx.elb().describe_target_group_attributes().target_group_arn(arn).send()
            })
            .await?;
        Ok(Pairs::read(answer.attributes().iter().map(|pair| (pair.key(), pair.value()))))
    }
}

/// The settings of a target group about which nothing was said.
fn unwritten() -> Pairs {
    spec(&Sdk::builder().build(), &Pairs::default()).pairs()
}

fn spec(group: &Sdk, pairs: &Pairs) -> LbTargetGroup {
    let matcher = group.matcher();
    let codes = matcher.and_then(|matcher| matcher.grpc_code().or_else(|| matcher.http_code()));
    let stickiness = pairs.flag_or("stickiness.enabled", false).then(|| {
        let r#type = pairs.text_or("stickiness.type", "lb_cookie");
        Stickiness {
            cookie_duration: pairs.number_or(&format!("stickiness.{type}.duration_seconds"), 86_400),
            cookie_name: pairs.text("stickiness.app_cookie.cookie_name").filter(|_| r#type == "app_cookie"),
            r#type,
            enabled: true,
        }
    });
    LbTargetGroup {
        name: group.target_group_name().unwrap_or_default().into(),
        port: group.port().unwrap_or_default(),
        protocol: group.protocol().map_or("", ProtocolEnum::as_str).to_owned(),
        protocol_version: group.protocol_version().unwrap_or("HTTP1").to_owned(),
        vpc_id: group.vpc_id().unwrap_or_default().to_owned(),
        target_type: group.target_type().unwrap_or(&TargetTypeEnum::Instance).as_str().to_owned(),
        ip_address_type: group.ip_address_type().unwrap_or(&TargetGroupIpAddressTypeEnum::Ipv4).as_str().to_owned(),
        deregistration_delay: pairs.number_or("deregistration_delay.timeout_seconds", 300),
        slow_start: pairs.number_or("slow_start.duration_seconds", 0),
        load_balancing_algorithm_type: pairs.text_or("load_balancing.algorithm.type", "round_robin"),
        load_balancing_anomaly_mitigation: pairs.text_or("load_balancing.algorithm.anomaly_mitigation", "off"),
        load_balancing_cross_zone_enabled: pairs
            .text_or("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
        health_check: HealthCheck {
            enabled: group.health_check_enabled().unwrap_or(true),
            protocol: group.health_check_protocol().map_or("HTTP", ProtocolEnum::as_str).to_owned(),
            port: group.health_check_port().unwrap_or("traffic-port").to_owned(),
            path: group.health_check_path().unwrap_or("/").to_owned(),
            matcher: codes.unwrap_or("200").to_owned(),
            interval: group.health_check_interval_seconds().unwrap_or(30),
            timeout: group.health_check_timeout_seconds().unwrap_or(5),
            healthy_threshold: group.healthy_threshold_count().unwrap_or(5),
            unhealthy_threshold: group.unhealthy_threshold_count().unwrap_or(2),
        },
        stickiness,
    }
}

fn live(whole: Whole<Sdk>) -> Live<LbTargetGroup> {
    let group = &whole.thing;
    let arn = group.target_group_arn().unwrap_or_default().to_owned();
    Live {
        spec: spec(group, &whole.pairs),
        outputs: Outputs {
            arn_suffix: format!("targetgroup/{}", arn_suffix(&arn, "targetgroup")),
            arn: arn.clone(),
            id: arn.clone(),
        },
        tags: whole.tags,
        status: Status::Usable,
        id: arn,
    }
}

#[cfg(test)]
mod tests;
