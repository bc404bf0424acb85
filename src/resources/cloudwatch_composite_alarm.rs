//! `cloudwatch_composite_alarm`

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::put_composite_alarm::builders::PutCompositeAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::CompositeAlarm as Sdk;
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Name, NameChars, Naming, PerVerb, Select, Status, TagChange, Tags,
    Unique, Value,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::cloudwatch_support::{self as support, Outputs};
use crate::aws::tags::cloudwatch as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

/// An alarm that goes off when other alarms do: one message in place of ten.
///
/// Refer to the other alarms by `${cpu.alarm_name}`, so that they are made first and deleted last. A change keeps the
/// alarm's state.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct CloudwatchCompositeAlarm {
    /// Its name, unique in the region among alarms of all kinds.
    #[attr(create_only, length(1, 255), pattern = "[^\\x00-\\x1f\\x7f]+")]
    alarm_name: Name,
    /// What it is about, for those whom it wakes.
    #[attr(length(1, 1024))]
    alarm_description: Option<String>,
    /// When it goes off: `ALARM("a")`, `OK("a")`, `INSUFFICIENT_DATA("a")`, `TRUE`, `FALSE`, joined by `AND`, `OR`,
    /// `NOT` and parentheses.
    #[attr(length(1, 10_240), canonical = trimmed)]
    alarm_rule: String,
    /// An alarm while which this one does nothing, such as one that says that maintenance is going on.
    actions_suppressor: Option<Suppressor>,
    /// Whether it does anything when its state changes.
    #[attr(default = true)]
    actions_enabled: bool,
    /// ARNs of what happens in case of alarm, such as `${alarms.arn}` of an `sns_topic`.
    #[attr(length(0, 5))]
    alarm_actions: BTreeSet<String>,
    /// ARNs of what happens when all is well again.
    #[attr(length(0, 5))]
    ok_actions: BTreeSet<String>,
    /// ARNs of what happens when it cannot tell for want of values.
    #[attr(length(0, 5))]
    insufficient_data_actions: BTreeSet<String>,
}

/// What keeps an alarm quiet.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Suppressor {
    /// Name or ARN of the alarm.
    #[attr(length(1, 1600))]
    alarm: String,
    /// Seconds to wait for that alarm, when this one goes off first.
    #[attr(range(0, 86_400))]
    wait_period: i32,
    /// Seconds that this one stays quiet after that alarm has ended.
    #[attr(range(0, 86_400))]
    extension_period: i32,
}

impl Resource for CloudwatchCompositeAlarm {
    const FACTS: Facts = Facts {
        name: "cloudwatch_composite_alarm",
        service: "cloudwatch",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept(support::SWEPT),
        naming: Some(Naming { attribute: "alarm_name", max: 255, allowed: NameChars::Wide, unique: Unique::Account }),
        once: true,
        details: 1,
        actions: Actions {
            read: &["tag:GetResources", "cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"],
            create: &["cloudwatch:PutCompositeAlarm", "cloudwatch:TagResource"],
            update: &["cloudwatch:PutCompositeAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"],
            delete: &["cloudwatch:DeleteAlarms"],
        },
        calls: PerVerb::new(1, 3, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = support::CODES;
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let pages = support::describe(cx, select).await?;
        let alarms = pages.iter().flat_map(DescribeAlarmsOutput::composite_alarms);
        try_join_all(alarms.map(|alarm| async move {
            let arn = alarm.alarm_arn().unwrap_or_default();
            let tags = sweep::tags(cx, select, arn, tags::of(cx, arn)).await?;
            Ok(live(alarm, tags))
        }))
        .await
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let tags = tags::write(&new.tags);
        cx.call(Op::new("cloudwatch:PutCompositeAlarm"), || self.put(cx).set_tags(Some(tags.clone())).send()).await?;
        Ok(self.alarm_name.to_string())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if *self == live.spec {
            return Ok(());
        }
        // What is left out is reset: what the stack knows nothing of is read, and sent along.
        let pages = support::describe(cx, Select::One(&live.id)).await?;
        let now = pages.iter().flat_map(DescribeAlarmsOutput::composite_alarms).next();
        let kept = now.and_then(|now| now.action_configuration.clone());
        let put = || self.put(cx).set_action_configuration(kept.clone());
        cx.call(Op::new("cloudwatch:PutCompositeAlarm"), || put().send()).await?;
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        support::delete(cx, &live.id).await
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.outputs.arn, change).await
    }
}

impl CloudwatchCompositeAlarm {
    /// The call that says all that the stack says; it makes and it changes.
    fn put(&self, cx: &Cx<'_>) -> PutCompositeAlarmFluentBuilder {
        let actions = |arns: &BTreeSet<String>| Some(arns.iter().cloned().collect());
        let suppressor = self.actions_suppressor.as_ref();
        cx.cloudwatch()
            .put_composite_alarm()
            .alarm_name(&*self.alarm_name)
            .set_alarm_description(self.alarm_description.clone())
            .alarm_rule(self.alarm_rule.trim())
            .set_actions_suppressor(suppressor.map(|by| by.alarm.clone()))
            .set_actions_suppressor_wait_period(suppressor.map(|by| by.wait_period))
            .set_actions_suppressor_extension_period(suppressor.map(|by| by.extension_period))
            .actions_enabled(self.actions_enabled)
            .set_alarm_actions(actions(&self.alarm_actions))
            .set_ok_actions(actions(&self.ok_actions))
            .set_insufficient_data_actions(actions(&self.insufficient_data_actions))
    }
}

/// A rule over several lines of YAML ends in a line break.
fn trimmed(rule: &Value) -> Value {
    rule.as_str().map_or_else(|| rule.clone(), |text| Value::from(text.trim()))
}

fn live(alarm: &Sdk, tags: Tags) -> Live<CloudwatchCompositeAlarm> {
    let set = |arns: &[String]| arns.iter().cloned().collect();
    let name = alarm.alarm_name().unwrap_or_default().to_owned();
    let suppressor = alarm.actions_suppressor().filter(|by| !by.is_empty());
    Live {
        spec: CloudwatchCompositeAlarm {
            alarm_name: name.as_str().into(),
            alarm_description: alarm.alarm_description().filter(|text| !text.is_empty()).map(str::to_owned),
            alarm_rule: alarm.alarm_rule().unwrap_or_default().to_owned(),
            actions_suppressor: suppressor.map(|by| Suppressor {
                alarm: by.to_owned(),
                wait_period: alarm.actions_suppressor_wait_period.unwrap_or_default(),
                extension_period: alarm.actions_suppressor_extension_period.unwrap_or_default(),
            }),
            actions_enabled: alarm.actions_enabled.unwrap_or(true),
            alarm_actions: set(alarm.alarm_actions()),
            ok_actions: set(alarm.ok_actions()),
            insufficient_data_actions: set(alarm.insufficient_data_actions()),
        },
        outputs: Outputs { id: name.clone(), arn: alarm.alarm_arn().unwrap_or_default().to_owned() },
        tags,
        status: Status::Usable,
        id: name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suppressor_is_read_with_its_periods() {
        let alarm = Sdk::builder().alarm_name("any").actions_suppressor("quiet").actions_suppressor_wait_period(60);
        let suppressor = Suppressor { alarm: "quiet".to_owned(), wait_period: 60, extension_period: 0 };
        assert_eq!(live(&alarm.build(), Tags::new()).spec.actions_suppressor, Some(suppressor));
        assert_eq!(live(&Sdk::builder().build(), Tags::new()).spec.actions_suppressor, None);
    }
}
