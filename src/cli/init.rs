//! `init`: a stack to begin with.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind as Io, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clefctl_core::error::{Error, ErrorKind, Result};

use super::console::Console;
use super::{Exit, Failure};

const EXAMPLES: &str = "\
Examples:
  clefctl init                 an empty stack in this folder
  clefctl init stacks/shop     the same in a new folder
  clefctl init demo --template clefcloud";

/// Writes a stack to begin with. Nothing that exists is ever overwritten.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The folder; made if it is not there.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// What to begin with.
    #[arg(long, value_enum, default_value_t = Template::Empty)]
    template: Template,
}

/// A stack to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Template {
    /// A network of one VPC, with comments.
    Empty,
    /// ClefCloud, a sheet-music application: network, load balancer, servers, database, files, users, DNS.
    Clefcloud,
}

impl Template {
    /// Its files: path below the folder, and text.
    fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Empty => &[("stack.yaml", include_str!("../../stacks/empty/stack.yaml"))],
            Self::Clefcloud => &[
                ("stack.yaml", include_str!("../../stacks/clefcloud/stack.yaml")),
                ("network.yaml", include_str!("../../stacks/clefcloud/network.yaml")),
                ("application.yaml", include_str!("../../stacks/clefcloud/application.yaml")),
                ("database.yaml", include_str!("../../stacks/clefcloud/database.yaml")),
                ("files.yaml", include_str!("../../stacks/clefcloud/files.yaml")),
                ("users.yaml", include_str!("../../stacks/clefcloud/users.yaml")),
                ("delivery.yaml", include_str!("../../stacks/clefcloud/delivery.yaml")),
                ("monitoring.yaml", include_str!("../../stacks/clefcloud/monitoring.yaml")),
                ("README.md", include_str!("../../stacks/clefcloud/README.md")),
                ("templates/server.sh", include_str!("../../stacks/clefcloud/templates/server.sh")),
            ],
        }
    }
}

pub(super) fn run(args: &Args, console: &mut Console) -> std::result::Result<Exit, Failure> {
    let files = args.template.files();
    refuse_existing(&args.folder, files)?;
    for (name, text) in files {
        let path = inside(&args.folder, name);
        write_new(&path, text)?;
        console.ui.out.line(&format!("wrote {}", path.display()));
    }
    let stack = if args.folder == Path::new(".") { String::new() } else { format!(" {}", args.folder.display()) };
    console.ui.out.line(&format!(
        "\nnext: change it as you like, then run `clefctl validate{stack}` and `clefctl plan{stack} -e dev --sandbox`"
    ));
    Ok(Exit::Done)
}

/// The path of a file; without `./`.
fn inside(folder: &Path, name: &str) -> PathBuf {
    if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) }
}

/// All or nothing: where one file exists, none is written.
fn refuse_existing(folder: &Path, files: &[(&str, &str)]) -> Result<()> {
    let there: Vec<String> = files
        .iter()
        .map(|(name, _)| inside(folder, name))
        .filter(|path| path.symlink_metadata().is_ok())
        .map(|path| path.display().to_string())
        .collect();
    if there.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Usage, format!("{} is there already, and is not overwritten", there.join(" and ")))
        .hint("name another folder: clefctl init FOLDER"))
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    let failed = |e: std::io::Error| {
        let why = if e.kind() == Io::AlreadyExists { "it is there already".to_owned() } else { e.to_string() };
        Error::new(ErrorKind::Usage, format!("cannot write {}: {why}", path.display()))
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn below(folder: &Path, prefix: &str, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                below(&path, &format!("{name}/"), found);
            } else {
                found.insert(name);
            }
        }
    }

    #[test]
    fn templates_have_all_files_of_their_stacks() {
        for template in Template::value_variants() {
            let name = template.to_possible_value().unwrap().get_name().to_owned();
            let mut there = BTreeSet::new();
            below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("stacks").join(&name), "", &mut there);
            let written: BTreeSet<String> = template.files().iter().map(|(name, _)| (*name).to_owned()).collect();
            assert_eq!(written, there, "{name}");
        }
    }
}
