//! Problems of a stack, with the lines of the file that they are about.

use std::fmt::Write;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet, renderer::DecorStyle};

use super::style::{ALARM, Layout, WARN, clean, count, paint};
use crate::error::{Problem, Severity, Sources, Span};

/// Most columns of a line of the file that are shown.
const LONGEST: usize = 140;

/// All problems, sorted by place, with excerpts, and a line that counts them.
#[must_use]
pub fn text(problems: &[Problem], sources: &Sources, layout: Layout) -> String {
    let mut out = each(problems, sources, layout);
    if problems.len() > 1 {
        let _ = writeln!(out, "\n{}", tally(problems));
    }
    out
}

/// All problems, sorted by place, with excerpts.
pub(super) fn each(problems: &[Problem], sources: &Sources, layout: Layout) -> String {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by_key(|p| (p.span.is_none(), p.span, std::cmp::Reverse(p.severity)));
    let mut out = String::new();
    for problem in sorted {
        out.push_str(&one(problem, sources, layout));
        out.push_str("\n\n");
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// How many errors and warnings there are.
fn tally(problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|p| p.is_error()).count();
    let mut parts = Vec::new();
    if errors > 0 {
        parts.push(paint(ALARM, count(errors, "error")));
    }
    if errors < problems.len() {
        parts.push(paint(WARN, count(problems.len() - errors, "warning")));
    }
    parts.join(", ")
}

fn one(problem: &Problem, sources: &Sources, layout: Layout) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(clean(&problem.title()).into_owned()));
    for element in snippets(problem, sources) {
        group = group.element(element);
    }
    for hint in &problem.hints {
        group = group.element(Level::HELP.message(clean(hint).into_owned()));
    }
    let width = if layout.terminal { layout.width.clamp(40, LONGEST) } else { LONGEST };
    Renderer::styled().decor_style(DecorStyle::Ascii).term_width(width).render(&[group])
}

/// One excerpt per file: the problem's own first.
fn snippets<'a>(problem: &'a Problem, sources: &'a Sources) -> Vec<Element<'a>> {
    let own = problem.span.map(|span| (span, problem.label.as_str(), AnnotationKind::Primary));
    let related = problem.related.iter().map(|(span, words)| (*span, words.as_str(), AnnotationKind::Context));
    let places: Vec<_> = own.into_iter().chain(related).collect();
    let mut files: Vec<_> = Vec::new();
    for (span, ..) in &places {
        if !files.contains(&span.file) {
            files.push(span.file);
        }
    }
    let mut out = Vec::new();
    for file in files {
        let (Some(source), Some(shown)) = (sources.get(file), sources.shown(file)) else { continue };
        let here: Vec<_> = places.iter().filter(|(span, ..)| span.file == file).collect();
        let Some(first) = here.iter().map(|(span, ..)| span.start).min() else { continue };
        // Lines before the first place and behind the last one are left out of what the renderer has to read.
        let from = shown.get(..first as usize).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
        let line = shown.get(..from).map_or(1, |t| t.matches('\n').count() + 1);
        let last = here.iter().map(|(span, ..)| span.end as usize).max().unwrap_or(from);
        let to = shown.get(last..).and_then(|t| t.find('\n')).map_or(shown.len(), |i| last + i);
        let Some(text) = shown.get(from..to) else { continue };
        let mut snippet = Snippet::source(text.to_owned()).path(source.name.as_str()).line_start(line).fold(true);
        for (span, words, kind) in here {
            let range = within(*span, from, text);
            let words = (!words.is_empty()).then(|| clean(words).into_owned());
            snippet = snippet.annotation(kind.span(range).label(words));
        }
        out.push(snippet.into());
    }
    out
}

/// The span's bytes in the excerpt, kept to its first line and to whole characters.
fn within(span: Span, from: usize, text: &str) -> std::ops::Range<usize> {
    let start = text.floor_char_boundary((span.start as usize).saturating_sub(from));
    let line = text.get(start..).map_or(start, |rest| start + rest.find('\n').unwrap_or(rest.len()));
    let end = text.ceil_char_boundary((span.end as usize).saturating_sub(from)).clamp(start, line);
    start..end
}
