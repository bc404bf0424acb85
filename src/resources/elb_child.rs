//! Things inside load balancers: listeners at their ports, rules at their priorities.

use std::collections::BTreeSet;
use std::future::Future;

use clefctl_core::error::Result;
use clefctl_core::kind::{Expected, Map, Number, Select, Value};
use futures::future::try_join_all;

use crate::aws::{Cx, sweep};

/// A thing that has a number of its own inside its parent.
pub(crate) trait Child: Send + Sync + Sized {
    /// What the tagging API calls it.
    const TYPE: &'static str;
    /// The attribute that names the parent.
    const PARENT: &'static str;
    /// The attribute that is its number.
    const NUMBER: &'static str;

    /// Its ARN.
    fn arn(&self) -> Option<&str>;

    /// Its number.
    fn number(&self) -> Option<i64>;

    /// The ARN of the parent of the one with the given ARN.
    fn parent(arn: &str) -> Option<String>;

    /// All of a parent; none of one that is gone.
    fn of(cx: &Cx<'_>, parent: &str) -> impl Future<Output = Result<Vec<Self>>> + Send;

    /// The one of that ARN.
    fn one(cx: &Cx<'_>, arn: &str) -> impl Future<Output = Result<Vec<Self>>> + Send;
}

/// Reads what is ours or stands where the stack declares one, or the one that is asked for.
pub(crate) async fn read<T: Child>(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<T>> {
    match select {
        Select::One(arn) => T::one(cx, arn).await,
        Select::Owned(expected) => owned(cx, &sweep::arns(cx, select, T::TYPE).await?, expected).await,
    }
}

async fn owned<T: Child>(cx: &Cx<'_>, swept: &[String], expected: &Expected) -> Result<Vec<T>> {
    let text = |attributes: &Map, name: &str| attributes.get(name).and_then(Value::as_str).map(str::to_owned);
    let declared: Vec<(String, Option<i64>)> = expected
        .instances
        .iter()
        .filter_map(|instance| {
            let number = instance.attributes.get(T::NUMBER).and_then(Value::as_number).and_then(Number::as_i64);
            Some((text(&instance.attributes, T::PARENT)?, number))
        })
        .collect();
    let parents: BTreeSet<String> =
        swept.iter().filter_map(|arn| T::parent(arn)).chain(declared.iter().map(|(arn, _)| arn.clone())).collect();
    let children = try_join_all(parents.iter().map(|parent| T::of(cx, parent))).await?;
    let mine = |parent: &String, child: &T| {
        swept.iter().any(|arn| child.arn() == Some(arn.as_str()))
            || declared.iter().any(|(of, number)| of == parent && number.is_some() && *number == child.number())
    };
    let of_parents = parents.iter().zip(children);
    Ok(of_parents
        .flat_map(|(parent, all)| all.into_iter().filter(|child| mine(parent, child)).collect::<Vec<_>>())
        .collect())
}

/// The ARN of what holds the thing of the given ARN: without its last part, and of the type above.
pub(crate) fn above(arn: &str, of: &str, holder: &str) -> Option<String> {
    let (front, _) = arn.rsplit_once('/')?;
    Some(front.replacen(&format!(":{of}/"), &format!(":{holder}/"), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_tells_what_holds_it() {
        let arn = |of: &str| format!("arn:aws:elasticloadbalancing:eu-west-3:123456789012:{of}");
        let rule = arn("listener-rule/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee");
        let listener = arn("listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2");
        assert_eq!(above(&rule, "listener-rule", "listener").as_ref(), Some(&listener));
        let balancer = arn("loadbalancer/app/web/50dc6c495c0c9188");
        assert_eq!(above(&listener, "listener", "loadbalancer"), Some(balancer));
    }
}
