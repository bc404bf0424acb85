//! What the verbs do, how long they take, and what they cost.

use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::kind::{Address, Context, Owned, Status, TagChange, Tags};
use crate::simulation::fixture::owner;

const VPC: &str = r#"{"cidr_block": "10.0.0.1/16", "enable_dns_hostnames": true}"#;

#[tokio::test(start_paused = true)]
async fn what_is_created_is_read_back_with_outputs_and_defaults() {
    let account = account();
    let vpc = create(&account, "vpc", "main", VPC).await.unwrap();
    assert_eq!(text(&vpc, "cidr_block"), "10.0.0.0/16");
    assert!(truth(vpc.get("enable_dns_support")) && truth(vpc.get("enable_dns_hostnames")));
    assert!(vpc.id.starts_with("vpc-") && vpc.id.len() == 21, "{}", vpc.id);
    assert_eq!(text(&vpc, "arn"), format!("arn:aws:ec2:eu-west-3:123456789012:vpc/{}", vpc.id));
    assert_eq!(vpc.owned, Owned::Ours { address: Address::plain("main"), generation: 1 });
    assert_eq!(owned(&account, "vpc").await.as_slice(), std::slice::from_ref(&vpc));
    assert_eq!(one(&account, "vpc", text(&vpc, "arn")).await, Some(vpc));
}

#[tokio::test(start_paused = true)]
async fn two_runs_of_the_same_stack_make_the_same_ids() {
    let (a, b) = (account(), account());
    let first = create(&a, "vpc", "main", VPC).await.unwrap();
    assert_eq!(first, create(&b, "vpc", "main", VPC).await.unwrap());
    assert_ne!(first.id, create(&a, "vpc", "other", VPC).await.unwrap().id);
    delete(&a, &first).await.unwrap();
    assert_ne!(first.id, create(&a, "vpc", "main", VPC).await.unwrap().id);
}

#[tokio::test(start_paused = true)]
async fn verbs_take_as_long_as_the_table_says() {
    let account = account();
    let vpc = create(&account, "vpc", "main", VPC).await.unwrap();
    let at = format!(r#"{{"vpc_id": "{}", "cidr_block": "10.0.1.0/24"}}"#, vpc.id);
    let subnet = create(&account, "subnet", "a", &at).await.unwrap();
    assert_eq!(text(&subnet, "availability_zone"), "eu-west-3a");
    let took = async |what: Box<dyn Future<Output = ()>>| {
        let start = Instant::now();
        Box::into_pin(what).await;
        start.elapsed()
    };
    let (account, at) = (&account, &format!(r#"{{"subnet_id": "{}"}}"#, subnet.id));
    let creation = took(Box::new(async move {
        create(account, "nat_gateway", "nat", at).await.unwrap();
    }));
    assert_eq!(creation.await.as_secs(), 120);
    let nat = owned(account, "nat_gateway").await.remove(0);
    let deletion = took(Box::new(async move { delete(account, &nat).await.unwrap() }));
    assert_eq!(deletion.await.as_secs(), 60);
    assert!(owned(account, "nat_gateway").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn speed_shortens_all_waiting() {
    let account = crate::simulation::fixture::account(Options { speed: 60.0, ..Options::default() });
    let start = Instant::now();
    create(&account, "db", "db", r#"{"allocated_storage": 20}"#).await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_young_thing_is_pending_and_a_dying_one_shows() {
    let account = account();
    let (kind, cx) = (account.registry().kind("db").unwrap().clone(), context());
    let new = declared(&account, "db", "db", r#"{"allocated_storage": 20}"#);
    let made = {
        let account = account.clone();
        tokio::spawn(async move { create(&account, "db", "db", r#"{"allocated_storage": 20}"#).await })
    };
    tokio::time::sleep(Duration::from_mins(1)).await;
    let young = owned(&account, "db").await.remove(0);
    assert_eq!(young.status, Status::Pending("creating".into()));
    assert_eq!(kind.update(&cx, &new, &young).await.unwrap().status, Status::Usable, "nothing to do, but to wait");
    let db = made.await.unwrap().unwrap();
    let going = {
        let (account, db) = (account.clone(), db.clone());
        tokio::spawn(async move { delete(&account, &db).await })
    };
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(one(&account, "db", &db.id).await.unwrap().status, Status::Dying("deleting".into()));
    let error = create(&account, "db", "db", r#"{"allocated_storage": 20}"#).await.unwrap_err();
    assert_eq!(error.code(), Some("OperationAborted"), "the name is blocked until it is gone");
    delete(&account, &db).await.unwrap();
    going.await.unwrap().unwrap();
    assert_eq!(one(&account, "db", &db.id).await, None);
}

#[tokio::test(start_paused = true)]
async fn updates_change_what_differs_and_the_outputs_that_follow() {
    let account = account();
    let db = create(&account, "db", "db", r#"{"allocated_storage": 20, "password": "hunter2"}"#).await.unwrap();
    assert_eq!((db.get("revision"), db.get("space")), (&Value::from(1), &Value::from(20)));
    assert!(!db.attributes.contains_key("password"));
    let bigger = update(&account, &db, "db", r#"{"allocated_storage": 30}"#).await.unwrap();
    assert_eq!((bigger.get("revision"), bigger.get("space")), (&Value::from(2), &Value::from(30)));
    assert_eq!(bigger.get("address"), db.get("address"));
    let before = account.calls();
    let same = update(&account, &bigger, "db", r#"{"allocated_storage": 30}"#).await.unwrap();
    assert_eq!((same, account.calls()), (bigger, before), "nothing to do costs nothing");
}

#[tokio::test(start_paused = true)]
async fn settled_attributes_wait_for_the_second_step() {
    let account = account();
    let vpc = create(&account, "vpc", "main", VPC).await.unwrap();
    let with = |from: &str| {
        format!(r#"{{"vpc_id": "{}", "ingress": [{{"from_port": 80, "security_groups": ["{from}"]}}]}}"#, vpc.id)
    };
    let a = create(&account, "security_group", "a", &with("sg-of-nobody")).await.unwrap();
    assert_eq!(a.get("ingress"), &Value::list([]));
    let b = create(&account, "security_group", "b", &with(&a.id)).await.unwrap();
    let a = update(&account, &a, "a", &with(&b.id)).await.unwrap();
    let rule = &a.get("ingress").as_list().unwrap()[0];
    assert_eq!((rule.get("protocol").as_str(), rule.get("from_port")), (Some("tcp"), &Value::from(80)));
}

#[tokio::test(start_paused = true)]
async fn calls_are_counted_by_action() {
    let account = account();
    let vpc = create(&account, "vpc", "main", VPC).await.unwrap();
    create(&account, "vpc", "plain", r#"{"cidr_block": "10.1.0.0/16"}"#).await.unwrap();
    owned(&account, "vpc").await;
    let tags = TagChange { set: Tags::from([("a".into(), "b".into())]), remove: Vec::new() };
    account.registry().kind("vpc").unwrap().retag(&context(), &vpc, &tags).await.unwrap();
    delete(&account, &vpc).await.unwrap();
    let calls: Vec<_> = account.calls().into_iter().collect();
    let want = [
        ("ec2:CreateTags", 1),
        ("ec2:CreateVpc", 2),
        ("ec2:DeleteVpc", 1),
        ("ec2:DescribeVpcAttribute", 4),
        ("ec2:DescribeVpcs", 1),
        ("ec2:ModifyVpcAttribute", 1),
    ];
    assert_eq!(calls, want.map(|(action, n)| (action.to_owned(), n)));
}

#[tokio::test(start_paused = true)]
async fn only_what_is_ours_or_expected_by_name_is_listed() {
    let account = account();
    let plant = |kind: &str, name: &str, tags: &[(&str, &str)]| {
        let facts = account.registry().kind(kind).unwrap().facts();
        let attribute = facts.naming.unwrap().attribute.to_owned();
        let tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let attributes = [(attribute, Value::from(name))].into();
        account.plant(crate::simulation::Plant {
            kind: kind.into(),
            region: "eu-west-3".into(),
            attributes,
            tags,
            id: None,
        })
    };
    plant("role", "theirs", &[("clefctl:stack", "shop/prod"), ("clefctl:resource", "role/x")]).unwrap();
    plant("role", "leaked", &[("clefctl:stack", "shop/dev"), ("clefctl:resource", "user/x")]).unwrap();
    plant("role", "strange", &[]).unwrap();
    plant("bucket", "shop-dev-cut", &[]).unwrap();
    assert!(owned(&account, "role").await.is_empty());
    let found = owned_with(&account, "role", &expecting(&account, "role", "r", r#"{"name": "theirs"}"#)).await;
    assert_eq!(found[0].owned, Owned::Foreign(Some("shop/prod".into())));
    let found = owned_with(&account, "role", &expecting(&account, "role", "r", r#"{"name": "strange"}"#)).await;
    assert_eq!(found[0].owned, Owned::Foreign(None));
    let expected = expecting(&account, "bucket", "b", r#"{"bucket": "shop-dev-cut"}"#);
    assert_eq!(owned_with(&account, "bucket", &expected).await[0].owned, Owned::Pending(Address::plain("b")));
    let cx = Context { region: "us-east-1".into(), ..context() };
    let strays = account.strays(&cx, &owner()).await.unwrap();
    assert_eq!(strays, [("arn:aws:iam::123456789012:role/leaked".to_owned(), "user/x".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn children_are_found_through_parents_and_go_with_them() {
    let account = account();
    let bucket = create(&account, "bucket", "files", "{}").await.unwrap();
    let at = format!(r#"{{"bucket": "{}"}}"#, bucket.id);
    let filter = create(&account, "filter", "old_ones", &at).await.unwrap();
    assert_eq!(filter.id, format!("{}|shop-dev-old-ones", bucket.id));
    assert!(owned(&account, "filter").await.is_empty(), "no parent, no list");
    let expected = Expected { parents: vec![bucket.clone()], ..Expected::default() };
    let found = owned_with(&account, "filter", &expected).await;
    assert_eq!(found[0].owned, Owned::Ours { address: Address::plain("old_ones"), generation: 1 });
    delete(&account, &bucket).await.unwrap();
    assert_eq!(account.everything(), []);
}

#[tokio::test(start_paused = true)]
async fn lookups_answer_from_what_lives_or_make_it_up() {
    let account = account();
    let vpc = create(&account, "vpc", "main", VPC).await.unwrap();
    let cx = context();
    let ask = async |lookup: &str, arguments: &str| {
        let arguments = Value::from_json(&serde_json::from_str(arguments).unwrap()).as_map().unwrap().clone();
        account.registry().lookup(lookup).unwrap().read(&cx, &arguments).await.unwrap().unwrap()
    };
    let names = ["eu-west-3a", "eu-west-3b", "eu-west-3c"].map(Value::from);
    assert_eq!(ask("availability_zones", "{}").await["names"], Value::list(names));
    assert_eq!(ask("vpcs", "{}").await["ids"], Value::list([Value::from(vpc.id.as_str())]));
    assert_eq!(ask("vpcs", r#"{"tags": {"a": "b"}}"#).await["ids"], Value::list([]));
    assert_eq!(ask("vpc", &format!(r#"{{"id": "{}"}}"#, vpc.id)).await["arn"], *vpc.get("arn"));
    let made_up = ask("vpc", r#"{"id": "vpc-1"}"#).await;
    assert_eq!(made_up["id"], Value::from("vpc-1"));
    let at = r#"{"vpc_id": "vpc-1", "cidr_block": "10.0.1.0/24"}"#;
    create(&account, "subnet", "a", at).await.expect("what a lookup made up may be referred to");
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_must_be_true_finds_nothing_where_nothing_is() {
    let account = crate::simulation::fixture::account(Options { obliging: false, ..Options::default() });
    let cx = context();
    let lookup = account.registry().lookup("vpc").unwrap();
    let asked = [("id".to_owned(), Value::from("vpc-1"))].into();
    assert_eq!(lookup.read(&cx, &asked).await.unwrap(), None);
    account.answer("vpc", [("id".to_owned(), Value::from("vpc-2"))].into());
    create(&account, "vpc", "main", VPC).await.unwrap();
    assert_eq!(lookup.read(&cx, &crate::kind::Map::new()).await.unwrap().unwrap()["id"], Value::from("vpc-2"));
}

#[tokio::test(start_paused = true)]
async fn the_store_keeps_the_time_of_those_who_wait_for_locks() {
    let account = crate::simulation::fixture::account(Options { speed: 60.0, ..Options::default() });
    let store = account.store("eu-west-3");
    store.put("/clefctl/shop/dev/lock/1", "held", false).await.unwrap();
    store.put("/clefctl/shop/development/ledger", "other", false).await.unwrap();
    tokio::time::sleep(Duration::from_secs(30)).await;
    let listing = store.list("/clefctl/shop/dev").await.unwrap();
    assert_eq!(listing.entries.len(), 1, "only what is below the path");
    let age = listing.now - listing.entries[0].modified;
    assert!((30.0..30.1).contains(&age), "{age}");
    store.delete(&["/clefctl/shop/dev/lock/1".to_owned(), "/none".to_owned()]).await.unwrap();
    assert_eq!(store.list("/clefctl/shop/dev").await.unwrap().entries, []);
    assert!(account.store("us-east-1").list("/clefctl").await.unwrap().entries.is_empty());
}
