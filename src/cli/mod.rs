//! The command line: one file per command, each thin.
//!
//! Exit codes: 0 done, 1 an error, 2 changes are planned (`plan --detailed-exitcode`).

mod account;
mod adopt;
mod adoption;
mod apply;
mod carry_out;
mod completions;
mod console;
mod destroy;
mod docs;
mod global;
mod init;
mod output;
mod plan;
mod plan_file;
mod planning;
mod release;
mod sandbox;
mod schema;
mod show;
mod subject;
mod unlock;
mod validate;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clefctl_core::error::{Error, Sources};
use clefctl_core::report::{ColorChoice, Ui, error as error_text, json::Lines};

use console::Console;
use global::Global;

const EXAMPLES: &str = "\
Examples:
  clefctl init                                     begin a stack in this folder
  clefctl validate                                 find what is wrong with it, offline
  clefctl plan -e dev --sandbox                    what would be done, on a simulated account
  clefctl apply -e dev                             do it, in AWS
  clefctl completions bash > /etc/bash_completion.d/clefctl";

/// Declarative AWS infrastructure without a state file.
///
/// A stack is a YAML file. clefctl compares it with what lives in AWS and brings AWS to what it says.
#[derive(Debug, Parser)]
#[command(name = "clefctl", version, max_term_width = 100, after_help = EXAMPLES, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Validate(validate::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    Destroy(destroy::Args),
    Show(show::Args),
    Output(output::Args),
    Adopt(adopt::Args),
    Release(release::Args),
    Unlock(unlock::Args),
    Sandbox(sandbox::Args),
    Docs(docs::Args),
    Schema(schema::Args),
    Completions(completions::Args),
}

/// How a command ended, where it is no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Done, or nothing to do.
    Done,
    /// There is something to do (`plan --detailed-exitcode`).
    Changes,
    /// It has said itself what is wrong.
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Failed => Self::from(1),
            Exit::Changes => Self::from(2),
        }
    }
}

/// Why a command failed, with the files of the stack that its problems point into.
#[derive(Debug)]
struct Failure {
    error: Error,
    sources: Sources,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, sources: Sources::default() }
    }
}

/// Reads the command line, runs the command, and says what went wrong.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => return usage(&answer),
    };
    let color = if cli.global.no_color { ColorChoice::Never } else { ColorChoice::Auto };
    let mut console = Console { ui: Ui::process(color), lines: None, global: cli.global };
    let ended = console.open_lines().map_err(Failure::from).and_then(|()| run(cli.command, &mut console));
    let mut exit = match ended {
        Ok(exit) => exit,
        Err(failure) => {
            console.fail(&failure);
            Exit::Failed
        }
    };
    let written = [console.ui.out.finish(), console.lines.as_mut().map_or(Ok(()), Lines::finish)];
    for error in written.into_iter().filter_map(Result::err) {
        let layout = console.ui.err.layout();
        console.ui.err.write(&error_text(&error, None, &Sources::default(), layout));
        exit = Exit::Failed;
    }
    exit.into()
}

fn run(command: Command, console: &mut Console) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run(&args, console),
        Command::Validate(args) => validate::run(&args, console),
        Command::Plan(args) => plan::run(&args, console),
        Command::Apply(args) => apply::run(&args, console),
        Command::Destroy(args) => destroy::run(&args, console),
        Command::Show(args) => show::run(&args, console),
        Command::Output(args) => output::run(&args, console),
        Command::Adopt(args) => adopt::run(args, console),
        Command::Release(args) => release::run(args, console),
        Command::Unlock(args) => unlock::run(&args, console),
        Command::Sandbox(args) => sandbox::run(&args, console),
        Command::Docs(args) => docs::run(&args, console),
        Command::Schema(args) => Ok(schema::run(&args, console)),
        Command::Completions(args) => Ok(completions::run(&args, &mut Cli::command(), console)),
    }
}

/// Help and version go to stdout; what cannot be understood to stderr, with exit code 1: 2 means changes.
fn usage(answer: &clap::Error) -> ExitCode {
    let never = std::env::args_os().any(|argument| argument == "--no-color");
    let mut ui = Ui::process(if never { ColorChoice::Never } else { ColorChoice::Auto });
    let text = answer.render().ansi().to_string();
    if answer.use_stderr() {
        ui.err.write(&text);
        return ExitCode::from(1);
    }
    ui.out.write(&text);
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_of_the_command_line_agree() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples() {
        for command in Cli::command().get_subcommands().filter(|c| !c.has_subcommands()) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains(&format!("clefctl {}", command.get_name())), "{} has no example", command.get_name());
        }
    }
}
