//! What a plan costs for each bucket, and what it sees that somebody set by hand.

use std::collections::BTreeMap;
use std::fs;

use crate::conformance::driver::Wire;
use crate::support::Moto;

const STACK: &str = "
stack: example
region: eu-west-3
resources:
  plain: {kind: s3_bucket}
  versioned: {kind: s3_bucket, versioning: {enabled: true}}
";

/// The most API calls of a bucket in a plan with nothing to do.
const MOST: usize = 14;

#[tokio::test]
async fn a_bucket_costs_few_calls_and_what_is_set_by_hand_is_seen() {
    let moto = Moto::start_in("eu-west-3");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stack.yaml");
    fs::write(&path, STACK).unwrap();
    let wire = Wire::new(&moto, &path);
    wire.apply().await;

    moto.mark();
    assert!(wire.plan().await.plan.is_empty());
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for call in moto.calls().into_iter().filter(|call| call.service == "s3") {
        *calls.entry(call.operation).or_default() += 1;
    }
    // Two buckets: eleven calls each, and what needs versions for one of them.
    let versions = ["GetBucketReplication", "GetObjectLockConfiguration"];
    assert!(versions.iter().all(|operation| calls.remove(*operation) == Some(1)), "{calls:#?}");
    assert!(calls.values().all(|count| *count == 2), "{calls:#?}");
    assert!(calls.len() + versions.len() <= MOST, "{calls:#?}");

    moto.boto(
        "
s3 = client('s3', 'eu-west-3')
bucket = next(b['Name'] for b in s3.list_buckets()['Buckets'] if 'plain' in b['Name'])
rule = {'ID': 'x', 'Status': 'Enabled', 'Filter': {'Prefix': ''}, 'Expiration': {'Days': 1}}
s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={'Rules': [rule]})
cors = {'AllowedMethods': ['GET'], 'AllowedOrigins': ['*']}
s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={'CORSRules': [cors]})
s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={'EventBridgeConfiguration': {}})
s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration={'IndexDocument': {'Suffix': 'index.html'}})
result = {}
",
    );
    let plan = wire.plan().await.plan;
    let [change] = plan.changes.as_slice() else { panic!("{:#?}", plan.changes) };
    let names: Vec<&str> = change.attributes.iter().map(|attribute| attribute.name.as_str()).collect();
    assert_eq!(names, ["lifecycle_rule", "cors_rule", "website", "notification"]);
    wire.apply().await;
    assert!(wire.plan().await.plan.is_empty());
}
