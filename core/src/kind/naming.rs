//! Physical names that a stack does not write: `<stack>-<env>-<resource>[-<key>][-g<generation>]`.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::{Address, NameChars, Naming, Owner, Unique};

/// How many hex digits of a hash make a shortened name differ from others.
const HASH_DIGITS: usize = 8;

/// The default name of an instance of the given generation, in characters and a length that AWS takes.
///
/// The first generation has no suffix. What is unique in the world carries 8 hex digits of a hash of account,
/// region and owner. A name that would be too long is cut, and a hash of the whole keeps it distinct.
#[must_use]
pub fn default_name(
    naming: &Naming,
    owner: &Owner,
    address: &Address,
    generation: u32,
    account: &str,
    region: &str,
) -> String {
    let mut parts = vec![owner.prefix(), address.name.to_string()];
    parts.extend(address.key.as_ref().map(ToString::to_string));
    let full = parts.join("-");
    let mut name = allowed(&full, naming.allowed);
    // What the characters lost must not make two names one.
    let lossy = address.key.as_ref().is_some_and(|key| allowed(key, naming.allowed) != **key);
    let mut tail = String::new();
    if naming.unique == Unique::World {
        tail.push('-');
        tail.push_str(&hash(&format!("{account}/{region}/{owner}"), HASH_DIGITS));
    }
    if generation > 1 {
        tail.push_str(&generation_suffix(generation));
    }
    let room = naming.max.saturating_sub(tail.len());
    if lossy || name.len() > room {
        let digest = hash(&format!("{owner}/{address}"), HASH_DIGITS);
        name.truncate(room.saturating_sub(HASH_DIGITS + 1));
        let kept = name.trim_end_matches(['-', '.', '_']).len();
        name.truncate(kept);
        name.push('-');
        name.push_str(&digest);
    }
    name + &tail
}

/// The text in characters that AWS takes; all of them are ASCII.
fn allowed(text: &str, chars: NameChars) -> String {
    let fits = |c: char| match chars {
        NameChars::LowerHyphen => c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
        NameChars::Hyphen => c.is_ascii_alphanumeric() || c == '-',
        NameChars::Wide => c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'),
    };
    let map = |c: char| match c {
        c if fits(c) => c,
        c if fits(c.to_ascii_lowercase()) => c.to_ascii_lowercase(),
        _ => '-',
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars().map(map) {
        // Many services refuse two hyphens in a row.
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    let end = out.trim_end_matches('-').len();
    out.truncate(end);
    out
}

/// What the name of a later generation ends with: `-g2`.
#[must_use]
pub fn generation_suffix(generation: u32) -> String {
    format!("-g{generation}")
}

/// The generation that a name's suffix tells; 1 where it tells none.
#[must_use]
pub fn generation_of(name: &str) -> u32 {
    let Some((_, digits)) = name.rsplit_once("-g") else { return 1 };
    let plain = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|&n| plain && n > 1).unwrap_or(1)
}

/// Eight hex digits of the SHA-256 hash of a text.
#[must_use]
pub fn short_hash(text: &str) -> String {
    hash(text, HASH_DIGITS)
}

fn hash(text: &str, digits: usize) -> String {
    let mut hex = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(hex, "{byte:02x}");
    }
    hex.truncate(digits);
    hex
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn naming(max: usize, allowed: NameChars, unique: Unique) -> Naming {
        Naming { attribute: "name", max, allowed, unique }
    }

    fn name(naming: &Naming, address: &Address, generation: u32) -> String {
        default_name(naming, &Owner::new("clefcloud", "dev"), address, generation, "123456789012", "eu-west-3")
    }

    #[test]
    fn generations_are_read_back_from_names() {
        for (name, generation) in
            [("web", 1), ("web-g2", 2), ("web-g12", 12), ("web-g1", 1), ("web-g02", 1), ("x-gx", 1)]
        {
            assert_eq!(generation_of(name), generation, "{name}");
        }
    }

    #[test]
    fn names_say_whose_they_are() {
        let wide = naming(255, NameChars::Wide, Unique::Account);
        let narrow = naming(32, NameChars::LowerHyphen, Unique::Account);
        let world = naming(63, NameChars::LowerHyphen, Unique::World);
        for (rules, address, generation, want) in [
            (&wide, Address::plain("app_role"), 1, "clefcloud-dev-app_role"),
            (&wide, Address::plain("app_role"), 2, "clefcloud-dev-app_role-g2"),
            (&narrow, Address::plain("app_role"), 1, "clefcloud-dev-app-role"),
            (&narrow, Address::keyed("public", "a"), 3, "clefcloud-dev-public-a-g3"),
            (&world, Address::plain("scores"), 1, "clefcloud-dev-scores-5b21ba5d"),
            (&world, Address::plain("scores"), 2, "clefcloud-dev-scores-5b21ba5d-g2"),
            (&narrow, Address::plain("a_very_long_name_indeed"), 1, "clefcloud-dev-a-very-lo-43eafe56"),
        ] {
            assert_eq!(name(rules, &address, generation), want);
        }
    }

    #[test]
    fn keys_that_lose_characters_keep_their_names_apart() {
        let narrow = naming(40, NameChars::LowerHyphen, Unique::Account);
        let names: HashSet<_> =
            ["a/b", "a-b", "a.b", "A-b", "a--b"].map(|key| name(&narrow, &Address::keyed("x", key), 1)).into();
        assert_eq!(names.len(), 5);
    }

    proptest! {
        #[test]
        fn names_fit(key in "\\PC{0,80}", max in 24_usize..256, generation in 1_u32..12) {
            for unique in [Unique::World, Unique::Account] {
                for chars in [NameChars::LowerHyphen, NameChars::Hyphen, NameChars::Wide] {
                    let made = name(&naming(max, chars, unique), &Address::keyed("public", &key), generation);
                    prop_assert!(made.len() <= max, "{made}");
                    prop_assert!(made.is_ascii() && !made.ends_with('-') && !made.contains("--"), "{made}");
                }
            }
        }
    }
}
