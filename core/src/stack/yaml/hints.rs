//! What to say of YAML that does not mean what its writer meant.

use granit_parser::{ErrorKind, Tag};

use super::super::node::{Node, NodeValue, Text};
use crate::error::{FileId, Problem, Span};

/// The problem of a syntax error at a byte of the file.
pub(super) fn syntax(file: FileId, source: &str, at: usize, kind: &ErrorKind) -> Problem {
    let at = floor(source, at);
    let line = line_at(source, at);
    let span = one_character(file, source, at);
    let problem = Problem::error(match kind {
        ErrorKind::RecursionLimitExceeded => format!("the file nests deeper than {} levels", super::MAX_DEPTH),
        ErrorKind::DirectiveDisallowed => "a stack file takes no YAML directives".to_owned(),
        ErrorKind::UnexpectedCharacter { .. } => format!("{} cannot begin a value", quoted_character(source, at)),
        ErrorKind::CommentInterceptedScalar => "a comment cuts off this text".to_owned(),
        ErrorKind::MissingAnchorOrAliasName => {
            "`*` and `&` stand before names of anchors, and no name follows".to_owned()
        }
        kind => format!("this is no YAML: {kind}"),
    })
    .at(span);
    // The parser notices some mistakes only on the next line.
    let suspects = [line, source[..line.0].trim_end().len().checked_sub(1).map_or(line, |end| line_at(source, end))];
    for (start, end) in suspects {
        let text = &source[start..end];
        let better = quote_templates(text);
        if better.is_none() && !unclosed(text) {
            continue;
        }
        let problem = problem.hint(
            "YAML takes `: `, ` #` and, inside `{}` and `[]`, any of `{ } [ ] ,` for itself: put what holds `${…}` in \
             single quotes.",
        );
        return match better {
            Some(better) => problem.hint(format!("Write this line so: {}", better.trim())),
            None => problem,
        };
    }
    let text = &source[line.0..line.1];
    match kind {
        ErrorKind::MissingAnchorOrAliasName if source[at..].starts_with('*') || text.contains('*') => {
            problem.hint("A value that begins with `*` needs quotes: `'*'`.")
        }
        ErrorKind::UnexpectedCharacter { .. } => problem.hint("Put the value in single quotes."),
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation | ErrorKind::TabInIndentation => {
            problem.hint("Indent with spaces.")
        }
        ErrorKind::InvalidColonPlacement
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence => problem.hint("A `[`, a `{` or a quote before it may be left open."),
        ErrorKind::MappingValueNotAllowed => {
            problem.hint("Put a value that holds `: ` in quotes, or check the indentation of this line.")
        }
        _ => problem,
    }
}

/// The problem of an alias that names no anchor.
pub(super) fn alias(source: &str, span: Span, name: &str) -> Problem {
    let rest = &source[floor(source, span.start as usize)..];
    let written = rest.split(['\n', ',', ']', '}']).next().unwrap_or_default().trim();
    let problem = Problem::error(format!("no anchor is called `{name}`")).at(span);
    problem.hint(format!("If text is meant, write it in quotes: '{written}'."))
}

/// The problem of a YAML tag.
pub(super) fn tag(tag: &Tag, span: Span) -> Problem {
    let written = tag.original();
    let problem = Problem::error(format!("the YAML tag `{written}` means nothing here")).at(span);
    match written.trim_start_matches('!') {
        "Ref" | "GetAtt" => problem.hint("Refer to another resource by its name: `${vpc.id}`."),
        "Sub" => problem.hint("Any text may hold `${…}`; leave out the tag."),
        _ => problem.hint("Leave it out, or put the value in quotes."),
    }
}

/// Looks for `#` where a value was to stand.
pub(super) fn scan(problems: &mut Vec<Problem>, file: FileId, source: &str, root: Option<&Node>) {
    let Some(root) = root else { return };
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        match &node.value {
            NodeValue::List(items) => open.extend(items.iter().rev()),
            NodeValue::Map(entries) => {
                for entry in entries.iter().rev() {
                    if entry.value.is_null() && entry.value.span.start == entry.value.span.end {
                        comment_for_value(problems, file, source, &entry.key);
                    }
                    open.push(&entry.value);
                }
            }
            _ => {}
        }
    }
    problems.sort_by_key(|problem| problem.span);
    problems.dedup();
}

/// The problem of a plain scalar that YAML ends inside a `${`; `None` where it does not.
pub(super) fn cut_off(source: &str, span: Span, text: &str, key: bool) -> Option<Problem> {
    if !unclosed(text) {
        return None;
    }
    let end = floor(source, span.end as usize);
    let line = line_at(source, end);
    let rest = source[end..line.1].trim_start();
    let problem = match (key, rest.starts_with('#')) {
        (true, _) => Problem::error("`: ` ends a key and cuts off this `${`"),
        (false, true) => Problem::error("` #` begins a comment and cuts off this `${`"),
        (false, false) => return None,
    };
    Some(match quote_templates(&source[line.0..line.1]) {
        Some(better) => problem.at(span).hint(format!("Write this line so: {}", better.trim())),
        None => problem.at(span).hint("Put the value in single quotes."),
    })
}

fn comment_for_value(problems: &mut Vec<Problem>, file: FileId, source: &str, key: &Text) {
    let end = floor(source, key.span().end as usize);
    let line = line_at(source, end);
    let rest = &source[end..line.1];
    let Some(hash) = rest.find(" #") else { return };
    if !rest[..hash].trim().trim_start_matches(['"', '\'']).eq(":") {
        return;
    }
    let comment = rest[hash + 1..].trim_end();
    let start = end + hash + 1;
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    problems.push(
        Problem::warning(format!("`{}` has no value: what follows is a comment", key.content))
            .at(Span { file, start: byte(start), end: byte(start + comment.len()) })
            .hint(format!(
                "If it is the value, write '{}'; if none is meant, write null.",
                comment.replace('\'', "''")
            )),
    );
}

/// Whether a `${` or `%{` of the text has no end.
fn unclosed(text: &str) -> bool {
    let mut rest = text;
    while let Some(start) = rest.find(['$', '%']) {
        let tail = &rest[start..];
        if tail.starts_with("$${") || tail.starts_with("%%{") {
            rest = &tail[3..];
        } else if tail[1..].starts_with('{') {
            match template_end(tail) {
                Some(end) => rest = &tail[end..],
                None => return true,
            }
        } else {
            rest = &tail[1..];
        }
    }
    false
}

/// The length of the `${…}` that the text begins with.
fn template_end(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' if depth > 0 => in_string = !in_string,
            '{' if !in_string => depth += 1,
            '}' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The line with every unquoted scalar that holds `${…}` in single quotes; `None` where that changes nothing.
fn quote_templates(line: &str) -> Option<String> {
    let mut out = String::with_capacity(line.len() + 4);
    let (mut rest, mut changed) = (line, false);
    // How deep in `{}` and `[]` of YAML we are.
    let mut flow = 0_usize;
    loop {
        let indent = rest.len() - rest.trim_start().len();
        out.push_str(&rest[..indent]);
        rest = &rest[indent..];
        let Some(c) = rest.chars().next() else { break };
        match c {
            '#' => {
                out.push_str(rest);
                break;
            }
            '{' | '[' => flow += 1,
            '}' | ']' => flow = flow.saturating_sub(1),
            ',' | ':' => {}
            '-' if rest.starts_with("- ") => {}
            '\'' | '"' => {
                let end = rest[1..].find(c).map_or(rest.len(), |end| end + 2);
                out.push_str(&rest[..end]);
                rest = &rest[end..];
                continue;
            }
            _ => {
                let (scalar, tail) = rest.split_at(scalar_end(rest, flow > 0));
                let trimmed = scalar.trim_end();
                if unclosed(trimmed) {
                    return None;
                }
                if trimmed.contains("${") {
                    changed = true;
                    out.push('\'');
                    out.push_str(&trimmed.replace('\'', "''"));
                    out.push('\'');
                    out.push_str(&scalar[trimmed.len()..]);
                } else {
                    out.push_str(scalar);
                }
                rest = tail;
                continue;
            }
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    changed.then_some(out)
}

/// Where a scalar ends that was meant to be one: `${…}` inside it counts as a whole.
fn scalar_end(text: &str, flow: bool) -> usize {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if rest.starts_with("${") {
            at += template_end(rest).unwrap_or(rest.len());
            continue;
        }
        let ends = match c {
            ':' => rest[1..].is_empty() || rest[1..].starts_with(' '),
            '#' => at > 0 && text[..at].ends_with(' '),
            ',' | ']' | '}' => flow,
            _ => false,
        };
        if ends {
            break;
        }
        at += c.len_utf8();
    }
    at
}

fn quoted_character(source: &str, at: usize) -> String {
    source[at..].chars().next().map_or_else(|| "the end of the file".to_owned(), |c| format!("`{c}`"))
}

fn one_character(file: FileId, source: &str, at: usize) -> Span {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let width = source[at..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
    Span { file, start: byte(at), end: byte(at + width) }
}

/// Beginning and end of the line that holds a byte.
fn line_at(source: &str, at: usize) -> (usize, usize) {
    let at = floor(source, at);
    let start = source[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = source[at..].find('\n').map_or(source.len(), |newline| at + newline);
    (start, end.max(start))
}

/// The byte, or the one where the character that holds it begins.
fn floor(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_a_template_is_quoted_and_nothing_else() {
        for (line, want) in [
            ("vpc: {vpc_id: ${vpc.id}}", Some("vpc: {vpc_id: '${vpc.id}'}")),
            ("ids: [${a.id}, b, \"${c}\"]", Some("ids: ['${a.id}', b, \"${c}\"]")),
            ("x: ${a ? {b: 1} : {b: 2}}  # why", Some("x: '${a ? {b: 1} : {b: 2}}'  # why")),
            ("- key: it's ${a}: b", Some("- key: 'it''s ${a}': b")),
            ("x: '${a}'", None),
            ("x: y", None),
        ] {
            assert_eq!(quote_templates(line).as_deref(), want, "{line}");
        }
    }

    #[test]
    fn templates_that_end_are_told_from_those_that_do_not() {
        assert!(unclosed("${a"));
        assert!(unclosed("x ${a} %{ if b"));
        assert!(!unclosed("${a(\"}\")}"));
        assert!(!unclosed("$${a %%{ b"));
    }
}
