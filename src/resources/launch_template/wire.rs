//! A launch template's data as the API takes and gives it. AWS fills in nothing: what was not written is not there.

use aws_sdk_ec2::types as sdk;
use aws_smithy_types::base64;

use super::LaunchTemplate;
use super::blocks::{
    BlockDeviceMapping, CpuOptions, CreditSpecification, Ebs, EnclaveOptions, HibernationOptions, IamInstanceProfile,
    InstanceMarketOptions, MaintenanceOptions, MetadataOptions, Monitoring, NetworkInterface, Placement,
    PrivateDnsNameOptions, SpotOptions, TagSpecification,
};

/// The whole data of a new version.
pub(super) fn request(template: &LaunchTemplate) -> sdk::RequestLaunchTemplateData {
    let t = template;
    sdk::RequestLaunchTemplateData::builder()
        .set_image_id(t.image_id.clone())
        .set_instance_type(enumerated(t.instance_type.as_deref()))
        .set_key_name(t.key_name.clone())
        .set_user_data(t.user_data.as_deref().map(base64::encode))
        .set_security_group_ids(list(t.vpc_security_group_ids.iter().cloned()))
        .set_iam_instance_profile(t.iam_instance_profile.as_ref().map(|profile| {
            sdk::LaunchTemplateIamInstanceProfileSpecificationRequest::builder()
                .set_name(profile.name.clone())
                .set_arn(profile.arn.clone())
                .build()
        }))
        .set_block_device_mappings(list(t.block_device_mappings.iter().map(request_device)))
        .set_network_interfaces(list(t.network_interfaces.iter().map(request_interface)))
        .set_metadata_options(t.metadata_options.as_ref().map(|options| {
            sdk::LaunchTemplateInstanceMetadataOptionsRequest::builder()
                .set_http_endpoint(enumerated(options.http_endpoint.as_deref()))
                .set_http_tokens(enumerated(options.http_tokens.as_deref()))
                .set_http_put_response_hop_limit(options.http_put_response_hop_limit)
                .set_http_protocol_ipv6(enumerated(options.http_protocol_ipv6.as_deref()))
                .set_instance_metadata_tags(enumerated(options.instance_metadata_tags.as_deref()))
                .build()
        }))
        .set_monitoring(
            t.monitoring
                .as_ref()
                .map(|monitoring| sdk::LaunchTemplatesMonitoringRequest::builder().enabled(monitoring.enabled).build()),
        )
        .set_tag_specifications(list(t.tag_specifications.iter().map(request_tags)))
        .set_credit_specification(
            t.credit_specification
                .as_ref()
                .map(|credit| sdk::CreditSpecificationRequest::builder().cpu_credits(&credit.cpu_credits).build()),
        )
        .set_cpu_options(t.cpu_options.as_ref().map(|cpu| {
            sdk::LaunchTemplateCpuOptionsRequest::builder()
                .set_core_count(cpu.core_count)
                .set_threads_per_core(cpu.threads_per_core)
                .set_amd_sev_snp(enumerated(cpu.amd_sev_snp.as_deref()))
                .build()
        }))
        .set_placement(t.placement.as_ref().map(request_placement))
        .set_instance_market_options(t.instance_market_options.as_ref().map(request_market))
        .set_ebs_optimized(t.ebs_optimized)
        .set_disable_api_termination(t.disable_api_termination)
        .set_disable_api_stop(t.disable_api_stop)
        .set_instance_initiated_shutdown_behavior(enumerated(t.instance_initiated_shutdown_behavior.as_deref()))
        .set_hibernation_options(t.hibernation_options.as_ref().map(|options| {
            sdk::LaunchTemplateHibernationOptionsRequest::builder().configured(options.configured).build()
        }))
        .set_enclave_options(
            t.enclave_options
                .as_ref()
                .map(|options| sdk::LaunchTemplateEnclaveOptionsRequest::builder().enabled(options.enabled).build()),
        )
        .set_maintenance_options(t.maintenance_options.as_ref().map(|options| {
            sdk::LaunchTemplateInstanceMaintenanceOptionsRequest::builder()
                .auto_recovery(options.auto_recovery.as_str().into())
                .build()
        }))
        .set_private_dns_name_options(t.private_dns_name_options.as_ref().map(|options| {
            sdk::LaunchTemplatePrivateDnsNameOptionsRequest::builder()
                .set_hostname_type(enumerated(options.hostname_type.as_deref()))
                .set_enable_resource_name_dns_a_record(options.enable_resource_name_dns_a_record)
                .set_enable_resource_name_dns_aaaa_record(options.enable_resource_name_dns_aaaa_record)
                .build()
        }))
        .build()
}

/// AWS's enums, from the words that a stack writes.
fn enumerated<'a, T: From<&'a str>>(word: Option<&'a str>) -> Option<T> {
    word.map(T::from)
}

/// A list; one without entries is not sent.
fn list<T>(items: impl ExactSizeIterator<Item = T>) -> Option<Vec<T>> {
    (items.len() > 0).then(|| items.collect())
}

fn request_device(device: &BlockDeviceMapping) -> sdk::LaunchTemplateBlockDeviceMappingRequest {
    let ebs = device.ebs.as_ref().map(|ebs| {
        sdk::LaunchTemplateEbsBlockDeviceRequest::builder()
            .set_volume_size(ebs.volume_size)
            .set_volume_type(enumerated(ebs.volume_type.as_deref()))
            .set_iops(ebs.iops)
            .set_throughput(ebs.throughput)
            .set_encrypted(ebs.encrypted)
            .set_kms_key_id(ebs.kms_key_id.clone())
            .set_snapshot_id(ebs.snapshot_id.clone())
            .set_delete_on_termination(ebs.delete_on_termination)
            .build()
    });
    sdk::LaunchTemplateBlockDeviceMappingRequest::builder()
        .device_name(&device.device_name)
        .set_ebs(ebs)
        .set_no_device(device.no_device.clone())
        .set_virtual_name(device.virtual_name.clone())
        .build()
}

fn request_interface(interface: &NetworkInterface) -> sdk::LaunchTemplateInstanceNetworkInterfaceSpecificationRequest {
    sdk::LaunchTemplateInstanceNetworkInterfaceSpecificationRequest::builder()
        .device_index(interface.device_index)
        .set_associate_public_ip_address(interface.associate_public_ip_address)
        .set_groups(list(interface.security_groups.iter().cloned()))
        .set_subnet_id(interface.subnet_id.clone())
        .set_network_interface_id(interface.network_interface_id.clone())
        .set_private_ip_address(interface.private_ip_address.clone())
        .set_ipv6_address_count(interface.ipv6_address_count)
        .set_network_card_index(interface.network_card_index)
        .set_interface_type(interface.interface_type.clone())
        .set_description(interface.description.clone())
        .set_delete_on_termination(interface.delete_on_termination)
        .build()
}

fn request_tags(tags: &TagSpecification) -> sdk::LaunchTemplateTagSpecificationRequest {
    let pairs = tags.tags.iter().map(|(key, value)| sdk::Tag::builder().key(key).value(value).build());
    sdk::LaunchTemplateTagSpecificationRequest::builder()
        .resource_type(tags.resource_type.as_str().into())
        .set_tags(Some(pairs.collect()))
        .build()
}

fn request_placement(placement: &Placement) -> sdk::LaunchTemplatePlacementRequest {
    sdk::LaunchTemplatePlacementRequest::builder()
        .set_availability_zone(placement.availability_zone.clone())
        .set_tenancy(enumerated(placement.tenancy.as_deref()))
        .set_group_name(placement.group_name.clone())
        .set_partition_number(placement.partition_number)
        .set_host_id(placement.host_id.clone())
        .set_host_resource_group_arn(placement.host_resource_group_arn.clone())
        .set_affinity(placement.affinity.clone())
        .build()
}

fn request_market(market: &InstanceMarketOptions) -> sdk::LaunchTemplateInstanceMarketOptionsRequest {
    let spot = market.spot_options.as_ref().map(|spot| {
        sdk::LaunchTemplateSpotMarketOptionsRequest::builder()
            .set_max_price(spot.max_price.clone())
            .set_spot_instance_type(enumerated(spot.spot_instance_type.as_deref()))
            .set_instance_interruption_behavior(enumerated(spot.instance_interruption_behavior.as_deref()))
            .build()
    });
    sdk::LaunchTemplateInstanceMarketOptionsRequest::builder()
        .market_type(market.market_type.as_str().into())
        .set_spot_options(spot)
        .build()
}

/// What a version says. Name, description and what is said of versions are not part of it.
pub(super) fn response(data: Option<&sdk::ResponseLaunchTemplateData>) -> LaunchTemplate {
    let nothing = sdk::ResponseLaunchTemplateData::builder().build();
    let d = data.unwrap_or(&nothing);
    LaunchTemplate {
        name: "".into(),
        description: None,
        update_default_version: true,
        image_id: d.image_id.clone(),
        instance_type: word(d.instance_type()),
        key_name: d.key_name.clone(),
        user_data: d.user_data().filter(|encoded| !encoded.is_empty()).map(decoded),
        vpc_security_group_ids: d.security_group_ids().iter().cloned().collect(),
        iam_instance_profile: d
            .iam_instance_profile()
            .map(|profile| IamInstanceProfile { name: profile.name.clone(), arn: profile.arn.clone() }),
        block_device_mappings: d.block_device_mappings().iter().map(response_device).collect(),
        network_interfaces: d.network_interfaces().iter().map(response_interface).collect(),
        metadata_options: d.metadata_options().map(|options| MetadataOptions {
            http_endpoint: word(options.http_endpoint()),
            http_tokens: word(options.http_tokens()),
            http_put_response_hop_limit: options.http_put_response_hop_limit(),
            http_protocol_ipv6: word(options.http_protocol_ipv6()),
            instance_metadata_tags: word(options.instance_metadata_tags()),
        }),
        monitoring: d.monitoring().map(|monitoring| Monitoring { enabled: monitoring.enabled().unwrap_or_default() }),
        tag_specifications: d.tag_specifications().iter().map(response_tags).collect(),
        credit_specification: d
            .credit_specification()
            .and_then(|credit| Some(CreditSpecification { cpu_credits: credit.cpu_credits.clone()? })),
        cpu_options: d.cpu_options().map(|cpu| CpuOptions {
            core_count: cpu.core_count(),
            threads_per_core: cpu.threads_per_core(),
            amd_sev_snp: word(cpu.amd_sev_snp()),
        }),
        placement: d.placement().map(response_placement),
        instance_market_options: d.instance_market_options().map(response_market),
        ebs_optimized: d.ebs_optimized(),
        disable_api_termination: d.disable_api_termination(),
        disable_api_stop: d.disable_api_stop(),
        instance_initiated_shutdown_behavior: word(d.instance_initiated_shutdown_behavior()),
        hibernation_options: d
            .hibernation_options()
            .map(|options| HibernationOptions { configured: options.configured().unwrap_or_default() }),
        enclave_options: d
            .enclave_options()
            .map(|options| EnclaveOptions { enabled: options.enabled().unwrap_or_default() }),
        maintenance_options: d
            .maintenance_options()
            .and_then(|options| Some(MaintenanceOptions { auto_recovery: word(options.auto_recovery())? })),
        private_dns_name_options: d.private_dns_name_options().map(|options| PrivateDnsNameOptions {
            hostname_type: word(options.hostname_type()),
            enable_resource_name_dns_a_record: options.enable_resource_name_dns_a_record(),
            enable_resource_name_dns_aaaa_record: options.enable_resource_name_dns_aaaa_record(),
        }),
    }
}

/// The word of one of AWS's enums.
fn word<T: AsRef<str>>(value: Option<&T>) -> Option<String> {
    value.map(|value| value.as_ref().to_owned())
}

/// The text behind base64; what is no text is shown with replacement characters.
fn decoded(encoded: &str) -> String {
    match base64::decode(encoded) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(_) => encoded.to_owned(),
    }
}

fn response_device(device: &sdk::LaunchTemplateBlockDeviceMapping) -> BlockDeviceMapping {
    BlockDeviceMapping {
        device_name: device.device_name().unwrap_or_default().to_owned(),
        ebs: device.ebs().map(|ebs| Ebs {
            volume_size: ebs.volume_size(),
            volume_type: word(ebs.volume_type()),
            iops: ebs.iops(),
            throughput: ebs.throughput(),
            encrypted: ebs.encrypted(),
            kms_key_id: ebs.kms_key_id.clone(),
            snapshot_id: ebs.snapshot_id.clone(),
            delete_on_termination: ebs.delete_on_termination(),
        }),
        no_device: device.no_device.clone(),
        virtual_name: device.virtual_name.clone(),
    }
}

fn response_interface(interface: &sdk::LaunchTemplateInstanceNetworkInterfaceSpecification) -> NetworkInterface {
    NetworkInterface {
        device_index: interface.device_index().unwrap_or_default(),
        associate_public_ip_address: interface.associate_public_ip_address(),
        security_groups: interface.groups().iter().cloned().collect(),
        subnet_id: interface.subnet_id.clone(),
        network_interface_id: interface.network_interface_id.clone(),
        private_ip_address: interface.private_ip_address.clone(),
        ipv6_address_count: interface.ipv6_address_count(),
        network_card_index: interface.network_card_index(),
        interface_type: interface.interface_type.clone(),
        description: interface.description.clone(),
        delete_on_termination: interface.delete_on_termination(),
    }
}

fn response_tags(tags: &sdk::LaunchTemplateTagSpecification) -> TagSpecification {
    let pairs = tags.tags().iter().filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default())));
    TagSpecification { resource_type: word(tags.resource_type()).unwrap_or_default(), tags: pairs.collect() }
}

fn response_placement(placement: &sdk::LaunchTemplatePlacement) -> Placement {
    Placement {
        availability_zone: placement.availability_zone.clone(),
        tenancy: word(placement.tenancy()),
        group_name: placement.group_name.clone(),
        partition_number: placement.partition_number(),
        host_id: placement.host_id.clone(),
        host_resource_group_arn: placement.host_resource_group_arn.clone(),
        affinity: placement.affinity.clone(),
    }
}

fn response_market(market: &sdk::LaunchTemplateInstanceMarketOptions) -> InstanceMarketOptions {
    InstanceMarketOptions {
        market_type: word(market.market_type()).unwrap_or_else(|| "spot".to_owned()),
        spot_options: market.spot_options().map(|spot| SpotOptions {
            max_price: spot.max_price.clone(),
            spot_instance_type: word(spot.spot_instance_type()),
            instance_interruption_behavior: word(spot.instance_interruption_behavior()),
        }),
    }
}
