//! Who may import whom (`docs/architecture.md`): the `use` lines are read, and an arrow that is not in the table fails.
//! And how long files may grow.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A part, and the parts of its own crate that it may use besides itself.
const CORE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("kind", &["error"]),
    ("stack", &["error", "kind"]),
    ("engine", &["error", "kind"]),
    ("generate", &["kind"]),
    ("simulation", &["error", "kind", "engine"]),
    ("report", &["error", "kind", "engine"]),
];
const ROOT: &[(&str, &[&str])] =
    &[("aws", &[]), ("resources", &["aws"]), ("lookups", &["aws"]), ("cli", &["aws", "resources", "lookups"])];

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Whether a file is only there for tests: these may look at anything.
fn is_test(path: &Path) -> bool {
    let named = |name: &str| matches!(name, "tests" | "testing" | "fixture") || name.ends_with("_tests.rs");
    path.components().any(|part| named(part.as_os_str().to_str().unwrap_or_default()))
        || path.file_name().is_some_and(|name| name == "tests.rs" || name == "rehearsals.rs")
}

/// The arrows of a crate that its table does not have, as `file: line`.
fn forbidden(sources: &Path, table: &[(&str, &[&str])]) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    for (part, may_use) in table {
        let mut files = Vec::new();
        let (folder, file) = (sources.join(part), sources.join(format!("{part}.rs")));
        if folder.is_dir() {
            rust_files(&folder, &mut files);
        }
        if file.is_file() {
            files.push(file);
        }
        assert!(!files.is_empty(), "no part {part} in {}", sources.display());
        for path in files.iter().filter(|path| !is_test(path)) {
            let text = fs::read_to_string(path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
                for (_, rest) in line.match_indices("crate::").map(|(at, _)| line.split_at(at + "crate::".len())) {
                    let target: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    let known = table.iter().any(|(name, _)| *name == target);
                    if known && target != *part && !may_use.contains(&target.as_str()) {
                        wrong.insert(format!("{}: {}", path.display(), line.trim()));
                    }
                }
            }
        }
    }
    wrong
}

#[test]
fn imports_go_downwards_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = forbidden(&root.join("core/src"), CORE);
    wrong.extend(forbidden(&root.join("src"), ROOT));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_what_talks_to_aws_names_an_sdk_crate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("core/src"), &mut files);
    rust_files(&root.join("src/cli"), &mut files);
    let naming: Vec<_> =
        files.into_iter().filter(|path| fs::read_to_string(path).unwrap().contains("aws_sdk_")).collect();
    assert!(naming.is_empty(), "{naming:#?}");
}

#[test]
fn every_kind_is_in_the_list_under_the_name_of_its_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let aws = clefctl::aws::Connection::new(clefctl::aws::Access::default());
    let kinds = clefctl::resources::all(&aws);
    let names: Vec<&str> = kinds.iter().map(|kind| kind.facts().name).collect();
    assert!(names.is_sorted(), "{names:?}");
    for name in &names {
        assert!(root.join(format!("src/resources/{name}.rs")).exists(), "{name} has no file of its name");
    }
    let reserved = clefctl_core::stack::RESOURCE_KEYS;
    for kind in &kinds {
        for attribute in kind.facts().declared.attributes {
            let name = attribute.name;
            assert!(!reserved.contains(&name), "{}.{name} means the same on every resource", kind.facts().name);
        }
    }
}

#[test]
fn files_stay_short_and_a_kind_is_read_in_one_sitting() {
    const MOST: usize = 500;
    const MEDIAN: usize = 250;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "core/src", "macros/src", "tests/it"] {
        rust_files(&root.join(folder), &mut files);
    }
    let lines = |path: &Path| fs::read_to_string(path).unwrap().lines().count();
    let long: Vec<_> = files.iter().filter(|path| lines(path) > MOST).collect();
    assert!(long.is_empty(), "more than {MOST} lines: {long:#?}");

    let aws = clefctl::aws::Connection::new(clefctl::aws::Access::default());
    let kinds = clefctl::resources::all(&aws);
    let file = |kind: &str| root.join(format!("src/resources/{kind}.rs"));
    let mut lengths: Vec<usize> = kinds.iter().map(|kind| lines(&file(kind.facts().name))).collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= MEDIAN, "half of the kinds have more than {median} lines");
}
