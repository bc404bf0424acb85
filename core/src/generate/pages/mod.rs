//! The reference pages: one for each kind and lookup, and an index.

mod attributes;
mod kind;
mod lookup;

use std::fmt::Write as _;

use crate::kind::{Facts, Registry};

use super::words::first_sentence;

pub use kind::kind;
pub use lookup::lookup;

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it lies below the folder of all pages: `kinds/vpc.md`.
    pub path: String,
    /// Markdown.
    pub text: String,
}

/// Gives the example of a page: `vpc` for a kind, `lookups/vpc` for a lookup.
pub type Examples<'e> = &'e dyn Fn(&str) -> Option<&'static str>;

/// All pages, the index first.
#[must_use]
pub fn all(registry: &Registry, examples: Examples<'_>) -> Vec<Page> {
    let kinds = registry.kinds().map(|kind| kind.facts());
    let kinds =
        kinds.map(|facts| Page { path: format!("kinds/{}.md", facts.name), text: kind(facts, registry, examples) });
    let lookups = registry.lookups().map(|lookup| lookup.facts());
    let lookups = lookups
        .map(|facts| Page { path: format!("lookups/{}.md", facts.name), text: lookup(facts, registry, examples) });
    std::iter::once(index(registry)).chain(kinds).chain(lookups).collect()
}

/// The index: kinds by service, then lookups.
fn index(registry: &Registry) -> Page {
    let mut text = "# Reference\n\nWhat a stack can declare (`resources:`) and what it can read (`lookups:`). \
        These pages are made of the tables that clefctl itself works with; `clefctl docs` prints them.\n\n\
        [The stack language](../stack-language.md) says what is the same for all.\n\n## Kinds\n"
        .to_owned();
    let mut kinds: Vec<&'static Facts> = registry.kinds().map(|kind| kind.facts()).collect();
    kinds.sort_by_key(|facts| (service(facts.service), facts.name));
    for group in kinds.chunk_by(|a, b| service(a.service) == service(b.service)) {
        let Some(first) = group.first() else { continue };
        let _ = write!(text, "\n### {}\n\n| kind | what it is |\n|---|---|\n", service(first.service));
        for facts in group {
            text.push_str(&row("kinds", facts.name, facts.declared.doc));
        }
    }
    text.push_str("\n## Lookups\n\n| lookup | what it reads |\n|---|---|\n");
    for facts in registry.lookups().map(|lookup| lookup.facts()) {
        text.push_str(&row("lookups", facts.name, facts.declared.doc));
    }
    Page { path: "README.md".to_owned(), text }
}

fn row(folder: &str, name: &str, doc: &str) -> String {
    format!("| [`{name}`]({folder}/{name}.md) | {} |\n", first_sentence(doc).replace('|', "\\|"))
}

/// What people call a service that IAM actions abbreviate.
fn service(name: &'static str) -> &'static str {
    match name {
        "acm" => "Certificate Manager",
        "autoscaling" => "Auto Scaling",
        "budgets" => "Budgets",
        "cloudwatch" => "CloudWatch",
        "cognito-identity" | "cognito-idp" => "Cognito",
        "ec2" => "EC2 and VPC",
        "elasticloadbalancing" => "Elastic Load Balancing",
        "iam" => "IAM",
        "kms" => "Key Management Service",
        "logs" => "CloudWatch Logs",
        "rds" => "RDS",
        "route53" => "Route 53",
        "s3" => "S3",
        "secretsmanager" => "Secrets Manager",
        "sns" => "SNS",
        "ssm" => "Systems Manager",
        "sts" => "Security Token Service",
        other => other,
    }
}

/// The example in a fence.
fn example(name: &str, examples: Examples<'_>) -> String {
    examples(name).map_or_else(String::new, |text| format!("\n## Example\n\n```yaml\n{}\n```\n", text.trim_end()))
}

/// A list of IAM actions.
fn actions(list: &[&str]) -> String {
    list.iter().map(|action| format!("`{action}`")).collect::<Vec<_>>().join(", ")
}

/// A kind or lookup as a link, if it has a page.
fn link(name: &str, registry: &Registry, from: &str) -> String {
    match (registry.kind(name), from) {
        (Some(_), "kinds") => format!("[`{name}`]({name}.md)"),
        (Some(_), _) => format!("[`{name}`](../kinds/{name}.md)"),
        (None, _) => format!("`{name}`"),
    }
}
