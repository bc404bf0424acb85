//! The mapping from what AWS reports of a user pool.

use aws_sdk_cognitoidentityprovider::operation::get_user_pool_mfa_config::GetUserPoolMfaConfigOutput;
use aws_sdk_cognitoidentityprovider::types as sdk;
use clefctl_core::kind::Status;

use super::blocks::{
    AddOns, AdminCreate, AttributeUpdates, Devices, Email, PasswordPolicy, Recovery, UserNames, Verification,
};
use super::factors::{EmailFactor, Passkeys, SignIn, Sms, SoftwareToken};
use super::schema::Schema;
use super::triggers::Triggers;
use super::{CognitoUserPool, Outputs};
use crate::aws::{Cx, Live};

/// What a pool says of itself.
pub(super) fn live(cx: &Cx<'_>, pool: &sdk::UserPoolType, mfa: &GetUserPoolMfaConfigOutput) -> Live<CognitoUserPool> {
    let id = pool.id().unwrap_or_default().to_owned();
    let suffix = if cx.partition() == "aws-cn" { ".cn" } else { "" };
    let token = mfa.software_token_mfa_configuration().is_some_and(|token| token.enabled);
    let wanted = mfa.mfa_configuration().or(pool.mfa_configuration()).unwrap_or(&sdk::UserPoolMfaType::Off);
    let protection = pool.deletion_protection().unwrap_or(&sdk::DeletionProtectionType::Inactive);
    Live {
        spec: CognitoUserPool {
            name: pool.name().unwrap_or_default().into(),
            username_attributes: pool.username_attributes().iter().map(|a| a.as_str().to_owned()).collect(),
            alias_attributes: pool.alias_attributes().iter().map(|a| a.as_str().to_owned()).collect(),
            username_configuration: UserNames {
                case_sensitive: pool.username_configuration().is_none_or(|names| names.case_sensitive),
            },
            auto_verified_attributes: pool.auto_verified_attributes().iter().map(|a| a.as_str().to_owned()).collect(),
            schema: pool.schema_attributes().iter().filter_map(Schema::read).collect(),
            password_policy: PasswordPolicy::read(pool.policies().and_then(|policies| policies.password_policy())),
            mfa_configuration: wanted.as_str().to_owned(),
            software_token_mfa_configuration: SoftwareToken { enabled: token },
            sms_configuration: pool.sms_configuration().map(Sms::read),
            sms_authentication_message: pool.sms_authentication_message().map(str::to_owned),
            account_recovery_setting: Recovery::read(pool.account_recovery_setting()),
            admin_create_user_config: AdminCreate::read(pool.admin_create_user_config()),
            email_configuration: Email::read(pool.email_configuration()),
            verification_message_template: Verification::read(pool.verification_message_template()),
            email_mfa_configuration: mfa
                .email_mfa_configuration()
                .map(|mail| EmailFactor { message: mail.message.clone(), subject: mail.subject.clone() }),
            sign_in_policy: SignIn::read(pool.policies().and_then(|policies| policies.sign_in_policy())),
            web_authn_configuration: Passkeys::read(mfa.web_authn_configuration()),
            device_configuration: pool.device_configuration().map(Devices::read),
            user_attribute_update_settings: pool.user_attribute_update_settings().and_then(AttributeUpdates::read),
            user_pool_add_ons: pool.user_pool_add_ons().and_then(AddOns::read),
            lambda_config: Triggers::read(pool.lambda_config()),
            deletion_protection: protection.as_str().to_owned(),
            user_pool_tier: pool.user_pool_tier().map_or("ESSENTIALS", |tier| tier.as_str()).to_owned(),
        },
        outputs: Outputs {
            arn: cx.arn("cognito-idp", &format!("userpool/{id}")),
            endpoint: format!("cognito-idp.{}.amazonaws.com{suffix}/{id}", cx.region),
            domain: pool.domain().map(str::to_owned),
            custom_domain: pool.custom_domain().map(str::to_owned),
            id: id.clone(),
        },
        tags: pool
            .user_pool_tags()
            .map(|tags| tags.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
            .unwrap_or_default(),
        status: Status::Usable,
        id,
    }
}
