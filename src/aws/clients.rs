//! SDK clients, one set per region and role, each made when it is first used.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::{Builder, tls};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use clefctl_core::error::{Error, ErrorKind, Result};

use super::Cx;
use super::pace::Pace;

/// How to reach AWS; what is not given comes from the standard sources of the AWS SDKs.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// A profile of the SDK's configuration files.
    pub profile: Option<String>,
    /// The region of whatever has none of its own.
    pub region: Option<String>,
    /// An endpoint for every service: an emulator.
    pub endpoint_url: Option<String>,
    /// Certificates to trust, in PEM.
    pub ca_bundle: Option<PathBuf>,
    /// Credentials in place of the standard sources.
    pub credentials: Option<aws_credential_types::Credentials>,
    /// The transport in place of the usual one; tests cut and lose calls with it.
    pub http: Option<SharedHttpClient>,
}

/// A region, and the role taken on there.
type Place = (String, Option<String>);

/// Everything that calls of one run share: configuration, clients, pace, counters.
#[derive(Debug)]
pub struct Connection {
    access: Access,
    config: tokio::sync::OnceCell<SdkConfig>,
    clients: Mutex<HashMap<Place, Arc<Clients>>>,
    calls: Counter,
    /// How fast each service of each region is called.
    pub(super) pace: Pace,
}

impl Connection {
    /// Prepares a connection; nothing is read or called yet.
    #[must_use]
    pub fn new(access: Access) -> Arc<Self> {
        Arc::new(Self {
            access,
            config: tokio::sync::OnceCell::new(),
            clients: Mutex::default(),
            calls: Counter::default(),
            pace: Pace::default(),
        })
    }

    /// How often each API operation was sent so far, by IAM action.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.calls.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The SDK's configuration, read once.
    pub async fn config(&self) -> Result<&SdkConfig> {
        self.config.get_or_try_init(|| self.load()).await
    }

    async fn load(&self) -> Result<SdkConfig> {
        let http = match &self.access.http {
            Some(http) => http.clone(),
            None => self.transport()?,
        };
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_mins(1))
            .build();
        // The SDK's retries cannot tell a create that must not be sent twice from one that may be: ours can.
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .http_client(http);
        if let Some(profile) = &self.access.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &self.access.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(credentials) = &self.access.credentials {
            loader = loader.credentials_provider(credentials.clone());
        }
        if let Some(url) = &self.access.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        Ok(loader.load().await)
    }

    /// A transport that trusts the system's certificates, or those of the bundle.
    fn transport(&self) -> Result<SharedHttpClient> {
        let mut store = tls::TrustStore::default();
        let bundle = self.access.ca_bundle.clone().or_else(|| std::env::var_os("AWS_CA_BUNDLE").map(PathBuf::from));
        if let Some(path) = bundle.filter(|path| !path.as_os_str().is_empty()) {
            let pem = std::fs::read(&path).map_err(|error| {
                Error::new(ErrorKind::Usage, format!("the CA bundle {} cannot be read: {error}", path.display()))
            })?;
            store = tls::TrustStore::empty().with_pem_certificate(pem);
        }
        let context = tls::TlsContext::builder()
            .with_trust_store(store)
            .build()
            .map_err(|error| Error::new(ErrorKind::Usage, format!("the CA bundle cannot be used: {error}")))?;
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        Ok(Builder::new().tls_provider(provider).tls_context(context).build_https())
    }

    /// The clients of a region, with a role taken on where one is given.
    pub async fn clients(&self, region: &str, role_arn: Option<&str>) -> Result<Arc<Clients>> {
        let key = (region.to_owned(), role_arn.map(str::to_owned));
        if let Some(clients) = self.clients.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(clients.clone());
        }
        let mut config = self.config().await?.to_builder();
        config.set_region(Some(Region::new(region.to_owned())));
        if let Some(role) = role_arn {
            let provider = aws_config::sts::AssumeRoleProvider::builder(role)
                .session_name("clefctl")
                .region(Region::new(region.to_owned()))
                .configure(self.config().await?)
                .build()
                .await;
            config.set_credentials_provider(Some(aws_credential_types::provider::SharedCredentialsProvider::new(
                provider,
            )));
        }
        let clients = Arc::new(Clients::new(config.build(), self.calls.clone()));
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).insert(key, clients.clone());
        Ok(clients)
    }
}

/// Counts what is really sent, so that tests can assert it exactly.
#[derive(Clone, Debug, Default)]
struct Counter(Arc<Mutex<BTreeMap<String, u64>>>);

#[dyn_dispatch_hint]
impl Intercept for Counter {
    fn name(&self) -> &'static str {
        "Counter"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> std::result::Result<(), BoxError> {
        if let Some(operation) = config.load::<Metadata>() {
            let action = format!("{}:{}", iam_prefix(operation.service()), operation.name());
            *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(action).or_default() += 1;
        }
        Ok(())
    }
}

/// What IAM calls a service, given its SDK id.
fn iam_prefix(sdk_id: &str) -> String {
    match sdk_id {
        "Elastic Load Balancing v2" => "elasticloadbalancing".to_owned(),
        "CloudWatch Logs" => "logs".to_owned(),
        "Cognito Identity Provider" => "cognito-idp".to_owned(),
        "Cognito Identity" => "cognito-identity".to_owned(),
        "Resource Groups Tagging API" => "tag".to_owned(),
        "Route 53" => "route53".to_owned(),
        other => other.to_lowercase().replace(' ', ""),
    }
}

macro_rules! clients {
    ($($name:ident: $sdk:ident, $doc:literal;)*) => {
        /// The clients of one region.
        #[derive(Debug)]
        pub struct Clients {
            config: SdkConfig,
            calls: Counter,
            s3: OnceLock<aws_sdk_s3::Client>,
            $($name: OnceLock<$sdk::Client>,)*
        }

        impl Clients {
            fn new(config: SdkConfig, calls: Counter) -> Self {
                Self { config, calls, s3: OnceLock::new(), $($name: OnceLock::new(),)* }
            }

            $(
                #[doc = $doc]
                pub fn $name(&self) -> &$sdk::Client {
                    self.$name.get_or_init(|| {
                        let config = $sdk::config::Builder::from(&self.config).interceptor(self.calls.clone());
                        $sdk::Client::from_conf(config.build())
                    })
                }
            )*
        }

        impl Cx<'_> {
            $(
                #[doc = $doc]
                pub fn $name(&self) -> &$sdk::Client {
                    self.clients.$name()
                }
            )*

            /// S3.
            pub fn s3(&self) -> &aws_sdk_s3::Client {
                self.clients.s3()
            }
        }
    };
}

clients! {
    acm: aws_sdk_acm, "Certificate Manager.";
    autoscaling: aws_sdk_autoscaling, "Auto Scaling.";
    cloudwatch: aws_sdk_cloudwatch, "CloudWatch alarms and dashboards.";
    cognito: aws_sdk_cognitoidentityprovider, "Cognito user pools.";
    ec2: aws_sdk_ec2, "EC2 and its networks.";
    elb: aws_sdk_elasticloadbalancingv2, "Elastic Load Balancing v2.";
    iam: aws_sdk_iam, "IAM.";
    identity: aws_sdk_cognitoidentity, "Cognito identity pools.";
    kms: aws_sdk_kms, "Key Management Service.";
    logs: aws_sdk_cloudwatchlogs, "CloudWatch Logs.";
    rds: aws_sdk_rds, "RDS.";
    route53: aws_sdk_route53, "Route 53.";
    secrets: aws_sdk_secretsmanager, "Secrets Manager.";
    sns: aws_sdk_sns, "Simple Notification Service.";
    ssm: aws_sdk_ssm, "Systems Manager.";
    sts: aws_sdk_sts, "Security Token Service.";
    tagging: aws_sdk_resourcegroupstagging, "The tagging API, which finds things by tag across services.";
}

impl Clients {
    /// S3. Emulators have no DNS for bucket names, so that an endpoint of its own means path style.
    pub fn s3(&self) -> &aws_sdk_s3::Client {
        self.s3.get_or_init(|| {
            let config = aws_sdk_s3::config::Builder::from(&self.config)
                .force_path_style(self.config.endpoint_url().is_some())
                .interceptor(self.calls.clone());
            aws_sdk_s3::Client::from_conf(config.build())
        })
    }
}
