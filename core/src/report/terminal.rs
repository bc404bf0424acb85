//! Where output goes: human output to stdout, progress and diagnostics to stderr, events to a file beside them.

use std::io::{self, ErrorKind as Io, IsTerminal, Write};

use super::style::{Layout, plain};
use crate::error::{Error, ErrorKind, Result};

/// What the command line says about colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// Colours on a terminal, unless the environment says otherwise (`NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`, `TERM`).
    #[default]
    Auto,
    /// No colours (`--no-color`).
    Never,
}

impl ColorChoice {
    /// Decides for one stream.
    fn decide(self, terminal: bool, env: &dyn Fn(&str) -> Option<String>) -> bool {
        let set = |name| env(name).filter(|v| !v.is_empty());
        if self == Self::Never || set("NO_COLOR").is_some() {
            return false;
        }
        if set("CLICOLOR_FORCE").is_some_and(|v| v != "0") {
            return true;
        }
        terminal && set("CLICOLOR").as_deref() != Some("0") && set("TERM").as_deref() != Some("dumb")
    }
}

/// One place where text goes.
///
/// A reader that has gone away (`clefctl plan | head`) ends the output quietly; any other failure is kept and told
/// by [`Stream::finish`].
pub struct Stream {
    writer: Box<dyn Write + Send>,
    color: bool,
    layout: Layout,
    closed: bool,
    failure: Option<io::Error>,
}

impl Stream {
    /// A stream into any writer.
    pub fn new(writer: impl Write + Send + 'static, color: bool, layout: Layout) -> Self {
        Self { writer: Box::new(writer), color, layout, closed: false, failure: None }
    }

    /// How wide the output may be.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Whether it takes colours.
    #[must_use]
    pub fn color(&self) -> bool {
        self.color
    }

    /// Writes text as it is, without its colours where the stream takes none.
    pub fn write(&mut self, text: &str) {
        let text = if self.color { text.into() } else { plain(text) };
        self.put(&text);
    }

    /// Writes text that moves the cursor; only for terminals. Colours must be as the stream takes them.
    pub(super) fn steer(&mut self, text: &str) {
        self.put(text);
    }

    fn put(&mut self, text: &str) {
        if self.closed {
            return;
        }
        if let Err(e) = self.writer.write_all(text.as_bytes()).and_then(|()| self.writer.flush()) {
            self.closed = true;
            if e.kind() != Io::BrokenPipe {
                self.failure = Some(e);
            }
        }
    }

    /// Writes a line.
    pub fn line(&mut self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    /// Tells what went wrong with writing, if anything did.
    pub fn finish(&mut self) -> Result<()> {
        match self.failure.take() {
            None => Ok(()),
            Some(e) => Err(Error::new(ErrorKind::Usage, format!("cannot write the output: {e}"))),
        }
    }
}

/// The two streams of a run.
pub struct Ui {
    /// Human output, or the machine form that was asked for.
    pub out: Stream,
    /// Progress and diagnostics.
    pub err: Stream,
    /// Whether stderr is a terminal that can be redrawn.
    pub live: bool,
    /// Whether a person can be asked: stdin and stderr are terminals.
    pub interactive: bool,
}

impl Ui {
    /// The streams of the process.
    #[must_use]
    pub fn process(choice: ColorChoice) -> Self {
        let env = |name: &str| std::env::var(name).ok();
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let width = |terminal: bool| {
            let size = terminal_size::terminal_size_of(io::stderr()).or_else(terminal_size::terminal_size);
            match size {
                _ if !terminal => Layout::pipe(),
                Some((terminal_size::Width(columns), terminal_size::Height(lines))) => {
                    Layout { height: lines.into(), ..Layout::terminal(columns.into()) }
                }
                None => Layout::terminal(80),
            }
        };
        Self {
            out: Stream::new(io::stdout(), choice.decide(out, &env), width(out)),
            err: Stream::new(io::stderr(), choice.decide(err, &env), width(err)),
            live: err && env("TERM").as_deref() != Some("dumb"),
            interactive: io::stdin().is_terminal() && err,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::ColorChoice::{Auto, Never};
    use super::*;
    use crate::report::style::{ADD, paint};

    #[test]
    fn the_environment_decides_about_colours() {
        let on = |choice: ColorChoice, terminal, vars: &[(&str, &str)]| {
            let env = |name: &str| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
            choice.decide(terminal, &env)
        };
        assert!(on(Auto, true, &[]));
        assert!(on(Auto, true, &[("NO_COLOR", "")]), "an empty NO_COLOR says nothing");
        assert!(on(Auto, false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!on(Auto, false, &[]));
        assert!(!on(Auto, true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
        assert!(!on(Auto, true, &[("TERM", "dumb")]));
        assert!(!on(Auto, true, &[("CLICOLOR", "0")]));
        assert!(!on(Never, true, &[("CLICOLOR_FORCE", "1")]));
    }

    #[derive(Clone, Default)]
    struct Into(Arc<Mutex<Vec<u8>>>, Option<Io>);

    impl Write for Into {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.1.map_or_else(|| self.0.lock().unwrap().write(buf), |kind| Err(kind.into()))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stream_without_colours_gets_none() {
        let into = Into::default();
        let mut stream = Stream::new(into.clone(), false, Layout::pipe());
        stream.line(&paint(ADD, "vpc"));
        assert_eq!(*into.0.lock().unwrap(), b"vpc\n");
    }

    #[test]
    fn a_reader_that_left_ends_quietly_and_a_full_disk_does_not() {
        let mut gone = Stream::new(Into(Arc::default(), Some(Io::BrokenPipe)), false, Layout::pipe());
        gone.line("x");
        gone.line("y");
        assert!(gone.finish().is_ok());
        let mut full = Stream::new(Into(Arc::default(), Some(Io::StorageFull)), false, Layout::pipe());
        full.line("x");
        assert!(full.finish().is_err());
    }
}
