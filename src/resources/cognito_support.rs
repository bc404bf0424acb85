//! What the kinds of a user pool share: the pool's tags, and the marks of its parts.
//!
//! Clients, groups and domains take no tags. One whose name tells whose it is (`<stack>-<env>-<resource>`) needs no
//! mark. Of any other the pool remembers it, in the tag `clefctl:note:<kind>/<name>`, which is written before the part
//! is made: a part without a mark is nobody's, and a mark without a part does nothing.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cognitoidentityprovider::types::UserPoolType;
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Address, Expected, Observed, TagChange, Tags, encode, generation_of, generation_suffix, short_hash, tag,
};
use futures::future::try_join_all;

use crate::aws::{Cx, Op, unless};

/// The code of what is not there.
pub(super) const GONE: &[&str] = &["ResourceNotFoundException"];

/// Texts as a list of the SDK's enums; nothing where there are none.
pub(super) fn enums<T: for<'a> From<&'a str>>(texts: &BTreeSet<String>) -> Option<Vec<T>> {
    (!texts.is_empty()).then(|| texts.iter().map(|text| T::from(text.as_str())).collect())
}

/// Texts as a list; nothing where there are none.
pub(super) fn some(texts: &BTreeSet<String>) -> Option<Vec<String>> {
    enums(texts)
}

/// A pool as AWS describes it; nothing of one that is gone.
pub(super) async fn describe_pool(cx: &Cx<'_>, id: &str) -> Result<Option<UserPoolType>> {
    let found = cx
        .call(Op::new("cognito-idp:DescribeUserPool"), || cx.cognito().describe_user_pool().user_pool_id(id).send())
        .await;
    Ok(unless(found, GONE)?.and_then(|found| found.user_pool))
}

/// Changes the tags of a pool.
pub(super) async fn retag_pool(cx: &Cx<'_>, arn: &str, change: &TagChange) -> Result<()> {
    if !change.set.is_empty() {
        cx.call(Op::new("cognito-idp:TagResource"), || {
            let tags = Some(change.set.clone().into_iter().collect());
            cx.cognito().tag_resource().resource_arn(arn).set_tags(tags).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        cx.call(Op::new("cognito-idp:UntagResource"), || {
            cx.cognito().untag_resource().resource_arn(arn).set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    Ok(())
}

/// A pool whose parts are looked for.
pub(super) struct Pool {
    /// Its id.
    pub(super) id: String,
    /// Its tags, marks included.
    pub(super) tags: Tags,
    /// Its domains: prefix and name.
    pub(super) domains: Vec<String>,
}

impl Pool {
    fn of(observed: &Observed) -> Self {
        let domains = ["domain", "custom_domain"].iter().filter_map(|name| observed.get(name).as_str());
        Self { id: observed.id.clone(), tags: observed.tags.clone(), domains: domains.map(str::to_owned).collect() }
    }

    /// The pool of that id; nothing of one that is gone.
    pub(super) async fn read(cx: &Cx<'_>, id: &str) -> Result<Option<Self>> {
        Ok(describe_pool(cx, id).await?.map(|pool| Self {
            id: id.to_owned(),
            tags: pool.user_pool_tags.unwrap_or_default().into_iter().collect(),
            domains: pool.domain.into_iter().chain(pool.custom_domain).collect(),
        }))
    }

    /// The pools of a survey: the stack's own, which were read already, and those of others that it names.
    pub(super) async fn all(cx: &Cx<'_>, expected: &Expected) -> Result<Vec<Self>> {
        let (others, own): (Vec<_>, Vec<_>) = expected.parents.iter().partition(|pool| pool.is_foreign());
        let own: BTreeMap<&str, &Observed> = own.into_iter().map(|pool| (pool.id.as_str(), pool)).collect();
        let named = expected.instances.iter().filter_map(|part| part.attributes.get("user_pool_id")?.as_str());
        let others = others.into_iter().map(|pool| pool.id.as_str()).chain(named);
        let others: BTreeSet<&str> = others.filter(|id| !own.contains_key(id)).collect();
        let others = try_join_all(others.into_iter().map(|id| Self::read(cx, id))).await?;
        Ok(own.into_values().map(Self::of).chain(others.into_iter().flatten()).collect())
    }

    /// The tags of one part, for a read that has nothing but its name; none when the pool is gone.
    pub(super) async fn told(cx: &Cx<'_>, part: &Part<'_>) -> Result<Tags> {
        Ok(Self::read(cx, part.pool).await?.map(|pool| part.tags(cx, &pool.tags)).unwrap_or_default())
    }
}

/// A part of a user pool that takes no tags.
pub(super) struct Part<'a> {
    /// Id of the pool.
    pub(super) pool: &'a str,
    /// The kind's name.
    pub(super) kind: &'static str,
    /// Its name in the pool.
    pub(super) name: &'a str,
    /// Whether its default name tells of itself whose it is.
    pub(super) telling: bool,
}

/// Most characters of a tag's key.
const LONGEST_KEY: usize = 128;
/// What the mark of a part says that was released although its name tells whose it was.
const NOBODY: &str = "released";

impl Part<'_> {
    /// The key of its mark.
    fn key(&self) -> String {
        let mut key = format!("{}{}/{}", tag::NOTE, self.kind, encode(self.name));
        if key.len() > LONGEST_KEY {
            key.truncate(LONGEST_KEY - 10);
            key = format!("{key}={}", short_hash(self.name));
        }
        key
    }

    /// What its tags would say: by its mark, else by its name; nothing where neither tells anything.
    pub(super) fn tags(&self, cx: &Cx<'_>, pool: &Tags) -> Tags {
        match pool.get(&self.key()) {
            Some(mark) => unpack(mark),
            None => self.by_name(cx),
        }
    }

    /// What its name tells.
    fn by_name(&self, cx: &Cx<'_>) -> Tags {
        if !self.telling {
            return Tags::new();
        }
        let generation = generation_of(self.name);
        let base = match generation {
            1 => self.name,
            n => self.name.strip_suffix(&generation_suffix(n)).unwrap_or(self.name),
        };
        let Some(rest) = base.strip_prefix(&format!("{}-", cx.owner.prefix())) else { return Tags::new() };
        let address = Address::plain(&rest.replace('-', "_"));
        Tags::from([
            (tag::STACK.to_owned(), cx.owner.to_string()),
            (tag::RESOURCE.to_owned(), address.tag(self.kind)),
            (tag::GENERATION.to_owned(), generation.to_string()),
        ])
    }

    /// Remembers what its tags would say, where its name does not say just that.
    pub(super) async fn mark(&self, cx: &Cx<'_>, tags: &Tags) -> Result<()> {
        if *tags == self.by_name(cx) {
            return Ok(());
        }
        let change = TagChange { set: [(self.key(), pack(tags))].into(), remove: Vec::new() };
        retag_pool(cx, &self.arn(cx), &change).await
    }

    /// Forgets it, when the part that said this is gone.
    pub(super) async fn unmark(&self, cx: &Cx<'_>, said: &Tags) -> Result<()> {
        if *said == self.by_name(cx) {
            return Ok(());
        }
        let change = TagChange { set: Tags::new(), remove: vec![self.key()] };
        unless(retag_pool(cx, &self.arn(cx), &change).await, GONE).map(drop)
    }

    /// Changes what it says of itself.
    pub(super) async fn retag(&self, cx: &Cx<'_>, now: &Tags, change: &TagChange) -> Result<()> {
        let mut tags = now.clone();
        tags.retain(|key, _| !change.remove.contains(key));
        tags.extend(change.set.clone());
        if tags == self.by_name(cx) {
            return self.unmark(cx, now).await;
        }
        self.mark(cx, &tags).await
    }

    fn arn(&self, cx: &Cx<'_>) -> String {
        cx.arn("cognito-idp", &format!("userpool/{}", self.pool))
    }
}

/// clefctl's tags in the characters that a tag's value may have.
fn pack(tags: &Tags) -> String {
    let ours = tags.iter().filter_map(|(key, value)| Some(format!("{}={value}", key.strip_prefix(tag::PREFIX)?)));
    let text = ours.collect::<Vec<_>>().join(" ");
    if text.is_empty() { NOBODY.to_owned() } else { text }
}

fn unpack(text: &str) -> Tags {
    let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (format!("{}{key}", tag::PREFIX), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_back() {
        let tags = Tags::from([
            (tag::STACK.to_owned(), "shop/dev".to_owned()),
            (tag::RESOURCE.to_owned(), "cognito_user_group/staff/=c3=a9".to_owned()),
            (tag::GENERATION.to_owned(), "2".to_owned()),
        ]);
        assert_eq!(unpack(&pack(&tags)), tags);
        assert_eq!(unpack(&pack(&Tags::new())), Tags::new());
    }

    #[test]
    fn keys_of_marks_fit() {
        let key = |name: &str| Part { pool: "p", kind: "cognito_user_group", name, telling: true }.key();
        assert_eq!(key("Staff & friends"), "clefctl:note:cognito_user_group/Staff=20=26=20friends");
        let (a, b) = (key(&"é".repeat(60)), key(&format!("{}e", "é".repeat(59))));
        assert!(a.len() <= LONGEST_KEY && b.len() <= LONGEST_KEY && a != b, "{a} {b}");
    }
}
