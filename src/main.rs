//! The program.

use std::process::ExitCode;

fn main() -> ExitCode {
    clefctl::cli::main()
}
