//! Whatever the documentation shows as a stack is a good one, with the kinds and lookups that there are.

use std::fs;
use std::path::{Path, PathBuf};

use clefctl::aws::{Access, Connection};
use clefctl_core::error::Problem;
use clefctl_core::stack::{self, Inputs};

use crate::conformance::driver::registry;

/// All pages below a folder.
fn pages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
}

/// The blocks of YAML on a page that say anything, each with the line on which it begins.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (n, line) in text.lines().enumerate() {
        match &mut open {
            None if matches!(line.trim(), "```yaml" | "```yml") => open = Some((n + 2, String::new())),
            None => {}
            Some(_) if line.trim() == "```" => found.extend(open.take()),
            Some((_, block)) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found.retain(|(_, block)| block.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')));
    found
}

#[test]
fn every_stack_that_the_documentation_shows_is_a_good_one() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut all = vec![root.join("README.md"), root.join("CONTRIBUTING.md")];
    pages(&root.join("docs"), &mut all);
    let registry = registry(&Connection::new(Access::default()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stack.yaml");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in all {
        for (line, block) in blocks(&fs::read_to_string(&page).unwrap()) {
            seen += 1;
            fs::write(&file, block).unwrap();
            let loaded = stack::load(&file);
            let mut problems = loaded.problems;
            problems.extend(loaded.file.iter().flat_map(|file| file.check(&registry, &Inputs::default())));
            let errors = problems.iter().filter(|problem| problem.is_error());
            wrong.extend(errors.map(|problem: &Problem| format!("{}:{line}: {}", page.display(), problem.message)));
        }
    }
    assert!(seen > 30, "only {seen} blocks");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
