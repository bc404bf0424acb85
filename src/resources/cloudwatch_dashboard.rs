//! `cloudwatch_dashboard`

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::types::DashboardEntry;
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Json, Name, NameChars, Naming, PerVerb, Select, Status, TagChange,
    Unique, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::aws::tags::cloudwatch as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, sweep};

/// A dashboard: graphs, numbers and texts on one page.
///
/// Dashboards belong to the account as a whole, not to a region; their widgets say which region they show.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct CloudwatchDashboard {
    /// Its name, unique in the account.
    #[attr(create_only, length(1, 255), pattern = "[A-Za-z0-9_-]+")]
    dashboard_name: Name,
    /// What is on it, in YAML or as JSON: `widgets`, each with `type`, `x`, `y`, `width`, `height` and `properties`,
    /// as CloudWatch's user guide lists them.
    dashboard_body: Json,
}

/// What a dashboard tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:cloudwatch::{account}:dashboard/{name}")]
    dashboard_arn: String,
}

impl Resource for CloudwatchDashboard {
    const FACTS: Facts = Facts {
        name: "cloudwatch_dashboard",
        service: "cloudwatch",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Swept("cloudwatch:dashboard"),
        naming: Some(Naming {
            attribute: "dashboard_name",
            max: 255,
            allowed: NameChars::Hyphen,
            unique: Unique::Account,
        }),
        once: true,
        details: 2,
        actions: Actions {
            read: &[
                "tag:GetResources", "cloudwatch:ListDashboards", "cloudwatch:GetDashboard",
                "cloudwatch:ListTagsForResource",
            ],
            create: &["cloudwatch:PutDashboard", "cloudwatch:TagResource"],
            update: &["cloudwatch:PutDashboard", "cloudwatch:TagResource", "cloudwatch:UntagResource"],
            delete: &["cloudwatch:DeleteDashboards"],
        },
        calls: PerVerb::new(1, 3, 1),
        ..Facts::GLOBAL
    };
    const CODES: Codes =
        Codes { absent: &["ResourceNotFound", "ResourceNotFoundException"], exists: &[], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let names = match select {
            Select::One(id) => BTreeSet::from([name_of(id).to_owned()]),
            Select::Owned(_) => {
                let (swept, listed) =
                    tokio::try_join!(sweep::arns(cx, select, "cloudwatch:dashboard"), of_our_name(cx))?;
                swept.iter().map(|arn| name_of(arn).to_owned()).chain(listed).collect()
            }
        };
        let found = try_join_all(names.iter().map(|name| one(cx, select, name))).await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        self.put(cx, Some(new)).await?;
        Ok(self.dashboard_name.to_string())
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if self.dashboard_body == live.spec.dashboard_body {
            return Ok(());
        }
        self.put(cx, None).await
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("cloudwatch:DeleteDashboards"), || {
            cx.cloudwatch().delete_dashboards().dashboard_names(&live.id).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.outputs.dashboard_arn, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let widgets = self.dashboard_body.0.get("widgets").is_some_and(serde_json::Value::is_array);
        let violation = || {
            Violation::new("dashboard_body", "a dashboard has a list of `widgets`")
                .hint("write `dashboard_body: {widgets: [...]}`; an empty list is an empty page")
        };
        (!widgets).then(violation).into_iter().collect()
    }
}

impl CloudwatchDashboard {
    /// Makes the dashboard, with tags, or changes it.
    async fn put(&self, cx: &Cx<'_>, new: Option<&Declared>) -> Result<()> {
        let tags = new.map(|new| tags::write(&new.tags));
        let answer = cx
            .call(Op::new("cloudwatch:PutDashboard"), || {
                cx.cloudwatch()
                    .put_dashboard()
                    .dashboard_name(&*self.dashboard_name)
                    .dashboard_body(self.dashboard_body.to_string())
                    .set_tags(tags.clone())
                    .send()
            })
            .await?;
        // What cannot be drawn is no error to AWS.
        for message in answer.dashboard_validation_messages() {
            (cx.progress)(message.message().unwrap_or("a part of the dashboard cannot be drawn"));
        }
        Ok(())
    }
}

/// The names of the dashboards that begin as those of our owner do: the tagging API may not have seen them yet.
async fn of_our_name(cx: &Cx<'_>) -> Result<Vec<String>> {
    let prefix = format!("{}-", cx.owner.prefix());
    let found: Vec<DashboardEntry> = cx
        .call(Op::new("cloudwatch:ListDashboards"), || {
            cx.cloudwatch()
                .list_dashboards()
                .dashboard_name_prefix(&prefix)
                .into_paginator()
                .items()
                .send()
                .try_collect()
        })
        .await?;
    Ok(found.into_iter().filter_map(|entry| entry.dashboard_name).collect())
}

async fn one(cx: &Cx<'_>, select: Select<'_>, name: &str) -> Result<Option<Live<CloudwatchDashboard>>> {
    let arn = format!("arn:{}:cloudwatch::{}:dashboard/{name}", cx.partition(), cx.account);
    let body = async {
        let answer = cx
            .call(Op::new("cloudwatch:GetDashboard"), || cx.cloudwatch().get_dashboard().dashboard_name(name).send())
            .await;
        match answer {
            Err(error) if error.code() == Some("ResourceNotFound") => Ok(None),
            answer => Ok(answer?.dashboard_body),
        }
    };
    let (body, tags) = tokio::try_join!(body, sweep::tags(cx, select, &arn, tags::of(cx, &arn)))?;
    let Some(body) = body else { return Ok(None) };
    let body = serde_json::from_str(&body)
        .map_err(|error| Error::new(ErrorKind::Invalid, format!("the dashboard {name} is no JSON: {error}")))?;
    Ok(Some(Live {
        spec: CloudwatchDashboard { dashboard_name: name.into(), dashboard_body: Json(body) },
        outputs: Outputs { id: name.to_owned(), dashboard_arn: arn },
        tags,
        status: Status::Usable,
        id: name.to_owned(),
    }))
}

/// The name in a dashboard's ARN; a name is its own.
fn name_of(arn: &str) -> &str {
    arn.split_once(":dashboard/").map_or(arn, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_arns() {
        assert_eq!(name_of("arn:aws:cloudwatch::123456789012:dashboard/main"), "main");
        assert_eq!(name_of("main"), "main");
    }

    #[test]
    fn a_page_without_widgets_is_refused() {
        let dashboard =
            |body: serde_json::Value| CloudwatchDashboard { dashboard_name: "main".into(), dashboard_body: Json(body) };
        assert_eq!(dashboard(serde_json::json!({"widgets": []})).check(), []);
        assert_eq!(dashboard(serde_json::json!({"widget": []})).check().len(), 1);
    }
}
