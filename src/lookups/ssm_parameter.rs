//! `ssm_parameter`

use aws_sdk_ssm::types::ParameterType;
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Attributes, LookupFacts};
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, LookupRead, Op};

/// A parameter of Systems Manager, such as the id of the newest image that AWS or Canonical publishes.
///
/// Parameters of type `SecureString` are refused: a plan shows what it reads. Let the application read them itself.
#[derive(Attributes, Deserialize, Clone, Debug)]
pub struct SsmParameter {
    /// Name or ARN. `:3` after it asks for the third version, `:label` for a labelled one.
    name: String,
}

/// The parameter.
#[derive(Attributes, Serialize, Clone, Debug)]
pub struct Outputs {
    /// Its text; of a `StringList` the texts with commas between them.
    #[attr(looks_like = "{hex:8}")]
    value: String,
    /// `String` or `StringList`.
    #[attr(looks_like = "String")]
    r#type: String,
    /// Its version, from 1.
    #[attr(looks_like = "1")]
    version: i64,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ssm:{region}:{account}:parameter{name}")]
    arn: String,
}

impl LookupRead for SsmParameter {
    const FACTS: LookupFacts = LookupFacts {
        name: "ssm_parameter",
        service: "ssm",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        actions: &["ssm:GetParameter"],
    };
    type Outputs = Outputs;

    async fn read(&self, cx: &Cx<'_>) -> Result<Option<Outputs>> {
        let answer = cx.call(Op::new("ssm:GetParameter"), || cx.ssm().get_parameter().name(&self.name).send()).await;
        let found = match answer {
            Ok(answer) => answer.parameter,
            Err(error) if matches!(error.code(), Some("ParameterNotFound" | "ParameterVersionNotFound")) => None,
            Err(error) => return Err(error),
        };
        let Some(found) = found else { return Ok(None) };
        let kind = found.r#type.unwrap_or(ParameterType::String);
        if kind == ParameterType::SecureString {
            return Err(Error::new(ErrorKind::Invalid, format!("{} is a SecureString", self.name))
                .hint("pass its name on, and let the application read it; a plan never decrypts"));
        }
        Ok(Some(Outputs {
            value: found.value.unwrap_or_default(),
            r#type: kind.as_str().to_owned(),
            version: found.version,
            arn: found.arn.unwrap_or_default(),
        }))
    }
}
