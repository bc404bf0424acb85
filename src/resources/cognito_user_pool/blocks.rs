//! The blocks of a user pool, and what AWS makes of them.

use std::collections::BTreeSet;

use aws_sdk_cognitoidentityprovider::types as sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, Value};
use serde::{Deserialize, Serialize};

use crate::aws::unbuilt;
use crate::resources::cognito_support::enums;

/// What passwords must be like.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct PasswordPolicy {
    /// Fewest characters.
    #[attr(default = 8, range(6, 99))]
    pub(super) minimum_length: i32,
    /// Whether a small letter is needed.
    #[attr(default = false)]
    pub(super) require_lowercase: bool,
    /// Whether a capital letter is needed.
    #[attr(default = false)]
    pub(super) require_uppercase: bool,
    /// Whether a digit is needed.
    #[attr(default = false)]
    pub(super) require_numbers: bool,
    /// Whether a special character is needed.
    #[attr(default = false)]
    pub(super) require_symbols: bool,
    /// Days until a password that an administrator gave must have been changed.
    #[attr(default = 7, range(1, 365))]
    pub(super) temporary_password_validity_days: i32,
    /// How many passwords before may not be used again; 0 for none.
    #[attr(default = 0, range(0, 24))]
    pub(super) password_history_size: i32,
}

impl PasswordPolicy {
    pub(super) fn read(policy: Option<&sdk::PasswordPolicyType>) -> Self {
        let on = |is: fn(&sdk::PasswordPolicyType) -> bool| policy.is_none_or(is);
        let days = policy.map_or(0, |policy| policy.temporary_password_validity_days);
        Self {
            minimum_length: policy.and_then(|policy| policy.minimum_length).unwrap_or(8),
            require_lowercase: on(|policy| policy.require_lowercase),
            require_uppercase: on(|policy| policy.require_uppercase),
            require_numbers: on(|policy| policy.require_numbers),
            require_symbols: on(|policy| policy.require_symbols),
            temporary_password_validity_days: if days == 0 { 7 } else { days },
            password_history_size: policy.and_then(|policy| policy.password_history_size).unwrap_or(0),
        }
    }

    pub(super) fn write(&self) -> sdk::PasswordPolicyType {
        sdk::PasswordPolicyType::builder()
            .minimum_length(self.minimum_length)
            .require_lowercase(self.require_lowercase)
            .require_uppercase(self.require_uppercase)
            .require_numbers(self.require_numbers)
            .require_symbols(self.require_symbols)
            .temporary_password_validity_days(self.temporary_password_validity_days)
            .set_password_history_size((self.password_history_size > 0).then_some(self.password_history_size))
            .build()
    }
}

/// How users get back into their accounts.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Recovery {
    /// The ways, in the order of their priority.
    #[attr(length(1, 2))]
    pub(super) recovery_mechanism: BTreeSet<Mechanism>,
}

/// One way back into an account.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mechanism {
    /// By which means.
    #[attr(values("verified_email", "verified_phone_number", "admin_only"))]
    pub(super) name: String,
    /// 1 is tried first.
    #[attr(range(1, 2))]
    pub(super) priority: i32,
}

impl Recovery {
    pub(super) fn read(setting: Option<&sdk::AccountRecoverySettingType>) -> Self {
        let ways = setting.map(sdk::AccountRecoverySettingType::recovery_mechanisms).unwrap_or_default();
        let way = |name: &str, priority| Mechanism { name: name.to_owned(), priority };
        Self {
            recovery_mechanism: if ways.is_empty() {
                [way("verified_email", 1), way("verified_phone_number", 2)].into()
            } else {
                ways.iter().map(|found| way(found.name.as_str(), found.priority)).collect()
            },
        }
    }

    pub(super) fn write(&self) -> Result<sdk::AccountRecoverySettingType> {
        let one = |way: &Mechanism| {
            sdk::RecoveryOptionType::builder().name(way.name.as_str().into()).priority(way.priority).build()
        };
        let ways: std::result::Result<Vec<_>, _> = self.recovery_mechanism.iter().map(one).collect();
        let ways = ways.map_err(unbuilt)?;
        Ok(sdk::AccountRecoverySettingType::builder().set_recovery_mechanisms(Some(ways)).build())
    }
}

/// Who may make users, and how they are invited.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct AdminCreate {
    /// Whether only administrators make users, and nobody signs up.
    #[attr(default = false)]
    pub(super) allow_admin_create_user_only: bool,
    /// The words of an invitation, with `{username}` and `{####}` in them.
    pub(super) invite_message_template: Option<Invitation>,
}

/// The words of an invitation.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Invitation {
    /// Subject of the mail.
    pub(super) email_subject: Option<String>,
    /// Text of the mail.
    pub(super) email_message: Option<String>,
    /// Text message.
    pub(super) sms_message: Option<String>,
}

impl AdminCreate {
    pub(super) fn read(config: Option<&sdk::AdminCreateUserConfigType>) -> Self {
        Self {
            allow_admin_create_user_only: config.is_some_and(|config| config.allow_admin_create_user_only),
            invite_message_template: config
                .and_then(|config| config.invite_message_template())
                .map(|words| Invitation {
                    email_subject: words.email_subject.clone(),
                    email_message: words.email_message.clone(),
                    sms_message: words.sms_message.clone(),
                })
                .filter(|words| *words != Invitation { email_subject: None, email_message: None, sms_message: None }),
        }
    }

    pub(super) fn write(&self) -> sdk::AdminCreateUserConfigType {
        let words = self.invite_message_template.as_ref().map(|words| {
            sdk::MessageTemplateType::builder()
                .set_email_subject(words.email_subject.clone())
                .set_email_message(words.email_message.clone())
                .set_sms_message(words.sms_message.clone())
                .build()
        });
        sdk::AdminCreateUserConfigType::builder()
            .allow_admin_create_user_only(self.allow_admin_create_user_only)
            .set_invite_message_template(words)
            .build()
    }
}

/// How mail is sent.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(requires_when("email_sending_account", "DEVELOPER", "source_arn"))]
pub struct Email {
    /// `COGNITO_DEFAULT` sends a few a day; `DEVELOPER` sends by your SES.
    #[attr(default = "COGNITO_DEFAULT", values("COGNITO_DEFAULT", "DEVELOPER"))]
    pub(super) email_sending_account: String,
    /// ARN of the verified identity of SES.
    pub(super) source_arn: Option<String>,
    /// Whom it comes from.
    pub(super) from_email_address: Option<String>,
    /// Whom answers go to.
    pub(super) reply_to_email_address: Option<String>,
    /// Configuration set of SES.
    pub(super) configuration_set: Option<String>,
}

impl Email {
    pub(super) fn read(email: Option<&sdk::EmailConfigurationType>) -> Self {
        let text = |of: fn(&sdk::EmailConfigurationType) -> Option<&str>| email.and_then(of).map(str::to_owned);
        let account = email.and_then(|email| email.email_sending_account()).map_or("COGNITO_DEFAULT", |by| by.as_str());
        Self {
            email_sending_account: account.to_owned(),
            source_arn: text(sdk::EmailConfigurationType::source_arn),
            from_email_address: text(sdk::EmailConfigurationType::from),
            reply_to_email_address: text(sdk::EmailConfigurationType::reply_to_email_address),
            configuration_set: text(sdk::EmailConfigurationType::configuration_set),
        }
    }

    pub(super) fn write(&self) -> sdk::EmailConfigurationType {
        sdk::EmailConfigurationType::builder()
            .email_sending_account(self.email_sending_account.as_str().into())
            .set_source_arn(self.source_arn.clone())
            .set_from(self.from_email_address.clone())
            .set_reply_to_email_address(self.reply_to_email_address.clone())
            .set_configuration_set(self.configuration_set.clone())
            .build()
    }
}

/// The words with which addresses are verified.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Verification {
    /// Whether mails have a code or a link.
    #[attr(default = "CONFIRM_WITH_CODE", values("CONFIRM_WITH_CODE", "CONFIRM_WITH_LINK"))]
    pub(super) default_email_option: String,
    /// Text of the mail, with `{####}` in it.
    pub(super) email_message: Option<String>,
    /// Subject of the mail.
    pub(super) email_subject: Option<String>,
    /// Text of the mail with a link, with `{##words##}` in it.
    pub(super) email_message_by_link: Option<String>,
    /// Subject of the mail with a link.
    pub(super) email_subject_by_link: Option<String>,
    /// Text message, with `{####}` in it.
    pub(super) sms_message: Option<String>,
}

impl Verification {
    pub(super) fn read(words: Option<&sdk::VerificationMessageTemplateType>) -> Self {
        let text =
            |of: fn(&sdk::VerificationMessageTemplateType) -> Option<&str>| words.and_then(of).map(str::to_owned);
        let option = words.and_then(|words| words.default_email_option()).map_or("CONFIRM_WITH_CODE", |by| by.as_str());
        Self {
            default_email_option: option.to_owned(),
            email_message: text(sdk::VerificationMessageTemplateType::email_message),
            email_subject: text(sdk::VerificationMessageTemplateType::email_subject),
            email_message_by_link: text(sdk::VerificationMessageTemplateType::email_message_by_link),
            email_subject_by_link: text(sdk::VerificationMessageTemplateType::email_subject_by_link),
            sms_message: text(sdk::VerificationMessageTemplateType::sms_message),
        }
    }

    pub(super) fn write(&self) -> sdk::VerificationMessageTemplateType {
        sdk::VerificationMessageTemplateType::builder()
            .default_email_option(self.default_email_option.as_str().into())
            .set_email_message(self.email_message.clone())
            .set_email_subject(self.email_subject.clone())
            .set_email_message_by_link(self.email_message_by_link.clone())
            .set_email_subject_by_link(self.email_subject_by_link.clone())
            .set_sms_message(self.sms_message.clone())
            .build()
    }
}

/// Whether devices are remembered.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Devices {
    /// Whether a new device needs a second factor.
    #[attr(default = false)]
    pub(super) challenge_required_on_new_device: bool,
    /// Whether a device is remembered only when the user says so.
    #[attr(default = false)]
    pub(super) device_only_remembered_on_user_prompt: bool,
}

impl Devices {
    pub(super) fn read(devices: &sdk::DeviceConfigurationType) -> Self {
        Self {
            challenge_required_on_new_device: devices.challenge_required_on_new_device,
            device_only_remembered_on_user_prompt: devices.device_only_remembered_on_user_prompt,
        }
    }

    pub(super) fn write(&self) -> sdk::DeviceConfigurationType {
        sdk::DeviceConfigurationType::builder()
            .challenge_required_on_new_device(self.challenge_required_on_new_device)
            .device_only_remembered_on_user_prompt(self.device_only_remembered_on_user_prompt)
            .build()
    }
}

/// What happens when users change their addresses.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct AttributeUpdates {
    /// Which new addresses count only once they are verified: `email`, `phone_number`.
    pub(super) attributes_require_verification_before_update: BTreeSet<String>,
}

impl AttributeUpdates {
    pub(super) fn read(settings: &sdk::UserAttributeUpdateSettingsType) -> Option<Self> {
        let verified = settings.attributes_require_verification_before_update();
        let verified: BTreeSet<String> = verified.iter().map(|attribute| attribute.as_str().to_owned()).collect();
        (!verified.is_empty()).then_some(Self { attributes_require_verification_before_update: verified })
    }

    pub(super) fn write(&self) -> sdk::UserAttributeUpdateSettingsType {
        let verified = enums(&self.attributes_require_verification_before_update).unwrap_or_default();
        sdk::UserAttributeUpdateSettingsType::builder()
            .set_attributes_require_verification_before_update(Some(verified))
            .build()
    }
}

/// What guards against stolen passwords.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct AddOns {
    /// `AUDIT` watches and reports, `ENFORCED` acts on what it sees.
    #[attr(values("OFF", "AUDIT", "ENFORCED"))]
    pub(super) advanced_security_mode: String,
    /// The same for signing in with challenges of your own.
    pub(super) advanced_security_additional_flows: Option<AdditionalFlows>,
}

/// Further flows that are guarded.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct AdditionalFlows {
    /// `AUDIT` or `ENFORCED`.
    #[attr(values("AUDIT", "ENFORCED"))]
    pub(super) custom_auth_mode: String,
}

impl AddOns {
    pub(super) fn read(found: &sdk::UserPoolAddOnsType) -> Option<Self> {
        let flows = found.advanced_security_additional_flows().and_then(|flows| flows.custom_auth_mode());
        let found = Self {
            advanced_security_mode: found.advanced_security_mode.as_str().to_owned(),
            advanced_security_additional_flows: flows
                .map(|mode| AdditionalFlows { custom_auth_mode: mode.as_str().to_owned() }),
        };
        (found.advanced_security_mode != "OFF").then_some(found)
    }

    pub(super) fn write(&self) -> Result<sdk::UserPoolAddOnsType> {
        let flows = self.advanced_security_additional_flows.as_ref().map(|flows| {
            sdk::AdvancedSecurityAdditionalFlowsType::builder()
                .custom_auth_mode(flows.custom_auth_mode.as_str().into())
                .build()
        });
        sdk::UserPoolAddOnsType::builder()
            .advanced_security_mode(self.advanced_security_mode.as_str().into())
            .set_advanced_security_additional_flows(flows)
            .build()
            .map_err(unbuilt)
    }
}

/// Add-ons that are switched off are none.
pub(super) fn off_is_absent(value: &Value) -> Value {
    if value.get("advanced_security_mode").as_str() == Some("OFF") { Value::Null } else { value.clone() }
}

/// Whether the case of user names counts.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct UserNames {
    /// Whether `Ann` and `ann` are two users.
    pub(super) case_sensitive: bool,
}
