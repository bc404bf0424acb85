//! Hashes.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::arguments::Arguments;
use super::{Fault, Function, Gives, Run};
use crate::kind::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base64sha256", "string", Gives::String, Run::Deep(base64sha256)),
    Function::new("md5", "string", Gives::String, Run::Deep(md5)),
    Function::new("sha1", "string", Gives::String, Run::Deep(sha1)),
    Function::new("sha256", "string", Gives::String, Run::Deep(sha256)),
    Function::new("sha512", "string", Gives::String, Run::Deep(sha512)),
    Function::new("uuidv5", "namespace, name", Gives::String, Run::Deep(uuidv5)),
];

/// Bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn hash<D: Digest>(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::from(hex(&D::digest(arguments.text(0)?.as_bytes()))))
}

fn base64sha256(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::from(BASE64.encode(Sha256::digest(arguments.text(0)?.as_bytes()))))
}

fn md5(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    hash::<Md5>(arguments)
}

fn sha1(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    hash::<Sha1>(arguments)
}

fn sha256(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    hash::<Sha256>(arguments)
}

fn sha512(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    hash::<Sha512>(arguments)
}

/// A UUID of version 5 (RFC 9562, 5.5): the SHA-1 of namespace and name, with two fields set.
fn uuidv5(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let namespace = arguments.text(0)?;
    let namespace = match &*namespace {
        "dns" => "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "url" => "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
        "oid" => "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
        "x500" => "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
        other => other,
    };
    let namespace =
        uuid(namespace).ok_or_else(|| Fault::at(0, "the namespace is `dns`, `url`, `oid`, `x500` or a UUID"))?;
    let digest =
        Sha1::new().chain_update(namespace.to_be_bytes()).chain_update(arguments.text(1)?.as_bytes()).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, hash)| *byte = hash);
    let bits = u128::from_be_bytes(bytes) & !(0xf << 76 | 0b11 << 62) | 5 << 76 | 0b10 << 62;
    let text = format!("{bits:032x}");
    let parts: Vec<_> = [0..8, 8..12, 12..16, 16..20, 20..32].into_iter().filter_map(|part| text.get(part)).collect();
    Ok(Value::from(parts.join("-")))
}

/// The bits of a UUID in its usual form.
fn uuid(text: &str) -> Option<u128> {
    let parts: Vec<_> = text.split('-').collect();
    let fits = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]);
    let digits = parts.concat();
    (fits && digits.bytes().all(|b| b.is_ascii_hexdigit())).then(|| u128::from_str_radix(&digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::check;

    #[test]
    fn hashes_are_terraforms() {
        check(&[
            (r#"md5("hello world")"#, r#""5eb63bbbe01eeed093cb22bb8f5acdc3""#),
            (r#"sha1("hello world")"#, r#""2aae6c35c94fcfb415dbe95f408b9ce91ee846ed""#),
            (r#"sha256("hello world")"#, r#""b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9""#),
            (r#"substr(sha512("hello world"), 0, 16)"#, r#""309ecc489c12d6eb""#),
            (r#"base64sha256("hello world")"#, r#""uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=""#),
            (r#"uuidv5("dns", "www.terraform.io")"#, r#""a5008fae-b28c-5ba5-96cd-82b4c53552d6""#),
            (
                r#"uuidv5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.terraform.io")"#,
                r#""a5008fae-b28c-5ba5-96cd-82b4c53552d6""#,
            ),
            (r#"uuidv5("url", "https://www.terraform.io/")"#, r#""9db6f67c-dd95-5ea0-aa5b-e70e5c5f7cf5""#),
            (r#"uuidv5("nope", "x")"#, "error: `uuidv5`: the namespace is `dns`, `url`, `oid`, `x500` or a UUID"),
        ]);
    }
}
