//! Who vouches for the users of an identity pool.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_cognitoidentity::types::CognitoIdentityProvider;
use clefctl_core::kind::Attributes;
use serde::{Deserialize, Serialize};

/// A client of a user pool whose users get credentials.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Provider {
    /// Id of the client.
    #[attr(refers("cognito_user_pool_client", "id"))]
    client_id: String,
    /// The user pool, as `${users.endpoint}` says it.
    #[attr(refers("cognito_user_pool", "endpoint"))]
    provider_name: String,
    /// Whether each time the user pool is asked whether the user has signed out or was disabled.
    #[attr(default = false)]
    server_side_token_check: bool,
}

/// The clients as AWS reports them.
pub(super) fn read(providers: Option<Vec<CognitoIdentityProvider>>) -> BTreeSet<Provider> {
    let one = |provider: CognitoIdentityProvider| Provider {
        client_id: provider.client_id.unwrap_or_default(),
        provider_name: provider.provider_name.unwrap_or_default(),
        server_side_token_check: provider.server_side_token_check.unwrap_or_default(),
    };
    providers.unwrap_or_default().into_iter().map(one).collect()
}

/// The clients as AWS takes them.
pub(super) fn write(providers: &BTreeSet<Provider>) -> Option<Vec<CognitoIdentityProvider>> {
    let one = |provider: &Provider| {
        CognitoIdentityProvider::builder()
            .client_id(&provider.client_id)
            .provider_name(&provider.provider_name)
            .server_side_token_check(provider.server_side_token_check)
            .build()
    };
    (!providers.is_empty()).then(|| providers.iter().map(one).collect())
}

/// The public providers as AWS takes them.
pub(super) fn public(providers: &BTreeMap<String, String>) -> Option<HashMap<String, String>> {
    (!providers.is_empty()).then(|| providers.clone().into_iter().collect())
}
