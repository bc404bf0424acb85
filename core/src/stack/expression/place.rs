//! Where in a stack file the text of a template stands.

use std::ops::Range;

use crate::error::{FileId, Span};

/// Maps bytes of a template's text to a place in the file it was read from.
///
/// The text of a plain or block scalar stands in the file as it is, line by line; that of a scalar with
/// escapes or folded lines does not, and all its positions are then those of the whole scalar.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Place {
    whole: Span,
    /// Pairs of a byte of the text and the byte of the file where a run that stands verbatim begins, in order.
    runs: Vec<(u32, u32)>,
}

impl Place {
    /// The scalar at `span`, whose text does not stand in the file as it is: every position is `span`.
    #[must_use]
    pub fn whole(span: Span) -> Self {
        Self { whole: span, runs: Vec::new() }
    }

    /// A text of `length` bytes that stands in the file as it is, from byte `start` on.
    #[must_use]
    pub fn verbatim(file: FileId, start: u32, length: usize) -> Self {
        let end = start.saturating_add(u32::try_from(length).unwrap_or(u32::MAX));
        Self { whole: Span { file, start, end }, runs: vec![(0, start)] }
    }

    /// The scalar at `span`, whose lines stand in the file as they are: `runs` gives, for the first byte of each
    /// line of the text, the byte of the file (pairs in the order of the text).
    #[must_use]
    pub fn lines(span: Span, runs: Vec<(u32, u32)>) -> Self {
        Self { whole: span, runs }
    }

    /// The place of the whole text.
    #[must_use]
    pub fn span(&self) -> Span {
        self.whole
    }

    /// The place of some bytes of the text.
    #[must_use]
    pub fn at(&self, bytes: Range<usize>) -> Span {
        let first = self.map(bytes.start);
        let last = self.map(bytes.end.saturating_sub(1).max(bytes.start));
        match (first, last) {
            (Some(start), Some(last)) => {
                let end = if bytes.is_empty() { start } else { last.saturating_add(1).max(start) };
                Span { file: self.whole.file, start, end }
            }
            _ => self.whole,
        }
    }

    fn map(&self, byte: usize) -> Option<u32> {
        let byte = u32::try_from(byte).ok()?;
        let (text, file) = self.runs.iter().rev().find(|(text, _)| *text <= byte)?;
        Some(file.saturating_add(byte - text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_each_line_are_found_in_the_file() {
        let file = FileId(1);
        let span = |start, end| Span { file, start, end };
        let verbatim = Place::verbatim(file, 10, 5);
        assert_eq!((verbatim.span(), verbatim.at(1..3)), (span(10, 15), span(11, 13)));
        // Two lines of three bytes, indented by two in the file.
        let lines = Place::lines(span(0, 20), vec![(0, 2), (4, 8)]);
        assert_eq!((lines.at(0..3), lines.at(4..5), lines.at(1..6)), (span(2, 5), span(8, 9), span(3, 10)));
        assert_eq!(Place::whole(span(3, 9)).at(1..2), span(3, 9));
        assert_eq!(verbatim.at(2..2), span(12, 12));
    }
}
