//! The functions of the language: Terraform's, by name and meaning.
//!
//! One table, split over files by family. A function sees values without marks; what marks its arguments lend to its
//! result is decided here, once, by how it runs ([`Run`]).

#![expect(clippy::unnecessary_wraps, reason = "all functions of the table have one signature")]

mod arguments;
mod collections;
mod conversion;
mod encoding;
mod format;
mod hashing;
mod networks;
mod numbers;
mod reading;
mod sets;
mod strings;
mod time;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use self::arguments::Arguments;
use super::convert::stripped;
use super::eval::{Evaluation, Marks, Outcome, Scope, fail, fail_with};
use super::suggest::nearest;
use super::syntax::Call;
use crate::error::{Problem, Span};
use crate::kind::{Shape, Value};

/// A function of the language.
pub(super) struct Function {
    pub(super) name: &'static str,
    /// The names of the arguments, as a person reads them; `?` marks those that may be left out, `...` the last one
    /// where it may be repeated.
    pub(super) signature: &'static str,
    pub(super) gives: Gives,
    /// Whether an argument may be null.
    pub(super) nulls: bool,
    pub(super) run: Run,
}

/// The type of a function's result, as far as it is the same for all arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    Any,
    Bool,
    Number,
    String,
    List,
    Strings,
    Map,
}

type Pure = fn(&Arguments<'_>) -> Result<Value, Fault>;

/// How a function runs, and so what marks its result has.
#[derive(Clone, Copy)]
pub(super) enum Run {
    /// Needs everything, to every depth: with anything unknown in an argument the result is unknown, with anything
    /// sensitive it is sensitive.
    Deep(Pure),
    /// Needs the shape of its arguments, and moves their parts as they are: only the marks of an argument itself
    /// count, those of its parts travel with them.
    Shallow(Pure),
    /// Sees the arguments with all their marks.
    Marked(Pure),
    /// Reads files; otherwise as `Deep`.
    Files(fn(&Evaluation<'_>, &Arguments<'_>) -> Result<Value, Fault>),
    /// `try` and `can`: gets its arguments unevaluated.
    Attempt(fn(&Evaluation<'_>, &Call, Span, Option<&Scope<'_>>) -> Outcome),
}

/// Why a function has no result.
#[derive(Debug)]
pub(super) struct Fault {
    /// Which argument is to blame, if one is.
    pub(super) argument: Option<usize>,
    pub(super) message: String,
}

impl<T: Into<String>> From<T> for Fault {
    fn from(message: T) -> Self {
        Self { argument: None, message: message.into() }
    }
}

impl Function {
    const fn new(name: &'static str, signature: &'static str, gives: Gives, run: Run) -> Self {
        Self { name, signature, gives, nulls: false, run }
    }

    const fn with_nulls(self) -> Self {
        Self { nulls: true, ..self }
    }

    /// The fewest arguments, and the most.
    fn counts(&self) -> (usize, usize) {
        let names: Vec<_> = self.signature.split(", ").filter(|name| !name.is_empty()).collect();
        let least = names.iter().filter(|name| !name.ends_with(['?', '.'])).count();
        let most = if self.signature.ends_with("...") { usize::MAX } else { names.len() };
        (least, most)
    }

    /// Whether the function can be called with so many arguments.
    pub(super) fn check_count(&self, given: usize, expand: bool, span: Span) -> Result<(), Problem> {
        let (least, most) = self.counts();
        if given > most || (given < least && !expand) {
            let few = if given < least { "too few" } else { "too many" };
            return Err(Problem::error(format!("{few} arguments for `{}`", self.name))
                .at(span)
                .hint(format!("It is `{}({})`.", self.name, self.signature)));
        }
        Ok(())
    }

    fn shape(&self) -> Shape {
        match self.gives {
            Gives::Any => Shape::Any,
            Gives::Bool => Shape::Bool,
            Gives::Number => Shape::Number,
            Gives::String => Shape::String,
            Gives::List => Shape::List(Box::new(Shape::Any)),
            Gives::Strings => Shape::List(Box::new(Shape::String)),
            Gives::Map => Shape::Map(Box::new(Shape::Any)),
        }
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({})", self.name, self.signature)
    }
}

const FAMILIES: [&[Function]; 10] = [
    collections::FUNCTIONS,
    conversion::FUNCTIONS,
    encoding::FUNCTIONS,
    hashing::FUNCTIONS,
    networks::FUNCTIONS,
    numbers::FUNCTIONS,
    reading::FUNCTIONS,
    sets::FUNCTIONS,
    strings::FUNCTIONS,
    time::FUNCTIONS,
];

static TABLE: LazyLock<BTreeMap<&'static str, &'static Function>> =
    LazyLock::new(|| FAMILIES.into_iter().flatten().map(|function| (function.name, function)).collect());

/// Names and signatures of all functions, by name.
pub fn signatures() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.values().map(|function| (function.name, function.signature))
}

/// Terraform's functions that do not exist here, and what to do instead.
const REFUSED: [(&str, &str); 13] = [
    ("abspath", "Paths are relative to the file they stand in."),
    ("bcrypt", "A plan must not change from run to run; hash outside and pass the hash in a variable."),
    ("filemd5", "Use `md5(file(…))` for a file of text, or `filesha256`."),
    ("filesha1", "Use `sha1(file(…))` for a file of text, or `filesha256`."),
    ("list", "Write `[…]`."),
    ("map", "Write `{…}`."),
    ("pathexpand", "Nothing outside the stack's folder is read."),
    ("plantimestamp", "Nothing reads the clock: pass the time in a variable."),
    ("rsadecrypt", "Nothing is decrypted on the way: use a lookup or a variable."),
    ("templatestring", "Write the template in place, or use `templatefile`."),
    ("timestamp", "Nothing reads the clock: pass the time in a variable."),
    ("uuid", "A plan must not change from run to run; use `uuidv5`."),
    ("uuidv4", "A plan must not change from run to run; use `uuidv5`."),
];

/// The function of that name; a problem with the nearest name where there is none.
pub(super) fn find(name: &str, span: Span) -> Result<&'static Function, Problem> {
    if let Some(function) = TABLE.get(name) {
        return Ok(function);
    }
    let problem = Problem::error(format!("there is no function `{name}`")).at(span);
    Err(match REFUSED.iter().find(|(refused, _)| *refused == name) {
        Some((_, hint)) => problem.hint(*hint),
        None => match nearest(name, TABLE.keys().copied()) {
            Some(near) => problem.hint(format!("Did you mean `{near}`?")),
            None => problem,
        },
    })
}

/// Calls a function.
pub(super) fn call(evaluation: &Evaluation<'_>, call: &Call, span: Span, scope: Option<&Scope<'_>>) -> Outcome {
    let function = call.function;
    if let Run::Attempt(run) = function.run {
        return run(evaluation, call, span, scope);
    }
    let mut marks = Marks::default();
    let mut values = Vec::with_capacity(call.arguments.len());
    let mut spans = Vec::with_capacity(call.arguments.len());
    for (at, argument) in call.arguments.iter().enumerate() {
        let value = evaluation.expr(argument, scope)?;
        if !(call.expand && at + 1 == call.arguments.len()) {
            values.push(value);
            spans.push(argument.span);
            continue;
        }
        match marks.take(&value) {
            Value::Unknown(_) => return Ok(marks.finish(Value::Null, || function.shape())),
            Value::List(items) => {
                spans.resize(spans.len() + items.len(), argument.span);
                values.extend(items.iter().cloned());
            }
            other => return Err(fail(format!("`...` expands a list, not a {}", other.type_name()), argument.span)),
        }
    }
    function.check_count(values.len(), false, span).map_err(Box::new)?;
    if !function.nulls
        && let Some(at) = values.iter().position(Value::is_null)
    {
        let message = format!("`{}` cannot take null", function.name);
        return Err(fail_with(message, spans[at], format!("It is `{}({})`.", function.name, function.signature)));
    }
    for value in &values {
        match function.run {
            Run::Deep(_) | Run::Files(_) => marks.take_all(value),
            Run::Shallow(_) => {
                marks.take(value);
            }
            Run::Marked(_) | Run::Attempt(_) => {}
        }
    }
    if marks.unknown {
        return Ok(marks.finish(Value::Null, || function.shape()));
    }
    let secret = marks.sensitive || values.iter().any(Value::has_sensitive);
    let values: Vec<_> = match function.run {
        Run::Deep(_) | Run::Files(_) => values.into_iter().map(stripped).collect(),
        Run::Shallow(_) => values.iter().map(|value| value.reveal().clone()).collect(),
        Run::Marked(_) | Run::Attempt(_) => values,
    };
    let arguments = Arguments(&values);
    let result = match function.run {
        Run::Deep(run) | Run::Shallow(run) | Run::Marked(run) => run(&arguments),
        Run::Files(run) => run(evaluation, &arguments),
        Run::Attempt(_) => Ok(Value::Null),
    };
    match result {
        Ok(value) => Ok(marks.finish(value, || function.shape())),
        Err(fault) => {
            let place = fault.argument.and_then(|at| spans.get(at)).copied().unwrap_or(span);
            let reason =
                if secret { "an argument does not fit; it is sensitive and not shown" } else { &fault.message };
            Err(fail(format!("`{}`: {reason}", function.name), place))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list of stack-language.md.
    const PAGE: &str = "abs ceil floor max min pow log parseint signum sum chomp endswith format formatlist indent \
        join lower trim trimprefix trimsuffix trimspace regex regexall replace split startswith strcontains strrev \
        substr title upper alltrue anytrue chunklist coalesce coalescelist compact concat contains distinct element \
        flatten index keys length lookup matchkeys merge one range reverse setintersection setproduct setsubtract \
        setunion slice sort sum transpose values zipmap base64encode base64decode base64gzip urlencode jsonencode \
        jsondecode yamlencode yamldecode csvdecode textencodebase64 base64sha256 md5 sha1 sha256 sha512 uuidv5 \
        cidrhost cidrnetmask cidrsubnet cidrsubnets file fileexists fileset filebase64 filesha256 templatefile \
        basename dirname can try tobool tolist tomap tonumber toset tostring type sensitive nonsensitive issensitive \
        timeadd formatdate";

    #[test]
    fn every_function_of_the_language_is_there_and_no_other() {
        let page: std::collections::BTreeSet<_> = PAGE.split_whitespace().collect();
        assert_eq!(TABLE.keys().copied().collect::<std::collections::BTreeSet<_>>(), page);
        assert_eq!(TABLE.len(), FAMILIES.iter().map(|family| family.len()).sum::<usize>(), "a name is there twice");
    }

    #[test]
    fn signatures_say_how_many_arguments_there_may_be() {
        let counts = |name: &str| TABLE[name].counts();
        assert_eq!(counts("range"), (1, 3));
        assert_eq!(counts("concat"), (0, usize::MAX));
        assert_eq!(counts("max"), (1, usize::MAX));
        assert_eq!(counts("substr"), (3, 3));
    }
}
