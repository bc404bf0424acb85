//! Plans as files: `plan --out FILE`, `apply FILE`.

use std::fs;
use std::path::Path;

use clefctl_core::engine::Options;
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::report::{Origin, Saved};

use super::Failure;
use super::console::{Console, stack_path};
use super::planning::Ready;
use super::subject::Subject;

/// What a plan of the subject is made of.
pub(super) fn origin(console: &Console, stack: Option<&Path>, subject: &Subject) -> Origin {
    Origin {
        stack: stack_path(stack).display().to_string(),
        environment: console.global.env.clone(),
        variables: subject.prepared.as_ref().map(clefctl_core::stack::Prepared::variables).unwrap_or_default(),
    }
}

/// Keeps a plan, and says how it is carried out.
pub(super) fn save(console: &mut Console, file: &Path, origin: Origin, options: &Options, ready: &Ready) -> Result<()> {
    let saved = Saved::new(origin, options, &ready.planned.plan, &ready.sources);
    write(file, &saved.to_text(), "--out")?;
    let name = clefctl_core::report::shell(&file.display().to_string());
    console.ui.err.line(&format!("\nThe plan is kept: `clefctl apply {name}` carries out this and nothing else."));
    Ok(())
}

/// Writes a file that an option names.
pub(super) fn write(file: &Path, text: &str, option: &str) -> Result<()> {
    fs::write(file, text).map_err(|e| {
        Error::new(ErrorKind::Usage, format!("cannot write {}: {e}", file.display()))
            .hint(format!("name a file after {option} in a folder that exists"))
    })
}

/// The saved plan that the command line names; `None` where it names a stack.
pub(super) fn open(path: Option<&Path>) -> Result<Option<Saved>> {
    let text = path.filter(|path| path.is_file()).and_then(|path| fs::read_to_string(path).ok());
    text.and_then(|text| Saved::parse(&text)).transpose()
}

/// The stack of a saved plan, in the environment and with the variables that it had then.
pub(super) fn subject(console: &mut Console, saved: &Saved) -> Result<Subject, Failure> {
    let global = &mut console.global;
    if global.env.is_none() {
        global.env.clone_from(&saved.environment);
    }
    if global.region.is_none() {
        global.region = saved.region().map(str::to_owned);
    }
    let given = global.inputs();
    let is_given =
        |name: &str| given.vars.iter().any(|(other, _)| other == name) || given.process_vars.contains_key(name);
    let before = saved.variables.iter().filter(|(name, _)| !is_given(name));
    global.vars.extend(before.map(|(name, value)| (name.clone(), value.clone())));
    let path = Path::new(&saved.stack);
    let (sources, found) = match Subject::of_stack(console, Some(path)) {
        Ok(subject) => (subject.sources.clone(), Ok(subject)),
        Err(failure) => (failure.sources.clone(), Err(failure)),
    };
    // That the stack is another one comes before what is wrong with it.
    saved.check_sources(&sources)?;
    let subject = found?;
    saved.check_variables(&origin(console, Some(path), &subject).variables)?;
    Ok(subject)
}
