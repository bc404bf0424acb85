//! Errors of a run.

use super::plain;
use crate::error::{Error, ErrorKind, Problem, Sources, Span};
use crate::report::{Layout, error as text};

#[test]
fn an_error_tells_what_where_which_call_and_what_next() {
    let mut sources = Sources::default();
    let file = sources.add("stack.yaml", "resources:\n  db:\n    kind: db_instance\n");
    let error = Error::new(ErrorKind::Aws, "the account has no room for another database")
        .address("db")
        .call("rds:CreateDBInstance", Some("InstanceQuotaExceeded".into()), Some("5f6c2f3e-7b4e-4bd8".into()))
        .hint("ask for a higher quota of DB instances in eu-west-3, or delete one that is not needed any more");
    let place = Some(Span { file, start: 13, end: 15 });
    insta::assert_snapshot!(plain(&text(&error, place, &sources, Layout::terminal(72))), @r"
    error: db: the account has no room for another database
      stack: stack.yaml:2:3
      call: rds:CreateDBInstance
      AWS: InstanceQuotaExceeded, request id 5f6c2f3e-7b4e-4bd8
      next: ask for a higher quota of DB instances in eu-west-3, or delete
            one that is not needed any more
    ");
}

#[test]
fn an_invalid_stack_shows_its_problems_first() {
    let sources = Sources::default();
    let problem = Problem::error("no region is given").hint("add `region: eu-west-3`");
    let one = Error::invalid(vec![problem.clone()]);
    assert!(!text(&one, None, &sources, Layout::pipe()).contains("1 problem"), "one problem says all");
    let error = Error::invalid(vec![problem, Problem::error("no account is given")]);
    insta::assert_snapshot!(plain(&text(&error, None, &sources, Layout::pipe())), @r"
    error: no region is given
     |
     = help: add `region: eu-west-3`

    error: no account is given

    error: the stack has 2 problems
    ");
}

#[test]
fn our_own_faults_ask_for_a_report() {
    let text = text(&Error::internal("no kind is called x"), None, &Sources::default(), Layout::pipe());
    assert!(text.contains("please report it"), "{text}");
}
