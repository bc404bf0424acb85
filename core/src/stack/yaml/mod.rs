//! YAML to [`Node`]s: strict, bounded, and with a place for everything.

mod hints;
mod scalar;

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle, Tag, options};

use super::node::{Entry, Node, NodeValue, Style, Text};
use crate::error::{FileId, Problem, Span};

/// Largest file that is read, in bytes.
pub(super) const MAX_BYTES: u64 = 16 << 20;
/// Most values in one file, those that aliases repeat included.
const MAX_NODES: usize = 300_000;
/// Most values that aliases may repeat.
const MAX_REPEATED: usize = 100_000;
/// Most levels of nesting.
const MAX_DEPTH: usize = 100;

/// Reads one YAML document. What could be read is given even where there are problems, but nothing behind a
/// syntax error is.
pub(super) fn parse(file: FileId, source: &str) -> (Option<Node>, Vec<Problem>) {
    let options = options! {
        block_nesting_limit: MAX_DEPTH,
        disallow_directives: true,
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder { file, source, ..Builder::default() };
    for next in Parser::new_from_str_with_options(source, options) {
        let (event, span) = match next {
            Ok(next) => next,
            Err(error) => {
                let start = error.marker().byte_offset().unwrap_or(source.len()).min(source.len());
                builder.problems.push(hints::syntax(file, source, start, error.kind()));
                builder.frames.clear();
                break;
            }
        };
        if !builder.event(event, builder.span(span)) {
            break;
        }
    }
    hints::scan(&mut builder.problems, file, source, builder.root.as_ref());
    (builder.root, builder.problems)
}

/// A collection that is not closed yet.
struct Frame {
    start: u32,
    flow: bool,
    anchor: usize,
    /// Values counted when it was opened, so that its size is known when it is closed.
    count: usize,
    kind: FrameKind,
}

enum FrameKind {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        seen: HashMap<Arc<str>, Span>,
        /// The key whose value comes next.
        key: Option<KeyRead>,
        /// Whether a key was cut off, so that the whole is not what was meant.
        broken: bool,
        merges: Vec<Node>,
    },
}

/// A key that was read.
enum KeyRead {
    Text(Text),
    /// It is no text, which is reported; its value is not kept.
    Broken,
    /// YAML ended it inside a `${`.
    CutOff,
}

#[derive(Default)]
struct Builder<'s> {
    file: FileId,
    source: &'s str,
    frames: Vec<Frame>,
    root: Option<Node>,
    documents: usize,
    anchors: HashMap<usize, (Node, usize)>,
    count: usize,
    repeated: usize,
    problems: Vec<Problem>,
}

impl Builder<'_> {
    fn span(&self, span: granit_parser::Span) -> Span {
        let byte = |at: usize| u32::try_from(at.min(self.source.len())).unwrap_or(u32::MAX);
        let range = span.byte_range().unwrap_or_default();
        Span { file: self.file, start: byte(range.start), end: byte(range.end.max(range.start)) }
    }

    /// Takes in one event; false to stop reading.
    fn event(&mut self, event: Event<'_>, span: Span) -> bool {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.problems.push(
                        Problem::error("a stack file holds one YAML document, and a second one begins here")
                            .at(span)
                            .hint("Put it into a file of its own; `include:` reads several files as one stack."),
                    );
                    return false;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, tag.as_deref(), span);
                return self.finish(node, anchor, 1);
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.open(FrameKind::List(Vec::new()), style, anchor, tag.as_deref(), span);
            }
            Event::MappingStart(style, anchor, tag) => {
                let kind = FrameKind::Map {
                    entries: Vec::new(),
                    seen: HashMap::new(),
                    key: None,
                    broken: false,
                    merges: Vec::new(),
                };
                self.open(kind, style, anchor, tag.as_deref(), span);
            }
            Event::SequenceEnd | Event::MappingEnd => return self.close(span),
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id) else {
                    self.problems.push(Problem::error("an anchor cannot contain itself").at(span));
                    return self.finish(Node { value: NodeValue::Broken, span }, 0, 1);
                };
                let size = *size;
                self.repeated += size;
                if self.repeated > MAX_REPEATED {
                    self.problems.push(
                        Problem::error(format!("aliases repeat more than {MAX_REPEATED} values"))
                            .at(span)
                            .hint("Write less of the file as aliases of aliases."),
                    );
                    return false;
                }
                let node = node.clone();
                return self.finish(node, 0, size);
            }
            Event::UnresolvedAlias(name) => {
                self.problems.push(hints::alias(self.source, span, &name));
                return self.finish(Node { value: NodeValue::Broken, span }, 0, 1);
            }
            _ => {}
        }
        true
    }

    fn open(&mut self, kind: FrameKind, style: StructureStyle, anchor: usize, tag: Option<&Tag>, span: Span) {
        if let Some(tag) = tag {
            let fits = match kind {
                FrameKind::List(_) => "seq",
                FrameKind::Map { .. } => "map",
            };
            if !tag.is_yaml_core_schema_tag(fits) {
                self.problems.push(hints::tag(tag, span));
            }
        }
        let flow = style == StructureStyle::Flow;
        self.frames.push(Frame { start: span.start, flow, anchor, count: self.count, kind });
    }

    fn close(&mut self, end: Span) -> bool {
        let Some(frame) = self.frames.pop() else { return true };
        let size = self.count - frame.count + 1;
        let (value, last) = match frame.kind {
            FrameKind::List(items) => {
                let last = items.last().map(|item| item.span.end);
                (NodeValue::List(items), last)
            }
            FrameKind::Map { broken: true, entries, .. } => {
                (NodeValue::Broken, entries.last().map(|entry| entry.value.span.end))
            }
            FrameKind::Map { mut entries, seen, merges, .. } => {
                let last = entries.last().map(|entry| entry.value.span.end.max(entry.key.span().end));
                self.merge(&mut entries, seen, merges);
                (NodeValue::Map(entries), last)
            }
        };
        // The end event of a block collection stands where the next token begins.
        let end = if frame.flow { end.end } else { last.unwrap_or(frame.start) };
        let span = Span { file: self.file, start: frame.start, end: end.max(frame.start) };
        // What is inside was counted when it was closed.
        self.count -= size - 1;
        self.finish(Node { value, span }, frame.anchor, size)
    }

    /// Adds what `<<` names behind the mapping's own entries, which win.
    fn merge(&mut self, entries: &mut Vec<Entry>, mut seen: HashMap<Arc<str>, Span>, merges: Vec<Node>) {
        for node in merges {
            let sources = match node.value {
                NodeValue::Map(_) => vec![node],
                NodeValue::List(items) => items,
                NodeValue::Broken => continue,
                _ => {
                    self.problems.push(Problem::error("`<<` takes a mapping or a list of mappings").at(node.span));
                    continue;
                }
            };
            for source in sources {
                let NodeValue::Map(inherited) = source.value else {
                    self.problems.push(Problem::error("`<<` takes a mapping or a list of mappings").at(source.span));
                    continue;
                };
                for entry in inherited {
                    if !seen.contains_key(&entry.key.content) {
                        seen.insert(Arc::clone(&entry.key.content), entry.key.span());
                        entries.push(entry);
                    }
                }
            }
        }
    }

    /// Hands a finished value to the collection that is open, as a key or as a value; false to stop reading.
    fn finish(&mut self, node: Node, anchor: usize, size: usize) -> bool {
        self.count += size;
        if self.count > MAX_NODES {
            self.problems.push(
                Problem::error(format!("the file holds more than {MAX_NODES} values"))
                    .at(node.span)
                    .hint("Split it into several stacks."),
            );
            return false;
        }
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return true;
        };
        match &mut frame.kind {
            FrameKind::List(items) => items.push(node),
            FrameKind::Map { entries, seen, key, broken, merges } => match key.take() {
                None => {
                    let read = as_key(self.source, node, &mut self.problems);
                    *broken |= matches!(read, KeyRead::CutOff);
                    *key = Some(read);
                }
                Some(KeyRead::Broken | KeyRead::CutOff) => {}
                Some(KeyRead::Text(name)) if &*name.content == "<<" && name.style == Style::Plain => merges.push(node),
                Some(KeyRead::Text(name)) => {
                    if let Some(first) = seen.get(&name.content) {
                        self.problems.push(
                            Problem::error(format!("`{}` is written twice", name.content))
                                .at(name.span())
                                .label("here again")
                                .related(*first, "first here"),
                        );
                    } else {
                        seen.insert(Arc::clone(&name.content), name.span());
                        entries.push(Entry { key: name, value: node });
                    }
                }
            },
        }
        true
    }
}

impl Builder<'_> {
    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: Span) -> Node {
        let as_text = |builder: &Self| NodeValue::Text(scalar::text(builder.file, builder.source, span, text, style));
        let value = match tag {
            None if style == ScalarStyle::Plain => match hints::cut_off(self.source, span, text, false) {
                Some(problem) => {
                    self.problems.push(problem);
                    NodeValue::Broken
                }
                None => scalar::resolve(text).unwrap_or_else(|| as_text(self)),
            },
            None => as_text(self),
            Some(tag) if tag.is_yaml_core_schema_tag("str") || (tag.parts() == ("", "!")) => as_text(self),
            Some(tag) => {
                let fits = |value: &NodeValue| match value {
                    NodeValue::Null => tag.is_yaml_core_schema_tag("null"),
                    NodeValue::Bool(_) => tag.is_yaml_core_schema_tag("bool"),
                    NodeValue::Number(_) => tag.is_yaml_core_schema_tag("int") || tag.is_yaml_core_schema_tag("float"),
                    _ => false,
                };
                scalar::resolve(text).filter(fits).unwrap_or_else(|| {
                    self.problems.push(hints::tag(tag, span));
                    as_text(self)
                })
            }
        };
        Node { value, span }
    }
}

/// The text of a key; a problem where it is none.
fn as_key(source: &str, node: Node, problems: &mut Vec<Problem>) -> KeyRead {
    let span = node.span;
    let problem = match node.value {
        NodeValue::Text(text) => {
            let cut_off = (text.style == Style::Plain).then(|| hints::cut_off(source, span, &text.content, true));
            let Some(problem) = cut_off.flatten() else { return KeyRead::Text(text) };
            problems.push(problem);
            return KeyRead::CutOff;
        }
        NodeValue::Bool(_) | NodeValue::Number(_) | NodeValue::Null if span.start < span.end => {
            let written = source.get(span.start as usize..span.end as usize).unwrap_or_default();
            return KeyRead::Text(scalar::text(span.file, source, span, written, ScalarStyle::Plain));
        }
        NodeValue::Null => Problem::error("a key is missing before `:`"),
        _ => {
            Problem::error(format!("a key is text, not {}", node.noun())).hint("A key that holds `${…}` needs quotes.")
        }
    };
    problems.push(problem.at(span));
    KeyRead::Broken
}

#[cfg(test)]
mod tests;
