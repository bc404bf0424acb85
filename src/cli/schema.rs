//! `schema`: the JSON Schema of stack files, for editors.

use clefctl_core::generate::schema;

use super::Exit;
use super::console::{Console, registry};
use crate::aws::Connection;

const EXAMPLES: &str = "\
Examples:
  clefctl schema > clefctl.schema.json

Then say in the first line of a stack, or in the settings of the editor, where it is:
  # yaml-language-server: $schema=clefctl.schema.json";

/// Prints the JSON Schema of stack files, with which editors complete names and show the manual.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, console: &mut Console) -> Exit {
    let schema = schema::schema(&registry(&Connection::new(console.access(None))));
    console.ui.out.line(&format!("{schema:#}"));
    Exit::Done
}
