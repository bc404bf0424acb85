//! Words for names that mean nothing, with the nearest one that does.

use super::names::{Key, Step};
use crate::error::{Problem, Span};

/// The name most like `name`, if one is like enough.
#[must_use]
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let allowed = (length / 3).max(1).min(length.saturating_sub(1));
    names
        .into_iter()
        .map(|other| (strsim::damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase()), other))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// The problem of an expression that begins with a name which means nothing: with the nearest of `names`, or with
/// our form of what Terraform or a shell would mean by it.
#[must_use]
pub fn unknown_name<'a>(
    root: &str,
    steps: &[Step],
    span: Span,
    names: impl IntoIterator<Item = &'a str> + Clone,
) -> Problem {
    let problem = Problem::error(format!("there is no `{root}`")).at(span);
    let name = |at: usize| match steps.get(at).map(|step| &step.key) {
        Some(Key::Name(name)) => Some(&**name),
        _ => None,
    };
    let rest = |from: usize| steps.iter().skip(from).map(|step| step.key.to_string()).collect::<String>();
    let hint = match (root, name(0), name(1)) {
        ("data", Some(_), Some(name)) => {
            format!("Terraform's `data` is `lookup` here: write `lookup.{name}{}`.", rest(2))
        }
        ("data", ..) => "Terraform's `data` is `lookup` here, without the kind: `lookup.<name>`.".to_owned(),
        ("count", ..) => {
            "There is no `count`: use `for_each` with a map or distinct strings, and `each.key`.".to_owned()
        }
        ("path", ..) => "Paths are relative to the file they stand in: leave `${path.module}/` out.".to_owned(),
        ("terraform", ..) => "What Terraform calls the workspace is the environment: write `${env}`.".to_owned(),
        ("module", Some(_), Some(name)) => {
            format!("There are no modules; with `include` all resources are in one stack: write `{name}` directly.")
        }
        ("module", ..) => "There are no modules; use `include`, and refer to resources by name.".to_owned(),
        (kind, Some(resource), _) if kind.starts_with("aws_") => {
            let short = kind.trim_start_matches("aws_");
            let known = |name: &str| names.clone().into_iter().any(|known| known == name);
            let ours = if !known(resource) && known(short) { short } else { resource };
            format!("Resources are referred to by their name alone: write `{ours}{}`.", rest(1))
        }
        _ => match nearest(root, names) {
            Some(near) => format!("Did you mean `{near}`?"),
            None if root.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') => {
                format!("To keep `${{{root}}}` as it stands, for a shell to read, write `$${{{root}}}`.")
            }
            None => return problem,
        },
    };
    problem.hint(hint)
}

/// The problem of a key that a map does not have.
pub(super) fn missing_key<'a>(name: &str, keys: impl Iterator<Item = &'a str> + Clone, span: Span) -> Box<Problem> {
    let problem = Problem::error(format!("there is no `{name}` here")).at(span);
    Box::new(match nearest(name, keys.clone()) {
        Some(near) => problem.hint(format!("Did you mean `{near}`?")),
        None => match keys.clone().count() {
            0 => problem.hint("The map is empty."),
            1..=12 => {
                problem.hint(format!("It has {}.", keys.map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")))
            }
            _ => problem,
        },
    })
}
