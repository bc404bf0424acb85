//! `cognito_user_pool`

use std::collections::{BTreeSet, HashMap};

use aws_sdk_cognitoidentityprovider::operation::get_user_pool_mfa_config::GetUserPoolMfaConfigOutput;
use aws_sdk_cognitoidentityprovider::types as sdk;
use clefctl_core::error::{Error, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Map, Name, NameChars, Naming, PerVerb, Select, Status, TagChange,
    Unique, Value, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use self::blocks::{
    AdminCreate, AttributeUpdates, Devices, Email, PasswordPolicy, Recovery, Schema, Sms, SoftwareToken, Triggers,
    UserNames, Verification, missing, same_schema,
};
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

pub mod blocks;

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
    #[attr(create_only, default = case_counts)]
    username_configuration: UserNames,
    /// Which addresses are verified when users sign up: `email`, `phone_number`.
    auto_verified_attributes: BTreeSet<String>,
    /// Facts about users beyond the standard ones. Some can be added later; none can be changed or taken away.
    #[attr(length(0, 50), same = same_schema)]
    schema: BTreeSet<Schema>,
    /// What passwords must be like; without it 8 characters of all classes.
    #[attr(default = usual_passwords)]
    password_policy: PasswordPolicy,
    /// Whether a second factor is needed: `OFF`, `OPTIONAL` where the user wants it, `ON`.
    #[attr(default = "OFF", values("OFF", "OPTIONAL", "ON"))]
    mfa_configuration: String,
    /// Codes of an authenticator app as a second factor.
    #[attr(default = disabled)]
    software_token_mfa_configuration: SoftwareToken,
    /// How text messages are sent; with it they are a second factor as well.
    sms_configuration: Option<Sms>,
    /// The text message with a second factor, with `{####}` in it.
    sms_authentication_message: Option<String>,
    /// How users get back into their accounts; without it by mail first, then by text message.
    #[attr(default = usual_recovery)]
    account_recovery_setting: Recovery,
    /// Who may make users, and how they are invited.
    #[attr(default = anybody)]
    admin_create_user_config: AdminCreate,
    /// How mail is sent.
    #[attr(default = usual_mail)]
    email_configuration: Email,
    /// The words with which addresses are verified.
    #[attr(default = usual_words)]
    verification_message_template: Verification,
    /// Whether devices are remembered; without it they are not.
    device_configuration: Option<Devices>,
    /// What happens when users change their addresses.
    user_attribute_update_settings: Option<AttributeUpdates>,
    /// The Lambda functions that Cognito calls.
    lambda_config: Option<Triggers>,
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
    /// The prefix or name of its domain, once it has one.
    #[attr(changes_on_any, looks_like = "")]
    domain: Option<String>,
}

/// What the tagging API calls a user pool.
const TYPE: &str = "cognito-idp:userpool";
/// A role that was made a moment ago may not be known yet.
const RACING: &[&str] = &[
    "InvalidSmsRoleTrustRelationshipException",
    "InvalidSmsRoleAccessPolicyException",
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
                "cognito-idp:CreateUserPool",
                "cognito-idp:TagResource",
                "cognito-idp:SetUserPoolMfaConfig",
                "iam:PassRole",
            ],
            update: &[
                "cognito-idp:UpdateUserPool",
                "cognito-idp:SetUserPoolMfaConfig",
                "cognito-idp:AddCustomAttributes",
                "cognito-idp:TagResource",
                "cognito-idp:UntagResource",
                "iam:PassRole",
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
            let Some(pool) = describe(cx, id).await? else { return Ok(None) };
            let mfa = mfa(cx, id).await?;
            Result::Ok(Some(live(cx, &pool, &mfa)))
        }))
        .await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let names = sdk::UsernameConfigurationType::builder()
            .case_sensitive(self.username_configuration.case_sensitive)
            .build()
            .map_err(|error| Error::internal(error.to_string()))?;
        let recovery = self.account_recovery_setting.write()?;
        let schema: Vec<_> = self.schema.iter().map(Schema::write).collect();
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
                    .set_device_configuration(self.devices())
                    .set_user_attribute_update_settings(self.attribute_updates())
                    .set_lambda_config(self.lambda_config.as_ref().map(|all| Triggers::write(Some(all), None)))
                    .deletion_protection(self.deletion_protection.as_str().into())
                    .user_pool_tier(self.user_pool_tier.as_str().into())
                    .set_user_pool_tags(Some(new.tags.clone().into_iter().collect()))
                    .send()
            })
            .await?;
        let id = made.user_pool.and_then(|pool| pool.id).unwrap_or_default();
        if self.mfa_configuration != "OFF" {
            self.set_mfa(cx, &id).await?;
        }
        Ok(id)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let old = &live.spec;
        for new in missing(&self.schema, &old.schema).unwrap_or_default().chunks(25) {
            let new: Vec<_> = new.iter().map(|schema| schema.write()).collect();
            cx.call(Op::new("cognito-idp:AddCustomAttributes"), || {
                let pool = cx.cognito().add_custom_attributes().user_pool_id(&live.id);
                pool.set_custom_attributes(Some(new.clone())).send()
            })
            .await?;
        }
        let rest = Self {
            schema: old.schema.clone(),
            mfa_configuration: old.mfa_configuration.clone(),
            software_token_mfa_configuration: old.software_token_mfa_configuration.clone(),
            ..self.clone()
        };
        // A factor has to be there before it is demanded.
        if self.mfa_configuration != old.mfa_configuration
            || self.software_token_mfa_configuration != old.software_token_mfa_configuration
            || self.mfa_configuration != "OFF" && self.sms_configuration != old.sms_configuration
        {
            self.set_mfa(cx, &live.id).await?;
        }
        if rest != *old {
            self.set_all(cx, live).await?;
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
        let arn = &live.outputs.arn;
        if !change.set.is_empty() {
            cx.call(Op::new("cognito-idp:TagResource"), || {
                let tags = Some(change.set.clone().into_iter().collect());
                cx.cognito().tag_resource().resource_arn(arn).set_tags(tags).send()
            })
            .await?;
        }
        if !change.remove.is_empty() {
            cx.call(Op::new("cognito-idp:UntagResource"), || {
                cx.cognito().untag_resource().resource_arn(arn).set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        Ok(())
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let token = self.software_token_mfa_configuration.enabled;
        if self.mfa_configuration == "OFF" && token {
            found.push(
                Violation::new("software_token_mfa_configuration", "a second factor is switched off")
                    .hint("write `mfa_configuration: OPTIONAL`, or `ON`"),
            );
        }
        if self.mfa_configuration != "OFF" && !token && self.sms_configuration.is_none() {
            found.push(
                Violation::new("mfa_configuration", "there is no second factor that users could have")
                    .hint("write `software_token_mfa_configuration: {enabled: true}`, or `sms_configuration`"),
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
        Ok(live.outputs.domain.iter().map(|domain| format!("the domain {domain}")).collect())
    }
}

impl CognitoUserPool {
    /// Sends everything: what an update leaves out is reset. What the stack knows nothing of is read, and sent along.
    async fn set_all(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let Some(now) = describe(cx, &live.id).await? else { return Ok(()) };
        let recovery = self.account_recovery_setting.write()?;
        let tags: HashMap<String, String> = live.tags.clone().into_iter().collect();
        let triggers = (self.lambda_config.is_some() || now.lambda_config.is_some())
            .then(|| Triggers::write(self.lambda_config.as_ref(), now.lambda_config.clone()));
        let signing_in = now.policies.as_ref().and_then(|policies| policies.sign_in_policy.clone());
        cx.call(Op::new("cognito-idp:UpdateUserPool").racing(RACING), || {
            cx.cognito()
                .update_user_pool()
                .user_pool_id(&live.id)
                .pool_name(&*self.name)
                .set_auto_verified_attributes(enums(&self.auto_verified_attributes))
                .policies(self.policies(signing_in.clone()))
                .mfa_configuration(self.mfa_configuration.as_str().into())
                .set_sms_configuration(self.sms_configuration.as_ref().map(Sms::write))
                .set_sms_authentication_message(self.sms_authentication_message.clone())
                .account_recovery_setting(recovery.clone())
                .admin_create_user_config(self.admin_create_user_config.write())
                .email_configuration(self.email_configuration.write())
                .verification_message_template(self.verification_message_template.write())
                .set_device_configuration(self.devices())
                .set_user_attribute_update_settings(self.attribute_updates())
                .set_lambda_config(triggers.clone())
                .deletion_protection(self.deletion_protection.as_str().into())
                .user_pool_tier(self.user_pool_tier.as_str().into())
                .set_user_pool_add_ons(now.user_pool_add_ons.clone())
                .set_key_configuration(now.key_configuration.clone())
                .set_issuer_configuration(now.issuer_configuration.clone())
                .set_acr_configuration(now.acr_configuration.clone())
                .set_user_pool_tags(Some(tags.clone()))
                .send()
        })
        .await?;
        Ok(())
    }

    /// Sets the second factors; those by mail and passkeys stay as they are.
    async fn set_mfa(&self, cx: &Cx<'_>, id: &str) -> Result<()> {
        let now = mfa(cx, id).await?;
        let on = self.mfa_configuration != "OFF";
        let token =
            sdk::SoftwareTokenMfaConfigType::builder().enabled(self.software_token_mfa_configuration.enabled).build();
        let sms = self.sms_configuration.as_ref().map(|sms| {
            sdk::SmsMfaConfigType::builder()
                .sms_configuration(sms.write())
                .set_sms_authentication_message(self.sms_authentication_message.clone())
                .build()
        });
        cx.call(Op::new("cognito-idp:SetUserPoolMfaConfig").racing(RACING), || {
            cx.cognito()
                .set_user_pool_mfa_config()
                .user_pool_id(id)
                .mfa_configuration(self.mfa_configuration.as_str().into())
                .set_software_token_mfa_configuration(on.then(|| token.clone()))
                .set_sms_mfa_configuration(sms.clone().filter(|_| on))
                .set_email_mfa_configuration(now.email_mfa_configuration.clone().filter(|_| on))
                .set_web_authn_configuration(now.web_authn_configuration.clone())
                .send()
        })
        .await?;
        Ok(())
    }

    fn policies(&self, signing_in: Option<sdk::SignInPolicyType>) -> sdk::UserPoolPolicyType {
        let policy = sdk::UserPoolPolicyType::builder().password_policy(self.password_policy.write());
        policy.set_sign_in_policy(signing_in).build()
    }

    fn devices(&self) -> Option<sdk::DeviceConfigurationType> {
        self.device_configuration.as_ref().map(|devices| {
            sdk::DeviceConfigurationType::builder()
                .challenge_required_on_new_device(devices.challenge_required_on_new_device)
                .device_only_remembered_on_user_prompt(devices.device_only_remembered_on_user_prompt)
                .build()
        })
    }

    fn attribute_updates(&self) -> Option<sdk::UserAttributeUpdateSettingsType> {
        self.user_attribute_update_settings.as_ref().map(|settings| {
            let verified = enums(&settings.attributes_require_verification_before_update);
            sdk::UserAttributeUpdateSettingsType::builder()
                .set_attributes_require_verification_before_update(Some(verified.unwrap_or_default()))
                .build()
        })
    }
}

fn enums<T: for<'a> From<&'a str>>(texts: &BTreeSet<String>) -> Option<Vec<T>> {
    (!texts.is_empty()).then(|| texts.iter().map(|text| T::from(text.as_str())).collect())
}

fn case_counts(_pool: &Map) -> Value {
    Value::map([("case_sensitive", Value::Bool(true))])
}

fn disabled(_pool: &Map) -> Value {
    Value::map([("enabled", Value::Bool(false))])
}

fn anybody(_pool: &Map) -> Value {
    written(&AdminCreate::read(None))
}

fn usual_passwords(_pool: &Map) -> Value {
    written(&PasswordPolicy::read(None))
}

fn usual_recovery(_pool: &Map) -> Value {
    written(&Recovery::read(None))
}

fn usual_mail(_pool: &Map) -> Value {
    written(&Email::read(None))
}

fn usual_words(_pool: &Map) -> Value {
    written(&Verification::read(None))
}

/// A block as stacks write it.
fn written<T: Serialize>(block: &T) -> Value {
    serde_json::to_value(block).map_or(Value::Null, |json| Value::from_json(&json))
}

/// The id in an ARN; an id is its own.
fn id_of(arn: &str) -> &str {
    arn.rsplit_once('/').map_or(arn, |(_, id)| id)
}

async fn describe(cx: &Cx<'_>, id: &str) -> Result<Option<sdk::UserPoolType>> {
    let found = cx
        .call(Op::new("cognito-idp:DescribeUserPool"), || cx.cognito().describe_user_pool().user_pool_id(id).send())
        .await;
    match found {
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        found => Ok(found?.user_pool),
    }
}

async fn mfa(cx: &Cx<'_>, id: &str) -> Result<GetUserPoolMfaConfigOutput> {
    cx.call(Op::new("cognito-idp:GetUserPoolMfaConfig"), || {
        cx.cognito().get_user_pool_mfa_config().user_pool_id(id).send()
    })
    .await
}

fn live(cx: &Cx<'_>, pool: &sdk::UserPoolType, mfa: &GetUserPoolMfaConfigOutput) -> Live<CognitoUserPool> {
    let id = pool.id().unwrap_or_default().to_owned();
    let suffix = if cx.partition() == "aws-cn" { ".cn" } else { "" };
    let token = mfa.software_token_mfa_configuration().is_some_and(|token| token.enabled);
    let wanted = mfa.mfa_configuration().or(pool.mfa_configuration()).unwrap_or(&sdk::UserPoolMfaType::Off);
    let updates = pool.user_attribute_update_settings();
    let updates = updates.map(aws_sdk_cognitoidentityprovider::types::UserAttributeUpdateSettingsType::attributes_require_verification_before_update);
    let protection = pool.deletion_protection().unwrap_or(&sdk::DeletionProtectionType::Inactive);
    let domain = pool.custom_domain().or(pool.domain());
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
            device_configuration: pool.device_configuration().map(|devices| Devices {
                challenge_required_on_new_device: devices.challenge_required_on_new_device,
                device_only_remembered_on_user_prompt: devices.device_only_remembered_on_user_prompt,
            }),
            user_attribute_update_settings: updates.filter(|verified| !verified.is_empty()).map(|verified| {
                AttributeUpdates {
                    attributes_require_verification_before_update: verified
                        .iter()
                        .map(|attribute| attribute.as_str().to_owned())
                        .collect(),
                }
            }),
            lambda_config: Triggers::read(pool.lambda_config()),
            deletion_protection: protection.as_str().to_owned(),
            user_pool_tier: pool.user_pool_tier().map_or("ESSENTIALS", |tier| tier.as_str()).to_owned(),
        },
        outputs: Outputs {
            arn: cx.arn("cognito-idp", &format!("userpool/{id}")),
            endpoint: format!("cognito-idp.{}.amazonaws.com{suffix}/{id}", cx.region),
            domain: domain.map(str::to_owned),
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
