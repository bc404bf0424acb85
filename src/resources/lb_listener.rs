//! `lb_listener`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types::{
    AdvertiseTrustStoreCaNamesEnum, Certificate, Listener as Sdk, MutualAuthenticationAttributes, ProtocolEnum,
};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Map, PerVerb, Replacement, Select, Status, TagChange, Tags, Value,
    Violation,
};
use serde::{Deserialize, Serialize};

use super::elb_action::{self, Action};
use super::elb_child::{self, Child};
use crate::aws::tags::elb as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource, changed};

/// A listener: a port at which a load balancer receives requests, and what becomes of them.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    at_least_one("default_action"),
    requires_when("protocol", "HTTPS", "certificate_arn"),
    forbids_when("protocol", "HTTP", "certificate_arn", "certificate_arns", "ssl_policy", "mutual_authentication")
)]
pub struct LbListener {
    /// The load balancer.
    #[attr(create_only, refers("lb", "arn"))]
    load_balancer_arn: String,
    /// Port at which it listens.
    #[attr(range(1, 65_535))]
    port: i32,
    /// Protocol that clients speak.
    #[attr(default = "HTTP", values("HTTP", "HTTPS"))]
    protocol: String,
    /// Versions and ciphers of TLS that clients may use. Without one an HTTPS listener has AWS's oldest policy,
    /// `ELBSecurityPolicy-2016-08`; `ELBSecurityPolicy-TLS13-1-2-2021-06` is what AWS recommends.
    #[attr(default = oldest_policy)]
    ssl_policy: Option<String>,
    /// Certificate of an HTTPS listener, issued, in the same region.
    #[attr(refers("acm_certificate", "arn"))]
    certificate_arn: Option<String>,
    /// More certificates, chosen by the name that a client asks for (SNI).
    #[attr(refers("acm_certificate", "arn"), length(0, 25))]
    certificate_arns: BTreeSet<String>,
    /// Whether clients of an HTTPS listener have to show a certificate of their own.
    #[attr(same = off_is_absent)]
    mutual_authentication: Option<MutualAuthentication>,
    /// What becomes of requests that no `lb_listener_rule` takes, in order: at most one that authenticates, then one
    /// that answers or forwards.
    #[attr(canonical = elb_action::canonical)]
    default_action: Vec<Action>,
}

/// Whether clients have to show a certificate of their own.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[attributes(
    requires_when("mode", "verify", "trust_store_arn"),
    forbids_when("mode", "passthrough", "trust_store_arn"),
    forbids_when("mode", "off", "trust_store_arn")
)]
pub struct MutualAuthentication {
    /// `verify`: the load balancer checks it; `passthrough`: targets get to see it in a header; `off`: no.
    #[attr(values("off", "passthrough", "verify"))]
    mode: String,
    /// For `verify`: the trust store with the authorities that may have signed it.
    trust_store_arn: Option<String>,
    /// For `verify`: whether one that has expired is good as well.
    #[attr(default = false)]
    ignore_client_certificate_expiry: bool,
    /// For `verify`: whether clients are told the names of the authorities.
    #[attr(default = "off", values("on", "off"))]
    advertise_trust_store_ca_names: String,
}

/// What a listener tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its ARN.
    #[attr(looks_like = "arn:aws:elasticloadbalancing:{region}:{account}:listener/app/lb/{hex:16}/{hex:16}")]
    id: String,
    /// Its ARN.
    #[attr(looks_like = "{id}")]
    arn: String,
}

impl Resource for LbListener {
    const FACTS: Facts = Facts {
        name: "lb_listener",
        service: "elasticloadbalancing",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        identity: &["load_balancer_arn", "port"],
        found: Found::Swept(<Sdk as Child>::TYPE),
        replacement: Replacement::DestroyFirst("a port has one listener, and a target group serves one load balancer"),
        once: true,
        details: 2,
        actions: Actions {
            read: &[
                "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeListenerCertificates",
                "elasticloadbalancing:DescribeTags", "tag:GetResources",
            ],
            create: &[
                "elasticloadbalancing:CreateListener", "elasticloadbalancing:AddTags",
                "elasticloadbalancing:AddListenerCertificates", "cognito-idp:DescribeUserPoolClient",
            ],
            update: &[
                "elasticloadbalancing:ModifyListener", "elasticloadbalancing:AddListenerCertificates",
                "elasticloadbalancing:RemoveListenerCertificates", "elasticloadbalancing:AddTags",
                "elasticloadbalancing:RemoveTags",
            ],
            delete: &["elasticloadbalancing:DeleteListener"],
        },
        takes: PerVerb::new(2, 2, 1),
        calls: PerVerb::new(2, 3, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes =
        Codes { absent: &["ListenerNotFound"], exists: &["DuplicateListener"], blocked: &["ResourceInUse"] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let found: Vec<Sdk> = elb_child::read(cx, select).await?;
        let arns: Vec<String> = found.iter().filter_map(|listener| listener.listener_arn.clone()).collect();
        let (tags, certificates) = tokio::try_join!(
            tags::read(cx, select, &arns),
            futures::future::try_join_all(found.iter().map(|listener| more_certificates(cx, listener)))
        )?;
        Ok(found.iter().zip(certificates).map(|(listener, more)| live(listener, more, &tags)).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        const OP: Op = Op::new("elasticloadbalancing:CreateListener").racing(RACING);
        let made = cx
            .call(OP, || {
                cx.elb()
                    .create_listener()
                    .load_balancer_arn(&self.load_balancer_arn)
                    .port(self.port)
                    .protocol(self.protocol.as_str().into())
                    .set_ssl_policy(self.ssl_policy.clone())
                    .set_certificates(self.certificate_arn.as_deref().map(certificates))
                    .set_mutual_authentication(self.mutual_authentication.as_ref().map(MutualAuthentication::sdk))
                    .set_default_actions(Some(elb_action::write(&self.default_action)))
                    .set_tags(Some(tags::write(&new.tags)))
                    .send()
            })
            .await?;
        let arn = made.listeners().first().and_then(Sdk::listener_arn).unwrap_or_default().to_owned();
        self.add_certificates(cx, &arn, &BTreeSet::new()).await?;
        Ok(arn)
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        let old = &live.spec;
        let rest = LbListener { certificate_arns: old.certificate_arns.clone(), ..self.clone() };
        if rest != *old {
            const OP: Op = Op::new("elasticloadbalancing:ModifyListener").racing(RACING);
            let protocol = changed(&self.protocol, &old.protocol);
            let policy = changed(&self.ssl_policy, &old.ssl_policy).flatten();
            let certificate = changed(&self.certificate_arn, &old.certificate_arn).flatten();
            let actions = changed(&self.default_action, &old.default_action);
            // A listener that goes over to HTTP asks nobody any more.
            let mutual = changed(&self.mutual_authentication, &old.mutual_authentication);
            let mutual = mutual.filter(|_| self.protocol == "HTTPS").map(Option::unwrap_or_default);
            cx.call(OP, || {
                cx.elb()
                    .modify_listener()
                    .listener_arn(&live.id)
                    .set_port(changed(&self.port, &old.port))
                    .set_protocol(protocol.as_deref().map(ProtocolEnum::from))
                    .set_ssl_policy(policy.clone())
                    .set_certificates(certificate.as_deref().map(certificates))
                    .set_mutual_authentication(mutual.as_ref().map(MutualAuthentication::sdk))
                    .set_default_actions(actions.as_deref().map(elb_action::write))
                    .send()
            })
            .await?;
        }
        self.add_certificates(cx, &live.id, &old.certificate_arns).await?;
        // A listener that speaks HTTP has lost them by itself.
        if self.protocol == "HTTP" {
            return Ok(());
        }
        // What has become the default certificate stays, and leaves the others by that alone.
        let gone = old.certificate_arns.difference(&self.certificate_arns);
        for gone in gone.filter(|arn| self.certificate_arn.as_ref() != Some(*arn)) {
            cx.call(Op::new("elasticloadbalancing:RemoveListenerCertificates"), || {
                cx.elb()
                    .remove_listener_certificates()
                    .listener_arn(&live.id)
                    .set_certificates(Some(certificates(gone)))
                    .send()
            })
            .await?;
        }
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("elasticloadbalancing:DeleteListener"), || {
            cx.elb().delete_listener().listener_arn(&live.id).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.id, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut broken = elb_action::check("default_action", &self.default_action, self.protocol == "HTTPS");
        if self.certificate_arn.as_ref().is_some_and(|default| self.certificate_arns.contains(default)) {
            broken.push(Violation::new("certificate_arns", "the default certificate need not be among them"));
        }
        broken
    }
}

impl LbListener {
    /// Adds the further certificates that are not there yet, one a call as the API demands.
    async fn add_certificates(&self, cx: &Cx<'_>, arn: &str, live: &BTreeSet<String>) -> Result<()> {
        const OP: Op = Op::new("elasticloadbalancing:AddListenerCertificates").racing(RACING);
        for new in self.certificate_arns.difference(live) {
            cx.call(OP, || {
                let listener = cx.elb().add_listener_certificates().listener_arn(arn);
                listener.set_certificates(Some(certificates(new))).send()
            })
            .await?;
        }
        Ok(())
    }
}

/// What was made or issued a moment ago may not be known here yet.
const RACING: &[&str] = &[
    "CertificateNotFound", "UnsupportedCertificate", "ListenerNotFound", "LoadBalancerNotFound", "TargetGroupNotFound",
];

impl Default for MutualAuthentication {
    fn default() -> Self {
        Self {
            mode: "off".to_owned(),
            trust_store_arn: None,
            ignore_client_certificate_expiry: false,
            advertise_trust_store_ca_names: "off".to_owned(),
        }
    }
}

impl MutualAuthentication {
    fn sdk(&self) -> MutualAuthenticationAttributes {
        let asked = MutualAuthenticationAttributes::builder().mode(&self.mode);
        if self.mode != "verify" {
            return asked.build();
        }
        asked
            .set_trust_store_arn(self.trust_store_arn.clone())
            .ignore_client_certificate_expiry(self.ignore_client_certificate_expiry)
            .advertise_trust_store_ca_names(self.advertise_trust_store_ca_names.as_str().into())
            .build()
    }

    /// What the API answers; nothing where clients are not asked.
    fn read(asked: &MutualAuthenticationAttributes) -> Option<Self> {
        let names = asked.advertise_trust_store_ca_names().map_or("off", AdvertiseTrustStoreCaNamesEnum::as_str);
        asked.mode().filter(|mode| *mode != "off").map(|mode| Self {
            mode: mode.to_owned(),
            trust_store_arn: asked.trust_store_arn().map(str::to_owned),
            ignore_client_certificate_expiry: asked.ignore_client_certificate_expiry() == Some(true),
            advertise_trust_store_ca_names: names.to_owned(),
        })
    }
}

/// To ask nobody is what a listener does that says nothing of it.
fn off_is_absent(declared: &Value, observed: &Value) -> bool {
    let off = |block: &Value| block.is_null() || block.get("mode").as_str() == Some("off");
    off(declared) && off(observed)
}

fn oldest_policy(listener: &Map) -> Value {
    match listener.get("protocol").and_then(Value::as_str) {
        Some("HTTPS") => Value::from("ELBSecurityPolicy-2016-08"),
        _ => Value::Null,
    }
}

fn certificates(arn: &str) -> Vec<Certificate> {
    vec![Certificate::builder().certificate_arn(arn).build()]
}

impl Child for Sdk {
    const TYPE: &'static str = "elasticloadbalancing:listener";
    const PARENT: &'static str = "load_balancer_arn";
    const NUMBER: &'static str = "port";

    fn arn(&self) -> Option<&str> {
        self.listener_arn()
    }

    fn number(&self) -> Option<i64> {
        self.port().map(i64::from)
    }

    fn parent(arn: &str) -> Option<String> {
        elb_child::above(arn, "listener", "loadbalancer")
    }

    async fn of(cx: &Cx<'_>, parent: &str) -> Result<Vec<Self>> {
        let found = cx
            .call(Op::new("elasticloadbalancing:DescribeListeners"), || {
                cx.elb().describe_listeners().load_balancer_arn(parent).into_paginator().items().send().try_collect()
            })
            .await;
        match found {
            Err(error) if error.code() == Some("LoadBalancerNotFound") => Ok(Vec::new()),
            found => found,
        }
    }

    async fn one(cx: &Cx<'_>, arn: &str) -> Result<Vec<Self>> {
        cx.call(Op::new("elasticloadbalancing:DescribeListeners"), || {
            cx.elb().describe_listeners().listener_arns(arn).into_paginator().items().send().try_collect()
        })
        .await
    }
}

/// The certificates of an HTTPS listener besides its default one.
async fn more_certificates(cx: &Cx<'_>, listener: &Sdk) -> Result<BTreeSet<String>> {
    if listener.protocol() != Some(&ProtocolEnum::Https) {
        return Ok(BTreeSet::new());
    }
    let arn = listener.listener_arn().unwrap_or_default();
    let found: Result<Vec<Certificate>> = cx
        .call(Op::new("elasticloadbalancing:DescribeListenerCertificates"), || {
            cx.elb().describe_listener_certificates().listener_arn(arn).into_paginator().items().send().try_collect()
        })
        .await;
    match found {
        Err(error) if error.code() == Some("ListenerNotFound") => Ok(BTreeSet::new()),
        found => {
            // The default one can be listed twice.
            let default = listener.certificates().first().and_then(Certificate::certificate_arn);
            let more = found?.into_iter().filter(|certificate| certificate.is_default() != Some(true));
            Ok(more.filter_map(|one| one.certificate_arn).filter(|arn| Some(arn.as_str()) != default).collect())
        }
    }
}

fn live(listener: &Sdk, more: BTreeSet<String>, tags: &BTreeMap<String, Tags>) -> Live<LbListener> {
    let arn = listener.listener_arn().unwrap_or_default().to_owned();
    Live {
        spec: LbListener {
            load_balancer_arn: listener.load_balancer_arn().unwrap_or_default().to_owned(),
            port: listener.port().unwrap_or_default(),
            protocol: listener.protocol().unwrap_or(&ProtocolEnum::Http).as_str().to_owned(),
            ssl_policy: listener.ssl_policy.clone(),
            certificate_arn: listener.certificates().first().and_then(|first| first.certificate_arn.clone()),
            certificate_arns: more,
            mutual_authentication: listener.mutual_authentication().and_then(MutualAuthentication::read),
            default_action: elb_action::read(listener.default_actions()),
        },
        outputs: Outputs { id: arn.clone(), arn: arn.clone() },
        tags: tags.get(&arn).cloned().unwrap_or_default(),
        status: Status::Usable,
        id: arn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_has_a_policy() {
        let policy = |protocol: &str| oldest_policy(&Map::from([("protocol".to_owned(), Value::from(protocol))]));
        assert_eq!(policy("HTTP"), Value::Null);
        assert_eq!(policy("HTTPS"), Value::from("ELBSecurityPolicy-2016-08"));
    }
}
