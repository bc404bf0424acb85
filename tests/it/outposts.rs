//! Records in zones that are not the stack's: of the same account, and of another one, under a role. When their
//! entries have left the file no list of the account leads to them; the ledger does.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::Moto;

const OTHER: &str = "999000000001";

/// Clients of both accounts, and the records below a zone that are not the zone's own.
const HELP: &str = r"
def dns(account):
    if account is None:
        return client('route53')
    url = client('route53').meta.endpoint_url
    return boto3.client('route53', region_name='us-east-1', endpoint_url=url, aws_access_key_id='AKIACLEF' + account,
                        aws_secret_access_key='secret')

def records(account, zone):
    sets = dns(account).list_resource_record_sets(HostedZoneId=zone)['ResourceRecordSets']
    return sorted(one['Name'] + ' ' + one['Type'] for one in sets if one['Type'] not in ('NS', 'SOA'))
";

fn boto(moto: &Moto, script: &str) -> Value {
    moto.boto(&format!("{HELP}\n{script}"))
}

fn zone(moto: &Moto, account: &str, name: &str) -> String {
    let script = format!(
        "made = dns({account}).create_hosted_zone(Name='{name}', CallerReference='{name}')\n\
         result = made['HostedZone']['Id'].split('/')[-1]"
    );
    boto(moto, &script).as_str().unwrap().to_owned()
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
    let other = format!("'{OTHER}'");
    let theirs = zone(&moto, &other, "theirs.example");
    let left = || boto(&moto, &format!("result = records({other}, '{theirs}')"));
    let folder = tempfile::tempdir().unwrap();
    let stack = format!(
        "{}resources:\n  certificate:\n    kind: acm_certificate\n    \
         domain_name: www.theirs.example\n    validation: {{zone_id: {theirs}, role_arn: 'arn:aws:iam::{OTHER}:role/dns'}}\n",
        head(&moto)
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
    assert_eq!(left(), serde_json::json!([]));
}

#[test]
fn what_lived_in_a_zone_of_others_goes_with_its_entry() {
    let moto = Moto::start_in("eu-west-3");
    let other = format!("'{OTHER}'");
    let (shared, theirs) = (zone(&moto, "None", "shared.example"), zone(&moto, &other, "theirs.example"));
    let left = || {
        let script = format!("result = [records(None, '{shared}'), records({other}, '{theirs}')]");
        boto(&moto, &script)
    };
    let folder = tempfile::tempdir().unwrap();
    let head = head(&moto) + "resources:\n";
    let rest = "  alerts: {kind: sns_topic}\n";
    let records = format!(
        "  here: {{kind: route53_record, zone_id: {shared}, name: www.shared.example, type: A, ttl: 60, records: [192.0.2.1]}}\n  \
         there:\n    kind: route53_record\n    role_arn: arn:aws:iam::{OTHER}:role/dns\n    zone_id: {theirs}\n    \
         name: www.theirs.example\n    type: A\n    ttl: 60\n    records: [192.0.2.2]\n"
    );
    let file = folder.path().join("stack.yaml");
    let run = |line: &str, expected: i32| {
        let (said, code) = clefctl(&moto, folder.path(), line);
        assert_eq!(code, Some(expected), "{said}");
        said
    };

    fs::write(&file, format!("{head}{rest}{records}")).unwrap();
    run("apply --auto-approve", 0);
    run("plan --detailed-exitcode", 0);
    let there = left();
    assert!(there.to_string().contains("www.theirs.example. A"), "{there}");

    fs::write(&file, format!("{head}{rest}")).unwrap();
    let plan = run("plan --detailed-exitcode", 2);
    assert!(plan.contains("2 to delete"), "{plan}");
    run("apply --auto-approve", 0);
    assert_eq!(left(), serde_json::json!([[], []]));
    run("plan --detailed-exitcode", 0);

    fs::write(&file, format!("{head}{rest}{records}")).unwrap();
    run("apply --auto-approve", 0);
    run("destroy --owner shop/default --region eu-west-3 --auto-approve", 0);
    assert_eq!(left(), serde_json::json!([[], []]));
}

#[test]
fn what_lived_in_a_pool_and_a_bucket_of_others_goes_with_its_entry() {
    let moto = Moto::start_in("eu-west-3");
    let made = boto(
        &moto,
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
        boto(&moto, &script)
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
    assert_eq!(left(), serde_json::json!([]));
}
