//! `ami`

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Image;
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Attributes, LookupFacts, Tags};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Filter, filters, several};
use crate::aws::tags::ec2 as tags;
use crate::aws::{Cx, LookupRead, Op};

/// A machine image.
///
/// With `most_recent` a new image shows up as a change of whatever is made from it. Deprecated images are left out.
#[derive(Attributes, Deserialize, Clone, Debug)]
pub struct Ami {
    /// Whose images: account numbers, `self`, `amazon` or `aws-marketplace`.
    #[attr(length(1, 10))]
    owners: Vec<String>,
    /// Whether the youngest is taken where several fit; otherwise that is an error.
    #[serde(default)]
    #[attr(default = false)]
    most_recent: bool,
    /// A regular expression that a part of the name matches, applied to what AWS answers.
    name_regex: Option<String>,
    /// Filters of the EC2 call DescribeImages, such as `name`, `architecture`, `virtualization-type`.
    #[serde(default)]
    filter: Vec<Filter>,
}

/// The image.
#[derive(Attributes, Serialize, Clone, Debug)]
pub struct Outputs {
    /// Its id.
    #[attr(looks_like = "ami-{hex:17}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}::image/{id}")]
    arn: String,
    /// Its name.
    #[attr(looks_like = "image-{hex:8}")]
    name: String,
    /// What its maker says of it.
    #[attr(looks_like = "An image")]
    description: String,
    /// `x86_64` or `arm64`.
    #[attr(looks_like = "x86_64")]
    architecture: String,
    /// When it was made, such as `2026-01-31T08:00:00.000Z`.
    #[attr(looks_like = "2026-01-31T08:00:00.000Z")]
    creation_date: String,
    /// Number of the account that owns it.
    #[attr(looks_like = "{digits:12}")]
    owner_id: String,
    /// The device of its root volume, such as `/dev/sda1`.
    #[attr(looks_like = "/dev/sda1")]
    root_device_name: String,
    /// `ebs` or `instance-store`.
    #[attr(looks_like = "ebs")]
    root_device_type: String,
    /// `hvm` or `paravirtual`.
    #[attr(looks_like = "hvm")]
    virtualization_type: String,
    /// Its tags.
    tags: Tags,
}

impl LookupRead for Ami {
    const FACTS: LookupFacts = LookupFacts {
        name: "ami",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        actions: &["ec2:DescribeImages"],
    };
    type Outputs = Outputs;

    async fn read(&self, cx: &Cx<'_>) -> Result<Option<Outputs>> {
        let name = self.name_regex.as_deref().map(Regex::new).transpose().map_err(|error| {
            Error::new(ErrorKind::Invalid, format!("`name_regex` is no regular expression: {error}"))
        })?;
        let mut images: Vec<Image> = cx
            .call(Op::new("ec2:DescribeImages"), || {
                cx.ec2()
                    .describe_images()
                    .set_owners(Some(self.owners.clone()))
                    .set_filters(filters(&self.filter, &BTreeMap::new()))
                    .into_paginator()
                    .items()
                    .send()
                    .try_collect()
            })
            .await?;
        images.retain(|image| name.as_ref().is_none_or(|name| name.is_match(image.name().unwrap_or_default())));
        pick(&images, self.most_recent).map(|image| image.map(|image| outputs(cx, image)))
    }
}

/// The one image that is meant. Dates have one form, so that their texts sort; the id decides between equals.
fn pick(images: &[Image], most_recent: bool) -> Result<Option<&Image>> {
    match images {
        [] | [_] => Ok(images.first()),
        _ if most_recent => Ok(images.iter().max_by_key(|image| (image.creation_date(), image.image_id()))),
        _ => Err(several("images", images.iter().filter_map(Image::image_id).collect())
            .hint("`most_recent: true` takes the youngest")),
    }
}

fn outputs(cx: &Cx<'_>, image: &Image) -> Outputs {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let id = text(image.image_id());
    Outputs {
        arn: format!("arn:{}:ec2:{}::image/{id}", cx.partition(), cx.region),
        id,
        name: text(image.name()),
        description: text(image.description()),
        architecture: text(image.architecture().map(aws_sdk_ec2::types::ArchitectureValues::as_str)),
        creation_date: text(image.creation_date()),
        owner_id: text(image.owner_id()),
        root_device_name: text(image.root_device_name()),
        root_device_type: text(image.root_device_type().map(aws_sdk_ec2::types::DeviceType::as_str)),
        virtualization_type: text(image.virtualization_type().map(aws_sdk_ec2::types::VirtualizationType::as_str)),
        tags: tags::read(image.tags()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(id: &str, date: &str) -> Image {
        Image::builder().image_id(id).creation_date(date).build()
    }

    #[test]
    fn the_youngest_is_taken_only_when_asked() {
        let images = [image("ami-1", "2025-01-01T00:00:00.000Z"), image("ami-2", "2026-01-01T00:00:00.000Z")];
        assert_eq!(pick(&images, true).ok().flatten().and_then(Image::image_id), Some("ami-2"));
        assert!(pick(&images, false).is_err());
        assert!(pick(&[], false).is_ok_and(|found| found.is_none()));
    }
}
