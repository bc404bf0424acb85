//! Facts about attributes: what a stack may say, and what AWS makes of it.
//!
//! `#[derive(Attributes)]` writes these tables from a struct; everything that needs to know an attribute
//! (checks, defaults, diff, simulation, schema, documentation) reads them.

use std::collections::{BTreeMap, BTreeSet};

use super::value::{Map, Value};

/// The type of an attribute.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// Anything at all.
    Any,
    /// True or false.
    Bool,
    /// A whole number.
    Int,
    /// Any number.
    Number,
    /// Text.
    String,
    /// The physical name of the resource; absent = made of stack, environment and address, and never compared.
    Name,
    /// An IPv4 or IPv6 network in CIDR notation; compared without host bits.
    Cidr,
    /// A document in YAML or a string of JSON, compared by meaning.
    Document(DocumentKind),
    /// The id (or another output) of a resource of that kind.
    Reference {
        /// Name of the kind, such as `vpc`; empty = any.
        kind: &'static str,
        /// Name of the output, such as `id`.
        output: &'static str,
    },
    /// Values in order.
    List(&'static Type),
    /// Values whose order means nothing; duplicates are one.
    Set(&'static Type),
    /// Values by key.
    Map(&'static Type),
    /// A mapping with attributes of its own.
    Block(&'static Block),
}

/// A table of attributes with the rules between them: of a kind, of a block inside it, or of outputs.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// What it is: the struct's doc comment.
    pub doc: &'static str,
    /// The attributes in the order of the struct.
    pub attributes: &'static [Attribute],
    /// Rules between attributes; a value that is not known yet counts as written.
    pub rules: &'static [Rule],
}

/// A rule between the attributes of one block.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// Exactly one of them is written.
    ExactlyOne(&'static [&'static str]),
    /// No more than one of them is written.
    AtMostOne(&'static [&'static str]),
    /// One of them at least is written.
    AtLeastOne(&'static [&'static str]),
    /// Where the first is written, all of the others are.
    Requires(&'static str, &'static [&'static str]),
    /// Where the first has this text, all of the others are written.
    RequiresWhen(&'static str, &'static str, &'static [&'static str]),
    /// Where the first has this text, none of the others is written.
    ForbidsWhen(&'static str, &'static str, &'static [&'static str]),
    /// Where `reference` names another resource, that one's `attribute` has not this text, unless its attribute
    /// `unless.0` begins with `unless.1`.
    SourceForbids {
        /// The attribute that refers.
        reference: &'static str,
        /// The attribute of the resource that is referred to.
        attribute: &'static str,
        /// What it must not say.
        text: &'static str,
        /// What excuses it.
        unless: (&'static str, &'static str),
    },
    /// The network `network` lies inside of the one that `whole` says of the resource that `reference` names, and apart
    /// from those of other resources there.
    PartOf {
        /// The attribute with the network.
        network: &'static str,
        /// The attribute that refers.
        reference: &'static str,
        /// The attribute of the resource that is referred to.
        whole: &'static str,
    },
    /// The resources that `reference` names say different things in `attribute`: all of them, or two at least.
    Differ {
        /// The attribute that refers.
        reference: &'static str,
        /// The attribute of the resources that are referred to.
        attribute: &'static str,
        /// Whether no two of them may say the same.
        all: bool,
    },
}

impl Block {
    /// A block without attributes.
    pub const EMPTY: Self = Self { doc: "", attributes: &[], rules: &[] };

    /// Finds an attribute by name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }
}

/// How documents are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// As JSON.
    Json,
    /// As an IAM policy: statements, principals, actions and resources are sets, one is as good as a list of one.
    Policy,
}

/// What a policy stands on, which decides what its statements say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// On a thing, such as a bucket: statements say who.
    Resource,
    /// On a role, user or group: statements say on what.
    Identity,
    /// On several of these, as a thing of its own.
    Managed,
    /// On a role, for those who may take it on: statements say who, and nothing else.
    Trust,
}

/// A default written in a table.
#[derive(Clone, Copy, Debug)]
pub enum Literal {
    /// Not set at all.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text.
    Str(&'static str),
    /// Texts in order.
    Strs(&'static [&'static str]),
    /// `[]`
    EmptyList,
    /// `{}`
    EmptyMap,
    /// A pure function of the resource's other attributes; null = left to AWS.
    Of(fn(&Map) -> Value),
}

impl Literal {
    /// The default for a resource (or block) with the given other attributes.
    #[must_use]
    pub fn value(self, others: &Map) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Int(n) => Value::from(n),
            Self::Str(s) => Value::from(s),
            Self::Strs(items) => Value::list(items.iter().map(|s| Value::from(*s))),
            Self::EmptyList => Value::list([]),
            Self::EmptyMap => Value::from(Map::new()),
            Self::Of(f) => f(others),
        }
    }
}

/// What it means that an attribute is not written.
#[derive(Clone, Copy, Debug)]
pub enum Absent {
    /// It must be written.
    Required,
    /// This value is meant; removing the line resets it.
    Default(Literal),
    /// AWS chooses, or moves it by itself, for the reason given; it is never compared.
    Aws(&'static str),
}

/// When an output changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    /// Only when the resource is replaced.
    OnReplacement,
    /// Also when one of these attributes is updated.
    OnUpdateOf(&'static [&'static str]),
    /// With any update.
    OnAnyUpdate,
}

/// Everything known of one attribute.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// Name as a stack writes it.
    pub name: &'static str,
    /// The manual: the field's doc comment.
    pub doc: &'static str,
    /// Its type.
    pub ty: Type,
    /// What its absence means.
    pub absent: Absent,
    /// A change of it replaces the resource.
    pub create_only: bool,
    /// It is set in the second step, so that it may refer to what refers to the resource.
    pub settled: bool,
    /// It can be sent, but never read back. Its sibling `<name>_version` says when to send it again. An output that
    /// is write-only may stand in such attributes alone; it is fetched for the call that sends them, and never kept.
    pub write_only: bool,
    /// It says how clefctl acts; AWS never sees it, so that it is never compared.
    pub local: bool,
    /// It is never shown.
    pub sensitive: bool,
    /// It is the path of a file, relative to the folder of the stack file in which it is written.
    pub path: bool,
    /// Smallest and largest number allowed.
    pub range: Option<(i64, i64)>,
    /// Shortest and longest text (in characters) or collection (in entries) allowed.
    pub length: Option<(usize, usize)>,
    /// A regular expression that the whole text must match.
    pub pattern: Option<&'static str>,
    /// The texts allowed; empty = any.
    pub values: &'static [&'static str],
    /// For policies: what they stand on.
    pub policy: PolicyKind,
    /// Brings a value into the form in which AWS reports it.
    pub canonical: Option<fn(&Value) -> Value>,
    /// Whether a declared value (first) is satisfied by an observed one (second), where equality is too strict.
    pub same: Option<fn(&Value, &Value) -> bool>,
    /// For outputs: when it changes.
    pub changes: Changes,
    /// For outputs: what it looks like, with `{…}` for what differs; the simulated account makes values of it.
    pub looks_like: &'static str,
}

impl Attribute {
    /// An attribute about which nothing special is known.
    pub const PLAIN: Self = Self {
        name: "",
        doc: "",
        ty: Type::String,
        absent: Absent::Default(Literal::Null),
        create_only: false,
        settled: false,
        write_only: false,
        local: false,
        sensitive: false,
        path: false,
        range: None,
        length: None,
        pattern: None,
        values: &[],
        policy: PolicyKind::Resource,
        canonical: None,
        same: None,
        changes: Changes::OnReplacement,
        looks_like: "",
    };
}

/// A struct whose fields are the attributes of a kind, a block, or outputs. Derived.
pub trait Attributes {
    /// The struct's doc comment, one entry per field, and the rules between them.
    const BLOCK: Block;
}

/// A Rust type that can be the type of a field of a struct of [`Attributes`].
pub trait Typed {
    /// The type as stacks see it.
    const TYPE: Type;
    /// What absence means unless the field says otherwise.
    const ABSENT: Absent = Absent::Required;
    /// Whether values must never be shown.
    const SENSITIVE: bool = false;
}

impl Typed for bool {
    const TYPE: Type = Type::Bool;
}

impl Typed for i32 {
    const TYPE: Type = Type::Int;
}

impl Typed for i64 {
    const TYPE: Type = Type::Int;
}

impl Typed for f64 {
    const TYPE: Type = Type::Number;
}

impl Typed for String {
    const TYPE: Type = Type::String;
}

impl<T: Typed> Typed for Option<T> {
    const TYPE: Type = T::TYPE;
    const ABSENT: Absent = Absent::Default(Literal::Null);
    const SENSITIVE: bool = T::SENSITIVE;
}

impl<T: Typed> Typed for Vec<T> {
    const TYPE: Type = Type::List(&T::TYPE);
    const ABSENT: Absent = Absent::Default(Literal::EmptyList);
    const SENSITIVE: bool = T::SENSITIVE;
}

impl<T: Typed> Typed for BTreeSet<T> {
    const TYPE: Type = Type::Set(&T::TYPE);
    const ABSENT: Absent = Absent::Default(Literal::EmptyList);
    const SENSITIVE: bool = T::SENSITIVE;
}

impl<T: Typed> Typed for BTreeMap<String, T> {
    const TYPE: Type = Type::Map(&T::TYPE);
    const ABSENT: Absent = Absent::Default(Literal::EmptyMap);
    const SENSITIVE: bool = T::SENSITIVE;
}
