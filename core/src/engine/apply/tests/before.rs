//! What is asked before anything is changed.

use super::draft::{Draft, carry_out, live};
use super::*;
use crate::engine::plan::Action;
use crate::engine::planned::Item;
use crate::engine::preflight::{credentials, preflight};
use crate::engine::testing::{Small, Wish, see};
use crate::kind::{Account, Context, Map, Owner, Violation};

fn context() -> Context {
    Context {
        owner: Owner::new("clefcloud", "dev"),
        account: "123456789012".into(),
        region: "eu-west-3".into(),
        role_arn: None,
        nonce: "nonce".into(),
        deadline: Instant::now() + secs(60),
        cancel: CancellationToken::new(),
        progress: Arc::new(|_| {}),
        careful: false,
        together: None,
    }
}

#[tokio::test(start_paused = true)]
async fn what_stands_in_the_way_is_found_before_anything_is_changed() {
    let mut wish = Wish::new();
    wish.node("a", |_| Ok(Map::new()));
    wish.node("later", |world| Ok(Map::from([("parent".to_owned(), see(world, "a", "id")?)])));
    let mut draft = Draft::new(wish);
    let a = draft.create("a", &[]);
    draft.create("later", &[a]);
    let item = Item { observed: Some(live("old", 1, &[])), ..Item::default() };
    draft.change("old", Action::Delete, item, &[]);
    let account = Small::new();
    account.object("a", Violation::new("label", "the name is taken").hint("choose another"));
    account.object("later", Violation::new("", "asked although not known"));
    account.object("old-live", Violation { warning: true, ..Violation::new("", "it is not empty") });
    let problems = preflight(&account, &draft.planned(), &context()).await;
    let told: Vec<_> =
        problems.iter().map(|p| (p.is_error(), p.message.as_str(), p.address.as_deref().unwrap())).collect();
    assert_eq!(told, [(true, "the name is taken", "a"), (false, "it is not empty", "old")]);
    assert_eq!(problems[0].hints, ["choose another"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_known_before_is_asked_before_its_step() {
    let mut wish = Wish::new();
    wish.node("a", |_| Ok(Map::new()));
    wish.node("later", |world| Ok(Map::from([("parent".to_owned(), see(world, "a", "id")?)])));
    let mut draft = Draft::new(wish);
    let a = draft.create("a", &[]);
    draft.create("later", &[a]);
    let account = Small::new();
    account.object("later", Violation::new("parent", "it takes no more children").hint("choose another"));
    let (report, _) = carry_out(&account, &draft.planned()).await;
    assert_eq!(account.log(), ["create a {}"]);
    let Outcome::Failed(error) = &report.outcomes[1] else { panic!("{report:?}") };
    let told: Vec<_> = error.problems.iter().map(|p| (p.message.as_str(), p.address.as_deref().unwrap())).collect();
    assert_eq!(told, [("it takes no more children", "later")]);
    // Nothing was sent, so that nothing can be there.
    assert!(!report.traces.unsure && !report.traces.cut_off);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_end_too_early_are_warned_of() {
    let mut wish = Wish::new();
    wish.node("a", |_| Ok(Map::new()));
    wish.node("b", |_| Ok(Map::new()));
    let mut draft = Draft::new(wish);
    let a = draft.create("a", &[]);
    draft.create("b", &[a]);
    let (account, planned) = (Small::new(), draft.planned());
    let warned = |left| credentials(Some(secs(left)), &planned.plan, account.registry()).is_some();
    // Two creations of 10 s each, one after the other.
    assert!(warned(19) && !warned(20) && credentials(None, &planned.plan, account.registry()).is_none());
}
