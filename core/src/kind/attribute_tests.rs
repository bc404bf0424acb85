use std::collections::BTreeSet;

use super::{Absent, Attributes, Changes, Cidr, Literal, Name, Rule, Secret, Type};

/// A network. It has
/// two lines.
#[derive(Attributes)]
#[attributes(exactly_one("cidr", "pool"), requires("iops", "size"))]
#[expect(dead_code, reason = "only its table is looked at")]
struct Sample {
    /// Its name.
    #[attr(create_only)]
    name: Name,
    /// Its network.
    cidr: Option<Cidr>,
    /// How big.
    #[attr(default = 7, range(0, 35))]
    size: i32,
    /// Where.
    #[attr(aws_default = "AWS picks one")]
    zone: Option<String>,
    /// Who.
    #[attr(refers("security_group", "id"), settled)]
    groups: BTreeSet<String>,
    /// Pass.
    #[attr(write_only)]
    password: Option<Secret>,
    /// A word of the language.
    #[attr(values("a", "b"), default = "a")]
    r#type: String,
    /// Version.
    #[attr(changes_on("size"), looks_like = "{n}")]
    version: i64,
}

#[test]
fn the_derive_writes_the_table() {
    let block = &Sample::BLOCK;
    assert_eq!(block.doc, "A network. It has two lines.");
    assert!(matches!(block.rules, [Rule::ExactlyOne(["cidr", "pool"]), Rule::Requires("iops", ["size"])]));
    let attr = |name: &str| block.attribute(name).unwrap();
    assert!(attr("name").create_only && matches!(attr("name").ty, Type::Name));
    assert!(matches!(attr("cidr").absent, Absent::Default(Literal::Null)));
    assert!(matches!(attr("size").absent, Absent::Default(Literal::Int(7))) && attr("size").range == Some((0, 35)));
    assert!(matches!(attr("zone").absent, Absent::Aws("AWS picks one")));
    assert!(matches!(attr("groups").ty, Type::Set(Type::Reference { kind: "security_group", output: "id" })));
    assert!(matches!(attr("groups").absent, Absent::Default(Literal::EmptyList)) && attr("groups").settled);
    assert!(attr("password").sensitive && attr("password").write_only);
    assert_eq!(attr("type").values, ["a", "b"]);
    assert_eq!(attr("version").changes, Changes::OnUpdateOf(&["size"]));
}
