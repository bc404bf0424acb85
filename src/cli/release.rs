//! `release`: lets something go on living without a stack.

use std::path::PathBuf;

use clefctl_core::kind::{Address, Owner};

use super::carry_out::{self, Approval, Deed};
use super::console::Console;
use super::subject::Subject;
use super::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  clefctl release -e prod logs
  clefctl release --owner clefcloud/prod --region eu-west-3 'public[\"a\"]'";

/// Takes the tags of clefctl off a thing: it stays as it is, and is no longer part of the stack.
///
/// Take its entry out of the stack as well, or the next apply wants to create it again.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Which entry of the stack it is.
    #[arg(value_parser = super::planning::address)]
    address: Address,
    /// The stack file, or a folder with a `stack.yaml`.
    #[arg(long)]
    stack: Option<PathBuf>,
    /// Whose it is, when there is no file: STACK/ENVIRONMENT.
    #[arg(long, conflicts_with = "stack", value_parser = super::global::owner)]
    owner: Option<Owner>,
    /// Lets it go without a question.
    #[arg(long)]
    auto_approve: bool,
}

pub(super) fn run(args: Args, console: &mut Console) -> Result<Exit, Failure> {
    let subject = Subject::of(console, args.stack.as_deref(), args.owner.as_ref())?;
    let deed = Deed::Release(args.address);
    carry_out::run(console, subject, &deed, &Approval::of(args.auto_approve), false)
}
