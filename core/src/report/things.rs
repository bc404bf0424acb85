//! Tables: what lives, outputs, the simulated account.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::json;
use super::style::{CHANGE, FAINT, Layout, REMOVE, STRONG, clean, columns, count, pad, paint, plain};
use super::value::{Head, Sign, block, name_width};
use crate::error::{Error, ErrorKind, Result};
use crate::kind::{Observed, Output, Owned, Status, Value};

/// What lives, one line each, sorted by address; the last line counts.
#[must_use]
pub fn things(things: &[&Observed], layout: Layout) -> String {
    let mut sorted: Vec<&Observed> = things.to_vec();
    sorted.sort_by(|a, b| key(a).cmp(&key(b)));
    let rows: Vec<Vec<String>> = sorted
        .iter()
        .map(|thing| {
            vec![
                paint(STRONG, clean(&address(thing))),
                thing.kind.to_owned(),
                clean(&thing.id).into_owned(),
                thing.region.clone(),
                status(thing),
            ]
        })
        .collect();
    if rows.is_empty() {
        return "Nothing lives here.\n".to_owned();
    }
    let mut out = table(&["address", "kind", "id", "region", "status"], &rows, layout);
    let _ = writeln!(out, "\n{}", count(rows.len(), "resource"));
    out
}

/// The same for machines.
#[must_use]
pub fn things_json(things: &[&Observed]) -> Json {
    let mut sorted: Vec<&Observed> = things.to_vec();
    sorted.sort_by(|a, b| key(a).cmp(&key(b)));
    let things: Vec<Json> = sorted
        .iter()
        .map(|thing| {
            json!({
                "address": thing.ours().map(|(address, _)| address.to_string()),
                "kind": thing.kind,
                "id": thing.id,
                "region": thing.region,
                "status": plain(&status(thing)),
                "generation": thing.ours().map(|(_, generation)| generation),
                "outputs": thing.outputs.iter().map(|(k, v)| (k.clone(), json::value(v))).collect::<serde_json::Map<_, _>>(),
            })
        })
        .collect();
    json!({"format": "clefctl.things", "version": json::VERSION, "things": things})
}

fn key(thing: &Observed) -> (String, &str, &str) {
    (address(thing), thing.kind, &thing.id)
}

fn address(thing: &Observed) -> String {
    match &thing.owned {
        Owned::Ours { address, generation: 1 } => address.to_string(),
        Owned::Ours { address, generation } => format!("{address} (generation {generation})"),
        Owned::Pending(address) => format!("{address} (without its mark)"),
        Owned::Foreign(Some(owner)) => format!("(of {owner})"),
        Owned::Foreign(None) => "(of nobody known)".to_owned(),
    }
}

fn status(thing: &Observed) -> String {
    match &thing.status {
        Status::Usable => "usable".to_owned(),
        Status::Pending(word) => paint(CHANGE, format!("pending: {}", clean(word))),
        Status::Failed(why) => paint(REMOVE, format!("failed: {}", clean(why))),
        Status::Dying(word) => paint(FAINT, format!("going: {}", clean(word))),
    }
}

/// The outputs of a stack.
#[must_use]
pub fn outputs(outputs: &[Output], layout: Layout) -> String {
    if outputs.is_empty() {
        return "The stack has no outputs.\n".to_owned();
    }
    let width = name_width(outputs.iter().map(|o| o.name.as_str()), layout);
    let mut out = String::new();
    for output in outputs {
        let value = if output.sensitive { output.value.clone().sensitive() } else { output.value.clone() };
        for line in block(Head::Named(&output.name, width), &value, Sign::Same, false, 0, layout) {
            let _ = writeln!(out, "{}{}", "  ".repeat(line.depth), line.text);
        }
    }
    out
}

/// The outputs for machines.
#[must_use]
pub fn outputs_json(outputs: &[Output]) -> Json {
    let entry = |output: &Output| {
        let value = if output.sensitive { output.value.clone().sensitive() } else { output.value.clone() };
        let entry = json!({
            "value": json::value(&value),
            "sensitive": output.sensitive,
            "description": output.description,
        });
        (output.name.clone(), entry)
    };
    let outputs: serde_json::Map<String, Json> = outputs.iter().map(entry).collect();
    json!({"format": "clefctl.outputs", "version": json::VERSION, "outputs": outputs})
}

/// One output as a script takes it: text as it is, anything else as JSON. What is sensitive or not known is an error.
pub fn output_raw(output: &Output) -> Result<String> {
    if output.sensitive || output.value.has_sensitive() {
        return Err(Error::new(ErrorKind::Usage, format!("the output {} is sensitive and never shown", output.name))
            .hint("let what needs it read it from where it is kept, such as Secrets Manager"));
    }
    match &output.value {
        Value::String(text) => Ok(text.to_string()),
        other => other.to_json().map(|json| json.to_string()).ok_or_else(|| {
            let waits: Vec<String> = other.waits_for().into_iter().collect();
            Error::new(ErrorKind::Absent, format!("the output {} is not known yet", output.name))
                .hint(format!("it waits for {}: run `clefctl apply`", super::words::and(&waits)))
        }),
    }
}

/// Columns below a head; on a terminal that is too narrow for them, one paragraph per row.
#[must_use]
pub fn table(head: &[&str], rows: &[Vec<String>], layout: Layout) -> String {
    let width = |i: usize| {
        let cells = rows.iter().filter_map(|row| row.get(i)).map(|cell| columns(cell));
        cells.chain(head.get(i).map(|name| columns(name))).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let whole: usize = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
    if layout.terminal && whole > layout.width {
        return paragraphs(head, rows);
    }
    let line = |cells: Vec<String>| {
        let cells: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| pad(cell, *width)).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    let mut out = line(head.iter().map(|name| paint(FAINT, name)).collect());
    for row in rows {
        out.push_str(&line(row.clone()));
    }
    out
}

fn paragraphs(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = String::new();
    for row in rows {
        for (i, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let name = head.get(i).copied().unwrap_or_default();
            let lead = if i == 0 { String::new() } else { format!("  {} ", paint(FAINT, format!("{name}:"))) };
            let _ = writeln!(out, "{lead}{cell}");
        }
    }
    out
}
