//! AWS: clients, calls, ownership, and the adapter between typed resources and the engine's `Kind`.

use std::ops::Deref;
use std::sync::Arc;

use clefctl_core::error::Result;
use clefctl_core::kind::{Context, Declared};
use sha2::{Digest, Sha256};

mod account;
mod adapter;
mod call;
pub mod children;
mod clients;
pub mod oidc;
mod pace;
mod pairs;
mod patience;
mod resource;
pub mod route53;
pub mod secret;
mod store;
pub mod sweep;
pub mod tags;
pub mod young;

pub use account::AwsAccount;
pub use adapter::{AwsKind, AwsLookup, LookupRead};
pub use call::{Op, unbuilt, unless};
pub use clients::{Access, Clients, Connection};
pub use pairs::Pairs;
pub use patience::Patience;
pub use resource::{Codes, Live, Resource, changed};

/// What a resource's functions are given: the run's context, and the clients of its region and role.
pub struct Cx<'a> {
    run: &'a Context,
    clients: Arc<Clients>,
    aws: &'a Connection,
}

impl<'a> Cx<'a> {
    /// Joins a context with the clients for it.
    pub async fn new(aws: &'a Connection, run: &'a Context) -> Result<Self> {
        Ok(Self { run, clients: aws.clients(&run.region, run.role_arn.as_deref()).await?, aws })
    }

    /// The same under another role, for the few calls that go to another account; under its own one with `None`.
    pub async fn under(&self, role_arn: Option<&str>) -> Result<Cx<'a>> {
        let clients = match role_arn {
            Some(role) => self.aws.clients(&self.run.region, Some(role)).await?,
            None => Arc::clone(&self.clients),
        };
        Ok(Cx { run: self.run, clients, aws: self.aws })
    }

    /// The connection, for the few calls that go to another region.
    #[must_use]
    pub fn connection(&self) -> &'a Connection {
        self.aws
    }

    /// The idempotency token for creating an instance: the same for every attempt of this run, never for another,
    /// and never made of values. 32 hex digits, which every service takes.
    #[must_use]
    pub fn token(&self, new: &Declared) -> String {
        let text = format!("{}\n{}\n{}\n{}", self.run.owner, new.address, new.generation, self.run.nonce);
        let digest = Sha256::digest(text.as_bytes());
        format!("{:032x}", digest.iter().take(16).fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte)))
    }

    /// The ARN of a thing of ours in the context's region and account.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition(), self.run.region, self.run.account)
    }

    /// The partition of the context's region: `aws`, `aws-cn`, `aws-us-gov`.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        if self.run.region.starts_with("cn-") {
            "aws-cn"
        } else if self.run.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }

    /// Waits a moment between two looks; less if the run is told to stop.
    pub async fn pause(&self, time: std::time::Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.run.cancel.cancelled() => {}
        }
    }
}

impl Deref for Cx<'_> {
    type Target = Context;

    fn deref(&self) -> &Context {
        self.run
    }
}
