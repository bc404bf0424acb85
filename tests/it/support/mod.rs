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
