//! `completions`: what a shell needs to complete command lines.

use clap_complete::Shell;

use super::Exit;
use super::console::Console;

const EXAMPLES: &str = "\
Examples:
  clefctl completions bash > ~/.local/share/bash-completion/completions/clefctl
  clefctl completions zsh > ~/.zfunc/_clefctl
  clefctl completions fish > ~/.config/fish/completions/clefctl.fish";

/// Writes the completions of a shell to stdout.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The shell.
    shell: Shell,
}

pub(super) fn run(args: &Args, command: &mut clap::Command, console: &mut Console) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, command, "clefctl", &mut script);
    console.ui.out.write(&String::from_utf8_lossy(&script));
    Exit::Done
}
