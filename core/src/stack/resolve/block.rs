//! Blocks: tables of attributes, their defaults and the rules between them.

use std::collections::BTreeSet;

use super::super::expression::nearest;
use super::super::tree::{Branch, Tree, TreeValue};
use super::Resolver;
use super::rules::Said;
use crate::error::{Problem, Span};
use crate::kind::{Absent, Block, Literal, Map, Type, Value};

impl Resolver<'_> {
    /// The attributes of a table, with defaults, without nulls; `span` is where the whole is named.
    pub(in super::super) fn table(&mut self, branches: &[&Branch], block: &'static Block, span: Span) -> Map {
        let mut map = Map::new();
        let mut written = BTreeSet::new();
        for branch in branches {
            let Some(attribute) = block.attribute(&branch.key) else {
                let problem = suggest_attribute(&branch.key, branch.key_span, block, &[]);
                self.problems.push(problem);
                continue;
            };
            let view = self.view.within(attribute.settled || self.view.settled);
            let mut resolver = Resolver::new(&view);
            let value = resolver.attribute(&branch.value, attribute);
            self.problems.append(&mut resolver.problems);
            if !value.is_null() {
                written.insert(attribute.name);
                map.insert(attribute.name.to_owned(), value);
            }
        }
        self.finish(map, &written, block, span)
    }

    /// Fills in defaults and tests what must be written.
    fn finish(&mut self, mut map: Map, written: &BTreeSet<&'static str>, block: &'static Block, span: Span) -> Map {
        let absent = || block.attributes.iter().filter(|attribute| !written.contains(attribute.name));
        for attribute in absent() {
            match attribute.absent {
                Absent::Required if matches!(attribute.ty, Type::Name) => {}
                Absent::Required => {
                    self.problems.push(
                        Problem::error(format!("`{}` is missing", attribute.name))
                            .at(span)
                            .hint(first_sentence(attribute.doc)),
                    );
                }
                Absent::Default(Literal::Null | Literal::Of(_)) | Absent::Aws(_) => {}
                Absent::Default(literal) => {
                    map.insert(attribute.name.to_owned(), literal.value(&Map::new()));
                }
            }
        }
        // Functions see the constants.
        for attribute in absent() {
            if let Absent::Default(literal @ Literal::Of(_)) = attribute.absent {
                let value = literal.value(&map);
                if !value.is_null() {
                    map.insert(attribute.name.to_owned(), value);
                }
            }
        }
        let said = Said { map: &map, written, block };
        self.problems.extend(block.rules.iter().filter_map(|rule| said.problem(rule)).map(|problem| problem.at(span)));
        map
    }

    /// A block that stands alone; null where its `when` is false.
    pub(super) fn entry(&mut self, span: Span, entries: &[Branch], block: &'static Block) -> Value {
        if let Some(each) = entries.iter().find(|branch| &*branch.key == "for_each")
            && block.attribute("for_each").is_none()
        {
            self.problems.push(
                Problem::error("`for_each` stands in an entry of a list, and this is no list")
                    .at(each.key_span)
                    .hint("Only one such block is allowed here; `when` says whether it is."),
            );
            return super::poison();
        }
        self.single(span, entries, block)
    }

    /// One block, `for_each` aside; null where its `when` is false.
    fn single(&mut self, span: Span, entries: &[Branch], block: &'static Block) -> Value {
        let own = |name: &str| block.attribute(name).is_none();
        if let Some(when) = entries.iter().find(|branch| &*branch.key == "when" && own("when")) {
            match self.condition(&when.value) {
                Some(true) => {}
                Some(false) => return Value::Null,
                None => return super::poison(),
            }
        }
        Value::from(self.table_of(entries, block, span))
    }

    fn table_of(&mut self, entries: &[Branch], block: &'static Block, span: Span) -> Map {
        let meta =
            |branch: &&Branch| matches!(&*branch.key, "when" | "for_each") && block.attribute(&branch.key).is_none();
        let branches: Vec<&Branch> = entries.iter().filter(|branch| !meta(branch)).collect();
        self.table(&branches, block, span)
    }

    /// The entries of a list of blocks; `None` where it is not known which there are.
    pub(super) fn entries(&mut self, items: &[Tree], block: &'static Block) -> Option<Vec<Value>> {
        let mut found = Vec::new();
        let mut known = true;
        for item in items {
            let for_each = item.get("for_each").filter(|_| block.attribute("for_each").is_none());
            let (Some(for_each), TreeValue::Map(entries)) = (for_each, &item.value) else {
                let value = self.typed(item, &Type::Block(block));
                if !value.is_null() {
                    found.push(value);
                }
                continue;
            };
            let Some(each) = self.for_each(for_each) else {
                known = false;
                continue;
            };
            for (key, value) in each {
                let view = self.view.with_each(Value::from(key), value);
                let mut resolver = Resolver::new(&view);
                let value = resolver.single(item.span, entries, block);
                self.problems.append(&mut resolver.problems);
                if !value.is_null() {
                    found.push(value);
                }
            }
        }
        known.then_some(found)
    }

    /// The keys and values of a `for_each`; `None` where they are not known, or it is no such thing.
    pub(in super::super) fn for_each(&mut self, tree: &Tree) -> Option<Vec<(String, Value)>> {
        let before = self.problems.len();
        let value = self.any(tree);
        if self.problems.len() > before {
            return None;
        }
        let problem = match &value {
            Value::Sensitive(_) => Problem::error("`for_each` cannot depend on a sensitive value: keys are seen")
                .hint("Wrap what is no secret in `nonsensitive()`."),
            Value::Unknown(_) => return None,
            Value::Map(map) => return Some(map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()),
            Value::List(items) => match distinct(items) {
                Ok(keys) => return keys,
                Err(message) => Problem::error(message),
            },
            Value::Number(_) => Problem::error("`for_each` takes a map, or distinct strings, not a number").hint(
                "For a count of things write `${toset([for i in range(3) : tostring(i)])}`; better give each a name.",
            ),
            other => {
                Problem::error(format!("`for_each` takes a map, or distinct strings, not a {}", other.type_name()))
            }
        };
        self.problems.push(problem.at(tree.span));
        None
    }

    /// A block that an expression gave.
    pub(super) fn block_value(&mut self, given: &Map, block: &'static Block, span: Span) -> Value {
        let mut map = Map::new();
        let mut written = BTreeSet::new();
        for (name, value) in given {
            let Some(attribute) = block.attribute(name) else {
                // `when` of an entry that an expression wrote.
                if name == "when" && value.as_bool() == Some(false) {
                    return Value::Null;
                }
                if name != "when" {
                    let problem = suggest_attribute(name, span, block, &[]);
                    self.problems.push(problem);
                }
                continue;
            };
            let tree = Tree { span, value: TreeValue::Broken };
            let mut value = self.converted(value, &attribute.ty, span);
            if value.is_null() {
                continue;
            }
            self.constrain(&tree, attribute, &value);
            if let Some(canonical) = attribute.canonical.filter(|_| value.is_known() && !value.has_sensitive()) {
                value = canonical(&value);
            }
            written.insert(attribute.name);
            map.insert(attribute.name.to_owned(), value);
        }
        Value::from(self.finish(map, &written, block, span))
    }
}

/// The keys of a list of strings; `Ok(None)` where one is not known.
fn distinct(items: &[Value]) -> Result<Option<Vec<(String, Value)>>, String> {
    let mut keys: Vec<(String, Value)> = Vec::new();
    for item in items {
        match item {
            Value::Unknown(_) => return Ok(None),
            Value::Sensitive(_) => {
                return Err("`for_each` cannot depend on a sensitive value: keys are seen".to_owned());
            }
            Value::Null => {}
            Value::String(text) if keys.iter().any(|(key, _)| *key == **text) => {
                return Err(format!("`for_each` takes distinct strings, and `{text}` is there twice"));
            }
            Value::String(text) => keys.push((text.to_string(), item.clone())),
            other => {
                return Err(format!(
                    "`for_each` takes a map, or distinct strings, not a list with a {} in it",
                    other.type_name()
                ));
            }
        }
    }
    keys.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Some(keys))
}

/// The problem of an attribute that a table does not have; `also` are other names that may stand there.
pub(in super::super) fn suggest_attribute(name: &str, span: Span, block: &Block, also: &[&'static str]) -> Problem {
    let problem = Problem::error(format!("unknown attribute `{name}`")).at(span);
    let singular = [name.strip_suffix("ies").map(|stem| format!("{stem}y")), name.strip_suffix('s').map(str::to_owned)];
    for singular in singular.iter().flatten() {
        if block.attribute(singular).is_some() {
            return problem
                .hint(format!("Did you mean `{singular}`? It takes a list, or one mapping where there is one."));
        }
    }
    let names = || block.attributes.iter().map(|attribute| attribute.name).chain(also.iter().copied());
    let part = || {
        let longer = |other: &&str| other.split('_').count() > name.split('_').count();
        let holds = |other: &&str| other.starts_with(&format!("{name}_")) || other.ends_with(&format!("_{name}"));
        names().filter(longer).find(holds)
    };
    match (name, nearest(name, names()).or_else(part)) {
        (_, Some(near)) => problem.hint(format!("Did you mean `{near}`?")),
        ("count", _) => {
            problem.hint("Use `for_each` with a map or distinct strings, or `when` for one that may be missing.")
        }
        ("dynamic", _) => problem.hint("Write the block itself; its entries take `for_each` and `when`."),
        ("provider", _) => problem.hint("Use `region` and `role_arn` on the resource."),
        ("provisioner" | "connection", _) => {
            problem.hint("Nothing runs on or for a resource; put it into user data or the pipeline.")
        }
        ("tags_all", _) => problem.hint("Tags for all resources are under `defaults: {tags: …}`."),
        (name, _) if name.ends_with("_prefix") => problem
            .hint("A name that is not written is made of stack, environment and resource, so no prefix is needed."),
        _ => {
            let mut names: Vec<_> = block.attributes.iter().map(|attribute| attribute.name).collect();
            names.sort_unstable();
            let some: Vec<_> = names.iter().take(12).map(|name| format!("`{name}`")).collect();
            let more = if names.len() > some.len() { ", …" } else { "" };
            problem.hint(format!("There is {}{more}.", some.join(", ")))
        }
    }
}

fn first_sentence(doc: &str) -> String {
    let end = doc.find(". ").map_or(doc.len(), |end| end + 1);
    doc[..end].to_owned()
}
