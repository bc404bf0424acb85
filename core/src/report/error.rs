//! Errors of a run as people read them.

use std::fmt::Write;

use super::problem;
use super::style::{ALARM, FAINT, Layout, STRONG, clean, paint, wrap};
use crate::error::{Error, ErrorKind, Sources, Span};

/// What failed, of which resource, where the stack has it (`place`), the API call with AWS's code and request id, and
/// what to do next. Problems of the stack come with their lines.
#[must_use]
pub fn text(error: &Error, place: Option<Span>, sources: &Sources, layout: Layout) -> String {
    let mut out = String::new();
    if !error.problems.is_empty() {
        out.push_str(&problem::each(&error.problems, sources, layout));
        // One problem says all that there is to say.
        if error.kind == ErrorKind::Invalid && error.problems.len() == 1 {
            return out;
        }
        out.push('\n');
    }
    let mut title = clean(&error.message).into_owned();
    if let Some(address) = &error.address {
        title = format!("{}: {title}", paint(STRONG, clean(address)));
    }
    out.push_str(&wrap("", &format!("{} {title}", paint(ALARM, "error:")), layout));
    if let Some((name, line, column)) = place.and_then(|span| sources.locate(span)) {
        fact(&mut out, "stack", &format!("{}:{line}:{column}", clean(name)));
    }
    if let Some(call) = &error.call {
        fact(&mut out, "call", &call.action);
        let code = call.code.as_deref().map(clean);
        let id = call.request_id.as_deref().map(|id| format!("request id {}", clean(id)));
        let answer: Vec<String> = code.map(Into::into).into_iter().chain(id).collect();
        if !answer.is_empty() {
            fact(&mut out, "AWS", &answer.join(", "));
        }
    }
    let own = (error.kind == ErrorKind::Internal)
        .then_some("this is a fault of clefctl's own; please report it with the command that led to it");
    for hint in error.hints.iter().map(String::as_str).chain(own) {
        out.push_str(&wrap(&format!("  {} ", paint(STRONG, "next:")), &clean(hint), layout));
    }
    out
}

fn fact(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "  {} {value}", paint(FAINT, format!("{name}:")));
}
