//! Problems with excerpts of the stack.

use super::{marked, plain};
use crate::error::{Problem, Sources, Span};
use crate::report::{Layout, problems as text};

fn place(sources: &Sources, file: u32, needle: &str) -> Span {
    let file = crate::error::FileId(file);
    let start = sources.get(file).unwrap().text.find(needle).unwrap();
    Span { file, start: u32::try_from(start).unwrap(), end: u32::try_from(start + needle.len()).unwrap() }
}

fn sample() -> (Vec<Problem>, Sources) {
    let mut sources = Sources::default();
    let long = format!("  long: {{kind: vpc, description: '{}', cidr_blok: 1}}\n", "très long ".repeat(60));
    sources.add(
        "stack.yaml",
        format!("stack: clefcloud\nregion: eu-west-3\n\nresources:\n  vpc:\n    kind: vpcc\n  été 漢字: {{kind: vpc}}\n{long}"),
    );
    sources.add("network.yaml", "resources:\n  vpc:\n    kind: vpc\n");
    let problems = vec![
        Problem::error("no attribute is called cidr_blok")
            .at(place(&sources, 0, "cidr_blok"))
            .hint("did you mean `cidr_block`?"),
        Problem::error("no kind is called vpcc")
            .at(place(&sources, 0, "vpcc"))
            .label("no such kind")
            .address("vpc")
            .related(place(&sources, 1, "vpc"), "also defined here")
            .hint("did you mean `vpc`?")
            .hint("`clefctl validate` checks all environments"),
        Problem::warning("names match [a-z][a-z0-9_]*").at(place(&sources, 0, "été 漢字")).label("not a name"),
        Problem::error("--var nope: no such variable").hint("the stack declares region and account"),
    ];
    (problems, sources)
}

#[test]
fn problems_are_shown_by_place_with_their_lines() {
    let (problems, sources) = sample();
    insta::assert_snapshot!(plain(&text(&problems, &sources, Layout::pipe())));
}

#[test]
fn problems_fit_a_narrow_terminal() {
    let (problems, sources) = sample();
    insta::assert_snapshot!(plain(&text(&problems, &sources, Layout::terminal(40))));
}

#[test]
fn problems_have_colours() {
    let (problems, sources) = sample();
    insta::assert_snapshot!(marked(&text(&problems, &sources, Layout::terminal(80))));
}

#[test]
fn spans_that_fit_nothing_do_not_panic() {
    let mut sources = Sources::default();
    let file = sources.add("stack.yaml", "é: [\n");
    for (start, end) in [(0, 0), (1, 1), (0, 1), (4, 9), (6, 6), (99, 120), (5, 2)] {
        let problem = Problem::error("x").at(Span { file, start, end });
        assert!(text(&[problem], &sources, Layout::pipe()).contains("error"), "{start}..{end}");
    }
}

#[test]
fn what_is_hidden_is_not_in_the_excerpt() {
    let mut sources = Sources::default();
    sources.add("stack.yaml", "variables:\n  p: {sensitive: true, default: pässword, tipe: string}\n");
    sources.hide(place(&sources, 0, "pässword"));
    let problem = Problem::error("no key is called tipe").at(place(&sources, 0, "tipe"));
    let text = text(&[problem], &sources, Layout::pipe());
    assert!(plain(&text).contains("default: *********, tipe: string}"), "{text}");
}
