//! `iam_openid_connect_provider`

use std::collections::BTreeSet;

use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput;
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, PerVerb, Select, Status, TagChange, Value, Violation, tag,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::iam_support::{CODES, Tagged};
use crate::aws::oidc::{arn, get, url};
use crate::aws::tags::iam as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// An OpenID Connect provider: somebody whose tokens roles can trust, such as GitHub Actions, so that a pipeline
/// needs no access key.
///
/// An account can have one for each URL only. Where several environments share an account, let one of them own it
/// (`when: ${env == "prod"}`) and the others look it up with the lookup of the same name.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct IamOpenidConnectProvider {
    /// The provider's address, as the tokens' `iss` says it: `https://token.actions.githubusercontent.com`.
    #[attr(create_only, length(9, 255), pattern = "https://[^/].*[^/]")]
    url: String,
    /// For whom the tokens are, as their `aud` says it: for AWS's own action in GitHub `sts.amazonaws.com`.
    #[attr(length(1, 100))]
    client_id_list: BTreeSet<String>,
    /// SHA-1 thumbprints of the certificates that sign for the provider. AWS needs them only where it does not know
    /// the provider's certificate authority.
    #[attr(
        aws_default = "AWS asks the provider, and trusts well-known certificate authorities without it",
        canonical = lower,
        length(1, 5)
    )]
    thumbprint_list: Option<BTreeSet<String>>,
}

/// What a provider tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its ARN, for the `Federated` principal of trust policies.
    #[attr(looks_like = "arn:aws:iam::{account}:oidc-provider/{bare:url}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "{attr:id}")]
    arn: String,
}

impl Resource for IamOpenidConnectProvider {
    const FACTS: Facts = Facts {
        name: "iam_openid_connect_provider",
        service: "iam",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        once: true,
        details: 1,
        deleted_after: &["iam_role"],
        actions: Actions {
            read: &["iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider"],
            create: &["iam:CreateOpenIDConnectProvider", "iam:TagOpenIDConnectProvider"],
            update: &[
                "iam:AddClientIDToOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider",
                "iam:UpdateOpenIDConnectProviderThumbprint", "iam:TagOpenIDConnectProvider",
                "iam:UntagOpenIDConnectProvider",
            ],
            delete: &["iam:DeleteOpenIDConnectProvider"],
        },
        calls: PerVerb::new(1, 3, 1),
        ..Facts::GLOBAL
    };
    const CODES: Codes = CODES;
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let arns = match select {
            Select::One(id) => vec![arn(cx, id)],
            // The list tells ARNs alone. An account has a handful, so that each can be asked.
            Select::Owned(_) => {
                let ask = || cx.iam().list_open_id_connect_providers().send();
                let all = cx.call(Op::new("iam:ListOpenIDConnectProviders"), ask).await?;
                all.open_id_connect_provider_list().iter().filter_map(|one| one.arn().map(str::to_owned)).collect()
            }
        };
        let found = try_join_all(
            arns.iter().map(|arn| async move { Result::Ok(get(cx, arn).await?.map(|provider| live(arn, &provider))) }),
        );
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let made = cx
            .call(Op::new("iam:CreateOpenIDConnectProvider"), || {
                cx.iam()
                    .create_open_id_connect_provider()
                    .url(&self.url)
                    .set_client_id_list(Some(self.client_id_list.iter().cloned().collect()))
                    .set_thumbprint_list(self.thumbprints())
                    .set_tags(Some(tags::write(&new.tags)))
                    .send()
            })
            .await?;
        Ok(made.open_id_connect_provider_arn().map_or_else(|| arn(cx, &self.url), str::to_owned))
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let (arn, from) = (&live.id, &live.spec);
        for client in self.client_id_list.difference(&from.client_id_list) {
            cx.call(Op::new("iam:AddClientIDToOpenIDConnectProvider"), || {
                let ask = cx.iam().add_client_id_to_open_id_connect_provider();
                ask.open_id_connect_provider_arn(arn).client_id(client).send()
            })
            .await?;
        }
        for client in from.client_id_list.difference(&self.client_id_list) {
            cx.call(Op::new("iam:RemoveClientIDFromOpenIDConnectProvider"), || {
                let ask = cx.iam().remove_client_id_from_open_id_connect_provider();
                ask.open_id_connect_provider_arn(arn).client_id(client).send()
            })
            .await?;
        }
        if self.thumbprint_list != from.thumbprint_list && self.thumbprint_list.is_some() {
            cx.call(Op::new("iam:UpdateOpenIDConnectProviderThumbprint"), || {
                let ask = cx.iam().update_open_id_connect_provider_thumbprint();
                ask.open_id_connect_provider_arn(arn).set_thumbprint_list(self.thumbprints()).send()
            })
            .await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        let ask = || cx.iam().delete_open_id_connect_provider().open_id_connect_provider_arn(&live.id).send();
        cx.call(Op::new("iam:DeleteOpenIDConnectProvider"), ask).await.map(drop)
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        Tagged::Provider(&live.id).change(cx, change).await
    }

    async fn may_create(&self, cx: &Cx<'_>) -> Result<Vec<Violation>> {
        let Some(there) = get(cx, &arn(cx, &self.url)).await? else { return Ok(Vec::new()) };
        let owner = tags::read(there.tags()).get(tag::STACK).cloned();
        if owner.as_ref() == Some(&cx.owner.to_string()) {
            return Ok(Vec::new());
        }
        let whose = owner.map_or("clefctl did not make it".to_owned(), |owner| format!("it belongs to {owner}"));
        let message = format!("the account has a provider for {} already, and {whose}", self.url);
        Ok(vec![
            Violation::new("url", message).hint("use it as it is: write it under `lookups` instead of `resources`"),
        ])
    }
}

impl IamOpenidConnectProvider {
    fn thumbprints(&self) -> Option<Vec<String>> {
        self.thumbprint_list.as_ref().map(|list| list.iter().map(|print| print.to_lowercase()).collect())
    }
}

/// Thumbprints are hexadecimal, in small letters on AWS.
fn lower(value: &Value) -> Value {
    match value.as_list() {
        Some(items) => Value::list(items.iter().map(|item| match item.as_str() {
            Some(text) => Value::from(text.to_lowercase()),
            None => item.clone(),
        })),
        None => value.clone(),
    }
}

fn live(arn: &str, found: &GetOpenIdConnectProviderOutput) -> Live<IamOpenidConnectProvider> {
    Live {
        spec: IamOpenidConnectProvider {
            url: url(found),
            client_id_list: found.client_id_list().iter().cloned().collect(),
            thumbprint_list: Some(found.thumbprint_list().iter().map(|print| print.to_lowercase()).collect()),
        },
        outputs: Outputs { id: arn.to_owned(), arn: arn.to_owned() },
        tags: tags::read(found.tags()),
        status: Status::Usable,
        id: arn.to_owned(),
    }
}
