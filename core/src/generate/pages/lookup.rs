//! The page of a lookup.

use super::attributes::Table;
use super::{Examples, actions, example};
use crate::kind::{LookupFacts, Registry};

/// The page of a lookup, in Markdown.
#[must_use]
pub fn lookup(facts: &'static LookupFacts, registry: &Registry, examples: Examples<'_>) -> String {
    let table = Table { registry, folder: "lookups", managed: false };
    format!(
        "# Lookup `{name}`\n\n{doc}\n{example}\n## Arguments\n\n{arguments}\n\
         Every lookup also takes `region`, `role_arn` and `optional`: with `optional: true` nothing found is null, else it is an error.\n\
         \n## Outputs\n\nThe stack refers to them: `${{lookup.<name>.{first}}}`.\n\n{outputs}\
         \n## When it is read\n\nA lookup that refers only to variables, locals and other lookups is read before anything \
         else, once a run, so that `for_each` and `when` may use it. One that refers to a resource is read when that \
         resource does not change, else during apply. One that nothing refers to is not read.\n\
         \n## IAM actions\n\n{actions}\n",
        name = facts.name,
        doc = facts.declared.doc,
        example = example(&format!("lookups/{}", facts.name), examples),
        arguments = table.arguments(facts.declared),
        first = facts.outputs.attributes.first().map_or("id", |attribute| attribute.name),
        outputs = table.outputs(facts.outputs),
        actions = actions(facts.actions),
    )
}
