//! Reads a stack and what it includes from the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::{self, Document, StackFile};
use super::expression::Files;
use super::yaml;
use crate::error::{FileId, Problem, Sources, Span};

/// A stack that was read, with the texts of its files, and what is wrong with it so far.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The stack; `None` where nothing of it could be read.
    pub file: Option<StackFile>,
    /// The texts of the files, for showing places.
    pub sources: Sources,
    /// What is wrong with them.
    pub problems: Vec<Problem>,
}

/// Reads a stack file, or `stack.yaml` in a folder, with what it includes. Nothing is checked against kinds yet.
#[must_use]
pub fn load(path: &Path) -> Loaded {
    let path = if path.is_dir() { path.join("stack.yaml") } else { path.to_owned() };
    let mut loader = Loader { sources: Sources::default(), problems: Vec::new(), folder: folder_of(&path) };
    let mut file = Document::default();
    let read = loader.stack(&path, &mut file);
    for span in file.secrets() {
        loader.sources.hide(span);
    }
    Loaded {
        file: read.then(|| StackFile { document: Arc::new(file) }),
        sources: loader.sources,
        problems: loader.problems,
    }
}

struct Loader {
    sources: Sources,
    problems: Vec<Problem>,
    /// The folder of the stack.
    folder: PathBuf,
}

impl Loader {
    /// Reads the stack file; false where it could not be read at all.
    fn stack(&mut self, path: &Path, file: &mut Document) -> bool {
        let Some(includes) = self.file(path, None, file) else { return false };
        let mut seen = vec![path.to_owned()];
        for (name, span) in includes {
            let path = self.folder.join(&*name);
            if seen.contains(&path) {
                self.problems.push(Problem::error(format!("`{name}` is included twice")).at(span));
                continue;
            }
            self.file(&path, Some(span), file);
            seen.push(path);
        }
        true
    }

    fn file(&mut self, path: &Path, included: Option<Span>, file: &mut Document) -> Option<Vec<(Arc<str>, Span)>> {
        let text = match read_text(path) {
            Ok(text) => text,
            Err(message) => {
                let problem = Problem::error(message);
                self.problems.push(match included {
                    Some(span) => problem.at(span).hint("Paths of `include` are relative to the stack file."),
                    None => problem.hint("Name a stack file, or a folder that has a `stack.yaml`."),
                });
                return None;
            }
        };
        let id = self.sources.add(path.display().to_string(), text.as_str());
        file.files.insert(id, Files::new(&self.folder, folder_of(path)));
        let root = self.yaml(id, &text)?;
        Some(document::read(&root, included.is_some(), file, &mut self.problems))
    }

    fn yaml(&mut self, id: FileId, text: &str) -> Option<super::node::Node> {
        let (root, problems) = yaml::parse(id, text);
        let broken = problems.iter().any(Problem::is_error);
        self.problems.extend(problems);
        if root.is_none() && !broken {
            let start = Span { file: id, start: 0, end: 0 };
            self.problems.push(
                Problem::error("the file says nothing").at(start).hint("Begin with `stack: <name>` and `resources:`."),
            );
        }
        root
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The text of a file, if it is text and not too large; else a sentence.
pub(super) fn read_text(path: &Path) -> Result<String, String> {
    let name = path.display();
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no file `{name}`"),
        _ => format!("`{name}` cannot be read: {error}"),
    };
    let about = fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() {
        return Err(format!("`{name}` is not a file"));
    }
    if about.len() > yaml::MAX_BYTES {
        return Err(format!("`{name}` is larger than {} MiB", yaml::MAX_BYTES >> 20));
    }
    String::from_utf8(fs::read(path).map_err(unreadable)?).map_err(|_| format!("`{name}` is not text in UTF-8"))
}
