//! `db_parameter_group`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::{ApplyMethod, DbParameterGroup as Sdk, Parameter as SdkParameter};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Name, NameChars, Naming, PerVerb, Select, Status, TagChange, Tags,
    Unique, Value, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::aws::tags::rds as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

/// The most parameters that one call takes.
const BATCH: usize = 20;

/// A DB parameter group: settings of the engine, for the databases that name it.
///
/// Dynamic parameters take effect at once, static ones when a database is rebooted, which clefctl does not do by
/// itself: until then `aws rds describe-db-instances` shows the group as `pending-reboot`.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct DbParameterGroup {
    /// Its name; RDS keeps it in lower case.
    #[attr(create_only, length(1, 255), pattern = "[A-Za-z](-?[A-Za-z0-9])*", canonical = lower)]
    name: Name,
    /// Engine and version that it is for: `postgres15`, `mysql8.0`.
    #[attr(create_only)]
    family: String,
    /// What it is for.
    #[attr(create_only, default = "Managed by clefctl", length(1, 255))]
    description: String,
    /// The settings that are not the engine's own.
    parameter: BTreeSet<Parameter>,
}

/// One setting of the engine.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parameter {
    /// Its name, in lower case.
    #[attr(canonical = lower)]
    name: String,
    /// Its value, as RDS writes it; formulas such as `{DBInstanceClassMemory/32768}` too.
    value: String,
    /// When it takes effect: `immediate`, or `pending-reboot`, the only way of static parameters. Without it, as soon as
    /// the parameter can.
    #[attr(local, values("immediate", "pending-reboot"))]
    apply_method: Option<String>,
}

/// What a parameter group tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:rds:{region}:{account}:pg:{name}")]
    arn: String,
}

impl Resource for DbParameterGroup {
    const FACTS: Facts = Facts {
        name: "db_parameter_group",
        service: "rds",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept("rds:pg"),
        naming: Some(Naming { attribute: "name", max: 255, allowed: NameChars::LowerHyphen, unique: Unique::Account }),
        once: true,
        details: 3,
        actions: Actions {
            read: &[
                "tag:GetResources", "rds:DescribeDBParameterGroups", "rds:DescribeDBParameters",
                "rds:ListTagsForResource",
            ],
            create: &["rds:CreateDBParameterGroup", "rds:ModifyDBParameterGroup", "rds:AddTagsToResource"],
            update: &[
                "rds:ModifyDBParameterGroup", "rds:ResetDBParameterGroup", "rds:AddTagsToResource",
                "rds:RemoveTagsFromResource",
            ],
            delete: &["rds:DeleteDBParameterGroup"],
        },
        timeouts: PerVerb::new(600, 600, 1200),
        calls: PerVerb::new(2, 2, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &["DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"],
        exists: &["DBParameterGroupAlreadyExists", "DBParameterGroupAlreadyExistsFault"],
        blocked: &["InvalidDBParameterGroupState", "InvalidDBParameterGroupStateFault"],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let arns = sweep::arns(cx, select, "rds:pg").await?;
        let found = try_join_all(arns.iter().map(|arn| async move {
            let name = arn.rsplit(':').next().unwrap_or_default();
            let answer = cx
                .call(Op::new("rds:DescribeDBParameterGroups"), || {
                    cx.rds().describe_db_parameter_groups().db_parameter_group_name(name).send()
                })
                .await;
            let group = match answer {
                Err(error) if error.code().is_some_and(|code| Self::CODES.absent.contains(&code)) => return Ok(None),
                answer => answer?.db_parameter_groups.unwrap_or_default().into_iter().next(),
            };
            let Some(group) = group else { return Ok(None) };
            let arn = group.db_parameter_group_arn().unwrap_or_default();
            let tags = sweep::tags(cx, select, arn, tags::of(cx, arn));
            let (parameters, tags) = tokio::try_join!(parameters(cx, name, Some("user")), tags)?;
            Ok(Some(live(&group, &parameters, tags)))
        }));
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        cx.call(Op::new("rds:CreateDBParameterGroup"), || {
            cx.rds()
                .create_db_parameter_group()
                .db_parameter_group_name(&*self.name)
                .db_parameter_group_family(&self.family)
                .description(&self.description)
                .set_tags(Some(tags::write(&new.tags)))
                .send()
        })
        .await?;
        let name = self.name.to_lowercase();
        self.set(cx, &name, &BTreeMap::new()).await?;
        Ok(name)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        self.set(cx, &live.id, &by_name(&live.spec.parameter)).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("rds:DeleteDBParameterGroup"), || {
            cx.rds().delete_db_parameter_group().db_parameter_group_name(&live.id).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.outputs.arn, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut seen = BTreeSet::new();
        let twice = self.parameter.iter().filter(|parameter| !seen.insert(parameter.name.to_lowercase()));
        twice.map(|parameter| Violation::new("parameter", format!("`{}` is set twice", parameter.name))).collect()
    }
}

/// What RDS answers while another change of the group is under way.
const BUSY: &[&str] = &["InvalidDBParameterGroupState", "InvalidDBParameterGroupStateFault"];

impl DbParameterGroup {
    /// Sets what differs, and sets back what the stack does not say any more.
    async fn set(&self, cx: &Cx<'_>, group: &str, old: &BTreeMap<String, &Parameter>) -> Result<()> {
        let wanted = by_name(&self.parameter);
        let differs = |(name, parameter): &(&String, &&Parameter)| {
            old.get(*name).is_none_or(|there| there.value != parameter.value)
        };
        let changed: Vec<_> = wanted.iter().filter(differs).collect();
        // Only AWS knows which parameters are static, where the stack does not say.
        let unsaid = changed.iter().any(|(name, new)| new.apply_method.is_none() && !old.contains_key(*name));
        let methods: BTreeMap<String, String> = if unsaid {
            let all = parameters(cx, group, None).await?;
            all.iter().filter_map(|one| Some((one.parameter_name()?.to_owned(), soonest(one)))).collect()
        } else {
            BTreeMap::new()
        };
        let set: Vec<SdkParameter> = changed
            .iter()
            .map(|(name, new)| {
                let known = || old.get(*name).and_then(|there| there.apply_method.clone());
                let method = new.apply_method.clone().or_else(known).or_else(|| methods.get(*name).cloned());
                named(name, method.as_deref()).parameter_value(&new.value).build()
            })
            .collect();
        let reset: Vec<SdkParameter> = old
            .iter()
            .filter(|(name, _)| !wanted.contains_key(*name))
            .map(|(name, there)| named(name, there.apply_method.as_deref()).build())
            .collect();
        for batch in set.chunks(BATCH) {
            cx.call(Op::new("rds:ModifyDBParameterGroup").racing(BUSY), || {
                let change = cx.rds().modify_db_parameter_group().db_parameter_group_name(group);
                change.set_parameters(Some(batch.to_vec())).send()
            })
            .await?;
        }
        for batch in reset.chunks(BATCH) {
            cx.call(Op::new("rds:ResetDBParameterGroup").racing(BUSY), || {
                let change = cx.rds().reset_db_parameter_group().db_parameter_group_name(group);
                change.reset_all_parameters(false).set_parameters(Some(batch.to_vec())).send()
            })
            .await?;
        }
        Ok(())
    }
}

fn named(name: &str, method: Option<&str>) -> aws_sdk_rds::types::builders::ParameterBuilder {
    SdkParameter::builder().parameter_name(name).apply_method(method.unwrap_or("immediate").into())
}

fn by_name(parameters: &BTreeSet<Parameter>) -> BTreeMap<String, &Parameter> {
    parameters.iter().map(|parameter| (parameter.name.to_lowercase(), parameter)).collect()
}

/// The soonest that a change of a parameter can take effect.
fn soonest(parameter: &SdkParameter) -> String {
    let method =
        if parameter.apply_type() == Some("static") { ApplyMethod::PendingReboot } else { ApplyMethod::Immediate };
    method.as_str().to_owned()
}

/// The parameters of a group: all, or those of one source.
async fn parameters(cx: &Cx<'_>, group: &str, source: Option<&str>) -> Result<Vec<SdkParameter>> {
    cx.call(Op::new("rds:DescribeDBParameters"), || {
        let parameters = cx.rds().describe_db_parameters().db_parameter_group_name(group);
        parameters.set_source(source.map(str::to_owned)).into_paginator().items().send().try_collect()
    })
    .await
}

fn lower(text: &Value) -> Value {
    text.as_str().map_or_else(|| text.clone(), |text| Value::from(text.to_lowercase()))
}

fn live(group: &Sdk, parameters: &[SdkParameter], tags: Tags) -> Live<DbParameterGroup> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let name = text(group.db_parameter_group_name());
    let set = parameters.iter().filter(|parameter| parameter.parameter_value().is_some());
    Live {
        spec: DbParameterGroup {
            name: name.as_str().into(),
            family: text(group.db_parameter_group_family()),
            description: text(group.description()),
            parameter: set
                .map(|parameter| Parameter {
                    name: text(parameter.parameter_name()),
                    value: text(parameter.parameter_value()),
                    apply_method: Some(soonest(parameter)),
                })
                .collect(),
        },
        outputs: Outputs { id: name.clone(), arn: text(group.db_parameter_group_arn()) },
        tags,
        status: Status::Usable,
        id: name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn static_parameters_wait_for_a_reboot() {
        let one = |name: &str, kind: &str| {
            SdkParameter::builder().parameter_name(name).parameter_value("1").apply_type(kind).build()
        };
        let unset = SdkParameter::builder().parameter_name("unset").build();
        let found = [one("max_connections", "static"), one("work_mem", "dynamic"), unset];
        let live = live(&Sdk::builder().db_parameter_group_name("tuned").build(), &found, Tags::new());
        let methods: Vec<_> =
            live.spec.parameter.iter().map(|one| (one.name.as_str(), one.apply_method.as_deref())).collect();
        assert_eq!(methods, [("max_connections", Some("pending-reboot")), ("work_mem", Some("immediate"))]);
    }
}
