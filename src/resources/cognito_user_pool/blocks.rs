//! The blocks of a user pool, and what AWS makes of them.

use std::collections::BTreeSet;

use aws_sdk_cognitoidentityprovider::types as sdk;
use clefctl_core::error::{Error, Result};
use clefctl_core::kind::{Attributes, Value};
use serde::{Deserialize, Serialize};

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

/// Codes of an authenticator app.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct SoftwareToken {
    /// Whether they may be used.
    pub(super) enabled: bool,
}

/// How text messages are sent.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Sms {
    /// Role with which Cognito sends them.
    #[attr(refers("iam_role", "arn"))]
    pub(super) sns_caller_arn: String,
    /// The external id in the trust policy of the role.
    pub(super) external_id: Option<String>,
    /// The region from which they are sent.
    #[attr(aws_default = "the pool's own region where that can send")]
    pub(super) sns_region: Option<String>,
}

impl Sms {
    pub(super) fn read(sms: &sdk::SmsConfigurationType) -> Self {
        Self {
            sns_caller_arn: sms.sns_caller_arn.clone(),
            external_id: sms.external_id.clone(),
            sns_region: sms.sns_region.clone(),
        }
    }

    pub(super) fn write(&self) -> sdk::SmsConfigurationType {
        sdk::SmsConfigurationType::builder()
            .sns_caller_arn(&self.sns_caller_arn)
            .set_external_id(self.external_id.clone())
            .set_sns_region(self.sns_region.clone())
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
        let ways = ways.map_err(|error| Error::internal(error.to_string()))?;
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

/// What happens when users change their addresses.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct AttributeUpdates {
    /// Which new addresses count only once they are verified: `email`, `phone_number`.
    pub(super) attributes_require_verification_before_update: BTreeSet<String>,
}

/// Whether the case of user names counts.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct UserNames {
    /// Whether `Ann` and `ann` are two users.
    pub(super) case_sensitive: bool,
}

macro_rules! triggers {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// The Lambda functions that Cognito calls; ARNs.
        #[derive(Attributes, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
        pub struct Triggers {
            $($(#[doc = $doc])* #[attr(refers("lambda_function", "arn"))] pub(super) $name: Option<String>,)*
            /// Key with which codes for custom senders are encrypted.
            #[attr(refers("kms_key", "arn"))]
            pub(super) kms_key_id: Option<String>,
        }

        impl Triggers {
            pub(super) fn read(config: Option<&sdk::LambdaConfigType>) -> Option<Self> {
                let config = config?;
                let found = Self { $($name: config.$name.clone(),)* kms_key_id: config.kms_key_id.clone() };
                (found != Self::default()).then_some(found)
            }

            /// What the pool has beyond these stays.
            pub(super) fn write(triggers: Option<&Self>, now: Option<sdk::LambdaConfigType>) -> sdk::LambdaConfigType {
                let mut config = now.unwrap_or_else(|| sdk::LambdaConfigType::builder().build());
                let none = Self::default();
                let triggers = triggers.unwrap_or(&none);
                // AWS keeps the trigger before tokens in two places, and wants them equal.
                if config.pre_token_generation != triggers.pre_token_generation {
                    config.pre_token_generation_config = None;
                }
                $(config.$name = triggers.$name.clone();)*
                config.kms_key_id = triggers.kms_key_id.clone();
                config
            }
        }
    };
}

triggers! {
    /// Before a user signs up.
    pre_sign_up,
    /// When a message is sent.
    custom_message,
    /// After a user is confirmed.
    post_confirmation,
    /// Before a user signs in.
    pre_authentication,
    /// After a user signed in.
    post_authentication,
    /// Chooses the next challenge.
    define_auth_challenge,
    /// Makes a challenge.
    create_auth_challenge,
    /// Judges the answer to a challenge.
    verify_auth_challenge_response,
    /// Before tokens are made.
    pre_token_generation,
    /// When a user is not there who may be elsewhere.
    user_migration,
}

/// One fact about each user.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Schema {
    /// Its name, without `custom:`; that of a standard attribute changes whether that is required or can change.
    #[attr(length(1, 20))]
    pub(super) name: String,
    /// What it is.
    #[attr(values("Boolean", "DateTime", "Number", "String"))]
    pub(super) attribute_data_type: String,
    /// Whether it can be changed.
    #[attr(default = true)]
    pub(super) mutable: bool,
    /// Whether each user has it; standard ones only.
    #[attr(default = false)]
    pub(super) required: bool,
    /// Whether only the developer's credentials can change it.
    #[attr(default = false)]
    pub(super) developer_only_attribute: bool,
    /// Shortest and longest text.
    pub(super) string_attribute_constraints: Option<Lengths>,
    /// Smallest and largest number.
    pub(super) number_attribute_constraints: Option<Limits>,
}

/// Shortest and longest text.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lengths {
    /// Fewest characters.
    pub(super) min_length: Option<i64>,
    /// Most characters.
    pub(super) max_length: Option<i64>,
}

/// Smallest and largest number.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Limits {
    /// The smallest.
    pub(super) min_value: Option<i64>,
    /// The largest.
    pub(super) max_value: Option<i64>,
}

impl Schema {
    /// What a stack may have said; nothing of standard attributes that are as they always are.
    pub(super) fn read(found: &sdk::SchemaAttributeType) -> Option<Self> {
        let full = found.name()?;
        let plain = full.strip_prefix("dev:").unwrap_or(full);
        let custom = plain.strip_prefix("custom:");
        let number = |text: Option<&str>| text.and_then(|text| text.parse().ok());
        let schema = Self {
            name: custom.unwrap_or(plain).to_owned(),
            attribute_data_type: found.attribute_data_type().map_or("String", |kind| kind.as_str()).to_owned(),
            mutable: found.mutable.unwrap_or(true),
            required: found.required.unwrap_or_default(),
            developer_only_attribute: found.developer_only_attribute.unwrap_or_default(),
            string_attribute_constraints: found
                .string_attribute_constraints()
                .map(|found| Lengths { min_length: number(found.min_length()), max_length: number(found.max_length()) })
                .filter(|found| found.min_length.is_some() || found.max_length.is_some()),
            number_attribute_constraints: found
                .number_attribute_constraints()
                .map(|found| Limits { min_value: number(found.min_value()), max_value: number(found.max_value()) })
                .filter(|found| found.min_value.is_some() || found.max_value.is_some()),
        };
        let told = custom.is_some() || (schema.name != "sub" && !schema.is_usual());
        told.then_some(schema)
    }

    pub(super) fn write(&self) -> sdk::SchemaAttributeType {
        let text = |number: Option<i64>| number.map(|number| number.to_string());
        let lengths = self.string_attribute_constraints.as_ref().map(|lengths| {
            sdk::StringAttributeConstraintsType::builder()
                .set_min_length(text(lengths.min_length))
                .set_max_length(text(lengths.max_length))
                .build()
        });
        let limits = self.number_attribute_constraints.as_ref().map(|limits| {
            sdk::NumberAttributeConstraintsType::builder()
                .set_min_value(text(limits.min_value))
                .set_max_value(text(limits.max_value))
                .build()
        });
        sdk::SchemaAttributeType::builder()
            .name(&self.name)
            .attribute_data_type(self.attribute_data_type.as_str().into())
            .mutable(self.mutable)
            .required(self.required)
            .developer_only_attribute(self.developer_only_attribute)
            .set_string_attribute_constraints(lengths)
            .set_number_attribute_constraints(limits)
            .build()
    }

    /// Whether the name is one of OpenID's.
    pub(super) fn is_standard(&self) -> bool {
        STANDARD.contains(&self.name.as_str())
    }

    /// Whether it is as standard attributes are when nothing is said of them.
    fn is_usual(&self) -> bool {
        self.is_standard() && self.mutable && !self.required && !self.developer_only_attribute
    }

    /// Whether this is satisfied by what lives; limits that are not written are AWS's.
    fn fits(&self, live: &Self) -> bool {
        let free = |mut schema: Self| {
            if self.string_attribute_constraints.is_none() {
                schema.string_attribute_constraints = None;
            }
            if self.number_attribute_constraints.is_none() {
                schema.number_attribute_constraints = None;
            }
            schema
        };
        *self == free(live.clone())
    }
}

/// The standard attributes of OpenID, as Cognito has them.
const STANDARD: [&str; 20] = [
    "address",
    "birthdate",
    "email",
    "email_verified",
    "family_name",
    "gender",
    "given_name",
    "identities",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "phone_number_verified",
    "picture",
    "preferred_username",
    "profile",
    "updated_at",
    "website",
    "zoneinfo",
];

/// What has to be added to a schema so that it says what is wanted; `None` where adding is not enough.
pub(super) fn missing<'a>(wanted: &'a BTreeSet<Schema>, live: &BTreeSet<Schema>) -> Option<Vec<&'a Schema>> {
    if live.iter().any(|there| !wanted.iter().any(|schema| schema.name == there.name)) {
        return None;
    }
    let mut new = Vec::new();
    for schema in wanted {
        match live.iter().find(|there| there.name == schema.name) {
            Some(there) if schema.fits(there) => {}
            Some(_) => return None,
            None if schema.is_usual() => {}
            None if schema.is_standard() => return None,
            None => new.push(schema),
        }
    }
    Some(new)
}

/// Whether a declared schema is satisfied by an observed one.
pub(super) fn same_schema(declared: &Value, observed: &Value) -> bool {
    let read = |value: &Value| {
        let json = value.to_json().filter(|json| !json.is_null()).unwrap_or_else(|| serde_json::json!([]));
        serde_json::from_value::<BTreeSet<Schema>>(json).ok()
    };
    match (read(declared), read(observed)) {
        (Some(wanted), Some(live)) => missing(&wanted, &live).is_some_and(|new| new.is_empty()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(name: &str, required: bool) -> Schema {
        Schema {
            name: name.to_owned(),
            attribute_data_type: "String".to_owned(),
            mutable: true,
            required,
            developer_only_attribute: false,
            string_attribute_constraints: None,
            number_attribute_constraints: None,
        }
    }

    #[test]
    fn only_attributes_of_ones_own_can_be_added() {
        let live = BTreeSet::from([schema("team", false), schema("email", true)]);
        let with = |more: Schema| live.iter().cloned().chain([more]).collect::<BTreeSet<_>>();
        let added = |wanted: &BTreeSet<Schema>| missing(wanted, &live).map(|new| new.len());
        assert_eq!(added(&live), Some(0));
        assert_eq!(added(&with(schema("club", false))), Some(1));
        assert_eq!(added(&with(schema("name", false))), Some(0), "it is there already");
        assert_eq!(added(&with(schema("name", true))), None, "a standard attribute cannot become required");
        assert_eq!(added(&BTreeSet::from([schema("team", false)])), None, "none can be taken away");
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let wanted = Schema {
            string_attribute_constraints: Some(Lengths { min_length: Some(1), max_length: Some(40) }),
            ..schema("team", false)
        };
        let mut sent = wanted.write();
        sent.name = Some("custom:team".to_owned());
        assert_eq!(Schema::read(&sent), Some(wanted));
        assert_eq!(Schema::read(&schema("email", false).write()), None);
    }
}
