//! Every stack of `stacks/bad` has exactly the problems of the `.txt` beside it. `UPDATE=1` writes these anew.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use clefctl_core::error::{Problem, Severity, Sources, Span};
use clefctl_core::stack::{Inputs, load};

use crate::kinds::registry;

/// Problems as plain text: place, message, the line with what is meant underlined, other places, hints.
pub(crate) fn render(problems: &[Problem], sources: &Sources, folder: &Path) -> String {
    let mut out = String::new();
    let place = |span: Span| match sources.locate(span) {
        Some((name, line, column)) => {
            let name = Path::new(name).strip_prefix(folder).unwrap_or(Path::new(name)).display().to_string();
            format!("{name}:{line}:{column}")
        }
        None => "-".to_owned(),
    };
    for problem in problems {
        let word = if problem.severity == Severity::Error { "error" } else { "warning" };
        let _ = write!(out, "{word}: {}", problem.message);
        if let Some(address) = &problem.address {
            let _ = write!(out, " [{address}]");
        }
        out.push('\n');
        if let Some(span) = problem.span {
            let _ = writeln!(out, "  --> {}", place(span));
            excerpt(&mut out, sources, span, &problem.label);
        }
        for (span, words) in &problem.related {
            let _ = writeln!(out, "  and {}: {words}", place(*span));
        }
        for hint in &problem.hints {
            let _ = writeln!(out, "  hint: {hint}");
        }
        out.push('\n');
    }
    out
}

fn excerpt(out: &mut String, sources: &Sources, span: Span, label: &str) {
    let Some(source) = sources.get(span.file) else { return };
    let start = source.text[..span.start as usize].rfind('\n').map_or(0, |at| at + 1);
    let line = source.text[start..].lines().next().unwrap_or_default();
    let before = source.text[start..span.start as usize].chars().count();
    let width = source.text[span.start as usize..span.end as usize].lines().next().unwrap_or_default().chars().count();
    let _ = writeln!(out, "    | {line}");
    let marks = format!("    | {}{} {label}", " ".repeat(before), "^".repeat(width.max(1)));
    let _ = writeln!(out, "{}", marks.trim_end());
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stacks/bad")
}

#[test]
fn bad_stacks_have_the_problems_that_are_written_beside_them() {
    let folder = folder();
    let update = std::env::var_os("UPDATE").is_some();
    let mut stacks: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("a folder of bad stacks")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .filter(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('_')))
        .collect();
    stacks.sort();
    assert!(stacks.len() >= 60, "there are {} bad stacks", stacks.len());
    let registry = registry();
    let mut wrong = Vec::new();
    for path in stacks {
        let loaded = load(&path);
        let mut problems = loaded.problems;
        if let Some(file) = &loaded.file {
            problems.extend(file.check(&registry, &Inputs::default()));
        }
        // Where the checkout stands is no part of what is expected.
        let here = format!("{}/", folder.display());
        let found = render(&problems, &loaded.sources, &folder).replace(&here, "");
        let mut said = String::new();
        for problem in &problems {
            let _ = write!(said, "{} {} {:?} ", problem.message, problem.label, problem.hints);
        }
        assert!(!said.contains("hunter"), "{} shows a secret: {said}", path.display());
        let expected = path.with_extension("txt");
        if update {
            fs::write(&expected, &found).expect("the expectation is written");
        } else if fs::read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", path.display()));
        }
        assert!(!problems.is_empty(), "{} has no problem", path.display());
    }
    assert!(wrong.is_empty(), "other problems than expected; UPDATE=1 rewrites them\n{}", wrong.join("\n"));
}

#[test]
fn what_a_sensitive_variable_holds_is_hidden_from_excerpts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stack.yaml");
    let text = "stack: a\nregion: eu-west-3\nvariables:\n  p: {type: string, sensitive: true, default: hunter2}\n\
                environments:\n  dev: {p: hunter3}\n  prod: {}\n";
    std::fs::write(&path, text).unwrap();
    let loaded = clefctl_core::stack::load(&path);
    let shown = loaded.sources.shown(clefctl_core::error::FileId(0)).unwrap();
    assert!(shown.contains("default: *******}") && shown.contains("p: *******}"), "{shown}");
}
