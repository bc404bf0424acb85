//! Numbers.

use super::super::convert::number;
use super::super::operators::decimal;
use super::arguments::Arguments;
use super::{Fault, Function, Gives, Run};
use crate::kind::{Number, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abs", "number", Gives::Number, Run::Deep(abs)),
    Function::new("ceil", "number", Gives::Number, Run::Deep(ceil)),
    Function::new("floor", "number", Gives::Number, Run::Deep(floor)),
    Function::new("log", "number, base", Gives::Number, Run::Deep(log)),
    Function::new("max", "number, more...", Gives::Number, Run::Deep(max)),
    Function::new("min", "number, more...", Gives::Number, Run::Deep(min)),
    Function::new("parseint", "string, base", Gives::Number, Run::Deep(parseint)),
    Function::new("pow", "number, power", Gives::Number, Run::Deep(pow)),
    Function::new("signum", "number", Gives::Number, Run::Deep(signum)),
    Function::new("sum", "list", Gives::Number, Run::Deep(sum)),
];

fn finite(n: f64) -> Result<Value, Fault> {
    if n.is_finite() { Ok(Value::from(n)) } else { Err("the result is no number".into()) }
}

fn abs(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    match arguments.number(0)? {
        Number::Int(n) if n != i64::MIN => Ok(Value::from(n.abs())),
        n => finite(n.as_f64().abs()),
    }
}

fn round(arguments: &Arguments<'_>, how: fn(f64) -> f64) -> Result<Value, Fault> {
    match arguments.number(0)? {
        Number::Int(n) => Ok(Value::from(n)),
        Number::Float(n) => finite(how(n)),
    }
}

fn ceil(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    round(arguments, f64::ceil)
}

fn floor(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    round(arguments, f64::floor)
}

fn log(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let exact = arguments.number(0)?.as_f64().ln() / arguments.number(1)?.as_f64().ln();
    // The logarithm of a whole power is whole, though those of its parts are rounded.
    let rounded = decimal(exact);
    finite(if rounded.fract() == 0.0 { rounded } else { exact })
}

fn best(arguments: &Arguments<'_>, better: fn(Number, Number) -> Number) -> Result<Value, Fault> {
    let mut result = arguments.number(0)?;
    for at in 1..arguments.len() {
        result = better(result, arguments.number(at)?);
    }
    Ok(Value::Number(result))
}

fn max(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    best(arguments, Ord::max)
}

fn min(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    best(arguments, Ord::min)
}

/// Digits beyond 9 are letters of either case; above base 36, small letters come before capital ones.
fn parseint(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (text, base) = (arguments.text(0)?, arguments.whole(1)?);
    if !(2..=62).contains(&base) {
        return Err(Fault::at(1, format!("a base from 2 to 62 is needed, not {base}")));
    }
    let bad = || Fault::at(0, format!("the text is no whole number in base {base}"));
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let mut result = 0_i64;
    for byte in digits.bytes() {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'z' => byte - b'a' + 10,
            b'A'..=b'Z' if base <= 36 => byte - b'A' + 10,
            b'A'..=b'Z' => byte - b'A' + 36,
            _ => return Err(bad()),
        };
        let digit = i64::from(digit);
        if digit >= base {
            return Err(bad());
        }
        let next =
            result.checked_mul(base).and_then(|n| if negative { n.checked_sub(digit) } else { n.checked_add(digit) });
        result = next.ok_or_else(|| Fault::at(0, "the number is too large"))?;
    }
    if digits.is_empty() { Err(bad()) } else { Ok(Value::from(result)) }
}

fn pow(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (base, power) = (arguments.number(0)?, arguments.number(1)?);
    if let (Number::Int(base), Number::Int(power)) = (base, power)
        && let Some(whole) = u32::try_from(power).ok().and_then(|power| base.checked_pow(power))
    {
        return Ok(Value::from(whole));
    }
    finite(base.as_f64().powf(power.as_f64()))
}

fn signum(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let n = arguments.number(0)?.as_f64();
    Ok(Value::from(if n > 0.0 { 1 } else { -i64::from(n < 0.0) }))
}

fn sum(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let mut result = None;
    for (at, item) in arguments.list(0)?.iter().enumerate() {
        let n = number(item).map_err(|m| Fault::at(0, format!("item {at} is no number: {m}")))?;
        result = Some(match (result, n) {
            (None, n) => n,
            (Some(Number::Int(a)), Number::Int(b)) if a.checked_add(b).is_some() => Number::Int(a + b),
            (Some(a), b) => Number::from_f64(decimal(a.as_f64() + b.as_f64())),
        });
    }
    result.map(Value::Number).ok_or_else(|| Fault::at(0, "the list is empty"))
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::check;

    #[test]
    fn numbers_are_terraforms() {
        check(&[
            ("abs(-12.4)", "12.4"),
            ("abs(23)", "23"),
            ("ceil(5.1)", "6"),
            ("ceil(5)", "5"),
            ("floor(4.9)", "4"),
            ("floor(-4.1)", "-5"),
            ("log(50, 10)", "1.6989700043360185"),
            ("log(16, 2)", "4"),
            ("ceil(log(17, 2))", "5"),
            ("log(0, 10)", "error: `log`: the result is no number"),
            ("max(12, 54, 3)", "54"),
            ("max([12, 54, 3]...)", "54"),
            ("min(12, 54.5, 3)", "3"),
            ("max([]...)", "error: too few arguments for `max`"),
            ("parseint(\"100\", 10)", "100"),
            ("parseint(\"FF\", 16)", "255"),
            ("parseint(\"-10\", 16)", "-16"),
            ("parseint(\"1011111011101111\", 2)", "48879"),
            ("parseint(\"aA\", 62)", "656"),
            ("parseint(\"12\", 2)", "error: `parseint`: the text is no whole number in base 2"),
            ("parseint(\"99999999999999999999\", 10)", "error: `parseint`: the number is too large"),
            ("pow(3, 2)", "9"),
            ("pow(4, 0)", "1"),
            ("pow(2, 0.5)", "1.4142135623730951"),
            ("pow(2, -1)", "0.5"),
            ("signum(-13)", "-1"),
            ("signum(0)", "0"),
            ("signum(344)", "1"),
            ("sum([10, 13, 6, 4.5])", "33.5"),
            ("sum([0.1, 0.2])", "0.3"),
            ("sum([])", "error: `sum`: the list is empty"),
            ("max(1, null)", "error: `max` cannot take null"),
            ("max(\"3\", 2)", "3"),
        ]);
    }
}
