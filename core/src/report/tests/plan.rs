//! The plan as people read it.

use super::{marked, plain, sample};
use crate::report::{Layout, plan as text};

#[test]
fn a_rich_plan_in_a_pipe() {
    let (plan, sources) = sample::plan();
    insta::assert_snapshot!(plain(&text(&plan, sample::view(&sources), Layout::pipe())));
}

#[test]
fn a_rich_plan_on_terminals_of_40_and_120_columns() {
    let (plan, sources) = sample::plan();
    for width in [40, 120] {
        let text = text(&plan, sample::view(&sources), Layout::terminal(width));
        insta::assert_snapshot!(format!("plan_terminal_{width}"), plain(&text));
    }
}

#[test]
fn a_rich_plan_in_colours() {
    let (plan, sources) = sample::plan();
    insta::assert_snapshot!(marked(&text(&plan, sample::view(&sources), Layout::terminal(80))));
}

#[test]
fn a_plan_without_changes_says_so() {
    let (mut plan, sources) = sample::plan();
    (plan.changes, plan.warnings) = (Vec::new(), Vec::new());
    let of = |plan: &_| plain(&text(plan, sample::view(&sources), Layout::pipe())).into_owned();
    assert_eq!(
        of(&plan),
        "Plan of clefcloud/prod in account 123456789012, eu-west-3\n\nNo changes. All 42 resources are as the stack says.\n"
    );
    plan.destroy = true;
    assert!(of(&plan).ends_with("No changes. Nothing of this stack lives here.\n"));
}

#[test]
fn nothing_sensitive_is_ever_shown() {
    let (plan, sources) = sample::plan();
    let text = text(&plan, sample::view(&sources), Layout::terminal(120));
    for secret in ["hunter2", "old-secret", "new-secret"] {
        assert!(!text.contains(secret), "{secret} is shown");
    }
    assert!(!text.contains("\u{1b}[2J"), "a control sequence from a value reaches the terminal");
}
