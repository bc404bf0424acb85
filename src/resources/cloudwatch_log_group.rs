//! `cloudwatch_log_group`

use aws_sdk_cloudwatchlogs::types::{LogGroup as Sdk, LogGroupClass};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Name, NameChars, Naming, PerVerb, Select, Status, TagChange, Tags,
    Unique, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

#[cfg(test)]
mod tests;

/// A log group: where log streams of one origin are kept together.
///
/// Services that write logs make their groups themselves if they are faster, without tags and for ever; such a
/// group is adopted with `clefctl adopt`.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct CloudwatchLogGroup {
    /// Its name, unique in the region.
    #[attr(create_only, length(1, 512), pattern = "[.\\-_/#A-Za-z0-9]+")]
    name: Name,
    /// Days that events are kept; 0 for ever.
    #[attr(default = 0)]
    retention_in_days: i32,
    /// `STANDARD`, `INFREQUENT_ACCESS` (cheaper, fewer functions) or `DELIVERY`.
    #[attr(create_only, default = "STANDARD", values("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"))]
    log_group_class: String,
    /// ARN of the KMS key that encrypts what is written from now on.
    #[attr(refers("kms_key", "arn"))]
    kms_key_id: Option<String>,
}

/// What a log group tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    id: String,
    /// Its ARN, without `:*`.
    #[attr(looks_like = "arn:aws:logs:{region}:{account}:log-group:{name}")]
    arn: String,
}

/// The retentions that CloudWatch Logs takes, in days (API PutRetentionPolicy).
const DAYS: [i32; 23] =
    [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

impl Resource for CloudwatchLogGroup {
    const FACTS: Facts = Facts {
        name: "cloudwatch_log_group",
        service: "logs",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept("logs"),
        naming: Some(Naming { attribute: "name", max: 512, allowed: NameChars::Wide, unique: Unique::Account }),
        once: true,
        details: 1,
        // A service that still writes would make the group anew.
        deleted_after: &["autoscaling_group", "db_instance", "flow_log"],
        actions: Actions {
            read: &["tag:GetResources", "logs:DescribeLogGroups", "logs:ListTagsForResource"],
            create: &["logs:CreateLogGroup", "logs:TagResource", "logs:PutRetentionPolicy", "logs:AssociateKmsKey"],
            update: &[
                "logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy", "logs:AssociateKmsKey",
                "logs:DisassociateKmsKey", "logs:TagResource", "logs:UntagResource",
            ],
            delete: &["logs:DeleteLogGroup"],
        },
        calls: PerVerb::new(2, 2, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes =
        Codes { absent: &["ResourceNotFoundException"], exists: &["ResourceAlreadyExistsException"], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let mut names = match select {
            Select::One(id) => vec![name_of(id).to_owned()],
            Select::Owned(expected) => {
                // The service as a whole: how the tagging API spells this type is not documented.
                let swept = sweep::arns(cx, select, "logs").await?;
                let groups = swept.iter().filter(|arn| arn.contains(":log-group:"));
                let mut names: Vec<String> = groups.map(|arn| name_of(arn).to_owned()).collect();
                // A service may have made the group already, untagged: the sweep cannot see that one.
                names.extend(expected.instances.iter().filter_map(|instance| instance.name.clone()));
                names
            }
        };
        names.sort();
        names.dedup();
        let mut found = Vec::new();
        for some in names.chunks(50) {
            found.extend(describe(cx, some).await?);
        }
        try_join_all(found.iter().map(|group| async move {
            let arn = arn_of(group);
            Ok(live(group, sweep::tags(cx, select, &arn, tags_of(cx, &arn)).await?))
        }))
        .await
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        // A key's policy may not be visible yet; without a key the code means what it says.
        let racing: &[&str] = if self.kms_key_id.is_some() { &["InvalidParameterException"] } else { &[] };
        cx.call(Op::new("logs:CreateLogGroup").racing(racing), || {
            cx.logs()
                .create_log_group()
                .log_group_name(&*self.name)
                .log_group_class(LogGroupClass::from(self.log_group_class.as_str()))
                .set_kms_key_id(self.kms_key_id.clone())
                .set_tags(Some(new.tags.clone().into_iter().collect()))
                .send()
        })
        .await?;
        self.retain(cx, &self.name, 0).await?;
        Ok(self.name.to_string())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        self.retain(cx, &live.id, live.spec.retention_in_days).await?;
        match &self.kms_key_id {
            key if *key == live.spec.kms_key_id => {}
            Some(key) => {
                cx.call(Op::new("logs:AssociateKmsKey"), || {
                    cx.logs().associate_kms_key().log_group_name(&live.id).kms_key_id(key).send()
                })
                .await?;
            }
            None => {
                cx.call(Op::new("logs:DisassociateKmsKey"), || {
                    cx.logs().disassociate_kms_key().log_group_name(&live.id).send()
                })
                .await?;
            }
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("logs:DeleteLogGroup"), || cx.logs().delete_log_group().log_group_name(&live.id).send())
            .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        let arn = &live.outputs.arn;
        if !change.set.is_empty() {
            cx.call(Op::new("logs:TagResource"), || {
                let tags = Some(change.set.clone().into_iter().collect());
                cx.logs().tag_resource().resource_arn(arn).set_tags(tags).send()
            })
            .await?;
        }
        if !change.remove.is_empty() {
            cx.call(Op::new("logs:UntagResource"), || {
                cx.logs().untag_resource().resource_arn(arn).set_tag_keys(Some(change.remove.clone())).send()
            })
            .await?;
        }
        Ok(())
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if !DAYS.contains(&self.retention_in_days) {
            let near = DAYS.iter().min_by_key(|days| (**days - self.retention_in_days).abs()).unwrap_or(&0);
            found.push(
                Violation::new(
                    "retention_in_days",
                    format!("{} days is no retention that AWS offers", self.retention_in_days),
                )
                .hint(format!("the nearest is {near}; 0 means for ever")),
            );
        }
        if self.name.starts_with("aws/") {
            found.push(Violation::new("name", "names of log groups do not begin with `aws/`"));
        }
        found
    }
}

impl CloudwatchLogGroup {
    async fn retain(&self, cx: &Cx<'_>, name: &str, now: i32) -> Result<()> {
        let days = self.retention_in_days;
        if days == now {
            return Ok(());
        }
        if days == 0 {
            let forever = || cx.logs().delete_retention_policy().log_group_name(name).send();
            return cx.call(Op::new("logs:DeleteRetentionPolicy"), forever).await.map(drop);
        }
        cx.call(Op::new("logs:PutRetentionPolicy").racing(&["ResourceNotFoundException"]), || {
            cx.logs().put_retention_policy().log_group_name(name).retention_in_days(days).send()
        })
        .await
        .map(drop)
    }
}

async fn tags_of(cx: &Cx<'_>, arn: &str) -> Result<Tags> {
    let answer = cx
        .call(Op::new("logs:ListTagsForResource"), || cx.logs().list_tags_for_resource().resource_arn(arn).send())
        .await?;
    Ok(answer.tags.unwrap_or_default().into_iter().collect())
}

async fn describe(cx: &Cx<'_>, names: &[String]) -> Result<Vec<Sdk>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let answer = cx
        .call(Op::new("logs:DescribeLogGroups"), || {
            cx.logs().describe_log_groups().set_log_group_identifiers(Some(names.to_vec())).send()
        })
        .await?;
    let mut found = answer.log_groups.unwrap_or_default();
    found.retain(|group| names.iter().any(|name| group.log_group_name() == Some(name)));
    Ok(found)
}

/// The name in an ARN of a log group, which may end in `:*`; a name is its own.
fn name_of(arn: &str) -> &str {
    let name = arn.split_once(":log-group:").map_or(arn, |(_, name)| name);
    name.strip_suffix(":*").unwrap_or(name)
}

fn arn_of(group: &Sdk) -> String {
    let arn = group.log_group_arn().or(group.arn()).unwrap_or_default();
    arn.strip_suffix(":*").unwrap_or(arn).to_owned()
}

fn live(group: &Sdk, tags: Tags) -> Live<CloudwatchLogGroup> {
    let name = group.log_group_name().unwrap_or_default().to_owned();
    Live {
        spec: CloudwatchLogGroup {
            name: name.as_str().into(),
            retention_in_days: group.retention_in_days().unwrap_or(0),
            log_group_class: group.log_group_class().unwrap_or(&LogGroupClass::Standard).as_str().to_owned(),
            kms_key_id: group.kms_key_id().map(str::to_owned),
        },
        outputs: Outputs { id: name.clone(), arn: arn_of(group) },
        tags,
        status: Status::Usable,
        id: name,
    }
}
