//! What holds in every environment: kinds, attributes, `depends_on`, `moved`, locals and lookups that need themselves.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::super::document::{Document, RESOURCE_KEYS, Resource};
use super::super::expression::{convert, nearest};
use super::super::plain;
use super::super::resolve::suggest_attribute;
use super::super::scope::{member, references};
use super::super::tree::{Tree, TreeValue};
use super::names;
use crate::error::{Problem, Span};
use crate::kind::{Owner, Registry};

/// The problems that no value can mend.
pub(super) fn check(document: &Document, registry: &Registry) -> Vec<Problem> {
    let mut problems = Vec::new();
    for resource in document.resources.values() {
        let before = problems.len();
        self::resource(document, registry, resource, &mut problems);
        for problem in &mut problems[before..] {
            problem.address.get_or_insert_with(|| resource.name.text.to_string());
        }
    }
    for lookup in document.lookups.values() {
        match registry.lookup(&lookup.kind.text) {
            None => problems.push(unknown_lookup(registry, &lookup.kind.text, lookup.kind.span)),
            Some(kind) => names::check(&lookup.arguments, kind.facts().declared, &[], &mut problems),
        }
    }
    for (kind, defaults) in &document.defaults.kinds {
        match registry.kind(kind) {
            None => problems.push(unknown_kind(registry, kind, defaults.span)),
            Some(found) => {
                let declared = found.facts().declared;
                names::check(&defaults.attributes, declared, &[], &mut problems);
            }
        }
    }
    moved(document, &mut problems);
    for local in document.locals.values() {
        zeros(&local.value, &mut problems);
    }
    defaults(document, &mut problems);
    problems
}

/// Locals and lookups that are defined by themselves.
pub(in super::super) fn loops(document: &Document) -> Vec<Problem> {
    let locals = document.locals.iter().map(|(name, local)| (&**name, vec![&local.value])).collect();
    let lookups = document
        .lookups
        .iter()
        .map(|(name, lookup)| (&**name, lookup.arguments.iter().map(|branch| &branch.value).collect()));
    let lookups = lookups.collect();
    looped("local value", "local", &locals).into_iter().chain(looped("lookup", "lookup", &lookups)).collect()
}

fn resource(document: &Document, registry: &Registry, resource: &Resource, problems: &mut Vec<Problem>) {
    let Some(kind) = registry.kind(&resource.kind.text) else {
        problems.push(unknown_kind(registry, &resource.kind.text, resource.kind.span));
        return;
    };
    let facts = kind.facts();
    names::check(&resource.attributes, facts.declared, RESOURCE_KEYS, problems);
    for attribute in facts.declared.attributes.iter().filter(|attribute| attribute.write_only) {
        let version = format!("{}_version", attribute.name);
        let written = document.attribute(resource, attribute.name).filter(|branch| !branch.value.is_null());
        if let Some(branch) = written
            && facts.declared.attribute(&version).is_some()
            && document.attribute(resource, &version).is_none()
        {
            problems.push(
                Problem::error(format!("`{}` cannot be read back, so it needs `{version}`", attribute.name))
                    .at(branch.key_span)
                    .hint(format!("Write `{version}: 1`, and raise it whenever the value is to be sent again.")),
            );
        }
    }
    for dependency in &resource.depends_on {
        match document.resources.get(&dependency.on) {
            None => {
                let problem = Problem::error(format!("there is no resource `{}`", dependency.on)).at(dependency.span);
                problems.push(match nearest(&dependency.on, document.resources.keys().map(|name| &**name)) {
                    Some(near) => problem.hint(format!("Did you mean `{near}`?")),
                    None => problem,
                });
            }
            Some(other) if other.name.text == resource.name.text && dependency.key.is_none() => {
                problems.push(Problem::error("a resource cannot depend on itself").at(dependency.span));
            }
            Some(other) if dependency.key.is_some() && other.for_each.is_none() => {
                problems.push(
                    Problem::error(format!("`{}` has no `for_each`, so it has no keys", dependency.on))
                        .at(dependency.span)
                        .hint(format!("Write `{}`.", dependency.on)),
                );
            }
            Some(_) => {}
        }
    }
    if let Some(ignored) = resource.lifecycle.ignore_changes.as_ref()
        && let TreeValue::List(items) = &ignored.value
    {
        for item in items {
            if let TreeValue::Text(name) = &item.value {
                let base = name.split(['.', '[']).next().unwrap_or_default();
                if !matches!(base, "all" | "tags") && facts.declared.attribute(base).is_none() {
                    problems.push(suggest_attribute(base, item.span, facts.declared, &["tags"]));
                }
            }
        }
    }
}

fn unknown_kind(registry: &Registry, name: &str, span: Span) -> Problem {
    let problem = Problem::error(format!("there is no kind `{name}`")).at(span);
    let bare = name.strip_prefix("aws_");
    // Parts of a parent in our language, kinds of their own in Terraform.
    let parent = [
        ("aws_route", "route_table", "route"),
        ("aws_route_table_association", "route_table", "subnet_ids"),
        ("aws_main_route_table_association", "route_table", "vpc_id"),
        ("aws_iam_role_policy", "iam_role", "inline_policies"),
        ("aws_iam_role_policy_attachment", "iam_role", "managed_policy_arns"),
        ("aws_iam_user_policy", "iam_user", "inline_policies"),
        ("aws_iam_user_policy_attachment", "iam_user", "managed_policy_arns"),
        ("aws_iam_access_key", "iam_user", "access_key"),
        ("aws_s3_bucket_versioning", "s3_bucket", "versioning"),
        ("aws_s3_bucket_server_side_encryption_configuration", "s3_bucket", "server_side_encryption_configuration"),
        ("aws_s3_bucket_lifecycle_configuration", "s3_bucket", "lifecycle_rule"),
        ("aws_s3_bucket_public_access_block", "s3_bucket", "public_access_block"),
        ("aws_s3_bucket_ownership_controls", "s3_bucket", "object_ownership"),
        ("aws_s3_bucket_policy", "s3_bucket", "policy"),
        ("aws_s3_bucket_logging", "s3_bucket", "logging"),
        ("aws_s3_bucket_cors_configuration", "s3_bucket", "cors_rule"),
        ("aws_s3_bucket_replication_configuration", "s3_bucket", "replication"),
        ("aws_s3_bucket_notification", "s3_bucket", "notification"),
        ("aws_s3_bucket_website_configuration", "s3_bucket", "website"),
        ("aws_s3_bucket_object_lock_configuration", "s3_bucket", "object_lock"),
        ("aws_cognito_identity_pool_roles_attachment", "cognito_identity_pool", "roles"),
        ("aws_acm_certificate_validation", "acm_certificate", "validation"),
        ("aws_kms_alias", "kms_key", "aliases"),
        ("aws_vpc_security_group_ingress_rule", "security_group", "ingress"),
        ("aws_vpc_security_group_egress_rule", "security_group", "egress"),
    ];
    let part = parent.iter().find(|(theirs, ..)| *theirs == name || theirs.strip_prefix("aws_") == Some(name));
    match (part, bare) {
        (Some((_, kind, attribute)), _) => {
            problem.hint(format!("It is a part of its parent: write `{attribute}` on the `{kind}`."))
        }
        (None, Some(bare)) if registry.kind(bare).is_some() => {
            problem.hint(format!("Kinds go without `aws_`: write `kind: {bare}`."))
        }
        (None, _) => {
            let near = nearest(bare.unwrap_or(name), registry.kinds().map(|kind| kind.facts().name));
            match near {
                Some(near) => problem.hint(format!("Did you mean `{near}`?")),
                None if registry.lookup(bare.unwrap_or(name)).is_some() => {
                    problem.hint("It is a lookup: write it under `lookups:`.")
                }
                None => problem,
            }
        }
    }
}

fn unknown_lookup(registry: &Registry, name: &str, span: Span) -> Problem {
    let problem = Problem::error(format!("there is no kind of lookup `{name}`")).at(span);
    let bare = name.strip_prefix("aws_").unwrap_or(name);
    if bare != name && registry.lookup(bare).is_some() {
        return problem.hint(format!("Kinds go without `aws_`: write `kind: {bare}`."));
    }
    match nearest(bare, registry.lookups().map(|lookup| lookup.facts().name)) {
        Some(near) => problem.hint(format!("Did you mean `{near}`?")),
        None if registry.lookups().next().is_none() => problem,
        None => problem.hint(format!(
            "There is {}.",
            registry.lookups().map(|lookup| format!("`{}`", lookup.facts().name)).collect::<Vec<_>>().join(", ")
        )),
    }
}

fn moved(document: &Document, problems: &mut Vec<Problem>) {
    let mut from: HashMap<String, Span> = HashMap::new();
    let mut to: HashMap<String, Span> = HashMap::new();
    for entry in &document.moved {
        for (seen, address, word) in [(&mut from, &entry.from, "from"), (&mut to, &entry.to, "to")] {
            if let Some(first) = seen.insert(address.to_string(), entry.span) {
                problems.push(
                    Problem::error(format!("two entries of `moved` lead {word} `{address}`"))
                        .at(entry.span)
                        .related(first, "the other one"),
                );
            }
        }
        if entry.from == entry.to {
            problems.push(Problem::error("an entry of `moved` leads from an address to itself").at(entry.span));
            continue;
        }
        match document.resources.get(&entry.to.name) {
            None => {
                // A chain of moves ends somewhere else.
                if !document.moved.iter().any(|other| other.from == entry.to) {
                    let problem =
                        Problem::error(format!("`moved` leads to `{}`, which is no resource", entry.to)).at(entry.span);
                    problems.push(match nearest(&entry.to.name, document.resources.keys().map(|name| &**name)) {
                        Some(near) => problem.hint(format!("Did you mean `{near}`?")),
                        None => problem,
                    });
                }
            }
            Some(resource) if resource.for_each.is_some() != entry.to.key.is_some() => {
                problems.push(match resource.for_each {
                    Some(_) => Problem::error(format!("`{}` has `for_each`: `to` needs a key", entry.to.name))
                        .at(entry.span)
                        .hint(format!("Such as `{}[\"<key>\"]`.", entry.to.name)),
                    None => Problem::error(format!("`{}` has no `for_each`, so it has no keys", entry.to.name))
                        .at(entry.span),
                });
            }
            Some(_) => {}
        }
        if let Some(resource) = document.resources.get(&entry.from.name)
            && resource.for_each.is_some() == entry.from.key.is_some()
            && (entry.from.key.is_none() || entry.from.name != entry.to.name)
        {
            problems.push(
                Problem::error(format!("`moved` leads away from `{}`, which the stack still has", entry.from))
                    .at(entry.span)
                    .related(resource.name.span, "it is declared here"),
            );
        }
    }
}

/// Numbers such as `15.10`, of which `15.1` is left where they may be meant as text.
fn zeros(tree: &Tree, problems: &mut Vec<Problem>) {
    match &tree.value {
        TreeValue::Number(text) if text.contains('.') && text.ends_with('0') => problems.push(
            Problem::warning(format!("`{text}` is a number here, so its last zeros mean nothing"))
                .at(tree.span)
                .hint(format!("For text, such as a version, write '{text}' in quotes.")),
        ),
        TreeValue::List(items) => items.iter().for_each(|item| zeros(item, problems)),
        TreeValue::Map(entries) => entries.iter().for_each(|entry| zeros(&entry.value, problems)),
        _ => {}
    }
}

/// Defaults of variables that do not fit their types.
fn defaults(document: &Document, problems: &mut Vec<Problem>) {
    let owner = Owner::new(&document.name.text, "default");
    for (name, variable) in &document.variables {
        let Some(tree) = variable.default.as_ref().filter(|tree| !tree.is_null()) else { continue };
        let found = match plain::value(tree, &variable.shape, &owner) {
            Err(problem) => Some(*problem),
            Ok(value) => convert(&value, &variable.shape).err().map(|message| {
                Problem::error(format!("the value of `{name}` does not fit its type: {message}"))
                    .at(tree.span)
                    .related(variable.span, "declared here")
            }),
        };
        problems.extend(found);
    }
}

/// The first loop among entries that refer to each other.
fn looped(what: &str, root: &str, entries: &IndexMap<&str, Vec<&Tree>>) -> Option<Problem> {
    let uses: HashMap<&str, Vec<(Arc<str>, Span)>> = entries
        .iter()
        .map(|(name, trees)| {
            let found = trees.iter().flat_map(|tree| references(tree)).filter(|reference| &*reference.root == root);
            let found = found.filter_map(|reference| Some((Arc::clone(member(&reference)?.0), reference.span)));
            (*name, found.collect())
        })
        .collect();
    let used_by = |name: &str| uses.get(name).map_or(&[][..], Vec::as_slice);
    // What is left when everything is taken away that waits for nothing, again and again.
    let mut left: Vec<&str> = entries.keys().copied().collect();
    loop {
        let before = left.clone();
        left.retain(|name| used_by(name).iter().any(|(used, _)| before.contains(&&**used)));
        if left.len() == before.len() {
            break;
        }
    }
    // From any of those a way leads into a loop.
    let mut way: Vec<&str> = Vec::new();
    let mut at = left.first().copied()?;
    while !way.contains(&at) {
        way.push(at);
        at = used_by(at).iter().find_map(|(used, _)| left.iter().copied().find(|name| **name == **used))?;
    }
    let way: Vec<&str> = way.into_iter().skip_while(|name| *name != at).collect();
    let names: Vec<_> = way.iter().map(|name| format!("`{root}.{name}`")).collect();
    let mut problem = match names.as_slice() {
        [one] => Problem::error(format!("the {what} {one} is defined by itself")),
        [first, ..] => {
            Problem::error(format!("{} and back to {first}: each {what} waits for the next", names.join(" -> ")))
        }
        [] => return None,
    };
    for (at, (name, next)) in way.iter().zip(way.iter().cycle().skip(1)).enumerate() {
        let Some((_, span)) = used_by(name).iter().find(|(used, _)| **used == **next) else { continue };
        let words = format!("`{root}.{name}` waits for `{root}.{next}` here");
        problem = if at == 0 { problem.at(*span).label(words) } else { problem.related(*span, words) };
    }
    Some(problem)
}
