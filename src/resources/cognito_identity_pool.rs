//! `cognito_identity_pool`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cognitoidentity::operation::describe_identity_pool::DescribeIdentityPoolOutput;
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Name, NameChars, Naming, PerVerb, Select, Status, TagChange, Tags,
    Unique, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use self::providers::Provider;
use self::roles::{RoleMapping, Roles};
use super::cognito_support::{GONE, some};
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep, unless};

pub mod providers;
pub mod roles;

/// An identity pool: gives users of an application credentials of AWS.
///
/// Who has signed in with one of the providers gets those of the authenticated role, others those of the
/// unauthenticated one, where that is allowed.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct CognitoIdentityPool {
    /// Its name; several pools may have the same one.
    #[attr(length(1, 128), pattern = "[\\w\\s+=,.@-]+")]
    identity_pool_name: Name,
    /// Whether somebody who has not signed in gets credentials too.
    #[attr(default = false)]
    allow_unauthenticated_identities: bool,
    /// Whether the classic flow may be used, in which the application chooses the role.
    #[attr(default = false)]
    allow_classic_flow: bool,
    /// The clients of user pools whose users get credentials.
    cognito_identity_providers: BTreeSet<Provider>,
    /// Id of the application at each public provider, by the provider's name: `accounts.google.com`.
    #[attr(length(0, 10))]
    supported_login_providers: BTreeMap<String, String>,
    /// ARNs of the providers of OpenID Connect.
    #[attr(refers("iam_openid_connect_provider", "arn"))]
    openid_connect_provider_arns: BTreeSet<String>,
    /// ARNs of the providers of SAML.
    #[attr(refers("iam_saml_provider", "arn"))]
    saml_provider_arns: BTreeSet<String>,
    /// The name by which your own servers vouch for users. Once set it stays: another one is another pool.
    #[attr(create_only, length(1, 100), pattern = "[\\w._-]+")]
    developer_provider_name: Option<String>,
    /// The roles that users take on.
    #[attr(settled)]
    roles: Option<Roles>,
    /// How the role of a signed-in user is chosen, one entry for each provider; without one it is the authenticated.
    #[attr(settled)]
    role_mapping: BTreeSet<RoleMapping>,
}

/// What an identity pool tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "{region}:{uuid}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:cognito-identity:{region}:{account}:identitypool/{id}")]
    arn: String,
}

/// What the tagging API calls an identity pool.
const TYPE: &str = "cognito-identity:identitypool";

impl Resource for CognitoIdentityPool {
    const FACTS: Facts = Facts {
        name: "cognito_identity_pool",
        service: "cognito-identity",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept(TYPE),
        naming: Some(Naming {
            attribute: "identity_pool_name",
            max: 128,
            allowed: NameChars::Wide,
            unique: Unique::No,
        }),
        data: Some("the identities of its users, under which an application may have kept data"),
        details: 2,
        actions: Actions {
            read: &[
                "tag:GetResources", "cognito-identity:DescribeIdentityPool", "cognito-identity:GetIdentityPoolRoles",
            ],
            create: &["cognito-identity:CreateIdentityPool", "cognito-identity:TagResource"],
            update: &[
                "cognito-identity:UpdateIdentityPool", "cognito-identity:SetIdentityPoolRoles",
                "cognito-identity:TagResource", "cognito-identity:UntagResource", "iam:PassRole",
            ],
            delete: &["cognito-identity:DeleteIdentityPool"],
        },
        calls: PerVerb::new(1, 4, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: GONE, exists: &[], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let arns = sweep::arns(cx, select, TYPE).await?;
        // A name is no id, and names nothing: several pools may have it.
        let region = format!("{}:", cx.region);
        let ids = arns.iter().map(|arn| arn.rsplit_once('/').map_or(arn.as_str(), |(_, id)| id));
        let found = try_join_all(ids.filter(|id| id.starts_with(&region)).map(|id| async move {
            let Some(pool) = describe(cx, id).await? else { return Ok(None) };
            let (roles, mappings) = roles::read(cx, id).await?;
            let live = live(cx, pool);
            Result::Ok(Some(Live { spec: Self { roles, role_mapping: mappings, ..live.spec }, ..live }))
        }));
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let made = cx
            .call(Op::once("cognito-identity:CreateIdentityPool"), || {
                cx.identity()
                    .create_identity_pool()
                    .identity_pool_name(&*self.identity_pool_name)
                    .allow_unauthenticated_identities(self.allow_unauthenticated_identities)
                    .allow_classic_flow(self.allow_classic_flow)
                    .set_cognito_identity_providers(providers::write(&self.cognito_identity_providers))
                    .set_supported_login_providers(providers::public(&self.supported_login_providers))
                    .set_open_id_connect_provider_arns(some(&self.openid_connect_provider_arns))
                    .set_saml_provider_arns(some(&self.saml_provider_arns))
                    .set_developer_provider_name(self.developer_provider_name.clone())
                    .set_identity_pool_tags(Some(new.tags.clone().into_iter().collect()))
                    .send()
            })
            .await?;
        Ok(made.identity_pool_id)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let old = &live.spec;
        let rest = Self { roles: old.roles.clone(), role_mapping: old.role_mapping.clone(), ..self.clone() };
        if rest != *old {
            // What is left out is reset, the tags as well.
            cx.call(Op::new("cognito-identity:UpdateIdentityPool"), || {
                cx.identity()
                    .update_identity_pool()
                    .identity_pool_id(&live.id)
                    .identity_pool_name(&*self.identity_pool_name)
                    .allow_unauthenticated_identities(self.allow_unauthenticated_identities)
                    .allow_classic_flow(self.allow_classic_flow)
                    .set_cognito_identity_providers(providers::write(&self.cognito_identity_providers))
                    .set_supported_login_providers(providers::public(&self.supported_login_providers))
                    .set_open_id_connect_provider_arns(some(&self.openid_connect_provider_arns))
                    .set_saml_provider_arns(some(&self.saml_provider_arns))
                    .set_developer_provider_name(self.developer_provider_name.clone())
                    .set_identity_pool_tags(Some(live.tags.clone().into_iter().collect()))
                    .send()
            })
            .await?;
        }
        if self.roles != old.roles || self.role_mapping != old.role_mapping {
            roles::write(cx, &live.id, self.roles.as_ref(), &self.role_mapping).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("cognito-identity:DeleteIdentityPool"), || {
            cx.identity().delete_identity_pool().identity_pool_id(&live.id).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        let arn = &live.outputs.arn;
        if !change.set.is_empty() {
            let tags: std::collections::HashMap<_, _> = change.set.clone().into_iter().collect();
            cx.call(Op::new("cognito-identity:TagResource"), || {
                cx.identity().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send()
            })
            .await?;
        }
        if !change.remove.is_empty() {
            cx.call(Op::new("cognito-identity:UntagResource"), || {
                cx.identity().untag_resource().resource_arn(arn).set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        Ok(())
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = roles::check(&self.role_mapping);
        let visitors = self.roles.as_ref().is_some_and(|roles| roles.unauthenticated.is_some());
        if visitors && !self.allow_unauthenticated_identities {
            found.push(
                Violation::new("roles.unauthenticated", "nobody gets this role who has not signed in")
                    .hint("write `allow_unauthenticated_identities: true`, or take the role out"),
            );
        }
        found
    }
}

async fn describe(cx: &Cx<'_>, id: &str) -> Result<Option<DescribeIdentityPoolOutput>> {
    let found = cx
        .call(Op::new("cognito-identity:DescribeIdentityPool"), || {
            cx.identity().describe_identity_pool().identity_pool_id(id).send()
        })
        .await;
    unless(found, GONE)
}

/// What a pool says of itself; its roles are asked for beside it.
fn live(cx: &Cx<'_>, pool: DescribeIdentityPoolOutput) -> Live<CognitoIdentityPool> {
    let id = pool.identity_pool_id;
    Live {
        spec: CognitoIdentityPool {
            identity_pool_name: Name(pool.identity_pool_name),
            allow_unauthenticated_identities: pool.allow_unauthenticated_identities,
            allow_classic_flow: pool.allow_classic_flow.unwrap_or_default(),
            cognito_identity_providers: providers::read(pool.cognito_identity_providers),
            supported_login_providers: pool.supported_login_providers.unwrap_or_default().into_iter().collect(),
            openid_connect_provider_arns: pool.open_id_connect_provider_arns.unwrap_or_default().into_iter().collect(),
            saml_provider_arns: pool.saml_provider_arns.unwrap_or_default().into_iter().collect(),
            developer_provider_name: pool.developer_provider_name.filter(|name| !name.is_empty()),
            roles: None,
            role_mapping: BTreeSet::new(),
        },
        outputs: Outputs { arn: cx.arn("cognito-identity", &format!("identitypool/{id}")), id: id.clone() },
        tags: pool.identity_pool_tags.unwrap_or_default().into_iter().collect::<Tags>(),
        status: Status::Usable,
        id,
    }
}
