//! `cognito_user_pool_domain`

use aws_sdk_cognitoidentityprovider::types::{CustomDomainConfigType, DomainDescriptionType, DomainStatusType};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Mark, Name, NameChars, Naming, PerVerb, Replacement, Select, Status,
    TagChange, Tags, Unique, Violation,
};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::cognito_support::{GONE, Part, Pool};
use super::taken::{is_made, taken, would_be_taken};
use crate::aws::{Codes, Cx, Live, Op, Resource, unbuilt, unless};

/// Where users of a pool sign in: a prefix at Cognito, or with `certificate_arn` a domain of your own.
///
/// A pool has one of each at the most. Domains take no tags: the pool remembers in one of its own whose a domain is.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct CognitoUserPoolDomain {
    /// The user pool.
    #[attr(create_only, refers("cognito_user_pool", "id"))]
    user_pool_id: String,
    /// The prefix, unique in the region across all accounts: the default ends in 8 hex digits made of account, region
    /// and owner. Or the whole name of a domain of your own, whose parent has to resolve.
    #[attr(create_only, length(1, 63), pattern = "[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?")]
    domain: Name,
    /// Certificate of a domain of your own, in us-east-1 whatever the pool's region is.
    #[attr(refers("acm_certificate", "arn"))]
    certificate_arn: Option<String>,
    /// How the pages look: 1 is the classic hosted UI, 2 managed login, which the tier `LITE` lacks.
    #[attr(default = 1, range(1, 2))]
    managed_login_version: i32,
}

/// What a domain tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// The domain itself.
    #[attr(looks_like = "{name}")]
    id: String,
    /// Where the pages are: the prefix at Cognito with the region, or the domain of your own.
    #[attr(looks_like = "{name}.auth.{region}.amazoncognito.com")]
    fqdn: String,
    /// What a record of the domain of your own has to name.
    #[attr(changes_on("certificate_arn"), looks_like = "{hex:14}.cloudfront.net")]
    cloudfront_distribution: Option<String>,
    /// The zone of that name, for an alias record.
    #[attr(looks_like = "Z2FDTNDATAQYW2")]
    cloudfront_distribution_zone_id: String,
}

impl Resource for CognitoUserPoolDomain {
    const FACTS: Facts = Facts {
        name: "cognito_user_pool_domain",
        service: "cognito-idp",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        found: Found::Child(&["cognito_user_pool"]),
        mark: Mark::Marker,
        naming: Some(Naming { attribute: "domain", max: 63, allowed: NameChars::LowerHyphen, unique: Unique::World }),
        replacement: Replacement::DestroyFirst("a pool has one domain of each sort"),
        once: true,
        details: 1,
        actions: Actions {
            read: &["cognito-idp:DescribeUserPool", "cognito-idp:DescribeUserPoolDomain"],
            create: &["cognito-idp:CreateUserPoolDomain", "cognito-idp:TagResource"],
            update: &["cognito-idp:UpdateUserPoolDomain", "cognito-idp:TagResource", "cognito-idp:UntagResource"],
            delete: &["cognito-idp:DeleteUserPoolDomain", "cognito-idp:UntagResource"],
        },
        takes: PerVerb::new(60, 60, 30),
        timeouts: PerVerb::new(3600, 3600, 1800),
        ..Facts::REGIONAL
    };
    const CODES: Codes = Codes { absent: GONE, exists: &[], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let expected = match select {
            Select::One(domain) => {
                let Some(found) = describe(cx, domain).await? else { return Ok(Vec::new()) };
                let tags = Pool::told(cx, &part(found.user_pool_id().unwrap_or_default(), domain)).await?;
                return Ok(vec![live(cx, domain, &found, tags)]);
            }
            Select::Owned(expected) => expected,
        };
        let pools = Pool::all(cx, expected).await?;
        let domains = pools.iter().flat_map(|pool| pool.domains.iter().map(move |domain| (pool, domain)));
        let read = domains.map(|(pool, domain)| async move {
            let tags = part(&pool.id, domain).tags(cx, &pool.tags);
            if tags.is_empty() {
                return Ok(None);
            }
            Result::Ok(describe(cx, domain).await?.map(|found| live(cx, domain, &found, tags)))
        });
        Ok(try_join_all(read).await?.into_iter().flatten().collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        let (pool, domain) = (&self.user_pool_id, &*self.domain);
        // The mark comes first, so that a domain that is there already must be looked for before.
        if let Some(there) = describe(cx, domain).await? {
            return self.meets(cx, new, &there).await;
        }
        part(pool, domain).mark(cx, &new.tags).await?;
        let custom = self.custom()?;
        let made = cx
            .call(Op::new("cognito-idp:CreateUserPoolDomain"), || {
                cx.cognito()
                    .create_user_pool_domain()
                    .user_pool_id(pool)
                    .domain(domain)
                    .set_custom_domain_config(custom.clone())
                    .managed_login_version(self.managed_login_version)
                    .send()
            })
            .await;
        match made {
            Ok(_) => Ok(domain.to_owned()),
            // Its answer was lost and it was sent again, or it is another's.
            Err(error) if error.code() == Some("InvalidParameterException") => match describe(cx, domain).await? {
                Some(there) => self.meets(cx, new, &there).await,
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    async fn update(&self, cx: &Cx<'_>, live: &Live<Self>) -> Result<()> {
        if *self == live.spec {
            return Ok(());
        }
        let custom = self.custom()?;
        cx.call(Op::new("cognito-idp:UpdateUserPoolDomain"), || {
            cx.cognito()
                .update_user_pool_domain()
                .user_pool_id(&self.user_pool_id)
                .domain(&*self.domain)
                .set_custom_domain_config(custom.clone())
                .managed_login_version(self.managed_login_version)
                .send()
        })
        .await?;
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        let pool = &live.spec.user_pool_id;
        let gone = cx
            .call(Op::new("cognito-idp:DeleteUserPoolDomain"), || {
                cx.cognito().delete_user_pool_domain().user_pool_id(pool).domain(&live.id).send()
            })
            .await;
        unless(gone, GONE)?;
        part(pool, &live.id).unmark(cx, &live.tags).await
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        part(&live.spec.user_pool_id, &live.id).retag(cx, &live.tags, change).await
    }

    fn check(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        let domain = &*self.domain;
        match &self.certificate_arn {
            None if domain.contains('.') => found.push(
                Violation::new("domain", format!("`{domain}` is no prefix"))
                    .hint("a domain of your own needs `certificate_arn`; a prefix has no dots"),
            ),
            None => {
                for word in ["aws", "amazon", "cognito"].into_iter().filter(|word| domain.contains(word)) {
                    found.push(Violation::new("domain", format!("Cognito takes no prefix with `{word}` in it")));
                }
            }
            Some(_) if !domain.contains('.') => found.push(
                Violation::new("domain", "a domain of your own is written in full")
                    .hint("such as `auth.example.com`; a prefix at Cognito has no `certificate_arn`"),
            ),
            Some(certificate) if certificate.split(':').nth(3).is_some_and(|region| region != "us-east-1") => {
                let message = "certificates of such domains are looked for in us-east-1 only";
                found.push(
                    Violation::new("certificate_arn", message).hint("write `region: us-east-1` on the certificate"),
                );
            }
            Some(_) => {}
        }
        found
    }

    fn must_replace(&self, live: &Self) -> Option<(&'static str, String)> {
        let turns = self.certificate_arn.is_some() != live.certificate_arn.is_some();
        turns.then(|| ("certificate_arn", "a prefix and a domain of your own are two things".to_owned()))
    }

    async fn may_create(&self, cx: &Cx<'_>) -> Result<Vec<Violation>> {
        let Some(there) = describe(cx, &self.domain).await? else { return Ok(Vec::new()) };
        let tags = told(cx, &self.domain, &there).await?;
        Ok(vec![would_be_taken("domain", &format!("the domain {}", self.domain), &self.domain, &tags)])
    }
}

impl CognitoUserPoolDomain {
    fn custom(&self) -> Result<Option<CustomDomainConfigType>> {
        let custom = |arn: &String| CustomDomainConfigType::builder().certificate_arn(arn).build().map_err(unbuilt);
        self.certificate_arn.as_ref().map(custom).transpose()
    }

    /// A domain of that name is there already: ours, because an answer was lost, or another's.
    async fn meets(&self, cx: &Cx<'_>, new: &Declared, there: &DomainDescriptionType) -> Result<String> {
        let domain = &*self.domain;
        let tags = told(cx, domain, there).await?;
        if there.user_pool_id() == Some(self.user_pool_id.as_str()) && is_made(&tags, new) {
            return Ok(domain.to_owned());
        }
        Err(taken(new, &format!("the domain {domain}"), domain, &tags))
    }
}

/// Whose a domain is, as far as its pool tells: nothing of one in another account.
async fn told(cx: &Cx<'_>, domain: &str, there: &DomainDescriptionType) -> Result<Tags> {
    if there.aws_account_id().is_some_and(|account| account != &*cx.account) {
        return Ok(Tags::new());
    }
    Pool::told(cx, &part(there.user_pool_id().unwrap_or_default(), domain)).await
}

fn part<'a>(pool: &'a str, name: &'a str) -> Part<'a> {
    Part { pool, kind: "cognito_user_pool_domain", name, telling: false }
}

/// A domain; of one that is not there AWS gives an empty description.
async fn describe(cx: &Cx<'_>, domain: &str) -> Result<Option<DomainDescriptionType>> {
    let found = cx
        .call(Op::new("cognito-idp:DescribeUserPoolDomain"), || {
            cx.cognito().describe_user_pool_domain().domain(domain).send()
        })
        .await;
    let found = unless(found, GONE)?.and_then(|found| found.domain_description);
    Ok(found.filter(|found| found.user_pool_id.is_some()))
}

fn live(cx: &Cx<'_>, domain: &str, found: &DomainDescriptionType, tags: Tags) -> Live<CognitoUserPoolDomain> {
    let custom = found.custom_domain_config().map(|custom| custom.certificate_arn.clone());
    let fqdn = match &custom {
        Some(_) => domain.to_owned(),
        None => format!("{domain}.auth.{}.amazoncognito.com", cx.region),
    };
    Live {
        id: domain.to_owned(),
        spec: CognitoUserPoolDomain {
            user_pool_id: found.user_pool_id().unwrap_or_default().to_owned(),
            domain: domain.into(),
            certificate_arn: custom,
            managed_login_version: found.managed_login_version.unwrap_or(1),
        },
        outputs: Outputs {
            id: domain.to_owned(),
            fqdn,
            cloudfront_distribution: found.cloud_front_distribution().map(str::to_owned),
            cloudfront_distribution_zone_id: CLOUDFRONT_ZONE.to_owned(),
        },
        tags,
        status: match found.status() {
            Some(status @ (DomainStatusType::Creating | DomainStatusType::Updating)) => {
                Status::Pending(status.as_str().to_owned())
            }
            Some(status @ DomainStatusType::Deleting) => Status::Dying(status.as_str().to_owned()),
            Some(DomainStatusType::Failed) => Status::Failed("Cognito could not make the domain".to_owned()),
            _ => Status::Usable,
        },
    }
}

/// The zone of all CloudFront distributions (Route 53's documentation of alias records).
const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";
