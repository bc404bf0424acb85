use super::*;

#[test]
fn a_path_says_what_tags_would() {
    let tags = |pairs: &[(&str, &str)]| -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let plain = tags(&[(tag::STACK, "clefcloud/dev"), (tag::RESOURCE, "iam_group/deployers"), (tag::GENERATION, "1")]);
    assert_eq!(path(&plain), "/clefctl/clefcloud/dev/iam_group/deployers/+generation=1/");
    let mut all = plain.clone();
    all.extend(tags(&[
        (tag::RESOURCE, "iam_group/deployers/a=2Fb"),
        (tag::KEEP, "protect"),
        (tag::TRIGGER, "5b21ba5d"),
    ]));
    for tags in [plain, all] {
        assert_eq!(marks(&path(&tags)), tags);
    }
    assert_eq!(path(&Tags::new()), "/");
    for foreign in ["/", "/clefctl/", "/division/", "/clefctl/one/"] {
        assert_eq!(marks(foreign), Tags::new(), "{foreign}");
    }
}
