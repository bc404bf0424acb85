//! `autoscaling_schedule`

use std::time::SystemTime;

use aws_sdk_autoscaling::primitives::{DateTime, DateTimeFormat};
use aws_sdk_autoscaling::types::ScheduledUpdateGroupAction as Sdk;
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Expected, ExpectedInstance, Facts, Found, Mark, Name, NameChars, Naming, PerVerb,
    Select, Status, TagChange, Tags, Unique, Value, Violation,
};
use serde::{Deserialize, Serialize};

use super::autoscaling_support as support;
use crate::aws::{Codes, Cx, Live, Op, Resource, children};

/// Sizes of an Auto Scaling group for certain times: once at `start_time`, or again and again by `recurrence`.
///
/// AWS forgets an action when it has run for the last time; its entry then does nothing any more, and can go. Scheduled
/// actions take no tags: one is the stack's when its name begins with `<stack>-<env>-`, or the file names it.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    at_least_one("start_time", "recurrence"),
    at_least_one("min_size", "max_size", "desired_capacity"),
    requires("time_zone", "recurrence")
)]
pub struct AutoscalingSchedule {
    /// Its name, unique in the group.
    #[attr(create_only, length(1, 255), pattern = "[ -.0-9;-~]+")]
    scheduled_action_name: Name,
    /// The group, by name.
    #[attr(create_only, refers("autoscaling_group", "name"))]
    autoscaling_group_name: String,
    /// When it runs, or begins to recur, in UTC: `2027-01-31T12:00:00Z`. AWS moves the start of what recurs on to its
    /// next run.
    #[attr(pattern = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ", aws_default = "the next time of the recurrence")]
    start_time: Option<String>,
    /// When it ceases to recur, in UTC.
    #[attr(pattern = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ")]
    end_time: Option<String>,
    /// When it recurs, as `cron` writes it: minute, hour, day, month, day of the week: `0 7 * * 1-5`.
    recurrence: Option<String>,
    /// Time zone of `recurrence`, such as `Europe/Paris`. Without it UTC.
    time_zone: Option<String>,
    /// The fewest instances from then on. Without it they stay.
    #[attr(range(0, 10_000))]
    min_size: Option<i32>,
    /// The most instances from then on. Without it they stay.
    #[attr(range(0, 10_000))]
    max_size: Option<i32>,
    /// How many instances there are to be. Without it they stay.
    #[attr(range(0, 10_000))]
    desired_capacity: Option<i32>,
}

/// What a scheduled action tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Group and name.
    #[attr(looks_like = "{attr:autoscaling_group_name}/{name}")]
    id: String,
    /// Its ARN.
    #[attr(
        looks_like = "arn:aws:autoscaling:{region}:{account}:scheduledUpdateGroupAction:{uuid}:autoScalingGroupName/{attr:autoscaling_group_name}:scheduledActionName/{name}"
    )]
    arn: String,
}

impl Resource for AutoscalingSchedule {
    const FACTS: Facts = Facts {
        name: "autoscaling_schedule",
        service: "autoscaling",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        identity: &["autoscaling_group_name", "name"],
        found: Found::Child(&["autoscaling_group"]),
        mark: Mark::Prefix,
        naming: Some(Naming {
            attribute: "scheduled_action_name",
            max: 255,
            allowed: NameChars::Wide,
            unique: Unique::Parent,
        }),
        once: true,
        actions: Actions {
            read: &["autoscaling:DescribeScheduledActions"],
            create: &["autoscaling:PutScheduledUpdateGroupAction"],
            update: &["autoscaling:PutScheduledUpdateGroupAction", "autoscaling:DeleteScheduledAction"],
            delete: &["autoscaling:DeleteScheduledAction"],
        },
        calls: PerVerb::new(1, 2, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: &[], exists: &[], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        match select {
            Select::One(id) => {
                let (group, name) = support::parts(id)?;
                Ok(find(cx, group, name).await?.iter().map(live).collect())
            }
            Select::Owned(expected) => {
                let groups = children::parents(expected, "autoscaling_group_name");
                if groups.is_empty() {
                    return Ok(Vec::new());
                }
                let found: Vec<Sdk> = cx
                    .call(Op::new("autoscaling:DescribeScheduledActions"), || {
                        cx.autoscaling().describe_scheduled_actions().into_paginator().items().send().try_collect()
                    })
                    .await?;
                let ours = |action: &&Sdk| {
                    action.auto_scaling_group_name().is_some_and(|group| groups.contains(group))
                        && children::is_ours(cx, expected, action.scheduled_action_name().unwrap_or_default())
                };
                let there: Vec<Live<Self>> =
                    found.iter().filter(ours).map(|action| moved_on(live(action), expected)).collect();
                let done = expected.instances.iter().filter_map(|instance| over(instance, expected, &there));
                let done: Vec<_> = done.collect();
                Ok(there.into_iter().chain(done).collect())
            }
        }
    }

    async fn create(&self, cx: &Cx<'_>, _new: &Declared) -> Result<String> {
        self.put(cx).await?;
        Ok(support::id(&self.autoscaling_group_name, &self.scheduled_action_name))
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if *self == live.spec {
            return Ok(());
        }
        let old = &live.spec;
        let gone = |wanted: bool, there: bool| there && !wanted;
        let less = gone(self.end_time.is_some(), old.end_time.is_some())
            || gone(self.time_zone.is_some(), old.time_zone.is_some())
            || gone(self.min_size.is_some(), old.min_size.is_some())
            || gone(self.max_size.is_some(), old.max_size.is_some())
            || gone(self.desired_capacity.is_some(), old.desired_capacity.is_some())
            || self.recurrence.is_some() != old.recurrence.is_some();
        if less {
            // The call leaves what it is not told as it was.
            remove(cx, live).await?;
        }
        // The start of what recurs is AWS's next run, unless the stack says another.
        let same = self.start_time == old.start_time && self.recurrence.is_some();
        let start = self.start_time.clone().filter(|_| !same || less && old.recurrence.is_some());
        Self { start_time: start, ..self.clone() }.put(cx).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        remove(cx, live).await
    }

    async fn retag(_cx: &Cx<'_>, _live: &Live<Self>, _change: &TagChange) -> Result<()> {
        Ok(())
    }

    fn check(&self) -> Vec<Violation> {
        let mut broken = Vec::new();
        if let (Some(min), Some(max)) = (self.min_size, self.max_size)
            && min > max
        {
            broken.push(Violation::new("min_size", "it is more than `max_size`"));
        }
        let wanted = self.desired_capacity;
        if wanted.is_some_and(|wanted| {
            self.min_size.is_some_and(|min| wanted < min) || self.max_size.is_some_and(|max| wanted > max)
        }) {
            broken.push(Violation::new("desired_capacity", "it is not from `min_size` to `max_size`"));
        }
        if self.recurrence.as_ref().is_some_and(|text| text.split_whitespace().count() != 5) {
            broken.push(
                Violation::new("recurrence", "it does not have five parts")
                    .hint("minute, hour, day, month, day of the week: `0 7 * * 1-5`"),
            );
        }
        broken
    }
}

impl AutoscalingSchedule {
    async fn put(&self, cx: &Cx<'_>) -> Result<()> {
        let start = self.start_time.as_deref().map(moment).transpose()?;
        // What recurs may have begun long ago; AWS takes no start that is over.
        let start = start.filter(|start| self.recurrence.is_none() || !is_over(*start));
        let end = self.end_time.as_deref().map(moment).transpose()?;
        cx.call(Op::new("autoscaling:PutScheduledUpdateGroupAction"), || {
            cx.autoscaling()
                .put_scheduled_update_group_action()
                .auto_scaling_group_name(&self.autoscaling_group_name)
                .scheduled_action_name(&*self.scheduled_action_name)
                .set_start_time(start)
                .set_end_time(end)
                .set_recurrence(self.recurrence.clone())
                .set_time_zone(self.time_zone.clone())
                .set_min_size(self.min_size)
                .set_max_size(self.max_size)
                .set_desired_capacity(self.desired_capacity)
                .send()
        })
        .await?;
        Ok(())
    }
}

async fn remove(cx: &Cx<'_>, live: &Live<AutoscalingSchedule>) -> Result<()> {
    let (group, name) = (&live.spec.autoscaling_group_name, &*live.spec.scheduled_action_name);
    let done = cx
        .call(Op::new("autoscaling:DeleteScheduledAction"), || {
            cx.autoscaling().delete_scheduled_action().auto_scaling_group_name(group).scheduled_action_name(name).send()
        })
        .await;
    support::deleted(done.map(drop), async { Ok(find(cx, group, name).await?.is_some()) }).await
}

fn moment(text: &str) -> Result<DateTime> {
    DateTime::from_str(text, DateTimeFormat::DateTime)
        .map_err(|error| Error::new(ErrorKind::Invalid, format!("`{text}` is no moment: {error}")))
}

fn is_over(time: DateTime) -> bool {
    SystemTime::try_from(time).is_ok_and(|time| time < SystemTime::now())
}

/// What recurs, with the start that the stack gave it, where AWS has moved it on.
fn moved_on(mut action: Live<AutoscalingSchedule>, expected: &Expected) -> Live<AutoscalingSchedule> {
    let declared = expected.instances.iter().find(|instance| is(instance, &action.spec));
    let start = declared.and_then(|instance| instance.attributes.get("start_time")?.as_str());
    if action.spec.recurrence.is_some()
        && let Some(start) = start
        // Moments of one form sort as texts.
        && action.spec.start_time.as_deref().is_some_and(|next| start < next)
    {
        action.spec.start_time = Some(start.to_owned());
    }
    action
}

fn is(instance: &ExpectedInstance, action: &AutoscalingSchedule) -> bool {
    let said = |name: &str| instance.attributes.get(name).and_then(|value| value.as_str());
    instance.name.as_deref() == Some(&*action.scheduled_action_name)
        && said("autoscaling_group_name") == Some(action.autoscaling_group_name.as_str())
}

/// A declared action that has run, so that AWS has forgotten it: nothing is left to be done for it.
fn over(
    instance: &ExpectedInstance,
    expected: &Expected,
    there: &[Live<AutoscalingSchedule>],
) -> Option<Live<AutoscalingSchedule>> {
    let json = Value::from(instance.attributes.clone()).to_json()?;
    let spec: AutoscalingSchedule = serde_json::from_value(json).ok()?;
    let last = if spec.recurrence.is_some() { spec.end_time.as_deref()? } else { spec.start_time.as_deref()? };
    let past = is_over(moment(last).ok()?);
    let group = &spec.autoscaling_group_name;
    let has_group = expected.parents.iter().any(|parent| parent.id == *group);
    if !past || !has_group || there.iter().any(|action| is(instance, &action.spec)) {
        return None;
    }
    let id = support::id(group, &spec.scheduled_action_name);
    let outputs = Outputs { id: id.clone(), arn: String::new() };
    Some(Live { spec, outputs, tags: Tags::new(), status: Status::Usable, id })
}

async fn find(cx: &Cx<'_>, group: &str, name: &str) -> Result<Option<Sdk>> {
    let found = cx
        .call(Op::new("autoscaling:DescribeScheduledActions"), || {
            let actions = cx.autoscaling().describe_scheduled_actions();
            actions.auto_scaling_group_name(group).scheduled_action_names(name).send()
        })
        .await;
    let found = found.map(|found| found.scheduled_update_group_actions.unwrap_or_default());
    Ok(support::found_in(cx, group, found).await?.into_iter().next())
}

fn live(action: &Sdk) -> Live<AutoscalingSchedule> {
    let own = |text: Option<&str>| text.map(str::to_owned);
    let group = action.auto_scaling_group_name().unwrap_or_default().to_owned();
    let name = action.scheduled_action_name().unwrap_or_default();
    let id = support::id(&group, name);
    Live {
        spec: AutoscalingSchedule {
            scheduled_action_name: name.into(),
            autoscaling_group_name: group,
            start_time: action.start_time().and_then(support::moment),
            end_time: action.end_time().and_then(support::moment),
            recurrence: own(action.recurrence()),
            time_zone: own(action.time_zone()),
            min_size: action.min_size(),
            max_size: action.max_size(),
            desired_capacity: action.desired_capacity(),
        },
        outputs: Outputs { id: id.clone(), arn: action.scheduled_action_arn().unwrap_or_default().to_owned() },
        tags: Tags::new(),
        status: Status::Usable,
        id,
    }
}

#[cfg(test)]
mod tests {
    use clefctl_core::kind::{Address, Map, Observed, Owned};

    use super::*;

    fn expected(attributes: &[(&str, &str)]) -> Expected {
        let mut all = Map::from([("autoscaling_group_name".to_owned(), Value::from("web"))]);
        all.insert("scheduled_action_name".to_owned(), Value::from("night"));
        all.extend(attributes.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
        let parent = Observed {
            kind: "autoscaling_group",
            role_arn: None,
            region: "eu-west-3".to_owned(),
            id: "web".to_owned(),
            owned: Owned::Foreign(None),
            status: Status::Usable,
            attributes: Map::new(),
            outputs: Map::new(),
            tags: Tags::new(),
        };
        let address = Address::plain("night");
        let instance = ExpectedInstance { address, name: Some("night".to_owned()), attributes: all, tags: Tags::new() };
        Expected { instances: vec![instance], parents: vec![parent] }
    }

    #[test]
    fn what_has_run_is_not_made_again() {
        for (attributes, want) in [
            (&[("start_time", "2020-01-01T00:00:00Z")][..], true),
            (&[("start_time", "2999-01-01T00:00:00Z")], false),
            (&[("start_time", "2020-01-01T00:00:00Z"), ("recurrence", "0 7 * * *")], false),
            (&[("end_time", "2020-01-01T00:00:00Z"), ("recurrence", "0 7 * * *")], true),
        ] {
            let expected = expected(attributes);
            let over = expected.instances.iter().find_map(|instance| over(instance, &expected, &[]));
            assert_eq!(over.is_some(), want, "{attributes:?}");
        }
    }

    #[test]
    fn aws_moves_the_start_of_what_recurs() {
        let next = |recurrence: Option<&str>| {
            let action = Sdk::builder()
                .auto_scaling_group_name("web")
                .scheduled_action_name("night")
                .set_recurrence(recurrence.map(str::to_owned))
                .start_time(DateTime::from_secs(1_900_000_000))
                .build();
            moved_on(live(&action), &expected(&[("start_time", "2027-01-01T00:00:00Z")])).spec.start_time
        };
        assert_eq!(next(Some("0 7 * * *")).as_deref(), Some("2027-01-01T00:00:00Z"));
        assert_eq!(next(None).as_deref(), Some("2030-03-17T17:46:40Z"));
    }
}
