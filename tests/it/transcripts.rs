//! Transcripts of the program on the simulated account: what a person types, and all that is answered.

mod consent;
#[cfg(unix)]
mod interrupt;
mod stage;

use serde_json::Value;
use stage::Stage;

const NETWORK: &str = r#"stack: shop
region: eu-west-3
account: "123456789012"
environments: {dev: {}, prod: {cidr: 10.1.0.0/16}}
variables:
  cidr: {type: string, default: 10.0.0.0/16}
resources:
  vpc: {kind: vpc, cidr_block: '${var.cidr}', tags: {Team: musique à bord}}
  public:
    kind: subnet
    for_each: {a: 0, b: 1}
    vpc_id: ${vpc.id}
    cidr_block: ${cidrsubnet(vpc.cidr_block, 8, each.value)}
    availability_zone: eu-west-3${each.key}
  app:
    kind: security_group
    description: the application
    vpc_id: ${vpc.id}
    ingress: [{from_port: 80, to_port: 80, protocol: tcp, cidr_blocks: [0.0.0.0/0], description: web}]
  files: {kind: s3_bucket}
outputs:
  vpc: {value: '${vpc.id}', description: The network}
  zones: {value: '${public[*].availability_zone}'}
"#;

#[test]
fn a_newcomer_comes_from_nothing_to_nothing() {
    let mut stage = Stage::empty();
    stage.run("init");
    stage.run("validate");
    stage.run("plan -e dev");
    stage.run("apply -e dev --auto-approve");
    stage.run("plan -e dev --detailed-exitcode");
    stage.run("show -e dev");
    stage.run("output -e dev -r vpc_id");
    stage.run("destroy -e dev --auto-approve --forget");
    stage.run("sandbox show");
    insta::assert_snapshot!(stage.transcript());
}

#[test]
fn a_change_updates_replaces_and_deletes() {
    let mut stage = Stage::with("stack.yaml", NETWORK);
    stage.run("apply -e dev --auto-approve");
    let changed = NETWORK
        .replace("{a: 0, b: 1}", "{a: 0}")
        .replace("description: the application", "description: the shop")
        .replace("from_port: 80, to_port: 80", "from_port: 443, to_port: 443")
        .replace("musique à bord", "musique chez nous")
        .replace("  files: {kind: s3_bucket}\n", "");
    stage.write("stack.yaml", &changed);
    stage.forget();
    stage.run("plan -e dev --detailed-exitcode");
    stage.run("apply -e dev --auto-approve");
    stage.run("apply -e dev --auto-approve --allow-data-loss files");
    stage.run("plan -e dev --detailed-exitcode");
    insta::assert_snapshot!(stage.transcript());
}

#[test]
fn environments_live_beside_each_other() {
    let mut stage = Stage::with("stack.yaml", NETWORK);
    stage.run("apply -e dev --auto-approve");
    stage.run("apply -e prod --auto-approve");
    stage.forget();
    stage.run("destroy -e prod --auto-approve --allow-data-loss all");
    stage.run("plan -e dev --detailed-exitcode");
    insta::assert_snapshot!(stage.transcript());
}

#[test]
fn things_come_into_a_stack_and_leave_it() {
    let mut stage = Stage::with("stack.yaml", NETWORK);
    stage.run("apply -e dev --auto-approve");
    let vpc = stage.answer("output -e dev -r vpc").trim().to_owned();
    stage.forget();
    stage.run("release -e dev vpc --auto-approve");
    stage.run("release -e dev vpc --auto-approve");
    stage.run(&format!("adopt -e dev vpc {vpc} --auto-approve"));
    stage.run(&format!("adopt -e dev vpc {vpc} --auto-approve"));
    stage.run("adopt -e dev nothing vpc-1 --auto-approve");
    stage.run("plan -e dev --detailed-exitcode");
    insta::assert_snapshot!(stage.transcript());
}

#[test]
fn a_thing_can_say_what_it_is_called() {
    let text = r#"stack: shop
region: eu-west-3
resources:
  files:
    kind: s3_bucket
    tags: {Name: '${self.bucket}'}
    policy: {Statement: {Effect: Deny, Principal: "*", Action: s3:*, Resource: 'arn:aws:s3:::${self.bucket}/*'}}
  app:
    kind: iam_role
    path: /one/
    description: ${self.name} of ${files.bucket}
    assume_role_policy: {Statement: {Effect: Allow, Principal: {Service: ec2.amazonaws.com}, Action: sts:AssumeRole}}
outputs:
  said: {value: '${app.description}'}
"#;
    let stage = Stage::with("stack.yaml", text);
    stage.answer("apply --auto-approve");
    stage.answer("plan --detailed-exitcode");
    assert!(stage.answer("output -r said").starts_with("shop-default-app of shop-default-files-"));
    stage.write("stack.yaml", &text.replace("/one/", "/two/"));
    stage.answer("apply --auto-approve");
    stage.answer("plan --detailed-exitcode");
    assert!(stage.answer("output -r said").starts_with("shop-default-app-g2 of shop-default-files-"));
}

#[test]
fn refusals_say_what_to_do() {
    let mut stage = Stage::with("stack.yaml", NETWORK);
    stage.run("init");
    stage.run("plan");
    stage.run("plan -e test");
    stage.run("apply -e dev");
    stage.run("plan -e dev --replace nobody");
    stage.run("plan elsewhere");
    stage.run("plan -e dev --var x");
    stage.run("unlock -e dev");
    stage.run("output -e dev -r nobody");
    stage.run("destroy --owner shop/dev");
    stage.write(
        "bad.yaml",
        "stack: bad\nregion: eu-west-3\nresources:\n  a: {kind: vpcc}\n  b: {kind: vpc, cidr_block: x}\n",
    );
    stage.run("validate bad.yaml");
    stage.run("plan bad.yaml");
    insta::assert_snapshot!(stage.transcript());
}

#[test]
fn a_run_that_fails_says_what_failed_and_where_it_stands() {
    let mut stage = Stage::with("stack.yaml", NETWORK);
    stage.run("apply -e dev --auto-approve --sandbox-faults denied=ec2:CreateSubnet,denied=s3:PutBucketTagging");
    stage.run("plan -e dev --sandbox-faults denied=ec2:DescribeVpcs");
    stage.run("plan -e dev --sandbox-faults denied");
    stage.run("plan -e dev");
    insta::assert_snapshot!(stage.transcript());
}

#[test]
fn machines_can_read_what_people_see() {
    let mut stage = Stage::with("stack.yaml", NETWORK);
    let plan: Value = serde_json::from_str(&stage.answer("plan -e dev --json")).unwrap();
    assert_eq!(plan["summary"]["create"], 5);
    stage.run("apply -e dev --auto-approve --json-into events.jsonl");
    let lines: Vec<Value> =
        stage.read("events.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let types: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(types[..2], ["version", "plan"]);
    assert_eq!(types.last(), Some(&"summary"));
    assert_eq!(types.iter().filter(|t| **t == "step_done").count(), 6, "{types:?}");
    let show: Value = serde_json::from_str(&stage.answer("show -e dev --json")).unwrap();
    assert_eq!(show["things"].as_array().map(Vec::len), Some(5));
    let outputs: Value = serde_json::from_str(&stage.answer("output -e dev --json")).unwrap();
    assert_eq!(outputs["outputs"]["zones"]["value"], serde_json::json!(["eu-west-3a", "eu-west-3b"]));
    assert!(stage.answer("plan -e dev --markdown").starts_with("<!-- clefctl plan shop/dev -->"));
    let problems: Value = serde_json::from_str(&stage.answer("validate --json")).unwrap();
    assert_eq!(problems["valid"], true);
}

const SECRET: &str = "korrekt-horse-9";

#[test]
fn a_sensitive_value_is_nowhere() {
    let stack = r#"stack: shop
region: eu-west-3
account: "123456789012"
variables:
  password: {type: string, sensitive: true}
resources:
  vpc: {kind: vpc, cidr_block: 10.0.0.0/16}
  private:
    kind: subnet
    for_each: {a: 0, b: 1}
    vpc_id: ${vpc.id}
    cidr_block: ${cidrsubnet(vpc.cidr_block, 8, each.value)}
    availability_zone: eu-west-3${each.key}
  group: {kind: db_subnet_group, subnet_ids: '${private[*].id}'}
  db:
    kind: db_instance
    engine: postgres
    engine_version: "15"
    instance_class: db.t3.micro
    allocated_storage: 20
    username: shop
    password: ${var.password}
    password_version: 1
    db_subnet_group_name: ${group.name}
    skip_final_snapshot: true
outputs:
  password: {value: '${var.password}', sensitive: true}
"#;
    let mut stage = Stage::with("stack.yaml", stack);
    stage.set("CLEFCTL_VAR_password", SECRET);
    for line in [
        "validate --json",
        "plan -vvv",
        "plan --json",
        "plan --markdown",
        "apply --auto-approve -vvv --json-into events.jsonl",
        "show --json",
        "output",
        "output --json",
        "output -r password",
        "sandbox show --json",
        "destroy --auto-approve --allow-data-loss all -vvv --json-into destroyed.jsonl",
    ] {
        stage.run(line);
    }
    let all = stage.transcript();
    assert!(all.contains("(sensitive)"), "{all}");
    assert!(all.contains("5 created"), "the stack must have been applied:\n{all}");
    assert!(!all.contains(SECRET), "{all}");
    for (path, text) in stage.files() {
        assert!(!text.contains(SECRET), "{path} holds it");
    }
}

#[test]
fn colours_come_and_go_as_told() {
    let mut stage = Stage::with("stack.yaml", NETWORK);
    stage.set("NO_COLOR", "");
    stage.set("CLICOLOR_FORCE", "1");
    assert!(stage.answer("plan -e dev").contains("\u{1b}[32m"));
    assert!(!stage.answer("plan -e dev --no-color").contains('\u{1b}'));
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(Stage::empty().answer(&format!("completions {shell}")).contains("clefctl"), "{shell}");
    }
}

#[test]
fn a_plan_that_was_kept_is_carried_out_or_refused() {
    let mut stage = Stage::with("stack.yaml", KEPT);
    stage.set("CLEFCTL_VAR_password", "hunter2-hunter2");
    stage.run("plan -e dev --var host=10.0.0.0/16 --out vpc.plan --html plan.html");
    assert!(stage.read("plan.html").starts_with("<!doctype html>"));
    for (name, text) in stage.files() {
        assert!(!text.contains("hunter2"), "{name} has the secret");
    }
    stage.run("apply vpc.plan --var host=10.1.0.0/16");
    stage.run("apply vpc.plan --target vpc");
    stage.run("apply vpc.plan");
    // What lives is no longer what it was planned for.
    stage.run("apply vpc.plan");
    stage.run("plan -e dev --var host=10.0.0.0/16 --out nothing.plan");
    stage.write("stack.yaml", &KEPT.replace("enable_dns_hostnames: true", "enable_dns_hostnames: false"));
    stage.run("apply nothing.plan");
    insta::assert_snapshot!(stage.transcript());
}

/// A stack with a variable that the command line sets, and a sensitive one.
const KEPT: &str = "\
stack: kept
region: eu-west-3
variables:
  host: {type: string}
  password: {type: string, sensitive: true}
environments:
  dev: {}
resources:
  vpc: {kind: vpc, cidr_block: '${var.host}', enable_dns_hostnames: true}
outputs:
  password: {value: '${var.password}', sensitive: true}
";

const MISSING: &str = "\
stack: shop
region: eu-west-3
variables:
  db_password: {type: string, sensitive: true, default: null}
resources:
  db:
    kind: db_instance
    engine: postgres
    instance_class: db.t3.micro
    allocated_storage: 20
    username: shop
    password: ${var.db_password}
    password_version: 1
";

#[test]
fn a_secret_that_is_needed_and_missing_is_named() {
    let mut stage = Stage::with("stack.yaml", MISSING);
    stage.run("plan");
    insta::assert_snapshot!(stage.transcript());
}
