//! `destroy`: takes everything of a stack out of AWS.

use std::path::PathBuf;

use clefctl_core::kind::Owner;

use super::carry_out::{self, Approval, Deed};
use super::console::Console;
use super::planning::Selection;
use super::subject::Subject;
use super::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  clefctl destroy -e dev
  clefctl destroy --owner clefcloud/dev --region eu-west-3    the stack file is gone
  clefctl destroy -e dev --sandbox --auto-approve";

/// Takes everything of a stack out of AWS: shows the plan, asks, carries it out.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The stack file, or a folder with a `stack.yaml`.
    stack: Option<PathBuf>,
    /// Whose things, when there is no file: STACK/ENVIRONMENT.
    #[arg(long, conflicts_with = "stack", value_parser = super::global::owner)]
    owner: Option<Owner>,
    /// Removes the lock and the note of earlier runs as well, which otherwise stay.
    #[arg(long)]
    forget: bool,
    /// Destroys only this and what depends on it; may be repeated.
    #[arg(long = "target", value_name = "ADDRESS", value_parser = super::planning::address)]
    targets: Vec<clefctl_core::kind::Address>,
    #[command(flatten)]
    approval: Approval,
}

pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, Failure> {
    let subject = Subject::of(console, args.stack.as_deref(), args.owner.as_ref())?;
    let selection = Selection { targets: args.targets.clone(), replace: Vec::new() };
    carry_out::run(console, subject, &Deed::Plan(selection.options(true)), &args.approval, args.forget)
}
