//! `cognito_user_pool_client`

use std::collections::BTreeSet;

use aws_sdk_cognitoidentityprovider::types::{
    ExplicitAuthFlowsType, OAuthFlowType, PreventUserExistenceErrorTypes, TimeUnitsType, TokenValidityUnitsType,
    UserPoolClientType as Sdk,
};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Map, Mark, Name, NameChars, Naming, Select, Status, TagChange, Tags,
    Unique, Value, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::cognito_support::{GONE, Part, Pool, enums, some};
use crate::aws::{Codes, Cx, Live, Op, Resource, unless};

/// An app client: what lets an application sign users of a pool in.
///
/// Clients take no tags. One that has its default name is known by that; of one whose name the stack writes the pool
/// remembers in a tag whose it is. A pool has room for about 40 such tags.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct CognitoUserPoolClient {
    /// The user pool.
    #[attr(create_only, refers("cognito_user_pool", "id"))]
    user_pool_id: String,
    /// Its name.
    #[attr(length(1, 128), pattern = "[\\w\\s+=,.@-]+")]
    name: Name,
    /// Whether it has a secret, which the application has to know; not for what runs in browsers.
    #[attr(create_only, default = false)]
    generate_secret: bool,
    /// How users may sign in, such as `ALLOW_USER_SRP_AUTH`, `ALLOW_REFRESH_TOKEN_AUTH`.
    #[attr(default = usual_flows)]
    explicit_auth_flows: BTreeSet<String>,
    /// Whether the flows of OAuth 2.0 below may be used.
    #[attr(default = false)]
    allowed_oauth_flows_user_pool_client: bool,
    /// The flows of OAuth 2.0: `code`, `implicit`, `client_credentials`.
    #[attr(length(0, 3))]
    allowed_oauth_flows: BTreeSet<String>,
    /// The scopes of OAuth 2.0: `openid`, `email`, `phone`, `profile`, `aws.cognito.signin.user.admin`, or those of
    /// resource servers.
    #[attr(length(0, 50))]
    allowed_oauth_scopes: BTreeSet<String>,
    /// Where users may be sent after signing in.
    #[attr(length(0, 100))]
    callback_urls: BTreeSet<String>,
    /// Where users may be sent after signing out.
    #[attr(length(0, 100))]
    logout_urls: BTreeSet<String>,
    /// Where users are sent after signing in when nothing is asked; one of `callback_urls`.
    default_redirect_uri: Option<String>,
    /// Who may sign users in: `COGNITO`, and the names of identity providers of the pool.
    supported_identity_providers: BTreeSet<String>,
    /// How long access tokens are good, in the unit of `token_validity_units`. Without it one hour.
    #[attr(range(1, 86_400))]
    access_token_validity: Option<i32>,
    /// How long id tokens are good, in the unit of `token_validity_units`. Without it one hour.
    #[attr(range(1, 86_400))]
    id_token_validity: Option<i32>,
    /// How long refresh tokens are good, in the unit of `token_validity_units`.
    #[attr(default = 30, range(1, 315_360_000))]
    refresh_token_validity: i32,
    /// The units of the three.
    #[attr(default = usual_units)]
    token_validity_units: Units,
    /// Whether signing in tells that a user does not exist: `ENABLED` keeps it secret, `LEGACY` tells.
    #[attr(default = "LEGACY", values("ENABLED", "LEGACY"))]
    prevent_user_existence_errors: String,
    /// Whether refresh tokens can be revoked.
    #[attr(default = true)]
    enable_token_revocation: bool,
    /// Whether the application may pass on the addresses of users; needs a secret.
    #[attr(default = false)]
    enable_propagate_additional_user_context_data: bool,
    /// Minutes for each step of signing in.
    #[attr(default = 3, range(3, 15))]
    auth_session_validity: i32,
    /// The attributes of users that it may read. Without any: all standard ones.
    read_attributes: BTreeSet<String>,
    /// The attributes of users that it may write. Without any: all standard ones that can be written.
    write_attributes: BTreeSet<String>,
}

/// The units of validities.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Units {
    /// Of access tokens.
    #[attr(default = "hours", values("seconds", "minutes", "hours", "days"))]
    access_token: String,
    /// Of id tokens.
    #[attr(default = "hours", values("seconds", "minutes", "hours", "days"))]
    id_token: String,
    /// Of refresh tokens.
    #[attr(default = "days", values("seconds", "minutes", "hours", "days"))]
    refresh_token: String,
}

/// What a client tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its client id, by which applications know it.
    #[attr(looks_like = "{hex:26}")]
    id: String,
    /// Its secret, if it has one.
    #[attr(sensitive, looks_like = "{hex:52}")]
    client_secret: Option<String>,
}

impl Resource for CognitoUserPoolClient {
    const FACTS: Facts = Facts {
        name: "cognito_user_pool_client",
        service: "cognito-idp",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Child(&["cognito_user_pool"]),
        mark: Mark::Marker,
        naming: Some(Naming { attribute: "name", max: 128, allowed: NameChars::Wide, unique: Unique::Parent }),
        details: 1,
        actions: Actions {
            read: &[
                "cognito-idp:DescribeUserPool", "cognito-idp:ListUserPoolClients", "cognito-idp:DescribeUserPoolClient",
            ],
            create: &["cognito-idp:CreateUserPoolClient", "cognito-idp:TagResource"],
            update: &["cognito-idp:UpdateUserPoolClient", "cognito-idp:TagResource", "cognito-idp:UntagResource"],
            delete: &["cognito-idp:DeleteUserPoolClient", "cognito-idp:UntagResource"],
        },
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: GONE, exists: &[], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let clients = match select {
            Select::One(id) => match id.split_once('/') {
                Some((pool, client)) => vec![(pool.to_owned(), client.to_owned(), None)],
                None => {
                    return Err(Error::new(ErrorKind::Usage, format!("`{id}` names no client"))
                        .hint("clients are named by pool and client id: `eu-west-3_Ab1Cd2Ef3/5g6h7i8j9k`"));
                }
            },
            Select::Owned(expected) => {
                let pools = Pool::all(cx, expected).await?;
                let lists = pools.iter().map(|pool| async move {
                    let clients = list(cx, &pool.id).await?.into_iter().map(|(id, name)| {
                        let tags = part(&pool.id, &name).tags(cx, &pool.tags);
                        (pool.id.clone(), id, Some(tags))
                    });
                    Result::Ok(clients.filter(|(_, _, tags)| tags.as_ref().is_some_and(|tags| !tags.is_empty())))
                });
                try_join_all(lists).await?.into_iter().flatten().collect()
            }
        };
        let found = try_join_all(clients.into_iter().map(|(pool, client, tags)| async move {
            let Some(client) = describe(cx, &pool, &client).await? else { return Ok(None) };
            let tags = match tags {
                Some(tags) => tags,
                None => Pool::told(cx, &part(&pool, client.client_name().unwrap_or_default())).await?,
            };
            Result::Ok(Some(live(&client, tags)))
        }));
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        part(&self.user_pool_id, &self.name).mark(cx, &new.tags).await?;
        let op = Op::once("cognito-idp:CreateUserPoolClient").racing(RACING);
        let made = cx
            .call(op, || {
                cx.cognito()
                    .create_user_pool_client()
                    .user_pool_id(&self.user_pool_id)
                    .client_name(&*self.name)
                    .generate_secret(self.generate_secret)
                    .set_explicit_auth_flows(Some(self.flows()))
                    .allowed_o_auth_flows_user_pool_client(self.allowed_oauth_flows_user_pool_client)
                    .set_allowed_o_auth_flows(self.oauth_flows())
                    .set_allowed_o_auth_scopes(some(&self.allowed_oauth_scopes))
                    .set_callback_urls(some(&self.callback_urls))
                    .set_logout_urls(some(&self.logout_urls))
                    .set_default_redirect_uri(self.default_redirect_uri.clone())
                    .set_supported_identity_providers(some(&self.supported_identity_providers))
                    .set_access_token_validity(self.access_token_validity)
                    .set_id_token_validity(self.id_token_validity)
                    .refresh_token_validity(self.refresh_token_validity)
                    .token_validity_units(self.token_validity_units.sdk())
                    .prevent_user_existence_errors(self.prevent_user_existence_errors.as_str().into())
                    .enable_token_revocation(self.enable_token_revocation)
                    .set_enable_propagate_additional_user_context_data(self.context_data())
                    .auth_session_validity(self.auth_session_validity)
                    .set_read_attributes(some(&self.read_attributes))
                    .set_write_attributes(some(&self.write_attributes))
                    .send()
            })
            .await?;
        let id = made.user_pool_client.and_then(|client| client.client_id).unwrap_or_default();
        Ok(format!("{}/{id}", self.user_pool_id))
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if *self == live.spec {
            return Ok(());
        }
        // What is left out is reset: what the stack knows nothing of is read, and sent along.
        let now = describe(cx, &self.user_pool_id, &live.outputs.id).await?;
        let (analytics, rotation) =
            now.map(|client| (client.analytics_configuration, client.refresh_token_rotation)).unwrap_or_default();
        let renamed = self.name != live.spec.name;
        if renamed {
            part(&self.user_pool_id, &self.name).mark(cx, &live.tags).await?;
        }
        cx.call(Op::new("cognito-idp:UpdateUserPoolClient").racing(RACING), || {
            cx.cognito()
                .update_user_pool_client()
                .user_pool_id(&self.user_pool_id)
                .client_id(&live.outputs.id)
                .client_name(&*self.name)
                .set_explicit_auth_flows(Some(self.flows()))
                .allowed_o_auth_flows_user_pool_client(self.allowed_oauth_flows_user_pool_client)
                .set_allowed_o_auth_flows(self.oauth_flows())
                .set_allowed_o_auth_scopes(some(&self.allowed_oauth_scopes))
                .set_callback_urls(some(&self.callback_urls))
                .set_logout_urls(some(&self.logout_urls))
                .set_default_redirect_uri(self.default_redirect_uri.clone())
                .set_supported_identity_providers(some(&self.supported_identity_providers))
                .set_access_token_validity(self.access_token_validity)
                .set_id_token_validity(self.id_token_validity)
                .refresh_token_validity(self.refresh_token_validity)
                .token_validity_units(self.token_validity_units.sdk())
                .prevent_user_existence_errors(self.prevent_user_existence_errors.as_str().into())
                .enable_token_revocation(self.enable_token_revocation)
                .set_enable_propagate_additional_user_context_data(self.context_data())
                .auth_session_validity(self.auth_session_validity)
                .set_read_attributes(some(&self.read_attributes))
                .set_write_attributes(some(&self.write_attributes))
                .set_analytics_configuration(analytics.clone())
                .set_refresh_token_rotation(rotation.clone())
                .send()
        })
        .await?;
        if renamed {
            part(&self.user_pool_id, &live.spec.name).unmark(cx, &live.tags).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        let pool = &live.spec.user_pool_id;
        cx.call(Op::new("cognito-idp:DeleteUserPoolClient"), || {
            cx.cognito().delete_user_pool_client().user_pool_id(pool).client_id(&live.outputs.id).send()
        })
        .await?;
        part(pool, &live.spec.name).unmark(cx, &live.tags).await
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        part(&live.spec.user_pool_id, &live.spec.name).retag(cx, &live.tags, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.enable_propagate_additional_user_context_data && !self.generate_secret {
            let message = "only clients with a secret pass on the addresses of users";
            found.push(Violation::new("enable_propagate_additional_user_context_data", message));
        }
        if self.allowed_oauth_flows_user_pool_client == self.allowed_oauth_flows.is_empty() {
            let message = "`allowed_oauth_flows` and `allowed_oauth_flows_user_pool_client: true` need each other";
            found.push(Violation::new("allowed_oauth_flows", message));
        }
        if self.allowed_oauth_flows_user_pool_client && self.allowed_oauth_scopes.is_empty() {
            found.push(Violation::new("allowed_oauth_scopes", "OAuth needs scopes").hint("such as `[openid, email]`"));
        }
        for (name, urls) in [("callback_urls", &self.callback_urls), ("logout_urls", &self.logout_urls)] {
            for url in urls.iter().filter(|url| !is_return_address(url)) {
                let message = format!("Cognito does not send users to `{url}`");
                let hint = "write `https://…`, `http://localhost…`, or the scheme of an app";
                found.push(Violation::new(name, message).hint(hint));
            }
        }
        if self.default_redirect_uri.as_ref().is_some_and(|url| !self.callback_urls.contains(url)) {
            found.push(Violation::new("callback_urls", "`default_redirect_uri` has to be among them"));
        }
        found
    }
}

/// Whether Cognito takes an address to send users back to. Source: `CallbackURLs` of `CreateUserPoolClient`.
fn is_return_address(url: &str) -> bool {
    match url.split_once("://") {
        Some(("http", rest)) => ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| rest.starts_with(own)),
        Some((scheme, rest)) => !scheme.is_empty() && !rest.contains('#'),
        None => false,
    }
}

/// A resource server that was made a moment ago may not be known yet.
const RACING: &[&str] = &["ScopeDoesNotExistException"];

impl CognitoUserPoolClient {
    fn flows(&self) -> Vec<ExplicitAuthFlowsType> {
        self.explicit_auth_flows.iter().map(|flow| flow.as_str().into()).collect()
    }

    fn oauth_flows(&self) -> Option<Vec<OAuthFlowType>> {
        enums(&self.allowed_oauth_flows)
    }

    /// AWS refuses even `false` where there is no secret.
    fn context_data(&self) -> Option<bool> {
        self.generate_secret.then_some(self.enable_propagate_additional_user_context_data)
    }
}

impl Units {
    fn sdk(&self) -> TokenValidityUnitsType {
        TokenValidityUnitsType::builder()
            .access_token(self.access_token.as_str().into())
            .id_token(self.id_token.as_str().into())
            .refresh_token(self.refresh_token.as_str().into())
            .build()
    }
}

/// What AWS allows a client that says nothing.
const FLOWS: [&str; 3] = ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"];

fn usual_flows(_client: &Map) -> Value {
    Value::list(FLOWS.map(Value::from))
}

fn usual_units(_client: &Map) -> Value {
    Value::map(
        [("access_token", "hours"), ("id_token", "hours"), ("refresh_token", "days")].map(|(k, v)| (k, v.into())),
    )
}

fn part<'a>(pool: &'a str, name: &'a str) -> Part<'a> {
    Part { pool, kind: "cognito_user_pool_client", name, telling: true }
}

/// Id and name of each client of a pool; none of a pool that is gone.
async fn list(cx: &Cx<'_>, pool: &str) -> Result<Vec<(String, String)>> {
    let found = cx
        .call(Op::new("cognito-idp:ListUserPoolClients"), || {
            let clients = cx.cognito().list_user_pool_clients().user_pool_id(pool).max_results(60);
            clients.into_paginator().items().send().try_collect()
        })
        .await;
    Ok(unless(found, GONE)?
        .unwrap_or_default()
        .into_iter()
        .filter_map(|client| Some((client.client_id?, client.client_name.unwrap_or_default())))
        .collect())
}

async fn describe(cx: &Cx<'_>, pool: &str, client: &str) -> Result<Option<Sdk>> {
    let found = cx
        .call(Op::new("cognito-idp:DescribeUserPoolClient"), || {
            cx.cognito().describe_user_pool_client().user_pool_id(pool).client_id(client).send()
        })
        .await;
    Ok(unless(found, GONE)?.and_then(|found| found.user_pool_client))
}

fn live(client: &Sdk, tags: Tags) -> Live<CognitoUserPoolClient> {
    let set = |texts: &[String]| texts.iter().cloned().collect();
    let pool = client.user_pool_id().unwrap_or_default().to_owned();
    let id = client.client_id().unwrap_or_default().to_owned();
    let units = client.token_validity_units();
    let unit = |of: Option<&TimeUnitsType>, usual: &str| of.map_or(usual, TimeUnitsType::as_str).to_owned();
    let flows: BTreeSet<String> = client.explicit_auth_flows().iter().map(|flow| flow.as_str().to_owned()).collect();
    Live {
        spec: CognitoUserPoolClient {
            user_pool_id: pool.clone(),
            name: client.client_name().unwrap_or_default().into(),
            generate_secret: client.client_secret().is_some(),
            explicit_auth_flows: if flows.is_empty() { FLOWS.map(str::to_owned).into() } else { flows },
            allowed_oauth_flows_user_pool_client: client.allowed_o_auth_flows_user_pool_client.unwrap_or_default(),
            allowed_oauth_flows: client.allowed_o_auth_flows().iter().map(|flow| flow.as_str().to_owned()).collect(),
            allowed_oauth_scopes: set(client.allowed_o_auth_scopes()),
            callback_urls: set(client.callback_urls()),
            logout_urls: set(client.logout_urls()),
            default_redirect_uri: client.default_redirect_uri().filter(|url| !url.is_empty()).map(str::to_owned),
            supported_identity_providers: set(client.supported_identity_providers()),
            access_token_validity: client.access_token_validity.filter(|time| *time > 0),
            id_token_validity: client.id_token_validity.filter(|time| *time > 0),
            refresh_token_validity: Some(client.refresh_token_validity).filter(|time| *time > 0).unwrap_or(30),
            token_validity_units: Units {
                access_token: unit(units.and_then(|units| units.access_token()), "hours"),
                id_token: unit(units.and_then(|units| units.id_token()), "hours"),
                refresh_token: unit(units.and_then(|units| units.refresh_token()), "days"),
            },
            prevent_user_existence_errors: client
                .prevent_user_existence_errors()
                .unwrap_or(&PreventUserExistenceErrorTypes::Legacy)
                .as_str()
                .to_owned(),
            enable_token_revocation: client.enable_token_revocation.unwrap_or(true),
            enable_propagate_additional_user_context_data: client
                .enable_propagate_additional_user_context_data
                .unwrap_or_default(),
            auth_session_validity: client.auth_session_validity.unwrap_or(3),
            read_attributes: set(client.read_attributes()),
            write_attributes: set(client.write_attributes()),
        },
        outputs: Outputs { id: id.clone(), client_secret: client.client_secret.clone() },
        tags,
        status: Status::Usable,
        id: format!("{pool}/{id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_leaves_out_is_its_default() {
        let live = live(&Sdk::builder().user_pool_id("p").client_id("c").client_name("n").build(), Tags::new());
        assert_eq!(live.id, "p/c");
        assert_eq!(live.spec.refresh_token_validity, 30);
        assert_eq!(live.spec.token_validity_units.refresh_token, "days");
        assert_eq!(live.spec.prevent_user_existence_errors, "LEGACY");
        assert_eq!(live.spec.explicit_auth_flows, FLOWS.map(str::to_owned).into());
    }
}
