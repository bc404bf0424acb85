use super::*;

#[test]
fn the_oldest_versions_go_and_never_the_default_one() {
    let version = |n: u32| PolicyVersion::builder().version_id(format!("v{n}")).is_default_version(n == 3).build();
    let five: Vec<_> = [12, 3, 9, 10, 11].into_iter().map(version).collect();
    assert_eq!(superfluous(&five, 4), ["v9"]);
    assert_eq!(superfluous(&five, 1), ["v9", "v10", "v11", "v12"]);
    assert_eq!(superfluous(&five[..2], 4), Vec::<&str>::new());
}
