//! `key_pair`

use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::{KeyPairInfo as Sdk, KeyType, ResourceType};
use clefctl_core::error::Result;
use clefctl_core::kind::{
    Actions, Attributes, Declared, Facts, Found, Name, NameChars, Naming, PerVerb, Select, Status, TagChange, Unique,
    Value,
};
use serde::{Deserialize, Serialize};

use crate::aws::tags::ec2 as tags;
use crate::aws::{Codes, Cx, Live, Op, Resource};

/// A key pair: the public key that instances let in over SSH.
///
/// Only the public half is ever here; make the pair with `ssh-keygen -t ed25519` and keep the private half. Instances
/// take the key when they are launched: one that is replaced stays on those that run.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct KeyPair {
    /// Its name.
    #[attr(create_only, length(1, 255))]
    key_name: Name,
    /// The public key as OpenSSH writes it, such as `${file("deploy.pub")}`; the comment at its end means nothing.
    #[attr(create_only, canonical = without_comment, pattern = "(ssh-rsa|ssh-ed25519) [A-Za-z0-9+/]+=*( [^\n]*)?\\s*")]
    public_key: String,
}

/// What a key pair tells others.
#[derive(Attributes, Serialize, Deserialize, Clone, Debug)]
pub struct Outputs {
    /// Its name.
    #[attr(looks_like = "{name}")]
    id: String,
    /// Its id.
    #[attr(looks_like = "key-{hex:17}")]
    key_pair_id: String,
    /// Its ARN.
    #[attr(looks_like = "arn:aws:ec2:{region}:{account}:key-pair/{name}")]
    arn: String,
    /// Fingerprint of the public key: MD5 for RSA, SHA-256 for ED25519.
    #[attr(looks_like = "{hex:32}")]
    fingerprint: String,
    /// `rsa` or `ed25519`.
    #[attr(looks_like = "ed25519")]
    key_type: String,
}

impl Resource for KeyPair {
    const FACTS: Facts = Facts {
        name: "key_pair",
        service: "ec2",
        declared: &Self::BLOCK,
        outputs: &Outputs::BLOCK,
        naming: Some(Naming { attribute: "key_name", max: 255, allowed: NameChars::Wide, unique: Unique::Account }),
        deleted_after: &["autoscaling_group", "launch_template"],
        once: true,
        found: Found::Tagged("key-pair"),
        actions: Actions {
            read: &["ec2:DescribeKeyPairs", "ec2:DescribeTags"],
            create: &["ec2:ImportKeyPair", "ec2:CreateTags"],
            update: &["ec2:CreateTags", "ec2:DeleteTags"],
            delete: &["ec2:DeleteKeyPair"],
        },
        takes: PerVerb::new(1, 1, 1),
        ..Facts::REGIONAL
    };
    const CODES: Codes =
        Codes { absent: &["InvalidKeyPair.NotFound"], exists: &["InvalidKeyPair.Duplicate"], blocked: &[] };
    type Outputs = Outputs;

    async fn read(cx: &Cx<'_>, select: Select<'_>) -> Result<Vec<Live<Self>>> {
        let filter = tags::filter(cx, select, "key-name");
        let answer = cx
            .call(Op::new("ec2:DescribeKeyPairs"), || {
                cx.ec2().describe_key_pairs().include_public_key(true).filters(filter.clone()).send()
            })
            .await?;
        Ok(answer.key_pairs().iter().map(|pair| live(cx, pair)).collect())
    }

    async fn create(&self, cx: &Cx<'_>, new: &Declared) -> Result<String> {
        cx.call(Op::new("ec2:ImportKeyPair"), || {
            cx.ec2()
                .import_key_pair()
                .key_name(&*self.key_name)
                .public_key_material(Blob::new(self.public_key.trim()))
                .tag_specifications(tags::specification(ResourceType::KeyPair, &new.tags))
                .send()
        })
        .await?;
        Ok(self.key_name.to_string())
    }

    async fn update(&self, _cx: &Cx<'_>, _live: &Live<Self>) -> Result<()> {
        Ok(())
    }

    async fn delete(cx: &Cx<'_>, live: &Live<Self>, _last: Option<&Self>) -> Result<()> {
        cx.call(Op::new("ec2:DeleteKeyPair"), || cx.ec2().delete_key_pair().key_name(&live.id).send()).await?;
        Ok(())
    }

    async fn retag(cx: &Cx<'_>, live: &Live<Self>, change: &TagChange) -> Result<()> {
        tags::change(cx, &live.outputs.key_pair_id, change).await
    }
}

/// A public key without its comment, which AWS does not keep reliably.
fn without_comment(key: &Value) -> Value {
    let bare = |text: &str| text.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    key.as_str().map_or_else(|| key.clone(), |text| Value::from(bare(text)))
}

fn live(cx: &Cx<'_>, pair: &Sdk) -> Live<KeyPair> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let name = text(pair.key_name());
    Live {
        spec: KeyPair { key_name: name.as_str().into(), public_key: text(pair.public_key()).trim().to_owned() },
        outputs: Outputs {
            key_pair_id: text(pair.key_pair_id()),
            arn: cx.arn("ec2", &format!("key-pair/{name}")),
            fingerprint: text(pair.key_fingerprint()),
            key_type: text(pair.key_type().map(KeyType::as_str)),
            id: name.clone(),
        },
        tags: tags::read(pair.tags()),
        status: Status::Usable,
        id: name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_keys_mean_nothing() {
        for text in ["ssh-ed25519 AAAA", "ssh-ed25519 AAAA me@home\n", "ssh-ed25519  AAAA  a comment "] {
            assert_eq!(without_comment(&Value::from(text)), Value::from("ssh-ed25519 AAAA"));
        }
    }
}
