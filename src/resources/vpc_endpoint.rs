//! `vpc_endpoint`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    DnsOptions as SdkDnsOptions, DnsOptionsSpecification, DnsRecordIpType, Filter, IpAddressType, PrefixList,
    ResourceType, State, VpcEndpoint as Sdk, VpcEndpointType,
};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, PerVerb, Policy, Replacement, Select, Status, TagChange, Value,
    Violation,
};
use serde::{Deserialize, Serialize};

use super::ec2_support::refused;
use crate::aws::tags::ec2 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// A VPC endpoint: a way from a VPC to a service that does not lead over the internet.
///
/// A gateway endpoint, for S3 and DynamoDB, costs nothing and works by routes in the route tables that it names. An
/// interface endpoint stands in subnets with an address of its own, and costs money by the hour and subnet.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct VpcEndpoint {
    /// The VPC.
    #[attr(create_only, refers("vpc", "id"))]
    vpc_id: String,
    /// The service, such as `com.amazonaws.${stack.region}.s3`.
    #[attr(create_only)]
    service_name: String,
    /// Whether it is a route or an interface.
    #[attr(create_only, default = "Gateway", values("Gateway", "Interface"))]
    vpc_endpoint_type: String,
    /// What may be done through it. Without one everything may that the caller may do.
    #[attr(settled, canonical = everything_is_absent)]
    policy: Option<Policy>,
    /// Route tables that lead to a gateway endpoint; each gets a route to the service.
    #[attr(refers("route_table", "id"))]
    route_table_ids: BTreeSet<String>,
    /// Subnets in which an interface endpoint stands, one per availability zone.
    #[attr(refers("subnet", "id"))]
    subnet_ids: BTreeSet<String>,
    /// Security groups of an interface endpoint; they let in port 443 as a rule.
    #[attr(refers("security_group", "id"), aws_default = "the default security group of the VPC")]
    security_group_ids: Option<BTreeSet<String>>,
    /// Whether the usual name of the service leads to an interface endpoint inside the VPC, which then needs DNS
    /// support and DNS host names.
    #[attr(default = false)]
    private_dns_enabled: bool,
    /// Families of its addresses.
    #[attr(values("ipv4", "dualstack", "ipv6"), aws_default = "the family of the subnets")]
    ip_address_type: Option<String>,
    /// What its names lead to.
    #[attr(aws_default = "AWS follows the family of the addresses")]
    dns_options: Option<DnsOptions>,
}

/// What the names of an endpoint lead to.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct DnsOptions {
    /// Families of the addresses that its names have; `service-defined` is that of the service.
    #[attr(
        values("ipv4", "dualstack", "ipv6", "service-defined"),
        aws_default = "AWS follows the family of the addresses"
    )]
    dns_record_ip_type: Option<String>,
    /// Whether only those who ask from outside the VPC, through a resolver endpoint, are led to the interface: for S3
    /// beside a gateway endpoint.
    #[attr(aws_default = "AWS chooses by the service")]
    private_dns_only_for_inbound_resolver_endpoint: Option<bool>,
}

/// A name of an interface endpoint.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct DnsEntry {
    /// The name.
    dns_name: String,
    /// Its hosted zone, for an alias record.
    hosted_zone_id: String,
}

/// What a VPC endpoint tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "vpce-{hex:17}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}:{account}:vpc-endpoint/{id}")]
    arn: String,
    /// The list of the service's addresses, of a gateway endpoint, for rules of security groups.
    #[attr(looks_like = "pl-{hex:8}")]
    prefix_list_id: Option<String>,
    /// The interfaces of an interface endpoint, sorted.
    #[attr(changes_on("subnet_ids"))]
    network_interface_ids: Vec<String>,
    /// The names of an interface endpoint.
    #[attr(changes_on("subnet_ids", "private_dns_enabled"))]
    dns_entry: Vec<DnsEntry>,
    /// The account that owns it.
    #[attr(looks_like = "{account}")]
    owner_id: String,
}

impl Resource for VpcEndpoint {
    const FACTS: Facts = Facts {
        name: "vpc_endpoint",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        replacement: Replacement::DestroyFirst("a route table has one route to a service, and a name one owner"),
        once: true,
        found: Found::Tagged("vpc-endpoint"),
        actions: Actions {
            read: &["ec2:DescribeVpcEndpoints", "ec2:DescribePrefixLists", "ec2:DescribeTags"],
            create: &["ec2:CreateVpcEndpoint", "ec2:CreateTags"],
            update: &["ec2:ModifyVpcEndpoint", "ec2:CreateTags", "ec2:DeleteTags"],
            delete: &["ec2:DeleteVpcEndpoints"],
        },
        takes: PerVerb::new(30, 10, 60),
        timeouts: PerVerb::new(900, 900, 1200),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &["InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound"],
        exists: &["RouteAlreadyExists"],
        blocked: &["DependencyViolation"],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let mut found: Vec<Sdk> = cx
            .call(Op::new("ec2:DescribeVpcEndpoints"), || {
                let filter = tags::filter(cx, select, "vpc-endpoint-id");
                cx.ec2().describe_vpc_endpoints().filters(filter).into_paginator().items().send().try_collect()
            })
            .await?;
        found.retain(|endpoint| state(endpoint) != "deleted");
        let lists = prefix_lists(cx, &found).await?;
        Ok(found.iter().map(|endpoint| live(cx, endpoint, &lists)).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let made = cx
            .call(Op::new("ec2:CreateVpcEndpoint").racing(RACING), || {
                cx.ec2()
                    .create_vpc_endpoint()
                    .client_token(cx.token(new))
                    .vpc_id(&self.vpc_id)
                    .service_name(&self.service_name)
                    .vpc_endpoint_type(self.vpc_endpoint_type.as_str().into())
                    .set_policy_document(self.policy.as_ref().map(ToString::to_string))
                    .set_route_table_ids(some(&self.route_table_ids))
                    .set_subnet_ids(some(&self.subnet_ids))
                    .set_security_group_ids(self.security_group_ids.as_ref().and_then(some))
                    .set_private_dns_enabled((!self.is_gateway()).then_some(self.private_dns_enabled))
                    .set_ip_address_type(self.ip_address_type.as_deref().map(IpAddressType::from))
                    .set_dns_options(self.dns_options.as_ref().map(DnsOptions::sdk))
                    .tag_specifications(tags::specification(ResourceType::VpcEndpoint, &new.tags))
                    .send()
            })
            .await?;
        Ok(made.vpc_endpoint().and_then(Sdk::vpc_endpoint_id).unwrap_or_default().to_owned())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if *self == live.spec {
            return Ok(());
        }
        let old = &live.spec;
        let policy = (self.policy != old.policy).then_some(&self.policy);
        let nothing = BTreeSet::new();
        let tables = Difference::between(&self.route_table_ids, &old.route_table_ids);
        let subnets = Difference::between(&self.subnet_ids, &old.subnet_ids);
        let groups = |of: &Self| of.security_group_ids.clone().unwrap_or_else(|| nothing.clone());
        let groups = Difference::between(&groups(self), &groups(old));
        let family = (self.ip_address_type != old.ip_address_type).then_some(self.ip_address_type.as_deref()).flatten();
        let names = (self.dns_options != old.dns_options).then_some(self.dns_options.as_ref()).flatten();
        let private = (self.private_dns_enabled != old.private_dns_enabled).then_some(self.private_dns_enabled);
        cx.call(Op::new("ec2:ModifyVpcEndpoint").racing(RACING), || {
            cx.ec2()
                .modify_vpc_endpoint()
                .vpc_endpoint_id(&live.id)
                .set_policy_document(policy.and_then(Option::as_ref).map(ToString::to_string))
                .set_reset_policy(policy.and_then(|policy| policy.is_none().then_some(true)))
                .set_add_route_table_ids(tables.added.clone())
                .set_remove_route_table_ids(tables.removed.clone())
                .set_add_subnet_ids(subnets.added.clone())
                .set_remove_subnet_ids(subnets.removed.clone())
                .set_add_security_group_ids(groups.added.clone())
                .set_remove_security_group_ids(groups.removed.clone())
                .set_private_dns_enabled(private)
                .set_ip_address_type(family.map(IpAddressType::from))
                .set_dns_options(names.map(DnsOptions::sdk))
                .send()
        })
        .await?;
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        const ACTION: &str = "ec2:DeleteVpcEndpoints";
        if matches!(live.status, Status::Dying(_)) {
            return Ok(());
        }
        let answer =
            cx.call(Op::new(ACTION), || cx.ec2().delete_vpc_endpoints().vpc_endpoint_ids(&live.id).send()).await?;
        refused(ACTION, answer.unsuccessful())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let gateway = self.is_gateway();
        let groups = self.security_group_ids.as_ref().is_some_and(|groups| !groups.is_empty());
        let wrong = [
            ("route_table_ids", !gateway && !self.route_table_ids.is_empty(), "a gateway endpoint"),
            ("subnet_ids", gateway && !self.subnet_ids.is_empty(), "an interface endpoint"),
            ("security_group_ids", gateway && groups, "an interface endpoint"),
            ("private_dns_enabled", gateway && self.private_dns_enabled, "an interface endpoint"),
        ];
        let wrong = wrong.into_iter().filter(|(_, wrong, _)| *wrong);
        wrong
            .map(|(name, _, whose)| {
                let other = if gateway { "Interface" } else { "Gateway" };
                Violation::new(name, format!("only {whose} has that"))
                    .hint(format!("write `vpc_endpoint_type: {other}`, or remove `{name}`"))
            })
            .collect()
    }
}

/// What was made a moment ago may not be known here yet.
const RACING: &[&str] =
    &["InvalidVpcID.NotFound", "InvalidRouteTableId.NotFound", "InvalidSubnetID.NotFound", "InvalidSubnetId.NotFound"];

impl VpcEndpoint {
    fn is_gateway(&self) -> bool {
        self.vpc_endpoint_type == "Gateway"
    }
}

impl DnsOptions {
    fn sdk(&self) -> DnsOptionsSpecification {
        DnsOptionsSpecification::builder()
            .set_dns_record_ip_type(self.dns_record_ip_type.as_deref().map(DnsRecordIpType::from))
            .set_private_dns_only_for_inbound_resolver_endpoint(self.private_dns_only_for_inbound_resolver_endpoint)
            .build()
    }
}

/// What has to be added to a set and removed from it; nothing where there is nothing.
struct Difference {
    added: Option<Vec<String>>,
    removed: Option<Vec<String>>,
}

impl Difference {
    fn between(to: &BTreeSet<String>, from: &BTreeSet<String>) -> Self {
        let list = |one: &BTreeSet<String>, other: &BTreeSet<String>| some(&(one - other));
        Self { added: list(to, from), removed: list(from, to) }
    }
}

fn some(set: &BTreeSet<String>) -> Option<Vec<String>> {
    (!set.is_empty()).then(|| set.iter().cloned().collect())
}

/// A policy that allows everything is what an endpoint has that is given none.
fn everything_is_absent(policy: &Value) -> Value {
    let parsed = match policy.as_str() {
        Some(text) => Some(Policy::parse(text).0),
        None => policy.to_json(),
    };
    if parsed.as_ref().is_some_and(allows_everything) { Value::Null } else { policy.clone() }
}

fn allows_everything(policy: &serde_json::Value) -> bool {
    let statements = match policy.get("Statement") {
        Some(serde_json::Value::Array(statements)) => statements.as_slice(),
        Some(statement) => std::slice::from_ref(statement),
        None => return false,
    };
    let [serde_json::Value::Object(statement)] = statements else { return false };
    let is = |name: &str, text: &str| match statement.get(name) {
        Some(serde_json::Value::Array(items)) => items.len() == 1 && items.iter().all(|item| item == text),
        Some(value) => value == text || value.get("AWS").is_some_and(|value| value == text),
        None => false,
    };
    statement.len() == 4 && is("Effect", "Allow") && is("Principal", "*") && is("Action", "*") && is("Resource", "*")
}

/// The state, whose case differs from call to call.
fn state(endpoint: &Sdk) -> String {
    endpoint.state().map_or("", State::as_str).to_lowercase()
}

/// The lists of addresses of the services that gateway endpoints lead to, id by name of the service.
async fn prefix_lists(cx: &Cx<'_>, endpoints: &[Sdk]) -> Result<BTreeMap<String, String>> {
    let gateways = endpoints.iter().filter(|one| one.vpc_endpoint_type() == Some(&VpcEndpointType::Gateway));
    let names: BTreeSet<String> = gateways.filter_map(|one| one.service_name.clone()).collect();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let filter = Filter::builder().name("prefix-list-name").set_values(some(&names)).build();
    let found: Vec<PrefixList> = cx
        .call(Op::new("ec2:DescribePrefixLists"), || {
            cx.ec2().describe_prefix_lists().filters(filter.clone()).into_paginator().items().send().try_collect()
        })
        .await?;
    Ok(found.into_iter().filter_map(|list| Some((list.prefix_list_name?, list.prefix_list_id?))).collect())
}

fn live(cx: &Cx<'_>, endpoint: &Sdk, lists: &BTreeMap<String, String>) -> Live<VpcEndpoint> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let id = text(endpoint.vpc_endpoint_id());
    let gateway = endpoint.vpc_endpoint_type().is_none_or(|kind| *kind == VpcEndpointType::Gateway);
    let groups = endpoint.groups().iter().filter_map(|group| group.group_id.clone());
    let policy = endpoint.policy_document().map(Policy::parse).filter(|policy| !allows_everything(&policy.0));
    let mut interfaces = endpoint.network_interface_ids().to_vec();
    interfaces.sort();
    let state = state(endpoint);
    Live {
        spec: VpcEndpoint {
            vpc_id: text(endpoint.vpc_id()),
            service_name: text(endpoint.service_name()),
            vpc_endpoint_type: if gateway { "Gateway" } else { "Interface" }.to_owned(),
            policy,
            route_table_ids: endpoint.route_table_ids().iter().cloned().collect(),
            subnet_ids: endpoint.subnet_ids().iter().cloned().collect(),
            security_group_ids: (!gateway).then(|| groups.collect()),
            private_dns_enabled: endpoint.private_dns_enabled() == Some(true),
            ip_address_type: endpoint.ip_address_type().map(|family| family.as_str().to_owned()),
            dns_options: endpoint.dns_options().map(read_names),
        },
        outputs: Outputs {
            arn: cx.arn("ec2", &format!("vpc-endpoint/{id}")),
            prefix_list_id: endpoint.service_name().filter(|_| gateway).and_then(|name| lists.get(name)).cloned(),
            network_interface_ids: interfaces,
            dns_entry: endpoint
                .dns_entries()
                .iter()
                .map(|entry| DnsEntry {
                    dns_name: text(entry.dns_name()),
                    hosted_zone_id: text(entry.hosted_zone_id()),
                })
                .collect(),
            owner_id: endpoint.owner_id().unwrap_or(&cx.account).to_owned(),
            id: id.clone(),
        },
        tags: tags::read(endpoint.tags()),
        status: match state.as_str() {
            "pending" => Status::Pending(state),
            "deleting" => Status::Dying(state),
            "failed" | "rejected" | "expired" => {
                let error = endpoint.last_error().and_then(|error| error.message());
                Status::Failed(error.or(endpoint.failure_reason()).map_or(state, str::to_owned))
            }
            _ => Status::Usable,
        },
        id,
    }
}

fn read_names(names: &SdkDnsOptions) -> DnsOptions {
    DnsOptions {
        dns_record_ip_type: names.dns_record_ip_type().map(|family| family.as_str().to_owned()),
        private_dns_only_for_inbound_resolver_endpoint: names.private_dns_only_for_inbound_resolver_endpoint(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_that_allows_everything_is_none() {
        for (policy, everything) in [
            (json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}), true),
            (json!([{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["*"], "Resource": "*"}]), true),
            (json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}), false),
            (json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}), false),
            (json!([]), false),
        ] {
            assert_eq!(allows_everything(&json!({"Statement": policy})), everything, "{policy}");
        }
        let text = Value::from(
            json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*",
            "Resource": "*"}]})
            .to_string(),
        );
        assert!(everything_is_absent(&text).is_null());
    }
}
