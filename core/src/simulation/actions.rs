//! Which API call a verb makes, as far as the lists of IAM actions tell.

use crate::kind::Facts;

/// A verb that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Update,
    Delete,
}

/// The actions of a verb's calls in order, at least one: what changes something and is no mere permission.
/// Of a deletion the call that deletes comes last.
pub(super) fn actions(facts: &Facts, verb: Verb) -> Vec<String> {
    let (listed, word) = match verb {
        Verb::Create => (facts.actions.create, "Create"),
        Verb::Update => (facts.actions.update, "Modify"),
        Verb::Delete => (facts.actions.delete, "Delete"),
    };
    let mut found: Vec<String> =
        listed.iter().filter(|action| changes(action) && !is_tagging(action)).map(|a| (*a).to_owned()).collect();
    if found.is_empty() {
        found.push(format!("{}:{word}{}", facts.service, camel(facts.name)));
    }
    if verb == Verb::Delete
        && let Some(last) = found.iter().rposition(|action| deletes(action))
    {
        let last = found.remove(last);
        found.push(last);
    }
    found
}

/// The action that changes the tags of a kind.
pub(super) fn tagging(facts: &Facts) -> String {
    let listed = facts.actions.update.iter().chain(facts.actions.create).find(|action| is_tagging(action));
    listed.map_or_else(|| format!("{}:TagResource", facts.service), |action| (*action).to_owned())
}

/// The actions of reading: the list, then those of details.
pub(super) fn reading(facts: &Facts) -> Vec<String> {
    if facts.actions.read.is_empty() {
        return vec![format!("{}:Describe{}s", facts.service, camel(facts.name))];
    }
    facts.actions.read.iter().map(|action| (*action).to_owned()).collect()
}

fn name(action: &str) -> &str {
    action.split_once(':').map_or(action, |(_, name)| name)
}

fn changes(action: &str) -> bool {
    let reads = ["Describe", "List", "Get", "Head", "Lookup", "Search"];
    let permissions = ["PassRole", "CreateServiceLinkedRole"];
    !reads.iter().any(|word| name(action).starts_with(word)) && !permissions.contains(&name(action))
}

fn is_tagging(action: &str) -> bool {
    let name = name(action);
    name.contains("Tag") && !name.starts_with("Delete") && !name.starts_with("Untag") && !name.starts_with("Remove")
}

fn deletes(action: &str) -> bool {
    ["Delete", "Terminate", "Release", "Schedule"].iter().any(|word| name(action).starts_with(word))
}

fn camel(name: &str) -> String {
    let words = name.split('_').map(|word| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Actions;

    #[test]
    fn calls_are_named_by_what_they_do() {
        let actions_of = |create, delete| Facts {
            name: "iam_role",
            service: "iam",
            actions: Actions { create, delete, ..Actions::NONE },
            ..Facts::REGIONAL
        };
        let role = actions_of(
            &["iam:TagRole", "iam:CreateRole", "iam:PassRole", "iam:PutRolePolicy", "iam:GetRole"],
            &["iam:DeleteRole", "iam:DetachRolePolicy", "iam:ListRolePolicies"],
        );
        assert_eq!(actions(&role, Verb::Create), ["iam:CreateRole", "iam:PutRolePolicy"]);
        assert_eq!(actions(&role, Verb::Delete), ["iam:DetachRolePolicy", "iam:DeleteRole"]);
        assert_eq!(actions(&role, Verb::Update), ["iam:ModifyIamRole"]);
        assert_eq!(tagging(&role), "iam:TagRole");
    }
}
