use std::collections::BTreeSet;

use super::*;
use crate::engine::plan::{Change, Reason};
use crate::engine::testing::Line;
use crate::kind::Address;

fn owner() -> Owner {
    Owner::new("clefcloud", "dev")
}

#[tokio::test(start_paused = true)]
async fn what_is_written_is_read_and_the_clock_is_the_stores() {
    let store = Line::new();
    assert_eq!(Ledger::read(&store, &owner()).await.unwrap(), None);
    let places = Places { regions: BTreeSet::from(["eu-west-3".to_owned()]), ..Places::default() };
    let ledger = Ledger { places, things: 7, ..Ledger::default() };
    let run = Run { who: "ada".to_owned(), commit: Some("c0ffee".to_owned()), created: 7, ..Run::default() };
    let written = ledger.write(&store, &owner(), run).await.unwrap();
    let read = Ledger::read(&store, &owner()).await.unwrap().unwrap();
    assert_eq!(read, written);
    assert!((read.runs[0].at - store.now()).abs() < 1.0);
}

#[tokio::test(start_paused = true)]
async fn old_runs_make_room_for_new_ones() {
    let store = Line::new();
    let mut ledger = Ledger::default();
    for n in 0..100 {
        let run = Run { who: "x".repeat(200), created: n, ..Run::default() };
        ledger = ledger.write(&store, &owner(), run).await.unwrap();
    }
    let read = Ledger::read(&store, &owner()).await.unwrap().unwrap();
    assert!(read.text().len() <= ROOM && read.runs.len() > 5, "{} runs", read.runs.len());
    assert_eq!(read.runs[0].created, 99);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_as_good_as_none_and_what_is_new_is_ignored() {
    let store = Line::new();
    for text in ["", "null", "[1]", "{\"things\": -1}", "<html>"] {
        store.set(&name(&owner()), text);
        assert_eq!(Ledger::read(&store, &owner()).await.unwrap(), None, "{text}");
    }
    store.set(&name(&owner()), r#"{"things": 3, "colour": "blue", "runs": [{"who": "ada", "mood": 1}]}"#);
    let ledger = Ledger::read(&store, &owner()).await.unwrap().unwrap();
    assert_eq!((ledger.things, ledger.runs[0].who.as_str()), (3, "ada"));
}

fn plan(unchanged: usize, create: usize, update: usize, delete: usize) -> Plan {
    let change = |action: Action, id: bool| Change {
        address: Address::plain("x"),
        kind: "vpc",
        region: "eu-west-3".to_owned(),
        action,
        reason: Reason::Differs,
        id: id.then(|| "vpc-1".to_owned()),
        generation: 1,
        attributes: Vec::new(),
        loss: None,
        notes: Vec::new(),
    };
    let mut changes = vec![change(Action::Create, false); create];
    changes.extend(vec![change(Action::Update, true); update]);
    changes.extend(vec![change(Action::Delete, true); delete]);
    Plan {
        owner: owner(),
        account: "123456789012".to_owned(),
        region: "eu-west-3".to_owned(),
        destroy: false,
        changes,
        unchanged,
        steps: Vec::new(),
        outputs: Vec::new(),
        warnings: Vec::new(),
    }
}

#[test]
fn mistakes_about_the_place_or_the_file_are_noticed() {
    let known = |things| Some(Ledger { things, ..Ledger::default() });
    for (ledger, plan, want) in [
        // An empty file.
        (known(20), plan(0, 0, 0, 20), Some(Alarm::MassDeletion { deleted: 20, of: 20 })),
        // The ledger is lost: what is seen counts.
        (None, plan(2, 0, 0, 18), Some(Alarm::MassDeletion { deleted: 18, of: 20 })),
        (known(20), plan(9, 0, 0, 11), Some(Alarm::MassDeletion { deleted: 11, of: 20 })),
        (known(20), plan(10, 0, 0, 10), None),
        // A few may always go.
        (known(4), plan(0, 0, 0, 4), None),
        // Another account.
        (known(20), plan(0, 20, 0, 0), Some(Alarm::Vanished { seen: 0, of: 20 })),
        (known(20), plan(2, 18, 3, 0), Some(Alarm::Vanished { seen: 5, of: 20 })),
        // A large addition, and the first apply.
        (known(20), plan(20, 60, 0, 0), None),
        (None, plan(0, 60, 0, 0), None),
    ] {
        assert_eq!(alarm(ledger.as_ref(), &plan), want, "{ledger:?}");
        assert_eq!(alarm(ledger.as_ref(), &Plan { destroy: true, ..plan }), None);
    }
}
