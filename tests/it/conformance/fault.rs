//! Faults between the SDK and the network: a run is cut before or after a request, or an answer is lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_smithy_http_client::Builder;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use tokio::sync::Notify;

/// What happens to one request that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The run ends before the request is sent.
    CutBefore,
    /// The run ends after the request was performed, before its answer is seen.
    CutAfter,
    /// The request is performed, and its answer is lost.
    LostAnswer,
}

/// The transport of one run, which lets one fault happen at the nth changing request while it is armed.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    inner: SharedHttpClient,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    fault: Option<(Fault, usize)>,
    armed: AtomicBool,
    seen: AtomicUsize,
    struck: Mutex<Option<String>>,
    cut: Notify,
}

impl Transport {
    /// A transport on which `fault` happens at the nth (from 0) changing request.
    pub(crate) fn new(fault: Option<(Fault, usize)>) -> Self {
        let state = State {
            fault,
            armed: AtomicBool::new(false),
            seen: AtomicUsize::new(0),
            struck: Mutex::new(None),
            cut: Notify::new(),
        };
        Self { inner: Builder::new().build_http(), state: Arc::new(state) }
    }

    /// Whether requests count from now on.
    pub(crate) fn arm(&self, armed: bool) {
        self.state.armed.store(armed, Ordering::SeqCst);
    }

    /// The operation that the fault struck, if it did.
    pub(crate) fn struck(&self) -> Option<String> {
        self.state.struck.lock().unwrap().clone()
    }

    /// Returns when the run is to end.
    pub(crate) async fn cut(&self) {
        self.state.cut.notified().await;
    }

    pub(crate) fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }
}

impl HttpClient for Transport {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, state: self.state.clone() })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    state: Arc<State>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let fault = self.fault_of(&request);
        let (inner, state) = (self.inner.clone(), self.state.clone());
        HttpConnectorFuture::new(async move {
            if fault == Some(Fault::CutBefore) {
                state.cut.notify_one();
                std::future::pending::<()>().await;
            }
            let answer = inner.call(request).await;
            match fault {
                Some(Fault::CutAfter) => {
                    state.cut.notify_one();
                    std::future::pending().await
                }
                Some(Fault::LostAnswer) => Err(ConnectorError::io("the answer is lost".into())),
                _ => answer,
            }
        })
    }
}

impl Connector {
    fn fault_of(&self, request: &HttpRequest) -> Option<Fault> {
        let (fault, at) = self.state.fault?;
        let operation = changing(request)?;
        if !self.state.armed.load(Ordering::SeqCst) || self.state.seen.fetch_add(1, Ordering::SeqCst) != at {
            return None;
        }
        *self.state.struck.lock().unwrap() = Some(operation);
        Some(fault)
    }
}

/// The operation of a request that changes something, as far as the request shows it.
fn changing(request: &HttpRequest) -> Option<String> {
    let target = request.headers().get("x-amz-target").map(|target| target.rsplit('.').next().unwrap_or(target));
    let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    let action = body.strip_prefix("Action=").map(|rest| rest.split('&').next().unwrap_or(rest).to_owned());
    // CloudWatch has the operation in the path, and its parameters in CBOR.
    let path = request.uri().split_once("/operation/").map(|(_, operation)| operation.to_owned());
    let operation = match target.map(str::to_owned).or(action).or(path) {
        Some(operation) => operation,
        None if matches!(request.method(), "GET" | "HEAD") => return None,
        None => format!("{} {}", request.method(), request.uri()),
    };
    let reads = ["Describe", "Get", "List", "BatchGet", "Search"].iter().any(|verb| operation.starts_with(verb));
    (!reads).then_some(operation)
}
