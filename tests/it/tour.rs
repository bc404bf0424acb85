//! The README's tour, word for word, in a folder as `bin/try` leaves it; and prod beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::copy;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a script in `folder`, with this build of clefctl and the simulated account there; what it says.
fn bash(folder: &Path, script: &str) -> String {
    let mut command = Command::new("bash");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_") || name.starts_with("CLEFCTL_")) {
        command.env_remove(name);
    }
    let program = Path::new(env!("CARGO_BIN_EXE_clefctl"));
    let path = std::env::join_paths(
        [program.parent().unwrap().to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let run = command
        .args(["-euo", "pipefail", "-c", script])
        .env("PATH", path.unwrap())
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [run.stdout, run.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    assert!(run.status.success(), "{script}\n{said}");
    said
}

/// The commands of the tour, up to those for a real account, for somebody in a hurry whom nobody can ask.
fn tour() -> String {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, tour) = readme.split_once("\n## A tour\n").unwrap();
    let (tour, _) = tour.split_once("\nOn a real account").unwrap();
    let blocks: Vec<&str> = tour.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 3, "{tour}");
    let script = blocks.concat();
    for words in ["--sandbox-speed 120", "clefctl destroy $stack"] {
        assert!(script.contains(words), "the tour does not say {words}");
    }
    script
        .replace("--sandbox-speed 120", "--sandbox-speed 100000")
        .replace("clefctl destroy $stack", "clefctl destroy $stack --auto-approve")
}

#[test]
fn the_tour_of_the_readme_goes_from_an_empty_account_to_an_empty_account() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("stacks"), &folder.path().join("stacks"));
    let sandbox = "export CLEFCTL_SANDBOX=true";
    let apply = |env: &str| {
        let apply = format!("clefctl apply stacks/clefcloud -e {env} --auto-approve --sandbox-speed 100000");
        bash(folder.path(), &format!("{sandbox}\n{apply}"))
    };
    apply("dev");
    apply("prod");
    let said = bash(folder.path(), &tour());
    assert!(said.contains("4 to update, 1 to replace, 1 to delete"), "{said}");
    let kept = fs::read_to_string(folder.path().join(".clefctl/my.html")).unwrap();
    assert!(kept.contains("server_template"), "{kept}");

    let plan = "clefctl plan stacks/clefcloud -e prod --detailed-exitcode";
    let destroy = "clefctl destroy stacks/clefcloud -e prod --var protect_data=false --auto-approve --forget \
                   --allow-data-loss all --sandbox-speed 100000";
    let unprotect =
        "clefctl apply stacks/clefcloud -e prod --var protect_data=false --auto-approve --sandbox-speed 100000";
    bash(folder.path(), &format!("{sandbox}\n{plan}\n{unprotect}\n{destroy}"));
    let left = bash(folder.path(), &format!("{sandbox}\nclefctl sandbox show"));
    assert!(!left.contains("clefcloud-"), "{left}");
}
