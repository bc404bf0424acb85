//! `apply`: brings AWS to what the stack says.

use std::path::PathBuf;

use super::carry_out::{self, Approval, Deed};
use super::console::Console;
use super::planning::Selection;
use super::subject::Subject;
use super::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  clefctl apply -e dev
  clefctl apply -e prod --auto-approve                        in a pipeline
  clefctl apply -e dev --auto-approve --allow-data-loss db    the database may go
  clefctl apply -e dev --sandbox                              on the simulated account";

/// Brings AWS to what the stack says: shows the plan, asks, carries it out.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The stack file, or a folder with a `stack.yaml`.
    stack: Option<PathBuf>,
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    approval: Approval,
}

pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, Failure> {
    let subject = Subject::of_stack(console, args.stack.as_deref())?;
    carry_out::run(console, subject, &Deed::Plan(args.selection.options(false)), &args.approval, false)
}
