//! `format` and `formatlist`: Go's verbs, as Terraform has them.

use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation;

use super::super::convert::{number, text, truth, with_article};
use super::Fault;
use super::arguments::Arguments;
use super::encoding::json;
use crate::kind::{Number, Value};

/// The widest field, and the most digits.
const WIDEST: usize = 4096;

pub(super) fn format(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let spec = arguments.text(0)?;
    render(&spec, arguments.all().get(1..).unwrap_or_default()).map(Value::from)
}

/// Lists are gone through together; any other value is the same in each line.
pub(super) fn formatlist(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let spec = arguments.text(0)?;
    let values = arguments.all().get(1..).unwrap_or_default();
    let mut length = None;
    for (at, list) in values.iter().enumerate().filter_map(|(at, value)| Some((at, value.as_list()?))) {
        if length.is_some_and(|length| length != list.len()) {
            return Err(Fault::at(at + 1, "all lists must have the same length"));
        }
        length = Some(list.len());
    }
    let lines = (0..length.unwrap_or(1)).map(|line| {
        let row: Vec<_> = values
            .iter()
            .map(|value| value.as_list().and_then(|list| list.get(line)).unwrap_or(value).clone())
            .collect();
        render(&spec, &row).map(Value::from)
    });
    Ok(Value::list(lines.collect::<Result<Vec<_>, _>>()?))
}

/// One `%…` of a format.
#[derive(Default)]
struct Verb {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    letter: char,
}

fn render(spec: &str, values: &[Value]) -> Result<String, Fault> {
    let mut result = String::new();
    let mut rest = spec;
    let (mut next, mut used, mut explicit) = (0, 0, false);
    while let Some((before, after)) = rest.split_once('%') {
        result.push_str(before);
        rest = after;
        let (verb, index) = verb(&mut rest)?;
        if verb.letter == '%' {
            result.push('%');
            continue;
        }
        if let Some(index) = index {
            next = index;
            explicit = true;
        }
        let value = values.get(next).ok_or_else(|| {
            Fault::at(0, format!("`%{}` asks for value {}, but there are only {}", verb.letter, next + 1, values.len()))
        })?;
        let fault = |message: String| Fault::at(next + 1, format!("`%{}`: {message}", verb.letter));
        result.push_str(&verb.apply(value).map_err(fault)?);
        next += 1;
        used = used.max(next);
    }
    result.push_str(rest);
    if used < values.len() && !explicit {
        return Err(Fault::at(used + 1, format!("too many values; the format uses only {used}")));
    }
    Ok(result)
}

/// Reads what follows `%`, with the value's index where `[n]` gives one.
fn verb(rest: &mut &str) -> Result<(Verb, Option<usize>), Fault> {
    let mut verb = Verb::default();
    loop {
        match rest.chars().next() {
            Some('+') => verb.plus = true,
            Some('-') => verb.minus = true,
            Some('#') => verb.sharp = true,
            Some(' ') => verb.space = true,
            Some('0') => verb.zero = true,
            _ => break,
        }
        *rest = &rest[1..];
    }
    verb.width = digits(rest)?.unwrap_or(0);
    if let Some(after) = rest.strip_prefix('.') {
        *rest = after;
        verb.precision = Some(digits(rest)?.unwrap_or(0));
    }
    let mut index = None;
    if let Some(after) = rest.strip_prefix('[') {
        *rest = after;
        let number = digits(rest)?.filter(|n| *n > 0);
        index = Some(number.ok_or_else(|| Fault::at(0, "`[` needs the number of a value, counted from 1"))? - 1);
        *rest = rest.strip_prefix(']').ok_or_else(|| Fault::at(0, "`]` is missing after the number of a value"))?;
    }
    verb.letter = rest.chars().next().ok_or_else(|| Fault::at(0, "the format ends in the middle of a verb"))?;
    *rest = &rest[verb.letter.len_utf8()..];
    Ok((verb, index))
}

fn digits(rest: &mut &str) -> Result<Option<usize>, Fault> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, after) = rest.split_at(end);
    *rest = after;
    if number.is_empty() {
        return Ok(None);
    }
    let number = number.parse().ok().filter(|n| *n <= WIDEST);
    number.map(Some).ok_or_else(|| Fault::at(0, format!("a width is at most {WIDEST}")))
}

impl Verb {
    fn apply(&self, value: &Value) -> Result<String, String> {
        match self.letter {
            'v' if self.sharp => Ok(self.pad_text(&json(value))),
            'v' => Ok(match value {
                Value::Null => self.pad_text("null"),
                Value::List(_) | Value::Map(_) => self.pad_text(&json(value)),
                Value::Number(_) => Self { letter: 'g', ..*self }.number(value)?,
                other => self.pad_text(&text(other)?),
            }),
            _ if value.is_null() => Err("a value is needed: it is null".to_owned()),
            's' => Ok(self.pad_text(&self.cut(&text(value)?))),
            'q' => Ok(self.pad_text(&serde_json::Value::from(self.cut(&text(value)?)).to_string())),
            't' => Ok(self.pad_text(if truth(value)? { "true" } else { "false" })),
            'b' | 'd' | 'o' | 'x' | 'X' | 'e' | 'E' | 'f' | 'g' | 'G' => self.number(value),
            other => Err(format!("there is no verb `%{other}`; there are %v %s %q %t %d %b %o %x %X %e %f %g and %%")),
        }
    }

    fn number(&self, value: &Value) -> Result<String, String> {
        let n = number(value)?;
        let (negative, digits) = match self.letter {
            'b' | 'd' | 'o' | 'x' | 'X' => {
                let n = n.as_i64().ok_or_else(|| format!("a whole number is needed: it is {}", with_article(value)))?;
                let size = n.unsigned_abs();
                let digits = match self.letter {
                    'b' => format!("{}{size:b}", if self.sharp { "0b" } else { "" }),
                    'o' => format!("{}{size:o}", if self.sharp { "0" } else { "" }),
                    'x' => format!("{}{size:x}", if self.sharp { "0x" } else { "" }),
                    'X' => format!("{}{size:X}", if self.sharp { "0X" } else { "" }),
                    _ => size.to_string(),
                };
                (n < 0, digits)
            }
            _ => (n.as_f64() < 0.0, self.real(n)),
        };
        let sign = match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        };
        let missing = self.width.saturating_sub(sign.len() + digits.len());
        if self.zero && !self.minus {
            return Ok(format!("{sign}{}{digits}", "0".repeat(missing)));
        }
        Ok(self.pad_text(&format!("{sign}{digits}")))
    }

    /// The digits of a number that may have a fraction, without its sign.
    fn real(&self, n: Number) -> String {
        let size = n.as_f64().abs();
        match (self.letter, self.precision) {
            ('f', precision) => format!("{size:.*}", precision.unwrap_or(6)),
            ('e', precision) => exponent(&format!("{size:.*e}", precision.unwrap_or(6))),
            ('E', precision) => exponent(&format!("{size:.*e}", precision.unwrap_or(6))).to_uppercase(),
            (letter, precision) => {
                let digits = precision.map_or_else(
                    || format!("{size:e}"),
                    |precision| {
                        let digits = format!("{size:.*e}", precision.max(1) - 1);
                        shortened(&digits)
                    },
                );
                let power: i32 = digits.split_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0);
                let largest = precision.map_or(21, |p| i32::try_from(p.max(1)).unwrap_or(i32::MAX));
                let digits = if power < -4 || power >= largest {
                    exponent(&digits)
                } else {
                    match n {
                        Number::Int(n) if precision.is_none() => n.unsigned_abs().to_string(),
                        _ => digits.parse::<f64>().unwrap_or(size).to_string(),
                    }
                };
                if letter == 'G' { digits.to_uppercase() } else { digits }
            }
        }
    }

    fn cut(&self, text: &str) -> String {
        match self.precision {
            Some(most) => text.graphemes(true).take(most).collect(),
            None => text.to_owned(),
        }
    }

    fn pad_text(&self, text: &str) -> String {
        let missing = self.width.saturating_sub(text.graphemes(true).count());
        let pad = if self.zero && !self.minus { "0" } else { " " }.repeat(missing);
        if self.minus { format!("{text}{pad}") } else { format!("{pad}{text}") }
    }
}

/// `1.500e2` without the zeros at the end of its fraction.
fn shortened(digits: &str) -> String {
    match digits.split_once('e') {
        Some((mantissa, power)) if mantissa.contains('.') => {
            format!("{}e{power}", mantissa.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => digits.to_owned(),
    }
}

/// From Rust's `1.5e2` to Go's `1.5e+02`.
fn exponent(digits: &str) -> String {
    let Some((mantissa, power)) = digits.split_once('e') else { return digits.to_owned() };
    let (sign, power) = match power.strip_prefix('-') {
        Some(power) => ('-', power),
        None => ('+', power),
    };
    let mut result = String::new();
    let _ = write!(result, "{mantissa}e{sign}{power:0>2}");
    result
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::check;

    #[test]
    fn verbs_are_gos() {
        check(&[
            (r#"format("Hello, %s!", "Ander")"#, r#""Hello, Ander!""#),
            (r#"format("There are %d lights", 4)"#, r#""There are 4 lights""#),
            (r#"format("%s %v %v %v", 1, true, [1], {a = "b"})"#, r#""1 true [1] {\"a\":\"b\"}""#),
            (r#"format("%v %v", null, 1.5)"#, r#""null 1.5""#),
            (r#"format("%#v %#v", "a", ["x"])"#, r#""\"a\" [\"x\"]""#),
            (r#"format("%q|%t|%%|100%%", "a\"b", "true")"#, r#""\"a\\\"b\"|true|%|100%""#),
            (
                r#"format("%5s|%-5s|%.2s|%05d|%+d|%x|%X|%#x|%b|%o", "ab", "ab", "abc", 42, 7, 255, 255, 255, 5, 8)"#,
                r#""   ab|ab   |ab|00042|+7|ff|FF|0xff|101|10""#,
            ),
            (r#"format("%-5d|% d|%05d", 3, 3, -3)"#, r#""3    | 3|-0003""#),
            (
                r#"format("%f %.2f %8.3f %e %g %g %g", 3, 3.14159, 2.5, 1500, 0.00001, 100000, 1e30)"#,
                r#""3.000000 3.14    2.500 1.500000e+03 1e-05 100000 1e+30""#,
            ),
            (r#"format("%.3g %.3g", 3.14159, 123456)"#, r#""3.14 1.23e+05""#),
            (r#"format("%[2]s-%[1]s-%[1]s", "a", "b")"#, r#""b-a-a""#),
            (r#"format("%s")"#, "error: `format`: `%s` asks for value 1, but there are only 0"),
            (r#"format("x", "a")"#, "error: `format`: too many values; the format uses only 0"),
            (r#"format("%s", null)"#, "error: `format`: `%s`: a value is needed: it is null"),
            (r#"format("%d", 1.5)"#, "error: `format`: `%d`: a whole number is needed: it is a number"),
            (r#"format("%d", "x")"#, "error: `format`: `%d`: the text is no number"),
            (r#"format("%")"#, "error: `format`: the format ends in the middle of a verb"),
            (r#"format("%99999d", 1)"#, "error: `format`: a width is at most 4096"),
            (
                r#"format("%é", 1)"#,
                "error: `format`: `%é`: there is no verb `%é`; there are %v %s %q %t %d %b %o %x %X %e %f %g and %%",
            ),
        ]);
    }

    #[test]
    fn formatlist_goes_through_lists_together() {
        check(&[
            (r#"formatlist("Hello, %s!", ["Valentina", "Ander"])"#, r#"["Hello, Valentina!", "Hello, Ander!"]"#),
            (
                r#"formatlist("%s, %s!", "Salutations", ["Valentina", "Ander"])"#,
                r#"["Salutations, Valentina!", "Salutations, Ander!"]"#,
            ),
            (r#"formatlist("%s", "a")"#, r#"["a"]"#),
            (r#"formatlist("%s", [])"#, "[]"),
            (r#"formatlist("%s%s", ["a"], ["b", "c"])"#, "error: `formatlist`: all lists must have the same length"),
        ]);
    }
}
