//! Text.

use regex::{Captures, Regex};
use unicode_segmentation::UnicodeSegmentation;

use super::arguments::Arguments;
use super::format::{format, formatlist};
use super::{Fault, Function, Gives, Run};
use crate::kind::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("chomp", "string", Gives::String, Run::Deep(chomp)),
    Function::new("endswith", "string, suffix", Gives::Bool, Run::Deep(endswith)),
    Function::new("format", "format, value...", Gives::String, Run::Deep(format)).with_nulls(),
    Function::new("formatlist", "format, list_or_value...", Gives::Strings, Run::Deep(formatlist)).with_nulls(),
    Function::new("indent", "spaces, string", Gives::String, Run::Deep(indent)),
    Function::new("join", "separator, list...", Gives::String, Run::Deep(join)),
    Function::new("lower", "string", Gives::String, Run::Deep(lower)),
    Function::new("regex", "pattern, string", Gives::Any, Run::Deep(regex)),
    Function::new("regexall", "pattern, string", Gives::List, Run::Deep(regexall)),
    Function::new("replace", "string, search, replacement", Gives::String, Run::Deep(replace)),
    Function::new("split", "separator, string", Gives::Strings, Run::Deep(split)),
    Function::new("startswith", "string, prefix", Gives::Bool, Run::Deep(startswith)),
    Function::new("strcontains", "string, part", Gives::Bool, Run::Deep(strcontains)),
    Function::new("strrev", "string", Gives::String, Run::Deep(strrev)),
    Function::new("substr", "string, offset, length", Gives::String, Run::Deep(substr)),
    Function::new("title", "string", Gives::String, Run::Deep(title)),
    Function::new("trim", "string, characters", Gives::String, Run::Deep(trim)),
    Function::new("trimprefix", "string, prefix", Gives::String, Run::Deep(trimprefix)),
    Function::new("trimspace", "string", Gives::String, Run::Deep(trimspace)),
    Function::new("trimsuffix", "string, suffix", Gives::String, Run::Deep(trimsuffix)),
    Function::new("upper", "string", Gives::String, Run::Deep(upper)),
];

fn chomp(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::from(arguments.text(0)?.trim_end_matches(['\r', '\n'])))
}

fn endswith(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::Bool(arguments.text(0)?.ends_with(&*arguments.text(1)?)))
}

fn startswith(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::Bool(arguments.text(0)?.starts_with(&*arguments.text(1)?)))
}

fn strcontains(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::Bool(arguments.text(0)?.contains(&*arguments.text(1)?)))
}

fn indent(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let pad = " ".repeat(arguments.size(0, 1000)?);
    Ok(Value::from(arguments.text(1)?.replace('\n', &format!("\n{pad}"))))
}

fn join(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut parts = Vec::new();
    for at in 1..arguments.len() {
        parts.extend(arguments.texts(at)?);
    }
    if arguments.len() < 2 {
        return Err("a list is needed".into());
    }
    Ok(Value::from(parts.join(&*arguments.text(0)?)))
}

fn lower(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::from(arguments.text(0)?.to_lowercase()))
}

fn upper(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::from(arguments.text(0)?.to_uppercase()))
}

fn title(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut result = String::new();
    let mut begins = true;
    for c in arguments.text(0)?.chars() {
        if begins {
            result.extend(c.to_uppercase());
        } else {
            result.push(c);
        }
        begins = if c.is_ascii() { !c.is_ascii_alphanumeric() && c != '_' } else { c.is_whitespace() };
    }
    Ok(Value::from(result))
}

fn pattern(at: usize, text: &str) -> Result<Regex, Fault> {
    Regex::new(text).map_err(|error| {
        let reason = error.to_string();
        let last = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Fault::at(at, format!("the pattern is no regular expression (RE2): {last}"))
    })
}

/// What a match gives: its text, or its groups as a list or, where they have names, as a map.
fn groups(regex: &Regex, captures: &Captures<'_>) -> Result<Value, Fault> {
    let group = |at: usize| captures.get(at).map_or(Value::Null, |found| Value::from(found.as_str()));
    let names: Vec<_> = regex.capture_names().enumerate().skip(1).collect();
    if names.is_empty() {
        return Ok(group(0));
    }
    if names.iter().all(|(_, name)| name.is_none()) {
        return Ok(Value::list(names.iter().map(|(at, _)| group(*at))));
    }
    let by_name: Option<Vec<_>> = names.iter().map(|(at, name)| name.map(|name| (name, group(*at)))).collect();
    by_name.map(Value::map).ok_or_else(|| Fault::at(0, "either all groups have names, or none"))
}

fn regex(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let pattern = pattern(0, &arguments.text(0)?)?;
    let text = arguments.text(1)?;
    let found = pattern.captures(&text).ok_or_else(|| Fault::at(1, "the pattern does not match the string"))?;
    groups(&pattern, &found)
}

fn regexall(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let regex = pattern(0, &arguments.text(0)?)?;
    let text = arguments.text(1)?;
    Ok(Value::list(regex.captures_iter(&text).map(|found| groups(&regex, &found)).collect::<Result<Vec<_>, _>>()?))
}

/// A search in slashes is a regular expression, and `$1` or `${name}` in the replacement its groups.
fn replace(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (text, search, replacement) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    match search.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(search) => Ok(Value::from(&*pattern(1, search)?.replace_all(&text, &*replacement))),
        None => Ok(Value::from(text.replace(&*search, &replacement))),
    }
}

fn split(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (separator, text) = (arguments.text(0)?, arguments.text(1)?);
    Ok(if separator.is_empty() {
        Value::list(text.chars().map(|c| Value::from(c.to_string())))
    } else {
        Value::list(text.split(&*separator).map(Value::from))
    })
}

fn strrev(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::from(arguments.text(0)?.graphemes(true).rev().collect::<String>()))
}

/// A negative offset counts from the end; a negative length means the rest.
fn substr(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let text = arguments.text(0)?;
    let (offset, length) = (arguments.whole(1)?, arguments.whole(2)?);
    let graphemes: Vec<_> = text.graphemes(true).collect();
    let offset = match usize::try_from(offset) {
        Ok(offset) => offset,
        Err(_) => graphemes.len().saturating_sub(usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    Ok(Value::from(graphemes.into_iter().skip(offset).take(length).collect::<String>()))
}

fn trim(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let characters = arguments.text(1)?;
    Ok(Value::from(arguments.text(0)?.trim_matches(|c| characters.contains(c))))
}

fn trimspace(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    Ok(Value::from(arguments.text(0)?.trim()))
}

fn trimprefix(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let text = arguments.text(0)?;
    Ok(Value::from(text.strip_prefix(&*arguments.text(1)?).unwrap_or(&text)))
}

fn trimsuffix(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let text = arguments.text(0)?;
    Ok(Value::from(text.strip_suffix(&*arguments.text(1)?).unwrap_or(&text)))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::check;

    #[test]
    fn text_is_cut_and_joined_as_in_terraform() {
        check(&[
            (r#"chomp("hello\r\n\n")"#, r#""hello""#),
            (r#"endswith("hello world", "world")"#, "true"),
            (r#"startswith("hello world", "world")"#, "false"),
            (r#"strcontains("hello world", "wor")"#, "true"),
            (r#"indent(2, "[\n  foo,\n]")"#, r#""[\n    foo,\n  ]""#),
            (r#"indent(1e9, "")"#, "error: `indent`: a whole number from 0 to 1000 is needed, not 1000000000"),
            (r#"join("-", ["foo", "bar", "baz"])"#, r#""foo-bar-baz""#),
            (r#"join(", ", ["a"], [1, true])"#, r#""a, 1, true""#),
            (r#"join(",", [["a"]])"#, "error: `join`: a list of strings is needed, but item 0: it is a list"),
            (r#"lower("АЛЛО!")"#, r#""алло!""#),
            (r#"upper("straße")"#, r#""STRASSE""#),
            (r#"title("hello wor_ld x-ray")"#, r#""Hello Wor_ld X-Ray""#),
            (r#"split(",", "foo,bar,")"#, r#"["foo", "bar", ""]"#),
            (r#"split(",", "")"#, r#"[""]"#),
            (r#"split("", "aé")"#, r#"["a", "é"]"#),
            (r#"strrev("hello")"#, r#""olleh""#),
            (r#"strrev("a\u0301b")"#, "\"ba\u{301}\""),
            (r#"substr("hello world", 1, 4)"#, r#""ello""#),
            (r#"substr("hello world", -5, -1)"#, r#""world""#),
            (r#"substr("🤔🤷", 0, 1)"#, r#""🤔""#),
            (r#"substr("hi", 5, 1)"#, r#""""#),
            (r#"substr("hi", -9, 1)"#, r#""h""#),
            (r#"trim("?!hello?!", "!?")"#, r#""hello""#),
            (r#"trimprefix("helloworld", "hello")"#, r#""world""#),
            (r#"trimsuffix("helloworld", "world")"#, r#""hello""#),
            (r#"trimprefix("--a", "-")"#, r#""-a""#),
            (r#"trimspace("  hello\n\n")"#, r#""hello""#),
        ]);
    }

    #[test]
    fn regular_expressions_are_re2() {
        check(&[
            (r#"regex("[a-z]+", "53453453.345345aaabbbccc23454")"#, r#""aaabbbccc""#),
            (r#"regex("(\\d\\d\\d\\d)-(\\d\\d)-(\\d\\d)", "2019-02-01")"#, r#"["2019", "02", "01"]"#),
            (
                r#"regex("^(?:(?P<scheme>[^:/?#]+):)?(?://(?P<authority>[^/?#]*))?", "https://terraform.io/docs/")"#,
                r#"{"authority": "terraform.io", "scheme": "https"}"#,
            ),
            (r#"regex("a(b)?", "a")"#, "[null]"),
            (r#"regex("[a-z]+", "1234")"#, "error: `regex`: the pattern does not match the string"),
            (r#"can(regex("[a-z]+", "1234"))"#, "false"),
            (r#"regex("(", "x")"#, "error: `regex`: the pattern is no regular expression (RE2): unclosed group"),
            (r#"regex("(?P<a>x)(y)", "xy")"#, "error: `regex`: either all groups have names, or none"),
            (r#"regexall("[a-z]+", "1234abcd5678efgh9")"#, r#"["abcd", "efgh"]"#),
            (r#"length(regexall("[a-z]+", "123456789"))"#, "0"),
            (r#"replace("1 + 2 + 3", "+", "-")"#, r#""1 - 2 - 3""#),
            (r#"replace("hello world", "/w.*d/", "everybody")"#, r#""hello everybody""#),
            (r#"replace("ab", "/(a)(b)/", "$2-$${1}")"#, r#""b-a""#),
            (r#"replace("a/b/c", "/", "-")"#, r#""a-b-c""#),
        ]);
    }
}
