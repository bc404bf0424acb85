//! Certificates as AWS tells them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_acm::types::{
    CertificateDetail as Sdk, CertificateExport, CertificateOptions, CertificateStatus, CertificateSummary,
    DomainValidation, Filters, KeyAlgorithm, RenewalStatus, RenewalSummary, ValidationMethod,
};
use clefctl_core::error::Result;
use clefctl_core::kind::{Status, Tags};

use super::{ABSENT, AcmCertificate, Options, Outputs, ValidationOption, Zone, validation};
use crate::aws::route53::dns_name;
use crate::aws::{Cx, Live, Op};

/// All certificates of the region, whatever their key.
pub(super) async fn list(cx: &Cx<'_>) -> Result<Vec<CertificateSummary>> {
    let keys = Filters::builder().set_key_types(Some(KeyAlgorithm::values().iter().map(|&key| key.into()).collect()));
    let keys = keys.build();
    cx.call(Op::new("acm:ListCertificates"), || {
        cx.acm().list_certificates().includes(keys.clone()).into_paginator().items().send().try_collect()
    })
    .await
}

pub(super) async fn describe(cx: &Cx<'_>, arn: &str) -> Result<Option<Sdk>> {
    let op = Op::new("acm:DescribeCertificate");
    match cx.call(op, || cx.acm().describe_certificate().certificate_arn(arn).send()).await {
        Err(error) if error.code() == Some(ABSENT) => Ok(None),
        answer => Ok(answer?.certificate),
    }
}

/// The records that AWS wants to see; it thinks of them some seconds after the request.
pub(super) async fn wanted(cx: &Cx<'_>, arn: &str) -> Result<BTreeMap<String, String>> {
    loop {
        if let Some(wanted) = describe(cx, arn).await?.as_ref().and_then(validation::wanted) {
            return Ok(wanted);
        }
        (cx.progress)("waiting until AWS says which records it wants to see");
        cx.pause(Duration::from_secs(2)).await;
        cx.alive()?;
    }
}

/// Those of the records that other certificates of the region need, whoever asked for them.
pub(super) async fn needed_elsewhere(
    cx: &Cx<'_>,
    arn: &str,
    records: &BTreeMap<String, String>,
) -> Result<BTreeSet<String>> {
    let alive = |one: &&CertificateSummary| {
        let status = one.status();
        status == Some(&CertificateStatus::Issued) || status == Some(&CertificateStatus::PendingValidation)
    };
    let all = list(cx).await?;
    let others = all.iter().filter(|one| one.certificate_arn() != Some(arn)).filter(alive);
    let names = others.flat_map(|one| {
        let more = one.subject_alternative_name_summaries().iter().map(String::as_str);
        one.domain_name().into_iter().chain(more)
    });
    // A domain and all names below it are proved by one record, which stands below the domain.
    let domains: BTreeSet<String> = names.map(|name| dns_name(name.strip_prefix("*.").unwrap_or(name))).collect();
    let needed = |record: &&String| record.split_once('.').is_some_and(|(_, domain)| domains.contains(domain));
    Ok(records.keys().filter(needed).cloned().collect())
}

/// Whether AWS waits for the records now: for the first time, or to renew it.
pub(super) fn is_awaited(detail: &Sdk) -> bool {
    let renewal = detail.renewal_summary().map(RenewalSummary::renewal_status);
    detail.status() == Some(&CertificateStatus::PendingValidation) || renewal == Some(&RenewalStatus::PendingValidation)
}

pub(super) fn record_name(option: &ValidationOption) -> String {
    dns_name(&option.resource_record_name)
}

pub(super) fn live(detail: &Sdk, tags: Tags, stand: bool) -> Live<AcmCertificate> {
    let arn = detail.certificate_arn().unwrap_or_default().to_owned();
    let domain = dns_name(detail.domain_name().unwrap_or_default());
    let export = detail.options().and_then(CertificateOptions::export);
    let method = detail.domain_validation_options().first().and_then(DomainValidation::validation_method);
    let state = detail.status().map_or("", CertificateStatus::as_str).to_owned();
    let mut records: Vec<ValidationOption> = detail.domain_validation_options().iter().filter_map(option).collect();
    records.sort();
    Live {
        spec: AcmCertificate {
            subject_alternative_names: detail
                .subject_alternative_names()
                .iter()
                .map(|name| dns_name(name))
                .filter(|name| *name != domain)
                .collect(),
            domain_name: domain,
            validation_method: method.unwrap_or(&ValidationMethod::Dns).as_str().to_owned(),
            // AWS answers `RSA-2048` to `RSA_2048`.
            key_algorithm: detail.key_algorithm().map_or("RSA_2048", KeyAlgorithm::as_str).replace('-', "_"),
            options: Options { export: export.unwrap_or(&CertificateExport::Disabled).as_str().to_owned() },
            validation: Zone::of(&tags).filter(|_| stand).map(Zone::said),
        },
        outputs: Outputs { id: arn.clone(), arn: arn.clone(), domain_validation_options: records },
        status: match detail.status() {
            Some(CertificateStatus::PendingValidation) if stand => {
                Status::Pending("waiting until AWS has seen the records".to_owned())
            }
            // Without its records it would wait for ever: they are made first.
            Some(CertificateStatus::Issued | CertificateStatus::PendingValidation) | None => Status::Usable,
            Some(_) => Status::Failed(match detail.failure_reason() {
                Some(reason) => format!("{state}, {}", reason.as_str()),
                None => state,
            }),
        },
        tags,
        id: arn,
    }
}

fn option(option: &DomainValidation) -> Option<ValidationOption> {
    let record = option.resource_record()?;
    Some(ValidationOption {
        domain_name: dns_name(option.domain_name()),
        resource_record_name: record.name().to_owned(),
        resource_record_type: record.r#type().as_str().to_owned(),
        resource_record_value: record.value().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_acm::types::FailureReason;

    use super::*;

    const ZONE: Zone<'_> = Zone { id: "Z1", role_arn: None, asked: true };

    #[test]
    fn a_certificate_waits_only_when_its_records_stand() {
        let pending = Sdk::builder().status(CertificateStatus::PendingValidation).build();
        let waiting = live(&pending, ZONE.tags(), true);
        assert!(matches!(waiting.status, Status::Pending(_)));
        assert_eq!(waiting.spec.validation, Some(ZONE.said()));
        let cut = live(&pending, ZONE.tags(), false);
        assert_eq!((cut.status, cut.spec.validation), (Status::Usable, None));
        let reason = FailureReason::CaaError;
        let failed = Sdk::builder().status(CertificateStatus::Failed).failure_reason(reason).build();
        assert_eq!(live(&failed, Tags::new(), false).status, Status::Failed("FAILED, CAA_ERROR".to_owned()));
    }

    #[test]
    fn the_tags_say_where_records_are_and_whether_they_are_asked_for() {
        for role_arn in [None, Some("arn:aws:iam::999000000001:role/dns")] {
            for asked in [true, false] {
                let zone = Zone { role_arn, asked, ..ZONE };
                assert_eq!(Zone::of(&zone.tags()), Some(zone));
            }
        }
        assert_eq!(Zone::of(&Tags::new()), None);
    }

    #[test]
    fn names_have_one_form() {
        let detail = Sdk::builder()
            .domain_name("Example.com")
            .subject_alternative_names("example.com")
            .subject_alternative_names("*.example.com")
            .key_algorithm("EC-prime256v1".into())
            .build();
        let spec = live(&detail, Tags::new(), false).spec;
        assert_eq!((spec.domain_name.as_str(), spec.key_algorithm.as_str()), ("example.com", "EC_prime256v1"));
        assert_eq!(spec.subject_alternative_names, BTreeSet::from(["*.example.com".to_owned()]));
    }
}
