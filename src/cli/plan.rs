//! `plan`: what an apply would do.

use std::path::PathBuf;

use clefctl_core::report::{self, View};

use super::console::Console;
use super::plan_file;
use super::planning::{Selection, plan_alone};
use super::subject::Subject;
use super::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  clefctl plan -e dev
  clefctl plan stacks/shop -e prod --detailed-exitcode   exit code 2 if there is something to do
  clefctl plan -e prod --out prod.plan                   to be carried out by `clefctl apply prod.plan`
  clefctl plan -e prod --markdown > comment.md           for a pull request
  clefctl plan -e prod --html plan.html                  for everybody else
  clefctl plan -e dev --sandbox                          on the simulated account";

/// Shows what an apply would do. Nothing is changed, not even a lock.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The stack file, or a folder with a `stack.yaml`.
    stack: Option<PathBuf>,
    /// Exit code 2 if there is something to do, 0 if not.
    #[arg(long)]
    detailed_exitcode: bool,
    /// Prints the plan as JSON.
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Prints the plan as a comment for a pull request.
    #[arg(long)]
    markdown: bool,
    /// Keeps the plan in a file; `clefctl apply FILE` carries out exactly that.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Writes the plan as a web page as well.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
}

pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, Failure> {
    let subject = Subject::of_stack(console, args.stack.as_deref())?;
    let options = args.selection.options(false);
    let origin = plan_file::origin(console, args.stack.as_deref(), &subject);
    let ready = plan_alone(console, subject, &options)?;
    let plan = &ready.planned.plan;
    if let Some(lines) = &mut console.lines {
        lines.plan(plan, &ready.sources);
    }
    let facts = ready.facts();
    let view = View { facts: &facts, sources: &ready.sources };
    let layout = console.ui.out.layout();
    let text = if args.json {
        format!("{:#}\n", report::json::plan(plan, &ready.sources))
    } else if args.markdown {
        report::markdown(plan, view)
    } else {
        report::plan(plan, view, layout)
    };
    console.ui.out.write(&text);
    if let Some(file) = &args.html {
        plan_file::write(file, &report::html(plan, view), "--html")?;
    }
    if let Some(file) = &args.out {
        plan_file::save(console, file, origin, &options, &ready)?;
    }
    console.tell_calls(&*ready.account);
    if ready.strays {
        return Ok(Exit::Failed);
    }
    Ok(if args.detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Done })
}
