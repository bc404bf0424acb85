//! `ssm_parameter`

use std::collections::BTreeSet;

use aws_sdk_ssm::types::{ParameterMetadata, ParameterTier, ParameterType};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Name, NameChars, Naming, PerVerb, Replacement, Secret, Select, Status,
    TagChange, Unique, Value, Violation, tag,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::kms_support::{bare, same_key};
use crate::aws::tags::ssm as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

mod calls;

/// Where clefctl keeps lock and ledger.
const OWN: &str = "/clefctl/";
/// AWS's own key for SecureStrings.
const OWN_KEY: &str = "alias/aws/ssm";

/// A parameter of Systems Manager: a setting that applications read.
///
/// A `SecureString` is encrypted. clefctl writes it as `secure_value` and never reads it; what changes often or is
/// worth more is better kept in a `secretsmanager_secret`.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    requires_when("type", "String", "value"),
    requires_when("type", "StringList", "value"),
    requires_when("type", "SecureString", "secure_value_version"),
    forbids_when("type", "SecureString", "value"),
    forbids_when("type", "String", "secure_value", "secure_value_version", "key_id"),
    forbids_when("type", "StringList", "secure_value", "secure_value_version", "key_id"),
    requires("secure_value", "secure_value_version")
)]
pub struct SsmParameter {
    /// Its name, unique in account and region. Slashes make groups of it: `/clefcloud/dev/bucket`.
    #[attr(create_only, length(1, 1011), pattern = "[A-Za-z0-9_./-]+")]
    name: Name,
    /// `String`, `StringList` (texts with commas between them) or `SecureString` (encrypted).
    #[attr(create_only, values("String", "StringList", "SecureString"))]
    r#type: String,
    /// The text of a `String` or `StringList`.
    #[attr(length(1, 8192))]
    value: Option<String>,
    /// The text of a `SecureString`; sent when `secure_value_version` changes.
    #[attr(write_only, length(1, 8192))]
    secure_value: Option<Secret>,
    /// Raise it to have `secure_value` sent again.
    secure_value_version: Option<i64>,
    /// KMS key that encrypts a `SecureString`, by ARN, id or alias. Without one it is AWS's own key.
    #[attr(refers("kms_key", "arn"), same = same_key)]
    key_id: Option<String>,
    /// What it is for.
    #[attr(length(1, 1024))]
    description: Option<String>,
    /// `Standard` (up to 4 KB, free), `Advanced` (up to 8 KB), or `Intelligent-Tiering`: whichever the value needs.
    /// From `Advanced` there is no way back but a replacement.
    #[attr(default = "Standard", values("Standard", "Advanced", "Intelligent-Tiering"), same = tier)]
    tier: String,
    /// Regular expression that the value must match.
    #[attr(length(1, 1024))]
    allowed_pattern: Option<String>,
    /// `text`, or `aws:ec2:image` to have AWS check that the value is an image.
    #[attr(default = "text", values("text", "aws:ec2:image", "aws:ssm:integration"))]
    data_type: String,
}

/// What a parameter tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ssm:{region}:{account}:parameter/{name}")]
    arn: String,
    /// Its version, from 1.
    #[attr(looks_like = "{n}", changes_on_any)]
    version: i64,
}

impl Resource for SsmParameter {
    const FACTS: Facts = Facts {
        name: "ssm_parameter",
        service: "ssm",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        naming: Some(Naming { attribute: "name", max: 1011, allowed: NameChars::Wide, unique: Unique::Account }),
        replacement: Replacement::DestroyFirstUnless(&["name"], "two parameters cannot have one name"),
        once: true,
        details: 1,
        actions: Actions {
            read: &["ssm:DescribeParameters", "ssm:GetParameters", "ssm:ListTagsForResource"],
            create: &["ssm:PutParameter", "ssm:AddTagsToResource"],
            update: &["ssm:PutParameter", "ssm:AddTagsToResource", "ssm:RemoveTagsFromResource"],
            delete: &["ssm:DeleteParameter"],
        },
        calls: PerVerb::new(1, 2, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: &["ParameterNotFound"], exists: &["ParameterAlreadyExists"], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found = match select {
            Select::One(name) => calls::named(cx, &[name.to_owned()]).await?,
            Select::Owned(expected) => {
                let mut found = calls::describe(cx, &format!("tag:{}", tag::STACK), &[cx.owner.to_string()]).await?;
                let listed: BTreeSet<&str> = found.iter().filter_map(ParameterMetadata::name).collect();
                let names = expected.instances.iter().filter_map(|instance| instance.name.clone());
                let unseen: Vec<String> = names.filter(|name| !listed.contains(name.as_str())).collect();
                found.extend(calls::named(cx, &unseen).await?);
                found
            }
        };
        // What clefctl keeps for itself is no parameter of a stack.
        let found: Vec<ParameterMetadata> =
            found.into_iter().filter(|one| !one.name().unwrap_or_default().starts_with(OWN)).collect();
        let values = calls::values(cx, &found).await?;
        let read = try_join_all(found.iter().map(|one| async {
            let name = one.name().unwrap_or_default();
            let tags = match tags::of(cx, name).await {
                // Deleted since it was listed.
                Err(error) if error.code() == Some("InvalidResourceId") => return Ok(None),
                tags => tags?,
            };
            Result::Ok(Some(Live { tags, ..live(cx, one, values.get(name)) }))
        }));
        Ok(read.await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        cx.call(Op::new("ssm:PutParameter"), || {
            self.put(cx).overwrite(false).set_tags(Some(tags::write(&new.tags))).send()
        })
        .await?;
        Ok(self.name.to_string())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if self.value != live.spec.value || self.secure_value.is_some() || self.differs(&live.spec) {
            cx.call(Op::new("ssm:PutParameter"), || self.put(cx).overwrite(true).send()).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("ssm:DeleteParameter"), || cx.ssm().delete_parameter().name(&live.id).send()).await.map(drop)
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let lower = self.name.trim_start_matches('/').to_lowercase();
        let taken = if self.name.starts_with(OWN) {
            Some("clefctl keeps lock and ledger under /clefctl/")
        } else if lower.starts_with("aws") || lower.starts_with("ssm") {
            Some("names that begin with `aws` or `ssm` belong to AWS")
        } else {
            None
        };
        taken.map(|why| Violation::new("name", why).hint("choose another name")).into_iter().collect()
    }

    fn must_replace(&self, live: &Self) -> Option<(&'static str, String)> {
        (self.tier == "Standard" && live.tier == "Advanced")
            .then(|| ("tier", "AWS does not make an advanced parameter a standard one".to_owned()))
    }

    async fn may_update(&self, _cx: &Cx<'_>, live: &Live<Self>) -> Result<Vec<Violation>> {
        let blind = self.r#type == "SecureString" && self.secure_value.is_none() && self.differs(&live.spec);
        let blind = blind.then(|| {
            Violation::new("", "AWS takes a change of a SecureString only together with its value")
                .hint("raise `secure_value_version`, and give `secure_value`")
        });
        Ok(blind.into_iter().collect())
    }
}

impl SsmParameter {
    /// Whether anything but the value differs.
    fn differs(&self, from: &Self) -> bool {
        let key = |key: &Option<String>| key.as_deref().map(bare).map(str::to_owned);
        let tier = tier(&self.tier.as_str().into(), &from.tier.as_str().into()) || self.tier == from.tier;
        self.description != from.description
            || self.allowed_pattern != from.allowed_pattern
            || self.data_type != from.data_type
            || key(&self.key_id) != key(&from.key_id)
            || !tier
    }

    /// The whole parameter, as both of its calls take it.
    fn put(&self, cx: &Cx<'_>) -> aws_sdk_ssm::operation::put_parameter::builders::PutParameterFluentBuilder {
        let value = self.secure_value.as_ref().map(Secret::reveal).or(self.value.as_deref());
        cx.ssm()
            .put_parameter()
            .name(&*self.name)
            .r#type(ParameterType::from(self.r#type.as_str()))
            .value(value.unwrap_or_default())
            .set_key_id(self.key_id.clone())
            .description(self.description.as_deref().unwrap_or_default())
            .tier(ParameterTier::from(self.tier.as_str()))
            .allowed_pattern(self.allowed_pattern.as_deref().unwrap_or_default())
            .data_type(&self.data_type)
    }
}

/// Whether the tier that AWS chose is what `Intelligent-Tiering` asks for.
fn tier(declared: &Value, observed: &Value) -> bool {
    declared.as_str() == Some("Intelligent-Tiering") && observed.as_str().is_some()
}

fn live(cx: &Cx<'_>, found: &ParameterMetadata, value: Option<&String>) -> Live<SsmParameter> {
    let name = found.name().unwrap_or_default();
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let arn = || cx.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/')));
    Live {
        spec: SsmParameter {
            name: name.into(),
            r#type: found.r#type().map_or("String", |sort| sort.as_str()).to_owned(),
            value: value.cloned(),
            secure_value: None,
            secure_value_version: None,
            key_id: text(found.key_id()).filter(|key| bare(key) != OWN_KEY),
            description: text(found.description()),
            tier: found.tier().map_or("Standard", |tier| tier.as_str()).to_owned(),
            allowed_pattern: text(found.allowed_pattern()),
            data_type: found.data_type().unwrap_or("text").to_owned(),
        },
        outputs: Outputs {
            id: name.to_owned(),
            arn: found.arn().map_or_else(arn, str::to_owned),
            version: found.version(),
        },
        tags: clefctl_core::kind::Tags::new(),
        status: Status::Usable,
        id: name.to_owned(),
    }
}
