//! `cognito_user_pool`

use std::collections::{BTreeSet, HashMap};

use aws_sdk_cognitoidentityprovider::types as sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Name, NameChars, Naming, PerVerb, Select, TagChange, Unique, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use self::blocks::{
    AddOns, AdminCreate, AttributeUpdates, Devices, Email, PasswordPolicy, Recovery, UserNames, Verification,
    off_is_absent,
};
use self::factors::{EmailFactor, Passkeys, SignIn, Sms, SoftwareToken, usual_passkeys_are_absent};
use self::schema::{Schema, missing, same_schema};
use self::triggers::Triggers;
use super::cognito_support::{describe_pool, enums, retag_pool};
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep, unbuilt};

pub mod blocks;
mod defaults;
pub mod factors;
mod live;
pub mod schema;
pub mod triggers;

/// A user pool: a directory of users who sign up and sign in.
///
/// A replacement is another pool without users: nothing moves them over, nor their passwords.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(at_most_one("username_attributes", "alias_attributes"))]
pub struct CognitoUserPool {
    /// Its name; several pools may have the same one.
    #[attr(length(1, 128), pattern = "[\\w\\s+=,.@-]+")]
    name: Name,
    /// What users sign up with in place of a user name: `email`, `phone_number`.
    #[attr(create_only)]
    username_attributes: BTreeSet<String>,
    /// What users may sign in with besides their user name: `email`, `phone_number`, `preferred_username`.
    #[attr(create_only)]
    alias_attributes: BTreeSet<String>,
    /// Whether the case of user names counts; without it, it does.
    #[attr(create_only, default = defaults::case_counts)]
    username_configuration: UserNames,
    /// Which addresses are verified when users sign up: `email`, `phone_number`.
    auto_verified_attributes: BTreeSet<String>,
    /// Facts about users beyond the standard ones. Some can be added later; none can be changed or taken away.
    #[attr(length(0, 50), same = same_schema)]
    schema: BTreeSet<Schema>,
    /// What passwords must be like; without it 8 characters of all classes.
    #[attr(default = defaults::usual_passwords)]
    password_policy: PasswordPolicy,
    /// Whether a second factor is needed: `OFF`, `OPTIONAL` where the user wants it, `ON`.
    #[attr(default = "OFF", values("OFF", "OPTIONAL", "ON"))]
    mfa_configuration: String,
    /// Codes of an authenticator app as a second factor.
    #[attr(default = defaults::disabled)]
    software_token_mfa_configuration: SoftwareToken,
    /// How text messages are sent; with it they are a second factor as well.
    sms_configuration: Option<Sms>,
    /// The text message with a second factor, with `{####}` in it.
    sms_authentication_message: Option<String>,
    /// Codes by mail as a second factor; with it they are one.
    email_mfa_configuration: Option<EmailFactor>,
    /// What users may begin to sign in with; without it passwords. Not in the tier `LITE`.
    #[attr(default = defaults::passwords_only)]
    sign_in_policy: SignIn,
    /// How passkeys are used, where `sign_in_policy` has `WEB_AUTHN`.
    #[attr(canonical = usual_passkeys_are_absent)]
    web_authn_configuration: Option<Passkeys>,
    /// How users get back into their accounts; without it by mail first, then by text message.
    #[attr(default = defaults::usual_recovery)]
    account_recovery_setting: Recovery,
    /// Who may make users, and how they are invited.
    #[attr(default = defaults::anybody)]
    admin_create_user_config: AdminCreate,
    /// How mail is sent.
    #[attr(default = defaults::usual_mail)]
    email_configuration: Email,
    /// The words with which addresses are verified.
    #[attr(default = defaults::usual_words)]
    verification_message_template: Verification,
    /// Whether devices are remembered; without it they are not.
    device_configuration: Option<Devices>,
    /// What happens when users change their addresses.
    user_attribute_update_settings: Option<AttributeUpdates>,
    /// The Lambda functions that Cognito calls.
    lambda_config: Option<Triggers>,
    /// What guards against stolen passwords; needs the tier `PLUS`.
    #[attr(canonical = off_is_absent)]
    user_pool_add_ons: Option<AddOns>,
    /// Whether it can be deleted: not while `ACTIVE`.
    #[attr(default = "INACTIVE", values("ACTIVE", "INACTIVE"))]
    deletion_protection: String,
    /// What it can do and costs.
    #[attr(default = "ESSENTIALS", values("LITE", "ESSENTIALS", "PLUS"))]
    user_pool_tier: String,
}

/// What a user pool tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "{region}_{hex:9}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:cognito-idp:{region}:{account}:userpool/{id}")]
    arn: String,
    /// The issuer of its tokens, without `https://`.
    #[attr(looks_like = "cognito-idp.{region}.amazonaws.com/{id}")]
    endpoint: String,
    /// The prefix of its domain at Cognito, once it has one.
    #[attr(changes_on_any, looks_like = "")]
    domain: Option<String>,
    /// The name of its own domain, once it has one.
    #[attr(changes_on_any, looks_like = "")]
    custom_domain: Option<String>,
}

/// What the tagging API calls a user pool.
const TYPE: &str = "cognito-idp:userpool";
/// A role that was made a moment ago may not be known yet.
const RACING: &[&str] = &[
    "InvalidSmsRoleTrustRelationshipException", "InvalidSmsRoleAccessPolicyException",
    "InvalidEmailRoleAccessPolicyException",
];

impl Resource for CognitoUserPool {
    const FACTS: Facts = Facts {
        name: "cognito_user_pool",
        service: "cognito-idp",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept(TYPE),
        naming: Some(Naming { attribute: "name", max: 128, allowed: NameChars::Wide, unique: Unique::No }),
        data: Some("its users, their passwords and sub ids"),
        details: 2,
        actions: Actions {
            read: &["tag:GetResources", "cognito-idp:DescribeUserPool", "cognito-idp:GetUserPoolMfaConfig"],
            create: &[
                "cognito-idp:CreateUserPool", "cognito-idp:TagResource", "cognito-idp:SetUserPoolMfaConfig",
                "iam:PassRole",
            ],
            update: &[
                "cognito-idp:UpdateUserPool", "cognito-idp:SetUserPoolMfaConfig", "cognito-idp:AddCustomAttributes",
                "cognito-idp:TagResource", "cognito-idp:UntagResource", "iam:PassRole",
            ],
            delete: &["cognito-idp:DeleteUserPool"],
        },
        takes: PerVerb::new(2, 2, 1),
        calls: PerVerb::new(2, 5, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &["ResourceNotFoundException"],
        exists: &[],
        // What it means here is protection, or a domain.
        blocked: &["InvalidParameterException"],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let ids: Vec<String> = sweep::arns(cx, select, TYPE).await?.iter().map(|arn| id_of(arn).to_owned()).collect();
        // A name is no id, and names nothing: several pools may have it.
        let region = format!("{}_", cx.region);
        let ids = ids.iter().filter(|id| id.starts_with(&region));
        let found = try_join_all(ids.map(|id| async move {
            let Some(pool) = describe_pool(cx, id).await? else { return Ok(None) };
            Result::Ok(Some(live::live(cx, &pool, &factors::read(cx, id).await?)))
        }))
        .await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let names = sdk::UsernameConfigurationType::builder()
            .case_sensitive(self.username_configuration.case_sensitive)
            .build()
            .map_err(unbuilt)?;
        let recovery = self.account_recovery_setting.write()?;
        let schema: Vec<_> = self.schema.iter().map(Schema::write).collect();
        let triggers = self.lambda_config.as_ref().map(|all| Triggers::write(Some(all), None)).transpose()?;
        let add_ons = self.user_pool_add_ons.as_ref().map(AddOns::write).transpose()?;
        let made = cx
            .call(Op::once("cognito-idp:CreateUserPool").racing(RACING), || {
                cx.cognito()
                    .create_user_pool()
                    .pool_name(&*self.name)
                    .set_username_attributes(enums(&self.username_attributes))
                    .set_alias_attributes(enums(&self.alias_attributes))
                    .username_configuration(names.clone())
                    .set_auto_verified_attributes(enums(&self.auto_verified_attributes))
                    .set_schema((!schema.is_empty()).then(|| schema.clone()))
                    .policies(self.policies(None))
                    .set_sms_configuration(self.sms_configuration.as_ref().map(Sms::write))
                    .set_sms_authentication_message(self.sms_authentication_message.clone())
                    .account_recovery_setting(recovery.clone())
                    .admin_create_user_config(self.admin_create_user_config.write())
                    .email_configuration(self.email_configuration.write())
                    .verification_message_template(self.verification_message_template.write())
                    .set_device_configuration(self.device_configuration.as_ref().map(Devices::write))
                    .set_user_attribute_update_settings(
                        self.user_attribute_update_settings.as_ref().map(AttributeUpdates::write),
                    )
                    .set_lambda_config(triggers.clone())
                    .set_user_pool_add_ons(add_ons.clone())
                    .deletion_protection(self.deletion_protection.as_str().into())
                    .user_pool_tier(self.user_pool_tier.as_str().into())
                    .set_user_pool_tags(Some(new.tags.clone().into_iter().collect()))
                    .send()
            })
            .await?;
        let id = made.user_pool.and_then(|pool| pool.id).unwrap_or_default();
        if self.mfa_configuration != "OFF" || self.web_authn_configuration.is_some() {
            self.set_factors(cx, &id).await?;
        }
        Ok(id)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let old = &live.spec;
        for new in missing(&self.schema, &old.schema).unwrap_or_default().chunks(25) {
            add_attributes(cx, &live.id, new).await?;
        }
        let rest_differs = (Self { schema: old.schema.clone(), ..self.with_factors(old) }) != *old;
        // Codes by mail need your own SES to be there before they are a factor, and to stay until they are none.
        let mail_first = rest_differs && self.email_mfa_configuration.is_some();
        if mail_first {
            self.set_all(cx, live, &old.mfa_configuration).await?;
        }
        // A factor has to be there before it is demanded.
        if !self.same_factors(old) {
            self.set_factors(cx, &live.id).await?;
        }
        if rest_differs && !mail_first {
            self.set_all(cx, live, &self.mfa_configuration).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("cognito-idp:DeleteUserPool"), || {
            cx.cognito().delete_user_pool().user_pool_id(&live.id).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        retag_pool(cx, &live.outputs.arn, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = self.check_factors();
        let guarded = self.user_pool_add_ons.as_ref().is_some_and(|on| on.advanced_security_mode != "OFF");
        if guarded && self.user_pool_tier != "PLUS" {
            found.push(
                Violation::new("user_pool_add_ons", format!("the tier {} has none", self.user_pool_tier))
                    .hint("write `user_pool_tier: PLUS`, which costs more for each user"),
            );
        }
        for schema in self.schema.iter().filter(|schema| schema.required && !schema.is_standard()) {
            let message = format!("`{}` is an attribute of your own, which cannot be required", schema.name);
            found.push(Violation::new("schema", message));
        }
        found
    }

    fn must_replace(&self, live: &Self) -> Option<(&'static str, String)> {
        missing(&self.schema, &live.schema)
            .is_none()
            .then(|| ("schema", "attributes can be added, but neither changed nor taken away".to_owned()))
    }

    async fn may_delete(_cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<Vec<Violation>> {
        if live.spec.deletion_protection != "ACTIVE" {
            return Ok(Vec::new());
        }
        let message = format!("{} is protected from deletion", live.id);
        Ok(vec![
            Violation::new("deletion_protection", message).hint("apply `deletion_protection: INACTIVE` to it first"),
        ])
    }

    async fn blockers(_cx: &Cx<'_>, live: &Live<Self>) -> Result<Vec<String>> {
        let domains = live.outputs.domain.iter().chain(&live.outputs.custom_domain);
        Ok(domains.map(|domain| format!("the domain {domain}")).collect())
    }
}

impl CognitoUserPool {
    /// Sends everything: what an update leaves out is reset. What the stack knows nothing of is read, and sent along.
    async fn set_all(&self, cx: &Cx<'_>, live: &Live<Self>, mfa: &str) -> Result<()> {
        let Some(now) = describe_pool(cx, &live.id).await? else { return Ok(()) };
        let recovery = self.account_recovery_setting.write()?;
        let add_ons = self.user_pool_add_ons.as_ref().map(AddOns::write).transpose()?;
        let triggers = (self.lambda_config.is_some() || now.lambda_config.is_some())
            .then(|| Triggers::write(self.lambda_config.as_ref(), now.lambda_config.clone()))
            .transpose()?;
        let signing_in = now.policies.as_ref().and_then(|policies| policies.sign_in_policy());
        // Marks of clients, groups and domains may have come since it was read.
        let tags: HashMap<String, String> = now.user_pool_tags.clone().unwrap_or_default();
        cx.call(Op::new("cognito-idp:UpdateUserPool").racing(RACING), || {
            cx.cognito()
                .update_user_pool()
                .user_pool_id(&live.id)
                .pool_name(&*self.name)
                .set_auto_verified_attributes(enums(&self.auto_verified_attributes))
                .policies(self.policies(signing_in))
                .mfa_configuration(mfa.into())
                .set_sms_configuration(self.sms_configuration.as_ref().map(Sms::write))
                .set_sms_authentication_message(self.sms_authentication_message.clone())
                .account_recovery_setting(recovery.clone())
                .admin_create_user_config(self.admin_create_user_config.write())
                .email_configuration(self.email_configuration.write())
                .verification_message_template(self.verification_message_template.write())
                .set_device_configuration(self.device_configuration.as_ref().map(Devices::write))
                .set_user_attribute_update_settings(
                    self.user_attribute_update_settings.as_ref().map(AttributeUpdates::write),
                )
                .set_lambda_config(triggers.clone())
                .deletion_protection(self.deletion_protection.as_str().into())
                .user_pool_tier(self.user_pool_tier.as_str().into())
                .set_user_pool_add_ons(add_ons.clone())
                .set_key_configuration(now.key_configuration.clone())
                .set_issuer_configuration(now.issuer_configuration.clone())
                .set_acr_configuration(now.acr_configuration.clone())
                .set_user_pool_tags(Some(tags.clone()))
                .send()
        })
        .await?;
        Ok(())
    }

    fn policies(&self, now: Option<&sdk::SignInPolicyType>) -> sdk::UserPoolPolicyType {
        let policy = sdk::UserPoolPolicyType::builder().password_policy(self.password_policy.write());
        policy.set_sign_in_policy(self.sign_in_policy.write(now)).build()
    }
}

/// Adds attributes to the schema. When the answer was lost and the call was sent again, AWS says that they are there.
async fn add_attributes(cx: &Cx<'_>, id: &str, new: &[&Schema]) -> Result<()> {
    let attributes: Vec<_> = new.iter().map(|schema| schema.write()).collect();
    let added = cx
        .call(Op::new("cognito-idp:AddCustomAttributes"), || {
            let pool = cx.cognito().add_custom_attributes().user_pool_id(id);
            pool.set_custom_attributes(Some(attributes.clone())).send()
        })
        .await;
    match added {
        Err(error) if error.code() == Some("InvalidParameterException") => {
            let there = describe_pool(cx, id).await?.and_then(|pool| pool.schema_attributes).unwrap_or_default();
            let there: BTreeSet<Schema> = there.iter().filter_map(Schema::read).collect();
            let all: BTreeSet<Schema> =
                there.iter().cloned().chain(new.iter().map(|schema| (*schema).clone())).collect();
            if missing(&all, &there).is_some_and(|left| left.is_empty()) { Ok(()) } else { Err(error) }
        }
        added => added.map(drop),
    }
}

/// The id in an ARN; an id is its own.
fn id_of(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, id)| id)
}
