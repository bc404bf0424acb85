//! Ctrl-C on the wire: what it leaves behind.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::Moto;

#[test]
fn ctrl_c_ends_soon_and_gives_the_lock_back() {
    let moto = Moto::start();
    moto.slow(1000);
    let folder = tempfile::tempdir().unwrap();
    let stack = format!(
        "stack: shop\nregion: eu-west-3\naccount: \"{}\"\nresources:\n  \
         vpc: {{kind: vpc, cidr_block: 10.0.0.0/16}}\n  \
         public: {{kind: subnet, vpc_id: '${{vpc.id}}', cidr_block: 10.0.0.0/24}}\n  \
         address: {{kind: eip}}\n  \
         nat: {{kind: nat_gateway, subnet_id: '${{public.id}}', allocation_id: '${{address.id}}'}}\n",
        moto.account()
    );
    fs::write(folder.path().join("stack.yaml"), stack).unwrap();
    let clefctl = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clefctl"));
        command.args(arguments).envs(moto.environment()).env("NO_COLOR", "1").current_dir(folder.path());
        command.stdin(Stdio::null());
        command
    };
    let mut apply = clefctl(&["apply", "--auto-approve"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(apply.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("nat: creating") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "the run ended before it came to the gateway");
    }
    let interrupted = Instant::now();
    assert!(Command::new("kill").args(["-INT", &apply.id().to_string()]).status().unwrap().success());
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert_eq!(apply.wait().unwrap().code(), Some(1), "{rest}");
    assert!(interrupted.elapsed() < Duration::from_secs(15), "{:?}: {rest}", interrupted.elapsed());
    assert!(rest.contains("Cut off while at work") && rest.contains("nat"), "{rest}");
    let unlock = clefctl(&["unlock"]).output().unwrap();
    assert_eq!(String::from_utf8(unlock.stdout).unwrap(), "Nobody holds the lock of shop/default.\n");
}
