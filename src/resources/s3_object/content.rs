//! The content of an object: sent as it is, and compared by its SHA-256 checksum, which S3 keeps beside it.

use aws_sdk_s3::primitives::ByteStream;
use clefctl_core::error::{Error, Result};
use clefctl_core::kind::Value;
use sha2::{Digest, Sha256};

use super::S3Object;

/// What begins the text that stands for the content of an object that lives.
const CHECKSUM: &str = "sha256:";

/// What stands for the content of an object with that checksum; of one without any nothing fits.
pub(super) fn observed(checksum: Option<&str>) -> String {
    format!("{CHECKSUM}{}", checksum.unwrap_or("unknown"))
}

/// The checksum of a content, as S3 writes it.
pub(super) fn checksum(content: &[u8]) -> String {
    aws_smithy_types::base64::encode(Sha256::digest(content))
}

/// Whether a text is the content that lives. One that is not said has no opinion: the other attribute says it.
pub(super) fn same_text(declared: &Value, observed: &Value) -> bool {
    same(declared.as_str().map(|text| text.as_bytes().to_vec()), declared, observed)
}

/// The same for a content in base64.
pub(super) fn same_base64(declared: &Value, observed: &Value) -> bool {
    same(declared.as_str().and_then(decode), declared, observed)
}

fn same(content: Option<Vec<u8>>, declared: &Value, live: &Value) -> bool {
    declared.is_null() || content.is_some_and(|content| live.as_str() == Some(&observed(Some(&checksum(&content)))))
}

fn decode(text: &str) -> Option<Vec<u8>> {
    aws_smithy_types::base64::decode(text.split_whitespace().collect::<String>()).ok()
}

impl S3Object {
    /// The content to send; nothing where it stays as it is (`ignore_changes`).
    pub(super) fn bytes(&self) -> Result<Option<Vec<u8>>> {
        match (&self.content, &self.content_base64) {
            (Some(text), _) | (None, Some(text)) if text.starts_with(CHECKSUM) => Ok(None),
            (Some(text), _) => Ok(Some(text.as_bytes().to_vec())),
            (None, Some(text)) => {
                decode(text).map(Some).ok_or_else(|| Error::internal("`content_base64` is no base64"))
            }
            (None, None) => Ok(Some(Vec::new())),
        }
    }

    /// Whether `content_base64` can be read.
    pub(super) fn is_readable(&self) -> bool {
        self.content_base64.as_deref().is_none_or(|text| text.starts_with(CHECKSUM) || decode(text).is_some())
    }
}

/// A content as the SDK sends it.
pub(super) fn stream(content: &[u8]) -> ByteStream {
    ByteStream::from(content.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_compared_by_checksum() {
        // SHA-256 of `hello`, in base64.
        let live = Value::from(observed(Some("LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")).as_str());
        assert!(same_text(&Value::from("hello"), &live));
        assert!(same_base64(&Value::from("aGVsbG8="), &live));
        assert!(same_text(&Value::Null, &live), "the other attribute says it");
        assert!(!same_text(&Value::from("hello!"), &live));
        assert!(!same_text(&Value::from("hello"), &Value::from(observed(None).as_str())));
    }
}
