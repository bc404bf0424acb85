//! What stays between commands, and what must not.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::kind::Account;
use crate::simulation::fixture::registry;

fn open(folder: &TempDir) -> Simulation {
    let folder = Some(folder.path().to_owned());
    Simulation::open(&registry(), Options { folder, ..Options::default() }).unwrap()
}

fn file(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join("sandbox.json")).unwrap()
}

const DB: &str =
    r#"{"allocated_storage": 20, "password": "hunter2", "password_version": 1, "key": "letmein", "note": "x"}"#;

#[tokio::test(start_paused = true)]
async fn what_lives_is_there_again_without_secrets() {
    let folder = TempDir::new().unwrap();
    let first = open(&folder);
    let vpc = create(&first, "vpc", "main", r#"{"cidr_block": "10.0.0.0/16"}"#).await.unwrap();
    let db = create(&first, "db", "db", DB).await.unwrap();
    first.store("eu-west-3").put("/clefctl/a", "text", false).await.unwrap();
    let (things, store) = (first.everything(), first.store("eu-west-3").list("/clefctl").await.unwrap().entries);
    let text = file(&folder);
    assert!(!text.contains("hunter2") && !text.contains("letmein"), "{text}");
    let second = open(&folder);
    assert_eq!(second.store("eu-west-3").list("/clefctl").await.unwrap().entries, store);
    for (again, before) in second.everything().into_iter().zip(things) {
        assert_eq!((&again.id, &again.outputs, &again.tags), (&before.id, &before.outputs, &before.tags));
    }
    assert_eq!(owned(&second, "vpc").await, vec![vpc]);
    let expected = expecting(&second, "db", "db", DB);
    let again = owned_with(&second, "db", &expected).await.remove(0);
    assert_eq!((again.get("key").as_str(), db.get("key").as_str()), (Some("letmein"), Some("letmein")));
    let other = create(&second, "vpc", "main2", r#"{"cidr_block": "10.0.0.0/16"}"#).await.unwrap();
    assert!(second.everything().len() == 3 && other.id.starts_with("vpc-"));
}

#[tokio::test(start_paused = true)]
async fn two_processes_share_one_account() {
    let folder = TempDir::new().unwrap();
    let (one_process, other) = (open(&folder), open(&folder));
    let vpc = create(&one_process, "vpc", "main", r#"{"cidr_block": "10.0.0.0/16"}"#).await.unwrap();
    let at = format!(r#"{{"vpc_id": "{}", "cidr_block": "10.0.0.0/24"}}"#, vpc.id);
    create(&other, "subnet", "a", &at).await.unwrap();
    assert_eq!(one_process.everything().len(), 1, "only calls learn what others did");
    assert_eq!(owned(&one_process, "subnet").await.len(), 1);
    assert_eq!(delete(&one_process, &vpc).await.unwrap_err().code(), Some("DependencyViolation"));
    other.store("eu-west-3").put("/clefctl/lock/1", "a", false).await.unwrap();
    one_process.store("eu-west-3").put("/clefctl/lock/1", "b", false).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_was_cut_off_goes_on_in_the_next_process() {
    let folder = TempDir::new().unwrap();
    let first = open(&folder);
    let db = create(&first, "db", "db", r#"{"allocated_storage": 20}"#).await.unwrap();
    let gone = delete(&first, &db);
    tokio::time::timeout(std::time::Duration::from_secs(5), gone).await.unwrap_err();
    let second = open(&folder);
    let start = tokio::time::Instant::now();
    delete(&second, &db).await.unwrap();
    assert!((170..=180).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[test]
fn what_cannot_be_read_is_an_error_with_the_way_out() {
    for (text, words) in [
        ("{", "cannot be read"),
        (r#"{"format": 9, "now": 0, "real": 0, "wall": 0, "things": [], "births": {}, "store": []}"#, "has format 9"),
        ("[]", "cannot be read"),
    ] {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("sandbox.json"), text).unwrap();
        let options = Options { folder: Some(folder.path().to_owned()), ..Options::default() };
        let error = Simulation::open(&registry(), options).err().unwrap();
        assert!(error.message.contains(words), "{error}");
        assert!(error.hints[0].contains("clefctl sandbox reset"));
        Simulation::reset(folder.path()).unwrap();
        assert!(open(&folder).everything().is_empty());
        Simulation::reset(folder.path()).expect("nothing there is done");
    }
}
