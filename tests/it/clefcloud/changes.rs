//! Twenty changes that the owner of ClefCloud makes in a year, and what each of them plans, to the last resource.
//! `changes.yaml` is the table.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::Value;

use super::{root, worded};
use crate::support::copy;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    /// What the owner wants.
    what: String,
    env: String,
    /// The file of the stack, the text in it, and what is put in its place.
    #[serde(default)]
    edits: Vec<(String, String, String)>,
    /// Values of variables.
    #[serde(default)]
    vars: Vec<String>,
    /// All that is planned, as `update servers`.
    plans: BTreeSet<String>,
}

/// Replaces a text that must be in a file.
pub(super) fn replace(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{} does not say {from:?}", file.display());
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

/// What a command in `folder` against the simulated account there writes to stdout.
fn clefctl(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clefctl"));
    command.args(arguments).args(["--sandbox", "--sandbox-speed", "100000"]);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_") || name.starts_with("CLEFCTL_")) {
        command.env_remove(name);
    }
    let output = command.current_dir(folder).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn typical_changes_plan_exactly_what_they_mean() {
    let text = fs::read_to_string(root().join("tests/it/clefcloud/changes.yaml")).unwrap();
    let table: Vec<Change> = serde_saphyr::from_str(&text).unwrap();
    assert!(table.len() >= 20, "{}", table.len());
    let applied = tempfile::tempdir().unwrap();
    for env in ["prod", "dev"] {
        copy(&root().join("stacks/clefcloud"), &applied.path().join("stack"));
        clefctl(applied.path(), &["apply", "stack", "--env", env, "--auto-approve"]);
    }
    let mut wrong = Vec::new();
    for change in &table {
        let folder = tempfile::tempdir().unwrap();
        copy(applied.path(), folder.path());
        for (file, from, to) in &change.edits {
            replace(&folder.path().join("stack").join(file), from, to);
        }
        let vars = change.vars.iter().flat_map(|var| ["--var", var]);
        let arguments: Vec<_> = ["plan", "stack", "--json", "--env", &change.env].into_iter().chain(vars).collect();
        let plan: Value = serde_json::from_str(&clefctl(folder.path(), &arguments)).unwrap();
        let changes = plan["changes"].as_array().unwrap().iter();
        let planned: BTreeSet<_> = changes.filter(|change| change["action"] != "nothing").map(worded).collect();
        if planned != change.plans {
            wrong.push(format!("{}: {planned:#?}", change.what));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
