//! `adopt`: takes something that lives into a stack.

use std::path::PathBuf;

use clefctl_core::kind::Address;

use super::adoption::Adoption;
use super::carry_out::{self, Approval, Deed};
use super::console::Console;
use super::subject::Subject;
use super::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  clefctl adopt -e prod vpc vpc-0a1b2c3d
  clefctl adopt -e prod 'public[\"a\"]' subnet-0a1b2c3d --stack stacks/shop";

/// Takes a thing that lives in AWS into the stack: shows how it differs from what the stack says, asks, and tags it.
///
/// Nothing but tags is changed; the next apply brings the rest to what the stack says.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Which entry of the stack it is to be.
    #[arg(value_parser = super::planning::address)]
    address: Address,
    /// What AWS calls it: its id, name or ARN.
    id: String,
    /// The stack file, or a folder with a `stack.yaml`.
    #[arg(long)]
    stack: Option<PathBuf>,
    /// Takes it without a question.
    #[arg(long)]
    auto_approve: bool,
}

pub(super) fn run(args: Args, console: &mut Console) -> Result<Exit, Failure> {
    let subject = Subject::of_stack(console, args.stack.as_deref())?;
    let deed = Deed::Adopt(Adoption { address: args.address, id: args.id });
    carry_out::run(console, subject, &deed, &Approval::of(args.auto_approve), false)
}
