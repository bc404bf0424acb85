//! Faults: cuts, lost answers, throttling, stale lists, failed births, denials.

use std::time::Duration;

use super::*;
use crate::error::ErrorKind;
use crate::kind::{Address, Context, Owned, Status};
use crate::simulation::Faults;

const BUCKET: &str =
    r#"{"bucket": "shop-dev-files", "versioning": true, "request_payer": "Requester", "acceleration": "Enabled"}"#;

fn faulty(faults: Faults) -> Simulation {
    crate::simulation::fixture::account(Options { faults, ..Options::default() })
}

/// Runs until done or cut off; whether it was done.
async fn until_cut(account: &Simulation, run: impl Future<Output = Result<Observed>>) -> bool {
    let done = tokio::select! {
        made = run => made.map(|_| true).unwrap(),
        () = account.cut() => false,
    };
    account.revive();
    done
}

#[tokio::test(start_paused = true)]
async fn a_cut_leaves_exactly_the_effects_of_the_calls_before_it() {
    let settings = |thing: &Observed| {
        (
            truth(thing.get("versioning")),
            text(thing, "request_payer") == "Requester",
            text(thing, "acceleration") == "Enabled",
        )
    };
    let want = [
        (1, Owned::Pending(Address::plain("files")), (false, false, false)),
        (2, Owned::Ours { address: Address::plain("files"), generation: 1 }, (true, false, false)),
        (3, Owned::Ours { address: Address::plain("files"), generation: 1 }, (true, true, false)),
        (4, Owned::Ours { address: Address::plain("files"), generation: 1 }, (true, true, true)),
    ];
    for (cut, owned, set) in want {
        let account = faulty(Faults { cut_after_call: Some(cut), ..Faults::default() });
        assert!(!until_cut(&account, create(&account, "bucket", "files", BUCKET)).await);
        assert_eq!(account.writes(), cut);
        let left = owned_with(&account, "bucket", &expecting(&account, "bucket", "files", BUCKET)).await.remove(0);
        assert_eq!((&left.owned, settings(&left)), (&owned, set), "cut after {cut}");
        let made = create(&account, "bucket", "files", BUCKET).await.unwrap();
        assert_eq!(settings(&made), (true, true, true), "a second creation completes the first");
        assert_eq!(account.everything().len(), 1);
    }
    let account = faulty(Faults { cut_after_call: Some(0), ..Faults::default() });
    assert!(!until_cut(&account, create(&account, "bucket", "files", BUCKET)).await);
    assert_eq!(account.everything(), []);
    let account = faulty(Faults { cut_after_call: Some(5), ..Faults::default() });
    assert!(until_cut(&account, create(&account, "bucket", "files", BUCKET)).await);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_answered_after_a_cut() {
    let account = faulty(Faults { cut_after_call: Some(1), ..Faults::default() });
    let vpc = create(&account, "vpc", "main", r#"{"cidr_block": "10.0.0.0/16"}"#);
    tokio::time::timeout(Duration::from_hours(1), vpc).await.unwrap_err();
    tokio::time::timeout(Duration::from_hours(1), owned(&account, "vpc")).await.unwrap_err();
    account.revive();
    assert_eq!(owned(&account, "vpc").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_one_thing_all_the_same() {
    for (kind, attributes) in [("bucket", BUCKET), ("vpc", r#"{"cidr_block": "10.0.0.0/16"}"#)] {
        let account = faulty(Faults { lost_answer_at: Some(1), ..Faults::default() });
        create(&account, kind, "one", attributes).await.unwrap();
        assert_eq!(account.everything().len(), 1, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_careful_creation_finds_what_stale_lists_hid() {
    let stale = Faults { stale: Duration::from_secs(30), ..Faults::default() };
    let vpc = r#"{"cidr_block": "10.0.0.0/16"}"#;
    let made = async |careful: bool| {
        let account = faulty(stale.clone());
        create(&account, "vpc", "main", vpc).await.unwrap();
        let cx = Context { careful, ..crate::simulation::fixture::context() };
        let new = declared(&account, "vpc", "main", vpc);
        account.registry().kind("vpc").unwrap().create(&cx, &new).await.unwrap();
        account.everything().len()
    };
    assert_eq!((made(true).await, made(false).await), (1, 2), "nothing in a VPC makes a second one impossible");
}

#[tokio::test(start_paused = true)]
async fn stale_lists_miss_what_is_new_and_show_what_is_gone() {
    let account = faulty(Faults { stale: Duration::from_secs(30), ..Faults::default() });
    let (mut late, mut lingering) = (0, 0);
    for i in 0..20 {
        let name = format!("v{i}");
        let vpc = create(&account, "vpc", &name, r#"{"cidr_block": "10.0.0.0/16"}"#).await.unwrap();
        late += usize::from(owned(&account, "vpc").await.is_empty());
        assert!(one(&account, "vpc", &vpc.id).await.is_some(), "by id it is there at once");
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert_eq!(owned(&account, "vpc").await.len(), 1);
        delete(&account, &vpc).await.unwrap();
        let ghosts = owned(&account, "vpc").await;
        lingering += ghosts.len();
        assert!(ghosts.iter().all(|ghost| ghost.status == Status::Usable));
        assert!(one(&account, "vpc", &vpc.id).await.is_none());
        tokio::time::sleep(Duration::from_secs(30)).await;
        assert!(owned(&account, "vpc").await.is_empty());
    }
    assert!(late > 10 && lingering > 10, "{late} {lingering}");
}

#[tokio::test(start_paused = true)]
async fn throttled_calls_are_tried_again_until_patience_ends() {
    let account = faulty(Faults { throttled: 0.3, seed: 7, ..Faults::default() });
    for i in 0..20 {
        create(&account, "vpc", &format!("v{i}"), r#"{"cidr_block": "10.0.0.0/16"}"#).await.unwrap();
    }
    assert!(account.calls()["ec2:CreateVpc"] > 22, "{:?}", account.calls());
    account.set_faults(Faults { throttled: 1.0, ..Faults::default() });
    let error = create(&account, "vpc", "v", r#"{"cidr_block": "10.0.0.0/16"}"#).await.unwrap_err();
    assert_eq!((error.kind, error.code()), (ErrorKind::Unavailable, Some("ThrottlingException")));
}

#[tokio::test(start_paused = true)]
async fn slow_things_may_be_stillborn() {
    let account = faulty(Faults { failed_births: 1.0, ..Faults::default() });
    let error = create(&account, "db", "db", r#"{"allocated_storage": 20}"#).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Failed);
    let db = owned(&account, "db").await.remove(0);
    assert!(matches!(db.status, Status::Failed(_)));
    delete(&account, &db).await.unwrap();
    create(&account, "vpc", "main", r#"{"cidr_block": "10.0.0.0/16"}"#).await.expect("quick things never fail so");
}

#[tokio::test(start_paused = true)]
async fn denied_calls_say_which() {
    let account = faulty(Faults { denied: ["ec2:DescribeVpcs".to_owned()].into(), ..Faults::default() });
    let cx = crate::simulation::fixture::context();
    let kind = account.registry().kind("vpc").unwrap();
    let error = kind.read(&cx, Select::Owned(&Expected::default())).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Denied);
    assert!(error.to_string().contains("ec2:DescribeVpcs: AccessDenied, request id sim-"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn waiting_ends_with_the_deadline_and_with_the_run() {
    let account = account();
    let kind = account.registry().kind("db").unwrap();
    let new = declared(&account, "db", "db", r#"{"allocated_storage": 20}"#);
    let cx = crate::simulation::fixture::context().within(Duration::from_mins(1));
    assert_eq!(kind.create(&cx, &new).await.unwrap_err().kind, ErrorKind::Timeout);
    let cx = crate::simulation::fixture::context();
    let young = owned(&account, "db").await.remove(0);
    let (waited, ()) = tokio::join!(kind.wait(&cx, &young), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cx.cancel.cancel();
    });
    assert_eq!(waited.unwrap_err().kind, ErrorKind::Cancelled);
}
