//! Stacks of any size, to measure with.

use std::fmt::Write;

/// How the resources of a generated stack refer to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All refer to one root.
    Root,
    /// Each refers to the one before it, in chains of this length (at least 1).
    Chains(usize),
    /// Each resource is referred to by as many others (at least 1), which are referred to in turn.
    Fan(usize),
}

/// The YAML of a stack of so many networks, which refer to each other in a tag.
///
/// A reference in a tag orders creation as any other does, is unknown until it is applied, and asks nothing of the kind;
/// so the same stack can be planned and applied at any size, in whatever account has `vpc`.
#[must_use]
pub fn stack(form: Form, resources: usize) -> String {
    let mut yaml = String::from("stack: scale\nregion: eu-west-3\nresources:\n");
    for i in 0..resources {
        // Writing to a string cannot fail.
        let _ = write!(yaml, "  r{i}: {{kind: vpc, cidr_block: 10.{}.0.0/16", i % 256);
        if let Some(before) = form.before(i) {
            let _ = write!(yaml, ", tags: {{After: '${{r{before}.id}}'}}");
        }
        yaml.push_str("}\n");
    }
    yaml
}

impl Form {
    /// The resource to which the resource of that index refers.
    fn before(self, i: usize) -> Option<usize> {
        let last = i.checked_sub(1)?;
        match self {
            Self::Root => Some(0),
            Self::Chains(length) => (!i.is_multiple_of(length.max(1))).then_some(last),
            Self::Fan(width) => Some(last / width.max(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_have_the_form_that_is_asked_for() {
        let references = |form| (0..7).map(|i| Form::before(form, i)).collect::<Vec<_>>();
        assert_eq!(references(Form::Root), [None, Some(0), Some(0), Some(0), Some(0), Some(0), Some(0)]);
        assert_eq!(references(Form::Chains(3)), [None, Some(0), Some(1), None, Some(3), Some(4), None]);
        assert_eq!(references(Form::Fan(2)), [None, Some(0), Some(0), Some(1), Some(1), Some(2), Some(2)]);
        assert_eq!(
            stack(Form::Root, 2),
            "stack: scale\nregion: eu-west-3\nresources:\n  r0: {kind: vpc, cidr_block: 10.0.0.0/16}\n  \
             r1: {kind: vpc, cidr_block: 10.1.0.0/16, tags: {After: '${r0.id}'}}\n"
        );
    }
}
