//! Things of IAM that were made a moment ago. Services that cannot see them yet refuse them with codes that can mean
//! anything; such a refusal is worth repeating only while the thing is young.

use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use clefctl_core::error::{Error, ErrorKind, Result};
use tokio::time::Instant;

use super::{Cx, Op};

/// How long what IAM says may take to reach other services (Terraform's propagation time-out).
const PROPAGATION: Duration = Duration::from_mins(2);
/// Between two attempts.
const PAUSE: Duration = Duration::from_secs(5);

/// Makes a call again while it is refused with `code`, for as long as `left` says; that is asked after the first
/// refusal only.
pub async fn patiently<T, F, Fut>(
    cx: &Cx<'_>,
    code: &str,
    left: impl Future<Output = Result<Duration>>,
    call: F,
) -> Result<T>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let refused = |error: &Error| error.code() == Some(code);
    let first = match call().await {
        Err(error) if refused(&error) => error,
        ended => return ended,
    };
    let deadline = match left.await {
        Ok(left) => Instant::now() + left,
        // Who may not ask how old things are cannot tell, and waits.
        Err(error) if error.kind == ErrorKind::Denied => Instant::now() + PROPAGATION,
        Err(_) => return Err(first),
    };
    let mut last = first;
    while Instant::now() < deadline {
        (cx.progress)("waiting until what was made a moment ago can be seen");
        cx.alive()?;
        cx.pause(PAUSE).await;
        match call().await {
            Err(error) if refused(&error) => last = error,
            ended => return ended,
        }
    }
    Err(last)
}

/// How long a role, given by ARN, may still be invisible to others.
pub async fn role(cx: &Cx<'_>, arn: &str) -> Result<Duration> {
    let name = arn.rsplit('/').next().unwrap_or_default();
    let found = cx.call(Op::new("iam:GetRole"), || cx.iam().get_role().role_name(name).send()).await;
    age_of(found.map(|found| found.role.map(|role| role.create_date)))
}

/// How long an instance profile, given by name or ARN, may still be invisible to others.
pub async fn instance_profile(cx: &Cx<'_>, name: &str) -> Result<Duration> {
    let name = name.rsplit('/').next().unwrap_or_default();
    let found = cx
        .call(Op::new("iam:GetInstanceProfile"), || cx.iam().get_instance_profile().instance_profile_name(name).send())
        .await;
    age_of(found.map(|found| found.instance_profile.map(|profile| profile.create_date)))
}

fn age_of(created: Result<Option<DateTime>>) -> Result<Duration> {
    match created {
        // Kinds wait until IAM itself shows what they made: what it does not show is not there.
        Err(error) if error.code() == Some("NoSuchEntity") => Ok(Duration::ZERO),
        created => Ok(created?.map_or(Duration::ZERO, |created| left(created, PROPAGATION))),
    }
}

/// What is left of the time for which a thing made at `created` may be invisible.
pub fn left(created: DateTime, patience: Duration) -> Duration {
    // A clock that is behind AWS's makes things look as if they were just made.
    let age = SystemTime::try_from(created).ok().and_then(|created| SystemTime::now().duration_since(created).ok());
    patience.saturating_sub(age.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_is_not_waited_for() {
        let ago = |time: Duration| left(DateTime::from(SystemTime::now() - time), PROPAGATION);
        assert_eq!(ago(Duration::from_hours(1)), Duration::ZERO);
        assert!(ago(Duration::from_secs(20)) > Duration::from_secs(90));
        assert_eq!(left(DateTime::from(SystemTime::now() + Duration::from_hours(1)), PROPAGATION), PROPAGATION);
    }
}
