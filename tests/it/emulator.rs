//! The emulated AWS itself: a test is worth no more than what it stands on.

use std::time::Instant;

use serde_json::json;

use crate::support::{Fault, Moto};

const COUNT_VPCS: &str = "result = len([v for v in client('ec2').describe_vpcs()['Vpcs'] if not v['IsDefault']])";

#[test]
fn what_moto_lacks_is_there() {
    Moto::start().self_check(&[]).unwrap_or_else(|said| panic!("{said}"));
}

#[test]
fn nothing_is_mended_that_moto_does_itself() {
    Moto::plain().self_check(&["--needed"]).unwrap_or_else(|said| panic!("{said}"));
}

#[test]
fn asynchronous_things_take_their_time_or_fail() {
    let moto = Moto::start();
    let certificate = "acm = client('acm'); arn = acm.request_certificate(DomainName='example.com')['CertificateArn']\n\
                       result = [acm.describe_certificate(CertificateArn=arn)['Certificate']['Status'] for _ in 'ab']";
    assert_eq!(moto.boto(certificate), json!(["ISSUED", "ISSUED"]));
    moto.slow(1);
    assert_eq!(moto.boto(certificate), json!(["PENDING_VALIDATION", "ISSUED"]));
    moto.fail_next("certificate", "CAA_ERROR");
    assert_eq!(moto.boto(certificate), json!(["PENDING_VALIDATION", "FAILED"]));
    assert_eq!(moto.boto(certificate), json!(["PENDING_VALIDATION", "ISSUED"]));
}

#[test]
fn accounts_are_apart_and_can_be_emptied() {
    let (one, other) = (Moto::start(), Moto::start());
    one.boto("client('ec2').create_vpc(CidrBlock='10.0.0.0/16')");
    assert_eq!(one.boto(COUNT_VPCS), json!(1));
    assert_eq!(other.boto(COUNT_VPCS), json!(0));
    assert_eq!(one.boto("result = client('sts').get_caller_identity()['Account']"), json!(one.account()));
    assert_eq!(one.leftovers().len(), 1, "{:?}", one.leftovers());
    one.reset();
    assert_eq!(one.leftovers(), Vec::<String>::new());
}

#[test]
fn calls_are_recorded() {
    let moto = Moto::start();
    moto.boto("client('ec2').describe_vpcs()");
    moto.mark();
    moto.boto("client('ec2').create_vpc(CidrBlock='10.0.0.0/16'); client('ssm').describe_parameters()");
    let calls: Vec<_> = moto.calls().into_iter().map(|c| (c.service, c.operation, c.mutating, c.outcome)).collect();
    assert_eq!(
        calls,
        [
            ("ec2".to_owned(), "CreateVpc".to_owned(), true, Some(200)),
            ("ssm".to_owned(), "DescribeParameters".to_owned(), false, Some(200)),
        ]
    );
}

#[test]
fn errors_are_injected_as_often_as_asked() {
    let moto = Moto::start();
    moto.inject(&Fault::error("RequestLimitExceeded", "slow down", 503).on("ec2", "DescribeVpcs").after(1).times(2));
    let seen = moto.boto(
        "result = []\n\
         for _ in range(4):\n\
         \x20   try: client('ec2').describe_vpcs(); result.append('ok')\n\
         \x20   except ClientError as e: result.append(e.response['Error']['Code'])",
    );
    assert_eq!(seen, json!(["ok", "RequestLimitExceeded", "RequestLimitExceeded", "ok"]));
}

#[test]
fn an_answer_is_lost_after_and_a_request_before_the_effect() {
    let moto = Moto::start();
    let create = "from botocore.exceptions import ConnectionClosedError\n\
                  try: client('ec2').create_vpc(CidrBlock='10.0.0.0/16'); result = 'answered'\n\
                  except (ConnectionError, ConnectionClosedError): result = 'cut'";
    moto.inject(&Fault::lose_answer().mutating());
    assert_eq!(moto.boto(create), json!("cut"));
    assert_eq!(moto.boto(COUNT_VPCS), json!(1));
    moto.inject(&Fault::cut_before().on("ec2", "CreateVpc"));
    assert_eq!(moto.boto(create), json!("cut"));
    assert_eq!(moto.boto(COUNT_VPCS), json!(1));
    moto.inject(&Fault::error("Boom", "", 500).always());
    moto.clear();
    assert_eq!(moto.boto(create), json!("answered"));
}

#[test]
fn lists_can_be_stale_and_answers_late() {
    let moto = Moto::start();
    moto.remember();
    assert_eq!(moto.boto(COUNT_VPCS), json!(0));
    moto.boto("client('ec2').create_vpc(CidrBlock='10.0.0.0/16')");
    moto.inject(&Fault::stale(0.0));
    assert_eq!(moto.boto(COUNT_VPCS), json!(0));
    assert_eq!(moto.boto(COUNT_VPCS), json!(1));
    moto.inject(&Fault::delay(0.3));
    let begin = Instant::now();
    moto.boto(COUNT_VPCS);
    assert!(begin.elapsed().as_secs_f64() > 0.3);
}
