//! From YAML nodes to the entries of a [`StackFile`](super::StackFile).

use std::sync::Arc;

use super::super::expression::{nearest, parse_shape};
use super::super::node::{Entry, Node, NodeValue, Text};
use super::read::{Reader, Spanned};
use super::{
    Dependency, LifecycleEntry, Local, LookupEntry, Move, Name, Output, RESOURCE_KEYS, Resource, Validation, Variable,
};
use crate::error::{Problem, Span};
use crate::kind::{Address, Shape, is_name};

impl Reader<'_> {
    /// Reports a key that an entry does not take.
    fn unknown_key(&mut self, key: &Text, what: &str, keys: &[&str]) {
        let problem = Problem::error(format!("{what} takes no `{}`", key.content)).at(key.span());
        self.problems.push(match nearest(&key.content, keys.iter().copied()) {
            Some(near) => problem.hint(format!("Did you mean `{near}`?")),
            None => problem.hint(format!(
                "It takes {}.",
                keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
            )),
        });
    }

    pub(super) fn variable(&mut self, name: &Name, node: &Node) -> Option<Variable> {
        const KEYS: &[&str] = &["type", "default", "description", "sensitive", "nullable", "validation"];
        let mut variable = Variable {
            span: name.span,
            shape: Shape::Any,
            default: None,
            sensitive: false,
            nullable: true,
            validations: Vec::new(),
        };
        for Entry { key, value } in self.mapping(node, &format!("the variable `{}`", name.text))? {
            match &*key.content {
                "type" => {
                    if let NodeValue::Text(text) = &value.value {
                        match parse_shape(&text.content, &text.place) {
                            Ok(shape) => variable.shape = shape,
                            Err(found) => self.problems.extend(found),
                        }
                    } else {
                        self.problems.push(
                            Problem::error(format!("`type` takes the name of a type, not {}", value.noun()))
                                .at(value.span)
                                .hint("Such as `string`, `number`, `bool`, `list(string)`, `map(string)`, 'object({a = string})'."),
                        );
                    }
                }
                "default" => variable.default = Some(self.tree(value)),
                "description" => {
                    self.literal_text(value, "description");
                }
                "sensitive" => variable.sensitive = self.flag(value, "sensitive"),
                "nullable" => variable.nullable = self.flag(value, "nullable"),
                "validation" => {
                    let items = match &value.value {
                        NodeValue::List(items) => items.as_slice(),
                        _ => std::slice::from_ref(value),
                    };
                    for item in items {
                        let validation = self.validation(item);
                        variable.validations.extend(validation);
                    }
                }
                _ => self.unknown_key(key, "a variable", KEYS),
            }
        }
        Some(variable)
    }

    fn validation(&mut self, node: &Node) -> Option<Validation> {
        for Entry { key, .. } in self.mapping(node, "`validation`")? {
            if !matches!(&*key.content, "condition" | "error_message") {
                self.unknown_key(key, "`validation`", &["condition", "error_message"]);
            }
        }
        let (condition, message) = (node.get("condition"), node.get("error_message"));
        let (Some(condition), Some(message)) = (condition, message) else {
            self.problems.push(Problem::error("`validation` needs `condition` and `error_message`").at(node.span));
            return None;
        };
        Some(Validation { condition: self.tree(condition), message: self.tree(message) })
    }

    /// The kind of a resource or lookup.
    fn kind(&mut self, name: &Name, node: &Node, example: &str) -> Option<Name> {
        let Some(kind) = node.get("kind") else {
            let problem = Problem::error(format!("`{}` has no kind", name.text)).at(name.span);
            let type_key = node.get("type").and_then(|node| match &node.value {
                NodeValue::Text(text) => Some(text.content.trim_start_matches("aws_").to_owned()),
                _ => None,
            });
            self.problems.push(match type_key {
                Some(kind) => problem.hint(format!("The kind is given by `kind`: write `kind: {kind}`.")),
                None => problem.hint(format!("Say what it is: `kind: {example}`.")),
            });
            return None;
        };
        let text = self.literal_text(kind, "kind")?;
        Some(Name { text: text.into(), span: kind.span })
    }

    pub(super) fn lookup(&mut self, name: &Name, node: &Node) -> Option<Arc<LookupEntry>> {
        self.mapping(node, &format!("the lookup `{}`", name.text))?;
        let kind = self.kind(name, node, "availability_zones")?;
        let (mut optional, mut region, mut role_arn, mut arguments) = (None, None, None, Vec::new());
        for branch in self.branches(node, "a lookup") {
            match &*branch.key {
                "kind" => {}
                "optional" => optional = Some(branch.value),
                "region" => region = Some(branch.value),
                "role_arn" => role_arn = Some(branch.value),
                _ => arguments.push(branch),
            }
        }
        Some(Arc::new(LookupEntry { name: name.clone(), kind, optional, region, role_arn, arguments }))
    }

    pub(super) fn resource(&mut self, name: &Name, node: &Node) -> Option<Arc<Resource>> {
        self.mapping(node, &format!("the resource `{}`", name.text))?;
        let kind = self.kind(name, node, "vpc")?;
        let mut resource = Resource {
            name: name.clone(),
            kind,
            for_each: None,
            when: None,
            depends_on: Vec::new(),
            region: None,
            role_arn: None,
            timeouts: Vec::new(),
            tags: None,
            lifecycle: LifecycleEntry::default(),
            attributes: Vec::new(),
        };
        let NodeValue::Map(entries) = &node.value else { return None };
        for Entry { key, value } in entries {
            match &*key.content {
                "depends_on" => resource.depends_on = self.depends_on(value),
                "timeouts" => resource.timeouts = self.timeouts(value),
                "lifecycle" => resource.lifecycle = self.lifecycle(value),
                "for_each" => resource.for_each = Some(self.tree(value)),
                "when" => resource.when = Some(self.tree(value)),
                "region" => resource.region = Some(self.tree(value)),
                "role_arn" => resource.role_arn = Some(self.tree(value)),
                "tags" => resource.tags = Some(self.tree(value)),
                _ => {}
            }
        }
        for Entry { key, value } in entries.iter().filter(|entry| !RESOURCE_KEYS.contains(&&*entry.key.content)) {
            if key.is_template() {
                self.problems.push(
                    Problem::error("names of attributes are literal")
                        .at(key.span())
                        .hint("Keys inside an attribute may hold `${…}`."),
                );
                continue;
            }
            let value = self.tree(value);
            resource.attributes.push(super::Branch {
                key: Arc::clone(&key.content),
                key_span: key.span(),
                key_template: None,
                value,
            });
        }
        Some(Arc::new(resource))
    }

    fn depends_on(&mut self, node: &Node) -> Vec<Dependency> {
        let items = match &node.value {
            NodeValue::List(items) => items.as_slice(),
            NodeValue::Null => &[],
            _ => std::slice::from_ref(node),
        };
        let mut found = Vec::new();
        for item in items {
            let text = match &item.value {
                NodeValue::Text(text) => text.content.trim(),
                _ => "",
            };
            // `${vpc}` names it as well as `vpc`.
            let bare = text.strip_prefix("${").and_then(|t| t.strip_suffix('}')).unwrap_or(text).trim();
            if let Some(address) = Address::parse(bare) {
                found.push(Dependency { on: address.name, key: address.key, span: item.span });
                continue;
            }
            let problem = Problem::error("`depends_on` takes names of resources").at(item.span);
            let parts: Vec<&str> = bare.split('.').collect();
            self.problems.push(match parts.as_slice() {
                [kind, name] if kind.starts_with("aws_") && is_name(name) => {
                    problem.hint(format!("Write the name alone: `{name}`."))
                }
                [name, _, ..] if is_name(name) => problem.hint(format!("Write the name alone: `{name}`.")),
                _ => problem.hint("Such as `[vpc, 'public[\"a\"]']`."),
            });
        }
        found
    }

    fn timeouts(&mut self, node: &Node) -> Vec<super::Branch> {
        const KEYS: &[&str] = &["create", "update", "delete"];
        let branches = self.branches(node, "`timeouts`");
        if let NodeValue::Map(entries) = &node.value {
            for entry in entries.iter().filter(|entry| !KEYS.contains(&&*entry.key.content)) {
                self.unknown_key(&entry.key, "`timeouts`", KEYS);
            }
        }
        branches.into_iter().filter(|branch| KEYS.contains(&&*branch.key)).collect()
    }

    fn lifecycle(&mut self, node: &Node) -> LifecycleEntry {
        const KEYS: &[&str] =
            &["prevent_destroy", "create_before_destroy", "ignore_changes", "replace_triggered_by", "retain"];
        let mut lifecycle = LifecycleEntry::default();
        let Some(entries) = self.mapping(node, "`lifecycle`") else { return lifecycle };
        for Entry { key, value } in entries {
            let slot = match &*key.content {
                "prevent_destroy" => &mut lifecycle.prevent_destroy,
                "create_before_destroy" => &mut lifecycle.create_before_destroy,
                "ignore_changes" => &mut lifecycle.ignore_changes,
                "replace_triggered_by" => &mut lifecycle.replace_triggered_by,
                "retain" => &mut lifecycle.retain,
                _ => {
                    self.unknown_key(key, "`lifecycle`", KEYS);
                    continue;
                }
            };
            *slot = Some(self.tree(value));
        }
        lifecycle
    }

    pub(super) fn output(&mut self, name: &Name, node: &Node) -> Option<Arc<Output>> {
        const KEYS: &[&str] = &["value", "description", "sensitive"];
        let Some(value) = node.get("value") else {
            self.problems.push(
                Problem::error(format!("the output `{}` has no value", name.text))
                    .at(name.span)
                    .hint(format!("Write `{}: {{value: '${{…}}'}}`.", name.text)),
            );
            return None;
        };
        let mut output = Output { name: name.clone(), value: self.tree(value), description: None, sensitive: None };
        for Entry { key, value } in self.mapping(node, "an output")? {
            match &*key.content {
                "value" => {}
                "description" => output.description = self.literal_text(value, "description"),
                "sensitive" => output.sensitive = Some(self.tree(value)),
                _ => self.unknown_key(key, "an output", KEYS),
            }
        }
        Some(Arc::new(output))
    }

    pub(super) fn moved(&mut self, node: &Node, found: &mut Vec<Move>) {
        let items = match &node.value {
            NodeValue::List(items) => items.as_slice(),
            NodeValue::Null => &[],
            _ => std::slice::from_ref(node),
        };
        for item in items {
            let Some(entries) = self.mapping(item, "an entry of `moved`") else { continue };
            for Entry { key, .. } in entries.iter().filter(|entry| !matches!(&*entry.key.content, "from" | "to")) {
                self.unknown_key(key, "an entry of `moved`", &["from", "to"]);
            }
            let (Some(from), Some(to)) = (item.get("from"), item.get("to")) else {
                self.problems.push(Problem::error("an entry of `moved` needs `from` and `to`").at(item.span));
                continue;
            };
            if let (Some(from_address), Some(to_address)) = (self.address(from), self.address(to)) {
                found.push(Move { from: from_address, to: to_address, span: item.span });
            }
        }
    }

    fn address(&mut self, node: &Node) -> Option<Address> {
        let text = self.literal_text(node, "moved")?;
        let address = Address::parse(&text);
        if address.is_none() {
            let problem = Problem::error(format!("`{text}` is no address")).at(node.span);
            self.problems.push(match text.strip_prefix("aws_").and_then(|rest| rest.split_once('.')) {
                Some((_, name)) => problem.hint(format!("Write the name alone: `{name}`.")),
                None => problem.hint("An address is the name of a resource, with `[\"key\"]` under `for_each`."),
            });
        }
        address
    }
}

impl Spanned for Variable {
    fn span(&self) -> Span {
        self.span
    }
}

impl Spanned for Local {
    fn span(&self) -> Span {
        self.span
    }
}

impl Spanned for Arc<LookupEntry> {
    fn span(&self) -> Span {
        self.name.span
    }
}

impl Spanned for Arc<Resource> {
    fn span(&self) -> Span {
        self.name.span
    }
}

impl Spanned for Arc<Output> {
    fn span(&self) -> Span {
        self.name.span
    }
}
