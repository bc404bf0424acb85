//! What went wrong: problems of a stack file, and errors of a run.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Which file of the stack: an index into [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FileId(pub u32);

/// A place in a stack file, in bytes of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// The text of one file of the stack.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as the user wrote it, or as an `include` reached it.
    pub name: String,
    /// Its text.
    pub text: Arc<str>,
}

/// All files that a stack was read from, so that positions can be shown.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
    hidden: Vec<Span>,
}

impl Sources {
    /// Adds a file and gives its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        self.files.push(Source { name: name.into(), text: text.into() });
        FileId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    /// The file of that id.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.files.get(id.0 as usize)
    }

    /// Says that the text of a span must never be shown, such as the value of a sensitive variable.
    pub fn hide(&mut self, span: Span) {
        self.hidden.push(span);
    }

    /// The text of a file as it may be shown: what is hidden became asterisks, byte by byte.
    #[must_use]
    pub fn shown(&self, id: FileId) -> Option<Cow<'_, str>> {
        let source = self.get(id)?;
        let mut text = Cow::Borrowed(&*source.text);
        for span in self.hidden.iter().filter(|span| span.file == id) {
            let range = span.start as usize..span.end as usize;
            let Some(secret) = source.text.get(range.clone()) else { continue };
            let mask: String = secret.bytes().map(|b| if b == b'\n' { '\n' } else { '*' }).collect();
            text.to_mut().replace_range(range, &mask);
        }
        Some(text)
    }

    /// All files, the first one first.
    #[must_use]
    pub fn files(&self) -> &[Source] {
        &self.files
    }

    /// File name, line and column (both from 1, the column in characters) of the beginning of a span.
    #[must_use]
    pub fn locate(&self, span: Span) -> Option<(&str, usize, usize)> {
        let source = self.get(span.file)?;
        let before = source.text.get(..span.start as usize)?;
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Some((&source.name, line, column))
    }
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Warning,
    /// Stops the run before anything is changed.
    Error,
}

/// Something wrong in a stack file (or in how it was called), with its place and the way out.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Error or warning.
    pub severity: Severity,
    /// One sentence without a full stop, in lower case unless it begins with a name.
    pub message: String,
    /// Where, if it has a place in a file.
    pub span: Option<Span>,
    /// Words beside the place; may be empty.
    pub label: String,
    /// Other places that matter, with their words.
    pub related: Vec<(Span, String)>,
    /// What to do next, a sentence each.
    pub hints: Vec<String>,
    /// The resource concerned, as a person reads it.
    pub address: Option<String>,
    /// The attribute concerned, as a path inside the resource; empty where the message names what it is about.
    pub attribute: String,
}

impl Problem {
    /// An error without a place yet.
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            span: None,
            label: String::new(),
            related: Vec::new(),
            hints: Vec::new(),
            address: None,
            attribute: String::new(),
        }
    }

    /// A warning without a place yet.
    pub fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message) }
    }

    /// Puts the problem at a place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Puts words beside the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Points to another place.
    #[must_use]
    pub fn related(mut self, span: Span, words: impl Into<String>) -> Self {
        self.related.push((span, words.into()));
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Names the resource concerned.
    #[must_use]
    pub fn address(mut self, address: impl fmt::Display) -> Self {
        self.address = Some(address.to_string());
        self
    }

    /// What it is about, and the message: `web.min_size: it is more than max_size`.
    #[must_use]
    pub fn title(&self) -> String {
        let Self { message, address, attribute, .. } = self;
        match address {
            Some(address) if !attribute.is_empty() => format!("{address}.{attribute}: {message}"),
            Some(address) if !message.contains(&format!("`{address}`")) => format!("{address}: {message}"),
            _ => message.clone(),
        }
    }

    /// Whether it stops the run.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// What sort of failure an [`Error`] is; decides exit code and whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line, a file or the environment is wrong; nothing was called.
    Usage,
    /// The stack does not validate; [`Error::problems`] says where.
    Invalid,
    /// AWS answered with an error that trying again does not mend.
    Aws,
    /// AWS refused for want of permission, or credentials are missing or expired.
    Denied,
    /// AWS asked to slow down, or could not be reached, until our patience ended.
    Unavailable,
    /// A call may or may not have taken effect: its answer never came.
    Ambiguous,
    /// The thing exists already, or belongs to somebody else.
    Conflict,
    /// Something still uses the thing that was to be deleted.
    Blocked,
    /// The thing reached a failed state.
    Failed,
    /// Waiting took longer than the time-out allows.
    Timeout,
    /// The world is no longer what the plan was made for: plan again.
    Stale,
    /// Another run holds the lock.
    Locked,
    /// The run was told to stop.
    Cancelled,
    /// The thing is not there.
    Absent,
    /// A fault of clefctl's own.
    Internal,
}

/// The API call that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// IAM action, such as `ec2:CreateVpc`.
    pub action: String,
    /// AWS's error code, where an answer came.
    pub code: Option<String>,
    /// AWS's request id, where an answer came.
    pub request_id: Option<String>,
}

/// Why something could not be done, and what to do next.
#[derive(Clone, Debug)]
pub struct Error {
    /// The sort of failure.
    pub kind: ErrorKind,
    /// One sentence without a full stop.
    pub message: String,
    /// The resource concerned, as a person reads it.
    pub address: Option<String>,
    /// The API call that failed.
    pub call: Option<Call>,
    /// What to do next, a sentence each.
    pub hints: Vec<String>,
    /// The problems of the stack, for [`ErrorKind::Invalid`].
    pub problems: Vec<Problem>,
}

/// The result of whatever may fail in a run.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Makes an error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), address: None, call: None, hints: Vec::new(), problems: Vec::new() }
    }

    /// A fault of clefctl's own.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// The problems of a stack that does not validate.
    #[must_use]
    pub fn invalid(problems: Vec<Problem>) -> Self {
        let errors = problems.iter().filter(|p| p.is_error()).count();
        let noun = if errors == 1 { "problem" } else { "problems" };
        Self { problems, ..Self::new(ErrorKind::Invalid, format!("the stack has {errors} {noun}")) }
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Names the resource concerned, unless one is named already.
    #[must_use]
    pub fn address(mut self, address: impl fmt::Display) -> Self {
        self.address.get_or_insert_with(|| address.to_string());
        self
    }

    /// Names the API call.
    #[must_use]
    pub fn call(mut self, action: &str, code: Option<String>, request_id: Option<String>) -> Self {
        self.call = Some(Call { action: action.to_owned(), code, request_id });
        self
    }

    /// AWS's error code, where an answer came.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.call.as_ref()?.code.as_deref()
    }
}

/// One line: address, message, call with code and request id.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = &self.address {
            write!(f, "{address}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(call) = &self.call {
            write!(f, " ({}", call.action)?;
            if let Some(code) = &call.code {
                write!(f, ": {code}")?;
            }
            if let Some(id) = &call.request_id {
                write!(f, ", request id {id}")?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
