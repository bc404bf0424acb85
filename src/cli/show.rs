//! `show`: what lives.

use std::path::PathBuf;

use clefctl_core::kind::{Observed, Owner};
use clefctl_core::report;

use super::console::Console;
use super::planning::{Reading, read_alone};
use super::subject::Subject;
use super::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  clefctl show -e dev
  clefctl show -e dev --json
  clefctl show --owner clefcloud/dev --region eu-west-3";

/// Shows everything of a stack that lives in AWS.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The stack file, or a folder with a `stack.yaml`.
    stack: Option<PathBuf>,
    /// Whose things, when there is no file: STACK/ENVIRONMENT.
    #[arg(long, conflicts_with = "stack", value_parser = super::global::owner)]
    owner: Option<Owner>,
    /// Prints it as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, Failure> {
    let subject = Subject::of(console, args.stack.as_deref(), args.owner.as_ref())?;
    let Reading { inventory, sources, .. } = read_alone(console, subject)?;
    console.warn(&inventory.problems, &sources);
    let things: Vec<&Observed> = inventory.things.iter().map(|thing| &**thing).collect();
    let layout = console.ui.out.layout();
    let text =
        if args.json { format!("{:#}\n", report::things_json(&things)) } else { report::things(&things, layout) };
    console.ui.out.write(&text);
    Ok(Exit::Done)
}
