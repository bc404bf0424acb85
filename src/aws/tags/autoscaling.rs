//! Auto Scaling: a tag says besides whether new instances get it too. They never get those of clefctl.

use aws_sdk_autoscaling::types::{Tag, TagDescription};
use clefctl_core::error::Result;
use clefctl_core::kind::{TagChange, Tags, tag};

use crate::aws::{Cx, Op};

/// The tags of a group.
#[must_use]
pub fn read(tags: &[TagDescription]) -> Tags {
    super::read(tags, |tag| (tag.key(), tag.value()))
}

/// Whether new instances get the user's tags: `None` where there are none, false where one at least stays behind.
#[must_use]
pub fn propagated(tags: &[TagDescription]) -> Option<bool> {
    let mut users = tags.iter().filter(|tag| tag.key().is_some_and(is_users)).peekable();
    users.peek()?;
    Some(users.all(|tag| tag.propagate_at_launch() == Some(true)))
}

/// The tags of a group as its create call takes them; `propagate` says whether new instances get the user's.
#[must_use]
pub fn write(group: &str, tags: &Tags, propagate: bool) -> Vec<Tag> {
    super::write(tags, |key, value| {
        Tag::builder()
            .resource_id(group)
            .resource_type(GROUP)
            .key(key)
            .value(value)
            .propagate_at_launch(propagate && is_users(key))
            .build()
    })
}

/// Changes the tags of a group.
pub async fn change(cx: &Cx<'_>, group: &str, change: &TagChange, propagate: bool) -> Result<()> {
    put(cx, group, &change.set, propagate).await?;
    if !change.remove.is_empty() {
        let one = |key: &String| Tag::builder().resource_id(group).resource_type(GROUP).key(key).build();
        let tags: Vec<Tag> = change.remove.iter().map(one).collect();
        cx.call(Op::new("autoscaling:DeleteTags"), || {
            cx.autoscaling().delete_tags().set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    Ok(())
}

/// Adds or overwrites tags of a group.
pub async fn put(cx: &Cx<'_>, group: &str, tags: &Tags, propagate: bool) -> Result<()> {
    if tags.is_empty() {
        return Ok(());
    }
    let tags = write(group, tags, propagate);
    cx.call(Op::new("autoscaling:CreateOrUpdateTags"), || {
        cx.autoscaling().create_or_update_tags().set_tags(Some(tags.clone())).send()
    })
    .await?;
    Ok(())
}

const GROUP: &str = "auto-scaling-group";

fn is_users(key: &str) -> bool {
    !key.starts_with(tag::PREFIX) && !key.starts_with("aws:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_never_get_clefctls_own_tags() {
        let tags = Tags::from([(tag::STACK.to_owned(), "a/b".to_owned()), ("Name".to_owned(), "web".to_owned())]);
        let flags = |propagate: bool| -> Vec<(Option<String>, Option<bool>)> {
            write("g", &tags, propagate).into_iter().map(|tag| (tag.key, tag.propagate_at_launch)).collect()
        };
        let (name, stack) = (Some("Name".to_owned()), Some(tag::STACK.to_owned()));
        assert_eq!(flags(true), [(name.clone(), Some(true)), (stack.clone(), Some(false))]);
        assert_eq!(flags(false), [(name, Some(false)), (stack, Some(false))]);
    }

    #[test]
    fn only_the_users_tags_say_whether_they_are_propagated() {
        let one = |key: &str, on: bool| TagDescription::builder().key(key).propagate_at_launch(on).build();
        for (tags, want) in [
            (vec![one(tag::STACK, false)], None),
            (vec![one(tag::STACK, false), one("a", true)], Some(true)),
            (vec![one("a", true), one("b", false)], Some(false)),
        ] {
            assert_eq!(propagated(&tags), want);
        }
    }
}
