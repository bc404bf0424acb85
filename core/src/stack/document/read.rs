//! From YAML nodes to a [`StackFile`](super::StackFile): the top level.

use std::sync::Arc;

use indexmap::IndexMap;

use super::super::expression::nearest;
use super::super::node::{Entry, Node, NodeValue, Text};
use super::super::tree::{Branch, Tree};
use super::{Defaults, Document, Environment, KindDefaults, Local, Name};
use crate::error::{Problem, Span};

/// Top-level keys of a stack file; keys that begin with `x-` are not read.
pub const TOP_KEYS: &[&str] = &[
    "stack", "description", "region", "account", "variables", "environments", "locals", "defaults", "lookups",
    "resources", "outputs", "moved", "ignore_tags", "include",
];
/// Top-level keys of an included file.
const INCLUDED_KEYS: &[&str] = &["variables", "locals", "lookups", "resources", "outputs", "moved", "defaults"];
/// What no resource may be called.
const RESERVED: &[&str] =
    &["var", "local", "lookup", "each", "env", "stack", "self", "null", "true", "false", "for", "if", "in"];

/// Reads a root node into `file`; gives the paths of `include`, with their places.
pub(in super::super) fn read(
    root: &Node,
    included: bool,
    file: &mut Document,
    problems: &mut Vec<Problem>,
) -> Vec<(Arc<str>, Span)> {
    let mut reader = Reader { problems };
    reader.root(root, included, file)
}

/// Reads parts of a file, collecting problems.
pub(in super::super) struct Reader<'p> {
    pub(super) problems: &'p mut Vec<Problem>,
}

impl Reader<'_> {
    fn root(&mut self, root: &Node, included: bool, file: &mut Document) -> Vec<(Arc<str>, Span)> {
        let mut paths = Vec::new();
        let keys = if included { INCLUDED_KEYS } else { TOP_KEYS };
        let Some(entries) = self.mapping(root, if included { "an included file" } else { "a stack file" }) else {
            return paths;
        };
        for Entry { key, value } in entries {
            match &*key.content {
                name if name.starts_with("x-") => {}
                name if !keys.contains(&name) => self.unknown_top(key, keys, included),
                "stack" => self.stack_name(value, file),
                "description" => file.description = self.literal_text(value, "description"),
                "region" => file.region = Some(self.tree(value)),
                "account" => file.account = Some(self.tree(value)),
                "variables" => self.named(value, "variables", &mut file.variables, Self::variable),
                "environments" => {
                    let mut found = IndexMap::new();
                    self.environments(value, &mut found);
                    file.environments = Some(found);
                }
                "locals" => self.named(value, "locals", &mut file.locals, |reader, name, node| {
                    Some(Local { span: name.span, value: reader.tree(node) })
                }),
                "defaults" => self.defaults(value, &mut file.defaults),
                "lookups" => self.named(value, "lookups", &mut file.lookups, Self::lookup),
                "resources" => self.named(value, "resources", &mut file.resources, Self::resource),
                "outputs" => self.named(value, "outputs", &mut file.outputs, Self::output),
                "moved" => self.moved(value, &mut file.moved),
                "ignore_tags" => {
                    file.ignore_tags = self.texts(value, "ignore_tags").into_iter().map(|t| t.0.to_string()).collect();
                }
                "include" => paths = self.texts(value, "include"),
                _ => {}
            }
        }
        if !included && root.get("stack").is_none() {
            self.problems.push(
                Problem::error("the stack has no name")
                    .at(Span { end: root.span.start, ..root.span })
                    .hint("Begin the file with `stack: <name>`: the name marks everything that the stack manages."),
            );
        }
        paths
    }

    fn unknown_top(&mut self, key: &Text, keys: &[&str], included: bool) {
        let problem = Problem::error(format!("unknown top-level key `{}`", key.content)).at(key.span());
        let near = nearest(&key.content, keys.iter().copied());
        self.problems.push(match (&*key.content, near) {
            (name, None) if included && TOP_KEYS.contains(&name) => {
                problem.hint("It belongs into the stack file itself; an included file holds no more than variables, locals, lookups, resources, outputs, moved and defaults.")
            }
            ("data", _) => problem.hint("What is only read is under `lookups:`."),
            ("output", _) => problem.hint("Outputs are under `outputs:`."),
            ("resource", _) => problem.hint("Resources are under `resources:`."),
            ("variable", _) => problem.hint("Variables are under `variables:`."),
            ("provider" | "terraform" | "backend", _) => {
                problem.hint("There is nothing to configure: leave it out. `region:` and `account:` say where the stack lives.")
            }
            ("module" | "modules", _) => problem.hint("There are no modules: `include: [file.yaml]` joins files into one stack."),
            (_, Some(near)) => problem.hint(format!("Did you mean `{near}`?")),
            _ => problem.hint("Keys that begin with `x-` are not read; anchors can live there."),
        });
    }

    fn stack_name(&mut self, node: &Node, file: &mut Document) {
        let Some(text) = self.literal_text(node, "stack") else { return };
        if is_stack_name(&text) {
            file.name = Name { text: text.into(), span: node.span };
        } else {
            self.problems.push(
                Problem::error(format!("`{text}` cannot name a stack"))
                    .at(node.span)
                    .hint("The name is part of names and tags: lower-case letters, digits and `-`, a letter first, 40 at the most."),
            );
        }
    }

    fn environments(&mut self, node: &Node, found: &mut IndexMap<Arc<str>, Environment>) {
        let Some(entries) = self.mapping(node, "`environments`") else { return };
        if entries.is_empty() {
            self.problems.push(
                Problem::error("`environments` names none")
                    .at(node.span)
                    .hint("Leave it out: a stack without it has the one environment `default`."),
            );
        }
        for Entry { key, value } in entries {
            if !is_stack_name(&key.content) {
                self.problems.push(
                    Problem::error(format!("`{}` cannot name an environment", key.content))
                        .at(key.span())
                        .hint("Lower-case letters, digits and `-`, a letter first, 40 at the most."),
                );
                continue;
            }
            let values = match &value.value {
                NodeValue::Null => Vec::new(),
                _ => self.branches(value, &format!("the environment `{}`", key.content)),
            };
            found.insert(Arc::clone(&key.content), Environment { span: key.span(), values });
        }
    }

    fn defaults(&mut self, node: &Node, found: &mut Defaults) {
        let Some(entries) = self.mapping(node, "`defaults`") else { return };
        for Entry { key, value } in entries {
            if &*key.content == "tags" {
                let tree = self.tree(value);
                found.tags.push(tree);
                continue;
            }
            let attributes = self.branches(value, &format!("the defaults of `{}`", key.content));
            let entry = KindDefaults { span: key.span(), attributes };
            if let Some(first) = found.kinds.get(&key.content) {
                self.twice("the defaults of", &key.content, key.span(), first.span);
            } else {
                found.kinds.insert(Arc::clone(&key.content), entry);
            }
        }
    }

    /// Reads a mapping of names to entries of one sort; names already there come from another file.
    fn named<T: Spanned>(
        &mut self,
        node: &Node,
        what: &str,
        found: &mut IndexMap<Arc<str>, T>,
        mut read: impl FnMut(&mut Self, &Name, &Node) -> Option<T>,
    ) {
        let Some(entries) = self.mapping(node, &format!("`{what}`")) else { return };
        for Entry { key, value } in entries {
            let name = Name { text: Arc::clone(&key.content), span: key.span() };
            self.check_name(&name, what.trim_end_matches('s'));
            if let Some(first) = found.get(&name.text) {
                let first = first.span();
                self.twice(what.trim_end_matches('s'), &name.text, name.span, first);
                continue;
            }
            if let Some(entry) = read(self, &name, value) {
                found.insert(Arc::clone(&name.text), entry);
            }
        }
    }

    fn twice(&mut self, what: &str, name: &str, again: Span, first: Span) {
        self.problems.push(
            Problem::error(format!("{what} `{name}` is written twice"))
                .at(again)
                .label("here again")
                .related(first, "first here"),
        );
    }

    fn check_name(&mut self, name: &Name, what: &str) {
        let problem = if RESERVED.contains(&&*name.text) && what == "resource" {
            Problem::error(format!("no {what} can be called `{}`: the word has a meaning in expressions", name.text))
        } else if crate::kind::is_name(&name.text) {
            return;
        } else {
            let better: String = name
                .text
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
                .collect();
            let problem = Problem::error(format!("`{}` cannot name a {what}", name.text))
                .hint("Names have lower-case letters, digits and `_`, a letter first.");
            if crate::kind::is_name(&better) { problem.hint(format!("Write `{better}`.")) } else { problem }
        };
        self.problems.push(problem.at(name.span));
    }

    // What readers of single entries share.

    pub(super) fn tree(&mut self, node: &Node) -> Tree {
        Tree::read(node, self.problems)
    }

    /// The entries of a mapping; a problem where it is none. Nothing at all is an empty mapping.
    pub(super) fn mapping<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n [Entry]> {
        match &node.value {
            NodeValue::Map(entries) => Some(entries),
            NodeValue::Null => Some(&[]),
            _ => {
                self.problems
                    .push(Problem::error(format!("{what} takes a mapping, not {}", node.noun())).at(node.span));
                None
            }
        }
    }

    /// The entries of a mapping as trees.
    pub(super) fn branches(&mut self, node: &Node, what: &str) -> Vec<Branch> {
        if self.mapping(node, what).is_none() {
            return Vec::new();
        }
        match self.tree(node).value {
            super::super::tree::TreeValue::Map(branches) => branches,
            _ => Vec::new(),
        }
    }

    /// Text in which nothing is to be evaluated.
    pub(super) fn literal_text(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.value {
            NodeValue::Text(text) if text.is_template() => {
                self.problems.push(Problem::error(format!("`{what}` takes text without `${{…}}`")).at(node.span));
                None
            }
            NodeValue::Text(text) => Some(text.content.trim_end_matches('\n').to_owned()),
            NodeValue::Number(text) => Some(text.to_string()),
            NodeValue::Null | NodeValue::Broken => None,
            _ => {
                self.problems.push(Problem::error(format!("`{what}` takes text, not {}", node.noun())).at(node.span));
                None
            }
        }
    }

    /// A list of texts; a single one stands for a list of one.
    pub(super) fn texts(&mut self, node: &Node, what: &str) -> Vec<(Arc<str>, Span)> {
        let items = match &node.value {
            NodeValue::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        items.iter().filter_map(|item| Some((self.literal_text(item, what)?.into(), item.span))).collect()
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, node: &Node, what: &str) -> bool {
        match &node.value {
            NodeValue::Bool(b) => *b,
            NodeValue::Null | NodeValue::Broken => false,
            _ => {
                self.problems
                    .push(Problem::error(format!("`{what}` takes true or false, not {}", node.noun())).at(node.span));
                false
            }
        }
    }
}

/// What has a name with a place.
pub(super) trait Spanned {
    fn span(&self) -> Span;
}

fn is_stack_name(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.ends_with('-')
}
