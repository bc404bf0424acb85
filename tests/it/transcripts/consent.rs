//! What it takes to lose data: on a terminal, the stack's name; from a pipeline, the address.

use clefctl::aws::{Access, Connection};

use super::stage::Stage;
use crate::conformance::driver::registry;

const STACK: &str = r#"stack: shop
region: eu-west-3
account: "123456789012"
resources:
  vpc: {kind: vpc, cidr_block: 10.0.0.0/16}
  files: {kind: s3_bucket}
  key: {kind: kms_key}
  users: {kind: cognito_user_pool}
  zone: {kind: route53_zone, name: shop.example}
  token: {kind: secretsmanager_secret, secret_string: a, secret_string_version: 1}
"#;

/// The stack without these resources.
fn without(names: &[&str]) -> String {
    let kept = |line: &&str| !names.iter().any(|name| line.starts_with(&format!("  {name}:")));
    STACK.split_inclusive('\n').filter(kept).collect()
}

#[test]
fn what_holds_data_says_what_would_be_lost() {
    let registry = registry(&Connection::new(Access::default()));
    let holds = |name: &&str| registry.kind(name).is_some_and(|kind| kind.facts().data.is_some());
    let kinds = ["cognito_user_pool", "db_instance", "kms_key", "route53_zone", "s3_bucket", "secretsmanager_secret"];
    assert_eq!(kinds.iter().copied().filter(holds).collect::<Vec<_>>(), kinds);
}

#[test]
fn a_pipeline_loses_only_what_it_names() {
    let mut stage = Stage::with("stack.yaml", STACK);
    stage.run("apply --auto-approve");
    stage.forget();
    stage.write("stack.yaml", &without(&["files", "key", "users", "zone", "token"]));
    stage.run("plan");
    stage.run("apply --auto-approve --allow-data-loss files --allow-data-loss key");
    stage.write("stack.yaml", &without(&["key", "zone"]));
    stage.run("apply --auto-approve --allow-data-loss key --allow-data-loss zone");
    insta::assert_snapshot!(stage.transcript());
}

#[test]
fn what_is_protected_or_retained_outlives_its_entry() {
    let protected = STACK
        .replace("{kind: s3_bucket}", "{kind: s3_bucket, lifecycle: {prevent_destroy: true}}")
        .replace("{kind: kms_key}", "{kind: kms_key, lifecycle: {retain: true}}");
    let mut stage = Stage::with("stack.yaml", &protected);
    stage.run("apply --auto-approve");
    stage.forget();
    stage.run("destroy --auto-approve --allow-data-loss all");
    stage.write("stack.yaml", &without(&["files", "key"]));
    stage.run("apply --auto-approve --allow-data-loss all");
    stage.run("destroy --owner shop/default --region eu-west-3 --auto-approve --allow-data-loss all");
    stage.run("release files --auto-approve");
    stage.run("apply --auto-approve");
    stage.run("sandbox show");
    insta::assert_snapshot!(stage.transcript());
}

#[cfg(unix)]
#[test]
fn a_person_types_the_name_of_the_stack() {
    let stage = Stage::with("stack.yaml", STACK);
    stage.answer("apply --auto-approve");
    stage.write("stack.yaml", &without(&["files", "key"]));
    let (said, code) = stage.typed("apply", "yes");
    assert!(
        said.contains("Data would be lost for good: files, key. Carry out this plan? Only `shop` is taken"),
        "{said}"
    );
    assert!(said.contains("Nothing was changed") && code == 1, "{code}: {said}");
    // What was agreed to beforehand takes no more than any other plan.
    let (said, code) = stage.typed("apply --allow-data-loss all", "shop");
    assert!(said.contains("Carry out this plan? Only `yes` is taken") && code == 1, "{code}: {said}");
    let (said, code) = stage.typed("apply", "shop");
    assert!(said.contains("2 deleted") && code == 0, "{code}: {said}");
}
