//! Reading parameters: what is known of them, and their values.

use std::collections::BTreeMap;

use aws_sdk_ssm::operation::describe_parameters::DescribeParametersOutput;
use aws_sdk_ssm::types::{ParameterMetadata, ParameterStringFilter, ParameterType};
use clefctl_core::error::Result;
use futures::future::try_join_all;

use crate::aws::{Cx, Op};

/// The most values of a filter.
const FILTERED: usize = 50;
/// The most names that one call takes.
const BATCH: usize = 10;

/// What is known of the parameters of these names.
pub(super) async fn named(cx: &Cx<'_>, names: &[String]) -> Result<Vec<ParameterMetadata>> {
    let read = try_join_all(names.chunks(FILTERED).map(|some| describe(cx, "Name", some)));
    Ok(read.await?.into_iter().flatten().collect())
}

/// What is known of the parameters that a filter lets through.
pub(super) async fn describe(cx: &Cx<'_>, key: &str, values: &[String]) -> Result<Vec<ParameterMetadata>> {
    let pages: Vec<DescribeParametersOutput> = cx
        .call(Op::new("ssm:DescribeParameters"), || {
            let filter = ParameterStringFilter::builder().key(key).set_values(Some(values.to_vec()));
            let filter = if key == "Name" { filter.option("Equals") } else { filter };
            let ask = cx.ssm().describe_parameters().set_parameter_filters(filter.build().ok().map(|one| vec![one]));
            ask.max_results(50).into_paginator().send().try_collect()
        })
        .await?;
    Ok(pages.into_iter().flat_map(|page| page.parameters.unwrap_or_default()).collect())
}

/// The texts of the parameters that are not encrypted, by name.
pub(super) async fn values(cx: &Cx<'_>, found: &[ParameterMetadata]) -> Result<BTreeMap<String, String>> {
    let plain = found.iter().filter(|one| one.r#type() != Some(&ParameterType::SecureString));
    let names: Vec<String> = plain.filter_map(|one| one.name().map(str::to_owned)).collect();
    let read = try_join_all(names.chunks(BATCH).map(|some| {
        cx.call(Op::new("ssm:GetParameters"), || cx.ssm().get_parameters().set_names(Some(some.to_vec())).send())
    }));
    let parameters = read.await?.into_iter().flat_map(|answer| answer.parameters.unwrap_or_default());
    Ok(parameters.filter_map(|one| Some((one.name?, one.value?))).collect())
}
