//! What the commands share: output, options, and the way from a file to a stack.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clefctl_core::engine::lock::Holder;
use clefctl_core::error::{Error, ErrorKind, Problem, Result, Sources};
use clefctl_core::kind::{Account, Registry};
use clefctl_core::report::{self, Ui, json::Lines};
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::global::Global;
use crate::aws::{Access, Connection};

/// One run of the program.
pub(super) struct Console {
    /// Where output goes.
    pub(super) ui: Ui,
    /// Where events go besides.
    pub(super) lines: Option<Lines>,
    /// What the command line says.
    pub(super) global: Global,
}

impl Console {
    /// Opens the file for events, if one is asked for.
    pub(super) fn open_lines(&mut self) -> Result<()> {
        let Some(path) = &self.global.json_into else { return Ok(()) };
        let file = File::create(path).map_err(|e| {
            Error::new(ErrorKind::Usage, format!("cannot write {}: {e}", path.display()))
                .hint("name a file after --json-into in a folder that exists")
        })?;
        self.lines = Some(Lines::new(file, now));
        Ok(())
    }

    /// Says why the run failed.
    pub(super) fn fail(&mut self, failure: &Failure) {
        let layout = self.ui.err.layout();
        self.ui.err.write(&report::error(&failure.error, None, &failure.sources, layout));
        if let Some(lines) = &mut self.lines {
            lines.error(&failure.error, &failure.sources);
        }
    }

    /// Shows problems that do not end the run.
    pub(super) fn warn(&mut self, problems: &[Problem], sources: &Sources) {
        if problems.is_empty() {
            return;
        }
        let layout = self.ui.err.layout();
        self.ui.err.write(&report::problems(problems, sources, layout));
        if let Some(lines) = &mut self.lines {
            lines.problems(problems, sources);
        }
    }

    /// Says which calls were made, if that is asked for.
    pub(super) fn tell_calls(&mut self, account: &dyn Account) {
        if self.global.verbose == 0 {
            return;
        }
        let calls = account.calls();
        let sum: u64 = calls.values().sum();
        self.ui.err.line(&format!("\n{sum} calls"));
        for (action, n) in calls.into_iter().filter(|(_, n)| *n > 0) {
            self.ui.err.line(&format!("{n:>6} {action}"));
        }
    }

    /// How AWS is reached.
    pub(super) fn access(&self, region: Option<String>) -> Access {
        Access {
            profile: self.global.profile.clone(),
            region: region.or_else(|| self.global.region.clone()),
            endpoint_url: self.global.endpoint_url.clone(),
            ca_bundle: self.global.ca_bundle.clone(),
            credentials: None,
            http: None,
        }
    }
}

impl Console {
    /// Asks a person; only `word` is yes, and being told to stop is no. An error where there is nobody to ask.
    pub(super) async fn ask(&mut self, question: &str, word: &str, stop: &CancellationToken) -> Result<bool> {
        if !self.ui.interactive {
            return Err(Error::new(ErrorKind::Usage, "there is nobody to ask: this is no terminal")
                .hint("add --auto-approve if the answer is yes"));
        }
        self.ui.err.write(&format!("{question} Only `{word}` is taken: "));
        let (answer, answered) = tokio::sync::oneshot::channel();
        // A thread of its own: reading a line cannot be stopped, and must not keep the process.
        std::thread::spawn(move || {
            let mut line = String::new();
            // Whoever asked may be gone; then nobody needs the answer.
            drop(answer.send(io::stdin().read_line(&mut line).map(|_| line)));
        });
        tokio::select! {
            () = stop.cancelled() => {
                self.ui.err.write("\n");
                Ok(false)
            }
            line = answered => match line {
                Ok(Ok(line)) => Ok(line.trim() == word),
                Ok(Err(e)) => Err(Error::new(ErrorKind::Usage, format!("cannot read the answer: {e}"))),
                Err(_) => Ok(false),
            },
        }
    }
}

/// Who this run is, for the lock.
pub(super) fn holder(nonce: &str) -> Holder {
    let var = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let user = var("USER").or_else(|| var("USERNAME")).or_else(|| var("LOGNAME"));
    let host = var("HOSTNAME").or_else(|| var("COMPUTERNAME")).or_else(|| {
        let name = fs::read_to_string("/etc/hostname").ok()?;
        Some(name.trim().to_owned())
    });
    let parts: Vec<String> = user.into_iter().chain(host).collect();
    let command = env::args().next().map_or_else(String::new, |_| "clefctl".to_owned());
    let command = env::args().nth(1).map_or(command.clone(), |verb| format!("{command} {verb}"));
    let github = || {
        Some(format!(
            "{}/{}/actions/runs/{}",
            var("GITHUB_SERVER_URL")?,
            var("GITHUB_REPOSITORY")?,
            var("GITHUB_RUN_ID")?
        ))
    };
    Holder {
        who: parts.join("@"),
        command,
        run: github().or_else(|| var("CI_JOB_URL")).or_else(|| var("BUILD_URL")),
        pid: std::process::id(),
        since: 0.0,
        nonce: nonce.to_owned(),
    }
}

/// The kinds and lookups over a connection that nothing is called through until a kind is asked to.
pub(super) fn registry(connection: &std::sync::Arc<Connection>) -> Registry {
    Registry::new(crate::resources::all(connection), crate::lookups::all(connection))
}

/// The stack that the command line names: a file, or a folder with a `stack.yaml`; else the current folder.
pub(super) fn stack_path(given: Option<&Path>) -> PathBuf {
    given.map_or_else(|| PathBuf::from("stack.yaml"), Path::to_owned)
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
