//! What happens while a plan is applied: redrawn on a terminal, plain lines elsewhere, and the words at the end.

mod closing;
mod lines;
mod live;
mod track;

use std::time::Duration;

use super::style::Layout;
use super::terminal::Ui;
use crate::engine::event::{Event, Report};
use crate::engine::plan::Plan;
use crate::error::{Sources, Span};
use live::Screen;
use track::Track;

/// How often a step that takes long is told of where nothing is redrawn.
const STILL: Duration = Duration::from_secs(30);

/// The progress of one apply. Times are counted from its beginning.
pub struct Progress<'p> {
    track: Track<'p>,
    screen: Option<Screen>,
}

impl<'p> Progress<'p> {
    /// Begins; draws on the terminal behind stderr if there is one.
    #[must_use]
    pub fn new(plan: &'p Plan, ui: &Ui) -> Self {
        let screen = ui.live.then(|| Screen::stderr(ui.err.layout(), ui.err.color()));
        Self { track: Track::new(plan), screen }
    }

    /// Takes note of what happened and says so.
    pub fn handle(&mut self, ui: &mut Ui, event: &Event, now: Duration) {
        self.track.take(event, now);
        let detailed = self.screen.is_none();
        if let Some(line) = lines::of(&self.track, event, detailed) {
            match &self.screen {
                Some(screen) => screen.above(&line),
                None => ui.err.line(&line),
            }
        }
        self.draw(now);
    }

    /// Lets time pass: redraws, or tells of the steps that take long. To be called several times a second.
    pub fn tick(&mut self, ui: &mut Ui, now: Duration) {
        if self.screen.is_none() {
            for line in lines::still(&mut self.track, now) {
                ui.err.line(&line);
            }
        }
        self.draw(now);
    }

    /// Writes a line of another's above what is drawn.
    pub fn say(&self, ui: &mut Ui, line: &str) {
        match &self.screen {
            Some(screen) => screen.above(line),
            None => ui.err.line(line),
        }
    }

    /// Takes the drawing away and gives the words at the end: what was done, what failed and why, what was not begun,
    /// what is where, and how to go on. `place` finds an address in the stack.
    pub fn finish(
        self,
        report: &Report,
        place: &dyn Fn(&str) -> Option<Span>,
        sources: &Sources,
        layout: Layout,
        took: Duration,
    ) -> String {
        if let Some(screen) = &self.screen {
            screen.clear();
        }
        closing::text(&self.track, report, place, sources, layout, took)
    }

    fn draw(&self, now: Duration) {
        if let Some(screen) = &self.screen {
            screen.draw(&self.track, now);
        }
    }
}

pub use live::Status;
#[cfg(test)]
pub(super) use {live::frame, track::Track as Frame};
