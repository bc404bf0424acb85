//! The emulated AWS: a few server processes shared by all tests of the binary, and one account per test.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::python;

/// More servers than this gain nothing: each one's Python uses one core.
const MOST_SERVERS: usize = 4;
const FIRST_ACCOUNT: usize = 100_000_000_001;

/// An AWS account of the test's own, emptied when dropped.
///
/// It is served by moto, with what moto lacks beside it (`tests/moto/`), over HTTP on the loopback address. Tests share
/// the servers but no account. Bucket names are unique per server, as they are on AWS: put [`Moto::account`] into them.
#[derive(Debug)]
pub(crate) struct Moto {
    server: &'static Server,
    account: String,
    region: &'static str,
}

/// One API call that the server has seen.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Call {
    /// botocore's name of the service: `ec2`, `elbv2`, `cognito-idp`, `cloudwatch`, …
    pub(crate) service: String,
    /// `CreateVpc`, …
    pub(crate) operation: String,
    /// The region that the request was signed for.
    pub(crate) region: String,
    /// Whether it changes anything, by its name.
    pub(crate) mutating: bool,
    /// The HTTP status of the answer; none when the connection was cut before the call was performed.
    pub(crate) outcome: Option<u16>,
}

/// What is to happen to the next matching calls of an account.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Fault {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mutating: Option<bool>,
    skip: usize,
    times: Option<usize>,
    code: String,
    message: String,
    status: u16,
    seconds: f64,
}

impl Fault {
    fn new(kind: &'static str) -> Self {
        Self {
            kind,
            service: None,
            operation: None,
            mutating: None,
            skip: 0,
            times: Some(1),
            code: String::new(),
            message: String::new(),
            status: 400,
            seconds: 0.0,
        }
    }

    /// The call is not performed and answers `code` with the HTTP `status`.
    pub(crate) fn error(code: &str, message: &str, status: u16) -> Self {
        Self { code: code.to_owned(), message: message.to_owned(), status, ..Self::new("error") }
    }

    /// The call is performed and the connection is reset instead of an answer.
    pub(crate) fn lose_answer() -> Self {
        Self::new("lose_answer")
    }

    /// The connection is reset before the call is performed.
    pub(crate) fn cut_before() -> Self {
        Self::new("cut_before")
    }

    /// The call waits for `seconds` before it is performed.
    pub(crate) fn delay(seconds: f64) -> Self {
        Self { seconds, ..Self::new("delay") }
    }

    /// A read answers what the same request was answered at least `seconds` ago, when there was such an answer since
    /// [`Moto::remember`].
    pub(crate) fn stale(seconds: f64) -> Self {
        Self { seconds, mutating: Some(false), ..Self::new("stale") }
    }

    /// Only calls of `operation` of `service` (botocore's name of it).
    pub(crate) fn on(mut self, service: &str, operation: &str) -> Self {
        self.service = Some(service.to_owned());
        self.operation = Some(operation.to_owned());
        self
    }

    /// Only calls that change something.
    pub(crate) fn mutating(mut self) -> Self {
        self.mutating = Some(true);
        self
    }

    /// Not the first `count` matching calls.
    pub(crate) fn after(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    /// `count` matching calls instead of one.
    pub(crate) fn times(mut self, count: usize) -> Self {
        self.times = Some(count);
        self
    }

    /// Every matching call from now on.
    pub(crate) fn always(mut self) -> Self {
        self.times = None;
        self
    }
}

impl Moto {
    /// A fresh account in `eu-central-1`.
    pub(crate) fn start() -> Self {
        Self::start_in("eu-central-1")
    }

    /// A fresh account whose own region is `region`.
    pub(crate) fn start_in(region: &'static str) -> Self {
        static SERVERS: [OnceLock<Server>; MOST_SERVERS] = [const { OnceLock::new() }; MOST_SERVERS];
        let number = next_number();
        let servers = std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_SERVERS));
        Self::new(SERVERS[number % servers].get_or_init(|| Server::start(&[])), number, region)
    }

    /// A fresh account of a server that is moto as it is, without what `tests/moto/` adds.
    pub(crate) fn plain() -> Self {
        static PLAIN: OnceLock<Server> = OnceLock::new();
        Self::new(PLAIN.get_or_init(|| Server::start(&["--plain"])), next_number(), "eu-central-1")
    }

    /// Another account, where this account's roles reach it: on the same server.
    pub(crate) fn other(&self) -> Self {
        Self::new(self.server, next_number(), self.region)
    }

    fn new(server: &'static Server, number: usize, region: &'static str) -> Self {
        Self { server, account: format!("{:012}", FIRST_ACCOUNT + number), region }
    }

    /// The endpoint of every service.
    pub(crate) fn endpoint(&self) -> &str {
        &self.server.endpoint
    }

    /// The account's number.
    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    /// The access key, by which the server knows the account. Any secret does.
    pub(crate) fn access_key(&self) -> String {
        format!("AKIACLEF{}", self.account)
    }

    /// The variables with which clefctl, or any AWS client, reaches this account and no other.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.endpoint().to_owned()),
            ("AWS_ACCESS_KEY_ID", self.access_key()),
            ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
            ("AWS_REGION", self.region.to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
        ]
    }

    /// Empties the account; takes faults and pace back as well.
    pub(crate) fn reset(&self) {
        self.control("reset", &json!({}));
    }

    /// The calls since the last [`Moto::mark`], in order. boto3's count too.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let url = self.url("calls");
        let text = ureq::get(&url).call().and_then(|mut answer| answer.body_mut().read_to_string());
        match text {
            Ok(text) => serde_json::from_str(&text).unwrap_or_else(|e| panic!("{url}: {e}: {text}")),
            Err(error) => panic!("{url}: {error}"),
        }
    }

    /// Forgets the calls so far.
    pub(crate) fn mark(&self) {
        self.control("mark", &json!({}));
    }

    /// Lets `fault` happen.
    pub(crate) fn inject(&self, fault: &Fault) {
        self.control("inject", &json!(fault));
    }

    /// Keeps answers from now on, for [`Fault::stale`].
    pub(crate) fn remember(&self) {
        self.control("remember", &json!({}));
    }

    /// Takes all faults back.
    pub(crate) fn clear(&self) {
        self.control("clear", &json!({}));
    }

    /// Asynchronous things (NAT gateways, databases, load balancers, …) take `describes` describes from now on to reach
    /// their final state, or to be gone; 0 is at once.
    pub(crate) fn slow(&self, describes: usize) {
        self.control("slow", &json!({ "describes": describes }));
    }

    /// Lets the next thing of `kind` (`nat_gateway`, `instance_refresh`, …) end in failure, for `reason`.
    pub(crate) fn fail_next(&self, kind: &str, reason: &str) {
        self.control("fail", &json!({ "type": kind, "reason": reason }));
    }

    /// Runs a boto3 snippet, which sees `client(service, region=None)`, and returns what it leaves in `result`.
    pub(crate) fn boto(&self, script: &str) -> Value {
        self.server.boto(&self.account, self.region, script)
    }

    /// Runs `tests/moto/selfcheck.py` against the server: what it says, and whether it holds.
    pub(crate) fn self_check(&self, more: &[&str]) -> Result<String, String> {
        let mut command = program(&[&["selfcheck.py", self.endpoint()], more].concat());
        let output = command.output().map_err(|e| format!("{command:?}: {e}"))?;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        if output.status.success() { Ok(said) } else { Err(said) }
    }

    /// Every thing in the account that is not there by default, one line each; clefctl's lock parameters are left out.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let found = self.boto("result = leftovers()");
        serde_json::from_value(found.clone()).unwrap_or_else(|e| panic!("{e}: {found}"))
    }

    fn url(&self, what: &str) -> String {
        format!("{}/clefctl-test/{}/{what}", self.server.endpoint, self.account)
    }

    fn control(&self, what: &str, body: &Value) {
        let url = self.url(what);
        if let Err(error) = ureq::post(&url).send(body.to_string()) {
            panic!("{url}: {error}");
        }
    }
}

/// Each account of this process has a number of its own.
fn next_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Memory only: the account is never used again.
        let _ = ureq::post(&self.url("reset")).send("{}");
    }
}

/// One server process and one boto3 process, which end when this process does: each watches its standard input.
#[derive(Debug)]
struct Server {
    endpoint: String,
    helper: Mutex<Option<Helper>>,
    /// Held for its standard input, which closes when this process ends.
    _child: Child,
}

impl Server {
    fn start(more: &[&str]) -> Self {
        let mut child = spawn(&[&["server.py", "--watch-stdin"], more].concat());
        let mut endpoint = String::new();
        let Some(stdout) = child.stdout.take() else { panic!("the server has no pipe") };
        match BufReader::new(stdout).read_line(&mut endpoint) {
            Ok(length) if length > 0 => {}
            other => panic!("the emulated AWS did not start: {other:?}, {:?}", child.wait()),
        }
        Self { endpoint: endpoint.trim().to_owned(), helper: Mutex::default(), _child: child }
    }

    fn boto(&self, account: &str, region: &str, script: &str) -> Value {
        let mut helper = self.helper.lock().unwrap_or_else(PoisonError::into_inner);
        let helper = helper.get_or_insert_with(|| Helper::start(&self.endpoint));
        let mut answer = helper.ask(&json!({ "account": account, "region": region, "script": script }));
        if let Some(error) = answer.get("error") {
            panic!("boto3: {}", error.as_str().unwrap_or_default());
        }
        answer["result"].take()
    }
}

#[derive(Debug)]
struct Helper {
    _child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Helper {
    fn start(endpoint: &str) -> Self {
        let mut child = spawn(&["helper.py", endpoint]);
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            panic!("the boto3 process has no pipes");
        };
        Self { _child: child, stdin, stdout: BufReader::new(stdout) }
    }

    fn ask(&mut self, request: &Value) -> Value {
        let mut line = String::new();
        let asked = writeln!(self.stdin, "{request}").and_then(|()| self.stdout.read_line(&mut line));
        match asked {
            Ok(_) => serde_json::from_str(&line).unwrap_or_else(|e| panic!("the boto3 process: {e}: {line}")),
            Err(error) => panic!("the boto3 process: {error}"),
        }
    }
}

/// A Python program of `tests/moto/`, ready to run.
fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(python::interpreter());
    command.arg("-u").args(arguments).current_dir(python::sources());
    // Settings of the person who runs the tests must not reach boto3.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.env("AWS_CONFIG_FILE", "/dev/null").env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn spawn(arguments: &[&str]) -> Child {
    let mut command = program(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"))
}
