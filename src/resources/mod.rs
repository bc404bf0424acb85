//! The kinds: one file each, and this list.

use std::sync::Arc;

use clefctl_core::error::Result;
use clefctl_core::kind::Kind;

use crate::aws::{AwsKind, Connection, Cx, Op};

pub mod acm_certificate;
pub mod autoscaling_group;
pub mod autoscaling_lifecycle_hook;
pub mod autoscaling_policy;
pub mod autoscaling_schedule;
mod autoscaling_support;
pub mod cloudwatch_composite_alarm;
pub mod cloudwatch_dashboard;
pub mod cloudwatch_log_group;
pub mod cloudwatch_log_metric_filter;
pub mod cloudwatch_metric_alarm;
mod cloudwatch_support;
pub mod cognito_identity_pool;
mod cognito_support;
pub mod cognito_user_group;
pub mod cognito_user_pool;
pub mod cognito_user_pool_client;
pub mod cognito_user_pool_domain;
pub mod db_instance;
pub mod db_parameter_group;
pub mod db_snapshot;
pub mod db_subnet_group;
mod ec2_support;
pub mod eip;
pub mod elb_action;
mod elb_child;
mod elb_support;
pub mod flow_log;
pub mod iam_group;
pub mod iam_instance_profile;
pub mod iam_openid_connect_provider;
pub mod iam_policy;
pub mod iam_role;
mod iam_support;
pub mod iam_user;
mod iam_user_credentials;
pub mod internet_gateway;
pub mod key_pair;
pub mod kms_key;
mod kms_support;
pub mod launch_template;
pub mod lb;
pub mod lb_listener;
pub mod lb_listener_rule;
pub mod lb_target_group;
pub mod nat_gateway;
mod rds_support;
pub mod route53_record;
mod route53_support;
pub mod route53_zone;
pub mod route_table;
pub mod s3_bucket;
pub mod s3_object;
pub mod secretsmanager_secret;
pub mod secretsmanager_support;
pub mod security_group;
pub mod security_group_rule;
mod security_group_rules;
mod sns_support;
pub mod sns_topic;
pub mod sns_topic_subscription;
pub mod ssm_parameter;
pub mod subnet;
mod taken;
pub mod vpc;
pub mod vpc_endpoint;

/// All kinds over one connection, sorted by name.
#[must_use]
pub fn all(aws: &Arc<Connection>) -> Vec<Arc<dyn Kind>> {
    vec![
        AwsKind::<acm_certificate::AcmCertificate>::shared(aws),
        AwsKind::<autoscaling_group::AutoscalingGroup>::shared(aws),
        AwsKind::<autoscaling_lifecycle_hook::AutoscalingLifecycleHook>::shared(aws),
        AwsKind::<autoscaling_policy::AutoscalingPolicy>::shared(aws),
        AwsKind::<autoscaling_schedule::AutoscalingSchedule>::shared(aws),
        AwsKind::<cloudwatch_composite_alarm::CloudwatchCompositeAlarm>::shared(aws),
        AwsKind::<cloudwatch_dashboard::CloudwatchDashboard>::shared(aws),
        AwsKind::<cloudwatch_log_group::CloudwatchLogGroup>::shared(aws),
        AwsKind::<cloudwatch_log_metric_filter::CloudwatchLogMetricFilter>::shared(aws),
        AwsKind::<cloudwatch_metric_alarm::CloudwatchMetricAlarm>::shared(aws),
        AwsKind::<cognito_identity_pool::CognitoIdentityPool>::shared(aws),
        AwsKind::<cognito_user_group::CognitoUserGroup>::shared(aws),
        AwsKind::<cognito_user_pool::CognitoUserPool>::shared(aws),
        AwsKind::<cognito_user_pool_client::CognitoUserPoolClient>::shared(aws),
        AwsKind::<cognito_user_pool_domain::CognitoUserPoolDomain>::shared(aws),
        AwsKind::<db_instance::DbInstance>::shared(aws),
        AwsKind::<db_parameter_group::DbParameterGroup>::shared(aws),
        AwsKind::<db_snapshot::DbSnapshot>::shared(aws),
        AwsKind::<db_subnet_group::DbSubnetGroup>::shared(aws),
        AwsKind::<eip::Eip>::shared(aws),
        AwsKind::<flow_log::FlowLog>::shared(aws),
        AwsKind::<iam_group::IamGroup>::shared(aws),
        AwsKind::<iam_instance_profile::IamInstanceProfile>::shared(aws),
        AwsKind::<iam_openid_connect_provider::IamOpenidConnectProvider>::shared(aws),
        AwsKind::<iam_policy::IamPolicy>::shared(aws),
        AwsKind::<iam_role::IamRole>::shared(aws),
        AwsKind::<iam_user::IamUser>::shared(aws),
        AwsKind::<internet_gateway::InternetGateway>::shared(aws),
        AwsKind::<key_pair::KeyPair>::shared(aws),
        AwsKind::<kms_key::KmsKey>::shared(aws),
        AwsKind::<launch_template::LaunchTemplate>::shared(aws),
        AwsKind::<lb::Lb>::shared(aws),
        AwsKind::<lb_listener::LbListener>::shared(aws),
        AwsKind::<lb_listener_rule::LbListenerRule>::shared(aws),
        AwsKind::<lb_target_group::LbTargetGroup>::shared(aws),
        AwsKind::<nat_gateway::NatGateway>::shared(aws),
        AwsKind::<route53_record::Route53Record>::shared(aws),
        AwsKind::<route53_zone::Route53Zone>::shared(aws),
        AwsKind::<route_table::RouteTable>::shared(aws),
        AwsKind::<s3_bucket::S3Bucket>::shared(aws),
        AwsKind::<s3_object::S3Object>::shared(aws),
        AwsKind::<secretsmanager_secret::SecretsmanagerSecret>::shared(aws),
        AwsKind::<security_group::SecurityGroup>::shared(aws),
        AwsKind::<security_group_rule::SecurityGroupRule>::shared(aws),
        AwsKind::<sns_topic::SnsTopic>::shared(aws),
        AwsKind::<sns_topic_subscription::SnsTopicSubscription>::shared(aws),
        AwsKind::<ssm_parameter::SsmParameter>::shared(aws),
        AwsKind::<subnet::Subnet>::shared(aws),
        AwsKind::<vpc::Vpc>::shared(aws),
        AwsKind::<vpc_endpoint::VpcEndpoint>::shared(aws),
    ]
}

/// The network interfaces that a filter finds, as a person needs them to see what blocks a deletion.
async fn network_interfaces(cx: &Cx<'_>, filter: &str, value: &str) -> Result<Vec<String>> {
    let filter = aws_sdk_ec2::types::Filter::builder().name(filter).values(value).build();
    let found: Vec<aws_sdk_ec2::types::NetworkInterface> = cx
        .call(Op::new("ec2:DescribeNetworkInterfaces"), || {
            cx.ec2().describe_network_interfaces().filters(filter.clone()).into_paginator().items().send().try_collect()
        })
        .await?;
    Ok(found
        .iter()
        .map(|interface| {
            let id = interface.network_interface_id().unwrap_or_default();
            let owner = interface.description().filter(|text| !text.is_empty());
            let owner = owner.or_else(|| interface.requester_id()).unwrap_or("no description");
            format!("interface {id} ({owner})")
        })
        .collect())
}
