//! The one way in which the value of a secret is read.

use clefctl_core::error::{Error, ErrorKind, Result};

use super::{Cx, Op};

/// The current value: for whoever asks for it by name.
pub async fn value(cx: &Cx<'_>, id: &str) -> Result<String> {
    let answer = cx
        .call(Op::new("secretsmanager:GetSecretValue"), || cx.secrets().get_secret_value().secret_id(id).send())
        .await
        .map_err(|error| match error.code() {
            Some("ResourceNotFoundException") => error.hint("give the secret a value first"),
            _ => error,
        })?;
    answer.secret_string.ok_or_else(|| {
        Error::new(ErrorKind::Invalid, format!("the value of {id} is no text"))
            .hint("clefctl reads texts only; let the application read bytes itself")
    })
}
