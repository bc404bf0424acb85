//! What each step asks of its kind, and what the steps after it see.

use super::super::work::refused;
use super::draft::{Draft, carry_out, error, live, map};
use super::*;
use crate::engine::plan::Action;
use crate::engine::planned::Item;
use crate::engine::testing::{Small, Wish, see, to_lookup};
use crate::kind::{Actions, Address, Declared, Facts, Map, Observed, PerVerb, Shape, Status, TagChange, Value, tag};

#[test]
fn nothing_is_there_where_the_call_that_makes_it_was_refused() {
    let actions = Actions { create: &["ec2:CreateVpc", "ec2:ModifyVpcAttribute"], ..Actions::NONE };
    let facts = Facts { actions, ..Facts::REGIONAL };
    let error =
        |kind, action: &str, code: Option<&str>| Error::new(kind, "no").call(action, code.map(str::to_owned), None);
    let denied = Some("UnauthorizedOperation");
    for (error, want) in [
        (error(ErrorKind::Denied, "ec2:CreateVpc", denied), true),
        (error(ErrorKind::Aws, "ec2:CreateVpc", Some("VpcLimitExceeded")), true),
        // The thing was made by then.
        (error(ErrorKind::Denied, "ec2:ModifyVpcAttribute", denied), false),
        // No answer came, or none that says that nothing was done.
        (error(ErrorKind::Denied, "ec2:CreateVpc", None), false),
        (error(ErrorKind::Ambiguous, "ec2:CreateVpc", Some("InternalError")), false),
        (Error::new(ErrorKind::Failed, "no"), false),
    ] {
        assert_eq!(refused(&facts, &error), want, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_made_is_known_to_what_refers_to_it() {
    let mut wish = Wish::new();
    wish.node("root", |_| Ok(map(&[("label", "r")])));
    wish.node("leaf", |world| Ok(Map::from([("parent".to_owned(), see(world, "root", "id")?)])));
    wish.output("leaf", |world| see(world, "leaf", "id").unwrap());
    let mut draft = Draft::new(wish);
    let root = draft.create("root", &[]);
    draft.create("leaf", &[root]);
    let account = Small::new();
    let (report, log) = carry_out(&account, &draft.planned()).await;
    assert!(report.succeeded(), "{report:?}");
    assert_eq!(account.log(), [r#"create root {"label": "r"}"#, r#"create leaf {"parent": "node-1"}"#]);
    assert_eq!(log, ["0 started", "0 making it", "0 done", "1 started", "1 making it", "1 done"]);
    assert_eq!(report.outputs[0].value, Value::from("node-2"));
    assert_eq!((report.things, report.places.regions.len()), (2, 1));
    let cx = account.context("create leaf").unwrap();
    assert!(cx.careful && &*cx.nonce == "nonce" && &*cx.account == "123456789012" && &*cx.region == "eu-west-3");
}

#[tokio::test(start_paused = true)]
async fn things_that_know_each_other_are_made_first_and_settled_then() {
    let mut wish = Wish::new();
    for (me, other) in [("a", "b"), ("b", "a")] {
        wish.node(me, move |world| Ok(Map::from([("peers".to_owned(), Value::list([see(world, other, "id")?]))])));
    }
    let mut draft = Draft::new(wish);
    let (a, b) = (draft.create("a", &[]), draft.create("b", &[]));
    draft.step(0, Verb::Settle, &[a, b]);
    draft.step(1, Verb::Settle, &[a, b]);
    let account = Small::new();
    let (report, _) = carry_out(&account, &draft.planned()).await;
    assert!(report.succeeded(), "{report:?}");
    let log = account.log();
    assert_eq!(log[..2], ["create a {}", "create b {}"]);
    let ids = |line: &str| line.split("\"peers\": ").nth(1).map(str::to_owned);
    assert_eq!(ids(&log[2]), Some(r#"["node-2"]}"#.to_owned()), "{log:?}");
    assert_eq!(ids(&log[3]), Some(r#"["node-1"]}"#.to_owned()), "{log:?}");
}

#[tokio::test(start_paused = true)]
async fn an_update_lays_what_is_declared_over_what_lives() {
    let mut wish = Wish::new();
    wish.node("a", |_| Ok(map(&[("label", "new"), ("parent", "mine")]))).lifecycle.ignore_changes =
        vec!["parent".to_owned()];
    let mut draft = Draft::new(wish);
    draft.update(live("a", 1, &[("label", "old"), ("parent", "theirs"), ("colour", "red")]), &["label"], &[]);
    let account = Small::new();
    let (report, _) = carry_out(&account, &draft.planned()).await;
    assert!(report.succeeded(), "{report:?}");
    assert_eq!(account.log(), [r#"update a {"colour": "red", "label": "new", "parent": "theirs", "peers": []}"#]);
}

#[tokio::test(start_paused = true)]
async fn a_change_may_turn_out_smaller_than_planned_or_nothing_at_all() {
    let mut wish = Wish::new();
    wish.node("root", |_| Ok(map(&[("label", "r")])));
    wish.node("leaf", |world| Ok(Map::from([("label".to_owned(), see(world, "root", "label")?)])));
    wish.output("leaf", |world| see(world, "leaf", "revision").unwrap());
    let mut draft = Draft::new(wish);
    let root = draft.update(live("root", 1, &[("label", "old")]), &["label"], &[]);
    draft.update(live("leaf", 1, &[("label", "r")]), &["label", "parent"], &[root]);
    let account = Small::new();
    let (report, log) = carry_out(&account, &draft.planned()).await;
    assert!(report.succeeded(), "{report:?}");
    assert_eq!(account.log().len(), 1, "{:?}", account.log());
    assert_eq!(log.last().unwrap(), "1 unneeded");
    assert_eq!(report.outputs[0].value, Value::from(7), "its outputs are known all the same");
}

#[tokio::test(start_paused = true)]
async fn a_change_that_turns_out_larger_fails_and_asks_for_a_new_plan() {
    for (attributes, live_attributes, planned, names) in [
        // Another attribute.
        (&[("label", "new"), ("parent", "p")], &[("label", "old")][..], &["label"][..], "parent"),
        // One that cannot be changed in place.
        (&[("label", "new"), ("zone", "b")], &[("label", "old"), ("zone", "a")][..], &["label", "zone"][..], "zone"),
        // One that the kind cannot change as things are.
        (&[("label", "new"), ("zone", "a")], &[("label", "fixed"), ("zone", "a")][..], &["label"][..], "label"),
    ] {
        let mut wish = Wish::new();
        wish.node("a", move |_| Ok(map(attributes)));
        let mut draft = Draft::new(wish);
        draft.update(live("a", 1, live_attributes), planned, &[]);
        let account = Small::new();
        let (report, _) = carry_out(&account, &draft.planned()).await;
        let error = error(&report, 0);
        assert_eq!(error.kind, ErrorKind::Stale);
        assert!(
            error.to_string().contains(names) && error.hints[0].contains("plan again"),
            "{error} {:?}",
            error.hints
        );
        assert_eq!(error.address.as_deref(), Some("a"));
        assert_eq!(account.log(), [""; 0], "nothing is changed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_replacement_makes_the_new_one_and_its_dependents_before_the_old_one_goes() {
    let mut wish = Wish::new();
    wish.node("root", |_| Ok(map(&[("zone", "b")])));
    wish.node("leaf", |world| Ok(Map::from([("parent".to_owned(), see(world, "root", "id")?)])));
    let mut draft = Draft::new(wish);
    let item = Item { observed: Some(live("root", 1, &[("zone", "a")])), ..Item::default() };
    let replace = draft.change("root", Action::Replace { create_first: true }, item, &["zone"]);
    let new = draft.step(replace, Verb::Create, &[]);
    let leaf = draft.update(live("leaf", 1, &[("parent", "root-live")]), &["parent"], &[new]);
    draft.step(replace, Verb::Delete, &[new, leaf]);
    let account = Small::new();
    let (report, _) = carry_out(&account, &draft.planned()).await;
    assert!(report.succeeded(), "{report:?}");
    assert_eq!(
        account.log(),
        [r#"create root {"zone": "b"}"#, r#"update leaf {"parent": "node-1", "peers": []}"#, "delete root-live"]
    );
    assert_eq!(report.things, 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_replacement_leaves_the_old_one() {
    let mut wish = Wish::new();
    wish.node("root", |_| Ok(map(&[("zone", "b")])));
    let mut draft = Draft::new(wish);
    let item = Item { observed: Some(live("root", 1, &[("zone", "a")])), ..Item::default() };
    let replace = draft.change("root", Action::Replace { create_first: true }, item, &["zone"]);
    let new = draft.step(replace, Verb::Create, &[]);
    draft.step(replace, Verb::Delete, &[new]);
    let account = Small::new();
    account.fail("create root", &[ErrorKind::Aws]);
    let (report, _) = carry_out(&account, &draft.planned()).await;
    assert_eq!(outcomes(&report), ["Aws", "skipped 0"]);
    assert_eq!(report.things, 1);
    assert_eq!(error(&report, 0).to_string(), "root: create root does not work (test:Do)");
}

#[tokio::test(start_paused = true)]
async fn waits_retags_and_unsettling_work_on_what_was_observed() {
    let mut wish = Wish::new();
    wish.node("slow", |_| Ok(map(&[("label", "l")])));
    wish.node("moved", |_| Ok(Map::new()));
    let mut draft = Draft::new(wish);
    let item = Item { observed: Some(live("slow", 1, &[("label", "l")])), ..Item::default() };
    let slow = draft.change("slow", Action::Await, item, &[]);
    draft.step(slow, Verb::Wait, &[]);
    let set = [(tag::RESOURCE.to_owned(), "node/moved".to_owned())].into();
    let retag = TagChange { set, remove: Vec::new() };
    let item = Item { observed: Some(live("before", 1, &[])), retag, ..Item::default() };
    let moved = draft.change("moved", Action::Move { from: Address::plain("before") }, item, &["tags"]);
    draft.step(moved, Verb::Retag, &[]);
    let gone = live("gone", 1, &[("label", "x")]);
    let unsettled = Declared {
        address: Address::plain("gone"),
        generation: 1,
        name: None,
        attributes: map(&[("label", "x")]),
        tags: gone.tags.clone(),
    };
    let item = Item { observed: Some(gone), unsettled: Some(unsettled), ..Item::default() };
    let gone = draft.change("gone", Action::Delete, item, &[]);
    let unsettle = draft.step(gone, Verb::Unsettle, &[]);
    draft.step(gone, Verb::Delete, &[unsettle]);
    let account = Small::new();
    let (report, _) = carry_out(&account, &draft.planned()).await;
    assert!(report.succeeded(), "{report:?}");
    assert_eq!(
        account.log(),
        [
            "wait slow", r#"update gone {"label": "x"}"#, r#"retag before-live {"clefctl:resource": "node/moved"}"#,
            "delete gone-live"
        ]
    );
    assert_eq!(report.things, 2);
}

#[tokio::test(start_paused = true)]
async fn a_thing_on_its_way_is_waited_for_before_what_it_refers_to_is_there() {
    let mut wish = Wish::new();
    wish.node("root", |_| Ok(Map::new()));
    wish.node("slow", |world| Ok(Map::from([("parent".to_owned(), see(world, "root", "id")?)])));
    let mut draft = Draft::new(wish);
    let root = draft.create("root", &[]);
    let item = Item { observed: Some(live("slow", 1, &[("parent", "gone")])), ..Item::default() };
    let slow = draft.change("slow", Action::Update, item, &["parent"]);
    let wait = draft.step(slow, Verb::Wait, &[]);
    draft.step(slow, Verb::Update, &[root, wait]);
    let account = Small::new();
    let (report, _) = carry_out(&account, &draft.planned()).await;
    assert!(report.succeeded(), "{report:?}");
    assert_eq!(account.log().last().unwrap(), r#"update slow {"parent": "node-1", "peers": []}"#);
}

#[tokio::test(start_paused = true)]
async fn a_thing_that_is_going_is_waited_for_by_deleting_it() {
    let mut draft = Draft::new(Wish::new());
    let dying = Observed { status: Status::Dying("deleting".to_owned()), ..(*live("a", 1, &[])).clone() };
    let item = Item { observed: Some(Arc::new(dying)), ..Item::default() };
    let change = draft.change("a", Action::Await, item, &[]);
    draft.step(change, Verb::Delete, &[]);
    let account = Small::new();
    let (report, _) = carry_out(&account, &draft.planned()).await;
    assert!(report.succeeded() && report.things == 0, "{report:?}");
    assert_eq!(account.log(), ["delete a-live"]);
}

#[tokio::test(start_paused = true)]
async fn a_release_leaves_nothing_of_ours() {
    let mut draft = Draft::new(Wish::new());
    let item = Item { observed: Some(live("a", 1, &[])), ..Item::default() };
    let change = draft.change("a", Action::Release, item, &[]);
    draft.step(change, Verb::Retag, &[]);
    let (report, _) = carry_out(&Small::new(), &draft.planned()).await;
    assert_eq!((report.succeeded(), report.things), (true, 0));
}

#[tokio::test(start_paused = true)]
async fn a_lookup_is_read_once_when_what_it_refers_to_is_there() {
    let mut wish = Wish::new();
    wish.node("root", |_| Ok(Map::new()));
    wish.lookup("place", |world| Ok(Map::from([("of".to_owned(), see(world, "root", "id")?)])));
    for name in ["x", "y"] {
        let answer = |world: &dyn crate::kind::World| {
            let place = world.lookup("place").ok_or("not read")?.get("place").clone();
            Ok(Map::from([("label".to_owned(), place)]))
        };
        wish.node(name, answer).references = vec![to_lookup("place")];
    }
    let mut draft = Draft::new(wish);
    let root = draft.create("root", &[]);
    draft.create("x", &[root]);
    draft.create("y", &[root]);
    let account = Small::new();
    let (report, _) = carry_out(&account, &draft.planned()).await;
    assert!(report.succeeded(), "{report:?}");
    let log = account.log();
    assert_eq!(log.iter().filter(|line| line.starts_with("look")).count(), 1, "{log:?}");
    assert!(log.contains(&r#"create y {"label": "place of node-1"}"#.to_owned()), "{log:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_finds_nothing_fails_the_step_unless_it_is_optional() {
    for optional in [false, true] {
        let mut wish = Wish::new();
        wish.lookup("place", |_| Ok(map(&[("of", "nowhere")]))).optional = optional;
        wish.node("a", |world| {
            Ok(Map::from([("label".to_owned(), world.lookup("place").ok_or("not read")?.get("place").clone())]))
        })
        .references = vec![to_lookup("place")];
        let mut draft = Draft::new(wish);
        draft.create("a", &[]);
        let (report, _) = carry_out(&Small::new(), &draft.planned()).await;
        assert_eq!(report.succeeded(), optional);
        if !optional {
            assert_eq!(error(&report, 0).address.as_deref(), Some("lookup.place"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_still_not_known_is_an_error_that_says_what_it_waits_for() {
    let mut wish = Wish::new();
    wish.node("root", |_| Ok(Map::new()));
    wish.node("leaf", |world| Ok(Map::from([("parent".to_owned(), see(world, "root", "id")?)])));
    let mut draft = Draft::new(wish);
    draft.known.set(&Address::plain("root"), Value::unknown(Shape::Any, "root"));
    draft.create("leaf", &[]);
    let (report, _) = carry_out(&Small::new(), &draft.planned()).await;
    assert_eq!(error(&report, 0).to_string(), "leaf: `parent` is not known: it waits for root");
}

#[tokio::test(start_paused = true)]
async fn problems_of_expressions_fail_the_step_and_outputs_are_told_of() {
    let mut wish = Wish::new();
    wish.node("a", |_| Err("no such key".to_owned()));
    let mut draft = Draft::new(wish);
    draft.create("a", &[]);
    let (report, _) = carry_out(&Small::new(), &draft.planned()).await;
    assert_eq!(error(&report, 0).kind, ErrorKind::Invalid);
    assert_eq!(error(&report, 0).problems[0].message, "no such key");
}

#[tokio::test(start_paused = true)]
async fn each_step_has_the_time_that_the_stack_gives_it() {
    let mut wish = Wish::new();
    wish.node("a", |_| Ok(Map::new()));
    let mut draft = Draft::new(wish);
    draft.create("a", &[]);
    draft.items[0].timeouts = Some(PerVerb::new(77, 1, 1));
    let (account, begun) = (Small::new(), Instant::now());
    carry_out(&account, &draft.planned()).await;
    assert_eq!(account.context("create a").unwrap().deadline - begun, secs(77));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_comes_back_ends_with_an_error() {
    let mut wish = Wish::new();
    wish.node("a", |_| Ok(Map::new()));
    let mut draft = Draft::new(wish);
    draft.create("a", &[]);
    // The call takes 10 s and does not look at its deadline.
    draft.items[0].timeouts = Some(PerVerb::new(0, 0, 0));
    let account = Small::new();
    let (report, _) = carry_out(&account, &draft.planned()).await;
    assert_eq!(error(&report, 0).kind, ErrorKind::Timeout);
}
