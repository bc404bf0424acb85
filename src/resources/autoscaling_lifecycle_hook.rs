//! `autoscaling_lifecycle_hook`

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::LifecycleHook as Sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Mark, Name, NameChars, Naming, PerVerb, Select, Status, TagChange,
    Tags, Unique,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::autoscaling_support as support;
use crate::aws::{Codes, Cx, Live, Op, Resource, children, young};

/// A lifecycle hook: holds instances of an Auto Scaling group while they start or before they go, until somebody says
/// that they may go on.
///
/// Hooks take no tags: one is the stack's when its name begins with `<stack>-<env>-`, or the file names it.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(requires("notification_role_arn", "notification_target_arn"))]
pub struct AutoscalingLifecycleHook {
    /// Its name, unique in the group.
    #[attr(create_only, length(1, 255), pattern = "[A-Za-z0-9_-]+")]
    name: Name,
    /// The group, by name.
    #[attr(create_only, refers("autoscaling_group", "name"))]
    autoscaling_group_name: String,
    /// Which instances it holds: those that start, or those that go.
    #[attr(values("autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING"))]
    lifecycle_transition: String,
    /// Seconds that an instance is held for unless somebody says how it goes on.
    #[attr(default = 3600, range(30, 7200))]
    heartbeat_timeout: i32,
    /// How it goes on then: `CONTINUE`, or `ABANDON`, which terminates an instance that starts.
    #[attr(default = "ABANDON", values("CONTINUE", "ABANDON"))]
    default_result: String,
    /// Text that is sent along.
    #[attr(length(1, 1023))]
    notification_metadata: Option<String>,
    /// ARN of the SNS topic, SQS queue or Lambda function that is told. Without one EventBridge is.
    notification_target_arn: Option<String>,
    /// ARN of the role by which Auto Scaling tells a topic or queue (Terraform's `role_arn`). AWS sends a test message at
    /// once.
    #[attr(refers("iam_role", "arn"))]
    notification_role_arn: Option<String>,
}

/// What a hook tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Group and name.
    #[attr(looks_like = "{attr:autoscaling_group_name}/{name}")]
    id: String,
}

impl Resource for AutoscalingLifecycleHook {
    const FACTS: Facts = Facts {
        name: "autoscaling_lifecycle_hook",
        service: "autoscaling",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        identity: &["autoscaling_group_name", "name"],
        found: Found::Child(&["autoscaling_group"]),
        mark: Mark::Prefix,
        naming: Some(Naming { attribute: "name", max: 255, allowed: NameChars::Hyphen, unique: Unique::Parent }),
        once: true,
        details: 1,
        calls: PerVerb::new(1, 2, 1),
        actions: Actions {
            read: &["autoscaling:DescribeLifecycleHooks", "autoscaling:DescribeAutoScalingGroups"],
            create: &["autoscaling:PutLifecycleHook", "iam:GetRole", "iam:PassRole"],
            update: &["autoscaling:PutLifecycleHook", "autoscaling:DeleteLifecycleHook", "iam:GetRole", "iam:PassRole"],
            delete: &["autoscaling:DeleteLifecycleHook"],
        },
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: &[], exists: &[], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        match select {
            Select::One(id) => {
                let (group, name) = support::parts(id)?;
                Ok(hooks(cx, group, Some(name)).await?.iter().map(live).collect())
            }
            Select::Owned(expected) => {
                let groups: BTreeSet<&str> = children::parents(expected, "autoscaling_group_name");
                let found = try_join_all(groups.into_iter().map(|group| hooks(cx, group, None))).await?;
                let ours = |hook: &Sdk| children::is_ours(cx, expected, hook.lifecycle_hook_name().unwrap_or_default());
                Ok(found.iter().flatten().filter(|hook| ours(hook)).map(live).collect())
            }
        }
    }

    async fn create(&self, cx: &Cx<'_>, _new: &Declared) -> Result<String> {
        self.put(cx, None).await?;
        Ok(support::id(&self.autoscaling_group_name, &self.name))
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if *self == live.spec {
            return Ok(());
        }
        if live.spec.notification_role_arn.is_some()
            && self.notification_role_arn.is_none()
            && self.notification_target_arn.is_some()
        {
            // A role cannot be taken away from a hook.
            remove(cx, live).await?;
        }
        self.put(cx, Some(&live.spec)).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        remove(cx, live).await
    }

    async fn retag(_cx: &Cx<'_>, _live: &Live<Self>, _change: &TagChange) -> Result<()> {
        Ok(())
    }
}

impl AutoscalingLifecycleHook {
    async fn put(&self, cx: &Cx<'_>, old: Option<&Self>) -> Result<()> {
        // The call keeps what it is not told: an empty text takes it away.
        let said = |wanted: &Option<String>, had: Option<&Option<String>>| {
            wanted.clone().or_else(|| had?.as_ref().map(|_| String::new()))
        };
        let metadata = said(&self.notification_metadata, old.map(|old| &old.notification_metadata));
        let target = said(&self.notification_target_arn, old.map(|old| &old.notification_target_arn));
        let put = || async {
            cx.call(Op::new("autoscaling:PutLifecycleHook"), || {
                cx.autoscaling()
                    .put_lifecycle_hook()
                    .auto_scaling_group_name(&self.autoscaling_group_name)
                    .lifecycle_hook_name(&*self.name)
                    .lifecycle_transition(&self.lifecycle_transition)
                    .heartbeat_timeout(self.heartbeat_timeout)
                    .default_result(&self.default_result)
                    .set_notification_metadata(metadata.clone())
                    .set_notification_target_arn(target.clone())
                    .set_role_arn(self.notification_role_arn.clone())
                    .send()
            })
            .await
        };
        match &self.notification_role_arn {
            // A role made a moment ago cannot send the test message.
            Some(role) => young::patiently(cx, "ValidationError", young::role(cx, role), put).await,
            None => put().await,
        }
        .map(drop)
    }
}

async fn remove(cx: &Cx<'_>, live: &Live<AutoscalingLifecycleHook>) -> Result<()> {
    let (group, name) = (&live.spec.autoscaling_group_name, &*live.spec.name);
    let done = cx
        .call(Op::new("autoscaling:DeleteLifecycleHook"), || {
            cx.autoscaling().delete_lifecycle_hook().auto_scaling_group_name(group).lifecycle_hook_name(name).send()
        })
        .await;
    support::deleted(done.map(drop), async { Ok(!hooks(cx, group, Some(name)).await?.is_empty()) }).await
}

/// The hooks of a group, or the one of a name.
async fn hooks(cx: &Cx<'_>, group: &str, name: Option<&str>) -> Result<Vec<Sdk>> {
    let found = cx
        .call(Op::new("autoscaling:DescribeLifecycleHooks"), || {
            cx.autoscaling()
                .describe_lifecycle_hooks()
                .auto_scaling_group_name(group)
                .set_lifecycle_hook_names(name.map(|name| vec![name.to_owned()]))
                .send()
        })
        .await;
    support::found_in(cx, group, found.map(|found| found.lifecycle_hooks.unwrap_or_default())).await
}

fn live(hook: &Sdk) -> Live<AutoscalingLifecycleHook> {
    let own = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let group = hook.auto_scaling_group_name().unwrap_or_default().to_owned();
    let name = hook.lifecycle_hook_name().unwrap_or_default();
    let id = support::id(&group, name);
    let target = own(hook.notification_target_arn());
    Live {
        spec: AutoscalingLifecycleHook {
            name: name.into(),
            autoscaling_group_name: group,
            lifecycle_transition: hook.lifecycle_transition().unwrap_or_default().to_owned(),
            heartbeat_timeout: hook.heartbeat_timeout().unwrap_or(3600),
            default_result: hook.default_result().unwrap_or("ABANDON").to_owned(),
            notification_metadata: own(hook.notification_metadata()),
            // Without a target the role is of no use, and cannot be taken away.
            notification_role_arn: own(hook.role_arn()).filter(|_| target.is_some()),
            notification_target_arn: target,
        },
        outputs: Outputs { id: id.clone() },
        tags: Tags::new(),
        status: Status::Usable,
        id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_leaves_out_is_its_default() {
        let hook =
            Sdk::builder().auto_scaling_group_name("a/web").lifecycle_hook_name("start").notification_metadata("");
        let live = live(&hook.role_arn("arn:aws:iam::123456789012:role/r").build());
        assert_eq!((live.id.as_str(), support::parts(&live.id).ok()), ("a/web/start", Some(("a/web", "start"))));
        assert_eq!((live.spec.heartbeat_timeout, live.spec.default_result.as_str()), (3600, "ABANDON"));
        assert_eq!((live.spec.notification_metadata, live.spec.notification_role_arn), (None, None));
    }
}
