//! The rules of the kinds, offline: what each refuses, and that it refuses nothing for want of an id.

use std::fs;
use std::path::Path;
use std::process::Command;

use clefctl::aws::{Access, Connection};
use clefctl_core::error::Problem;
use clefctl_core::kind::Registry;
use clefctl_core::stack::{self, Inputs};
use serde_json::{Value, json};

use super::driver::registry;
use super::{attributes, kinds};

/// `clefctl validate` says of every stack of `rules` what the `.txt` beside it says. `UPDATE=1` writes these anew.
#[test]
fn what_aws_would_refuse_is_refused_before() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/conformance/rules");
    let mut wrong = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let stack = entry.unwrap().path();
        if stack.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_clefctl"));
        let command = command.arg("validate").arg(stack.file_name().unwrap()).current_dir(&folder).env("NO_COLOR", "1");
        let said = String::from_utf8(command.output().unwrap().stderr).unwrap();
        let expected = stack.with_extension("txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(expected, said).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("{}\n{said}", stack.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A good stack stays one while any text in it is not known yet.
#[test]
fn nothing_is_refused_for_being_unknown() {
    let registry = registry(&Connection::new(Access::default()));
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    let mut tried = 0;
    for kind in kinds() {
        for (resource, mut stack) in attributes::stacks(kind) {
            stack["resources"]["not_yet"] = json!({"kind": "vpc", "cidr_block": "10.255.0.0/16"});
            if !refusals(&stack, &registry, folder.path()).is_empty() {
                continue;
            }
            let attributes = registry.kind(kind).unwrap().facts().declared.attributes;
            let declared = &stack["resources"][&resource];
            let roots = attributes.iter().map(|attribute| format!("/{}", attribute.name));
            let texts: Vec<String> = roots.flat_map(|root| texts(declared, root)).collect();
            for path in texts {
                let mut unknown = stack.clone();
                *unknown["resources"][&resource].pointer_mut(&path).unwrap() = json!("${not_yet.id}");
                let found = refusals(&unknown, &registry, folder.path());
                wrong.extend(found.iter().map(|problem| format!("{kind}{path}: {}", problem.title())));
                tried += 1;
            }
        }
    }
    assert!(kinds().len() == 1 || tried > 1000, "only {tried} texts");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What rules of kinds say of a stack; what tables say names no attribute.
fn refusals(stack: &Value, registry: &Registry, folder: &Path) -> Vec<Problem> {
    let path = folder.join("stack.yaml");
    // JSON is YAML.
    fs::write(&path, stack.to_string()).unwrap();
    let loaded = stack::load(&path);
    let mut problems = loaded.file.expect("a stack").check(registry, &Inputs::default());
    problems.retain(|problem| problem.is_error() && !problem.attribute.is_empty());
    problems
}

/// Pointers to all texts below one.
fn texts(within: &Value, pointer: String) -> Vec<String> {
    match within.pointer(&pointer) {
        Some(Value::String(_)) => vec![pointer],
        Some(Value::Array(items)) => (0..items.len()).flat_map(|i| texts(within, format!("{pointer}/{i}"))).collect(),
        Some(Value::Object(map)) => {
            let steps = map.keys().map(|key| key.replace('~', "~0").replace('/', "~1"));
            steps.flat_map(|step| texts(within, format!("{pointer}/{step}"))).collect()
        }
        _ => Vec::new(),
    }
}
