//! The store for lock and ledger: SSM Parameter Store, which needs no bootstrap.

use std::sync::Arc;

use aws_sdk_ssm::types::ParameterType;
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Context, Entry, Listing, Store};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Connection, Cx, Op};

/// Parameter Store in one region.
pub(super) struct ParameterStore {
    pub(super) aws: Arc<Connection>,
    pub(super) run: Context,
}

impl ParameterStore {
    async fn read(&self, path: &str) -> Result<Listing> {
        let cx = Cx::new(&self.aws, &self.run).await?;
        let mut listing = Listing::default();
        let mut next = None;
        loop {
            let answer = cx
                .call(Op::new("ssm:GetParametersByPath"), || {
                    let ask = cx.ssm().get_parameters_by_path().path(path).recursive(true).set_next_token(next.clone());
                    async move {
                        // AWS's clock is the only one that all holders share: it is in the answer's `Date` header.
                        let date = Arc::new(std::sync::Mutex::new(None));
                        let seen = date.clone();
                        let answer = ask.customize().interceptor(DateOf(seen)).send().await?;
                        let date = *date.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        Ok((answer, date))
                    }
                })
                .await?;
            let (page, date) = answer;
            listing.now = date.ok_or_else(|| Error::internal("AWS's answer has no Date header"))?;
            listing.entries.extend(page.parameters().iter().filter_map(|parameter| {
                Some(Entry {
                    name: parameter.name()?.to_owned(),
                    value: parameter.value()?.to_owned(),
                    modified: parameter.last_modified_date()?.as_secs_f64(),
                })
            }));
            next = page.next_token().map(str::to_owned);
            if next.is_none() {
                return Ok(listing);
            }
        }
    }
}

impl Store for ParameterStore {
    fn list<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Listing>> {
        self.read(path).boxed()
    }

    fn put<'a>(&'a self, name: &'a str, value: &'a str, overwrite: bool) -> BoxFuture<'a, Result<()>> {
        async move {
            let cx = Cx::new(&self.aws, &self.run).await?;
            // A lost answer to the creating call may mean that we hold the lock: the caller reads and sees.
            let op = if overwrite { Op::new("ssm:PutParameter") } else { Op::once("ssm:PutParameter") };
            let put = cx
                .call(op, || {
                    cx.ssm()
                        .put_parameter()
                        .name(name)
                        .value(value)
                        .r#type(ParameterType::String)
                        .overwrite(overwrite)
                        .send()
                })
                .await;
            match put {
                Ok(_) => Ok(()),
                Err(error) if error.code() == Some("ParameterAlreadyExists") => {
                    Err(Error { kind: ErrorKind::Conflict, ..error })
                }
                Err(error) => Err(error),
            }
        }
        .boxed()
    }

    fn delete<'a>(&'a self, names: &'a [String]) -> BoxFuture<'a, Result<()>> {
        async move {
            let cx = Cx::new(&self.aws, &self.run).await?;
            for some in names.chunks(10) {
                cx.call(Op::new("ssm:DeleteParameters"), || {
                    cx.ssm().delete_parameters().set_names(Some(some.to_vec())).send()
                })
                .await?;
            }
            Ok(())
        }
        .boxed()
    }
}

/// Notes the `Date` header of an answer, in seconds since 1970.
#[derive(Debug)]
struct DateOf(Arc<std::sync::Mutex<Option<f64>>>);

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl aws_smithy_runtime_api::client::interceptors::Intercept for DateOf {
    fn name(&self) -> &'static str {
        "DateOf"
    }

    fn read_before_deserialization(
        &self,
        context: &aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef<'_>,
        _components: &aws_smithy_runtime_api::client::runtime_components::RuntimeComponents,
        _config: &mut aws_smithy_types::config_bag::ConfigBag,
    ) -> std::result::Result<(), aws_smithy_runtime_api::box_error::BoxError> {
        use aws_smithy_types::date_time::{DateTime, Format};
        let date = context.response().headers().get("date");
        let seconds =
            date.and_then(|text| DateTime::from_str(text, Format::HttpDate).ok()).map(|date| date.as_secs_f64());
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = seconds;
        Ok(())
    }
}
