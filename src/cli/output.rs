//! `output`: the outputs of a stack.

use std::path::PathBuf;

use clefctl_core::error::{Error, ErrorKind};
use clefctl_core::kind::Output;
use clefctl_core::report;

use super::console::Console;
use super::planning::{Selection, plan_alone};
use super::subject::Subject;
use super::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  clefctl output -e dev
  clefctl output -e dev -r url       the bare text, for scripts
  clefctl output -e dev --json";

/// Shows the outputs of a stack, as what lives gives them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The stack file, or a folder with a `stack.yaml`.
    stack: Option<PathBuf>,
    /// Prints one output: text as it is, anything else as JSON.
    #[arg(short, long, value_name = "NAME", conflicts_with = "json")]
    raw: Option<String>,
    /// Prints all as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, Failure> {
    let subject = Subject::of_stack(console, args.stack.as_deref())?;
    let ready = plan_alone(console, subject, &Selection::default().options(false))?;
    let outputs: Vec<Output> = ready
        .planned
        .plan
        .outputs
        .into_iter()
        .map(|o| Output { name: o.name, value: o.value, description: o.description, sensitive: o.sensitive })
        .collect();
    let layout = console.ui.out.layout();
    let text = match &args.raw {
        Some(name) => format!("{}\n", report::output_raw(find(&outputs, name)?)?),
        None if args.json => format!("{:#}\n", report::outputs_json(&outputs)),
        None => report::outputs(&outputs, layout),
    };
    console.ui.out.write(&text);
    Ok(Exit::Done)
}

fn find<'a>(outputs: &'a [Output], name: &str) -> Result<&'a Output, Error> {
    outputs.iter().find(|output| output.name == name).ok_or_else(|| {
        let names: Vec<&str> = outputs.iter().map(|output| output.name.as_str()).collect();
        let error = Error::new(ErrorKind::Usage, format!("the stack has no output {name}"));
        if names.is_empty() { error } else { error.hint(format!("it has {}", names.join(", "))) }
    })
}
