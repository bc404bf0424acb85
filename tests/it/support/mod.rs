//! What the wire tests stand on: an emulated AWS (moto and what it lacks) and an independent client (boto3).

#![allow(dead_code, reason = "a vocabulary for tests: each uses the words it needs")]

mod moto;
pub(crate) mod python;

use std::fs;
use std::path::Path;

pub(crate) use moto::{Fault, Moto};

/// Copies a folder with all below it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The page has `table` between `<!-- mark -->` and `<!-- end -->`; `UPDATE=1 cargo test --test it COMMAND` writes it.
pub(crate) fn assert_table(page: &str, mark: &str, table: &str, command: &str) {
    const END: &str = "<!-- end -->\n";
    let begin = format!("<!-- {mark} -->\n");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once(&begin).expect("where the table begins");
    let (there, tail) = rest.split_once(END).expect("where it ends");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, format!("{head}{begin}{table}{END}{tail}")).unwrap();
    } else {
        assert!(there == table, "{page}: run `UPDATE=1 cargo test --test it {command}`, and commit it\n{table}");
    }
}
