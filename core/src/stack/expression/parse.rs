//! From text to hcl-edit's tree, and from its complaints to ours.

use std::sync::LazyLock;

use hcl_edit::expr::Expression;
use hcl_edit::parser::{self, Error};
use hcl_edit::template::Template;
use regex::Regex;

use super::place::Place;
use crate::error::Problem;

/// Reads the text of a scalar.
pub(super) fn template(text: &str, place: &Place) -> Result<Template, Problem> {
    parser::parse_template(text).map_err(|error| problem(text, &error, place))
}

/// Reads an expression that stands without `${` and `}`.
pub(super) fn expression(text: &str, place: &Place) -> Result<Expression, Problem> {
    parser::parse_expr(text).map_err(|error| problem(text, &error, place))
}

/// What IAM policies, shells and their like write in `${…}`: a name with a colon, or one of IAM's three signs.
static FOREIGN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\$\{([A-Za-z_][\w.-]*(/[\w-]+)?:[^:}\n][^}\n]*|[*?$]|[#!]?[A-Z_]+[^}\s]*)\}").ok());

fn problem(text: &str, error: &Error, place: &Place) -> Problem {
    let (offset, message) = (error.location().offset().min(text.len()), error.message());
    let rest = text.get(offset..).unwrap_or_default();
    let here = |message: String| {
        let width = rest.chars().next().map_or(1, char::len_utf8);
        Problem::error(message).at(place.at(offset..offset + width))
    };
    if message.contains("nesting depth") {
        let problem = here("the expression is nested more than 64 levels deep".to_owned());
        return problem.hint("Move parts of it to `locals`.");
    }
    if message.contains("chained binary operators") {
        let problem = here("more than 128 operators follow each other".to_owned());
        return problem.hint("Use `sum`, `join` or `alltrue`, or move parts of it to `locals`.");
    }
    if let Some(start) = opening(text, offset) {
        let whole = text.get(start..).unwrap_or_default();
        let at_start = |message: String, length: usize| Problem::error(message).at(place.at(start..start + length));
        if let Some(found) = FOREIGN.as_ref().and_then(|foreign| foreign.find(whole)) {
            let found = found.as_str();
            return at_start(format!("`{found}` is no expression"), found.len())
                .hint(format!("To keep it as it stands, write `${found}`."));
        }
        if rest.starts_with("%{") {
            return directive(rest, at_start);
        }
        if rest.starts_with("${") {
            let problem = at_start("the expression is not complete".to_owned(), 2);
            return problem.hint("A quote or a bracket in it is not closed.");
        }
        if offset + 1 >= text.len() && message.contains("`}`") && !text.ends_with('}') {
            return at_start("`${` is not closed".to_owned(), 2).hint("Write `}` behind the expression.");
        }
        if rest.starts_with('}') && text.get(start + 2..offset).is_some_and(|inside| inside.trim().is_empty()) {
            return at_start("the expression is empty".to_owned(), offset + 1 - start)
                .hint("To keep `${}` as it stands, write `$${}`.");
        }
    }
    let found = rest.chars().next().filter(|c| !c.is_whitespace());
    let found = found.map_or_else(|| "the end".to_owned(), |c| format!("`{c}`"));
    if rest.starts_with('\'') {
        return here("text stands in double quotes".to_owned()).hint("Write `\"…\"` instead of `'…'`.");
    }
    if message.starts_with("invalid expression") {
        return here(format!("an expression is expected here, not {found}"));
    }
    if message.starts_with("invalid traversal") {
        return here(format!("a name is expected after the dot, not {found}"));
    }
    if message.starts_with("invalid escape") {
        let before = text.get(..offset).and_then(|before| before.char_indices().next_back());
        let (at, escaped) = before.unwrap_or((offset, ' '));
        return Problem::error(format!("there is no escape `\\{escaped}`"))
            .at(place.at(at..offset))
            .hint("Write `\\\\` for a backslash; the escapes are \\n, \\r, \\t, \\\", \\\\, \\uXXXX and \\UXXXXXXXX.");
    }
    match message.strip_prefix("expected ") {
        Some(_) if rest.starts_with('=') && !rest.starts_with("==") => {
            here("`=` does not belong here".to_owned()).hint("Use `==` to compare.")
        }
        Some(expected) => here(format!("{expected} is expected here, not {found}")),
        None => here(message.to_owned()),
    }
}

/// Where the last `${` or `%{` up to the place of an error begins.
fn opening(text: &str, offset: usize) -> Option<usize> {
    let upto = (offset..=offset + 2).rev().find_map(|end| text.get(..end))?;
    upto.rfind("${").max(upto.rfind("%{"))
}

fn directive(rest: &str, at_start: impl Fn(String, usize) -> Problem) -> Problem {
    let end = rest.find('}').map_or(rest.len(), |end| end + 1);
    let whole = rest.get(..end).unwrap_or(rest);
    let word = whole.trim_start_matches(['%', '{', '~', ' ', '\t', '\n']);
    let word = word.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    match word {
        "if" | "for" => at_start(format!("`%{{ {word} }}` has no `%{{ end{word} }}`"), 2),
        "else" | "endif" => at_start(format!("`%{{ {word} }}` has no `%{{ if }}` before it"), whole.len()),
        "endfor" => at_start("`%{ endfor }` has no `%{ for }` before it".to_owned(), whole.len()),
        _ => at_start("`%{` does not begin a directive here".to_owned(), 2)
            .hint("To keep it as it stands, write `%%{`; the directives are if, else, endif, for and endfor."),
    }
}
