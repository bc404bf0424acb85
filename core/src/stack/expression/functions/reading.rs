//! Files of the stack's folder, and their paths.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use globset::GlobBuilder;
use sha2::{Digest, Sha256};

use super::super::eval::Evaluation;
use super::super::names::{Found, Names, Step};
use super::super::place::Place;
use super::super::suggest::unknown_name;
use super::super::template::Template;
use super::arguments::Arguments;
use super::hashing::hex;
use super::{Fault, Function, Gives, Run};
use crate::error::{FileId, Problem, Span};
use crate::kind::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("basename", "path", Gives::String, Run::Deep(basename)),
    Function::new("dirname", "path", Gives::String, Run::Deep(dirname)),
    Function::new("file", "path", Gives::String, Run::Files(file)),
    Function::new("filebase64", "path", Gives::String, Run::Files(filebase64)),
    Function::new("fileexists", "path", Gives::Bool, Run::Files(fileexists)),
    Function::new("filesha256", "path", Gives::String, Run::Files(filesha256)),
    Function::new("fileset", "path, pattern", Gives::Strings, Run::Files(fileset)),
    Function::new("templatefile", "path, variables", Gives::String, Run::Files(templatefile)),
];

/// The last part of a path, as Go's `filepath.Base` gives it.
fn basename(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let path = arguments.text(0)?;
    let trimmed = path.trim_end_matches('/');
    Ok(Value::from(match trimmed.rsplit('/').next() {
        _ if path.is_empty() => ".",
        None | Some("") => "/",
        Some(name) => name,
    }))
}

/// All but the last part of a path, as Go's `filepath.Dir` gives it.
fn dirname(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let path = arguments.text(0)?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match (part, parts.last()) {
            ("..", Some(last)) if *last != ".." => {
                parts.pop();
            }
            ("..", None) if rooted => {}
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    Ok(Value::from(match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }))
}

fn file(evaluation: &Evaluation<'_>, arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::from(evaluation.files.text(&arguments.text(0)?)?))
}

fn filebase64(evaluation: &Evaluation<'_>, arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::from(BASE64.encode(evaluation.files.read(&arguments.text(0)?)?)))
}

fn filesha256(evaluation: &Evaluation<'_>, arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::from(hex(&Sha256::digest(evaluation.files.read(&arguments.text(0)?)?))))
}

fn fileexists(evaluation: &Evaluation<'_>, arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let path = arguments.text(0)?;
    match evaluation.files.resolve(&path)? {
        Some(found) if found.is_dir() => Err(format!("`{path}` is a folder, not a file").into()),
        found => Ok(Value::Bool(found.is_some())),
    }
}

/// The most entries that `fileset` looks at.
const MOST: usize = 100_000;

/// The files in a folder that match a pattern (`*`, `**`, `?`, `[…]`, `{…}`), relative to the folder and sorted.
fn fileset(evaluation: &Evaluation<'_>, arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (path, pattern) = (arguments.text(0)?, arguments.text(1)?);
    let glob = GlobBuilder::new(&pattern)
        .literal_separator(true)
        .empty_alternates(true)
        .build()
        .map_err(|error| Fault::at(1, format!("this is no pattern for files: {}", error.kind())))?
        .compile_matcher();
    let Some(folder) = evaluation.files.resolve(&path)? else { return Ok(Value::list([])) };
    let mut found = Vec::new();
    let mut seen = 0;
    // Links to folders are not followed: they may lead in circles, or out of the stack's folder.
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        let unreadable = |error: std::io::Error| Fault::from(format!("`{path}` cannot be read: {error}"));
        for entry in fs::read_dir(&next).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            seen += 1;
            if seen > MOST {
                return Err(format!("`{path}` has more than {MOST} files").into());
            }
            let kind = entry.file_type().map_err(unreadable)?;
            let place = entry.path();
            if kind.is_dir() {
                folders.push(place);
            } else if let Some(name) = place.strip_prefix(&folder).ok().and_then(Path::to_str)
                && glob.is_match(name)
                && place.is_file()
            {
                found.push(name.to_owned());
            }
        }
    }
    found.sort();
    Ok(Value::list(found.into_iter().map(Value::from)))
}

/// The variables of a template file: all that it can see.
struct Variables<'a>(&'a crate::kind::Map);

impl Names for Variables<'_> {
    fn get(&self, root: &str, steps: &[Step], span: Span) -> Result<Found, Box<Problem>> {
        if let Some(value) = self.0.get(root) {
            return Ok(Found::root(value.clone()));
        }
        let problem = unknown_name(root, steps, span, self.0.keys().map(String::as_str));
        Err(Box::new(problem.hint("A template file sees only the variables that `templatefile` gives it.")))
    }
}

fn templatefile(evaluation: &Evaluation<'_>, arguments: &Arguments<'_>) -> Result<Value, Fault> {
    if evaluation.in_file {
        return Err("a template file cannot render another one".into());
    }
    let (path, variables) = (arguments.text(0)?, arguments.map(1)?);
    let text = evaluation.files.text(&path)?;
    let fault = |problem: &Problem| {
        let start = problem.span.map_or(0, |span| span.start as usize);
        let before = text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let mut message = format!("{path}, line {line}, column {column}: {}", problem.message);
        for hint in &problem.hints {
            let _ = write!(message, " ({})", hint.trim_end_matches('.'));
        }
        Fault::from(message)
    };
    let place = Place::verbatim(FileId(u32::MAX), 0, text.len());
    let template = Template::parse(&text, &place).map_err(|problems| match problems.first() {
        Some(problem) => fault(problem),
        None => Fault::from(format!("{path} cannot be read")),
    })?;
    let names = Variables(variables);
    template.render(&Evaluation::of_file(&names, evaluation.files)).map_err(|problem| fault(&problem))
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
