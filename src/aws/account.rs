//! A real account, as the engine sees it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials;
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Account, Address, Context, Identity, Owner, Registry, Store, tag};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::store::ParameterStore;
use super::sweep::sweep;
use super::{Access, Connection, Cx, Op};

/// AWS behind the engine's seam.
pub struct AwsAccount {
    aws: Arc<Connection>,
    registry: Registry,
    run: Context,
}

impl AwsAccount {
    /// Makes the account. `registry` makes the kinds over the connection; `run` carries cancellation and progress.
    #[must_use]
    pub fn new(access: Access, registry: impl FnOnce(&Arc<Connection>) -> Registry, run: Context) -> Self {
        let aws = Connection::new(access);
        Self { registry: registry(&aws), aws, run }
    }

    async fn who(&self) -> Result<Identity> {
        let config = self.aws.config().await?;
        let expires = match config.credentials_provider() {
            None => None,
            Some(provider) => provider
                .provide_credentials()
                .await
                .map_err(|error| {
                    Error::new(ErrorKind::Denied, format!("there are no AWS credentials: {error}"))
                        .hint("set AWS_PROFILE or pass --profile, or log in with `aws sso login`")
                })?
                .expiry(),
        };
        let cx = Cx::new(&self.aws, &self.run).await?;
        let answer = cx.call(Op::new("sts:GetCallerIdentity"), || cx.sts().get_caller_identity().send()).await?;
        Ok(Identity {
            account: answer.account().unwrap_or_default().to_owned(),
            arn: answer.arn().unwrap_or_default().to_owned(),
            expires_in: expires.map(|at| at.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO)),
        })
    }
}

impl Account for AwsAccount {
    fn registry(&self) -> &Registry {
        &self.registry
    }

    fn identity(&self) -> BoxFuture<'_, Result<Identity>> {
        self.who().boxed()
    }

    fn store(&self, region: &str) -> Arc<dyn Store> {
        Arc::new(ParameterStore { aws: self.aws.clone(), run: Context { region: region.into(), ..self.run.clone() } })
    }

    fn strays<'a>(&'a self, cx: &'a Context, owner: &'a Owner) -> BoxFuture<'a, Result<Vec<(String, String)>>> {
        async move {
            let cx = Context { owner: owner.clone(), ..cx.clone() };
            let cx = Cx::new(&self.aws, &cx).await?;
            let hits = sweep(&cx).await?;
            Ok(hits
                .iter()
                .filter_map(|hit| {
                    let words = hit.tags.get(tag::RESOURCE).cloned().unwrap_or_default();
                    let known = Address::from_tag(&words).is_some_and(|(kind, _)| self.registry.kind(kind).is_some());
                    (!known).then(|| (hit.arn.clone(), words))
                })
                .collect())
        }
        .boxed()
    }

    fn calls(&self) -> BTreeMap<String, u64> {
        self.aws.calls()
    }
}
