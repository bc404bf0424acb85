use super::*;

#[test]
fn names_are_read_from_arns_of_either_form() {
    for text in ["/aws/app", "arn:aws:logs:r:1:log-group:/aws/app", "arn:aws:logs:r:1:log-group:/aws/app:*"] {
        assert_eq!(name_of(text), "/aws/app");
    }
}
