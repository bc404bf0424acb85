//! Encodings: base64, JSON, YAML, CSV, URLs.

use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::{Compression, GzBuilder};

use super::arguments::Arguments;
use super::{Fault, Function, Gives, Run};
use crate::kind::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("base64decode", "string", Gives::String, Run::Deep(base64decode)),
    Function::new("base64encode", "string", Gives::String, Run::Deep(base64encode)),
    Function::new("base64gzip", "string", Gives::String, Run::Deep(base64gzip)),
    Function::new("csvdecode", "string", Gives::List, Run::Deep(csvdecode)),
    Function::new("jsondecode", "string", Gives::Any, Run::Deep(jsondecode)),
    Function::new("jsonencode", "value", Gives::String, Run::Deep(jsonencode)).with_nulls(),
    Function::new("textencodebase64", "string, encoding", Gives::String, Run::Deep(textencodebase64)),
    Function::new("urlencode", "string", Gives::String, Run::Deep(urlencode)),
    Function::new("yamldecode", "string", Gives::Any, Run::Deep(yamldecode)),
    Function::new("yamlencode", "value", Gives::String, Run::Deep(yamlencode)).with_nulls(),
];

fn base64encode(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::from(BASE64.encode(arguments.text(0)?.as_bytes())))
}

fn base64decode(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let bytes = BASE64
        .decode(arguments.text(0)?.as_bytes())
        .map_err(|error| Fault::at(0, format!("the string is not base64: {error}")))?;
    String::from_utf8(bytes).map(Value::from).map_err(|_| Fault::at(0, "what is encoded is not text in UTF-8"))
}

fn base64gzip(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    // 255 says "unknown system" in the header, as Go writes it; nothing in it tells where or when it was made.
    let mut gzip = GzBuilder::new().operating_system(255).write(Vec::new(), Compression::default());
    let done = gzip.write_all(arguments.text(0)?.as_bytes()).and_then(|()| gzip.finish());
    done.map(|bytes| Value::from(BASE64.encode(bytes))).map_err(|error| error.to_string().into())
}

fn urlencode(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut result = String::new();
    for byte in arguments.text(0)?.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => result.push(char::from(byte)),
            b' ' => result.push('+'),
            _ => {
                let _ = write!(result, "%{byte:02X}");
            }
        }
    }
    Ok(Value::from(result))
}

/// Encodings by their IANA names: those that user data, and files of old, come in.
fn textencodebase64(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (text, encoding) = (arguments.text(0)?, arguments.text(1)?);
    let narrow = |most: u32| {
        text.chars().map(|c| u8::try_from(c).ok().filter(|_| u32::from(c) <= most)).collect::<Option<Vec<u8>>>()
    };
    let bytes = match encoding.to_ascii_uppercase().as_str() {
        "UTF-8" => Some(text.as_bytes().to_vec()),
        "UTF-16LE" => Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        "UTF-16BE" => Some(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        "UTF-16" => Some([0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect()),
        "US-ASCII" | "ASCII" => narrow(0x7f),
        "ISO-8859-1" | "LATIN1" => narrow(0xff),
        _ => {
            let known = "UTF-8, UTF-16, UTF-16LE, UTF-16BE, US-ASCII and ISO-8859-1";
            return Err(Fault::at(1, format!("there is no encoding `{encoding}`; there are {known}")));
        }
    };
    let bytes = bytes.ok_or_else(|| Fault::at(0, format!("the string has characters that {encoding} has not")))?;
    Ok(Value::from(BASE64.encode(bytes)))
}

/// The value as JSON, safe to stand in HTML, as Terraform writes it.
pub(super) fn json(value: &Value) -> String {
    let plain = value.to_json().unwrap_or_default().to_string();
    let mut result = String::with_capacity(plain.len());
    // These characters stand in JSON only inside strings, where an escape means the same.
    for c in plain.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(result, "\\u{:04x}", u32::from(c));
            }
            _ => result.push(c),
        }
    }
    result
}

fn jsonencode(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::from(json(arguments.value(0))))
}

fn jsondecode(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    serde_json::from_str(&arguments.text(0)?)
        .map(|json| Value::from_json(&json))
        .map_err(|error| Fault::at(0, format!("the string is not JSON: {error}")))
}

fn yamldecode(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    serde_saphyr::from_str_with_options::<serde_json::Value>(&arguments.text(0)?, options)
        .map(|json| Value::from_json(&json))
        .map_err(|error| Fault::at(0, format!("the string is not YAML: {error}")))
}

/// As Terraform writes YAML: block style, keys and strings in double quotes, texts of several lines as blocks.
fn yamlencode(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut result = String::new();
    yaml(&mut result, arguments.value(0), 0, false);
    Ok(Value::from(result))
}

/// Writes a value that ends with a line break; `inline` where the line has something on it already.
fn yaml(result: &mut String, value: &Value, depth: usize, inline: bool) {
    let pad = "  ".repeat(depth);
    match value.reveal() {
        Value::Map(map) if !map.is_empty() => {
            for (at, (key, value)) in map.iter().enumerate() {
                if !(inline && at == 0) {
                    result.push_str(&pad);
                }
                let _ = write!(result, "{}:", quoted(key));
                match value.reveal() {
                    Value::Map(inner) if !inner.is_empty() => {
                        result.push('\n');
                        yaml(result, value, depth + 1, false);
                    }
                    Value::List(items) if !items.is_empty() => {
                        result.push('\n');
                        yaml(result, value, depth, false);
                    }
                    _ => {
                        result.push(' ');
                        yaml(result, value, depth + 1, true);
                    }
                }
            }
        }
        Value::List(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                if !(inline && at == 0) {
                    result.push_str(&pad);
                }
                result.push_str("- ");
                yaml(result, item, depth + 1, true);
            }
        }
        Value::String(text) if is_block(text) => {
            result.push_str(if text.ends_with('\n') { "|\n" } else { "|-\n" });
            let pad = "  ".repeat(depth.max(1));
            for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
                result.push_str(if line.is_empty() { "" } else { &pad });
                result.push_str(line);
                result.push('\n');
            }
        }
        Value::String(text) => {
            let _ = writeln!(result, "{}", quoted(text));
        }
        Value::Map(_) => result.push_str("{}\n"),
        Value::List(_) => result.push_str("[]\n"),
        other => {
            let _ = writeln!(result, "{other}");
        }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether the text can stand as a block: lines, none of which needs an escape or an indentation of its own.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n', '\t'])
        && text
            .chars()
            .all(|c| c == '\n' || c == '\t' || !c.is_control() && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}'))
}

fn csvdecode(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let text = arguments.text(0)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let fault = |error: csv::Error| Fault::at(0, format!("the string is not CSV: {error}"));
    let headers = reader.headers().map_err(fault)?.clone();
    for (at, header) in headers.iter().enumerate() {
        if headers.iter().take(at).any(|before| before == header) {
            return Err(Fault::at(0, format!("two columns have the name `{header}`")));
        }
    }
    let rows = reader.records().map(|row| Ok(Value::map(headers.iter().zip(row?.iter().map(Value::from)))));
    rows.collect::<Result<Vec<_>, _>>().map(Value::list).map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{check, scalar};
    use crate::kind::Value;

    #[test]
    fn encodings_are_terraforms() {
        check(&[
            (r#"base64encode("Hello World")"#, r#""SGVsbG8gV29ybGQ=""#),
            (r#"base64decode("SGVsbG8gV29ybGQ=")"#, r#""Hello World""#),
            (r#"base64decode("/w==")"#, "error: `base64decode`: what is encoded is not text in UTF-8"),
            (r#"textencodebase64("Hello World", "UTF-16LE")"#, r#""SABlAGwAbABvACAAVwBvAHIAbABkAA==""#),
            (
                r#"textencodebase64("é", "us-ascii")"#,
                "error: `textencodebase64`: the string has characters that us-ascii has not",
            ),
            (r#"urlencode("Hello World!")"#, r#""Hello+World%21""#),
            (r#"urlencode("☃~*")"#, r#""%E2%98%83~%2A""#),
            (r#"jsonencode({hello = "world"})"#, r#""{\"hello\":\"world\"}""#),
            (
                r#"jsonencode({b = [1, 2.5, null, true], a = "<&>"})"#,
                r#""{\"a\":\"\\u003c\\u0026\\u003e\",\"b\":[1,2.5,null,true]}""#,
            ),
            (r#"jsondecode("{\"hello\": [1, 1.5, null]}").hello"#, "[1, 1.5, null]"),
            (
                r#"jsondecode("{")"#,
                "error: `jsondecode`: the string is not JSON: EOF while parsing an object at line 1 column 1",
            ),
            (r#"yamldecode("hello: world\nlist: [1, yes]")"#, r#"{"hello": "world", "list": [1, "yes"]}"#),
            (r#"yamldecode("{a: &foo [1, 2, 3], b: *foo}").b"#, "[1, 2, 3]"),
            (
                r#"yamldecode("a: [")"#,
                "error: `yamldecode`: the string is not YAML: unclosed bracket '[' at line 1, column 4",
            ),
            (r#"csvdecode("a,b,c\n1,2,3\n4,\"5,5\",6\n")[1]"#, r#"{"a": "4", "b": "5,5", "c": "6"}"#),
            (r#"csvdecode("a,a\n1,2")"#, "error: `csvdecode`: two columns have the name `a`"),
        ]);
    }

    #[test]
    fn yaml_is_written_as_terraform_writes_it_and_reads_back() {
        for (expression, want) in [
            (r#"{a = "b", c = "d"}"#, "\"a\": \"b\"\n\"c\": \"d\"\n"),
            (r#"{foo = [1, 2, 3], bar = "baz"}"#, "\"bar\": \"baz\"\n\"foo\":\n- 1\n- 2\n- 3\n"),
            (
                r#"{foo = [1, {a = "b", c = "d"}, 3], bar = "baz"}"#,
                "\"bar\": \"baz\"\n\"foo\":\n- 1\n- \"a\": \"b\"\n  \"c\": \"d\"\n- 3\n",
            ),
            (r#"{m = {}, l = [], n = null, t = "x\ny\n"}"#, "\"l\": []\n\"m\": {}\n\"n\": null\n\"t\": |\n  x\n  y\n"),
            (r"[[1, 2], {a = {b = [true]}}]", "- - 1\n  - 2\n- \"a\":\n    \"b\":\n    - true\n"),
            (r#""a\nb""#, "|-\n  a\n  b\n"),
        ] {
            assert_eq!(scalar(&format!("${{yamlencode({expression})}}")), Ok(Value::from(want)), "{expression}");
            let back = scalar(&format!("${{yamldecode(yamlencode({expression}))}}"));
            assert_eq!(back, scalar(&format!("${{{expression}}}")), "{expression}");
        }
    }

    #[test]
    fn gzip_unpacks_to_what_was_packed_and_is_always_the_same() {
        use base64::Engine as _;
        use std::io::Read as _;
        let packed = scalar("${base64gzip(\"hello hello\")}").unwrap();
        assert_eq!(scalar("${base64gzip(\"hello hello\")}"), Ok(packed.clone()));
        let bytes = super::BASE64.decode(packed.as_str().unwrap()).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), &bytes[4..8]), ("hello hello", &[0; 4][..]));
    }
}
