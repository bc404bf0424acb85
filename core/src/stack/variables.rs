//! The values of variables: where they come from, and whether they are allowed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::document::{Document, Variable};
use super::expression::{convert, nearest};
use super::inputs::Inputs;
use super::load::read_text;
use super::node::{Entry, Node, NodeValue};
use super::tree::Tree;
use super::{plain, yaml};
use crate::error::{FileId, Problem};
use crate::kind::{Owner, Shape, Value};

/// Values of variables that come from outside of the stack file, by variable, with the words for where from.
type Given = BTreeMap<String, (Value, String)>;

/// The values of all variables in one environment. Those that have a problem are missing. With `unset_allowed`,
/// those without a value are unknown.
pub(super) fn variables(
    document: &Document,
    owner: &Owner,
    inputs: &Inputs,
    unset_allowed: bool,
    problems: &mut Vec<Problem>,
) -> BTreeMap<Arc<str>, Value> {
    let given = given(document, owner, inputs, problems);
    let environment = document.environments.as_ref().and_then(|environments| environments.get(&owner.env));
    let mut values = BTreeMap::new();
    for (name, variable) in &document.variables {
        let written = environment
            .and_then(|environment| environment.values.iter().find(|branch| branch.key == *name))
            .map(|branch| &branch.value);
        let (value, span, from) = match (given.get(&**name), written, &variable.default) {
            (Some((value, from)), ..) => (Ok(value.clone()), variable.span, Some(from)),
            (None, Some(tree), _) | (None, None, Some(tree)) => {
                (plain::value(tree, &variable.shape, owner), tree.span, None)
            }
            (None, None, None) if unset_allowed => {
                let value = Value::unknown(variable.shape.clone(), format!("var.{name}"));
                values.insert(Arc::clone(name), if variable.sensitive { value.sensitive() } else { value });
                continue;
            }
            (None, None, None) => {
                problems.push(unset(document, name, variable, owner));
                continue;
            }
        };
        let value = match value {
            Ok(value) => value,
            Err(problem) => {
                problems.push(*problem);
                continue;
            }
        };
        match fit(name, variable, &value) {
            Ok(value) => {
                values.insert(Arc::clone(name), if variable.sensitive { value.sensitive() } else { value });
            }
            Err(message) => {
                let problem = Problem::error(message).at(span);
                problems.push(match from {
                    Some(from) => problem.hint(format!("The value comes from {from}.")),
                    None => problem.related(variable.span, "declared here"),
                });
            }
        }
    }
    if let Some(environment) = environment {
        for branch in &environment.values {
            if !document.variables.contains_key(&branch.key) {
                problems.push(
                    undeclared(document, &branch.key, &format!("the environment `{}` sets", owner.env))
                        .at(branch.key_span),
                );
            }
        }
    }
    values
}

/// Tests the conditions that variables set on their values; `evaluate` sees the variables.
pub(super) fn validate(
    document: &Document,
    values: &BTreeMap<Arc<str>, Value>,
    evaluate: impl Fn(&Tree) -> Result<Value, Box<Problem>>,
    problems: &mut Vec<Problem>,
) {
    for (name, variable) in &document.variables {
        if !values.contains_key(name) {
            continue;
        }
        for validation in &variable.validations {
            match evaluate(&validation.condition) {
                Err(problem) => problems.push(*problem),
                Ok(value) => match value.reveal() {
                    Value::Bool(true) | Value::Unknown(_) => {}
                    Value::Bool(false) => {
                        let message = evaluate(&validation.message).ok();
                        let shown = message.as_ref().filter(|message| !message.has_sensitive()).and_then(Value::as_str);
                        let message = shown.unwrap_or("the condition does not hold");
                        problems.push(
                            Problem::error(format!(
                                "the value of `{name}` is not allowed: {}",
                                message.trim_end_matches('.')
                            ))
                            .at(variable.span)
                            .related(validation.condition.span, "this does not hold"),
                        );
                    }
                    other => problems.push(
                        Problem::error(format!("a condition is true or false, not a {}", other.type_name()))
                            .at(validation.condition.span),
                    ),
                },
            }
        }
    }
}

fn fit(name: &str, variable: &Variable, value: &Value) -> Result<Value, String> {
    if value.is_null() && !variable.nullable {
        return Err(format!("the variable `{name}` cannot be null"));
    }
    convert(value, &variable.shape).map_err(|message| format!("the value of `{name}` does not fit its type: {message}"))
}

fn unset(document: &Document, name: &str, variable: &Variable, owner: &Owner) -> Problem {
    let problem = Problem::error(format!("the variable `{name}` has no value")).at(variable.span);
    let hint = format!("Set it with `--var {name}=…`, `CLEFCTL_VAR_{name}` or a `default`.");
    match &document.environments {
        Some(environments) => {
            let problem = problem.hint(format!(
                "Set it under `environments: {{{}: …}}`, or {}{}",
                owner.env,
                hint[..1].to_lowercase(),
                &hint[1..]
            ));
            match environments.get(&owner.env) {
                Some(environment) => problem.related(environment.span, "this environment does not set it"),
                None => problem,
            }
        }
        None => problem.hint(hint),
    }
}

fn undeclared(document: &Document, name: &str, who: &str) -> Problem {
    let problem = Problem::error(format!("{who} `{name}`, which is no variable of this stack"));
    match nearest(name, document.variables.keys().map(|name| &**name)) {
        Some(near) => problem.hint(format!("Did you mean `{near}`?")),
        None => problem.hint(format!("Declare it: `variables: {{{name}: {{type: string}}}}`.")),
    }
}

/// What the command line and the process say of variables, the strongest last.
fn given(document: &Document, owner: &Owner, inputs: &Inputs, problems: &mut Vec<Problem>) -> Given {
    let mut given = Given::new();
    let mut unknown = Vec::new();
    let mut take = |name: &str, value: Result<Value, String>, from: String| match value {
        Ok(value) => {
            given.insert(name.to_owned(), (value, from));
        }
        Err(message) => problems.push(match document.variables.get(name) {
            Some(variable) if variable.sensitive => Problem::error(format!("{from} is no value of `{name}`")),
            _ => Problem::error(format!("{from} is no value of `{name}`: {message}")),
        }),
    };
    for (name, text) in &inputs.process_vars {
        // Other stacks may have variables of that name.
        if let Some(variable) = document.variables.get(&**name) {
            take(name, text_value(text, variable, owner), format!("`CLEFCTL_VAR_{name}`"));
        }
    }
    for path in &inputs.var_files {
        let from = format!("`{}`", path.display());
        let entries = match var_file(path) {
            Ok(entries) => entries,
            Err(message) => {
                unknown.push(Problem::error(message).hint("`--var-file` takes a YAML file of `variable: value`."));
                continue;
            }
        };
        for entry in entries {
            let name = &*entry.key.content;
            match document.variables.get(name) {
                Some(variable) => take(name, outside_value(&entry.value, variable, owner), from.clone()),
                None => unknown.push(undeclared(document, name, &format!("{from} sets"))),
            }
        }
    }
    for (name, text) in &inputs.vars {
        match document.variables.get(&**name) {
            Some(variable) => take(name, text_value(text, variable, owner), format!("`--var {name}=…`")),
            None => unknown.push(undeclared(document, name, "`--var` sets")),
        }
    }
    problems.append(&mut unknown);
    given
}

/// Reads the text of a value: as it is for strings, else as YAML or, where that does not fit, as Terraform writes it.
fn text_value(text: &str, variable: &Variable, owner: &Owner) -> Result<Value, String> {
    if variable.shape == Shape::String {
        return Ok(Value::from(text));
    }
    let read = |text: &str| match outside(text)? {
        None => Ok(Value::Null),
        Some(node) => outside_value(&node, variable, owner),
    };
    let value = read(text);
    let fits =
        |value: &Result<Value, String>| value.as_ref().is_ok_and(|value| convert(value, &variable.shape).is_ok());
    if fits(&value) {
        return value;
    }
    // A quoted scalar that is one expression.
    let expression = read(&Value::from(format!("${{{text}}}")).to_string());
    if fits(&expression) { expression } else { value }
}

/// Reads YAML that comes from outside of the stack; an error says what is wrong and in which line.
fn outside(text: &str) -> Result<Option<Node>, String> {
    let (node, problems) = yaml::parse(OUTSIDE, text);
    let Some(problem) = problems.into_iter().find(Problem::is_error) else { return Ok(node) };
    let start = problem.span.map_or(0, |span| (span.start as usize).min(text.len()));
    let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
    Err(if text.contains('\n') { format!("line {line}: {}", problem.message) } else { problem.message })
}

fn outside_value(node: &Node, variable: &Variable, owner: &Owner) -> Result<Value, String> {
    let mut problems = Vec::new();
    let tree = Tree::read(node, &mut problems);
    match problems.into_iter().next() {
        Some(problem) => Err(problem.message),
        None => plain::value(&tree, &variable.shape, owner).map_err(|problem| problem.message),
    }
}

/// The file id of texts that are no files of the stack.
const OUTSIDE: FileId = FileId(u32::MAX);

/// The entries of a file of variables.
fn var_file(path: &Path) -> Result<Vec<Entry>, String> {
    let name = path.display();
    let node = outside(&read_text(path)?).map_err(|message| format!("`{name}`, {message}"))?;
    match node.map(|node| node.value) {
        None | Some(NodeValue::Null) => Ok(Vec::new()),
        Some(NodeValue::Map(entries)) => Ok(entries),
        Some(_) => Err(format!("`{name}` is no mapping of variables to values")),
    }
}
