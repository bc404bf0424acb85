//! What lives where no list of the account's leads: in zones, pools and buckets of others, in another account under a
//! role. When the entries have left the file the ledger leads there; and the tagging API to IAM's own paths.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::Moto;

/// What stays when what a test is about goes.
const REST: &str = "  alerts: {kind: sns_topic}\n";

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

/// A stack in a folder of its own.
struct Stack<'a> {
    moto: &'a Moto,
    folder: TempDir,
}

impl<'a> Stack<'a> {
    fn new(moto: &'a Moto) -> Self {
        Self { moto, folder: tempfile::tempdir().unwrap() }
    }

    /// From now on it has these resources.
    fn says(&self, resources: &str) {
        let account = self.moto.account();
        let text = format!("stack: shop\nregion: eu-west-3\naccount: \"{account}\"\nresources:\n{resources}");
        fs::write(self.folder.path().join("stack.yaml"), text).unwrap();
    }

    /// What the command says; it must end with this code.
    fn run(&self, line: &str, expected: i32) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_clefctl"))
            .args(line.split_whitespace())
            .envs(self.moto.environment())
            .env("NO_COLOR", "1")
            .current_dir(self.folder.path())
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap()).concat();
        assert_eq!(output.status.code(), Some(expected), "$ {line}\n{said}");
        said
    }
}

#[test]
fn a_certificate_is_validated_in_the_zone_of_another_account() {
    let moto = Moto::start_in("eu-west-3");
    let other = moto.other();
    let theirs = zone(&other, "theirs.example");
    let left = || records(&other, &theirs);
    let stack = Stack::new(&moto);
    stack.says(&format!(
        "  certificate:\n    kind: acm_certificate\n    \
         domain_name: www.theirs.example\n    validation: {{zone_id: {theirs}, role_arn: 'arn:aws:iam::{}:role/dns'}}\n",
        other.account()
    ));
    stack.run("apply --auto-approve", 0);
    stack.run("plan --detailed-exitcode", 0);
    let there = left();
    assert_eq!(there.as_array().map(Vec::len), Some(2), "a record and its marker: {there}");
    stack.run("destroy --auto-approve", 0);
    assert_eq!(left(), json!([]));
}

#[test]
fn what_lived_in_a_zone_of_others_goes_with_its_entry() {
    let moto = Moto::start_in("eu-west-3");
    let other = moto.other();
    let (shared, theirs) = (zone(&moto, "shared.example"), zone(&other, "theirs.example"));
    let left = || json!([records(&moto, &shared), records(&other, &theirs)]);
    let stack = Stack::new(&moto);
    let inside = format!(
        "  here: {{kind: route53_record, zone_id: {shared}, name: www.shared.example, type: A, ttl: 60, records: [192.0.2.1]}}\n  \
         there:\n    kind: route53_record\n    role_arn: arn:aws:iam::{}:role/dns\n    zone_id: {theirs}\n    \
         name: www.theirs.example\n    type: A\n    ttl: 60\n    records: [192.0.2.2]\n",
        other.account()
    );

    stack.says(&format!("{REST}{inside}"));
    stack.run("apply --auto-approve", 0);
    stack.run("plan --detailed-exitcode", 0);
    let there = left();
    assert!(there.to_string().contains("www.theirs.example. A"), "{there}");

    stack.says(REST);
    let plan = stack.run("plan --detailed-exitcode", 2);
    assert!(plan.contains("2 to delete"), "{plan}");
    stack.run("apply --auto-approve", 0);
    assert_eq!(left(), json!([[], []]));
    stack.run("plan --detailed-exitcode", 0);

    stack.says(&format!("{REST}{inside}"));
    stack.run("apply --auto-approve", 0);
    stack.run("destroy --owner shop/default --region eu-west-3 --auto-approve", 0);
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
    let stack = Stack::new(&moto);
    let inside = format!(
        "  portal: {{kind: cognito_user_pool_client, user_pool_id: {pool}, name: portal}}\n  \
         note: {{kind: s3_object, bucket: theirs, key: a.txt, content: a}}\n"
    );
    stack.says(&format!("{REST}{inside}"));
    stack.run("apply --auto-approve", 0);
    stack.run("plan --detailed-exitcode", 0);
    stack.says(REST);
    let plan = stack.run("plan --detailed-exitcode", 2);
    assert!(plan.contains("2 to delete"), "{plan}");
    stack.run("apply --auto-approve", 0);
    assert_eq!(left(), json!([]));
}

#[test]
fn what_stood_under_a_path_of_its_own_goes_with_its_entry() {
    let moto = Moto::start_in("eu-west-3");
    let left = || {
        moto.boto(
            "iam = client('iam')\n\
             policies = iam.list_policies(Scope='Local')['Policies']\n\
             profiles = iam.list_instance_profiles()['InstanceProfiles']\n\
             result = [one['Arn'].split(':')[-1] for one in policies + profiles]",
        )
    };
    let stack = Stack::new(&moto);
    let inside = "  reading:\n    kind: iam_policy\n    name: reading\n    path: /ops/\n    \
                  policy: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: 's3:GetObject', Resource: '*'}]}\n  \
                  web: {kind: iam_instance_profile, name: web, path: /ops/}\n";
    stack.says(&format!("{REST}{inside}"));
    stack.run("apply --auto-approve", 0);
    stack.run("plan --detailed-exitcode", 0);
    assert_eq!(left(), json!(["policy/ops/reading", "instance-profile/ops/web"]));
    stack.says(REST);
    let plan = stack.run("plan --detailed-exitcode", 2);
    assert!(plan.contains("2 to delete"), "{plan}");
    stack.run("apply --auto-approve", 0);
    assert_eq!(left(), json!([]));
}
