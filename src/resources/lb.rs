//! `lb`

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ec2::types::Filter;
use aws_sdk_elasticloadbalancingv2::types::{
    IpAddressType, LoadBalancer as Sdk, LoadBalancerAttribute, LoadBalancerSchemeEnum, LoadBalancerStateEnum,
    LoadBalancerTypeEnum,
};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Name, NameChars, Naming, PerVerb, Select, Status, TagChange, Unique,
    Violation,
};
use serde::{Deserialize, Serialize};

use super::elb_support::{self, Listed, Whole, arn_suffix, off_is_absent};
use crate::aws::tags::elb as tags;
use crate::aws::{Codes, Cx, Live, Op, Pairs, Resource, changed};

/// An Application Load Balancer: spreads HTTP and HTTPS requests over targets.
///
/// It needs an `lb_listener` to receive requests and an `lb_target_group` to send them to.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(at_least_one("subnets"), differ("subnets", "availability_zone"))]
pub struct Lb {
    /// Its name: letters, digits and hyphens, at most 32.
    #[attr(create_only, length(1, 32), pattern = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?")]
    name: Name,
    /// Whether it has private addresses only.
    #[attr(create_only, default = false)]
    internal: bool,
    /// Its type.
    #[attr(create_only, default = "application", values("application"))]
    load_balancer_type: String,
    /// Subnets to stand in, one per availability zone, of two zones at least.
    #[attr(refers("subnet", "id"), length(2, 20))]
    subnets: BTreeSet<String>,
    /// Security groups of its interfaces.
    #[attr(refers("security_group", "id"), aws_default = "the default security group of the VPC")]
    security_groups: Option<BTreeSet<String>>,
    /// Addresses that clients may use; `dualstack` adds IPv6.
    #[attr(default = "ipv4", values("ipv4", "dualstack", "dualstack-without-public-ipv4"))]
    ip_address_type: String,
    /// Seconds after which an idle connection is closed.
    #[attr(default = 60, range(1, 4000))]
    idle_timeout: i32,
    /// Seconds for which a client may keep a connection.
    #[attr(default = 3600, range(60, 604_800))]
    client_keep_alive: i32,
    /// Whether clients may speak HTTP/2.
    #[attr(default = true)]
    enable_http2: bool,
    /// Whether AWS refuses to delete it.
    #[attr(default = false)]
    enable_deletion_protection: bool,
    /// Whether headers whose names are not valid are removed, rather than passed on.
    #[attr(default = false)]
    drop_invalid_header_fields: bool,
    /// What happens to requests that could smuggle another.
    #[attr(default = "defensive", values("monitor", "defensive", "strictest"))]
    desync_mitigation_mode: String,
    /// Whether targets see the `Host` header as the client sent it.
    #[attr(default = false)]
    preserve_host_header: bool,
    /// What happens to the `X-Forwarded-For` header.
    #[attr(default = "append", values("append", "preserve", "remove"))]
    xff_header_processing_mode: String,
    /// Whether `X-Forwarded-For` names the client's port too.
    #[attr(default = false)]
    enable_xff_client_port: bool,
    /// Whether targets are told the TLS version and cipher suite in two headers.
    #[attr(default = false)]
    enable_tls_version_and_cipher_suite_headers: bool,
    /// Whether requests pass when AWS WAF does not answer.
    #[attr(default = false)]
    enable_waf_fail_open: bool,
    /// Whether traffic can be moved away from a zone (zonal shift).
    #[attr(default = false)]
    enable_zonal_shift: bool,
    /// Log of requests, in a bucket whose policy lets the load balancer write.
    #[attr(same = off_is_absent)]
    access_logs: Option<Logs>,
    /// Log of connections, in a bucket whose policy lets the load balancer write.
    #[attr(same = off_is_absent)]
    connection_logs: Option<Logs>,
}

/// Where a log goes.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Logs {
    /// Name of the bucket.
    #[attr(refers("s3_bucket", "id"))]
    bucket: String,
    /// What the names of the objects begin with.
    prefix: Option<String>,
    /// Whether it is written.
    #[attr(default = false)]
    enabled: bool,
}

/// What a load balancer tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its ARN.
    #[attr(looks_like = "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/{hex:16}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "{id}")]
    arn: String,
    /// The part of its ARN that CloudWatch's dimension `LoadBalancer` wants.
    #[attr(looks_like = "app/{name}/{hex:16}")]
    arn_suffix: String,
    /// Its DNS name, for an alias record.
    #[attr(looks_like = "{name}-{digits:10}.{region}.elb.amazonaws.com")]
    dns_name: String,
    /// The hosted zone of its DNS name, for an alias record.
    #[attr(looks_like = "Z{upper:13}")]
    zone_id: String,
    /// The VPC it stands in.
    #[attr(looks_like = "vpc-{hex:17}")]
    vpc_id: String,
}

impl Resource for Lb {
    const FACTS: Facts = Facts {
        name: "lb",
        service: "elasticloadbalancing",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept(<Sdk as Listed>::TYPE),
        naming: Some(Naming { attribute: "name", max: 32, allowed: NameChars::Hyphen, unique: Unique::Account }),
        once: true,
        details: 1,
        actions: Actions {
            read: &[
                "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeLoadBalancerAttributes",
                "elasticloadbalancing:DescribeTags", "tag:GetResources",
            ],
            create: &[
                "elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:AddTags",
                "elasticloadbalancing:ModifyLoadBalancerAttributes", "iam:CreateServiceLinkedRole",
            ],
            update: &[
                "elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:SetSubnets",
                "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetIpAddressType",
                "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags",
            ],
            delete: &["elasticloadbalancing:DeleteLoadBalancer", "ec2:DescribeNetworkInterfaces"],
        },
        takes: PerVerb::new(180, 5, 60),
        timeouts: PerVerb::new(600, 600, 1800),
        calls: PerVerb::new(2, 4, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &[<Sdk as Listed>::ABSENT],
        exists: &["DuplicateLoadBalancerName"],
        blocked: &["ResourceInUse"],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        Ok(elb_support::read(cx, select).await?.into_iter().map(live).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        const OP: Op = Op::new("elasticloadbalancing:CreateLoadBalancer")
            .racing(&["SubnetNotFound", "InvalidSubnet", "InvalidSecurityGroup"]);
        let scheme =
            if self.internal { LoadBalancerSchemeEnum::Internal } else { LoadBalancerSchemeEnum::InternetFacing };
        let made = cx
            .call(OP, || {
                cx.elb()
                    .create_load_balancer()
                    .name(&*self.name)
                    .scheme(scheme.clone())
                    .r#type(LoadBalancerTypeEnum::Application)
                    .set_subnets(Some(self.subnets.iter().cloned().collect()))
                    .set_security_groups(self.security_groups.as_ref().map(|groups| groups.iter().cloned().collect()))
                    .ip_address_type(self.ip_address_type.as_str().into())
                    .set_tags(Some(tags::write(&new.tags)))
                    .send()
            })
            .await?;
        let arn = made.load_balancers().first().and_then(Sdk::load_balancer_arn).unwrap_or_default().to_owned();
        self.set_attributes(cx, &arn, &unwritten()).await?;
        Ok(arn)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        self.set_attributes(cx, &live.id, &live.spec.pairs()).await?;
        if let Some(subnets) = changed(&self.subnets, &live.spec.subnets) {
            let op = Op::new("elasticloadbalancing:SetSubnets").racing(&["SubnetNotFound", "InvalidSubnet"]);
            let subnets: Vec<String> = subnets.into_iter().collect();
            cx.call(op, || {
                cx.elb().set_subnets().load_balancer_arn(&live.id).set_subnets(Some(subnets.clone())).send()
            })
            .await?;
        }
        if let Some(Some(groups)) = changed(&self.security_groups, &live.spec.security_groups) {
            let op = Op::new("elasticloadbalancing:SetSecurityGroups").racing(&["InvalidSecurityGroup"]);
            let groups: Vec<String> = groups.into_iter().collect();
            cx.call(op, || {
                cx.elb()
                    .set_security_groups()
                    .load_balancer_arn(&live.id)
                    .set_security_groups(Some(groups.clone()))
                    .send()
            })
            .await?;
        }
        if let Some(family) = changed(&self.ip_address_type, &live.spec.ip_address_type) {
            cx.call(Op::new("elasticloadbalancing:SetIpAddressType"), || {
                let family = IpAddressType::from(family.as_str());
                cx.elb().set_ip_address_type().load_balancer_arn(&live.id).ip_address_type(family).send()
            })
            .await?;
        }
        Ok(())
    }

    /// Waits for its interfaces as well: they keep subnets, security groups and the internet gateway from going, and
    /// the load balancer itself is not to be seen any more.
    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("elasticloadbalancing:DeleteLoadBalancer"), || {
            cx.elb().delete_load_balancer().load_balancer_arn(&live.id).send()
        })
        .await?;
        loop {
            let left = interfaces(cx, &live.outputs.arn_suffix).await?;
            if left == 0 {
                return Ok(());
            }
            (cx.progress)(&format!("waiting for {left} interfaces to go"));
            cx.pause(Duration::from_secs(10)).await;
            cx.alive()?;
        }
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    fn check(&self) -> Vec<Violation> {
        if self.name.starts_with("internal-") {
            return vec![Violation::new("name", "AWS keeps names that begin with `internal-` for itself")];
        }
        Vec::new()
    }

    async fn may_delete(_cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<Vec<Violation>> {
        if !live.spec.enable_deletion_protection {
            return Ok(Vec::new());
        }
        Ok(vec![
            Violation::new("enable_deletion_protection", format!("{} is protected from deletion", live.spec.name))
                .hint("apply `enable_deletion_protection: false` first"),
        ])
    }
}

impl Lb {
    /// The settings that the API takes as pairs of texts.
    fn pairs(&self) -> Pairs {
        let logs = |pairs: Pairs, key: &str, logs: &Option<Logs>| match logs {
            Some(logs) if logs.enabled => pairs
                .with(&format!("{key}.s3.enabled"), &true)
                .with(&format!("{key}.s3.bucket"), &logs.bucket)
                .with(&format!("{key}.s3.prefix"), logs.prefix.as_deref().unwrap_or_default()),
            _ => pairs.with(&format!("{key}.s3.enabled"), &false),
        };
        let pairs = Pairs::default()
            .with("idle_timeout.timeout_seconds", &self.idle_timeout)
            .with("client_keep_alive.seconds", &self.client_keep_alive)
            .with("deletion_protection.enabled", &self.enable_deletion_protection)
            .with("routing.http2.enabled", &self.enable_http2)
            .with("routing.http.drop_invalid_header_fields.enabled", &self.drop_invalid_header_fields)
            .with("routing.http.desync_mitigation_mode", &&self.desync_mitigation_mode)
            .with("routing.http.preserve_host_header.enabled", &self.preserve_host_header)
            .with("routing.http.xff_header_processing.mode", &&self.xff_header_processing_mode)
            .with("routing.http.xff_client_port.enabled", &self.enable_xff_client_port)
            .with(
                "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
                &self.enable_tls_version_and_cipher_suite_headers,
            )
            .with("waf.fail_open.enabled", &self.enable_waf_fail_open)
            .with("zonal_shift.config.enabled", &self.enable_zonal_shift);
        logs(logs(pairs, "access_logs", &self.access_logs), "connection_logs", &self.connection_logs)
    }

    async fn set_attributes(&self, cx: &Cx<'_>, arn: &str, live: &Pairs) -> Result<()> {
        const OP: Op = Op::new("elasticloadbalancing:ModifyLoadBalancerAttributes");
        let wanted = self.pairs();
        let beyond = wanted.beyond(live);
        if beyond.is_empty() {
            return Ok(());
        }
        // AWS tries to write to the bucket at once; its policy may not have arrived everywhere yet.
        let logs = beyond.iter().any(|(key, value)| key.ends_with("logs.s3.enabled") && *value == "true");
        let op = if logs { OP.racing(&["InvalidConfigurationRequest"]) } else { OP };
        let pairs: Vec<LoadBalancerAttribute> = beyond
            .iter()
            .map(|(key, value)| LoadBalancerAttribute::builder().key(*key).value(*value).build())
            .collect();
        cx.call(op, || {
            cx.elb().modify_load_balancer_attributes().load_balancer_arn(arn).set_attributes(Some(pairs.clone())).send()
        })
        .await?;
        Ok(())
    }
}

impl Listed for Sdk {
    const TYPE: &'static str = "elasticloadbalancing:loadbalancer";
    const ABSENT: &'static str = "LoadBalancerNotFound";

    fn arn(&self) -> Option<&str> {
        self.load_balancer_arn()
    }

    fn name(&self) -> Option<&str> {
        self.load_balancer_name()
    }

    async fn describe(cx: &Cx<'_>, one: Option<&str>) -> Result<Vec<Self>> {
        cx.call(Op::new("elasticloadbalancing:DescribeLoadBalancers"), || {
            let all = cx.elb().describe_load_balancers();
            let some = match one {
                Some(arn) if arn.starts_with("arn:") => all.load_balancer_arns(arn),
                Some(name) => all.names(name),
                None => all,
            };
            some.into_paginator().items().send().try_collect()
        })
        .await
    }

    async fn settings(cx: &Cx<'_>, arn: &str) -> Result<Pairs> {
        let answer = cx
            .call(Op::new("elasticloadbalancing:DescribeLoadBalancerAttributes"), || {
                cx.elb().describe_load_balancer_attributes().load_balancer_arn(arn).send()
            })
            .await?;
        Ok(Pairs::read(answer.attributes().iter().map(|pair| (pair.key(), pair.value()))))
    }
}

/// How many interfaces a load balancer still has.
async fn interfaces(cx: &Cx<'_>, suffix: &str) -> Result<usize> {
    let description = Filter::builder().name("description").values(format!("ELB {suffix}")).build();
    let found = cx
        .call(Op::new("ec2:DescribeNetworkInterfaces"), || {
            cx.ec2().describe_network_interfaces().filters(description.clone()).send()
        })
        .await?;
    Ok(found.network_interfaces().len())
}

/// The settings of a load balancer about which nothing was said.
fn unwritten() -> Pairs {
    spec(&Sdk::builder().build(), &Pairs::default()).pairs()
}

fn spec(lb: &Sdk, pairs: &Pairs) -> Lb {
    let logs = |key: &str| {
        let enabled = pairs.flag_or(&format!("{key}.s3.enabled"), false);
        enabled.then(|| Logs {
            bucket: pairs.text_or(&format!("{key}.s3.bucket"), ""),
            prefix: pairs.text(&format!("{key}.s3.prefix")),
            enabled,
        })
    };
    Lb {
        name: lb.load_balancer_name().unwrap_or_default().into(),
        internal: lb.scheme() == Some(&LoadBalancerSchemeEnum::Internal),
        load_balancer_type: lb.r#type().unwrap_or(&LoadBalancerTypeEnum::Application).as_str().to_owned(),
        subnets: lb.availability_zones().iter().filter_map(|zone| zone.subnet_id.clone()).collect(),
        security_groups: Some(lb.security_groups().iter().cloned().collect()),
        ip_address_type: lb.ip_address_type().unwrap_or(&IpAddressType::Ipv4).as_str().to_owned(),
        idle_timeout: pairs.number_or("idle_timeout.timeout_seconds", 60),
        client_keep_alive: pairs.number_or("client_keep_alive.seconds", 3600),
        enable_http2: pairs.flag_or("routing.http2.enabled", true),
        enable_deletion_protection: pairs.flag_or("deletion_protection.enabled", false),
        drop_invalid_header_fields: pairs.flag_or("routing.http.drop_invalid_header_fields.enabled", false),
        desync_mitigation_mode: pairs.text_or("routing.http.desync_mitigation_mode", "defensive"),
        preserve_host_header: pairs.flag_or("routing.http.preserve_host_header.enabled", false),
        xff_header_processing_mode: pairs.text_or("routing.http.xff_header_processing.mode", "append"),
        enable_xff_client_port: pairs.flag_or("routing.http.xff_client_port.enabled", false),
        enable_tls_version_and_cipher_suite_headers: pairs
            .flag_or("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", false),
        enable_waf_fail_open: pairs.flag_or("waf.fail_open.enabled", false),
        enable_zonal_shift: pairs.flag_or("zonal_shift.config.enabled", false),
        access_logs: logs("access_logs"),
        connection_logs: logs("connection_logs"),
    }
}

fn live(whole: Whole<Sdk>) -> Live<Lb> {
    let lb = &whole.thing;
    let arn = lb.load_balancer_arn().unwrap_or_default().to_owned();
    let state = lb.state();
    let reason = || state.and_then(|state| state.reason()).unwrap_or("AWS does not say why").to_owned();
    Live {
        spec: spec(lb, &whole.pairs),
        outputs: Outputs {
            arn_suffix: arn_suffix(&arn, "loadbalancer"),
            dns_name: lb.dns_name().unwrap_or_default().to_owned(),
            zone_id: lb.canonical_hosted_zone_id().unwrap_or_default().to_owned(),
            vpc_id: lb.vpc_id().unwrap_or_default().to_owned(),
            arn: arn.clone(),
            id: arn.clone(),
        },
        tags: whole.tags,
        status: match state.and_then(|state| state.code()) {
            Some(LoadBalancerStateEnum::Provisioning) => Status::Pending("provisioning".to_owned()),
            Some(LoadBalancerStateEnum::Failed) => Status::Failed(reason()),
            _ => Status::Usable,
        },
        id: arn,
    }
}
