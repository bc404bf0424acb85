//! Stacks that use what other stacks tell (`stack_outputs`), from the command line to the simulated account.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs clefctl in a folder; what it says, and whether all went well.
fn clefctl(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_clefctl"))
        .args(arguments)
        .args(["--sandbox", "--sandbox-speed", "100000"])
        .env_remove("CLEFCTL_ENV")
        .current_dir(folder)
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (run.status.success(), said)
}

fn good(folder: &Path, arguments: &[&str]) -> String {
    let (good, said) = clefctl(folder, arguments);
    assert!(good, "{arguments:?}: {said}");
    said
}

const NETWORK: &str = r"
stack: network
region: eu-west-3
environments: {dev: {cidr: 10.0.0.0/16}, prod: {cidr: 10.1.0.0/16}}
variables: {cidr: {type: string}, key: {type: string, default: unset}}
resources:
  main: {kind: vpc, cidr_block: '${var.cidr}'}
outputs:
  id: {value: '${main.id}'}
  cidr: {value: '${main.cidr_block}'}
  key: {value: '${var.key}', sensitive: true}
";

const APP: &str = r"
stack: app
region: eu-west-3
environments: {dev: {}, prod: {}}
lookups:
  network: {kind: stack_outputs, path: ../network, variables: {key: secret}}
  prod: {kind: stack_outputs, path: ../network/stack.yaml, environment: prod, optional: true}
resources:
  a: {kind: subnet, vpc_id: '${lookup.network.outputs.id}', cidr_block: '${cidrsubnet(lookup.network.outputs.cidr, 8, 1)}'}
outputs:
  vpc: {value: '${a.vpc_id}'}
  prod: {value: '${lookup.prod == null}'}
  region: {value: '${lookup.network.region}'}
  key: {value: '${lookup.network.outputs.key}', sensitive: true}
";

fn stacks(folder: &Path) {
    for (name, text) in [("network", NETWORK), ("app", APP)] {
        fs::create_dir(folder.join(name)).unwrap();
        fs::write(folder.join(name).join("stack.yaml"), text).unwrap();
    }
}

#[test]
fn outputs_of_another_stack_are_those_of_what_lives() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    stacks(folder);
    let (applied, said) = clefctl(folder, &["plan", "app", "-e", "dev"]);
    assert!(!applied && said.contains("`lookup.network` finds nothing"), "{said}");
    good(folder, &["apply", "network", "-e", "dev", "--auto-approve"]);
    let id = good(folder, &["output", "network", "-e", "dev", "-r", "id"]);
    good(folder, &["apply", "app", "-e", "dev", "--auto-approve"]);
    assert_eq!(good(folder, &["output", "app", "-e", "dev", "-r", "vpc"]), id);
    assert_eq!(good(folder, &["output", "app", "-e", "dev", "-r", "prod"]), "true\n");
    assert_eq!(good(folder, &["output", "app", "-e", "dev", "-r", "region"]), "eu-west-3\n");
    assert!(!good(folder, &["output", "app", "-e", "dev"]).contains("secret"));
    // What the file of the other stack says now is not what lives.
    fs::write(folder.join("network/stack.yaml"), NETWORK.replace("10.0.0.0", "10.9.0.0")).unwrap();
    assert!(good(folder, &["plan", "app", "-e", "dev"]).contains("No changes."));
}

#[test]
fn stacks_that_need_each_other_are_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    stacks(folder);
    good(folder, &["apply", "network", "-e", "dev", "--auto-approve"]);
    let back = "lookups: {app: {kind: stack_outputs, path: ../app}}\nlocals: {back: '${lookup.app.outputs.vpc}'}\n";
    let text = NETWORK.replace("value: '${main.id}'", "value: '${main.id}${local.back}'");
    fs::write(folder.join("network/stack.yaml"), format!("{text}{back}")).unwrap();
    let (applied, said) = clefctl(folder, &["plan", "network", "-e", "dev"]);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!applied && said.contains("network/dev -> app/dev -> network/dev"), "{said}");
}

#[test]
fn what_is_wrong_with_the_other_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    stacks(folder);
    let broken = NETWORK.replace("region: eu-west-3", "region: nowhere");
    for (text, word) in [("stack: [", "stack.yaml: "), (broken.as_str(), "`nowhere` is no region")] {
        fs::write(folder.join("network/stack.yaml"), text).unwrap();
        let (applied, said) = clefctl(folder, &["plan", "app", "-e", "dev"]);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(!applied && said.contains(word), "{said}");
    }
}
