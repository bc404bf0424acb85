//! Kinds of which only the tables exist, as much like AWS's as planning needs.

use std::collections::{BTreeMap, BTreeSet};

use clefctl_core::kind::{
    Attributes, Cidr, Facts, Found, LookupFacts, Map, Mark, Name, NameChars, Naming, Place, Policy, Registry,
    Replacement, Secret, Unique,
};

use crate::tables::{self, Tables, tables};

tables! {
    /// A network.
    Vpc {
        /// Its network.
        #[attr(create_only)]
        cidr_block: Cidr,
        /// Whether instances have names.
        #[attr(default = false)]
        enable_dns_hostnames: bool,
    }
    /// What most things tell.
    Id {
        /// Its id.
        #[attr(looks_like = "{hex:17}")]
        id: String,
    }
    /// A part of a network.
    Subnet {
        /// Where.
        #[attr(create_only, refers("vpc", "id"))]
        vpc_id: String,
        /// Its network.
        #[attr(create_only)]
        cidr_block: Cidr,
        /// Which zone.
        #[attr(create_only, aws_default = "AWS picks one")]
        availability_zone: Option<String>,
        /// Whether instances get public addresses.
        #[attr(default = false)]
        map_public_ip_on_launch: bool,
    }
    /// A fixed public address.
    Eip {
        /// What it is for.
        #[attr(create_only, default = "vpc")]
        domain: String,
    }
    /// A way out.
    NatGateway {
        /// Where.
        #[attr(create_only, refers("subnet", "id"))]
        subnet_id: String,
        /// Its address.
        #[attr(create_only, refers("eip", "id"))]
        allocation_id: String,
    }
    /// The way to the world.
    InternetGateway {
        /// Where.
        #[attr(refers("vpc", "id"))]
        vpc_id: Option<String>,
    }
    /// One rule.
    Rule {
        /// From that port.
        from_port: i32,
        /// From those networks.
        cidr_blocks: BTreeSet<String>,
        /// From those groups.
        #[attr(refers("security_group", "id"))]
        security_groups: BTreeSet<String>,
    }
    /// A firewall.
    SecurityGroup {
        /// Its name.
        #[attr(create_only)]
        name: Name,
        /// Where.
        #[attr(create_only, refers("vpc", "id"))]
        vpc_id: String,
        /// What may come in.
        #[attr(settled)]
        ingress: BTreeSet<Rule>,
    }
    /// What instances are made of.
    LaunchTemplate {
        /// Its name.
        #[attr(create_only)]
        name: Name,
        /// Its image.
        image_id: String,
        /// Its size.
        #[attr(default = "t3.micro")]
        instance_type: String,
        /// Its firewalls.
        #[attr(refers("security_group", "id"))]
        vpc_security_group_ids: BTreeSet<String>,
    }
    /// What a template tells.
    LaunchTemplateOutputs {
        /// Its id.
        #[attr(looks_like = "lt-{hex:17}")]
        id: String,
        /// Its newest version.
        #[attr(looks_like = "{n}", changes_on_any)]
        latest_version: i64,
    }
    /// A group of instances.
    AutoscalingGroup {
        /// Its name.
        #[attr(create_only)]
        name: Name,
        /// Its template.
        #[attr(refers("launch_template", "id"))]
        launch_template_id: String,
        /// Its template's version.
        launch_template_version: Option<String>,
        /// How many at least.
        min_size: i32,
        /// How many now.
        #[attr(aws_default = "scaling moves it")]
        desired_capacity: Option<i32>,
        /// Where.
        #[attr(refers("subnet", "id"))]
        subnet_ids: BTreeSet<String>,
    }
    /// Where a database may be.
    DbSubnetGroup {
        /// Its name.
        #[attr(create_only)]
        name: Name,
        /// Where.
        #[attr(refers("subnet", "id"))]
        subnet_ids: BTreeSet<String>,
    }
    /// A database.
    DbInstance {
        /// Its name.
        #[attr(create_only)]
        identifier: Name,
        /// How big, in GiB.
        allocated_storage: i32,
        /// Which engine.
        #[attr(create_only, default = "postgres")]
        engine: String,
        /// Where.
        #[attr(create_only, refers("db_subnet_group", "name"))]
        db_subnet_group_name: Option<String>,
        /// Its password.
        #[attr(write_only)]
        password: Option<Secret>,
        /// When to send the password again.
        password_version: Option<i32>,
        /// Whether it is gone without a snapshot.
        #[attr(default = false)]
        skip_final_snapshot: bool,
    }
    /// What a database tells.
    DbInstanceOutputs {
        /// Where it answers.
        #[attr(looks_like = "{name}.{hex:12}.{region}.rds.amazonaws.com")]
        address: String,
        /// Its ARN.
        #[attr(looks_like = "arn:aws:rds:{region}:{account}:db:{name}")]
        arn: String,
    }
    /// Who may do what.
    IamRole {
        /// Its name.
        #[attr(create_only)]
        name: Name,
        /// Who may take it on.
        #[attr(policy = Trust)]
        assume_role_policy: Policy,
        /// Its policies by name.
        #[attr(settled, policy = Identity)]
        inline_policy: BTreeMap<String, Policy>,
    }
    /// What most things with an ARN tell.
    Arn {
        /// Its ARN.
        #[attr(looks_like = "arn:aws:iam::{account}:role/{name}")]
        arn: String,
    }
    /// A store of files.
    S3Bucket {
        /// Its name.
        #[attr(create_only)]
        bucket: Name,
        /// Whether old versions are kept.
        #[attr(default = false)]
        versioning: bool,
        /// Who may do what.
        #[attr(settled)]
        policy: Option<Policy>,
        /// Who copies it.
        #[attr(settled, refers("iam_role", "arn"))]
        replication_role: Option<String>,
    }
    /// A metric made of lines of a log; takes no tags.
    MetricFilter {
        /// Its name.
        #[attr(create_only)]
        name: Name,
        /// Whose lines.
        #[attr(create_only, refers("log_group", "name"))]
        log_group_name: String,
        /// What it looks for.
        #[attr(default = "")]
        pattern: String,
    }
    /// A log.
    LogGroup {
        /// Its name.
        #[attr(create_only)]
        name: Name,
        /// For how many days.
        #[attr(default = 30)]
        retention_in_days: i32,
    }
    /// A parameter's place.
    ParameterName {
        /// Its name.
        name: String,
    }
    /// A parameter.
    Parameter {
        /// What it holds.
        value: String,
    }
}

impl Ord for Rule {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}
impl PartialOrd for Rule {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Rule {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Rule {}

const fn naming(attribute: &'static str, max: usize, unique: Unique) -> Naming {
    Naming { attribute, max, allowed: NameChars::LowerHyphen, unique }
}

static PARAMETER: LookupFacts = LookupFacts {
    name: "ssm_parameter",
    service: "ssm",
    declared: &ParameterName::BLOCK,
    outputs: &Parameter::BLOCK,
    actions: &["ssm:GetParameter"],
};

/// The kinds and lookups.
pub(crate) fn registry() -> Registry {
    let ec2 = Facts { service: "ec2", outputs: &Id::BLOCK, ..Facts::REGIONAL };
    let kinds = [
        Facts { name: "vpc", declared: &Vpc::BLOCK, ..ec2 },
        Facts {
            name: "subnet",
            declared: &Subnet::BLOCK,
            replacement: Replacement::DestroyFirstUnless(&["vpc_id", "cidr_block"], "two cannot have the same network"),
            deleted_after: &["nat_gateway"],
            ..ec2
        },
        Facts { name: "eip", declared: &Eip::BLOCK, ..ec2 },
        Facts {
            name: "nat_gateway",
            declared: &NatGateway::BLOCK,
            replacement: Replacement::DestroyFirstUnless(&["allocation_id"], "an address serves one"),
            ..ec2
        },
        Facts { name: "internet_gateway", declared: &InternetGateway::BLOCK, deleted_after: &["nat_gateway"], ..ec2 },
        Facts {
            name: "security_group",
            declared: &SecurityGroup::BLOCK,
            naming: Some(naming("name", 255, Unique::Account)),
            ..ec2
        },
        Facts {
            name: "launch_template",
            declared: &LaunchTemplate::BLOCK,
            outputs: &LaunchTemplateOutputs::BLOCK,
            naming: Some(naming("name", 128, Unique::Account)),
            ..ec2
        },
        Facts {
            name: "autoscaling_group",
            service: "autoscaling",
            declared: &AutoscalingGroup::BLOCK,
            outputs: &Arn::BLOCK,
            naming: Some(naming("name", 255, Unique::Account)),
            ..ec2
        },
        Facts {
            name: "db_subnet_group",
            service: "rds",
            declared: &DbSubnetGroup::BLOCK,
            outputs: &Arn::BLOCK,
            naming: Some(naming("name", 255, Unique::Account)),
            ..Facts::REGIONAL
        },
        Facts {
            name: "db_instance",
            service: "rds",
            declared: &DbInstance::BLOCK,
            outputs: &DbInstanceOutputs::BLOCK,
            naming: Some(naming("identifier", 63, Unique::Account)),
            data: Some("the database and its automated backups"),
            replacement: Replacement::DestroyFirst("two cannot have the same data"),
            ..Facts::REGIONAL
        },
        Facts {
            name: "iam_role",
            service: "iam",
            declared: &IamRole::BLOCK,
            outputs: &Arn::BLOCK,
            place: Place::Global,
            naming: Some(naming("name", 64, Unique::Account)),
            ..Facts::REGIONAL
        },
        Facts {
            name: "s3_bucket",
            service: "s3",
            declared: &S3Bucket::BLOCK,
            outputs: &Arn::BLOCK,
            naming: Some(naming("bucket", 63, Unique::World)),
            data: Some("all objects"),
            ..Facts::REGIONAL
        },
        Facts {
            name: "log_group",
            service: "logs",
            declared: &LogGroup::BLOCK,
            outputs: &Arn::BLOCK,
            naming: Some(naming("name", 512, Unique::Account)),
            ..Facts::REGIONAL
        },
        Facts {
            name: "metric_filter",
            service: "logs",
            declared: &MetricFilter::BLOCK,
            outputs: &Id::BLOCK,
            naming: Some(naming("name", 512, Unique::Parent)),
            mark: Mark::Prefix,
            found: Found::Child(&["log_group"]),
            ..Facts::REGIONAL
        },
    ];
    tables::registry(Tables::all(kinds).into_iter().map(|kind| kind.replaced(shrinks)), [&PARAMETER])
}

/// Storage that shrinks.
fn shrinks(declared: &Map, observed: &Map) -> Option<(&'static str, String)> {
    let size = |map: &Map| map.get("allocated_storage")?.as_number();
    let shrinks = size(declared)? < size(observed)?;
    shrinks.then(|| ("allocated_storage", "storage cannot shrink".to_owned()))
}
