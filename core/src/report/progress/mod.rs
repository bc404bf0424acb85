//! What happens while a plan is applied: redrawn on a terminal, plain lines elsewhere, and the words at the end.

mod closing;
mod lines;
mod live;
mod track;

use std::time::Duration;

use super::style::plain;
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
    /// On a terminal.
    screen: Option<Screen>,
}

impl<'p> Progress<'p> {
    /// Begins; draws on the terminal behind stderr if there is one.
    #[must_use]
    pub fn new(plan: &'p Plan, ui: &Ui) -> Self {
        Self { track: Track::new(plan), screen: ui.live.then(Screen::default) }
    }

    /// Takes note of what happened and says so.
    pub fn handle(&mut self, ui: &mut Ui, event: &Event, now: Duration) {
        self.track.take(event, now);
        let detailed = self.screen.is_none();
        if let Some(line) = lines::of(&self.track, event, detailed) {
            self.say(ui, &line);
        }
        self.draw(ui, now);
    }

    /// Lets time pass: redraws, or tells of the steps that take long. To be called several times a second.
    pub fn tick(&mut self, ui: &mut Ui, now: Duration) {
        if self.screen.is_none() {
            for line in lines::still(&mut self.track, now) {
                ui.err.line(&line);
            }
        }
        self.draw(ui, now);
    }

    /// Writes a line above what is drawn.
    fn say(&mut self, ui: &mut Ui, line: &str) {
        match &mut self.screen {
            Some(screen) if ui.err.color() => screen.above(&mut ui.err, line),
            Some(screen) => screen.above(&mut ui.err, &plain(line)),
            None => ui.err.line(line),
        }
    }

    /// Takes the drawing away and gives the words at the end: what was done, what failed and why, what was not begun,
    /// what is where, and how to go on. `place` finds an address in the stack.
    pub fn finish(
        mut self,
        ui: &mut Ui,
        report: &Report,
        place: &dyn Fn(&str) -> Option<Span>,
        sources: &Sources,
        took: Duration,
    ) -> String {
        if let Some(screen) = &mut self.screen {
            screen.clear(&mut ui.err);
        }
        closing::text(&self.track, report, place, sources, ui.err.layout(), took)
    }

    fn draw(&mut self, ui: &mut Ui, now: Duration) {
        let Some(screen) = &mut self.screen else { return };
        let mut lines = live::frame(&self.track, now, ui.err.layout());
        if !ui.err.color() {
            lines = lines.iter().map(|line| plain(line).into_owned()).collect();
        }
        screen.draw(&mut ui.err, lines);
    }
}

pub use live::Status;
#[cfg(test)]
pub(super) use {live::frame, track::Track as Frame};
