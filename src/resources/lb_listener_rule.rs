//! `lb_listener_rule`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types::{Rule as Sdk, RulePriorityPair};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, PerVerb, Replacement, Select, Status, TagChange, Tags, Violation, tag,
};
use serde::{Deserialize, Serialize};

use self::condition::Condition;
use super::elb_action::{self, Action};
use super::elb_child::{self, Child};
use crate::aws::tags::elb as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, changed};

pub mod condition;

/// A rule of a listener: what becomes of requests that fulfil all of its conditions.
///
/// Rules are tried by priority, the lowest number first; requests that none takes are left to the listener's
/// `default_action`.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(at_least_one("action"), at_least_one("condition"))]
pub struct LbListenerRule {
    /// The listener.
    #[attr(create_only, refers("lb_listener", "arn"))]
    listener_arn: String,
    /// Its place among the rules of the listener, of which no two have the same. Leave gaps for those to come.
    #[attr(range(1, 50_000))]
    priority: i32,
    /// What becomes of the requests, in order: at most one that authenticates, then one that answers or forwards.
    #[attr(canonical = elb_action::canonical)]
    action: Vec<Action>,
    /// What requests must be like, all of it; at most five values and wildcards in all.
    condition: BTreeSet<Condition>,
}

/// What a rule tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its ARN.
    #[attr(
        looks_like = "arn:aws:elasticloadbalancing:{region}:{account}:listener-rule/app/lb/{hex:16}/{hex:16}/{hex:16}"
    )]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "{id}")]
    arn: String,
}

impl Resource for LbListenerRule {
    const FACTS: Facts = Facts {
        name: "lb_listener_rule",
        service: "elasticloadbalancing",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        identity: &["listener_arn", "priority"],
        found: Found::Swept(<Sdk as Child>::TYPE),
        replacement: Replacement::DestroyFirstUnless(&["listener_arn"], "a priority has one rule"),
        once: true,
        actions: Actions {
            read: &["elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTags", "tag:GetResources"],
            create: &[
                "elasticloadbalancing:CreateRule", "elasticloadbalancing:AddTags", "cognito-idp:DescribeUserPoolClient",
            ],
            update: &[
                "elasticloadbalancing:ModifyRule", "elasticloadbalancing:SetRulePriorities",
                "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags",
            ],
            delete: &["elasticloadbalancing:DeleteRule"],
        },
        takes: PerVerb::new(1, 1, 1),
        calls: PerVerb::new(1, 2, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: &["RuleNotFound"], exists: &["PriorityInUse"], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found: Vec<Sdk> = elb_child::read(cx, select).await?;
        let arns: Vec<String> = found.iter().filter_map(|rule| rule.rule_arn.clone()).collect();
        let tags = tags::read(cx, select, &arns).await?;
        Ok(found.iter().map(|rule| live(rule, &tags)).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let made = cx
            .call(Op::new("elasticloadbalancing:CreateRule").racing(RACING), || {
                cx.elb()
                    .create_rule()
                    .listener_arn(&self.listener_arn)
                    .priority(self.priority)
                    .set_actions(Some(elb_action::write(&self.action)))
                    .set_conditions(Some(self.condition.iter().filter_map(Condition::sdk).collect()))
                    .set_tags(Some(tags::write(&new.tags)))
                    .send()
            })
            .await?;
        Ok(made.rules().first().and_then(Sdk::rule_arn).unwrap_or_default().to_owned())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let actions = changed(&self.action, &live.spec.action);
        let conditions = changed(&self.condition, &live.spec.condition);
        if actions.is_some() || conditions.is_some() {
            cx.call(Op::new("elasticloadbalancing:ModifyRule").racing(RACING), || {
                let conditions = conditions.as_ref().map(|all| all.iter().filter_map(Condition::sdk).collect());
                cx.elb()
                    .modify_rule()
                    .rule_arn(&live.id)
                    .set_actions(actions.as_deref().map(elb_action::write))
                    .set_conditions(conditions)
                    .send()
            })
            .await?;
        }
        if self.priority == live.spec.priority { Ok(()) } else { self.move_to(cx, &live.id).await }
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("elasticloadbalancing:DeleteRule"), || cx.elb().delete_rule().rule_arn(&live.id).send())
            .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    fn check(&self) -> Vec<Violation> {
        // Whether the listener speaks HTTPS is not known here; AWS says so where it does not.
        let mut broken = elb_action::check("action", &self.action, true);
        broken.extend(condition::check(&self.condition));
        broken
    }
}

/// What was made a moment ago may not be known here yet.
const RACING: &[&str] = &["ListenerNotFound", "TargetGroupNotFound"];

impl LbListenerRule {
    /// Gives the rule its priority. Where another rule of ours still has it, the two change places: that one is on its
    /// way to another priority, or out of the file.
    async fn move_to(&self, cx: &Cx<'_>, arn: &str) -> Result<()> {
        match set_priorities(cx, &[(arn, self.priority)]).await {
            Err(error) if error.code() == Some("PriorityInUse") => {
                let rules = Sdk::of(cx, &self.listener_arn).await?;
                let at = |priority: i32| rules.iter().find(|rule| rule.number() == Some(i64::from(priority)));
                let now = rules.iter().find(|rule| rule.arn() == Some(arn)).and_then(Sdk::number);
                let holder = at(self.priority).and_then(Child::arn);
                let (Some(holder), Some(now)) = (holder, now.and_then(|now| i32::try_from(now).ok())) else {
                    return Err(error);
                };
                // An earlier attempt, whose answer was lost, did it.
                if holder == arn {
                    return Ok(());
                }
                let tags = tags::read(cx, Select::One(holder), &[holder.to_owned()]).await?;
                let owner = cx.owner.to_string();
                if tags.get(holder).and_then(|tags| tags.get(tag::STACK)) != Some(&owner) {
                    return Err(error.hint(format!("{holder} has it, and is not this stack's")));
                }
                set_priorities(cx, &[(arn, self.priority), (holder, now)]).await
            }
            set => set,
        }
    }
}

async fn set_priorities(cx: &Cx<'_>, priorities: &[(&str, i32)]) -> Result<()> {
    let pairs: Vec<RulePriorityPair> = priorities
        .iter()
        .map(|(arn, priority)| RulePriorityPair::builder().rule_arn(*arn).priority(*priority).build())
        .collect();
    cx.call(Op::new("elasticloadbalancing:SetRulePriorities"), || {
        cx.elb().set_rule_priorities().set_rule_priorities(Some(pairs.clone())).send()
    })
    .await?;
    Ok(())
}

impl Child for Sdk {
    const TYPE: &'static str = "elasticloadbalancing:listener-rule";
    const PARENT: &'static str = "listener_arn";
    const NUMBER: &'static str = "priority";

    fn arn(&self) -> Option<&str> {
        self.rule_arn()
    }

    /// None of a listener's default action, which the API lists as a rule without a number.
    fn number(&self) -> Option<i64> {
        self.priority().and_then(|priority| priority.parse().ok())
    }

    fn parent(arn: &str) -> Option<String> {
        elb_child::above(arn, "listener-rule", "listener")
    }

    async fn of(cx: &Cx<'_>, parent: &str) -> Result<Vec<Self>> {
        let found = cx
            .call(Op::new("elasticloadbalancing:DescribeRules"), || {
                cx.elb().describe_rules().listener_arn(parent).into_paginator().items().send().try_collect()
            })
            .await;
        match found {
            Err(error) if error.code() == Some("ListenerNotFound") => Ok(Vec::new()),
            found => found,
        }
    }

    async fn one(cx: &Cx<'_>, arn: &str) -> Result<Vec<Self>> {
        cx.call(Op::new("elasticloadbalancing:DescribeRules"), || {
            cx.elb().describe_rules().rule_arns(arn).into_paginator().items().send().try_collect()
        })
        .await
    }
}

fn live(rule: &Sdk, tags: &BTreeMap<String, Tags>) -> Live<LbListenerRule> {
    let arn = rule.rule_arn().unwrap_or_default().to_owned();
    Live {
        spec: LbListenerRule {
            listener_arn: Sdk::parent(&arn).unwrap_or_default(),
            priority: rule.number().and_then(|priority| i32::try_from(priority).ok()).unwrap_or_default(),
            action: elb_action::read(rule.actions()),
            condition: rule.conditions().iter().filter_map(Condition::read).collect(),
        },
        outputs: Outputs { id: arn.clone(), arn: arn.clone() },
        tags: tags.get(&arn).cloned().unwrap_or_default(),
        status: Status::Usable,
        id: arn,
    }
}
