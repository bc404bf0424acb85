//! What load balancers, target groups and listeners share.

use std::future::Future;

use clefctl_core::error::Result;
use clefctl_core::kind::{Select, Tags, Value};
use futures::future::try_join_all;

use crate::aws::tags::elb as tags;
use crate::aws::{Cx, Pairs, sweep};

/// A load balancer or target group as its list tells it: settings and tags take calls of their own.
pub(crate) trait Listed: Send + Sync + Sized {
    /// What the tagging API calls it.
    const TYPE: &'static str;
    /// The code that says that it is not there.
    const ABSENT: &'static str;

    /// Its ARN.
    fn arn(&self) -> Option<&str>;

    /// Its name.
    fn name(&self) -> Option<&str>;

    /// All of the region, or the one of that ARN or name.
    fn describe(cx: &Cx<'_>, one: Option<&str>) -> impl Future<Output = Result<Vec<Self>>> + Send;

    /// The settings of one.
    fn settings(cx: &Cx<'_>, arn: &str) -> impl Future<Output = Result<Pairs>> + Send;
}

/// A thing with its settings and tags.
pub(crate) struct Whole<T> {
    /// What the list says.
    pub(crate) thing: T,
    /// Its settings.
    pub(crate) pairs: Pairs,
    /// Its tags.
    pub(crate) tags: Tags,
}

/// Reads what is ours or has a name of ours, or the one that is asked for.
pub(crate) async fn read<T: Listed>(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Whole<T>>> {
    let found = match select {
        Select::One(id) => T::describe(cx, Some(id)).await?,
        Select::Owned(expected) => {
            let ours = sweep::arns(cx, select, T::TYPE).await?;
            if ours.is_empty() && expected.instances.is_empty() {
                return Ok(Vec::new());
            }
            // The list of all costs no more than that of ours, and shows who has our name as it is now.
            let mut all = T::describe(cx, None).await?;
            let expected = |name: Option<&str>| {
                name.is_some() && expected.instances.iter().any(|instance| instance.name.as_deref() == name)
            };
            all.retain(|thing| ours.iter().any(|arn| Some(arn.as_str()) == thing.arn()) || expected(thing.name()));
            all
        }
    };
    let arns: Vec<String> = found.iter().map(|thing| thing.arn().unwrap_or_default().to_owned()).collect();
    let (mut tags, settings) =
        tokio::try_join!(tags::read(cx, select, &arns), try_join_all(arns.iter().map(|arn| settings::<T>(cx, arn))))?;
    let whole = found.into_iter().zip(&arns).zip(settings);
    Ok(whole.map(|((thing, arn), pairs)| Whole { thing, pairs, tags: tags.remove(arn).unwrap_or_default() }).collect())
}

/// The settings of one; none if it has gone since it was listed.
async fn settings<T: Listed>(cx: &Cx<'_>, arn: &str) -> Result<Pairs> {
    match T::settings(cx, arn).await {
        Err(error) if error.code() == Some(T::ABSENT) => Ok(Pairs::default()),
        answer => answer,
    }
}

/// For blocks with `enabled`: one that is switched off is as good as none.
pub(crate) fn off_is_absent(declared: &Value, observed: &Value) -> bool {
    let off = |block: &Value| block.is_null() || block.get("enabled").as_bool() == Some(false);
    off(declared) && off(observed)
}

/// What follows the resource type in an ARN: `app/web/50dc6c495c0c9188` of a load balancer.
pub(crate) fn arn_suffix(arn: &str, resource_type: &str) -> String {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    resource.strip_prefix(resource_type).and_then(|rest| rest.strip_prefix('/')).unwrap_or(resource).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_is_off_is_none() {
        let block = |enabled: bool| Value::map([("enabled", Value::Bool(enabled))]);
        for (declared, observed, same) in [
            (Value::Null, Value::Null, true),
            (block(false), Value::Null, true),
            (block(true), Value::Null, false),
            (Value::Null, block(true), false),
        ] {
            assert_eq!(off_is_absent(&declared, &observed), same, "{declared} {observed}");
        }
    }

    #[test]
    fn metrics_name_a_thing_by_the_end_of_its_arn() {
        let arn = "arn:aws:elasticloadbalancing:eu-west-3:123456789012:loadbalancer/app/web/50dc6c495c0c9188";
        assert_eq!(arn_suffix(arn, "loadbalancer"), "app/web/50dc6c495c0c9188");
    }
}
