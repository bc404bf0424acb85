//! Scalars: what a plain one means, and where the bytes of each stand in the file.

use std::sync::Arc;

use granit_parser::ScalarStyle;

use super::super::expression::Place;
use super::super::node::{NodeValue, Style, Text};
use crate::error::{FileId, Span};

/// What a plain scalar means when it is not text: only `null`, `~`, nothing, `true`, `false` and decimal numbers.
/// YAML 1.1's `yes`, `on`, `1_000`, `0x1F`, `12:30` are text.
pub(super) fn resolve(text: &str) -> Option<NodeValue> {
    match text {
        "" | "~" | "null" => Some(NodeValue::Null),
        "true" => Some(NodeValue::Bool(true)),
        "false" => Some(NodeValue::Bool(false)),
        _ => is_number(text).then(|| NodeValue::Number(text.into())),
    }
}

/// Whether the text is `[-+]digits[.digits][e[-+]digits]`, with a digit on one side of the point at least.
fn is_number(text: &str) -> bool {
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && whole.len() + fraction.len() > 0
        && exponent.is_none_or(|e| !e.is_empty() && digits(e))
}

/// Makes the text of a scalar, with the place of each of its bytes.
pub(super) fn text(file: FileId, source: &str, span: Span, text: &str, style: ScalarStyle) -> Text {
    let raw = source.get(span.start as usize..span.end as usize).unwrap_or_default();
    let place = if style == ScalarStyle::Plain && raw == text {
        Place::verbatim(file, span.start, text.len())
    } else {
        match align(raw, text, style) {
            Some(runs) => Place::lines(span, runs.into_iter().map(|(t, r)| (t, r + span.start)).collect()),
            None => Place::whole(span),
        }
    };
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    };
    Text { content: Arc::from(text), place, style }
}

/// Finds where in the source the bytes of a scalar's text stand: pairs of a byte of the text and a byte of the
/// source where they begin to agree. `None` where the two cannot be brought together.
fn align(raw: &str, text: &str, style: ScalarStyle) -> Option<Vec<(u32, u32)>> {
    let bytes = raw.as_bytes();
    // Skips the quote, or the header line of a block.
    let mut at = match style {
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => 1,
        ScalarStyle::Literal | ScalarStyle::Folded if raw.starts_with(['|', '>']) => raw.find('\n')? + 1,
        _ => 0,
    };
    let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
    let indent = if block { block_indent(raw.get(at..)?, text) } else { 0 };
    let mut line_start = true;
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for (index, c) in text.char_indices() {
        if block && line_start {
            at += bytes.get(at..)?.iter().take(indent).take_while(|b| **b == b' ').count();
        }
        line_start = c == '\n';
        let width = loop {
            let rest = raw.get(at..)?;
            let next = rest.chars().next();
            match (style, next) {
                (ScalarStyle::DoubleQuoted, Some('\\')) => match escape(rest) {
                    // A line continued: nothing of it is in the text.
                    (width, false) => at += width,
                    (width, true) => break width,
                },
                (ScalarStyle::SingleQuoted, Some('\'')) if c == '\'' => break 2,
                (_, Some(n)) if n == c => break n.len_utf8(),
                // A line break that folding made a space; the indentation behind it is skipped with the next one.
                (_, Some('\n' | '\r')) if c == ' ' => break 1,
                (_, Some(n)) if n.is_whitespace() => at += n.len_utf8(),
                // Text may end with line breaks that the source does not show.
                (_, None) if c == '\n' => break 0,
                _ => return None,
            }
        };
        let expected = runs.last().map(|(t, r)| r + u32::try_from(index).unwrap_or(u32::MAX).saturating_sub(*t));
        let here = u32::try_from(at).ok()?;
        if expected != Some(here) {
            runs.push((u32::try_from(index).ok()?, here));
        }
        at += width;
    }
    Some(runs)
}

/// How far the lines of a block scalar are indented.
fn block_indent(raw: &str, text: &str) -> usize {
    let spaces = |line: &str| line.bytes().take_while(|b| *b == b' ').count();
    let line = |s: &str| s.lines().find(|line| !line.trim().is_empty()).map(spaces);
    line(raw).unwrap_or(0).saturating_sub(line(text).unwrap_or(0))
}

/// The width of an escape sequence in double quotes, and whether it stands for a character of the text.
fn escape(rest: &str) -> (usize, bool) {
    match rest.as_bytes().get(1) {
        Some(b'\n') => (2, false),
        Some(b'\r') => (3, false),
        Some(b'x') => (4, true),
        Some(b'u') => (6, true),
        Some(b'U') => (10, true),
        Some(_) => (1 + rest.chars().nth(1).map_or(0, char::len_utf8), true),
        None => (1, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_words_and_decimal_numbers_are_more_than_text() {
        for text in ["yes", "no", "on", "off", "y", "n", "True", "NULL", "0x1F", "1_000", "12:30", ".", "e3", "1e", "."]
        {
            assert_eq!(resolve(text), None, "{text}");
        }
        for text in ["1", "-3", "+4", "15.10", "012", ".5", "5.", "1e3", "1.5E-7"] {
            assert_eq!(resolve(text), Some(NodeValue::Number(text.into())), "{text}");
        }
        assert_eq!(resolve("~"), Some(NodeValue::Null));
        assert_eq!(resolve("true"), Some(NodeValue::Bool(true)));
    }
}
