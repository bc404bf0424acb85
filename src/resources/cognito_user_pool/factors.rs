//! The second factors of a user pool, and the first ones beside passwords.

use std::collections::BTreeSet;

use aws_sdk_cognitoidentityprovider::operation::get_user_pool_mfa_config::GetUserPoolMfaConfigOutput;
use aws_sdk_cognitoidentityprovider::types as sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, Value, Violation};
use serde::{Deserialize, Serialize};

use super::{CognitoUserPool, RACING};
use crate::aws::{Cx, Op};

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

/// Codes by mail as a second factor.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct EmailFactor {
    /// Text of the mail, with `{####}` in it; without it Cognito's own.
    pub(super) message: Option<String>,
    /// Subject of the mail; without it Cognito's own.
    pub(super) subject: Option<String>,
}

/// How passkeys are used.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Passkeys {
    /// The domain that passkeys are good for; without it that of the pool.
    pub(super) relying_party_id: Option<String>,
    /// Whether the device has to see who uses it: `required`, or `preferred` where it can.
    #[attr(default = "preferred", values("preferred", "required"))]
    pub(super) user_verification: String,
}

impl Passkeys {
    pub(super) fn read(found: Option<&sdk::WebAuthnConfigurationType>) -> Option<Self> {
        let found = found?;
        let passkeys = Self {
            relying_party_id: found.relying_party_id.clone(),
            user_verification: found.user_verification().map_or("preferred", |how| how.as_str()).to_owned(),
        };
        (passkeys != Self { relying_party_id: None, user_verification: "preferred".to_owned() }).then_some(passkeys)
    }
}

/// What users may begin to sign in with.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct SignIn {
    /// `PASSWORD` always, and `EMAIL_OTP`, `SMS_OTP`, `WEB_AUTHN` besides.
    #[attr(length(1, 4), values("PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"))]
    pub(super) allowed_first_auth_factors: BTreeSet<String>,
}

impl SignIn {
    pub(super) fn read(policy: Option<&sdk::SignInPolicyType>) -> Self {
        let factors = policy.map(sdk::SignInPolicyType::allowed_first_auth_factors).unwrap_or_default();
        let factors: BTreeSet<String> = factors.iter().map(|factor| factor.as_str().to_owned()).collect();
        let passwords = || BTreeSet::from(["PASSWORD".to_owned()]);
        Self { allowed_first_auth_factors: if factors.is_empty() { passwords() } else { factors } }
    }

    /// As AWS takes it; passwords alone are not said where nothing was said before, for the cheapest tier has no say.
    pub(super) fn write(&self, now: Option<&sdk::SignInPolicyType>) -> Option<sdk::SignInPolicyType> {
        (now.is_some() || *self != Self::read(None)).then(|| {
            let factors = self.allowed_first_auth_factors.iter().map(|factor| factor.as_str().into()).collect();
            sdk::SignInPolicyType::builder().set_allowed_first_auth_factors(Some(factors)).build()
        })
    }
}

/// Passkeys about which nothing is said are none.
pub(super) fn usual_passkeys_are_absent(value: &Value) -> Value {
    let preferred = value.get("user_verification").as_str().is_none_or(|how| how == "preferred");
    if preferred && value.get("relying_party_id").is_null() { Value::Null } else { value.clone() }
}

/// The second factors as they are.
pub(super) async fn read(cx: &Cx<'_>, id: &str) -> Result<GetUserPoolMfaConfigOutput> {
    cx.call(Op::new("cognito-idp:GetUserPoolMfaConfig"), || {
        cx.cognito().get_user_pool_mfa_config().user_pool_id(id).send()
    })
    .await
}

impl CognitoUserPool {
    /// Whether the factors say the same.
    pub(super) fn same_factors(&self, old: &Self) -> bool {
        self.mfa_configuration == old.mfa_configuration
            && self.software_token_mfa_configuration == old.software_token_mfa_configuration
            && self.email_mfa_configuration == old.email_mfa_configuration
            && self.web_authn_configuration == old.web_authn_configuration
            && (self.mfa_configuration == "OFF" || self.sms_configuration == old.sms_configuration)
    }

    /// The same with the factors of another.
    pub(super) fn with_factors(&self, of: &Self) -> Self {
        Self {
            mfa_configuration: of.mfa_configuration.clone(),
            software_token_mfa_configuration: of.software_token_mfa_configuration.clone(),
            email_mfa_configuration: of.email_mfa_configuration.clone(),
            web_authn_configuration: of.web_authn_configuration.clone(),
            ..self.clone()
        }
    }

    /// Sets the second factors and the passkeys, all at once: what is left out is off.
    pub(super) async fn set_factors(&self, cx: &Cx<'_>, id: &str) -> Result<()> {
        let on = self.mfa_configuration != "OFF";
        let token =
            sdk::SoftwareTokenMfaConfigType::builder().enabled(self.software_token_mfa_configuration.enabled).build();
        let sms = self.sms_configuration.as_ref().map(|sms| {
            sdk::SmsMfaConfigType::builder()
                .sms_configuration(sms.write())
                .set_sms_authentication_message(self.sms_authentication_message.clone())
                .build()
        });
        let email = self.email_mfa_configuration.as_ref().map(|mail| {
            sdk::EmailMfaConfigType::builder()
                .set_message(mail.message.clone())
                .set_subject(mail.subject.clone())
                .build()
        });
        let passkeys = self.web_authn_configuration.as_ref().map(|passkeys| {
            sdk::WebAuthnConfigurationType::builder()
                .set_relying_party_id(passkeys.relying_party_id.clone())
                .user_verification(passkeys.user_verification.as_str().into())
                .build()
        });
        cx.call(Op::new("cognito-idp:SetUserPoolMfaConfig").racing(RACING), || {
            cx.cognito()
                .set_user_pool_mfa_config()
                .user_pool_id(id)
                .mfa_configuration(self.mfa_configuration.as_str().into())
                .set_software_token_mfa_configuration(on.then(|| token.clone()))
                .set_sms_mfa_configuration(sms.clone().filter(|_| on))
                .set_email_mfa_configuration(email.clone().filter(|_| on))
                .set_web_authn_configuration(passkeys.clone())
                .send()
        })
        .await?;
        Ok(())
    }

    /// What does not fit together in the factors.
    pub(super) fn check_factors(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let on = self.mfa_configuration != "OFF";
        let token = self.software_token_mfa_configuration.enabled;
        let mail = self.email_mfa_configuration.is_some();
        let factors = [("software_token_mfa_configuration", token), ("email_mfa_configuration", mail)];
        for (name, _) in factors.into_iter().filter(|(_, said)| *said && !on) {
            found.push(
                Violation::new(name, "a second factor is switched off")
                    .hint("write `mfa_configuration: OPTIONAL`, or `ON`"),
            );
        }
        if on && !token && !mail && self.sms_configuration.is_none() {
            found.push(
                Violation::new("mfa_configuration", "there is no second factor that users could have")
                    .hint("write `software_token_mfa_configuration: {enabled: true}`, or `sms_configuration`"),
            );
        }
        let developer = self.email_configuration.email_sending_account == "DEVELOPER";
        if mail && !developer {
            found.push(
                Violation::new("email_mfa_configuration", "Cognito sends codes by mail through your own SES only")
                    .hint("write `email_configuration: {email_sending_account: DEVELOPER, source_arn: …}`"),
            );
        }
        if !self.sign_in_policy.allowed_first_auth_factors.contains("PASSWORD") {
            found.push(Violation::new("sign_in_policy.allowed_first_auth_factors", "`PASSWORD` is always one of them"));
        }
        found
    }
}
