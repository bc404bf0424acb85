//! Runs the cases.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clefctl_core::engine::inventory::Inventory;
use clefctl_core::engine::known::Known;
use clefctl_core::engine::{Options, plan, planned::Planned};
use clefctl_core::error::{Problem, Sources};
use clefctl_core::kind::{Desired, Registry};
use clefctl_core::stack::{Inputs, Stack, load};

use crate::{kinds, live, render};

/// One case, read.
pub(crate) struct Case {
    pub(crate) registry: Registry,
    pub(crate) sources: Sources,
    pub(crate) stack: Arc<dyn Desired>,
    pub(crate) inventory: Inventory,
    pub(crate) options: Options,
}

impl Case {
    /// Reads a case from the texts of its stack file and of `live.yaml`.
    pub(crate) fn read(stack_file: &Path, live_text: &str) -> Result<Self, (Vec<Problem>, Sources)> {
        let registry = kinds::registry();
        let live: live::File = serde_saphyr::from_str(live_text).unwrap();
        let loaded = load(stack_file);
        let errors: Vec<Problem> = loaded.problems.iter().filter(|problem| problem.is_error()).cloned().collect();
        let Some(file) = loaded.file.filter(|_| errors.is_empty()) else { return Err((errors, loaded.sources)) };
        let inputs = Inputs { env: live.env(), ..Inputs::default() };
        let stack: Stack = match file.expand(&registry, &inputs, &Known::new("123456789012")) {
            Ok(stack) => stack,
            Err(problems) => return Err((problems, loaded.sources)),
        };
        let inventory = live.inventory(&registry, &stack.owner);
        let options = live.options();
        Ok(Self { registry, sources: loaded.sources, stack: Arc::new(stack), inventory, options })
    }

    pub(crate) fn plan(&self) -> Result<Planned, Vec<Problem>> {
        plan(&self.stack, &self.inventory, &self.registry, &self.options)
    }

    pub(crate) fn text(&self) -> String {
        match self.plan() {
            Ok(planned) => {
                check(&planned);
                render::plan(&planned.plan, &self.sources)
            }
            Err(problems) => render::problems(&problems, &self.sources),
        }
    }
}

/// What holds for every plan.
fn check(planned: &Planned) {
    let plan = &planned.plan;
    assert_eq!(plan.changes.len(), planned.items.len());
    for step in &plan.steps {
        assert!(step.needs.is_sorted(), "needs are sorted");
        assert!(step.change < plan.changes.len() && step.needs.iter().all(|need| need.0 < plan.steps.len()));
    }
    // Without circles every step gets its turn.
    let mut done = vec![false; plan.steps.len()];
    while let Some(next) = (0..done.len()).find(|&i| !done[i] && plan.steps[i].needs.iter().all(|need| done[need.0])) {
        done[next] = true;
    }
    assert!(done.iter().all(|done| *done), "the steps form a circle");
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans/cases");
    let mut cases: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    cases.sort();
    cases
}

#[test]
fn every_case_plans_as_written() {
    let mut wrong = Vec::new();
    for case in cases() {
        let live = fs::read_to_string(case.join("live.yaml")).unwrap_or_default();
        let text = match Case::read(&case.join("stack.yaml"), &live) {
            Ok(case) => case.text(),
            Err((problems, sources)) => render::problems(&problems, &sources),
        };
        let golden = case.join("plan.txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&golden, &text).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != text {
            wrong.push(format!("== {}\n{text}", case.file_name().unwrap().display()));
        }
    }
    assert!(wrong.is_empty(), "not as in plan.txt (UPDATE=1 rewrites it):\n{}", wrong.join("\n"));
}

/// The same plan comes of a file whose resources stand in another order, and of an inventory in another order.
#[test]
fn order_makes_no_difference() {
    for case in cases() {
        let live = fs::read_to_string(case.join("live.yaml")).unwrap_or_default();
        let Ok(straight) = Case::read(&case.join("stack.yaml"), &live) else { continue };
        let stack = fs::read_to_string(case.join("stack.yaml")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let turned = folder.path().join("stack.yaml");
        fs::write(&turned, reversed(&stack)).unwrap();
        let mut turned = Case::read(&turned, &live).map_err(|(problems, _)| problems).unwrap();
        turned.inventory.things.reverse();
        let places = |text: String| {
            let place = regex_of_places();
            place.replace_all(&text, "").into_owned()
        };
        assert_eq!(places(turned.text()), places(straight.text()), "{}", case.display());
    }
}

fn regex_of_places() -> regex::Regex {
    regex::Regex::new(r" at \d+:\d+").unwrap()
}

/// The resources of a stack file in reverse order: each begins with a name two columns in.
fn reversed(text: &str) -> String {
    let (head, tail) = text.split_once("\nresources:\n").unwrap_or((text, ""));
    let (body, rest) = tail.split_at(tail.find("\n\n").map_or(tail.len(), |end| end + 1));
    let mut resources: Vec<String> = Vec::new();
    for line in body.lines() {
        match resources.last_mut() {
            Some(resource) if line.starts_with("   ") => {
                resource.push_str(line);
                resource.push('\n');
            }
            _ => resources.push(format!("{line}\n")),
        }
    }
    resources.reverse();
    if tail.is_empty() { text.to_owned() } else { format!("{head}\nresources:\n{}{rest}", resources.concat()) }
}
