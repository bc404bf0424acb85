//! Where a transcript is made: a folder, an environment, and what was typed and answered there.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use regex::Regex;

#[cfg(unix)]
use crate::support::python;

/// Runs a command on a terminal of its own, and answers its question: ANSWER COMMAND…
#[cfg(unix)]
const TERMINAL: &str = r#"
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
said, asked = b"", False
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    said += more
    if not asked and b"is taken: " in said:
        asked = True
        os.write(terminal, sys.argv[1].encode() + b"\n")
sys.stdout.buffer.write(said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

/// A folder in which commands are run, and their transcript.
pub(super) struct Stage {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
    said: String,
}

impl Stage {
    pub(super) fn empty() -> Self {
        let variables = vec![("NO_COLOR", "1".to_owned()), ("CLEFCTL_SANDBOX", "1".to_owned())];
        Self { folder: tempfile::tempdir().unwrap(), variables, said: String::new() }
    }

    pub(super) fn with(name: &str, text: &str) -> Self {
        let stage = Self::empty();
        stage.write(name, text);
        stage
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Sets a variable of the commands to come.
    pub(super) fn set(&mut self, name: &'static str, value: &str) {
        self.variables.retain(|(set, _)| *set != name);
        self.variables.push((name, value.to_owned()));
    }

    /// Runs a command and adds it to the transcript.
    pub(super) fn run(&mut self, line: &str) {
        let output = self.output(line);
        let _ = writeln!(self.said, "$ clefctl {line}");
        self.said.push_str(&String::from_utf8(output.stdout).unwrap());
        for line in String::from_utf8(output.stderr).unwrap().lines() {
            let _ = writeln!(self.said, "{}", format!("2| {line}").trim_end());
        }
        let _ = writeln!(self.said, "[{}]\n", output.status.code().unwrap());
    }

    /// What a command that succeeds writes to stdout; it does not join the transcript.
    pub(super) fn answer(&self, line: &str) -> String {
        let output = self.output(line);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Begins a new transcript.
    pub(super) fn forget(&mut self) {
        self.said.clear();
    }

    /// All that was said, without what differs from run to run.
    pub(super) fn transcript(&self) -> String {
        let mut text = self.said.clone();
        for (pattern, calm) in [
            (r"\d+\.\d s\b", "N s"),
            (r"\b([a-z]+)-[0-9a-f]{17}\b", "$1-…"),
            (r"request id sim-[0-9a-f]+", "request id …"),
            (r"last sign of life \d+ s ago", "last sign of life N s ago"),
        ] {
            text = Regex::new(pattern).unwrap().replace_all(&text, calm).into_owned();
        }
        text
    }

    /// The text of every file below the folder.
    pub(super) fn files(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        collect(self.folder.path(), &mut found);
        found
    }

    /// Runs a command on a terminal, types `answer` when it is asked, and gives all that is shown and the exit code.
    #[cfg(unix)]
    pub(super) fn typed(&self, line: &str, answer: &str) -> (String, i32) {
        let mut command = Command::new(python::interpreter());
        command.args(["-c", TERMINAL, answer, env!("CARGO_BIN_EXE_clefctl")]);
        let output = self.ran(command, line);
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code().unwrap())
    }

    fn output(&self, line: &str) -> Output {
        self.ran(Command::new(env!("CARGO_BIN_EXE_clefctl")), line)
    }

    fn ran(&self, mut command: Command, line: &str) -> Output {
        command.args(line.split_whitespace()).args(["--sandbox-speed", "100000", "--parallelism", "1"]);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_") || name.starts_with("CLEFCTL_")) {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.folder.path()).stdin(std::process::Stdio::null()).output().unwrap()
    }
}

fn collect(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            found.push((path.display().to_string(), String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()));
        }
    }
}
