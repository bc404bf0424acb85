//! Replacement decisions agree with what AWS can and cannot change.
//!
//! `MARKS` are the create-only marks of the page on AWS's semantics (that page is not in the repository), under the
//! names that stacks use. Where AWS's API can update what CloudFormation replaces, clefctl updates: `UPDATED`. Where it
//! replaces although there is no mark, `REPLACED` says why. An exception that is not needed fails the test, and so does
//! a kind of which nothing is said.

use std::collections::BTreeSet;

use super::registry;

/// By kind, what cannot be changed once it is made. What a kind does not have is not missed.
const MARKS: &[(&str, &[&str])] = &[
    ("acm_certificate", &["domain_name", "subject_alternative_names", "key_algorithm", "certificate_authority_arn"]),
    ("autoscaling_group", &["name"]),
    ("autoscaling_lifecycle_hook", &["autoscaling_group_name", "name"]),
    ("autoscaling_policy", &["autoscaling_group_name"]),
    ("autoscaling_schedule", &["autoscaling_group_name"]),
    ("budgets_budget", &["name"]),
    ("cloudwatch_composite_alarm", &["alarm_name"]),
    ("cloudwatch_dashboard", &[]),
    ("cloudwatch_log_group", &["name", "log_group_class"]),
    ("cloudwatch_log_metric_filter", &["name", "log_group_name"]),
    ("cloudwatch_metric_alarm", &["alarm_name"]),
    ("cognito_identity_pool", &[]),
    ("cognito_user_group", &["name"]),
    ("cognito_user_pool", &["username_attributes", "alias_attributes", "username_configuration"]),
    ("cognito_user_pool_client", &["user_pool_id", "generate_secret"]),
    ("cognito_user_pool_domain", &["domain", "user_pool_id"]),
    (
        "db_instance",
        &[
            "identifier", "db_name", "username", "storage_encrypted", "kms_key_id", "character_set_name", "timezone",
            "db_subnet_group_name", "backup_target", "custom_iam_instance_profile",
        ],
    ),
    ("db_parameter_group", &["name", "family", "description"]),
    ("db_snapshot", &["db_snapshot_identifier", "db_instance_identifier"]),
    ("db_subnet_group", &["name"]),
    ("eip", &["domain", "address", "public_ipv4_pool", "network_border_group"]),
    (
        "flow_log",
        &[
            "vpc_id", "subnet_id", "eni_id", "traffic_type", "log_destination_type", "log_destination", "iam_role_arn",
            "log_format", "max_aggregation_interval", "destination_options", "deliver_cross_account_role",
        ],
    ),
    ("iam_group", &[]),
    ("iam_instance_profile", &["name", "path"]),
    ("iam_openid_connect_provider", &["url"]),
    ("iam_policy", &["name", "path", "description"]),
    ("iam_role", &["name", "path"]),
    ("iam_user", &[]),
    ("internet_gateway", &[]),
    ("key_pair", &["key_name", "public_key"]),
    ("kms_key", &["customer_master_key_spec", "key_usage", "origin", "multi_region", "custom_key_store_id"]),
    ("launch_template", &["name"]),
    ("lb", &["name", "internal", "load_balancer_type"]),
    ("lb_listener", &["load_balancer_arn"]),
    ("lb_listener_rule", &["listener_arn"]),
    ("lb_target_group", &["name", "port", "protocol", "protocol_version", "target_type", "vpc_id", "ip_address_type"]),
    ("nat_gateway", &["subnet_id", "allocation_id", "connectivity_type", "private_ip", "availability_mode", "vpc_id"]),
    ("route53_record", &["zone_id"]),
    ("route53_zone", &["name", "delegation_set_id"]),
    ("route_table", &["vpc_id"]),
    ("s3_bucket", &["bucket"]),
    ("s3_object", &["bucket", "key"]),
    ("secretsmanager_secret", &["name"]),
    ("security_group", &["name", "description", "vpc_id"]),
    ("security_group_rule", &[]),
    ("sns_topic", &["name", "fifo_topic"]),
    ("sns_topic_subscription", &["topic_arn", "protocol", "endpoint"]),
    ("ssm_parameter", &["name"]),
    ("subnet", &["vpc_id", "cidr_block", "availability_zone", "availability_zone_id", "ipv6_native", "outpost_arn"]),
    ("vpc", &["cidr_block", "ipv4_ipam_pool_id"]),
    ("vpc_endpoint", &["vpc_id", "service_name", "vpc_endpoint_type"]),
];

/// Marked, and updated all the same: AWS's API can.
const UPDATED: &[(&str, &str, &str)] = &[];

/// Not marked, and replaced all the same.
const REPLACED: &[(&str, &str, &str)] = &[
    ("acm_certificate", "validation_method", "a method that changes asks for proof anew, as a new certificate does"),
    ("autoscaling_policy", "name", "the name is all that it is known by; there is no call to rename"),
    (
        "autoscaling_schedule",
        "scheduled_action_name",
        "the name is all that it is known by; there is no call to rename",
    ),
    ("cloudwatch_dashboard", "dashboard_name", "the name is all that it is known by; there is no call to rename"),
    ("cognito_identity_pool", "developer_provider_name", "AWS: once you have set it, you cannot change it"),
    ("cognito_user_group", "user_pool_id", "a group is a part of its pool"),
    ("db_instance", "availability_zone", "a database is moved to another zone by a restore or a failover only"),
    ("db_instance", "engine", "data of one engine is no data of another"),
    ("db_instance", "nchar_character_set_name", "a database's texts are stored in it; RDS has no call to change it"),
    ("route53_record", "name", "a record is known by name, type and identifier; another one is another record"),
    (
        "route53_record",
        "set_identifier",
        "a record is known by name, type and identifier; another one is another record",
    ),
    ("route53_record", "type", "a record is known by name, type and identifier; another one is another record"),
    ("security_group_rule", "cidr_blocks", RULE),
    ("security_group_rule", "from_port", RULE),
    ("security_group_rule", "ipv6_cidr_blocks", RULE),
    ("security_group_rule", "prefix_list_ids", RULE),
    ("security_group_rule", "protocol", RULE),
    ("security_group_rule", "security_group_id", RULE),
    ("security_group_rule", "self", RULE),
    ("security_group_rule", "source_security_group_id", RULE),
    ("security_group_rule", "to_port", RULE),
    ("security_group_rule", "type", RULE),
    ("ssm_parameter", "type", "AWS keeps the type of a parameter for ever: HierarchyTypeMismatchException"),
    ("subnet", "ipv6_cidr_block", "AWS refuses to take a network away under addresses that are in use"),
];

const RULE: &str = "a rule is what it allows; the new one is there before the old one goes, so that nothing is cut off";

#[test]
fn replacement_agrees_with_what_aws_cannot_change() {
    let mut wrong = Vec::new();
    let updated = |kind: &str, name: &str| UPDATED.iter().any(|(k, n, _)| (*k, *n) == (kind, name));
    let replaced = |kind: &str, name: &str| REPLACED.iter().any(|(k, n, _)| (*k, *n) == (kind, name));
    for kind in registry().kinds() {
        let facts = kind.facts();
        let Some((_, marks)) = MARKS.iter().find(|(name, _)| *name == facts.name) else {
            wrong.push(format!("{}: nothing is said of what AWS cannot change; add it to MARKS", facts.name));
            continue;
        };
        for attribute in facts.declared.attributes {
            let (kind, name) = (facts.name, attribute.name);
            match (marks.contains(&name), attribute.create_only) {
                (true, false) if !updated(kind, name) => {
                    wrong.push(format!("{kind}.{name}: AWS cannot change it, and it is not `create_only`"));
                }
                (false, true) if !replaced(kind, name) => {
                    wrong.push(format!(
                        "{kind}.{name}: AWS can change it, and it is `create_only`: say why in REPLACED"
                    ));
                }
                (true, true) if updated(kind, name) => wrong.push(format!("{kind}.{name}: needs no place in UPDATED")),
                (false, false) if replaced(kind, name) => {
                    wrong.push(format!("{kind}.{name}: needs no place in REPLACED"));
                }
                _ => {}
            }
        }
        for (_, name, _) in UPDATED.iter().chain(REPLACED).filter(|(name, ..)| *name == facts.name) {
            if facts.declared.attribute(name).is_none() {
                wrong.push(format!("{}.{name}: an exception for what there is not", facts.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_tables_say_everything_once_and_in_order() {
    assert!(MARKS.is_sorted_by_key(|(kind, _)| kind));
    assert!(REPLACED.is_sorted_by_key(|(kind, name, _)| (kind, name)));
    for (kind, marks) in MARKS {
        assert_eq!(marks.iter().collect::<BTreeSet<_>>().len(), marks.len(), "{kind}");
    }
    for (kind, name, reason) in UPDATED.iter().chain(REPLACED) {
        assert!(MARKS.iter().any(|(other, _)| other == kind), "{kind}.{name}");
        assert!(!reason.is_empty());
    }
}
