//! What is redrawn on a terminal: the sum, what runs for how long, what waits for what.

use std::time::Duration;

use super::track::Track;
use crate::report::style::{FAINT, Layout, STRONG, WARN, clean, columns, cut, duration, pad, paint};
use crate::report::terminal::{Stream, Ui};
use crate::report::words::symbol;

/// Most running steps that are shown.
const RUNNING: usize = 10;
/// Most waiting steps that are shown.
const WAITING: usize = 4;
/// The marks of a thing that turns, ten a second.
const TURNING: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// The lines at the foot of the terminal.
///
/// After each drawing the cursor stands at the beginning of the line below, so that the `^C` that a terminal echoes
/// moves nothing and goes with the next drawing.
#[derive(Debug, Default)]
pub(super) struct Screen {
    drawn: Vec<String>,
}

impl Screen {
    /// Writes a line that stays, above what is redrawn.
    pub(super) fn above(&mut self, stream: &mut Stream, line: &str) {
        let lines = std::mem::take(&mut self.drawn);
        let text = format!("{}{line}\n{}", erase(lines.len()), with_breaks(&lines));
        stream.steer(&text);
        self.drawn = lines;
    }

    /// Draws these lines in place of the ones before.
    pub(super) fn draw(&mut self, stream: &mut Stream, lines: Vec<String>) {
        if lines != self.drawn {
            stream.steer(&format!("{}{}", erase(self.drawn.len()), with_breaks(&lines)));
            self.drawn = lines;
        }
    }

    /// Takes the lines away.
    pub(super) fn clear(&mut self, stream: &mut Stream) {
        self.draw(stream, Vec::new());
    }
}

/// Goes up so many lines, and erases from there to the end of the terminal.
fn erase(lines: usize) -> String {
    if lines == 0 { String::new() } else { format!("\r\u{1b}[{lines}A\u{1b}[J") }
}

fn with_breaks(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// The lines to draw, none wider than the terminal.
pub(in crate::report) fn frame(track: &Track<'_>, now: Duration, layout: Layout) -> Vec<String> {
    let mut out = vec![title(track, now, layout)];
    let running = track.running();
    // What is drawn must fit above the line of the cursor, or going up would not reach its beginning.
    let most = RUNNING.min(layout.height.saturating_sub(WAITING + 5)).max(1);
    let shown = running.get(..most.min(running.len())).unwrap_or_default();
    let names = shown.iter().map(|(id, ..)| columns(&track.address(*id))).max().unwrap_or(0).min(layout.width / 3);
    for (id, since, said) in shown {
        let style = track.step(*id).map_or(("·", FAINT), |(_, change)| symbol(&change.action));
        let address = cut(&clean(&track.address(*id)), names).into_owned();
        let time = duration(now.saturating_sub(*since));
        let doing = track.words(*id).0;
        let tail = format!("{doing} {time}");
        let tail = if said.is_empty() || *said == doing {
            tail
        } else {
            format!("{tail}  {}", clean(said).replace('\n', " "))
        };
        let room = layout.width.saturating_sub(names + 9);
        let mark = pad(&paint(style.1, style.0), 3);
        out.push(format!("  {mark} {}  {}", pad(&paint(STRONG, address), names), cut(&tail, room)));
    }
    if running.len() > most {
        out.push(paint(FAINT, format!("  … and {} more at work", running.len() - most)));
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
#[derive(Debug, Default)]
pub struct Status {
    screen: Screen,
    said: Option<Duration>,
}

impl Status {
    /// Says what is waited for, and for how long at most. `now` is counted from any fixed moment.
    pub fn say(&mut self, ui: &mut Ui, words: &str, left: Option<Duration>, now: Duration) {
        let left = left.map(|left| format!(", {} left", duration(left))).unwrap_or_default();
        let line = format!("{}{left}", clean(words));
        if ui.live {
            let line = cut(&line, ui.err.layout().width.saturating_sub(1)).into_owned();
            self.screen.draw(&mut ui.err, vec![line]);
        } else if self.said.is_none_or(|said| now.saturating_sub(said) >= super::STILL) {
            self.said = Some(now);
            ui.err.line(&line);
        }
    }

    /// Takes the line away.
    pub fn finish(mut self, ui: &mut Ui) {
        self.screen.clear(&mut ui.err);
    }
}
