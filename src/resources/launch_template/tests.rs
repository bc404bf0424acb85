use aws_sdk_ec2::types::{LaunchTemplateEbsBlockDevice, ResponseLaunchTemplateData};
use aws_smithy_types::base64;

use super::*;

fn unwritten() -> LaunchTemplate {
    wire::response(None)
}

#[test]
fn what_is_not_written_is_not_sent() {
    let data = wire::request(&unwritten());
    assert_eq!(data, aws_sdk_ec2::types::RequestLaunchTemplateData::builder().build());
}

#[test]
fn user_data_is_encoded_on_the_wire_only() {
    let template = LaunchTemplate { user_data: Some("#!/bin/sh\necho é\n".to_owned()), ..unwritten() };
    let sent = wire::request(&template);
    assert_eq!(sent.user_data(), Some(base64::encode("#!/bin/sh\necho é\n").as_str()));
    let data = ResponseLaunchTemplateData::builder().set_user_data(sent.user_data).build();
    assert_eq!(wire::response(Some(&data)), template);
}

#[test]
fn volumes_are_read_as_they_were_written() {
    let volume = LaunchTemplateEbsBlockDevice::builder().volume_size(20).volume_type("gp3".into()).encrypted(true);
    let device = aws_sdk_ec2::types::LaunchTemplateBlockDeviceMapping::builder().device_name("/dev/xvda");
    let data = ResponseLaunchTemplateData::builder().block_device_mappings(device.ebs(volume.build()).build()).build();
    let read = wire::response(Some(&data));
    let ebs = read.block_device_mappings.first().and_then(|device| device.ebs.clone());
    assert_eq!(
        ebs.map(|ebs| (ebs.volume_size, ebs.volume_type, ebs.encrypted, ebs.iops)),
        Some((Some(20), Some("gp3".to_owned()), Some(true), None))
    );
}

#[test]
fn user_data_has_a_limit_in_bytes() {
    for (text, fits) in [("x".repeat(16 * 1024), true), ("é".repeat(8 * 1024 + 1), false)] {
        let template = LaunchTemplate { user_data: Some(text), ..unwritten() };
        assert_eq!(template.check().is_empty(), fits);
    }
}

#[test]
fn groups_stand_in_one_place() {
    let interface = NetworkInterface { associate_public_ip_address: Some(true), ..interface() };
    let template = LaunchTemplate {
        vpc_security_group_ids: BTreeSet::from(["sg-1".to_owned()]),
        network_interfaces: vec![interface],
        ..unwritten()
    };
    assert_eq!(template.check().first().map(|broken| broken.path.clone()), Some("vpc_security_group_ids".to_owned()));
}

#[test]
fn a_default_version_that_is_left_alone_may_be_any() {
    let same = |declared: bool, observed: bool| left_alone(&Value::Bool(declared), &Value::Bool(observed));
    assert!(same(false, true) && same(false, false) && same(true, true) && !same(true, false));
}

fn interface() -> NetworkInterface {
    serde_json::from_str(r#"{"device_index": 0, "security_groups": []}"#).unwrap()
}
