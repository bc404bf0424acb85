//! The files that expressions may read: those in the stack's folder.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// The folder of a stack, and where in it relative paths begin.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The stack's folder; `None` for a stack that has none, so that nothing can be read.
    root: Option<PathBuf>,
    /// The folder of the stack file in which the expression stands.
    base: PathBuf,
}

/// The largest file that an expression may read, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

impl Files {
    /// The files in the folder `root` and below; relative paths begin at `base`, a folder in it.
    pub fn new(root: impl Into<PathBuf>, base: impl Into<PathBuf>) -> Self {
        Self { root: Some(root.into()), base: base.into() }
    }

    /// No files at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A path as seen from where relative paths begin.
    #[must_use]
    pub fn beside(&self, path: &str) -> PathBuf {
        self.base.join(path)
    }

    /// Where a path leads, symbolic links resolved; `None` where nothing is there.
    pub(super) fn resolve(&self, path: &str) -> Result<Option<PathBuf>, String> {
        let Some(root) = &self.root else {
            return Err(format!("`{path}` cannot be read: the stack has no folder"));
        };
        let root = root.canonicalize().map_err(|error| format!("the stack's folder cannot be read: {error}"))?;
        let base = self.base.canonicalize().map_err(|error| format!("the stack's folder cannot be read: {error}"))?;
        match base.join(path).canonicalize() {
            Ok(found) if found.starts_with(&root) => Ok(Some(found)),
            Ok(_) => Err(outside(path)),
            // What is outside must not tell whether it is there.
            Err(_) if !normal(&base.join(path)).starts_with(&root) => Err(outside(path)),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(format!("`{path}` cannot be read: {error}")),
        }
    }

    /// The content of a file.
    pub(super) fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let found = self.resolve(path)?.ok_or_else(|| {
            let base = self.base.display();
            format!("there is no file `{path}` (paths are relative to the folder of the stack file, `{base}`)")
        })?;
        let unreadable = |error| format!("`{path}` cannot be read: {error}");
        let about = fs::metadata(&found).map_err(unreadable)?;
        if !about.is_file() {
            return Err(format!("`{path}` is not a file"));
        }
        if about.len() > LARGEST {
            return Err(format!("`{path}` is larger than {} MiB", LARGEST / 1024 / 1024));
        }
        fs::read(&found).map_err(unreadable)
    }

    /// The content of a file of text.
    pub(super) fn text(&self, path: &str) -> Result<String, String> {
        String::from_utf8(self.read(path)?).map_err(|_| format!("`{path}` is not text in UTF-8; use `filebase64`"))
    }
}

fn outside(path: &str) -> String {
    format!("`{path}` is outside the stack's folder; nothing outside it is read")
}

/// The path without `.` and `..`, as far as the text alone tells.
fn normal(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                result.pop();
            }
            other => result.push(other),
        }
    }
    result
}
