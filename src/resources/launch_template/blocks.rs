//! The blocks of a launch template.

use std::collections::{BTreeMap, BTreeSet};

use clefctl_core::kind::Attributes;
use serde::{Deserialize, Serialize};

/// The role that programs on the instance have.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(exactly_one("name", "arn"))]
pub struct IamInstanceProfile {
    /// Name of the instance profile.
    #[attr(refers("iam_instance_profile", "name"))]
    pub(super) name: Option<String>,
    /// ARN of the instance profile.
    #[attr(refers("iam_instance_profile", "arn"))]
    pub(super) arn: Option<String>,
}

/// A volume.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(at_most_one("ebs", "no_device", "virtual_name"))]
pub struct BlockDeviceMapping {
    /// Name of the device as the image knows it, such as `/dev/xvda`.
    pub(super) device_name: String,
    /// An EBS volume.
    pub(super) ebs: Option<Ebs>,
    /// Any text: the image's own device of that name is left out.
    pub(super) no_device: Option<String>,
    /// A disk of the host, such as `ephemeral0`.
    pub(super) virtual_name: Option<String>,
}

/// An EBS volume.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(at_least_one(
    "volume_size", "volume_type", "snapshot_id", "encrypted", "kms_key_id", "iops", "throughput",
    "delete_on_termination"
))]
pub struct Ebs {
    /// Size in GiB.
    #[attr(range(1, 65_536))]
    pub(super) volume_size: Option<i32>,
    /// Type.
    #[attr(values("gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"))]
    pub(super) volume_type: Option<String>,
    /// Operations per second, for gp3, io1 and io2.
    #[attr(range(100, 256_000))]
    pub(super) iops: Option<i32>,
    /// Throughput in MiB/s, for gp3.
    #[attr(range(125, 2000))]
    pub(super) throughput: Option<i32>,
    /// Whether it is encrypted.
    pub(super) encrypted: Option<bool>,
    /// Key that it is encrypted with.
    #[attr(refers("kms_key", "arn"))]
    pub(super) kms_key_id: Option<String>,
    /// Snapshot that it starts from.
    pub(super) snapshot_id: Option<String>,
    /// Whether it goes with the instance.
    pub(super) delete_on_termination: Option<bool>,
}

/// A network interface.
#[expect(clippy::struct_field_names, reason = "Terraform calls it so")]
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct NetworkInterface {
    /// Its position; the first is 0.
    #[attr(default = 0, range(0, 14))]
    pub(super) device_index: i32,
    /// Whether it has a public address.
    pub(super) associate_public_ip_address: Option<bool>,
    /// Its security groups.
    #[attr(refers("security_group", "id"))]
    pub(super) security_groups: BTreeSet<String>,
    /// Its subnet; an Auto Scaling group chooses by itself.
    #[attr(refers("subnet", "id"))]
    pub(super) subnet_id: Option<String>,
    /// An interface that exists, instead of a new one.
    pub(super) network_interface_id: Option<String>,
    /// Its private address.
    pub(super) private_ip_address: Option<String>,
    /// How many IPv6 addresses it has.
    #[attr(range(1, 50))]
    pub(super) ipv6_address_count: Option<i32>,
    /// Which network card it sits on.
    #[attr(range(0, 31))]
    pub(super) network_card_index: Option<i32>,
    /// Its type.
    #[attr(values("interface", "efa", "efa-only"))]
    pub(super) interface_type: Option<String>,
    /// What it is for.
    pub(super) description: Option<String>,
    /// Whether it goes with the instance.
    pub(super) delete_on_termination: Option<bool>,
}

/// How programs on the instance ask for metadata and credentials.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(at_least_one(
    "http_endpoint", "http_tokens", "http_put_response_hop_limit", "http_protocol_ipv6", "instance_metadata_tags"
))]
pub struct MetadataOptions {
    /// Whether it answers at all.
    #[attr(values("enabled", "disabled"))]
    pub(super) http_endpoint: Option<String>,
    /// Whether a token is needed (IMDSv2), which keeps attackers from credentials.
    #[attr(values("required", "optional"))]
    pub(super) http_tokens: Option<String>,
    /// How many hops an answer may take; containers need 2.
    #[attr(range(1, 64))]
    pub(super) http_put_response_hop_limit: Option<i32>,
    /// Whether it answers over IPv6.
    #[attr(values("enabled", "disabled"))]
    pub(super) http_protocol_ipv6: Option<String>,
    /// Whether it tells the instance's tags.
    #[attr(values("enabled", "disabled"))]
    pub(super) instance_metadata_tags: Option<String>,
}

/// Metrics every minute.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Monitoring {
    /// Whether they are on.
    pub(super) enabled: bool,
}

/// Tags of what is launched.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagSpecification {
    /// What they are put on.
    #[attr(values("instance", "volume", "network-interface", "spot-instances-request"))]
    pub(super) resource_type: String,
    /// The tags.
    #[attr(length(1, 50))]
    pub(super) tags: BTreeMap<String, String>,
}

/// How burstable instances pay for bursts.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct CreditSpecification {
    /// From savings only (`standard`), or on the bill (`unlimited`).
    #[attr(values("standard", "unlimited"))]
    pub(super) cpu_credits: String,
}

/// Cores and threads.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(at_least_one("core_count", "threads_per_core", "amd_sev_snp"))]
pub struct CpuOptions {
    /// How many cores.
    #[attr(range(1, 192))]
    pub(super) core_count: Option<i32>,
    /// How many threads each core has.
    #[attr(range(1, 2))]
    pub(super) threads_per_core: Option<i32>,
    /// Whether memory is encrypted by the processor.
    #[attr(values("enabled", "disabled"))]
    pub(super) amd_sev_snp: Option<String>,
}

/// Where the hardware stands.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(at_least_one(
    "availability_zone", "tenancy", "group_name", "partition_number", "host_id", "host_resource_group_arn", "affinity"
))]
pub struct Placement {
    /// Zone.
    pub(super) availability_zone: Option<String>,
    /// Whether other customers share it.
    #[attr(values("default", "dedicated", "host"))]
    pub(super) tenancy: Option<String>,
    /// Placement group.
    pub(super) group_name: Option<String>,
    /// Partition of the placement group.
    #[attr(range(1, 7))]
    pub(super) partition_number: Option<i32>,
    /// Dedicated host.
    pub(super) host_id: Option<String>,
    /// Group of dedicated hosts.
    pub(super) host_resource_group_arn: Option<String>,
    /// Whether the instance stays on its dedicated host.
    #[attr(values("default", "host"))]
    pub(super) affinity: Option<String>,
}

/// Spot instances, or capacity blocks.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct InstanceMarketOptions {
    /// Which market.
    #[attr(values("spot", "capacity-block"))]
    pub(super) market_type: String,
    /// Terms of spot instances.
    pub(super) spot_options: Option<SpotOptions>,
}

/// Terms of spot instances.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(at_least_one("max_price", "spot_instance_type", "instance_interruption_behavior"))]
pub struct SpotOptions {
    /// The most that is paid, in dollars per hour, such as `0.05`.
    pub(super) max_price: Option<String>,
    /// Whether it is asked for again after an interruption; an Auto Scaling group takes `one-time` only.
    #[attr(values("one-time", "persistent"))]
    pub(super) spot_instance_type: Option<String>,
    /// What becomes of an interrupted instance.
    #[attr(values("hibernate", "stop", "terminate"))]
    pub(super) instance_interruption_behavior: Option<String>,
}

/// Whether instances can be hibernated.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct HibernationOptions {
    /// Whether they can.
    pub(super) configured: bool,
}

/// Whether instances can have Nitro Enclaves.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct EnclaveOptions {
    /// Whether they can.
    pub(super) enabled: bool,
}

/// Recovery from failures of the hardware.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct MaintenanceOptions {
    /// Whether AWS moves the instance by itself.
    #[attr(values("default", "disabled"))]
    pub(super) auto_recovery: String,
}

/// Names of the instances inside the VPC.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(at_least_one(
    "hostname_type", "enable_resource_name_dns_a_record", "enable_resource_name_dns_aaaa_record"
))]
pub struct PrivateDnsNameOptions {
    /// Made of the address, or of the instance's id.
    #[attr(values("ip-name", "resource-name"))]
    pub(super) hostname_type: Option<String>,
    /// Whether the name resolves to the IPv4 address.
    pub(super) enable_resource_name_dns_a_record: Option<bool>,
    /// Whether the name resolves to the IPv6 address.
    pub(super) enable_resource_name_dns_aaaa_record: Option<bool>,
}
