//! `launch_template`

mod blocks;
mod wire;

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ec2::types::{ArchitectureType, Filter, LaunchTemplate as Sdk, LaunchTemplateVersion, ResourceType};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Name, NameChars, Naming, PerVerb, Select, Status, TagChange, Unique,
    Value, Violation, short_hash,
};
use serde::{Deserialize, Serialize};

pub use self::blocks::{
    BlockDeviceMapping, CpuOptions, CreditSpecification, Ebs, EnclaveOptions, HibernationOptions, IamInstanceProfile,
    InstanceMarketOptions, MaintenanceOptions, MetadataOptions, Monitoring, NetworkInterface, Placement,
    PrivateDnsNameOptions, SpotOptions, TagSpecification,
};
use crate::aws::tags::ec2 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// A launch template: what new instances of an Auto Scaling group look like.
///
/// A change makes a new version; the versions before stay, the newest hundred of them. Refer to
/// `${<name>.latest_version}` in an `autoscaling_group`, so that a change reaches its instances. What is not written
/// is up to the image, the instance type and the account's own defaults.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct LaunchTemplate {
    /// Its name.
    #[attr(create_only, length(3, 128), pattern = "[A-Za-z0-9().\\-/_]+")]
    name: Name,
    /// What the version is about.
    #[attr(length(1, 255))]
    description: Option<String>,
    /// Whether a new version becomes the default one, for those who ask for `$Default`.
    #[attr(default = true, same = left_alone)]
    update_default_version: bool,
    /// Image to start from: an AMI's id, or `resolve:ssm:<parameter>` to look it up at each launch.
    #[attr(pattern = "ami-[0-9a-f]+|resolve:ssm:.+")]
    image_id: Option<String>,
    /// Type of the instances, such as `t3.micro`.
    instance_type: Option<String>,
    /// Key pair for SSH.
    #[attr(refers("key_pair", "key_name"))]
    key_name: Option<String>,
    /// Script or cloud-init configuration that runs at the first start, as plain text, at most 16 KB.
    user_data: Option<String>,
    /// Security groups of the first interface; with `network_interfaces`, write them there.
    #[attr(refers("security_group", "id"))]
    vpc_security_group_ids: BTreeSet<String>,
    /// The role that programs on the instance have.
    iam_instance_profile: Option<IamInstanceProfile>,
    /// Volumes, by the device names that the image uses.
    block_device_mappings: Vec<BlockDeviceMapping>,
    /// Network interfaces.
    network_interfaces: Vec<NetworkInterface>,
    /// How programs on the instance ask for metadata and credentials.
    metadata_options: Option<MetadataOptions>,
    /// Metrics every minute.
    monitoring: Option<Monitoring>,
    /// Tags of what is launched: instances, volumes, interfaces.
    tag_specifications: BTreeSet<TagSpecification>,
    /// How burstable instances (T2, T3, T4g) pay for bursts.
    credit_specification: Option<CreditSpecification>,
    /// Cores and threads.
    cpu_options: Option<CpuOptions>,
    /// Where the hardware stands.
    placement: Option<Placement>,
    /// Spot instances, or capacity blocks.
    instance_market_options: Option<InstanceMarketOptions>,
    /// Whether the instance has bandwidth to its volumes of its own.
    ebs_optimized: Option<bool>,
    /// Whether the instance cannot be terminated by API.
    disable_api_termination: Option<bool>,
    /// Whether the instance cannot be stopped by API.
    disable_api_stop: Option<bool>,
    /// What a shutdown from inside does.
    #[attr(values("stop", "terminate"))]
    instance_initiated_shutdown_behavior: Option<String>,
    /// Whether instances can be hibernated.
    hibernation_options: Option<HibernationOptions>,
    /// Whether instances can have Nitro Enclaves.
    enclave_options: Option<EnclaveOptions>,
    /// Recovery from failures of the hardware.
    maintenance_options: Option<MaintenanceOptions>,
    /// Names of the instances inside the VPC.
    private_dns_name_options: Option<PrivateDnsNameOptions>,
}

/// What a launch template tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "lt-{hex:17}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}:{account}:launch-template/{id}")]
    arn: String,
    /// Number of its newest version.
    #[attr(looks_like = "{n}", changes_on_any)]
    latest_version: i64,
    /// Number of its default version.
    #[attr(looks_like = "{n}", changes_on_any)]
    default_version: i64,
}

/// How many versions are kept. AWS takes 10,000; a group that is pinned to one of the last hundred still launches.
const KEPT: i64 = 100;
/// How many bytes of user data AWS takes.
const MOST_USER_DATA: usize = 16 * 1024;

impl Resource for LaunchTemplate {
    const FACTS: Facts = Facts {
        name: "launch_template",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        naming: Some(Naming { attribute: "name", max: 128, allowed: NameChars::Wide, unique: Unique::Account }),
        deleted_after: &["autoscaling_group"],
        once: true,
        details: 1,
        found: Found::Tagged("launch-template"),
        actions: Actions {
            read: &[
                "ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions", "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes", "ec2:DescribeTags",
            ],
            create: &["ec2:CreateLaunchTemplate", "ec2:CreateTags"],
            update: &[
                "ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate", "ec2:DeleteLaunchTemplateVersions",
                "ec2:CreateTags", "ec2:DeleteTags",
            ],
            delete: &["ec2:DeleteLaunchTemplate"],
        },
        takes: PerVerb::new(1, 2, 1),
        calls: PerVerb::new(1, 3, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes {
        absent: &["InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateName.NotFoundException"],
        exists: &["InvalidLaunchTemplateName.AlreadyExistsException"],
        blocked: &[],
    };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found = describe(cx, select).await?;
        let versions = futures::future::try_join_all(found.iter().map(|template| latest(cx, template))).await?;
        let lives =
            found.iter().zip(&versions).filter_map(|(template, version)| Some(live(cx, template, version.as_ref()?)));
        Ok(lives.collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let token = cx.token(new);
        let made = cx
            .call(Op::new("ec2:CreateLaunchTemplate"), || {
                cx.ec2()
                    .create_launch_template()
                    .client_token(&token)
                    .launch_template_name(&*self.name)
                    .set_version_description(self.description.clone())
                    .launch_template_data(wire::request(self))
                    .tag_specifications(tags::specification(ResourceType::LaunchTemplate, &new.tags))
                    .send()
            })
            .await?;
        Ok(made.launch_template().and_then(Sdk::launch_template_id).unwrap_or_default().to_owned())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let mut version = live.outputs.latest_version;
        let like_live = Self { update_default_version: live.spec.update_default_version, ..self.clone() };
        if like_live != live.spec {
            version = self.new_version(cx, live).await?;
        }
        if self.update_default_version && version != live.outputs.default_version {
            cx.call(Op::new("ec2:ModifyLaunchTemplate"), || {
                cx.ec2()
                    .modify_launch_template()
                    .launch_template_id(&live.id)
                    .default_version(version.to_string())
                    .send()
            })
            .await?;
        }
        settle(cx, &live.id, version).await?;
        prune(cx, &live.id, version).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("ec2:DeleteLaunchTemplate"), || {
            cx.ec2().delete_launch_template().launch_template_id(&live.id).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut broken = Vec::new();
        let size = self.user_data.as_deref().map_or(0, str::len);
        if size > MOST_USER_DATA {
            broken.push(
                Violation::new("user_data", format!("it has {size} bytes; AWS takes {MOST_USER_DATA} at most"))
                    .hint("put the long part into a bucket and fetch it from there"),
            );
        }
        if !self.vpc_security_group_ids.is_empty() && !self.network_interfaces.is_empty() {
            broken.push(
                Violation::new("vpc_security_group_ids", "it cannot stand beside `network_interfaces`")
                    .hint("write the groups into `network_interfaces[0].security_groups`"),
            );
        }
        broken
    }

    async fn may_create(&self, cx: &Cx<'_>) -> Result<Vec<Violation>> {
        preflight(cx, self.image_id.as_deref(), self.instance_type.as_deref()).await
    }

    async fn may_update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<Vec<Violation>> {
        if (&self.image_id, &self.instance_type) == (&live.spec.image_id, &live.spec.instance_type) {
            return Ok(Vec::new());
        }
        preflight(cx, self.image_id.as_deref(), self.instance_type.as_deref()).await
    }
}

impl LaunchTemplate {
    /// Makes a version of what is declared, as a whole, and gives its number. The token is the same however often this
    /// run tries, and for no other version.
    async fn new_version(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<i64> {
        let latest = live.outputs.latest_version;
        let token = format!("{}-{latest}-{}", live.id, short_hash(&cx.nonce));
        let made = cx
            .call(Op::new("ec2:CreateLaunchTemplateVersion"), || {
                cx.ec2()
                    .create_launch_template_version()
                    .client_token(&token)
                    .launch_template_id(&live.id)
                    .set_version_description(self.description.clone())
                    .launch_template_data(wire::request(self))
                    .send()
            })
            .await?;
        Ok(made.launch_template_version().and_then(LaunchTemplateVersion::version_number).unwrap_or(latest + 1))
    }
}

/// A stack that leaves the default version alone does not mind which one it is.
fn left_alone(declared: &Value, observed: &Value) -> bool {
    declared.as_bool() == Some(false) || declared == observed
}

async fn describe(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Sdk>> {
    cx.call(Op::new("ec2:DescribeLaunchTemplates"), || {
        let all = cx.ec2().describe_launch_templates();
        let some = match select {
            Select::One(id) if id.starts_with("lt-") => all.launch_template_ids(id),
            Select::One(name) => all.launch_template_names(name),
            Select::Owned(_) => all.filters(tags::filter(cx, select, "")),
        };
        some.into_paginator().items().send().try_collect()
    })
    .await
}

/// The newest version of a template; `None` if the template has gone since it was listed.
async fn latest(cx: &Cx<'_>, template: &Sdk) -> Result<Option<LaunchTemplateVersion>> {
    let id = template.launch_template_id().unwrap_or_default();
    let found = cx
        .call(Op::new("ec2:DescribeLaunchTemplateVersions"), || {
            cx.ec2().describe_launch_template_versions().launch_template_id(id).versions("$Latest").send()
        })
        .await;
    match found {
        Ok(found) => Ok(found.launch_template_versions.and_then(|versions| versions.into_iter().next())),
        Err(error) if error.code().is_some_and(|code| LaunchTemplate::CODES.absent.contains(&code)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Waits until a version that was made a moment ago shows in lists, since others are told its number.
async fn settle(cx: &Cx<'_>, id: &str, version: i64) -> Result<()> {
    while describe(cx, Select::One(id)).await?.iter().any(|seen| seen.latest_version_number() < Some(version)) {
        cx.alive()?;
        cx.pause(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// Deletes the versions beyond those that are kept, a few at a time. Those that are gone already, and a default one,
/// are named in a good answer.
async fn prune(cx: &Cx<'_>, id: &str, latest: i64) -> Result<()> {
    let last = latest - KEPT;
    if last < 1 {
        return Ok(());
    }
    let old: Vec<String> = ((last - 9).max(1)..=last).map(|version| version.to_string()).collect();
    cx.call(Op::new("ec2:DeleteLaunchTemplateVersions"), || {
        cx.ec2().delete_launch_template_versions().launch_template_id(id).set_versions(Some(old.clone())).send()
    })
    .await?;
    Ok(())
}

/// Whether image and instance type are there and fit each other. AWS itself notices only at a launch.
async fn preflight(cx: &Cx<'_>, image: Option<&str>, instance_type: Option<&str>) -> Result<Vec<Violation>> {
    let mut broken = Vec::new();
    let mut image_runs_on = None;
    if let Some(image) = image.filter(|image| image.starts_with("ami-")) {
        let by_id = Filter::builder().name("image-id").values(image).build();
        let found = cx
            .call(Op::new("ec2:DescribeImages"), || {
                cx.ec2().describe_images().filters(by_id.clone()).include_deprecated(true).send()
            })
            .await?;
        match found.images().first() {
            Some(found) => image_runs_on = found.architecture().map(|architecture| architecture.as_str().to_owned()),
            None => broken.push(
                Violation::new("image_id", format!("there is no image {image} in {} that we may use", cx.region))
                    .hint("images belong to a region; look the id up with a lookup of kind `ami` or `ssm_parameter`"),
            ),
        }
    }
    if let Some(name) = instance_type {
        let by_name = Filter::builder().name("instance-type").values(name).build();
        let found = cx
            .call(Op::new("ec2:DescribeInstanceTypes"), || {
                cx.ec2().describe_instance_types().filters(by_name.clone()).send()
            })
            .await?;
        let Some(found) = found.instance_types().first() else {
            broken.push(Violation::new("instance_type", format!("there is no instance type {name} in {}", cx.region)));
            return Ok(broken);
        };
        let runs: Vec<&str> = found
            .processor_info()
            .map(|processor| processor.supported_architectures().iter().map(ArchitectureType::as_str).collect())
            .unwrap_or_default();
        if let Some(wants) = image_runs_on.filter(|wants| !runs.is_empty() && !runs.contains(&wants.as_str())) {
            broken.push(Violation::new(
                "instance_type",
                format!("the image is made for {wants}, and {name} runs {}", runs.join(", ")),
            ));
        }
    }
    Ok(broken)
}

fn live(cx: &Cx<'_>, template: &Sdk, version: &LaunchTemplateVersion) -> Live<LaunchTemplate> {
    let id = template.launch_template_id().unwrap_or_default().to_owned();
    let latest = version.version_number().unwrap_or_default();
    let default = template.default_version_number().unwrap_or_default();
    let name = template.launch_template_name().unwrap_or_default();
    Live {
        spec: LaunchTemplate {
            name: name.into(),
            description: version.version_description.clone().filter(|text| !text.is_empty()),
            update_default_version: latest == default,
            ..wire::response(version.launch_template_data())
        },
        outputs: Outputs {
            arn: cx.arn("ec2", &format!("launch-template/{id}")),
            id: id.clone(),
            latest_version: latest,
            default_version: default,
        },
        tags: tags::read(template.tags()),
        status: Status::Usable,
        id,
    }
}

#[cfg(test)]
mod tests;
