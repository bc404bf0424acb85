//! What does not depend on kinds: the top level of a stack file, and what means the same on every resource.

use serde_json::{Map, Value as Json, json};

use super::types::{EXPRESSION, described, reference};

/// The top level.
pub(super) fn root() -> Map<String, Json> {
    let named = |definition: &str, doc: &str| {
        json!({
            "description": doc,
            "type": ["object", "null"],
            "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$"},
            "additionalProperties": reference(definition),
        })
    };
    object(json!({
        "type": "object",
        "properties": {
            "stack": {
                "description": "The name of the stack. With the environment it makes the owner, `demo/dev`, which marks \
                    everything that the stack manages.",
                "type": "string",
                "pattern": "^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$",
            },
            "description": {"description": "For people.", "type": ["string", "null"]},
            "region": described("text", "Where things live unless they say otherwise, such as `eu-west-3`."),
            "account": described("text", "A pin: in any other account nothing is done. An apply that nobody watches needs it."),
            "variables": named("variable", "What may differ from run to run. Refer to one by `${var.<name>}`."),
            "environments": {
                "description": "Values of variables, chosen by `--env` or `CLEFCTL_ENV`.",
                "type": ["object", "null"],
                "propertyNames": {"pattern": "^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$"},
                "additionalProperties": {"description": "Values of variables in this environment.", "type": ["object", "null"]},
            },
            "locals": {
                "description": "Values by name, worked out when they are asked for. Refer to one by `${local.<name>}`.",
                "type": ["object", "null"],
                "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$"},
            },
            "defaults": {
                "description": "What resources say unless they say otherwise: tags of all, and attributes by kind.",
                "allOf": [reference("defaults")],
            },
            "lookups": named("lookup", "What is read and never managed. Refer to one by `${lookup.<name>.<output>}`."),
            "resources": named("resource", "What is managed. Refer to one by `${<name>.<attribute>}`."),
            "outputs": named("output", "What `clefctl output` tells."),
            "moved": {
                "description": "Addresses that changed; only tags are written.",
                "anyOf": [{"type": "array", "items": reference("move")}, reference("move"), {"type": "null"}],
            },
            "ignore_tags": described("words", "Globs of tags that belong to others."),
            "include": described("words", "Files that hold more of this stack; their paths are relative to this one."),
        },
        "patternProperties": {"^x-": {"description": "Not read: a home for anchors."}},
        "additionalProperties": false,
    }))
}

/// Definitions that everything else refers to.
pub(super) fn definitions() -> Map<String, Json> {
    object(json!({
        "expression": {
            "description": "An expression: `${…}`, as in Terraform.",
            "type": "string",
            "pattern": EXPRESSION,
        },
        "text": {"type": ["string", "number", "boolean", "null"]},
        "bool": {"type": ["boolean", "string", "null"], "pattern": format!("^(true|false)$|{EXPRESSION}")},
        "network": {"type": ["string", "null"], "pattern": format!("^[0-9A-Fa-f:.]+/[0-9]{{1,3}}$|{EXPRESSION}")},
        "texts": {
            "type": ["object", "string", "null"],
            "pattern": EXPRESSION,
            "additionalProperties": reference("text"),
        },
        "words": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": ["string", "null"]}]},
        "policy": {
            "type": ["object", "string", "null"],
            "properties": {
                "Version": {"description": "`2012-10-17`, in quotes.", "type": "string"},
                "Id": {"type": "string"},
                "Statement": {
                    "description": "What is allowed and denied. A statement takes `when`.",
                    "anyOf": [
                        {"type": "array", "items": {"anyOf": [reference("statement"), reference("expression"), {"type": "null"}]}},
                        reference("statement"),
                        reference("expression"),
                    ],
                },
            },
        },
        "statement": {
            "type": "object",
            "properties": {
                "when": reference("when"),
                "Sid": {"description": "A name for people.", "type": "string"},
                "Effect": {"anyOf": [{"enum": ["Allow", "Deny"]}, reference("expression")]},
                "Principal": {"description": "Whom it is about; `*` is everybody."},
                "NotPrincipal": {"description": "Everybody but these."},
                "Action": {"description": "What is done: `s3:GetObject`, or a list.", "type": ["string", "array"]},
                "NotAction": {"description": "Everything but this.", "type": ["string", "array"]},
                "Resource": {"description": "To what: an ARN, or a list.", "type": ["string", "array"]},
                "NotResource": {"description": "To everything but this.", "type": ["string", "array"]},
                "Condition": {"description": "When it holds.", "type": ["object", "string"]},
            },
            "additionalProperties": false,
        },
        "variable": {
            "type": ["object", "null"],
            "properties": {
                "type": {
                    "description": "`string`, `number`, `bool`, `any`, `list(string)`, `set(string)`, `map(string)`, \
                        `'object({a = string, b = optional(number, 1)})'`, `'tuple([string, number])'`.",
                    "type": "string",
                },
                "default": {"description": "The value where nothing else gives one."},
                "description": {"description": "For people.", "type": ["string", "null"]},
                "sensitive": {"description": "Whether its value is never shown.", "type": ["boolean", "null"]},
                "nullable": {"description": "Whether it may be null (default true).", "type": ["boolean", "null"]},
                "validation": {
                    "description": "Conditions that its value must fulfil, each with the words for where it does not.",
                    "anyOf": [{"type": "array", "items": reference("validation")}, reference("validation"), {"type": "null"}],
                },
            },
            "additionalProperties": false,
        },
        "validation": {
            "type": "object",
            "properties": {
                "condition": described("bool", "True where the value is allowed, such as `${var.size > 0}`."),
                "error_message": described("text", "What is said where it is not."),
            },
            "required": ["condition", "error_message"],
            "additionalProperties": false,
        },
        "output": {
            "type": "object",
            "properties": {
                "value": {"description": "What is told."},
                "description": {"description": "For people.", "type": ["string", "null"]},
                "sensitive": described("bool", "Whether it is shown only when it is asked for by name."),
            },
            "required": ["value"],
            "additionalProperties": false,
        },
        "move": {
            "type": "object",
            "properties": {
                "from": {"description": "The address that was: `old`, `old[\"key\"]`.", "type": "string"},
                "to": {"description": "The address that is.", "type": "string"},
            },
            "required": ["from", "to"],
            "additionalProperties": false,
        },
        "when": described("bool", "Whether it is there at all; known before anything is applied."),
        "for_each": {
            "description": "One for each entry: a map, or distinct strings. `each.key` and `each.value` are its entry's.",
            "anyOf": [
                {"type": "object"},
                {"type": "array", "items": {"type": ["string", "number", "boolean", "null"]}},
                reference("expression"),
            ],
        },
        "timeout": {
            "description": "Hours, minutes, seconds: `30m`, `1h30m`.",
            "type": ["string", "null"],
            "pattern": format!("^([0-9]+h)?([0-9]+m)?([0-9]+s)?$|{EXPRESSION}"),
        },
    }))
}

/// What means the same on every resource.
pub(super) fn common(taggable: bool) -> Map<String, Json> {
    let mut properties = object(json!({
        "for_each": described("for_each", "One instance for each entry: a map, or distinct strings known before apply."),
        "when": described("bool", "Whether it is there at all; with `for_each`, which instances are."),
        "depends_on": described("words", "Resources that must be done first although nothing refers to them."),
        "region": described("text", "The region in which it lives, if not the stack's."),
        "role_arn": described("text", "A role that is taken on for every call about it."),
        "timeouts": {
            "description": "When to give up.",
            "type": ["object", "null"],
            "properties": {
                "create": reference("timeout"),
                "update": reference("timeout"),
                "delete": reference("timeout"),
            },
            "additionalProperties": false,
        },
        "lifecycle": {
            "description": "How it is changed.",
            "type": ["object", "null"],
            "properties": {
                "prevent_destroy": described("bool", "Whether a plan that deletes or replaces it is an error."),
                "create_before_destroy": described("bool", "Whether a replacement is made before the old one is deleted."),
                "ignore_changes": {
                    "description": "Attributes that are set at creation and kept ever after, or `all`.",
                    "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": ["string", "null"]}],
                },
                "replace_triggered_by": {
                    "description": "Expressions; when a value changes, it is replaced.",
                    "type": ["array", "string", "null"],
                },
                "retain": described("bool", "Whether it stays in AWS when its entry leaves the file."),
            },
            "additionalProperties": false,
        },
    }));
    if taggable {
        properties
            .insert("tags".to_owned(), described("texts", "Its tags; it has no others, but those of `defaults`."));
    }
    properties
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}
