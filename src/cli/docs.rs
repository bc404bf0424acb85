//! `docs`: the reference pages.

use std::fs;
use std::path::{Path, PathBuf};

use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::generate::pages::{self, Page};

use super::console::{Console, registry};
use super::{Exit, Failure};
use crate::aws::Connection;
use crate::examples::example;

const EXAMPLES: &str = "\
Examples:
  clefctl docs                  what there is
  clefctl docs vpc db_instance  the pages of these kinds
  clefctl docs --out site       all pages as Markdown, in a folder";

/// Prints the reference: what a stack can declare and look up, in Markdown.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Kinds or lookups; without any, the index.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Writes all pages into this folder.
    #[arg(long, value_name = "DIR", conflicts_with = "names")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, console: &mut Console) -> std::result::Result<Exit, Failure> {
    let pages = pages::all(&registry(&Connection::new(console.access(None))), &example);
    if let Some(folder) = &args.out {
        for page in &pages {
            write(folder, page)?;
        }
        console.ui.out.line(&format!("{} pages are in {}.", pages.len(), folder.display()));
        return Ok(Exit::Done);
    }
    let mut shown = Vec::new();
    for name in &args.names {
        let before = shown.len();
        let paths = [format!("kinds/{name}.md"), format!("lookups/{name}.md")];
        shown.extend(pages.iter().filter(|page| paths.contains(&page.path)));
        if shown.len() == before {
            return Err(Error::new(ErrorKind::Usage, format!("there is no kind and no lookup `{name}`"))
                .hint("`clefctl docs` says what there is")
                .into());
        }
    }
    if args.names.is_empty() {
        shown.extend(pages.first());
    }
    for (at, page) in shown.into_iter().enumerate() {
        let between = if at == 0 { "" } else { "\n" };
        console.ui.out.write(&format!("{between}{}", page.text));
    }
    Ok(Exit::Done)
}

fn write(folder: &Path, page: &Page) -> Result<()> {
    let path = folder.join(&page.path);
    let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, &page.text));
    made.map_err(|e| {
        Error::new(ErrorKind::Usage, format!("cannot write {}: {e}", path.display()))
            .hint("name a folder after --out that can be written to")
    })
}
