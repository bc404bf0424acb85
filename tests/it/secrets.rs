//! Promise 5 on the wire: secrets reach AWS, and nothing else. Whatever clefctl prints and writes is searched for them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Fault, Moto};

const GIVEN: &str = "korrekt-horse-9";
const CHANGED: &str = "korrekt-horse-10";
const FOUND: &str = "somebody-elses-7";

fn stack(moto: &Moto) -> String {
    format!(
        r#"stack: shop
region: eu-west-3
account: "{}"
variables:
  password: {{type: string, sensitive: true}}
  version: {{type: number, default: 1}}
lookups:
  theirs: {{kind: secretsmanager_secret, name: theirs, with_value: true}}
  quiet: {{kind: secretsmanager_secret, name: theirs}}
resources:
  made: {{kind: secretsmanager_secret, generate: {{length: 24, version: '${{var.version}}'}}}}
  given:
    kind: secretsmanager_secret
    secret_string: ${{var.password}}
    secret_string_version: ${{var.version}}
  copied:
    kind: secretsmanager_secret
    secret_string: ${{lookup.theirs.value}}
    secret_string_version: 1
  fetched:
    kind: ssm_parameter
    name: /shop/fetched
    type: SecureString
    secure_value: ${{made.value}}
    secure_value_version: ${{var.version}}
  key: {{kind: secretsmanager_secret}}
  pipeline:
    kind: iam_user
    access_key: {{secret_id: '${{key.arn}}', version: '${{var.version}}'}}
outputs:
  theirs: {{value: '${{lookup.theirs.value}}', sensitive: true}}
  quiet: {{value: '${{lookup.quiet.value == null}}'}}
"#,
        moto.account()
    )
}

/// Runs a command, and gives all that it says with its exit code.
fn clefctl(moto: &Moto, folder: &Path, line: &str, password: &str) -> (String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clefctl"));
    command.args(line.split_whitespace()).envs(moto.environment()).current_dir(folder);
    command.env("NO_COLOR", "1").env("CLEFCTL_VAR_password", password).stdin(std::process::Stdio::null());
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap()).concat();
    (format!("$ {line}\n{said}"), output.status.code())
}

/// The values that live in AWS now.
fn values(moto: &Moto) -> Vec<String> {
    let read = moto.boto(
        r"
import json
secrets, ssm = client('secretsmanager'), client('ssm')
result = [secrets.get_secret_value(SecretId=s['Name'])['SecretString'] for s in secrets.list_secrets()['SecretList']]
result.append(ssm.get_parameter(Name='/shop/fetched', WithDecryption=True)['Parameter']['Value'])
# A generated value may begin with a brace, too.
result += [json.loads(value)['secret_access_key'] for value in list(result) if 'secret_access_key' in value]
",
    );
    serde_json::from_value(read).unwrap()
}

#[test]
fn secrets_reach_aws_and_nothing_else() {
    let moto = Moto::start_in("eu-west-3");
    moto.boto(&format!("client('secretsmanager').create_secret(Name='theirs', SecretString='{FOUND}')"));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("stack.yaml"), stack(&moto)).unwrap();
    let mut said = String::new();
    let mut run = |line: &str, password: &str, expected: i32| {
        let (more, code) = clefctl(&moto, folder.path(), line, password);
        assert_eq!(code, Some(expected), "{more}");
        said.push_str(&more);
    };
    run("validate --json", GIVEN, 0);
    run("plan -vvv", GIVEN, 0);
    run("plan --json", GIVEN, 0);
    run("apply --auto-approve -vvv --json-into applied.jsonl", GIVEN, 0);
    let first = values(&moto);
    assert_eq!(first.iter().filter(|value| *value == FOUND).count(), 2, "theirs, and the copy: {first:?}");
    assert!(first.contains(&GIVEN.to_owned()), "{first:?}");
    let fetched = |values: &[String]| {
        let twice = |value: &&String| *value != FOUND && values.iter().filter(|other| other == value).count() == 2;
        values.iter().find(twice).cloned().expect("the parameter has the value that AWS made")
    };
    run("plan --detailed-exitcode", GIVEN, 0);
    run("plan -vvv --markdown --var version=2", CHANGED, 0);
    run("apply --auto-approve -vvv --json-into again.jsonl --var version=2", CHANGED, 0);
    let second = values(&moto);
    assert!(second.contains(&CHANGED.to_owned()) && !second.contains(&GIVEN.to_owned()), "{second:?}");
    assert_ne!(fetched(&first), fetched(&second));
    run("show --json", CHANGED, 0);
    run("output --json", CHANGED, 0);
    run("destroy --auto-approve --allow-data-loss all -vvv --var version=2", CHANGED, 0);
    // Deleted secrets hold their names: they are restored, with the values that they had.
    run("apply --auto-approve -vvv --var version=2", CHANGED, 0);
    let third = values(&moto);
    assert!(third.contains(&CHANGED.to_owned()) && fetched(&third) == fetched(&second), "{second:?} {third:?}");
    // What AWS refuses is told without what was sent.
    moto.inject(&Fault::error("InvalidParameterException", "no", 400).on("secretsmanager", "PutSecretValue"));
    run("apply --auto-approve -vvv --json-into failed.jsonl --var version=3", GIVEN, 1);
    assert!(said.contains("(sensitive)") && said.contains("quiet:  true"), "{said}");
    for secret in first.iter().chain(&second).chain(&third) {
        assert!(!said.contains(secret.as_str()), "{secret}:\n{said}");
        for entry in fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            assert!(!fs::read_to_string(&path).unwrap().contains(secret.as_str()), "{} holds {secret}", path.display());
        }
    }
}
