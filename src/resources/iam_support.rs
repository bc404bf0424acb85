//! What the kinds of IAM share: the account's one list, the policies that roles, users and groups hold, and tags.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_iam::types::{
    AttachedPolicy, EntityType, GroupDetail, ManagedPolicyDetail, PolicyDetail, RoleDetail, UserDetail,
};
use clefctl_core::error::Result;
use clefctl_core::kind::{Expected, Policy, TagChange, Tags, tag};
use futures::future::try_join_all;

use crate::aws::tags::iam as tags;
use crate::aws::{Codes, Cx, Op};

/// What IAM's codes mean, whatever the kind.
pub(super) const CODES: Codes =
    Codes { absent: &["NoSuchEntity"], exists: &["EntityAlreadyExists"], blocked: &["DeleteConflict"] };
/// A policy or principal that was made a moment ago may not be visible yet.
const YOUNG: &[&str] = &["NoSuchEntity"];

/// Everything in the account that takes policies, and the account's own policies.
#[derive(Debug, Default)]
pub(super) struct Entities {
    pub(super) roles: Vec<RoleDetail>,
    pub(super) users: Vec<UserDetail>,
    pub(super) groups: Vec<GroupDetail>,
    pub(super) policies: Vec<ManagedPolicyDetail>,
}

/// Reads the account's one list: the only one of IAM's that carries tags, and it carries nearly all else.
/// The kinds that read at the same time share it.
pub(super) async fn entities(cx: &Cx<'_>) -> Result<Arc<Entities>> {
    cx.together("iam:GetAccountAuthorizationDetails", read_entities(cx)).await
}

async fn read_entities(cx: &Cx<'_>) -> Result<Entities> {
    let mut found = Entities::default();
    let mut marker = None;
    loop {
        let page = cx
            .call(Op::new("iam:GetAccountAuthorizationDetails"), || {
                let sorts = [EntityType::Role, EntityType::User, EntityType::Group, EntityType::LocalManagedPolicy];
                let ask = cx.iam().get_account_authorization_details().set_filter(Some(sorts.to_vec()));
                ask.max_items(1000).set_marker(marker.clone()).send()
            })
            .await?;
        found.roles.extend(page.role_detail_list.unwrap_or_default());
        found.users.extend(page.user_detail_list.unwrap_or_default());
        found.groups.extend(page.group_detail_list.unwrap_or_default());
        found.policies.extend(page.policies.unwrap_or_default());
        marker = page.marker;
        if !page.is_truncated || marker.is_none() {
            return Ok(found);
        }
    }
}

/// Whether a thing of the list is of interest: it is the owner's, or has a name that the stack wants.
pub(super) fn of_interest(cx: &Cx<'_>, expected: &Expected, name: Option<&str>, tags: &Tags) -> bool {
    tags.get(tag::STACK) == Some(&cx.owner.to_string()) || named(expected, name)
}

/// Whether the stack wants a thing of that name.
pub(super) fn named(expected: &Expected, name: Option<&str>) -> bool {
    expected.instances.iter().any(|instance| instance.name.as_deref() == name && name.is_some())
}

/// The path under which an owner's things stand that only a path can find: few of IAM's lists carry tags.
pub(super) fn own_path(cx: &Cx<'_>) -> String {
    format!("/clefctl/{}/", cx.owner)
}

/// What holds policies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holder<'a> {
    /// A role, by name.
    Role(&'a str),
    /// A user, by name.
    User(&'a str),
    /// A group, by name.
    Group(&'a str),
}

/// The policies of a holder: its own by name, and the ARNs of those attached to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Policies {
    pub(super) inline: BTreeMap<String, Policy>,
    pub(super) attached: BTreeSet<String>,
}

impl Policies {
    /// As the account's list reports them.
    pub(super) fn listed(inline: &[PolicyDetail], attached: &[AttachedPolicy]) -> Self {
        let inline = inline.iter().map(|policy| {
            let document = tags::document(policy.policy_document().unwrap_or_default());
            (policy.policy_name().unwrap_or_default().to_owned(), document)
        });
        Self { inline: inline.collect(), attached: arns(attached) }
    }

    /// Read one by one: the account's list may lag behind what was just written.
    pub(super) async fn of(cx: &Cx<'_>, holder: Holder<'_>) -> Result<Self> {
        let (names, attached) = tokio::try_join!(holder.names(cx), holder.attached(cx))?;
        let documents = names.into_iter().map(|name| async move {
            let document = holder.document(cx, &name).await?;
            Result::Ok((name, tags::document(&document)))
        });
        Ok(Self { inline: try_join_all(documents).await?.into_iter().collect(), attached: arns(&attached) })
    }
}

fn arns(attached: &[AttachedPolicy]) -> BTreeSet<String> {
    attached.iter().filter_map(|policy| policy.policy_arn().map(str::to_owned)).collect()
}

impl Holder<'_> {
    /// Makes the policies what is wanted: new ones first, so that no right is missing in between.
    pub(super) async fn bring(
        self,
        cx: &Cx<'_>,
        inline: (&BTreeMap<String, Policy>, &BTreeMap<String, Policy>),
        attached: (&BTreeSet<String>, &BTreeSet<String>),
    ) -> Result<()> {
        let (wanted, live) = inline;
        for (name, document) in wanted.iter().filter(|(name, document)| live.get(*name) != Some(*document)) {
            self.put(cx, name, &document.to_string()).await?;
        }
        for arn in attached.0.difference(attached.1) {
            self.attach(cx, arn).await?;
        }
        for name in live.keys().filter(|name| !wanted.contains_key(*name)) {
            self.drop_inline(cx, name).await?;
        }
        for arn in attached.1.difference(attached.0) {
            self.detach(cx, arn).await?;
        }
        Ok(())
    }

    /// Takes all policies away, as they are now: what holds policies cannot be deleted.
    pub(super) async fn strip(self, cx: &Cx<'_>) -> Result<()> {
        let now = Policies::of(cx, self).await?;
        self.bring(cx, (&BTreeMap::new(), &now.inline), (&BTreeSet::new(), &now.attached)).await
    }

    /// Sets or takes away the policy that bounds its rights; groups have none.
    pub(super) async fn bound(self, cx: &Cx<'_>, boundary: Option<&str>) -> Result<()> {
        let iam = cx.iam();
        match (self, boundary) {
            (Self::Role(name), Some(arn)) => {
                let ask = || iam.put_role_permissions_boundary().role_name(name).permissions_boundary(arn).send();
                cx.call(Op::new("iam:PutRolePermissionsBoundary").racing(YOUNG), ask).await.map(drop)
            }
            (Self::User(name), Some(arn)) => {
                let ask = || iam.put_user_permissions_boundary().user_name(name).permissions_boundary(arn).send();
                cx.call(Op::new("iam:PutUserPermissionsBoundary").racing(YOUNG), ask).await.map(drop)
            }
            (Self::Role(name), None) => {
                let ask = || iam.delete_role_permissions_boundary().role_name(name).send();
                absent_is_done(cx.call(Op::new("iam:DeleteRolePermissionsBoundary"), ask).await)
            }
            (Self::User(name), None) => {
                let ask = || iam.delete_user_permissions_boundary().user_name(name).send();
                absent_is_done(cx.call(Op::new("iam:DeleteUserPermissionsBoundary"), ask).await)
            }
            (Self::Group(_), _) => Ok(()),
        }
    }

    async fn names(self, cx: &Cx<'_>) -> Result<Vec<String>> {
        let iam = cx.iam();
        match self {
            Self::Role(name) => {
                let ask = || iam.list_role_policies().role_name(name).into_paginator().items().send().try_collect();
                cx.call(Op::new("iam:ListRolePolicies"), ask).await
            }
            Self::User(name) => {
                let ask = || iam.list_user_policies().user_name(name).into_paginator().items().send().try_collect();
                cx.call(Op::new("iam:ListUserPolicies"), ask).await
            }
            Self::Group(name) => {
                let ask = || iam.list_group_policies().group_name(name).into_paginator().items().send().try_collect();
                cx.call(Op::new("iam:ListGroupPolicies"), ask).await
            }
        }
    }

    async fn document(self, cx: &Cx<'_>, policy: &str) -> Result<String> {
        let iam = cx.iam();
        Ok(match self {
            Self::Role(name) => {
                let ask = || iam.get_role_policy().role_name(name).policy_name(policy).send();
                cx.call(Op::new("iam:GetRolePolicy"), ask).await?.policy_document
            }
            Self::User(name) => {
                let ask = || iam.get_user_policy().user_name(name).policy_name(policy).send();
                cx.call(Op::new("iam:GetUserPolicy"), ask).await?.policy_document
            }
            Self::Group(name) => {
                let ask = || iam.get_group_policy().group_name(name).policy_name(policy).send();
                cx.call(Op::new("iam:GetGroupPolicy"), ask).await?.policy_document
            }
        })
    }

    async fn attached(self, cx: &Cx<'_>) -> Result<Vec<AttachedPolicy>> {
        let iam = cx.iam();
        match self {
            Self::Role(name) => {
                let ask = || iam.list_attached_role_policies().role_name(name).into_paginator().items();
                cx.call(Op::new("iam:ListAttachedRolePolicies"), || ask().send().try_collect()).await
            }
            Self::User(name) => {
                let ask = || iam.list_attached_user_policies().user_name(name).into_paginator().items();
                cx.call(Op::new("iam:ListAttachedUserPolicies"), || ask().send().try_collect()).await
            }
            Self::Group(name) => {
                let ask = || iam.list_attached_group_policies().group_name(name).into_paginator().items();
                cx.call(Op::new("iam:ListAttachedGroupPolicies"), || ask().send().try_collect()).await
            }
        }
    }

    async fn put(self, cx: &Cx<'_>, policy: &str, document: &str) -> Result<()> {
        let iam = cx.iam();
        match self {
            Self::Role(name) => {
                let op = Op::new("iam:PutRolePolicy").racing(YOUNG);
                let ask = || iam.put_role_policy().role_name(name).policy_name(policy).policy_document(document);
                cx.call(op, || ask().send()).await.map(drop)
            }
            Self::User(name) => {
                let op = Op::new("iam:PutUserPolicy").racing(YOUNG);
                let ask = || iam.put_user_policy().user_name(name).policy_name(policy).policy_document(document);
                cx.call(op, || ask().send()).await.map(drop)
            }
            Self::Group(name) => {
                let op = Op::new("iam:PutGroupPolicy").racing(YOUNG);
                let ask = || iam.put_group_policy().group_name(name).policy_name(policy).policy_document(document);
                cx.call(op, || ask().send()).await.map(drop)
            }
        }
    }

    async fn attach(self, cx: &Cx<'_>, arn: &str) -> Result<()> {
        let iam = cx.iam();
        match self {
            Self::Role(name) => {
                let op = Op::new("iam:AttachRolePolicy").racing(YOUNG);
                cx.call(op, || iam.attach_role_policy().role_name(name).policy_arn(arn).send()).await.map(drop)
            }
            Self::User(name) => {
                let op = Op::new("iam:AttachUserPolicy").racing(YOUNG);
                cx.call(op, || iam.attach_user_policy().user_name(name).policy_arn(arn).send()).await.map(drop)
            }
            Self::Group(name) => {
                let op = Op::new("iam:AttachGroupPolicy").racing(YOUNG);
                cx.call(op, || iam.attach_group_policy().group_name(name).policy_arn(arn).send()).await.map(drop)
            }
        }
    }

    async fn drop_inline(self, cx: &Cx<'_>, policy: &str) -> Result<()> {
        let iam = cx.iam();
        absent_is_done(match self {
            Self::Role(name) => {
                let ask = || iam.delete_role_policy().role_name(name).policy_name(policy).send();
                cx.call(Op::new("iam:DeleteRolePolicy"), ask).await.map(drop)
            }
            Self::User(name) => {
                let ask = || iam.delete_user_policy().user_name(name).policy_name(policy).send();
                cx.call(Op::new("iam:DeleteUserPolicy"), ask).await.map(drop)
            }
            Self::Group(name) => {
                let ask = || iam.delete_group_policy().group_name(name).policy_name(policy).send();
                cx.call(Op::new("iam:DeleteGroupPolicy"), ask).await.map(drop)
            }
        })
    }

    async fn detach(self, cx: &Cx<'_>, arn: &str) -> Result<()> {
        let iam = cx.iam();
        absent_is_done(match self {
            Self::Role(name) => {
                let ask = || iam.detach_role_policy().role_name(name).policy_arn(arn).send();
                cx.call(Op::new("iam:DetachRolePolicy"), ask).await.map(drop)
            }
            Self::User(name) => {
                let ask = || iam.detach_user_policy().user_name(name).policy_arn(arn).send();
                cx.call(Op::new("iam:DetachUserPolicy"), ask).await.map(drop)
            }
            Self::Group(name) => {
                let ask = || iam.detach_group_policy().group_name(name).policy_arn(arn).send();
                cx.call(Op::new("iam:DetachGroupPolicy"), ask).await.map(drop)
            }
        })
    }
}

/// What takes tags.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tagged<'a> {
    /// A role, by name.
    Role(&'a str),
    /// A user, by name.
    User(&'a str),
    /// A managed policy, by ARN.
    Policy(&'a str),
    /// An OpenID Connect provider, by ARN.
    Provider(&'a str),
    /// An instance profile, by name.
    Profile(&'a str),
}

impl Tagged<'_> {
    /// Changes the tags.
    pub(super) async fn change(self, cx: &Cx<'_>, change: &TagChange) -> Result<()> {
        if !change.set.is_empty() {
            self.set(cx, tags::write(&change.set)).await?;
        }
        if !change.remove.is_empty() {
            self.remove(cx, change.remove.clone()).await?;
        }
        Ok(())
    }

    async fn set(self, cx: &Cx<'_>, tags: Vec<aws_sdk_iam::types::Tag>) -> Result<()> {
        let (iam, tags) = (cx.iam(), || Some(tags.clone()));
        match self {
            Self::Role(name) => {
                cx.call(Op::new("iam:TagRole"), || iam.tag_role().role_name(name).set_tags(tags()).send()).await?;
            }
            Self::User(name) => {
                cx.call(Op::new("iam:TagUser"), || iam.tag_user().user_name(name).set_tags(tags()).send()).await?;
            }
            Self::Policy(arn) => {
                cx.call(Op::new("iam:TagPolicy"), || iam.tag_policy().policy_arn(arn).set_tags(tags()).send()).await?;
            }
            Self::Provider(arn) => {
                let ask = || iam.tag_open_id_connect_provider().open_id_connect_provider_arn(arn).set_tags(tags());
                cx.call(Op::new("iam:TagOpenIDConnectProvider"), || ask().send()).await?;
            }
            Self::Profile(name) => {
                let ask = || iam.tag_instance_profile().instance_profile_name(name).set_tags(tags());
                cx.call(Op::new("iam:TagInstanceProfile"), || ask().send()).await?;
            }
        }
        Ok(())
    }

    async fn remove(self, cx: &Cx<'_>, keys: Vec<String>) -> Result<()> {
        let (iam, keys) = (cx.iam(), || Some(keys.clone()));
        match self {
            Self::Role(name) => {
                let ask = || iam.untag_role().role_name(name).set_tag_keys(keys());
                cx.call(Op::new("iam:UntagRole"), || ask().send()).await?;
            }
            Self::User(name) => {
                let ask = || iam.untag_user().user_name(name).set_tag_keys(keys());
                cx.call(Op::new("iam:UntagUser"), || ask().send()).await?;
            }
            Self::Policy(arn) => {
                let ask = || iam.untag_policy().policy_arn(arn).set_tag_keys(keys());
                cx.call(Op::new("iam:UntagPolicy"), || ask().send()).await?;
            }
            Self::Provider(arn) => {
                let ask = || iam.untag_open_id_connect_provider().open_id_connect_provider_arn(arn);
                cx.call(Op::new("iam:UntagOpenIDConnectProvider"), || ask().set_tag_keys(keys()).send()).await?;
            }
            Self::Profile(name) => {
                let ask = || iam.untag_instance_profile().instance_profile_name(name).set_tag_keys(keys());
                cx.call(Op::new("iam:UntagInstanceProfile"), || ask().send()).await?;
            }
        }
        Ok(())
    }
}

/// What is gone already needs no taking away.
pub(super) fn absent_is_done<T>(done: Result<T>) -> Result<()> {
    match done {
        Err(error) if error.code() == Some("NoSuchEntity") => Ok(()),
        other => other.map(drop),
    }
}
