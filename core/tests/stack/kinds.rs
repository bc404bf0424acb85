//! Kinds for the tests of the stack language: tables only, nothing behind them.

#![allow(
    dead_code,
    clippy::struct_field_names,
    clippy::zero_sized_map_values,
    clippy::large_types_passed_by_value,
    reason = "only the tables of these structs are looked at"
)]

use std::collections::{BTreeMap, BTreeSet};

use clefctl_core::kind::{
    Attributes, Block, Cidr, DocumentKind, Facts, LookupFacts, Map, Mark, Name, NameChars, Naming, Registry, Secret,
    Type, Typed, Unique, Value, Violation,
};

use crate::tables::{self, Tables};

/// A policy document.
pub(crate) struct Policy;

impl Typed for Policy {
    const TYPE: Type = Type::Document(DocumentKind::Policy);
}

/// A network of its own.
#[derive(Attributes)]
struct Vpc {
    /// The addresses of the network.
    #[attr(create_only)]
    cidr_block: Cidr,
    /// Whether instances get names.
    #[attr(default = false)]
    enable_dns_hostnames: bool,
    /// Whether instances share hardware.
    #[attr(default = "default", values("default", "dedicated"))]
    instance_tenancy: String,
}

/// What others may refer to.
#[derive(Attributes)]
struct VpcOutputs {
    /// Its id.
    id: String,
    /// Its ARN.
    arn: String,
    /// The group that AWS makes with it.
    #[attr(refers("security_group", "id"))]
    default_security_group_id: String,
}

/// A part of a network in one zone.
#[derive(Attributes)]
#[attributes(part_of("cidr_block", "vpc_id", "cidr_block"))]
struct Subnet {
    /// The network it is a part of.
    #[attr(create_only, refers("vpc", "id"))]
    vpc_id: String,
    /// Its addresses.
    #[attr(create_only)]
    cidr_block: Cidr,
    /// Its zone.
    #[attr(create_only, aws_default = "AWS picks one")]
    availability_zone: Option<String>,
    /// Whether instances get public addresses.
    #[attr(default = false)]
    map_public_ip_on_launch: bool,
}

/// A record of a network.
#[derive(Attributes)]
struct Record {
    /// The network.
    #[attr(create_only, refers("vpc", "id"))]
    vpc_id: String,
    /// What it is called.
    #[attr(create_only)]
    host: String,
    /// Which of several it is.
    variant: Option<String>,
}

/// The id alone.
#[derive(Attributes)]
struct Id {
    /// Its id.
    id: String,
}

/// What a rule of a group allows.
#[derive(Attributes)]
#[attributes(exactly_one("cidr_blocks", "source_security_group_id"))]
struct GroupRule {
    /// First port.
    #[attr(range(-1, 65535))]
    from_port: i64,
    /// Last port.
    #[attr(range(-1, 65535))]
    to_port: i64,
    /// Protocol.
    #[attr(default = "tcp", values("tcp", "udp", "icmp", "-1"))]
    protocol: String,
    /// From these networks.
    cidr_blocks: Option<BTreeSet<Cidr>>,
    /// From members of this group.
    #[attr(refers("security_group", "id"))]
    source_security_group_id: Option<String>,
}

/// A firewall around instances.
#[derive(Attributes)]
struct SecurityGroup {
    /// Its name.
    #[attr(create_only)]
    name: Name,
    /// What it is for.
    #[attr(create_only, default = "Managed by clefctl", length(1, 255))]
    description: String,
    /// The network it is in.
    #[attr(create_only, refers("vpc", "id"))]
    vpc_id: String,
    /// What may come in.
    #[attr(settled)]
    ingress: BTreeSet<GroupRule>,
    /// What may go out.
    #[attr(settled)]
    egress: BTreeSet<GroupRule>,
}

/// A route.
#[derive(Attributes)]
#[attributes(exactly_one("gateway_id", "nat_gateway_id"))]
struct Route {
    /// Where to.
    cidr_block: Cidr,
    /// Through this internet gateway.
    #[attr(refers("internet_gateway", "id"))]
    gateway_id: Option<String>,
    /// Through this NAT gateway.
    nat_gateway_id: Option<String>,
}

/// Where packets go.
#[derive(Attributes)]
struct RouteTable {
    /// The network it is in.
    #[attr(create_only, refers("vpc", "id"))]
    vpc_id: String,
    /// The routes.
    #[attr(settled)]
    route: Vec<Route>,
    /// The subnets that use it.
    #[attr(settled, refers("subnet", "id"))]
    subnet_ids: BTreeSet<String>,
}

/// The way out of a network.
#[derive(Attributes)]
struct InternetGateway {
    /// The network.
    #[attr(refers("vpc", "id"))]
    vpc_id: String,
}

/// A database.
#[derive(Attributes)]
#[attributes(
    exactly_one("password", "manage_master_user_password", "replicate_source_db"),
    requires_when("storage_type", "io1", "iops"),
    forbids_when("storage_type", "gp2", "iops"),
    requires("kms_key_id", "storage_encrypted"),
    source_forbids("replicate_source_db", "manage_master_user_password", "true", "engine", "sqlserver")
)]
struct DbInstance {
    /// Its name.
    #[attr(create_only)]
    identifier: Name,
    /// What it runs.
    #[attr(create_only, values("postgres", "mysql", "mariadb", "sqlserver-ee"))]
    engine: Option<String>,
    /// Which version of it.
    engine_version: Option<String>,
    /// How strong it is.
    #[attr(pattern = "db\\.[a-z0-9]+\\.[a-z0-9]+")]
    instance_class: String,
    /// Gigabytes.
    #[attr(range(20, 65536), default = 20)]
    allocated_storage: i64,
    /// Sort of storage.
    #[attr(default = "gp3", values("gp2", "gp3", "io1"))]
    storage_type: String,
    /// Operations per second.
    iops: Option<i64>,
    /// Whether it is encrypted.
    storage_encrypted: Option<bool>,
    /// The key.
    kms_key_id: Option<String>,
    /// The password of the first user.
    #[attr(write_only)]
    password: Option<Secret>,
    /// Raise it to send the password again.
    password_version: Option<i64>,
    /// Whether RDS makes the password.
    manage_master_user_password: Option<bool>,
    /// The database that it copies.
    #[attr(create_only, refers("db_instance", "identifier"))]
    replicate_source_db: Option<String>,
    /// Days.
    #[attr(range(0, 35), default = crate::kinds::retention)]
    backup_retention_period: i64,
    /// The groups around it.
    #[attr(refers("security_group", "id"))]
    vpc_security_group_ids: BTreeSet<String>,
}

/// Databases keep a week, copies nothing.
pub(crate) fn retention(others: &Map) -> Value {
    Value::from(if others.contains_key("replicate_source_db") { 0_i64 } else { 7 })
}

/// What others may refer to.
#[derive(Attributes)]
struct DbOutputs {
    /// Its ARN.
    arn: String,
    /// Where it listens.
    address: String,
    /// On which port.
    port: i64,
}

/// How objects are versioned.
#[derive(Attributes)]
struct Versioning {
    /// Whether they are.
    #[attr(default = "Enabled", values("Enabled", "Suspended"))]
    status: String,
}

/// A bucket.
#[derive(Attributes)]
struct Bucket {
    /// Its name, unique in the world.
    #[attr(create_only, length(3, 63))]
    bucket: Name,
    /// Versions of objects.
    #[attr(settled)]
    versioning: Option<Versioning>,
    /// Who may do what.
    #[attr(settled)]
    policy: Option<Policy>,
    /// Who owns what is put into it.
    #[attr(default = "BucketOwnerEnforced", values("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"))]
    object_ownership: String,
}

/// What others may refer to.
#[derive(Attributes)]
struct BucketOutputs {
    /// Its ARN.
    arn: String,
}

/// A role.
#[derive(Attributes)]
struct Role {
    /// Its name.
    #[attr(create_only)]
    name: Name,
    /// Who may take it on.
    #[attr(policy = Trust)]
    assume_role_policy: Policy,
    /// What it may do, by name.
    #[attr(settled, policy = Identity)]
    inline_policies: BTreeMap<String, Policy>,
    /// Policies of AWS or elsewhere.
    #[attr(settled)]
    managed_policy_arns: BTreeSet<String>,
}

/// A machine.
#[derive(Attributes)]
struct Instance {
    /// Its image.
    #[attr(create_only)]
    ami: String,
    /// Its type.
    #[attr(default = "t3.micro")]
    instance_type: String,
    /// Where it is.
    #[attr(create_only, refers("subnet", "id"))]
    subnet_id: Option<String>,
    /// What it runs first.
    user_data: Option<String>,
    /// Any labels.
    labels: BTreeMap<String, String>,
}

/// A secret.
#[derive(Attributes)]
struct SecretKind {
    /// Its name.
    #[attr(create_only)]
    name: Name,
    /// Its value.
    #[attr(write_only)]
    secret_string: Option<Secret>,
    /// Raise it to send the value again.
    secret_string_version: Option<i64>,
}

/// What others may refer to.
#[derive(Attributes)]
struct SecretOutputs {
    /// Its ARN.
    arn: String,
    /// What it holds, fetched at the moment of a call.
    #[attr(write_only)]
    value: Secret,
}

/// Zones.
#[derive(Attributes)]
struct ZonesArguments {
    /// Which state they are in.
    #[attr(default = "available", values("available", "impaired"))]
    state: String,
}

/// Zones.
#[derive(Attributes)]
struct ZonesOutputs {
    /// Their names.
    names: Vec<String>,
}

/// A parameter.
#[derive(Attributes)]
struct ParameterArguments {
    /// Its name.
    name: String,
}

/// A parameter.
#[derive(Attributes)]
struct ParameterOutputs {
    /// Its value.
    value: String,
}

const fn facts(name: &'static str, declared: &'static Block, outputs: &'static Block) -> Facts {
    Facts { name, declared, outputs, service: "test", ..Facts::REGIONAL }
}

const fn named(facts: Facts, attribute: &'static str, max: usize, unique: Unique) -> Facts {
    Facts { naming: Some(Naming { attribute, max, allowed: NameChars::LowerHyphen, unique }), ..facts }
}

const KINDS: [Facts; 11] = [
    facts("vpc", &Vpc::BLOCK, &VpcOutputs::BLOCK),
    facts("subnet", &Subnet::BLOCK, &Id::BLOCK),
    named(facts("security_group", &SecurityGroup::BLOCK, &Id::BLOCK), "name", 255, Unique::Parent),
    Facts { mark: Mark::Tags, ..facts("route_table", &RouteTable::BLOCK, &Id::BLOCK) },
    facts("internet_gateway", &InternetGateway::BLOCK, &Id::BLOCK),
    named(
        Facts { id: "identifier", ..facts("db_instance", &DbInstance::BLOCK, &DbOutputs::BLOCK) },
        "identifier",
        63,
        Unique::Account,
    ),
    named(
        Facts { id: "bucket", ..facts("s3_bucket", &Bucket::BLOCK, &BucketOutputs::BLOCK) },
        "bucket",
        63,
        Unique::World,
    ),
    named(
        Facts { id: "name", mark: Mark::Prefix, ..facts("iam_role", &Role::BLOCK, &BucketOutputs::BLOCK) },
        "name",
        64,
        Unique::Account,
    ),
    Facts { identity: &["vpc_id", "host", "variant"], ..facts("record", &Record::BLOCK, &Id::BLOCK) },
    facts("instance", &Instance::BLOCK, &Id::BLOCK),
    named(facts("secretsmanager_secret", &SecretKind::BLOCK, &SecretOutputs::BLOCK), "name", 512, Unique::Account),
];

static LOOKUPS: [LookupFacts; 2] = [
    LookupFacts {
        name: "availability_zones",
        service: "ec2",
        declared: &ZonesArguments::BLOCK,
        outputs: &ZonesOutputs::BLOCK,
        actions: &[],
    },
    LookupFacts {
        name: "ssm_parameter",
        service: "ssm",
        declared: &ParameterArguments::BLOCK,
        outputs: &ParameterOutputs::BLOCK,
        actions: &[],
    },
];

/// Rules that tables cannot say.
fn check(facts: &'static Facts, declared: &Map) -> Vec<Violation> {
    let text = |name: &str| declared.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match facts.name {
        "vpc" if text("cidr_block").ends_with("/8") => {
            vec![Violation::new("cidr_block", "a network has /16 to /28").hint("Write a longer prefix.")]
        }
        "security_group" => (declared.get("ingress").and_then(Value::as_list).into_iter().flatten().enumerate())
            .filter(|(_, rule)| rule.get("from_port").as_number() > rule.get("to_port").as_number())
            .map(|(at, _)| Violation::new(format!("ingress[{at}].from_port"), "the first port is behind the last one"))
            .collect(),
        _ => Vec::new(),
    }
}

/// All of them.
pub(crate) fn registry() -> Registry {
    tables::registry(Tables::all(KINDS).into_iter().map(|kind| kind.checked(check)), &LOOKUPS)
}
