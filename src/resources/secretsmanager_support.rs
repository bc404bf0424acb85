//! The calls of `secretsmanager_secret`, and the mapping from what AWS reports.

use std::collections::BTreeSet;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::operation::list_secrets::ListSecretsOutput;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, ReplicaRegionType, RotationRulesType, StatusType};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Attributes, Declared, Json, Policy, Status, TagChange, Tags, Violation, tag};
use serde::{Deserialize, Serialize};

use super::kms_support::same_key;
use super::secretsmanager_secret::{Outputs, SecretsmanagerSecret};
use crate::aws::tags::iam::young_principals;
use crate::aws::tags::secrets as tags;
use crate::aws::{Cx, Live, Op};

/// AWS's own key, as copies report it.
const OWN_KEY: &str = "alias/aws/secretsmanager";

/// How AWS makes a value. Only a change of `version` makes a new one.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(requires("secret_string_template", "generate_string_key"))]
pub struct Generate {
    /// Another number makes another value.
    #[attr(default = 1, range(1, 1_000_000_000))]
    version: i64,
    /// How many characters it has.
    #[attr(local, default = 32, range(4, 4096))]
    length: i64,
    /// Characters that it has not, such as those that a database refuses: `/@" `.
    #[attr(local, length(1, 4096))]
    exclude_characters: Option<String>,
    /// Whether it has no small letters.
    #[attr(local, default = false)]
    exclude_lowercase: bool,
    /// Whether it has no digits.
    #[attr(local, default = false)]
    exclude_numbers: bool,
    /// Whether it has no punctuation marks.
    #[attr(local, default = false)]
    exclude_punctuation: bool,
    /// Whether it has no capital letters.
    #[attr(local, default = false)]
    exclude_uppercase: bool,
    /// Whether it may have spaces.
    #[attr(local, default = false)]
    include_space: bool,
    /// Whether it has one character at least of each sort that is not excluded.
    #[attr(local, default = true)]
    require_each_included_type: bool,
    /// Makes the value a JSON object, with what is made under this key.
    #[attr(local, length(1, 1024))]
    generate_string_key: Option<String>,
    /// What else the JSON object holds, such as `{username: admin}`.
    #[attr(local)]
    secret_string_template: Option<Json>,
}

/// When the value of a secret is renewed.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(exactly_one("automatically_after_days", "schedule_expression"))]
pub struct RotationRules {
    /// Days between two renewals.
    #[attr(range(1, 1000))]
    pub(super) automatically_after_days: Option<i64>,
    /// The times, as `rate(10 days)` or `cron(0 8 1 * ? *)`, in UTC.
    #[attr(pattern = "(rate|cron)\\(.+\\)")]
    pub(super) schedule_expression: Option<String>,
    /// Hours that a renewal may take: `3h`. Without it, until the end of the day.
    #[attr(pattern = "\\d+h")]
    pub(super) duration: Option<String>,
}

/// A copy in another region.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Replica {
    /// The region.
    pub(super) region: String,
    /// KMS key of that region that encrypts the copy; without one, AWS's own key there.
    #[attr(same = same_key)]
    pub(super) kms_key_id: Option<String>,
}

impl Generate {
    /// The tag that says which version was made.
    pub(super) fn note(&self) -> (String, String) {
        (note(), self.version.to_string())
    }

    /// What the tags of a secret say of it. Its other options leave no trace.
    fn noted(tags: &Tags) -> Option<Self> {
        let version = tags.get(&note())?.parse().ok()?;
        Some(Self {
            version,
            length: 32,
            exclude_characters: None,
            exclude_lowercase: false,
            exclude_numbers: false,
            exclude_punctuation: false,
            exclude_uppercase: false,
            include_space: false,
            require_each_included_type: true,
            generate_string_key: None,
            secret_string_template: None,
        })
    }

    /// A new value, from AWS's own generator.
    pub(super) async fn value(&self, cx: &Cx<'_>) -> Result<String> {
        let answer = cx
            .call(Op::new("secretsmanager:GetRandomPassword"), || {
                cx.secrets()
                    .get_random_password()
                    .password_length(self.length)
                    .set_exclude_characters(self.exclude_characters.clone())
                    .exclude_lowercase(self.exclude_lowercase)
                    .exclude_numbers(self.exclude_numbers)
                    .exclude_punctuation(self.exclude_punctuation)
                    .exclude_uppercase(self.exclude_uppercase)
                    .include_space(self.include_space)
                    .require_each_included_type(self.require_each_included_type)
                    .send()
            })
            .await?;
        let made = answer.random_password.ok_or_else(|| Error::internal("GetRandomPassword answered without one"))?;
        Ok(self.within(made))
    }

    /// The value with what goes with it.
    fn within(&self, made: String) -> String {
        let Some(key) = &self.generate_string_key else { return made };
        let template = self.secret_string_template.as_ref().and_then(|template| template.0.as_object());
        let mut object = template.cloned().unwrap_or_default();
        object.insert(key.clone(), made.into());
        serde_json::Value::from(object).to_string()
    }

    /// Rules that the table cannot say.
    pub(super) fn check(&self) -> Vec<Violation> {
        let template = self.secret_string_template.as_ref();
        let wrong = template.is_some_and(|template| !template.0.is_object());
        let wrong = wrong.then(|| Violation::new("generate.secret_string_template", "the template is no mapping"));
        wrong.into_iter().collect()
    }
}

fn note() -> String {
    format!("{}generated", tag::NOTE)
}

/// The names and ARNs of what the owner has, as far as the list knows.
pub(super) async fn list(cx: &Cx<'_>) -> Result<Vec<(String, String)>> {
    let filter = |key: FilterNameStringType, value: &str| Filter::builder().key(key).values(value).build();
    let owner = cx.owner.to_string();
    let pages: Vec<ListSecretsOutput> = cx
        .call(Op::new("secretsmanager:ListSecrets"), || {
            cx.secrets()
                .list_secrets()
                .filters(filter(FilterNameStringType::TagKey, tag::STACK))
                .filters(filter(FilterNameStringType::TagValue, &owner))
                .into_paginator()
                .send()
                .try_collect()
        })
        .await?;
    let found = pages.iter().flat_map(ListSecretsOutput::secret_list);
    // Both filters match beginnings, and any tag's: look again.
    let ours = found.filter(|secret| tags::read(secret.tags()).get(tag::STACK) == Some(&owner));
    Ok(ours.filter_map(|secret| Some((secret.name()?.to_owned(), secret.arn()?.to_owned()))).collect())
}

/// A secret by name or ARN, one that is scheduled for deletion too.
pub(super) async fn describe(cx: &Cx<'_>, id: &str) -> Result<Option<DescribeSecretOutput>> {
    let answer =
        cx.call(Op::new("secretsmanager:DescribeSecret"), || cx.secrets().describe_secret().secret_id(id).send()).await;
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(error),
    }
}

/// Its policy; the outer nothing is that the secret has gone since.
pub(super) async fn policy(cx: &Cx<'_>, id: &str) -> Result<Option<Option<Policy>>> {
    let answer = cx
        .call(Op::new("secretsmanager:GetResourcePolicy"), || cx.secrets().get_resource_policy().secret_id(id).send())
        .await;
    match answer {
        Ok(found) => Ok(Some(found.resource_policy().map(Policy::parse))),
        Err(error) if matches!(error.code(), Some("ResourceNotFoundException" | "InvalidRequestException")) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sets or takes away the policy.
pub(super) async fn set_policy(wanted: &SecretsmanagerSecret, cx: &Cx<'_>, id: &str) -> Result<()> {
    let Some(policy) = &wanted.policy else {
        let op = Op::new("secretsmanager:DeleteResourcePolicy");
        return cx.call(op, || cx.secrets().delete_resource_policy().secret_id(id).send()).await.map(drop);
    };
    let op = Op::new("secretsmanager:PutResourcePolicy").racing(young_principals(policy));
    cx.call(op, || {
        let ask = cx.secrets().put_resource_policy().secret_id(id).resource_policy(policy.to_string());
        ask.block_public_policy(wanted.block_public_policy).send()
    })
    .await
    .map(drop)
}

/// Writes a new value.
pub(super) async fn put(cx: &Cx<'_>, id: &str, value: &str) -> Result<()> {
    // One token for all attempts, so that they make one version.
    let token = format!("{:032x}", fastrand::u128(..));
    cx.call(Op::new("secretsmanager:PutSecretValue"), || {
        cx.secrets().put_secret_value().secret_id(id).client_request_token(&token).secret_string(value).send()
    })
    .await
    .map(drop)
}

/// Has a new value made, and notes which one it is; or forgets that values are made.
pub(super) async fn generate(how: Option<&Generate>, cx: &Cx<'_>, id: &str) -> Result<()> {
    let change = match how {
        Some(how) => {
            put(cx, id, &how.value(cx).await?).await?;
            TagChange { set: [how.note()].into(), remove: Vec::new() }
        }
        None => TagChange { set: Tags::new(), remove: vec![note()] },
    };
    tags::change(cx, id, &change).await
}

/// Starts, changes or stops the rotation.
pub(super) async fn rotate(wanted: &SecretsmanagerSecret, cx: &Cx<'_>, id: &str) -> Result<()> {
    let (Some(lambda), Some(rules)) = (&wanted.rotation_lambda_arn, &wanted.rotation_rules) else {
        let op = Op::new("secretsmanager:CancelRotateSecret");
        return cx.call(op, || cx.secrets().cancel_rotate_secret().secret_id(id).send()).await.map(drop);
    };
    let token = format!("{:032x}", fastrand::u128(..));
    cx.call(Op::new("secretsmanager:RotateSecret"), || {
        let rules = RotationRulesType::builder()
            .set_automatically_after_days(rules.automatically_after_days)
            .set_schedule_expression(rules.schedule_expression.clone())
            .set_duration(rules.duration.clone())
            .build();
        cx.secrets()
            .rotate_secret()
            .secret_id(id)
            .client_request_token(&token)
            .rotation_lambda_arn(lambda)
            .rotation_rules(rules)
            .rotate_immediately(wanted.rotate_immediately)
            .send()
    })
    .await
    .map(drop)
}

/// Copies as AWS takes them; nothing where there is none.
pub(super) fn regions<'a>(replicas: impl Iterator<Item = &'a Replica>) -> Option<Vec<ReplicaRegionType>> {
    let regions: Vec<_> = replicas
        .map(|copy| ReplicaRegionType::builder().region(&copy.region).set_kms_key_id(copy.kms_key_id.clone()).build())
        .collect();
    (!regions.is_empty()).then_some(regions)
}

/// Makes the copies what is wanted. The key of a copy cannot be changed: it is made anew.
pub(super) async fn replicate(
    wanted: &SecretsmanagerSecret,
    cx: &Cx<'_>,
    id: &str,
    live: &BTreeSet<Replica>,
) -> Result<()> {
    let stale: Vec<String> = live.difference(&wanted.replica).map(|copy| copy.region.clone()).collect();
    if !stale.is_empty() {
        unreplicate(cx, id, &stale).await?;
    }
    let Some(missing) = regions(wanted.replica.difference(live)) else { return Ok(()) };
    cx.call(Op::new("secretsmanager:ReplicateSecretToRegions"), || {
        let ask = cx.secrets().replicate_secret_to_regions().secret_id(id);
        ask.set_add_replica_regions(Some(missing.clone()))
            .force_overwrite_replica_secret(wanted.force_overwrite_replica_secret)
            .send()
    })
    .await
    .map(drop)
}

async fn unreplicate(cx: &Cx<'_>, id: &str, regions: &[String]) -> Result<()> {
    cx.call(Op::new("secretsmanager:RemoveRegionsFromReplication"), || {
        let ask = cx.secrets().remove_regions_from_replication().secret_id(id);
        ask.set_remove_replica_regions(Some(regions.to_vec())).send()
    })
    .await
    .map(drop)
}

/// Takes back a secret that waits for its deletion and was ours; `refused` is AWS's answer to making it.
pub(super) async fn restore(
    wanted: &SecretsmanagerSecret,
    cx: &Cx<'_>,
    new: &Declared,
    refused: Error,
) -> Result<String> {
    let Some(there) = describe(cx, &wanted.name).await?.filter(|there| there.deleted_date().is_some()) else {
        return Err(refused);
    };
    let had = tags::read(there.tags());
    let id = there.arn().unwrap_or(&wanted.name).to_owned();
    if had.get(tag::STACK) != Some(&cx.owner.to_string()) {
        let whose =
            had.get(tag::STACK).map_or("clefctl did not make it".to_owned(), |who| format!("it belongs to {who}"));
        let message = format!("a secret named {} waits for its deletion, and {whose}", &*wanted.name);
        return Err(Error { kind: ErrorKind::Conflict, message, ..refused }.hint("choose another name").hint(format!(
            "or restore it (`aws secretsmanager restore-secret --secret-id {}`) and adopt it",
            &*wanted.name
        )));
    }
    (cx.progress)("restoring it: it was scheduled for deletion");
    cx.call(Op::new("secretsmanager:RestoreSecret"), || cx.secrets().restore_secret().secret_id(&id).send()).await?;
    // First whose it is, last which value it has: a run that is cut between is completed by an update.
    let version = format!("{}secret_string_version", tag::PREFIX);
    let (last, mut first): (Tags, Tags) = new.tags.clone().into_iter().partition(|(key, _)| *key == version);
    let kept = |key: &str| *key == version || key.starts_with(tag::NOTE);
    first.extend(had.iter().filter(|(key, _)| kept(key)).map(|(key, value)| (key.clone(), value.clone())));
    tags::change(cx, &id, &TagChange::between(&had, &first)).await?;
    let found = live(&there, policy(cx, &id).await?.flatten());
    let same_value = last.get(&version) == had.get(&version);
    let wanted = SecretsmanagerSecret {
        secret_string: wanted.secret_string.clone().filter(|_| !same_value),
        // What is settled comes in the next step.
        policy: found.spec.policy.clone(),
        rotation_lambda_arn: found.spec.rotation_lambda_arn.clone(),
        rotation_rules: found.spec.rotation_rules.clone(),
        ..wanted.clone()
    };
    crate::aws::Resource::update(&wanted, cx, &found).await?;
    if !same_value {
        tags::change(cx, &id, &TagChange { set: last, remove: Vec::new() }).await?;
    }
    Ok(id)
}

/// Deletes a secret and its copies; `days` is the time in which it can be restored, 0 for none.
pub(super) async fn delete(cx: &Cx<'_>, secret: &Live<SecretsmanagerSecret>, days: i64) -> Result<()> {
    let id = &secret.id;
    // What there is now, not what there was when the plan was made.
    let Some(now) = describe(cx, id).await?.filter(|now| now.deleted_date().is_none()) else { return Ok(()) };
    let copies: Vec<String> =
        now.replication_status().iter().filter_map(|copy| copy.region().map(str::to_owned)).collect();
    if !copies.is_empty() {
        unreplicate(cx, id, &copies).await?;
    }
    let deleted = cx
        .call(Op::new("secretsmanager:DeleteSecret"), || {
            let ask = cx.secrets().delete_secret().secret_id(id);
            match days {
                0 => ask.force_delete_without_recovery(true).send(),
                days => ask.recovery_window_in_days(days).send(),
            }
        })
        .await;
    match deleted {
        // Sent again after a lost answer: it is on its way already.
        Err(error) if error.code() == Some("InvalidRequestException") => {
            let there = describe(cx, id).await?;
            if there.is_none_or(|there| there.deleted_date().is_some()) { Ok(()) } else { Err(error) }
        }
        other => other.map(drop),
    }
}

/// A secret as AWS reports it.
pub(super) fn live(found: &DescribeSecretOutput, policy: Option<Policy>) -> Live<SecretsmanagerSecret> {
    let id = found.arn().unwrap_or_default().to_owned();
    let tags = tags::read(found.tags());
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    // A rotation that was stopped leaves its function behind.
    let rotates = found.rotation_enabled().unwrap_or_default();
    let rules = found.rotation_rules().filter(|_| rotates).map(|rules| RotationRules {
        // AWS computes the days of a schedule.
        automatically_after_days: rules.automatically_after_days().filter(|_| rules.schedule_expression().is_none()),
        schedule_expression: text(rules.schedule_expression()),
        duration: text(rules.duration()),
    });
    let copies = found.replication_status();
    // A copy that failed is none: the next run makes it anew.
    let good = copies.iter().filter(|copy| copy.status() != Some(&StatusType::Failed));
    let replica = good.filter_map(|copy| {
        let key = copy.kms_key_id().filter(|key| super::kms_support::bare(key) != OWN_KEY);
        Some(Replica { region: copy.region()?.to_owned(), kms_key_id: key.map(str::to_owned) })
    });
    let copying = copies.iter().any(|copy| copy.status() == Some(&StatusType::InProgress));
    Live {
        spec: SecretsmanagerSecret {
            name: found.name().unwrap_or_default().into(),
            description: text(found.description()),
            kms_key_id: text(found.kms_key_id()),
            secret_string: None,
            secret_string_version: None,
            generate: Generate::noted(&tags),
            policy,
            block_public_policy: false,
            rotation_lambda_arn: text(found.rotation_lambda_arn()).filter(|_| rotates),
            rotation_rules: rules,
            rotate_immediately: true,
            replica: replica.collect(),
            force_overwrite_replica_secret: false,
            recovery_window_in_days: 30,
        },
        outputs: Outputs { id: id.clone(), arn: id.clone(), value: None },
        tags,
        status: if copying { Status::Pending("copying to other regions".to_owned()) } else { Status::Usable },
        id,
    }
}
