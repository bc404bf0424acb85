//! Facts about kinds and lookups: how they are found, named, marked, replaced and deleted.

use super::attribute::Block;

/// Everything known of a kind before AWS is asked.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// Name of the kind, Terraform's without `aws_`: `vpc`.
    pub name: &'static str,
    /// AWS service as in IAM actions: `ec2`.
    pub service: &'static str,
    /// What a stack may say.
    pub declared: &'static Block,
    /// What others may refer to besides.
    pub outputs: &'static Block,
    /// The output that identifies the thing in AWS's calls: `id`, `arn`, `name`.
    pub id: &'static str,
    /// Where it lives.
    pub place: Place,
    /// How all that an owner has is found.
    pub found: Found,
    /// What makes a thing ours.
    pub mark: Mark,
    /// The rules of its physical name, if it has one.
    pub naming: Option<Naming>,
    /// Attributes of which AWS takes each combination once, apart from a name that is unique by itself; none where it
    /// takes several things alike.
    pub identity: &'static [&'static str],
    /// In which order a replacement goes.
    pub replacement: Replacement,
    /// What is lost when it is deleted; `None` when nothing that could not be made again.
    pub data: Option<&'static str>,
    /// Kinds whose deletion comes first although no attribute shows it.
    pub deleted_after: &'static [&'static str],
    /// Whether its create call takes an idempotency token, or its name makes a second one impossible.
    pub once: bool,
    /// The most detail calls that one instance costs when the inventory is read.
    pub details: u32,
    /// IAM actions by what needs them.
    pub actions: Actions,
    /// How long creating, updating and deleting typically take, in seconds.
    pub takes: PerVerb,
    /// When to give up, in seconds, unless the stack says otherwise.
    pub timeouts: PerVerb,
    /// How many API calls that change something each verb makes at the most.
    pub calls: PerVerb,
}

/// A number for each verb that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerVerb {
    /// For create.
    pub create: u32,
    /// For update.
    pub update: u32,
    /// For delete.
    pub delete: u32,
}

impl PerVerb {
    /// Three numbers: create, update, delete.
    #[must_use]
    pub const fn new(create: u32, update: u32, delete: u32) -> Self {
        Self { create, update, delete }
    }
}

/// IAM actions by what needs them.
#[derive(Clone, Copy, Debug)]
pub struct Actions {
    /// For reading; plan needs only these.
    pub read: &'static [&'static str],
    /// For creating; the call that makes the thing, and carries its mark, is the first.
    pub create: &'static [&'static str],
    /// For updating.
    pub update: &'static [&'static str],
    /// For deleting.
    pub delete: &'static [&'static str],
}

impl Actions {
    /// Nothing needed.
    pub const NONE: Self = Self { read: &[], create: &[], update: &[], delete: &[] };
}

/// Where the things of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a region.
    Regional,
    /// In the account as a whole; read once, through us-east-1.
    Global,
}

/// How all things of a kind that an owner has are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// By a native list with a tag filter, inline tags, or a path: authoritative.
    Listed,
    /// The same in EC2, whose own list of tags tells, under this resource type, whether there is anything to list.
    Tagged(&'static str),
    /// By the tagging API, with this resource type (`elasticloadbalancing:loadbalancer`), then described by ARN.
    Swept(&'static str),
    /// Through the parent, a thing of one of these kinds.
    Child(&'static [&'static str]),
}

/// What makes a thing ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The tags `clefctl:stack` and `clefctl:resource`.
    Tags,
    /// A name that begins with the owner's prefix, inside a parent that is ours; for what takes no tags.
    Prefix,
    /// A marker that the kind keeps beside the thing and reports as if it were tags.
    Marker,
}

/// The rules of physical names.
#[derive(Clone, Copy, Debug)]
pub struct Naming {
    /// The attribute that holds the name.
    pub attribute: &'static str,
    /// Most characters that AWS takes.
    pub max: usize,
    /// What stands for characters that AWS does not take, and between the parts: `-`.
    pub allowed: NameChars,
    /// Within what it is unique.
    pub unique: Unique,
}

/// The characters that a physical name may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameChars {
    /// Lower-case letters, digits and hyphens.
    LowerHyphen,
    /// Letters, digits and hyphens.
    Hyphen,
    /// Letters, digits, hyphens, underscores, dots.
    Wide,
}

/// Within what a physical name is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unique {
    /// In the world (or the partition): the default name appends 8 hex digits.
    World,
    /// In the account and region (for global kinds: the account).
    Account,
    /// Within the parent.
    Parent,
    /// Not at all.
    No,
}

/// In which order a replacement goes, unless the stack's `lifecycle` says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// The new one is created before the old one is deleted.
    CreateFirst,
    /// The old one must go first, for this reason.
    DestroyFirst(&'static str),
    /// The old one must go first, for this reason, unless one of these attributes changes (a network: to one that
    /// does not overlap): then both can live side by side.
    DestroyFirstUnless(&'static [&'static str], &'static str),
}

impl Facts {
    /// The usual case: a regional, tagged thing that a native list finds and whose create call is no duplicate's friend.
    pub const REGIONAL: Self = Self {
        name: "",
        service: "",
        declared: &Block::EMPTY,
        outputs: &Block::EMPTY,
        id: "id",
        place: Place::Regional,
        found: Found::Listed,
        mark: Mark::Tags,
        naming: None,
        identity: &[],
        replacement: Replacement::CreateFirst,
        data: None,
        deleted_after: &[],
        once: false,
        details: 0,
        actions: Actions::NONE,
        takes: PerVerb::new(1, 1, 1),
        timeouts: PerVerb::new(600, 600, 600),
        calls: PerVerb::new(1, 1, 1),
    };

    /// The same for what lives in the account as a whole.
    pub const GLOBAL: Self = Self { place: Place::Global, ..Self::REGIONAL };

    /// What the kind is, for people: the first sentence of its documentation.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        let doc = self.declared.doc;
        doc.find(". ").map_or(doc.trim_end_matches('.'), |end| &doc[..end])
    }

    /// Whether a stack may write `tags` on it.
    #[must_use]
    pub fn taggable(&self) -> bool {
        self.mark == Mark::Tags
    }
}

/// Everything known of a lookup before AWS is asked.
#[derive(Clone, Copy, Debug)]
pub struct LookupFacts {
    /// Name as a stack's `kind:` says it: `availability_zones`.
    pub name: &'static str,
    /// AWS service as in IAM actions.
    pub service: &'static str,
    /// What a stack may say.
    pub declared: &'static Block,
    /// What it answers.
    pub outputs: &'static Block,
    /// IAM actions that it needs.
    pub actions: &'static [&'static str],
}
