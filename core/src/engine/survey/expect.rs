//! What the stack expects of each kind before anything is read.

use std::collections::BTreeMap;

use crate::engine::declare::{Declaration, new_tags, physical_name};
use crate::engine::inventory::Inventory;
use crate::engine::known::{Known, view};
use crate::engine::order::{Node, groups};
use crate::engine::tags::TagRules;
use crate::kind::{Address, Desired, ExpectedInstance, Value};

/// The declared instances as far as they are known before anything is read. What does not evaluate is expected
/// without attributes; its problem is reported by the plan.
pub(super) fn instances(stack: &dyn Desired, inventory: &Inventory) -> BTreeMap<Address, ExpectedInstance> {
    let mut known = Known::new(&inventory.account);
    for (lookup, answer) in &inventory.answers {
        known.answer(lookup, answer.clone());
    }
    let tag_rules = TagRules::default();
    let mut expected = BTreeMap::new();
    for node in groups(stack).into_iter().flatten() {
        let Node::Instance(instance) = node else { continue };
        let mut attributes = stack.evaluate(instance, &known).unwrap_or_default();
        let declaration = Declaration {
            owner: stack.owner(),
            account: &inventory.account,
            facts: instance.facts,
            instance,
            evaluated: &attributes,
            trigger: &Value::Null,
            generation: 1,
            tag_rules: &tag_rules,
        };
        let (name, tags) = (physical_name(&declaration, None), new_tags(&declaration));
        if let (Some(naming), Some(name)) = (instance.facts.naming, &name) {
            attributes.insert(naming.attribute.to_owned(), Value::from(name.as_str()));
        }
        known.set(&instance.address, view(instance.facts, &instance.address, &attributes, None, |_| false));
        attributes.remove("tags");
        let instance = ExpectedInstance { address: instance.address.clone(), name, attributes, tags };
        expected.insert(instance.address.clone(), instance);
    }
    expected
}
