//! Golden files of what people and machines are told, made from one plan that has everything in it.

mod error;
mod html;
mod machine;
mod markdown;
mod plan;
mod problem;
mod progress;
mod sample;
mod saved;
mod things;

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

/// A writer whose text a test can read.
#[derive(Clone, Default)]
struct Sheet(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Sheet {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
