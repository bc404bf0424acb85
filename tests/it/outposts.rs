//! Records in zones that are not the stack's: of the same account, and of another one, under a role. When their
//! entries have left the file no list of the account leads to them; the ledger does.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::Moto;

fn zone(moto: &Moto, name: &str) -> String {
    let script = format!(
        "made = client('route53').create_hosted_zone(Name='{name}', CallerReference='{name}')\n\
         result = made['HostedZone']['Id'].split('/')[-1]"
    );
    moto.boto(&script).as_str().unwrap().to_owned()
}

/// The records below the zone that are not the zone's own.
fn records(moto: &Moto, zone: &str) -> Value {
    let script = format!(
        "sets = client('route53').list_resource_record_sets(HostedZoneId='{zone}')['ResourceRecordSets']\n\
         result = sorted(one['Name'] + ' ' + one['Type'] for one in sets if one['Type'] not in ('NS', 'SOA'))"
    );
    moto.boto(&script)
}

fn head(moto: &Moto) -> String {
    format!("stack: shop\nregion: eu-west-3\naccount: \"{}\"\n", moto.account())
}

fn clefctl(moto: &Moto, folder: &Path, line: &str) -> (String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_clefctl"))
        .args(line.split_whitespace())
        .envs(moto.environment())
        .env("NO_COLOR", "1")
        .current_dir(folder)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap()).concat();
    (format!("$ {line}\n{said}"), output.status.code())
}

#[test]
fn a_certificate_is_validated_in_the_zone_of_another_account() {
    let moto = Moto::start_in("eu-west-3");
    let other = moto.other();
    let theirs = zone(&other, "theirs.example");
    let left = || records(&other, &theirs);
    let folder = tempfile::tempdir().unwrap();
    let stack = format!(
        "{}resources:\n  certificate:\n    kind: acm_certificate\n    \
         domain_name: www.theirs.example\n    validation: {{zone_id: {theirs}, role_arn: 'arn:aws:iam::{}:role/dns'}}\n",
        head(&moto),
        other.account()
    );
    fs::write(folder.path().join("stack.yaml"), stack).unwrap();
    let run = |line: &str, expected: i32| {
        let (said, code) = clefctl(&moto, folder.path(), line);
        assert_eq!(code, Some(expected), "{said}");
    };
    run("apply --auto-approve", 0);
    run("plan --detailed-exitcode", 0);
    let there = left();
    assert_eq!(there.as_array().map(Vec::len), Some(2), "a record and its marker: {there}");
    run("destroy --auto-approve", 0);
    assert_eq!(left(), json!([]));
}

#[test]
fn what_lived_in_a_zone_of_others_goes_with_its_entry() {
    let moto = Moto::start_in("eu-west-3");
    let other = moto.other();
    let (shared, theirs) = (zone(&moto, "shared.example"), zone(&other, "theirs.example"));
    let left = || json!([records(&moto, &shared), records(&other, &theirs)]);
    let folder = tempfile::tempdir().unwrap();
    let head = head(&moto) + "resources:\n";
    let rest = "  alerts: {kind: sns_topic}\n";
    let inside = format!(
        "  here: {{kind: route53_record, zone_id: {shared}, name: www.shared.example, type: A, ttl: 60, records: [192.0.2.1]}}\n  \
         there:\n    kind: route53_record\n    role_arn: arn:aws:iam::{}:role/dns\n    zone_id: {theirs}\n    \
         name: www.theirs.example\n    type: A\n    ttl: 60\n    records: [192.0.2.2]\n",
        other.account()
    );
    let file = folder.path().join("stack.yaml");
    let run = |line: &str, expected: i32| {
        let (said, code) = clefctl(&moto, folder.path(), line);
        assert_eq!(code, Some(expected), "{said}");
        said
    };

    fs::write(&file, format!("{head}{rest}{inside}")).unwrap();
    run("apply --auto-approve", 0);
    run("plan --detailed-exitcode", 0);
    let there = left();
    assert!(there.to_string().contains("www.theirs.example. A"), "{there}");

    fs::write(&file, format!("{head}{rest}")).unwrap();
    let plan = run("plan --detailed-exitcode", 2);
    assert!(plan.contains("2 to delete"), "{plan}");
    run("apply --auto-approve", 0);
    assert_eq!(left(), json!([[], []]));
    run("plan --detailed-exitcode", 0);

    fs::write(&file, format!("{head}{rest}{inside}")).unwrap();
    run("apply --auto-approve", 0);
    run("destroy --owner shop/default --region eu-west-3 --auto-approve", 0);
    assert_eq!(left(), json!([[], []]));
}

#[test]
fn what_lived_in_a_pool_and_a_bucket_of_others_goes_with_its_entry() {
    let moto = Moto::start_in("eu-west-3");
    let made = moto.boto(
        "pool = client('cognito-idp').create_user_pool(PoolName='theirs')['UserPool']['Id']\n\
         client('s3').create_bucket(Bucket='theirs', CreateBucketConfiguration={'LocationConstraint': 'eu-west-3'})\n\
         result = pool",
    );
    let pool = made.as_str().unwrap();
    let left = || {
        let script = format!(
            "clients = client('cognito-idp').list_user_pool_clients(UserPoolId='{pool}')['UserPoolClients']\n\
             objects = client('s3').list_objects_v2(Bucket='theirs').get('Contents', [])\n\
             result = [one['ClientName'] for one in clients] + [one['Key'] for one in objects]"
        );
        moto.boto(&script)
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stack.yaml");
    let run = |line: &str, expected: i32| {
        let (said, code) = clefctl(&moto, folder.path(), line);
        assert_eq!(code, Some(expected), "{said}");
        said
    };
    let rest = format!("{}resources:\n  alerts: {{kind: sns_topic}}\n", head(&moto));
    let inside = format!(
        "  portal: {{kind: cognito_user_pool_client, user_pool_id: {pool}, name: portal}}\n  \
         note: {{kind: s3_object, bucket: theirs, key: a.txt, content: a}}\n"
    );
    fs::write(&file, format!("{rest}{inside}")).unwrap();
    run("apply --auto-approve", 0);
    run("plan --detailed-exitcode", 0);
    fs::write(&file, &rest).unwrap();
    let plan = run("plan --detailed-exitcode", 2);
    assert!(plan.contains("2 to delete"), "{plan}");
    run("apply --auto-approve", 0);
    assert_eq!(left(), json!([]));
}
