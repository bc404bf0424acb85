//! The one way in which AWS is called: paced, retried where that is safe, with errors that say what happened.

use std::future::Future;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::error::operation::BuildError;
use aws_types::request_id::RequestId;
use clefctl_core::error::{Error, ErrorKind, Result};
use tokio::time::Instant;

use super::Cx;

/// One API operation, and how it may be repeated.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    /// IAM action: `ec2:CreateVpc`.
    pub action: &'static str,
    repeat: Repeat,
    racing: &'static [&'static str],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repeat {
    /// Sending it again does no harm.
    Safe,
    /// Sending it again after an answer was lost could make a second thing.
    Never,
}

impl Op {
    /// An operation that reads, or that says the same when it is said twice.
    #[must_use]
    pub const fn new(action: &'static str) -> Self {
        Self { action, repeat: Repeat::Safe, racing: &[] }
    }

    /// An operation that must not be sent again when its answer was lost: it has neither token nor unique name.
    #[must_use]
    pub const fn once(action: &'static str) -> Self {
        Self { action, repeat: Repeat::Never, racing: &[] }
    }

    /// Error codes that only mean that something made a moment ago is not visible yet; repeated for two minutes.
    #[must_use]
    pub const fn racing(self, codes: &'static [&'static str]) -> Self {
        Self { racing: codes, ..self }
    }

    fn service(self) -> &'static str {
        self.action.split_once(':').map_or(self.action, |(service, _)| service)
    }
}

/// Codes by which AWS asks to slow down (AWS's own list, see aws-semantics "cross-cutting rules").
const THROTTLE: &[&str] = &[
    "RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
    "PriorRequestNotComplete", "RequestThrottled", "RequestThrottledException", "BandwidthLimitExceeded", "SlowDown",
    "EC2ThrottledException", "TransactionInProgressException",
];
/// Codes by which AWS says that something else is at work on the same thing right now.
const BUSY: &[&str] = &[
    "ConcurrentModification", "ConcurrentModificationException", "ConcurrentAccess", "EntityTemporarilyUnmodifiable",
    "OperationAborted", "OperationAbortedException", "ResourceContention", "ResourceConflictException",
    "TooManyUpdates",
];
/// Codes that mean that we may not.
const DENIED: &[&str] = &[
    "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedAccess", "AuthorizationError",
    "NotAuthorizedException", "AuthFailure", "OptInRequired",
];
/// Codes that mean that our credentials are no good.
const CREDENTIALS: &[&str] = &[
    "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException",
    "SignatureDoesNotMatch", "InvalidAccessKeyId",
];

/// How long AWS is asked again before we give up on throttling and outages.
const PATIENCE: Duration = Duration::from_mins(5);
/// How long a thing made a moment ago may stay invisible (Terraform's propagation time-out).
const PROPAGATION: Duration = Duration::from_mins(2);

impl Cx<'_> {
    /// Sends one operation. `send` builds and sends the request; it is called again for each attempt.
    pub async fn call<T, E, F, Fut>(&self, op: Op, send: F) -> Result<T>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let began = Instant::now();
        let mut attempt = 0;
        loop {
            self.alive().map_err(|error| error.call(op.action, None, None))?;
            let pace = &self.aws.pace;
            pace.turn(&self.region, op.service()).await;
            let error = match send().await {
                Ok(answer) => {
                    pace.went_through(&self.region, op.service());
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let code = error.code().map(str::to_owned);
            let is = |list: &[&str]| code.as_deref().is_some_and(|code| list.contains(&code));
            let patience = if is(THROTTLE) {
                pace.throttled(&self.region, op.service());
                Some(PATIENCE)
            } else if is(BUSY) {
                Some(PATIENCE)
            } else if is(op.racing) {
                Some(PROPAGATION)
            } else if op.repeat == Repeat::Safe && is_transient(&error) {
                Some(Duration::from_mins(1))
            } else {
                None
            };
            let wait = backoff(attempt);
            match patience {
                Some(patience) if began.elapsed() + wait < patience => {
                    if attempt >= 2 {
                        let why = code.as_deref().unwrap_or("no answer");
                        (self.progress)(&format!("{} again, because of {why}", op.action));
                    }
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.cancel.cancelled() => {}
                    }
                    attempt += 1;
                }
                _ => return Err(explain(op, &error)),
            }
        }
    }
}

/// Exponential, with jitter so that parallel callers do not move in step: 0.25 to 0.5 s, doubling up to 20 s.
fn backoff(attempt: u32) -> Duration {
    let most = (0.5 * f64::from(2_u32.saturating_pow(attempt.min(10)))).min(20.0);
    Duration::from_secs_f64(most * (0.5 + fastrand::f64() / 2.0))
}

/// Whether no final answer came: a lost connection, a time-out, or a fault inside AWS.
fn is_transient<E>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
        SdkError::DispatchFailure(failure) => !failure.is_user(),
        SdkError::ServiceError(answer) => answer.raw().status().as_u16() >= 500,
        _ => false,
    }
}

/// An answer, or nothing where AWS says by one of these codes that there is none.
pub fn unless<T>(answer: Result<T>, none: &[&str]) -> Result<Option<T>> {
    match answer {
        Err(error) if error.code().is_some_and(|code| none.contains(&code)) => Ok(None),
        answer => answer.map(Some),
    }
}

/// A fault of our own: a part that the API demands was left out.
#[expect(clippy::needless_pass_by_value, reason = "`map_err` passes by value")]
pub fn unbuilt(error: BuildError) -> Error {
    Error::internal(error.to_string())
}

/// Makes one of our errors of one of the SDK's.
fn explain<E>(op: Op, error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = error.code();
    let is = |list: &[&str]| code.is_some_and(|code| list.contains(&code));
    let kind = if is(THROTTLE) || is(BUSY) {
        ErrorKind::Unavailable
    } else if is(DENIED) || is(CREDENTIALS) {
        ErrorKind::Denied
    } else if is_transient(error) {
        if op.repeat == Repeat::Never { ErrorKind::Ambiguous } else { ErrorKind::Unavailable }
    } else if matches!(error, SdkError::DispatchFailure(_)) {
        ErrorKind::Denied
    } else {
        ErrorKind::Aws
    };
    let message = match (error.message(), error) {
        (Some(message), _) => message.trim_end_matches('.').to_owned(),
        (None, SdkError::ServiceError(answer)) => match code {
            Some(code) => format!("AWS answered {code}"),
            None => format!("AWS answered with HTTP status {}", answer.raw().status().as_u16()),
        },
        (None, error) => DisplayErrorContext(error).to_string(),
    };
    let mut explained =
        Error::new(kind, message).call(op.action, code.map(str::to_owned), error.request_id().map(str::to_owned));
    if is(CREDENTIALS) {
        explained = explained.hint("renew the credentials (for example `aws sso login`) and run again");
    } else if is(DENIED) {
        explained = explained.hint(format!("allow {} to the identity that runs clefctl", op.action));
    } else if kind == ErrorKind::Denied {
        explained = explained.hint("check the credentials: AWS_PROFILE, --profile, or the AWS_* variables");
    } else if kind == ErrorKind::Unavailable && code.is_none() {
        explained = explained.hint("check the network, the proxy and --endpoint-url, then run again");
    }
    explained
}
