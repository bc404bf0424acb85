//! `acm_certificate`

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_acm::primitives::DateTime;
use aws_sdk_acm::types::{CertificateStatus, CertificateSummary, Filters, KeyAlgorithm};
use clefctl_core::error::Result;
use clefctl_core::kind::{Attributes, LookupFacts, Tags};
use serde::{Deserialize, Serialize};

use super::several;
use crate::aws::route53::dns_name;
use crate::aws::tags::acm as tags;
use crate::aws::{Cx, LookupRead, Op};

/// A certificate that is managed elsewhere. What is written has to fit all at once.
#[derive(Attributes, Deserialize, Clone, Debug)]
#[attributes(at_least_one("domain", "tags"))]
pub struct AcmCertificate {
    /// Its domain: the first one, not one of the further ones.
    domain: Option<String>,
    /// Tags that it carries.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// States of which it is in one: `ISSUED`, `PENDING_VALIDATION`, `EXPIRED`, …; usually it is to be issued.
    #[serde(default = "issued")]
    #[attr(default = ["ISSUED"])]
    statuses: BTreeSet<String>,
    /// Where it comes from: `AMAZON_ISSUED`, `IMPORTED`, `PRIVATE`. Without one it may come from anywhere.
    #[serde(default)]
    types: BTreeSet<String>,
    /// Algorithms of its key, such as `RSA_2048`, `EC_prime256v1`. Without one it may be any.
    #[serde(default)]
    key_types: BTreeSet<String>,
    /// Whether the youngest is taken where several fit; otherwise that is an error.
    #[serde(default)]
    #[attr(default = false)]
    most_recent: bool,
}

/// The certificate.
#[derive(Attributes, Serialize, Clone, Debug)]
pub struct Outputs {
    /// Its ARN.
    #[attr(looks_like = "arn:aws:acm:{region}:{account}:certificate/{uuid}")]
    arn: String,
    /// Its domain.
    #[attr(looks_like = "example.com")]
    domain: String,
    /// All of its domains.
    #[attr(looks_like = "example.com")]
    subject_alternative_names: BTreeSet<String>,
    /// Its state.
    #[attr(looks_like = "ISSUED")]
    status: String,
    /// Its tags.
    tags: Tags,
}

impl LookupRead for AcmCertificate {
    const FACTS: LookupFacts = LookupFacts {
        name: "acm_certificate",
        service: "acm",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        actions: &["acm:ListCertificates", "acm:ListTagsForCertificate"],
    };
    type Outputs = Outputs;

    async fn read(&self, cx: &Cx<'_>) -> Result<Option<Outputs>> {
        let statuses: Vec<CertificateStatus> = self.statuses.iter().map(|text| text.as_str().into()).collect();
        // Without a list of keys AWS leaves out all but the smaller RSA keys.
        let keys: Vec<KeyAlgorithm> = if self.key_types.is_empty() {
            KeyAlgorithm::values().iter().map(|&key| key.into()).collect()
        } else {
            self.key_types.iter().map(|key| key.as_str().into()).collect()
        };
        let keys = Filters::builder().set_key_types(Some(keys)).build();
        let all: Vec<CertificateSummary> = cx
            .call(Op::new("acm:ListCertificates"), || {
                let some = cx.acm().list_certificates().includes(keys.clone());
                let some = some.set_certificate_statuses((!statuses.is_empty()).then(|| statuses.clone()));
                some.into_paginator().items().send().try_collect()
            })
            .await?;
        let mut found = Vec::new();
        for one in all.iter().filter(|one| self.fits(one)) {
            let Some(tags) = tags::of(cx, one.certificate_arn().unwrap_or_default()).await? else { continue };
            if self.tags.iter().all(|(key, value)| tags.get(key) == Some(value)) {
                found.push((one, tags));
            }
        }
        let recent = |one: &&(&CertificateSummary, Tags)| one.0.issued_at().or(one.0.created_at()).map(DateTime::secs);
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(outputs(one))),
            _ if self.most_recent => Ok(found.iter().max_by_key(recent).map(outputs)),
            _ => Err(several("certificates", found.iter().filter_map(|one| one.0.certificate_arn()).collect())
                .hint("`most_recent: true` takes the youngest")),
        }
    }
}

impl AcmCertificate {
    fn fits(&self, one: &CertificateSummary) -> bool {
        let domain = self.domain.as_deref().map(dns_name);
        let kind = one.r#type().map(|kind| kind.as_str().to_owned()).unwrap_or_default();
        domain.is_none_or(|domain| one.domain_name().map(dns_name) == Some(domain))
            && (self.types.is_empty() || self.types.contains(&kind))
    }
}

fn issued() -> BTreeSet<String> {
    BTreeSet::from(["ISSUED".to_owned()])
}

fn outputs((one, tags): &(&CertificateSummary, Tags)) -> Outputs {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    Outputs {
        arn: text(one.certificate_arn()),
        domain: text(one.domain_name()),
        subject_alternative_names: one.subject_alternative_name_summaries().iter().cloned().collect(),
        status: text(one.status().map(CertificateStatus::as_str)),
        tags: tags.clone(),
    }
}
