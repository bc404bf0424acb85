//! Puts the examples into the program, so that `clefctl docs` shows them wherever it runs.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let examples = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("examples");
    println!("cargo:rerun-if-changed={}", examples.display());
    let mut list = "&[\n".to_owned();
    for (prefix, folder) in [("", examples.clone()), ("lookups/", examples.join("lookups"))] {
        for (name, path) in files(&folder)? {
            let path = path.display().to_string();
            writeln!(list, "    ({:?}, include_str!({path:?})),", format!("{prefix}{name}"))?;
        }
    }
    list.push_str("]\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("examples.rs"), list)?;
    Ok(())
}

/// The YAML files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<(String, PathBuf)>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}
