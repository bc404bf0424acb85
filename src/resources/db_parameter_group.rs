//! `db_parameter_group`

use std::collections::BTreeSet;

use aws_sdk_rds::types::{DbParameterGroup as Sdk, Parameter as SdkParameter};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Name, NameChars, Naming, PerVerb, Select, Status, TagChange, Tags,
    Unique, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use self::parameters::{Parameter, lower, soonest};
use crate::aws::tags::rds as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

pub mod parameters;
#[cfg(test)]
mod tests;

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
            let (parameters, tags) = tokio::try_join!(parameters::list(cx, name, Some("user")), tags)?;
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
        parameters::set(cx, &name, &self.parameter, &BTreeSet::new()).await?;
        Ok(name)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        parameters::set(cx, &live.id, &self.parameter, &live.spec.parameter).await
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
