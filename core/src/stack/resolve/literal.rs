//! Text where the id of a resource is asked for: `vpc_id: main`.

use std::sync::LazyLock;

use regex::Regex;

use super::Resolver;
use crate::error::{Problem, Span};
use crate::kind::{Attribute, Type};

/// Ids of EC2 and what is like it: `vpc-0a1b2c3d4e5f67890`, or with eight digits.
static EC2: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^[a-z]+-[0-9a-f]+$").ok());

impl Resolver<'_> {
    /// What is wrong with a text that was written for an output of a kind; `shown` is how it may be shown.
    pub(super) fn literal_problem(
        &self,
        attribute: &Attribute,
        text: &str,
        shown: &str,
        span: Span,
    ) -> Option<Problem> {
        let name = attribute.name;
        let no_arn = || {
            let named = (name.ends_with("_arn") || name.ends_with("_arns")) && !text.is_empty();
            let problem = Problem::error(format!("{shown} is no ARN, and `{name}` takes one")).at(span);
            let problem = problem.hint("Such as `arn:aws:iam::123456789012:role/deploy`.");
            (named && !text.starts_with("arn:")).then_some(problem)
        };
        let Type::Reference { kind, output } = item(attribute.ty) else { return no_arn() };
        let scope = self.view.scope;
        let Some(target) = scope.registered.get(kind).and_then(|facts| facts.outputs.attribute(output)) else {
            return no_arn();
        };
        let looks_like = target.looks_like;
        // What is no more than a name may well be the name of a resource, too.
        let is_name = !looks_like.contains([':', '_', '-']);
        let resource = scope.resource(text).filter(|resource| !is_name && *resource.kind.text == *kind);
        if let Some(resource) = resource {
            let key = if resource.for_each.is_some() { "[\"…\"]" } else { "" };
            return Some(
                Problem::error(format!("{shown} is text, and `{name}` takes the {output} of the kind `{kind}`"))
                    .at(span)
                    .hint(format!("Only what stands in `${{…}}` is evaluated: write '${{{text}{key}.{output}}}'.")),
            );
        }
        let Some((head, _)) = looks_like.split_once("-{hex:") else { return no_arn() };
        let is_ec2 = !head.is_empty() && head.chars().all(|c| c.is_ascii_lowercase());
        let fits = EC2.as_ref().is_none_or(|regex| regex.is_match(text));
        (is_ec2 && !fits && !text.is_empty()).then(|| {
            Problem::error(format!("{shown} is no {output} of the kind `{kind}`"))
                .at(span)
                .hint(format!("Such as `{head}-0a1b2c3d4e5f67890`, or that of a resource: `${{<name>.{output}}}`."))
        })
    }
}

/// What a collection is made of.
fn item(ty: Type) -> Type {
    match ty {
        Type::List(inner) | Type::Set(inner) | Type::Map(inner) => item(*inner),
        ty => ty,
    }
}
