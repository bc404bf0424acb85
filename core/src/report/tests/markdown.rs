//! The plan as a comment.

use super::sample;
use crate::engine::plan::{Action, Reason};
use crate::report::{MARKDOWN_BUDGET, markdown};

#[test]
fn a_rich_plan_as_a_comment() {
    let (plan, sources) = sample::plan();
    insta::assert_snapshot!(markdown(&plan, sample::view(&sources)));
}

#[test]
fn no_plan_breaks_the_budget_and_what_matters_stays() {
    let (mut plan, sources) = sample::plan();
    let loss = plan.changes.iter().find(|c| c.loss.is_some()).unwrap().clone();
    for i in 0..3000 {
        let mut change = sample::change(&format!("thing_{i}"), "vpc", Action::Create, Reason::New);
        change.attributes = vec![sample::new("cidr_block", "é".repeat(200)), sample::new("text", "```\n".repeat(9))];
        plan.changes.push(change);
        plan.warnings.push(crate::error::Problem::warning("漢字".repeat(50)));
    }
    plan.changes.push(loss);
    for i in 0..2000 {
        let mut change = sample::change(&format!("data_{i}"), "db_instance", Action::Delete, Reason::NotInStack);
        change.loss = Some("all of it, for ever and ever".to_owned());
        plan.changes.push(change);
    }
    let text = markdown(&plan, sample::view(&sources));
    assert!(text.len() <= MARKDOWN_BUDGET, "{} bytes", text.len());
    assert!(text.contains("**Plan: 3001 to create"), "the summary comes first");
    assert!(text.contains("left out for want of space"));
    assert!(text.contains("--allow-data-loss"));
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn code_fences_in_values_do_not_end_the_block() {
    let (mut plan, sources) = sample::plan();
    let mut change = sample::change("doc", "vpc", Action::Create, Reason::New);
    change.attributes = vec![sample::new("user_data", "```\n````sh\nx\n")];
    plan.changes = vec![change];
    assert!(markdown(&plan, sample::view(&sources)).contains("\n`````diff\n"));
}
