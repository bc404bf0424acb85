//! What is redrawn on a terminal: the sum, what runs for how long, what waits for what.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::track::Track;
use crate::report::style::{FAINT, Layout, STRONG, WARN, clean, columns, cut, duration, pad, paint, plain};
use crate::report::words::symbol;

/// Most running steps that are shown.
const RUNNING: usize = 10;
/// Most waiting steps that are shown.
const WAITING: usize = 4;
/// The marks of a thing that turns, ten a second.
const TURNING: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// The lines at the foot of the terminal.
pub(super) struct Screen {
    bar: ProgressBar,
    layout: Layout,
    color: bool,
}

impl Screen {
    pub(super) fn stderr(layout: Layout, color: bool) -> Self {
        Self { bar: drawn_bar(), layout, color }
    }

    /// Writes a line that stays, above what is redrawn.
    pub(super) fn above(&self, line: &str) {
        self.bar.println(if self.color { line.into() } else { plain(line) });
    }

    pub(super) fn draw(&self, track: &Track<'_>, now: Duration) {
        let frame = frame(track, now, self.layout).join("\n");
        self.bar.set_message(if self.color { frame } else { plain(&frame).into_owned() });
        self.bar.tick();
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn drawn_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // The template is a constant; were it wrong, the crate's own style would draw the message as well.
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    bar
}

/// The lines to draw, none wider than the terminal.
pub(in crate::report) fn frame(track: &Track<'_>, now: Duration, layout: Layout) -> Vec<String> {
    let mut out = vec![title(track, now, layout)];
    let running = track.running();
    let shown = running.get(..RUNNING.min(running.len())).unwrap_or_default();
    let names = shown.iter().map(|(id, ..)| columns(&track.address(*id))).max().unwrap_or(0).min(layout.width / 3);
    for (id, since, said) in shown {
        let style = track.step(*id).map_or(("·", FAINT), |(_, change)| symbol(&change.action));
        let address = cut(&clean(&track.address(*id)), names).into_owned();
        let time = duration(now.saturating_sub(*since));
        let tail = format!("{} {time}", track.words(*id).0);
        let tail = if said.is_empty() { tail } else { format!("{tail}  {}", clean(said).replace('\n', " ")) };
        let room = layout.width.saturating_sub(names + 9);
        let mark = pad(&paint(style.1, style.0), 3);
        out.push(format!("  {mark} {}  {}", pad(&paint(STRONG, address), names), cut(&tail, room)));
    }
    if running.len() > RUNNING {
        out.push(paint(FAINT, format!("  … and {} more at work", running.len() - RUNNING)));
    }
    let waiting = track.waiting();
    for (id, open) in waiting.iter().take(WAITING) {
        let few = open.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        let more = if open.len() > 3 { format!(" and {} more", open.len() - 3) } else { String::new() };
        let text = format!("  … {} waits for {few}{more}", track.address(*id));
        out.push(paint(FAINT, cut(&clean(&text), layout.width.saturating_sub(1))));
    }
    if waiting.len() > WAITING {
        out.push(paint(FAINT, format!("  … and {} more wait", waiting.len() - WAITING)));
    }
    out
}

fn title(track: &Track<'_>, now: Duration, layout: Layout) -> String {
    let turn = usize::try_from(now.as_millis() / 100).unwrap_or(0) % TURNING.len();
    let mark = TURNING.get(turn).copied().unwrap_or_default();
    let doing = match (track.stopping, track.plan.destroy) {
        (true, _) => paint(WARN, "Stopping"),
        (false, true) => "Destroying".to_owned(),
        (false, false) => "Applying".to_owned(),
    };
    let sum = format!("{} of {} steps, {}", track.over(), track.steps.len(), duration(now));
    let owner = cut(&track.plan.owner.to_string(), layout.width / 2).into_owned();
    let text = format!("{mark} {doing} {}: {sum}", paint(STRONG, owner));
    if columns(&text) < layout.width { text } else { format!("{mark} {}", cut(&sum, layout.width.saturating_sub(3))) }
}

/// One line that tells what a run is waiting for before it begins, such as a lock: redrawn on a terminal, elsewhere
/// said at first and then every 30 seconds.
pub struct Status {
    bar: Option<ProgressBar>,
    said: Option<Duration>,
}

impl Status {
    /// Begins.
    #[must_use]
    pub fn new(ui: &crate::report::Ui) -> Self {
        Self { bar: ui.live.then(drawn_bar), said: None }
    }

    /// Says what is waited for, and for how long at most. `now` is counted from any fixed moment.
    pub fn say(&mut self, ui: &mut crate::report::Ui, words: &str, left: Option<Duration>, now: Duration) {
        let left = left.map(|left| format!(", {} left", duration(left))).unwrap_or_default();
        let line = format!("{}{left}", clean(words));
        if let Some(bar) = &self.bar {
            let layout = ui.err.layout();
            bar.set_message(cut(&line, layout.width.saturating_sub(1)).into_owned());
            bar.tick();
        } else if self.said.is_none_or(|said| now.saturating_sub(said) >= super::STILL) {
            self.said = Some(now);
            ui.err.line(&line);
        }
    }

    /// Takes the line away.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
