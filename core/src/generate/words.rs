//! The words for types, limits and rules that pages and schema share.

use crate::kind::{Attribute, Block, DocumentKind, Literal, Map, Rule, Type};

/// `a`, `b` and `c`, each as code.
pub(super) fn names<'n>(names: impl IntoIterator<Item = &'n str>, word: &str) -> String {
    joined(names.into_iter().map(|name| format!("`{name}`")), word)
}

/// First, second and third.
pub(super) fn joined(parts: impl IntoIterator<Item = String>, word: &str) -> String {
    let parts: Vec<String> = parts.into_iter().collect();
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} {word} {last}", rest.join(", ")),
        _ => parts.concat(),
    }
}

/// The article of a word.
pub(super) fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" }
}

/// The first sentence of a text, without its full stop.
pub(super) fn first_sentence(text: &str) -> &str {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    paragraph.find(". ").map_or(paragraph.trim_end_matches('.'), |end| &paragraph[..end])
}

/// What a type is called: one of it, and several.
pub(super) fn type_name(ty: &Type, several: bool) -> String {
    let plural = |one: &str| if several { format!("{one}s") } else { one.to_owned() };
    match ty {
        Type::Any => if several { "values" } else { "any value" }.to_owned(),
        Type::Bool => plural("bool"),
        Type::Int => plural("integer"),
        Type::Number => plural("number"),
        Type::String => plural("string"),
        Type::Name => plural("name"),
        Type::Cidr => if several { "networks in CIDR notation" } else { "network in CIDR notation" }.to_owned(),
        Type::Document(DocumentKind::Json) => plural("JSON document"),
        Type::Document(DocumentKind::Policy) => if several { "IAM policies" } else { "IAM policy" }.to_owned(),
        Type::Reference { kind: "", output } => {
            format!("`{output}` of {}", if several { "resources" } else { "a resource" })
        }
        Type::Reference { kind, output } if several => format!("`{output}`s of `{kind}`"),
        Type::Reference { kind, output } => format!("`{output}` of {} `{kind}`", article(kind)),
        Type::List(item) => format!("{} of {}", plural("list"), type_name(item, true)),
        Type::Set(item) => format!("{} of {}", plural("set"), type_name(item, true)),
        Type::Map(item) => format!("{} of {}", plural("map"), type_name(item, true)),
        Type::Block(_) => plural("block"),
    }
}

/// The block that a type has inside, and the words for how many there may be.
pub(super) fn inner_block(ty: &Type) -> Option<&'static Block> {
    match ty {
        Type::Block(block) => Some(block),
        Type::List(item) | Type::Set(item) | Type::Map(item) => inner_block(item),
        _ => None,
    }
}

/// A default as a stack would write it; `None` where it means "nothing".
pub(super) fn default_text(literal: Literal) -> Option<String> {
    match literal {
        Literal::Null => None,
        Literal::Bool(b) => Some(b.to_string()),
        Literal::Int(n) => Some(n.to_string()),
        Literal::Str("") => Some("\"\"".to_owned()),
        Literal::Str(text) => Some(text.to_owned()),
        Literal::Strs(items) => Some(format!("[{}]", items.join(", "))),
        Literal::EmptyList => Some("[]".to_owned()),
        Literal::EmptyMap => Some("{}".to_owned()),
        Literal::Of(f) => Some(f(&Map::new()))
            .filter(|value| !value.is_null())
            .and_then(|value| value.to_json())
            .map(|json| json.to_string()),
    }
}

/// What a value of the attribute must be, a sentence each.
pub(super) fn limits(attribute: &Attribute) -> Vec<String> {
    let mut found = Vec::new();
    if !attribute.values.is_empty() {
        found.push(format!(
            "Allowed: {}.",
            attribute.values.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(", ")
        ));
    }
    match attribute.range {
        Some((low, i64::MAX)) => found.push(format!("At least {low}.")),
        Some((i64::MIN, high)) => found.push(format!("At most {high}.")),
        Some((low, high)) => found.push(format!("Between {low} and {high}.")),
        None => {}
    }
    if let Some((low, high)) = attribute.length {
        let unit = match attribute.ty {
            Type::List(_) | Type::Set(_) | Type::Map(_) => ("entry", "entries"),
            _ => ("character", "characters"),
        };
        let noun = |n: usize| if n == 1 { unit.0 } else { unit.1 };
        found.push(match (low, high) {
            (low, usize::MAX) => format!("{low} {} at least.", noun(low)),
            (0, high) => format!("{high} {} at most.", noun(high)),
            (low, high) if low == high => format!("{low} {}.", noun(low)),
            (low, high) => format!("{low} to {high} {}.", noun(high)),
        });
    }
    if let Some(pattern) = attribute.pattern {
        // A back tick inside needs two around it.
        let fence = if pattern.contains('`') { "``" } else { "`" };
        found.push(format!("Must match {fence}{pattern}{fence}."));
    }
    found
}

/// A rule as a sentence.
pub(super) fn rule(rule: &Rule) -> String {
    let all = |list: &[&'static str], word| names(list.iter().copied(), word);
    match rule {
        Rule::ExactlyOne(list) => format!("Exactly one of {} is written.", all(list, "and")),
        Rule::AtMostOne(list) => format!("No more than one of {} is written.", all(list, "and")),
        Rule::AtLeastOne([one]) => format!("`{one}` is needed."),
        Rule::AtLeastOne(list) => format!("One of {} is written at least.", all(list, "and")),
        Rule::Requires(first, others) => format!("`{first}` needs {} as well.", all(others, "and")),
        Rule::RequiresWhen(first, text, others) => format!("`{first}: {text}` needs {} as well.", all(others, "and")),
        Rule::ForbidsWhen(first, text, others) => format!("`{first}: {text}` goes without {}.", all(others, "and")),
        Rule::SourceForbids { reference, attribute, text, unless: (other, prefix) } => format!(
            "What `{reference}` names has no `{attribute}: {text}`, unless its `{other}` begins with `{prefix}`."
        ),
        Rule::PartOf { network, reference, whole } => format!(
            "`{network}` lies inside of `{whole}` of what `{reference}` names, and apart from those of others there."
        ),
        Rule::Differ { reference, attribute, all: true } => {
            format!("No two that `{reference}` names have the same `{attribute}`.")
        }
        Rule::Differ { reference, attribute, all: false } => {
            format!("Those that `{reference}` names have two different `{attribute}` at least.")
        }
    }
}

/// A length of time as people say it.
pub(super) fn duration(seconds: u32) -> String {
    let unit = |n: u32, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    match (seconds / 60, seconds % 60) {
        (0, seconds) => unit(seconds, "second"),
        (minutes, 0) if minutes >= 60 && minutes % 60 == 0 => unit(minutes / 60, "hour"),
        (minutes, 0) => unit(minutes, "minute"),
        (minutes, seconds) => format!("{} {}", unit(minutes, "minute"), unit(seconds, "second")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_as_people_say_them() {
        const GROUP: Type = Type::Reference { kind: "security_group", output: "id" };
        const INSTANCE: Type = Type::Reference { kind: "instance", output: "id" };
        for (ty, want) in [
            (Type::Bool, "bool"),
            (Type::Set(&GROUP), "set of `id`s of `security_group`"),
            (INSTANCE, "`id` of an `instance`"),
            (Type::Map(&Type::List(&Type::String)), "map of lists of strings"),
            (Type::List(&Type::Block(&Block::EMPTY)), "list of blocks"),
            (Type::Document(DocumentKind::Policy), "IAM policy"),
        ] {
            assert_eq!(type_name(&ty, false), want);
        }
    }

    #[test]
    fn lengths_of_time_have_the_largest_unit_that_fits() {
        for (seconds, want) in
            [(1, "1 second"), (90, "1 minute 30 seconds"), (600, "10 minutes"), (3600, "1 hour"), (5400, "90 minutes")]
        {
            assert_eq!(duration(seconds), want);
        }
    }

    #[test]
    fn limits_are_sentences() {
        let text = Attribute { length: Some((1, 64)), pattern: Some("[a-z]+"), ..Attribute::PLAIN };
        assert_eq!(limits(&text), ["1 to 64 characters.", "Must match `[a-z]+`."]);
        let list = Attribute { ty: Type::List(&Type::String), length: Some((0, 1)), ..Attribute::PLAIN };
        assert_eq!(limits(&list), ["1 entry at most."]);
        let number = Attribute { ty: Type::Int, range: Some((0, i64::MAX)), ..Attribute::PLAIN };
        assert_eq!(limits(&number), ["At least 0."]);
        let word = Attribute { values: &["on", "off"], ..Attribute::PLAIN };
        assert_eq!(limits(&word), ["Allowed: `on`, `off`."]);
    }
}
