//! `caller_identity`

use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, LookupFacts};
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, LookupRead, Op};

/// Who runs clefctl, as AWS sees it.
#[derive(Attributes, Deserialize, Clone, Debug)]
pub struct CallerIdentity {}

/// The identity.
#[derive(Attributes, Serialize, Clone, Debug)]
pub struct Outputs {
    /// Number of the account.
    #[attr(looks_like = "{account}")]
    account_id: String,
    /// ARN of the user, or of the session of a role.
    #[attr(looks_like = "arn:aws:iam::{account}:user/{name}")]
    arn: String,
    /// Id that is never used again: of the user, or of the role with the session's name.
    #[attr(looks_like = "AIDA{hex:16}")]
    user_id: String,
}

impl LookupRead for CallerIdentity {
    const FACTS: LookupFacts = LookupFacts {
        name: "caller_identity",
        service: "sts",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        actions: &["sts:GetCallerIdentity"],
    };
    type Outputs = Outputs;

    async fn read(&self, cx: &Cx<'_>) -> Result<Option<Outputs>> {
        let answer = cx.call(Op::new("sts:GetCallerIdentity"), || cx.sts().get_caller_identity().send()).await?;
        Ok(Some(Outputs {
            account_id: answer.account.unwrap_or_default(),
            arn: answer.arn.unwrap_or_default(),
            user_id: answer.user_id.unwrap_or_default(),
        }))
    }
}
