//! `validate`: what is wrong with a stack, offline.

use std::path::PathBuf;

use clefctl_core::error::{Error, Problem};
use clefctl_core::report;
use serde_json::json;

use super::console::{Console, registry, stack_path};
use super::{Exit, Failure};
use crate::aws::Connection;

const EXAMPLES: &str = "\
Examples:
  clefctl validate                      ./stack.yaml, in all its environments
  clefctl validate stacks/shop --json   for a machine";

/// Finds what is wrong with a stack, offline: nothing is read from AWS.
///
/// Types, names, references, cycles, networks, values: every environment is checked, and all problems are shown.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The stack file, or a folder with a `stack.yaml`.
    stack: Option<PathBuf>,
    /// Prints the problems as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, Failure> {
    let path = stack_path(args.stack.as_deref());
    let loaded = clefctl_core::stack::load(&path);
    let mut problems = loaded.problems;
    let sources = loaded.sources;
    let mut environments = Vec::new();
    if let Some(file) = &loaded.file {
        environments = file.environments();
        let registry = registry(&Connection::new(console.access(None)));
        problems.extend(file.check(&registry, &console.global.inputs()));
    }
    let valid = !problems.iter().any(Problem::is_error);
    if args.json {
        let problems: Vec<_> = problems.iter().map(|p| report::json::problem(p, &sources)).collect();
        let document = json!({
            "format": "clefctl.problems",
            "version": report::json::VERSION,
            "valid": valid,
            "environments": environments,
            "problems": problems,
        });
        console.ui.out.line(&format!("{document:#}"));
        return Ok(if valid { Exit::Done } else { Exit::Failed });
    }
    if !valid {
        return Err(Failure { error: Error::invalid(problems), sources });
    }
    console.warn(&problems, &sources);
    let environments = match environments.as_slice() {
        [] => String::new(),
        [one] => format!(" in its environment {one}"),
        many => format!(" in its environments {}", many.join(", ")),
    };
    console.ui.out.line(&format!("{} is valid{environments}.", path.display()));
    Ok(Exit::Done)
}
