//! `iam_group`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{Group as Sdk, GroupDetail, User};
use clefctl_core::error::{Error, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Mark, Name, NameChars, Naming, PerVerb, Policy, Select, Status, TagChange,
    Tags, Unique, tag,
};
use serde::{Deserialize, Serialize};

use super::iam_support::{CODES, Holder, Policies, absent_is_done, entities, named};
use crate::aws::{Codes, Cx, Live, Op, Resource};

#[cfg(test)]
mod tests;

/// What all marks begin with.
const ROOT: &str = "/clefctl/";

/// A group of IAM users, and the rights that all of them have.
///
/// Members and policies that the stack does not list are removed. Groups take no tags: a group's path says whose it
/// is (`/clefctl/<owner>/iam_group/<name>/…`), so that there is no `path` to choose.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct IamGroup {
    /// Its name, unique in the account without regard to case. Changing it is done in place.
    #[attr(length(1, 128), pattern = "[\\w+=,.@-]+")]
    name: Name,
    /// Names of its members.
    #[attr(settled, refers("iam_user", "name"))]
    users: BTreeSet<String>,
    /// Policies of its own: name and document.
    #[attr(settled, policy = Identity)]
    inline_policies: BTreeMap<String, Policy>,
    /// ARNs of the managed policies attached to it.
    #[attr(settled, refers("iam_policy", "arn"))]
    managed_policy_arns: BTreeSet<String>,
}

/// What a group tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}", changes_on("name"))]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:iam::{account}:group/{name}", changes_on_any)]
    arn: String,
    /// Its unique id.
    #[attr(looks_like = "AGPA{upper:17}")]
    unique_id: String,
}

impl Resource for IamGroup {
    const FACTS: Facts = Facts {
        name: "iam_group",
        service: "iam",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        mark: Mark::Marker,
        naming: Some(Naming { attribute: "name", max: 128, allowed: NameChars::Wide, unique: Unique::Account }),
        once: true,
        actions: Actions {
            read: &[
                "iam:GetAccountAuthorizationDetails", "iam:GetGroup", "iam:ListGroupPolicies", "iam:GetGroupPolicy",
                "iam:ListAttachedGroupPolicies",
            ],
            create: &["iam:CreateGroup"],
            update: &[
                "iam:UpdateGroup", "iam:AddUserToGroup", "iam:RemoveUserFromGroup", "iam:PutGroupPolicy",
                "iam:DeleteGroupPolicy", "iam:AttachGroupPolicy", "iam:DetachGroupPolicy",
            ],
            delete: &["iam:DeleteGroup", "iam:RemoveUserFromGroup", "iam:DeleteGroupPolicy", "iam:DetachGroupPolicy"],
        },
        takes: PerVerb::new(2, 2, 2),
        calls: PerVerb::new(1, 4, 4),
        ..Facts::GLOBAL
    };
    const CODES: Codes = CODES;
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let expected = match select {
            Select::One(name) => return one(cx, name).await.map(|group| vec![group]),
            Select::Owned(expected) => expected,
        };
        let account = entities(cx).await?;
        let owner = cx.owner.to_string();
        let wanted = |group: &&GroupDetail| {
            let ours = marks(group.path().unwrap_or_default()).get(tag::STACK) == Some(&owner);
            ours || named(expected, group.group_name())
        };
        let groups = account.groups.iter().filter(wanted).map(|group| {
            let name = group.group_name().unwrap_or_default();
            // Users know their groups; groups do not know their users.
            let members = account.users.iter().filter(|user| user.group_list().iter().any(|there| there == name));
            let members = members.filter_map(|user| user.user_name().map(str::to_owned)).collect();
            let policies = Policies::listed(group.group_policy_list(), group.attached_managed_policies());
            let found = (name, group.path(), group.arn(), group.group_id());
            live(found, members, policies)
        });
        Ok(groups.collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let path = path(&new.tags);
        cx.call(Op::new("iam:CreateGroup"), || cx.iam().create_group().group_name(&*self.name).path(&path).send())
            .await?;
        Ok(self.name.to_string())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let (from, name) = (&live.spec, &*self.name);
        if self.name != from.name {
            let ask = || cx.iam().update_group().group_name(&live.id).new_group_name(name).send();
            cx.call(Op::new("iam:UpdateGroup"), ask).await?;
        }
        let inline = (&self.inline_policies, &from.inline_policies);
        let attached = (&self.managed_policy_arns, &from.managed_policy_arns);
        Holder::Group(name).bring(cx, inline, attached).await?;
        for user in self.users.difference(&from.users) {
            let op = Op::new("iam:AddUserToGroup").racing(&["NoSuchEntity"]);
            cx.call(op, || cx.iam().add_user_to_group().group_name(name).user_name(user).send()).await?;
        }
        for user in from.users.difference(&self.users) {
            expel(cx, name, user).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        let name = &live.id;
        for user in members(cx, name).await?.1 {
            expel(cx, name, &user).await?;
        }
        Holder::Group(name).strip(cx).await?;
        cx.call(Op::new("iam:DeleteGroup"), || cx.iam().delete_group().group_name(name).send()).await.map(drop)
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        let mut marks = live.tags.clone();
        marks.retain(|key, _| !change.remove.contains(key));
        marks.extend(change.set.clone());
        let path = path(&marks);
        let ask = || cx.iam().update_group().group_name(&live.id).new_path(&path).send();
        cx.call(Op::new("iam:UpdateGroup"), ask).await.map(drop)
    }

    fn id_after(&self, _live: &Live<Self>) -> String {
        self.name.to_string()
    }
}

/// The path that says what tags would say: `/clefctl/<stack>/<env>/iam_group/<name>[/<key>]/+generation=1/`.
fn path(marks: &Tags) -> String {
    let (Some(owner), Some(resource)) = (marks.get(tag::STACK), marks.get(tag::RESOURCE)) else {
        return "/".to_owned();
    };
    let others = [tag::GENERATION, tag::KEEP, tag::TRIGGER].into_iter().filter_map(|key| {
        let word = key.strip_prefix(tag::PREFIX)?;
        Some(format!("+{word}={}/", marks.get(key)?))
    });
    format!("{ROOT}{owner}/{resource}/{}", others.collect::<String>())
}

/// What a path says.
fn marks(path: &str) -> Tags {
    let Some(rest) = path.strip_prefix(ROOT) else { return Tags::new() };
    let (others, address): (Vec<&str>, Vec<&str>) =
        rest.split('/').filter(|part| !part.is_empty()).partition(|part| part.starts_with('+'));
    let [stack, env, resource @ ..] = address.as_slice() else { return Tags::new() };
    let mut marks: Tags = others
        .into_iter()
        .filter_map(|part| part.strip_prefix('+')?.split_once('='))
        .map(|(word, value)| (format!("{}{word}", tag::PREFIX), value.to_owned()))
        .collect();
    marks.insert(tag::STACK.to_owned(), format!("{stack}/{env}"));
    marks.insert(tag::RESOURCE.to_owned(), resource.join("/"));
    marks
}

async fn expel(cx: &Cx<'_>, group: &str, user: &str) -> Result<()> {
    let ask = || cx.iam().remove_user_from_group().group_name(group).user_name(user).send();
    absent_is_done(cx.call(Op::new("iam:RemoveUserFromGroup"), ask).await)
}

/// A group and the names of its members.
async fn members(cx: &Cx<'_>, name: &str) -> Result<(Sdk, BTreeSet<String>)> {
    let mut members = BTreeSet::new();
    let mut marker = None;
    loop {
        let page = cx
            .call(Op::new("iam:GetGroup"), || cx.iam().get_group().group_name(name).set_marker(marker.clone()).send())
            .await?;
        members.extend(page.users().iter().map(User::user_name).map(str::to_owned));
        marker = page.marker().map(str::to_owned);
        if marker.is_none() {
            let group = page.group.ok_or_else(|| Error::internal("GetGroup answered without a group"))?;
            return Ok((group, members));
        }
    }
}

/// One group, read by itself: the account's list may lag behind what was just written.
async fn one(cx: &Cx<'_>, name: &str) -> Result<Live<IamGroup>> {
    let ((group, members), policies) = tokio::try_join!(members(cx, name), Policies::of(cx, Holder::Group(name)))?;
    let found = (group.group_name(), Some(group.path()), Some(group.arn()), Some(group.group_id()));
    Ok(live(found, members, policies))
}

/// `found` is name, path, ARN and unique id.
fn live(
    found: (&str, Option<&str>, Option<&str>, Option<&str>),
    users: BTreeSet<String>,
    policies: Policies,
) -> Live<IamGroup> {
    let (name, path, arn, id) = found;
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Live {
        spec: IamGroup {
            name: name.into(),
            users,
            inline_policies: policies.inline,
            managed_policy_arns: policies.attached,
        },
        outputs: Outputs { id: name.to_owned(), arn: text(arn), unique_id: text(id) },
        tags: marks(path.unwrap_or_default()),
        status: Status::Usable,
        id: name.to_owned(),
    }
}
