//! `sandbox`: the simulated account.

use std::path::Path;

use clap::Subcommand;
use clefctl_core::kind::{Address, Observed, Owned, Status, tag};
use clefctl_core::report;
use clefctl_core::simulation::Simulation;

use super::account::{SANDBOX, runtime, simulation};
use super::console::Console;
use super::{Exit, Failure};

const SHOW: &str = "\
Examples:
  clefctl sandbox show
  clefctl sandbox show --json";

const RESET: &str = "\
Examples:
  clefctl sandbox reset";

/// The simulated account of this folder, on which `--sandbox` works.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Shows everything that lives in it, of all owners.
    #[command(after_help = SHOW)]
    Show {
        /// Prints it as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Forgets it.
    #[command(after_help = RESET)]
    Reset,
}

pub(super) fn run(args: &Args, console: &mut Console) -> Result<Exit, Failure> {
    match args.command {
        Command::Show { json } => {
            let runtime = runtime()?;
            // The simulation's clock is the runtime's.
            let _inside = runtime.enter();
            let things = simulation(console)?.everything();
            show(&things, json, console);
        }
        Command::Reset => {
            Simulation::reset(Path::new(SANDBOX))?;
            console.ui.out.line("The simulated account is empty.");
        }
    }
    Ok(Exit::Done)
}

fn show(things: &[Observed], json: bool, console: &mut Console) {
    if json {
        let things: Vec<&Observed> = things.iter().collect();
        console.ui.out.line(&format!("{:#}", report::things_json(&things)));
        return;
    }
    if things.is_empty() {
        console.ui.out.line("The simulated account is empty.");
        return;
    }
    let mut rows: Vec<Vec<String>> = things.iter().map(row).collect();
    rows.sort();
    let layout = console.ui.out.layout();
    console.ui.out.write(&report::table(&["owner", "address", "kind", "id", "region", "status"], &rows, layout));
}

fn row(thing: &Observed) -> Vec<String> {
    let owner = match &thing.owned {
        Owned::Foreign(Some(owner)) => owner.clone(),
        _ => "-".to_owned(),
    };
    let address = thing.tags.get(tag::RESOURCE).and_then(|text| Address::from_tag(text));
    let status = match &thing.status {
        Status::Usable => "usable".to_owned(),
        Status::Pending(word) => format!("pending: {word}"),
        Status::Failed(why) => format!("failed: {why}"),
        Status::Dying(word) => format!("going: {word}"),
    };
    let address = address.map_or_else(|| "-".to_owned(), |(_, address)| address.to_string());
    vec![owner, address, thing.kind.to_owned(), thing.id.clone(), thing.region.clone(), status]
}
