//! Colours, widths and the wrapping of prose.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

/// What is made.
pub(super) const ADD: Style = AnsiColor::Green.on_default();
/// What goes.
pub(super) const REMOVE: Style = AnsiColor::Red.on_default();
/// What changes.
pub(super) const CHANGE: Style = AnsiColor::Yellow.on_default();
/// What takes the place of another.
pub(super) const REPLACE: Style = AnsiColor::Magenta.on_default();
/// What stays, but is owned or called otherwise.
pub(super) const KEEP: Style = AnsiColor::Cyan.on_default();
/// What matters.
pub(super) const STRONG: Style = Style::new().bold();
/// What matters less.
pub(super) const FAINT: Style = Style::new().dimmed();
/// What must not be overlooked.
pub(super) const ALARM: Style = AnsiColor::Red.on_default().bold();
/// What is worth a look.
pub(super) const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// What went well.
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();

/// How wide the output may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Columns, at least 40.
    pub width: usize,
    /// Lines; of a pipe as many as there are.
    pub height: usize,
    /// Whether a person's terminal is at the other end; only then a value is broken into two lines.
    pub terminal: bool,
}

impl Layout {
    /// A terminal with that many columns; fewer than 40 are taken as 40.
    #[must_use]
    pub fn terminal(width: usize) -> Self {
        Self { width: width.max(40), height: 24, terminal: true }
    }

    /// A pipe or file: prose in 80 columns, values never broken.
    #[must_use]
    pub fn pipe() -> Self {
        Self { width: 80, height: usize::MAX, terminal: false }
    }
}

/// Text in a style.
pub(super) fn paint(style: Style, text: impl fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The columns that a text without line breaks takes, colours not counted.
pub(super) fn columns(text: &str) -> usize {
    plain(text).width()
}

/// The text without colours.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if text.contains('\u{1b}') { Cow::Owned(anstream::adapter::strip_str(text).to_string()) } else { text.into() }
}

/// Makes a text that came from outside harmless for a terminal: control characters, and those which turn the
/// direction of writing, are shown as their codes. Tabs and line breaks stay.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(harmful) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if harmful(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out.into()
}

/// Breaks prose into lines: the first begins with `first`, the others with as many blanks as `first` has columns.
pub(super) fn wrap(first: &str, prose: &str, layout: Layout) -> String {
    let hang = " ".repeat(columns(first));
    let room = layout.width.saturating_sub(columns(first)).max(20);
    let options = textwrap::Options::new(room).break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation);
    let mut out = String::new();
    for (i, line) in textwrap::wrap(prose, options).iter().enumerate() {
        let lead = if i == 0 { first } else { &hang };
        out.push_str(format!("{lead}{line}").trim_end());
        out.push('\n');
    }
    out
}

/// Cuts a text to so many columns; what was cut ends in `…`.
pub(super) fn cut(text: &str, room: usize) -> Cow<'_, str> {
    if text.width() <= room {
        return text.into();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if used > room {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out.into()
}

/// Fills a text up with blanks to so many columns.
pub(super) fn pad(text: &str, room: usize) -> String {
    format!("{text}{}", " ".repeat(room.saturating_sub(columns(text))))
}

/// A duration as a person says it: `0.4 s`, `12 s`, `1 min 05 s`, `2 h 03 min`.
pub(super) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if time < Duration::from_millis(9950) {
        format!("{:.1} s", time.as_secs_f64())
    } else if seconds < 60 {
        format!("{seconds} s")
    } else if seconds < 3600 {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    } else {
        format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60)
    }
}

/// A number with its noun: `1 change`, `2 changes`.
pub(super) fn count(n: usize, noun: &str) -> String {
    match (n, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{n} {stem}ies"),
        _ => format!("{n} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_cannot_steer_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\r\u{202e}c\n\té"), "a\\u{1b}[2Jb\\u{d}\\u{202e}c\n\té");
        assert!(matches!(clean("Évaluation 漢字"), Cow::Borrowed(_)));
    }

    #[test]
    fn widths_count_columns_not_bytes_or_colours() {
        assert_eq!(columns(&paint(ADD, "é漢字")), 5);
        assert_eq!(cut("漢字漢字", 5), "漢字…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(pad(&paint(ADD, "é"), 3), format!("{}  ", paint(ADD, "é")));
    }

    #[test]
    fn prose_hangs_below_its_first_word() {
        let layout = Layout::terminal(40);
        assert_eq!(
            wrap("next: ", "Elle déplace les sous-réseaux vers une autre zone, puis attend", layout),
            "next: Elle déplace les sous-réseaux vers\n      une autre zone, puis attend\n"
        );
        assert_eq!(wrap("- ", &"x".repeat(60), layout), format!("- {}\n", "x".repeat(60)));
    }

    #[test]
    fn durations_read_as_people_say_them() {
        let of = |ms| duration(Duration::from_millis(ms));
        assert_eq!(
            [of(380), of(9949), of(9960), of(59_999), of(65_000), of(3_599_000), of(7_380_000)],
            ["0.4 s", "9.9 s", "9 s", "59 s", "1 min 05 s", "59 min 59 s", "2 h 03 min"]
        );
    }
}
