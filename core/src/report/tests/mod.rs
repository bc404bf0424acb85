//! Golden files of what people and machines are told, made from one plan that has everything in it.

mod plan;
mod problem;
mod sample;

use super::style::plain;

/// The text with its colours as readable marks.
fn marked(text: &str) -> String {
    let mut out = text.to_owned();
    for (code, mark) in [
        ("\u{1b}[0m", "⟨/⟩"),
        ("\u{1b}[1m", "⟨bold⟩"),
        ("\u{1b}[2m", "⟨faint⟩"),
        ("\u{1b}[31m", "⟨red⟩"),
        ("\u{1b}[32m", "⟨green⟩"),
        ("\u{1b}[33m", "⟨yellow⟩"),
        ("\u{1b}[35m", "⟨magenta⟩"),
        ("\u{1b}[36m", "⟨cyan⟩"),
    ] {
        out = out.replace(code, mark);
    }
    out
}
