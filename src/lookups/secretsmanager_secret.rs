//! `secretsmanager_secret`

use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, LookupFacts, Tags};
use serde::{Deserialize, Serialize};

use crate::aws::tags::secrets as tags;
use crate::aws::{Cx, LookupRead, Op, secret};

/// A secret of Secrets Manager that somebody else manages, by name or ARN.
///
/// Its value is read only if `with_value` says so, and is never shown then. Better pass the ARN on, and let the
/// application read the value itself: what a stack reads ends up in what the stack makes.
#[derive(Attributes, Deserialize, Clone, Debug)]
#[attributes(exactly_one("name", "arn"))]
pub struct SecretsmanagerSecret {
    /// Its name.
    #[attr(length(1, 512))]
    name: Option<String>,
    /// Its ARN.
    arn: Option<String>,
    /// Whether its value is read as well.
    #[attr(default = false)]
    with_value: bool,
}

/// The secret.
#[derive(Attributes, Serialize, Clone, Debug)]
pub struct Outputs {
    /// Its ARN.
    #[attr(looks_like = "arn:aws:secretsmanager:{region}:{account}:secret:{lower:8}-{lower:6}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:secretsmanager:{region}:{account}:secret:{lower:8}-{lower:6}")]
    arn: String,
    /// Its name.
    #[attr(looks_like = "{lower:8}")]
    name: String,
    /// What it is for.
    #[attr(looks_like = "")]
    description: Option<String>,
    /// KMS key that encrypts it; nothing where it is AWS's own.
    #[attr(looks_like = "")]
    kms_key_id: Option<String>,
    /// Whether its value is renewed regularly.
    rotation_enabled: bool,
    /// Its tags.
    tags: Tags,
    /// Its value, with `with_value: true`.
    #[attr(sensitive, looks_like = "{lower:16}")]
    value: Option<String>,
}

impl LookupRead for SecretsmanagerSecret {
    const FACTS: LookupFacts = LookupFacts {
        name: "secretsmanager_secret",
        service: "secretsmanager",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        actions: &["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
    };
    type Outputs = Outputs;

    async fn read(&self, cx: &Cx<'_>) -> Result<Option<Outputs>> {
        let id = self.arn.as_deref().or(self.name.as_deref()).unwrap_or_default();
        let asked = cx
            .call(Op::new("secretsmanager:DescribeSecret"), || cx.secrets().describe_secret().secret_id(id).send())
            .await;
        let found = match asked {
            Ok(found) if found.deleted_date().is_some() => return Ok(None),
            Ok(found) => found,
            Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(None),
            Err(error) => return Err(error),
        };
        let arn = found.arn().unwrap_or(id).to_owned();
        let value = if self.with_value { Some(secret::value(cx, &arn).await?) } else { None };
        Ok(Some(Outputs {
            id: arn.clone(),
            arn,
            name: found.name().unwrap_or_default().to_owned(),
            description: found.description().map(str::to_owned),
            kms_key_id: found.kms_key_id().map(str::to_owned),
            rotation_enabled: found.rotation_enabled().unwrap_or_default(),
            tags: tags::read(found.tags()),
            value,
        }))
    }
}
