//! What differs between two values, as signed lines: entries by key, members of lists and sets, text by lines,
//! documents by meaning.

use std::collections::BTreeSet;

use similar::{ChangeTag, DiffOp, TextDiff};

use super::style::{ADD, FAINT, Layout, REMOVE, clean, columns, count, paint};
use super::value::{Head, Line, Sign, block, entries, essential, is_default, one_line, open, room, scalar};
use crate::kind::{DocumentKind, Map, Type, Value};

/// Lines of text shown around a change.
const CONTEXT: usize = 3;

/// The lines that show how an attribute changes. `remark` stands behind its first line.
pub(super) fn diff(
    name: &str,
    width: usize,
    sides: (&Value, &Value),
    ty: Option<Type>,
    layout: Layout,
    remark: &str,
) -> Vec<Line> {
    let mut differ = Differ { out: Vec::new(), layout, policy: is_policy(ty) };
    differ.entry(name, width, sides, ty, 0);
    if let Some(first) = differ.out.first_mut() {
        first.text.push_str(remark);
    }
    differ.out
}

fn is_policy(ty: Option<Type>) -> bool {
    matches!(ty, Some(Type::Document(DocumentKind::Policy)))
        || matches!(ty, Some(Type::Map(Type::Document(DocumentKind::Policy))))
}

struct Differ {
    out: Vec<Line>,
    layout: Layout,
    /// Inside an IAM policy lists are sets, and one is as good as a list of one.
    policy: bool,
}

impl Differ {
    /// A named value: an attribute, or an entry of a mapping.
    fn entry(&mut self, name: &str, width: usize, (before, after): (&Value, &Value), ty: Option<Type>, depth: usize) {
        let head = Head::Named(name, width);
        let (sign, whole) = match (before.is_null(), after.is_null()) {
            (true, _) => (Sign::Add, after),
            (_, true) => (Sign::Remove, before),
            _ => return self.changed(name, width, (before, after), ty, depth),
        };
        self.out.extend(block(head, &essential(whole, ty), sign, true, depth, self.layout));
    }

    fn changed(&mut self, name: &str, width: usize, (before, after): (&Value, &Value), ty: Option<Type>, depth: usize) {
        let title = |suffix: &str| format!("{}:{suffix}", scalar(name));
        if secret(before, after) {
            let lead = format!("{}{}", title(" "), " ".repeat(width.saturating_sub(columns(name))));
            return self.line(Sign::Change, depth, format!("{lead}(sensitive, changed)"));
        }
        let opened = (open(before), open(after));
        let json = if opened.0.is_some() || opened.1.is_some() { " (JSON)" } else { "" };
        let (before, after) = (opened.0.as_ref().unwrap_or(before), opened.1.as_ref().unwrap_or(after));
        match (before, after) {
            (Value::Map(old), Value::Map(new)) => {
                self.line(Sign::Change, depth, title(json));
                self.maps(old, new, ty, depth + 1);
            }
            (Value::List(old), Value::List(new)) => {
                self.line(Sign::Change, depth, title(json));
                self.lists(old, new, ty, depth + 1);
            }
            (Value::List(old), other) if self.policy && !other.is_unknown() => {
                self.line(Sign::Change, depth, title(""));
                self.lists(old, std::slice::from_ref(other), ty, depth + 1);
            }
            (other, Value::List(new)) if self.policy && !other.is_unknown() => {
                self.line(Sign::Change, depth, title(""));
                self.lists(std::slice::from_ref(other), new, ty, depth + 1);
            }
            (Value::String(old), Value::String(new)) if old.contains('\n') || new.contains('\n') => {
                self.line(Sign::Change, depth, title(""));
                self.texts(old, new, depth + 1);
            }
            _ => self.leaf(name, width, before, after, depth),
        }
    }

    /// `name: old -> new`, or below each other where a terminal is too narrow for that.
    fn leaf(&mut self, name: &str, width: usize, before: &Value, after: &Value, depth: usize) {
        let (old, new) = (one_line(before), one_line(after));
        let lead = format!("{}: {}", scalar(name), " ".repeat(width.saturating_sub(columns(name))));
        let whole = columns(&lead) + columns(&old) + 4 + columns(&new);
        if !self.layout.terminal || whole <= room(self.layout, depth) {
            return self.line(Sign::Change, depth, format!("{lead}{old} {} {new}", paint(FAINT, "->")));
        }
        self.line(Sign::Change, depth, format!("{}:", scalar(name)));
        self.out.extend(block(Head::Signed, before, Sign::Remove, true, depth + 1, self.layout));
        self.out.extend(block(Head::Signed, after, Sign::Add, true, depth + 1, self.layout));
    }

    fn maps(&mut self, old: &Map, new: &Map, ty: Option<Type>, depth: usize) {
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let side = |map: &Map, key: &str| map.get(key).cloned().unwrap_or_default();
        let mut same = 0;
        let mut changes = Vec::new();
        for key in keys {
            let (before, after) = (side(old, key), side(new, key));
            if self.equal(&before, &after) {
                same += usize::from(!before.is_null() && !repeats_default(ty, key, &before, new));
            } else {
                changes.push((key, before, after));
            }
        }
        let width = super::value::name_width(changes.iter().map(|(k, ..)| k.as_str()), self.layout);
        for (key, before, after) in changes {
            self.entry(key, width, (&before, &after), inside(ty, key), depth);
        }
        self.unchanged(same, "entry", depth);
    }

    fn lists(&mut self, old: &[Value], new: &[Value], ty: Option<Type>, depth: usize) {
        let (gone, come, same) = if self.policy || matches!(ty, Some(Type::Set(_))) {
            self.set_changes(old, new)
        } else {
            list_changes(old, new)
        };
        let mut come: Vec<Option<&Value>> = come.into_iter().map(Some).collect();
        for before in gone {
            match come.iter_mut().find(|after| after.is_some_and(|after| akin(before, after))).and_then(Option::take) {
                Some(after) => self.member(before, after, member_type(ty), depth),
                None => self.whole(before, member_type(ty), Sign::Remove, depth),
            }
        }
        for after in come.into_iter().flatten() {
            self.whole(after, member_type(ty), Sign::Add, depth);
        }
        self.unchanged(same, "member", depth);
    }

    /// A member of a list that comes or goes.
    fn whole(&mut self, value: &Value, ty: Option<Type>, sign: Sign, depth: usize) {
        self.out.extend(block(Head::Signed, &essential(value, ty), sign, true, depth, self.layout));
    }

    /// A member of a list that stayed in essence: what it keeps tells which one it is.
    fn member(&mut self, before: &Value, after: &Value, ty: Option<Type>, depth: usize) {
        let (Some(old), Some(new)) = (before.as_map(), after.as_map()) else { return };
        let kept = old.iter().filter(|(k, v)| new.get(*k).is_some_and(|w| self.equal(v, w)));
        let title =
            entries(kept.filter(|(_, v)| !v.is_null() && v.as_list().is_none() && v.as_map().is_none()).take(3));
        self.line(Sign::Change, depth, paint(FAINT, if title.is_empty() { "(one of them)" } else { &title }));
        self.maps(old, new, ty, depth + 1);
    }

    fn texts(&mut self, old: &str, new: &str, depth: usize) {
        let changes = TextDiff::from_lines(old, new);
        for (i, group) in changes.grouped_ops(CONTEXT).iter().enumerate() {
            let first = group.first().map_or(0, |op| op.new_range().start);
            if i > 0 || first > 0 {
                self.line(Sign::Same, depth, paint(FAINT, format!("… line {}", first + 1)));
            }
            for change in group.iter().flat_map(|op| changes.iter_changes(op)) {
                let text = clean(change.value().trim_end_matches(['\n', '\r'])).into_owned();
                match change.tag() {
                    ChangeTag::Equal => self.line(Sign::Same, depth, text),
                    ChangeTag::Delete => self.line(Sign::Remove, depth, paint(REMOVE, text)),
                    ChangeTag::Insert => self.line(Sign::Add, depth, paint(ADD, text)),
                }
            }
        }
    }

    /// What left, what came and how many stayed, order and duplicates apart.
    fn set_changes<'v>(&self, old: &'v [Value], new: &'v [Value]) -> (Vec<&'v Value>, Vec<&'v Value>, usize) {
        let absent = |from: &'v [Value], other: &[Value]| {
            from.iter().filter(|v| !other.iter().any(|w| self.equal(v, w))).collect::<Vec<_>>()
        };
        let gone = absent(old, new);
        let same = old.len() - gone.len();
        (gone, absent(new, old), same)
    }

    /// Equality that sees through sensitive marks, and in policies through lists of one.
    fn equal(&self, a: &Value, b: &Value) -> bool {
        match (a.reveal(), b.reveal()) {
            (Value::Unknown(_), _) | (_, Value::Unknown(_)) => false,
            (Value::List(a), Value::List(b)) if self.policy => {
                let (gone, come, _) = self.set_changes(a, b);
                gone.is_empty() && come.is_empty()
            }
            (Value::List(one), other) | (other, Value::List(one)) if self.policy && one.len() == 1 => {
                one.first().is_some_and(|v| self.equal(v, other))
            }
            (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(&**b).all(|(a, b)| self.equal(a, b)),
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len() && a.iter().zip(&**b).all(|((k, a), (l, b))| k == l && self.equal(a, b))
            }
            (a, b) => a == b,
        }
    }

    fn unchanged(&mut self, n: usize, noun: &str, depth: usize) {
        if n > 0 {
            self.line(Sign::Same, depth, paint(FAINT, format!("({} unchanged)", count(n, noun))));
        }
    }

    fn line(&mut self, sign: Sign, depth: usize, text: String) {
        self.out.push(Line { sign, signed: true, depth, text });
    }
}

/// Whether a change must not be shown: a mark on one side hides both, and a list with a mark is hidden whole.
fn secret(before: &Value, after: &Value) -> bool {
    let marked = |v: &Value| matches!(v, Value::Sensitive(_));
    let inside = |v: &Value| v.as_map().is_none() && v.has_sensitive();
    marked(before) || marked(after) || inside(before) || inside(after)
}

/// What left, what came and how many stayed, order included.
fn list_changes<'v>(old: &'v [Value], new: &'v [Value]) -> (Vec<&'v Value>, Vec<&'v Value>, usize) {
    let mut distinct: Vec<&Value> = old.iter().chain(new).collect();
    distinct.sort_by(|a, b| a.order(b));
    distinct.dedup_by(|a, b| a.order(b).is_eq());
    let number = |v: &Value| distinct.binary_search_by(|d| d.order(v)).unwrap_or_default();
    let numbers = |side: &[Value]| side.iter().map(number).collect::<Vec<_>>();
    let (mut gone, mut come, mut same) = (Vec::new(), Vec::new(), 0);
    for op in similar::capture_diff_slices(similar::Algorithm::Myers, &numbers(old), &numbers(new)) {
        if let DiffOp::Equal { len, .. } = op {
            same += len;
        } else {
            gone.extend(old.get(op.old_range()).into_iter().flatten());
            come.extend(new.get(op.new_range()).into_iter().flatten());
        }
    }
    (gone, come, same)
}

/// Whether two members of a list are the same thing before and after: the same statement id, or half of the entries.
fn akin(before: &Value, after: &Value) -> bool {
    let (Some(old), Some(new)) = (before.as_map(), after.as_map()) else { return false };
    for name in ["Sid", "sid", "id", "name", "rule_id"] {
        if let (Some(a), Some(b)) = (old.get(name), new.get(name)) {
            return a == b && a.is_known();
        }
    }
    let said = |map: &Map| map.values().filter(|v| !v.is_null()).count();
    let same = old.iter().filter(|(k, v)| !v.is_null() && v.is_known() && new.get(*k) == Some(v)).count();
    same * 2 >= said(old).max(said(new)) && same > 0
}

/// Whether an entry of a block only repeats its default.
fn repeats_default(ty: Option<Type>, key: &str, value: &Value, others: &Map) -> bool {
    let Some(Type::Block(block)) = ty else { return false };
    block.attribute(key).is_some_and(|attribute| is_default(attribute, value, others))
}

fn inside(ty: Option<Type>, key: &str) -> Option<Type> {
    match ty? {
        Type::Block(block) => block.attribute(key).map(|a| a.ty),
        Type::Map(item) => Some(*item),
        _ => None,
    }
}

fn member_type(ty: Option<Type>) -> Option<Type> {
    match ty? {
        Type::List(item) | Type::Set(item) => Some(*item),
        _ => None,
    }
}
