//! Times that are given; nothing reads the clock.

use std::fmt::Write as _;

use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, Zoned, civil};

use super::arguments::Arguments;
use super::{Fault, Function, Gives, Run};
use crate::kind::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("formatdate", "format, timestamp", Gives::String, Run::Deep(formatdate)),
    Function::new("timeadd", "timestamp, duration", Gives::String, Run::Deep(timeadd)),
];

/// Reads a time of RFC 3339, such as `2018-01-02T23:12:01Z`.
fn timestamp(arguments: &Arguments<'_>, at: usize) -> Result<(civil::DateTime, Offset), Fault> {
    let text = arguments.text(at)?;
    let bad = || Fault::at(at, format!("`{text}` is no time of RFC 3339, such as 2018-01-02T23:12:01Z"));
    if text.as_bytes().get(10) != Some(&b'T') || text.contains(['[', ']']) {
        return Err(bad());
    }
    let pieces = Pieces::parse(&*text).map_err(|_| bad())?;
    let (Some(time), Some(offset)) = (pieces.time(), pieces.to_numeric_offset()) else { return Err(bad()) };
    Ok((pieces.date().to_datetime(time), offset))
}

fn timeadd(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let (time, offset) = timestamp(arguments, 0)?;
    let text = arguments.text(1)?;
    let duration =
        duration(&text).ok_or_else(|| Fault::at(1, format!("`{text}` is no duration, such as 1h30m, -10m or 1.5s")))?;
    let far = || Fault::at(1, "the result lies outside the years that there are");
    let sum = offset.to_timestamp(time).and_then(|time: Timestamp| time.checked_add(duration)).map_err(|_| far())?;
    let sum: Zoned = sum.to_zoned(offset.to_time_zone());
    let zone = if offset == Offset::UTC { "Z".to_owned() } else { zone(offset, ":") };
    Ok(Value::from(format!("{}{zone}", sum.strftime("%Y-%m-%dT%H:%M:%S"))))
}

/// Reads Go's durations: signed numbers with units, such as `1h30m`.
fn duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut sum = SignedDuration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        rest = after;
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        let part = SignedDuration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        sum = sum.checked_add(part)?;
    }
    if negative { sum.checked_neg() } else { Some(sum) }
}

/// `+02:00`, with what stands between hours and minutes.
fn zone(offset: Offset, between: &str) -> String {
    let seconds = offset.seconds();
    let minutes = seconds.abs() / 60;
    format!("{}{:02}{between}{:02}", if seconds < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
}

fn formatdate(arguments: &Arguments<'_>) -> Result<Value, Fault> {
    let spec = arguments.text(0)?;
    let (time, offset) = timestamp(arguments, 1)?;
    let mut result = String::new();
    let mut rest = &*spec;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            rest = literal(&rest[1..], &mut result)?;
            continue;
        }
        let end = rest.find(|c| c != first).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        rest = after;
        if first.is_ascii_alphabetic() {
            field(&mut result, token, time, offset)?;
        } else {
            result.push_str(token);
        }
    }
    Ok(Value::from(result))
}

/// Copies text in quotes, where two quotes are one; gives what follows it.
fn literal<'a>(text: &'a str, result: &mut String) -> Result<&'a str, Fault> {
    let mut rest = text;
    loop {
        let (before, after) =
            rest.split_once('\'').ok_or_else(|| Fault::at(0, "text in quotes lacks its closing `'`"))?;
        result.push_str(before);
        match after.strip_prefix('\'') {
            Some(after) => {
                result.push('\'');
                rest = after;
            }
            None => return Ok(after),
        }
    }
}

fn field(result: &mut String, token: &str, time: civil::DateTime, offset: Offset) -> Result<(), Fault> {
    let hour12 = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let name = |format: &str| time.strftime(format).to_string();
    let _ = match token {
        "YYYY" => write!(result, "{:04}", time.year()),
        "YY" => write!(result, "{:02}", time.year().rem_euclid(100)),
        "MMMM" => write!(result, "{}", name("%B")),
        "MMM" => write!(result, "{}", name("%b")),
        "MM" => write!(result, "{:02}", time.month()),
        "M" => write!(result, "{}", time.month()),
        "DD" => write!(result, "{:02}", time.day()),
        "D" => write!(result, "{}", time.day()),
        "EEEE" => write!(result, "{}", name("%A")),
        "EEE" => write!(result, "{}", name("%a")),
        "hh" => write!(result, "{:02}", time.hour()),
        "h" => write!(result, "{}", time.hour()),
        "HH" => write!(result, "{hour12:02}"),
        "H" => write!(result, "{hour12}"),
        "AA" => write!(result, "{}", if time.hour() < 12 { "AM" } else { "PM" }),
        "aa" => write!(result, "{}", if time.hour() < 12 { "am" } else { "pm" }),
        "mm" => write!(result, "{:02}", time.minute()),
        "m" => write!(result, "{}", time.minute()),
        "ss" => write!(result, "{:02}", time.second()),
        "s" => write!(result, "{}", time.second()),
        "Z" if offset == Offset::UTC => write!(result, "Z"),
        "ZZZ" if offset == Offset::UTC => write!(result, "UTC"),
        "Z" | "ZZZZZ" => write!(result, "{}", zone(offset, ":")),
        "ZZZ" | "ZZZZ" => write!(result, "{}", zone(offset, "")),
        _ => {
            let message = format!("`{token}` is no part of a date; put text that is to stay as it is in single quotes");
            return Err(Fault::at(0, message));
        }
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::check;

    #[test]
    fn times_are_added_to_and_written_as_in_terraform() {
        check(&[
            (r#"timeadd("2017-11-22T00:00:00Z", "10m")"#, r#""2017-11-22T00:10:00Z""#),
            (r#"timeadd("2017-11-22T00:00:00Z", "-1h30m")"#, r#""2017-11-21T22:30:00Z""#),
            (r#"timeadd("2017-11-22T00:00:00+02:00", "1.5h")"#, r#""2017-11-22T01:30:00+02:00""#),
            (r#"timeadd("2017-11-22T00:00:00.9Z", "200ms")"#, r#""2017-11-22T00:00:01Z""#),
            (
                r#"timeadd("2017-11-22", "1h")"#,
                "error: `timeadd`: `2017-11-22` is no time of RFC 3339, such as 2018-01-02T23:12:01Z",
            ),
            (
                r#"timeadd("2017-11-22T00:00:00Z", "1d")"#,
                "error: `timeadd`: `1d` is no duration, such as 1h30m, -10m or 1.5s",
            ),
            (
                r#"timeadd("2017-11-22T00:00:00Z", "99999999h")"#,
                "error: `timeadd`: the result lies outside the years that there are",
            ),
            (r#"formatdate("DD MMM YYYY hh:mm ZZZ", "2018-01-02T23:12:01Z")"#, r#""02 Jan 2018 23:12 UTC""#),
            (
                r#"formatdate("EEEE, DD-MMM-YY hh:mm:ss ZZZ", "2018-01-02T23:12:01Z")"#,
                r#""Tuesday, 02-Jan-18 23:12:01 UTC""#,
            ),
            (
                r#"formatdate("EEE, DD MMM YYYY hh:mm:ss ZZZ", "2018-01-02T23:12:01-08:00")"#,
                r#""Tue, 02 Jan 2018 23:12:01 -0800""#,
            ),
            (r#"formatdate("MMM DD, YYYY", "2018-01-02T23:12:01Z")"#, r#""Jan 02, 2018""#),
            (r#"formatdate("HH:mmaa", "2018-01-02T23:12:01Z")"#, r#""11:12pm""#),
            (
                r#"formatdate("h'h'mm'm' 'it''s' Z ZZZZZ", "2018-01-02T00:12:01+05:30")"#,
                r#""0h12m it's +05:30 +05:30""#,
            ),
            (r#"formatdate("H M/D/YY", "2018-01-02T00:12:01Z")"#, r#""12 1/2/18""#),
            (
                r#"formatdate("QQ", "2018-01-02T00:12:01Z")"#,
                "error: `formatdate`: `QQ` is no part of a date; put text that is to stay as it is in single quotes",
            ),
            (
                r#"formatdate("'x", "2018-01-02T00:12:01Z")"#,
                "error: `formatdate`: text in quotes lacks its closing `'`",
            ),
        ]);
    }
}
