//! The Lambda functions that a user pool calls.

use aws_sdk_cognitoidentityprovider::types as sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::Attributes;
use serde::{Deserialize, Serialize};

use crate::aws::unbuilt;

macro_rules! triggers {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// The Lambda functions that Cognito calls; ARNs.
        #[derive(Attributes, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
        #[attributes(
            at_most_one("pre_token_generation", "pre_token_generation_config"),
            requires("custom_email_sender", "kms_key_id"),
            requires("custom_sms_sender", "kms_key_id")
        )]
        pub struct Triggers {
            $($(#[doc = $doc])* #[attr(refers("lambda_function", "arn"))] pub(super) $name: Option<String>,)*
            /// Before tokens are made, with an event of a later version than `pre_token_generation` gets.
            pub(super) pre_token_generation_config: Option<TokenTrigger>,
            /// Sends mail in place of Cognito.
            pub(super) custom_email_sender: Option<Sender>,
            /// Sends text messages in place of Cognito.
            pub(super) custom_sms_sender: Option<Sender>,
            /// Key with which codes for custom senders are encrypted.
            #[attr(refers("kms_key", "arn"))]
            pub(super) kms_key_id: Option<String>,
        }

        impl Triggers {
            fn plain(config: &sdk::LambdaConfigType) -> Self {
                Self { $($name: config.$name.clone(),)* ..Self::default() }
            }

            fn put_plain(&self, config: &mut sdk::LambdaConfigType) {
                $(config.$name.clone_from(&self.$name);)*
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

/// The function that is called before tokens are made.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct TokenTrigger {
    /// ARN of the function.
    #[attr(refers("lambda_function", "arn"))]
    pub(super) lambda_arn: String,
    /// Version of the event: `V2_0` for access tokens too, `V3_0` for those of machines too.
    #[attr(values("V2_0", "V3_0"))]
    pub(super) lambda_version: String,
}

/// A function that sends messages.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Sender {
    /// ARN of the function.
    #[attr(refers("lambda_function", "arn"))]
    pub(super) lambda_arn: String,
    /// Version of the event.
    #[attr(default = "V1_0", values("V1_0"))]
    pub(super) lambda_version: String,
}

impl Triggers {
    pub(super) fn read(config: Option<&sdk::LambdaConfigType>) -> Option<Self> {
        let config = config?;
        let mut found = Self::plain(config);
        found.kms_key_id.clone_from(&config.kms_key_id);
        // AWS tells of the function of a later version in both places.
        let tokens = config.pre_token_generation_config().filter(|tokens| tokens.lambda_version.as_str() != "V1_0");
        if let Some(tokens) = tokens {
            found.pre_token_generation = None;
            found.pre_token_generation_config = Some(TokenTrigger {
                lambda_arn: tokens.lambda_arn.clone(),
                lambda_version: tokens.lambda_version.as_str().to_owned(),
            });
        }
        found.custom_email_sender = config.custom_email_sender().map(|sender| Sender {
            lambda_arn: sender.lambda_arn.clone(),
            lambda_version: sender.lambda_version.as_str().to_owned(),
        });
        found.custom_sms_sender = config.custom_sms_sender().map(|sender| Sender {
            lambda_arn: sender.lambda_arn.clone(),
            lambda_version: sender.lambda_version.as_str().to_owned(),
        });
        (found != Self::default()).then_some(found)
    }

    /// As AWS takes it; what the pool has beyond these stays.
    pub(super) fn write(triggers: Option<&Self>, now: Option<sdk::LambdaConfigType>) -> Result<sdk::LambdaConfigType> {
        let mut config = now.unwrap_or_else(|| sdk::LambdaConfigType::builder().build());
        let none = Self::default();
        let triggers = triggers.unwrap_or(&none);
        triggers.put_plain(&mut config);
        config.kms_key_id.clone_from(&triggers.kms_key_id);
        config.pre_token_generation_config = None;
        if let Some(tokens) = &triggers.pre_token_generation_config {
            // Both places have to name the same function.
            config.pre_token_generation = Some(tokens.lambda_arn.clone());
            let tokens = sdk::PreTokenGenerationVersionConfigType::builder()
                .lambda_arn(&tokens.lambda_arn)
                .lambda_version(tokens.lambda_version.as_str().into())
                .build();
            config.pre_token_generation_config = Some(tokens.map_err(unbuilt)?);
        }
        let sender = triggers.custom_email_sender.as_ref().map(|sender| {
            sdk::CustomEmailLambdaVersionConfigType::builder()
                .lambda_arn(&sender.lambda_arn)
                .lambda_version(sender.lambda_version.as_str().into())
                .build()
        });
        config.custom_email_sender = sender.transpose().map_err(unbuilt)?;
        let sender = triggers.custom_sms_sender.as_ref().map(|sender| {
            sdk::CustomSmsLambdaVersionConfigType::builder()
                .lambda_arn(&sender.lambda_arn)
                .lambda_version(sender.lambda_version.as_str().into())
                .build()
        });
        config.custom_sms_sender = sender.transpose().map_err(unbuilt)?;
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_was_written() {
        let sender = || Some(Sender { lambda_arn: "s".to_owned(), lambda_version: "V1_0".to_owned() });
        let wanted = Triggers {
            pre_sign_up: Some("a".to_owned()),
            pre_token_generation_config: Some(TokenTrigger {
                lambda_arn: "t".to_owned(),
                lambda_version: "V2_0".to_owned(),
            }),
            custom_email_sender: sender(),
            custom_sms_sender: sender(),
            kms_key_id: Some("k".to_owned()),
            ..Triggers::default()
        };
        let sent = Triggers::write(Some(&wanted), None).unwrap();
        assert_eq!(sent.pre_token_generation.as_deref(), Some("t"));
        assert_eq!(Triggers::read(Some(&sent)), Some(wanted));
        assert_eq!(Triggers::read(Some(&Triggers::write(None, Some(sent)).unwrap())), None);
    }
}
