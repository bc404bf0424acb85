//! The settings of a parameter group, and the calls that read and change them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::{ApplyMethod, Parameter as SdkParameter};
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, Value};
use serde::{Deserialize, Serialize};

use crate::aws::{Cx, Op};

/// The most parameters that one call takes.
const BATCH: usize = 20;
/// What RDS answers while another change of the group is under way.
const BUSY: &[&str] = &["InvalidDBParameterGroupState", "InvalidDBParameterGroupStateFault"];

/// One setting of the engine.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parameter {
    /// Its name, in lower case.
    #[attr(canonical = lower)]
    pub(super) name: String,
    /// Its value, as RDS writes it; formulas such as `{DBInstanceClassMemory/32768}` too.
    pub(super) value: String,
    /// When it takes effect: `immediate`, or `pending-reboot`, the only way of static parameters. Without it, as soon as
    /// the parameter can.
    #[attr(local, values("immediate", "pending-reboot"))]
    pub(super) apply_method: Option<String>,
}

/// Sets what differs, and sets back what the stack does not say any more.
pub(super) async fn set(
    cx: &Cx<'_>,
    group: &str,
    wanted: &BTreeSet<Parameter>,
    old: &BTreeSet<Parameter>,
) -> Result<()> {
    let (wanted, old) = (by_name(wanted), by_name(old));
    let differs =
        |(name, parameter): &(&String, &&Parameter)| old.get(*name).is_none_or(|there| there.value != parameter.value);
    let changed: Vec<_> = wanted.iter().filter(differs).collect();
    // Only AWS knows which parameters are static, where the stack does not say.
    let unsaid = changed.iter().any(|(name, new)| new.apply_method.is_none() && !old.contains_key(*name));
    let methods: BTreeMap<String, String> = if unsaid {
        let all = list(cx, group, None).await?;
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

fn named(name: &str, method: Option<&str>) -> aws_sdk_rds::types::builders::ParameterBuilder {
    SdkParameter::builder().parameter_name(name).apply_method(method.unwrap_or("immediate").into())
}

fn by_name(parameters: &BTreeSet<Parameter>) -> BTreeMap<String, &Parameter> {
    parameters.iter().map(|parameter| (parameter.name.to_lowercase(), parameter)).collect()
}

/// The soonest that a change of a parameter can take effect.
pub(super) fn soonest(parameter: &SdkParameter) -> String {
    let method =
        if parameter.apply_type() == Some("static") { ApplyMethod::PendingReboot } else { ApplyMethod::Immediate };
    method.as_str().to_owned()
}

/// The parameters of a group: all, or those of one source.
pub(super) async fn list(cx: &Cx<'_>, group: &str, source: Option<&str>) -> Result<Vec<SdkParameter>> {
    cx.call(Op::new("rds:DescribeDBParameters"), || {
        let parameters = cx.rds().describe_db_parameters().db_parameter_group_name(group);
        parameters.set_source(source.map(str::to_owned)).into_paginator().items().send().try_collect()
    })
    .await
}

pub(super) fn lower(text: &Value) -> Value {
    text.as_str().map_or_else(|| text.clone(), |text| Value::from(text.to_lowercase()))
}
