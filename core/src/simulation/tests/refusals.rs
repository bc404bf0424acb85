//! What the simulated AWS refuses.

use super::*;
use crate::error::ErrorKind;
use crate::kind::{Ask, Deletion};
use crate::simulation::Plant;

const VPC: &str = r#"{"cidr_block": "10.0.0.0/16"}"#;

#[tokio::test(start_paused = true)]
async fn names_that_are_taken() {
    let account = account();
    let plant = Plant {
        kind: "bucket".into(),
        region: "us-west-2".into(),
        attributes: [("bucket".to_owned(), Value::from("files"))].into(),
        ..Plant::default()
    };
    account.plant(plant).unwrap();
    let error = create(&account, "bucket", "b", r#"{"bucket": "files"}"#).await.unwrap_err();
    assert_eq!((error.kind, error.code()), (ErrorKind::Conflict, Some("AlreadyExists")));
    assert!(error.hints[0].contains("clefctl adopt 'b' files"), "{error:?}");
    let new = declared(&account, "bucket", "b", r#"{"bucket": "files"}"#);
    let kind = account.registry().kind("bucket").unwrap();
    let foreseen = kind.preflight(&context(), Ask::Create(&new)).await.unwrap();
    assert_eq!(foreseen[0].path, "bucket");
    create(&account, "bucket", "b", r#"{"bucket": "other"}"#).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn references_to_nothing() {
    let account = account();
    let subnet = r#"{"vpc_id": "vpc-0", "cidr_block": "10.0.0.0/24"}"#;
    let error = create(&account, "subnet", "a", subnet).await.unwrap_err();
    assert_eq!((error.kind, error.code()), (ErrorKind::Aws, Some("NotFound")));
    assert_eq!(error.message, "vpc_id: there is no vpc vpc-0");
    assert_eq!(account.everything(), []);
}

#[tokio::test(start_paused = true)]
async fn changes_of_what_only_creation_sets() {
    let account = account();
    let vpc = create(&account, "vpc", "main", VPC).await.unwrap();
    let error = update(&account, &vpc, "main", r#"{"cidr_block": "10.1.0.0/16", "enable_dns_support": false}"#).await;
    assert_eq!(error.unwrap_err().message, "cidr_block of a vpc cannot be changed once it is created");
    let other_form = r#"{"cidr_block": "10.0.0.9/16", "enable_dns_support": false}"#;
    let changed = update(&account, &vpc, "main", other_form).await.unwrap();
    assert!(!truth(changed.get("enable_dns_support")));
}

#[tokio::test(start_paused = true)]
async fn deletion_of_what_is_used() {
    let account = account();
    let vpc = create(&account, "vpc", "main", VPC).await.unwrap();
    let at = format!(r#"{{"vpc_id": "{}", "cidr_block": "10.0.0.0/24"}}"#, vpc.id);
    let subnet = create(&account, "subnet", "a", &at).await.unwrap();
    let nat = create(&account, "nat_gateway", "n", &format!(r#"{{"subnet_id": "{}"}}"#, subnet.id)).await.unwrap();
    let error = delete(&account, &vpc).await.unwrap_err();
    assert_eq!((error.kind, error.code()), (ErrorKind::Blocked, Some("DependencyViolation")));
    assert!(error.message.contains(&format!("subnet {} (vpc_id)", subnet.id)), "{error}");
    let going = {
        let account = account.clone();
        tokio::spawn(async move { delete(&account, &nat).await })
    };
    tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    assert_eq!(delete(&account, &subnet).await.unwrap_err().kind, ErrorKind::Blocked, "the gateway is only dying");
    going.await.unwrap().unwrap();
    delete(&account, &subnet).await.unwrap();
    delete(&account, &vpc).await.unwrap();
    delete(&account, &vpc).await.expect("gone already is done");
}

#[tokio::test(start_paused = true)]
async fn settled_references_hold_each_other_until_taken_out() {
    let account = account();
    let vpc = create(&account, "vpc", "main", VPC).await.unwrap();
    let with = |from: &str| {
        format!(r#"{{"vpc_id": "{}", "ingress": [{{"from_port": 80, "security_groups": ["{from}"]}}]}}"#, vpc.id)
    };
    let bare = format!(r#"{{"vpc_id": "{}", "ingress": []}}"#, vpc.id);
    let a = create(&account, "security_group", "a", &bare).await.unwrap();
    let b = settle(&account, "security_group", "b", &with(&a.id)).await.unwrap();
    let a = update(&account, &a, "a", &with(&b.id)).await.unwrap();
    assert_eq!(delete(&account, &a).await.unwrap_err().kind, ErrorKind::Blocked);
    let unsaid = format!(r#"{{"vpc_id": "{}"}}"#, vpc.id);
    let b = update(&account, &b, "b", &unsaid).await.unwrap();
    delete(&account, &a).await.unwrap();
    delete(&account, &b).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn deletion_of_what_is_protected() {
    let account = account();
    let db = create(&account, "db", "db", r#"{"allocated_storage": 20, "deletion_protection": true}"#).await.unwrap();
    let error = delete(&account, &db).await.unwrap_err();
    assert_eq!(error.code(), Some("OperationNotPermitted"));
    let kind = account.registry().kind("db").unwrap();
    let foreseen = kind.preflight(&context(), Ask::Delete(&db, &Deletion::default())).await.unwrap();
    assert_eq!(foreseen[0].path, "deletion_protection");
    let open = update(&account, &db, "db", r#"{"deletion_protection": false}"#).await.unwrap();
    delete(&account, &open).await.unwrap();
}
