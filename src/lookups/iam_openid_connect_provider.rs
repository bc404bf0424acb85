//! `iam_openid_connect_provider`

use std::collections::BTreeSet;

use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, LookupFacts, Tags};
use serde::{Deserialize, Serialize};

use crate::aws::tags::iam as tags;
use crate::aws::{Cx, LookupRead, oidc as provider};

/// An OpenID Connect provider of the account, by URL or ARN: one that another environment or somebody else owns.
#[derive(Attributes, Deserialize, Clone, Debug)]
#[attributes(exactly_one("url", "arn"))]
pub struct IamOpenidConnectProvider {
    /// Its address: `https://token.actions.githubusercontent.com`.
    #[attr(pattern = "https://.+")]
    url: Option<String>,
    /// Its ARN.
    arn: Option<String>,
}

/// The provider.
#[derive(Attributes, Serialize, Clone, Debug)]
pub struct Outputs {
    /// Its address.
    #[attr(looks_like = "https://token.actions.githubusercontent.com")]
    url: String,
    /// Its ARN, for the `Federated` principal of trust policies.
    #[attr(looks_like = "arn:aws:iam::{account}:oidc-provider/{bare:url}")]
    arn: String,
    /// Its ARN.
    #[attr(looks_like = "{attr:arn}")]
    id: String,
    /// For whom its tokens are.
    #[attr(looks_like = "sts.amazonaws.com")]
    client_id_list: BTreeSet<String>,
    /// Thumbprints of its certificates.
    #[attr(looks_like = "{hex:40}")]
    thumbprint_list: BTreeSet<String>,
    /// Its tags.
    tags: Tags,
}

impl LookupRead for IamOpenidConnectProvider {
    const FACTS: LookupFacts = LookupFacts {
        name: "iam_openid_connect_provider",
        service: "iam",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        actions: &["iam:GetOpenIDConnectProvider"],
    };
    type Outputs = Outputs;

    async fn read(&self, cx: &Cx<'_>) -> Result<Option<Outputs>> {
        let wanted = self.arn.as_deref().or(self.url.as_deref()).unwrap_or_default();
        let arn = provider::arn(cx, wanted);
        let Some(found) = provider::get(cx, &arn).await? else { return Ok(None) };
        Ok(Some(Outputs {
            id: arn.clone(),
            arn,
            url: provider::url(&found),
            client_id_list: found.client_id_list().iter().cloned().collect(),
            thumbprint_list: found.thumbprint_list().iter().cloned().collect(),
            tags: tags::read(found.tags()),
        }))
    }
}
