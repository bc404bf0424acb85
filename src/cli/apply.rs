//! `apply`: brings AWS to what the stack says.

use std::path::PathBuf;

use clefctl_core::error::{Error, ErrorKind};

use super::carry_out::{self, Approval, Deed};
use super::console::Console;
use super::plan_file;
use super::planning::Selection;
use super::subject::Subject;
use super::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  clefctl apply -e dev
  clefctl apply -e prod --auto-approve                        in a pipeline
  clefctl apply -e dev --auto-approve --allow-data-loss db    the database may go
  clefctl apply prod.plan                                     what `clefctl plan --out prod.plan` has shown
  clefctl apply -e dev --sandbox                              on the simulated account";

/// Brings AWS to what the stack says: shows the plan, asks, carries it out.
///
/// A plan that was kept by `clefctl plan --out FILE` is carried out without a question, as it was shown, or not at all:
/// where stack, variables or what lives have changed since, nothing is done.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The stack file, a folder with a `stack.yaml`, or a plan that `clefctl plan --out` has kept.
    #[arg(value_name = "STACK|PLAN")]
    stack: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    approval: Approval,
}

pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, Failure> {
    if let Some(saved) = plan_file::open(args.stack.as_deref())? {
        if !args.selection.is_empty() {
            return Err(Error::new(
                ErrorKind::Usage,
                "a saved plan is carried out as it is: --target and --replace are for planning",
            )
            .hint("plan again with them")
            .into());
        }
        let subject = plan_file::subject(console, &saved)?;
        return carry_out::run(console, subject, &Deed::Saved(Box::new(saved)), &args.approval, false);
    }
    let subject = Subject::of_stack(console, args.stack.as_deref())?;
    carry_out::run(console, subject, &Deed::Plan(args.selection.options(false)), &args.approval, false)
}
