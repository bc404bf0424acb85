//! What EC2's kinds share: good answers that say what was refused.

use aws_sdk_ec2::types::{UnsuccessfulItem, UnsuccessfulItemError};
use clefctl_core::error::{Error, ErrorKind, Result};

/// The first refusal inside an answer whose status says that all is well.
pub(super) fn refused(action: &'static str, refusals: &[UnsuccessfulItem]) -> Result<()> {
    let Some(refusal) = refusals.first() else { return Ok(()) };
    let error = refusal.error();
    let message = error.and_then(UnsuccessfulItemError::message).unwrap_or("AWS does not say why");
    let code = error.and_then(UnsuccessfulItemError::code).map(str::to_owned);
    Err(Error::new(ErrorKind::Aws, message.trim_end_matches('.')).call(action, code, None))
}
