//! Physical names: what a resource is called in AWS where the stack does not say.

use sha2::{Digest, Sha256};

use super::{Address, NameChars, Naming, Owner, Unique};

/// What a default name is made of.
#[derive(Clone, Copy, Debug)]
pub struct NameParts<'a> {
    /// Whose it is.
    pub owner: &'a Owner,
    /// Which entry of the stack it is.
    pub address: &'a Address,
    /// The account's number; part of names that are unique in the world.
    pub account: &'a str,
    /// The region; part of names that are unique in the world.
    pub region: &'a str,
    /// The generation; from 2 on it is the name's suffix, so that old and new can live side by side.
    pub generation: u32,
}

impl Naming {
    /// The name of a resource whose stack does not write one: `<stack>-<env>-<resource>[-<key>]`,
    /// cut and closed with a hash where the service takes no more characters.
    #[must_use]
    pub fn default_name(&self, parts: NameParts<'_>) -> String {
        let NameParts { owner, address, account, region, generation } = parts;
        let mut whole = format!("{}-{}", owner.prefix(), address.name);
        if let Some(key) = &address.key {
            whole.push('-');
            whole.push_str(key);
        }
        let name: String = whole.chars().map(|c| self.fit(c)).collect();
        let mut suffix = String::new();
        if self.unique == Unique::World {
            suffix = format!("-{}", short_hash(&format!("{account}\n{region}\n{owner}")));
        }
        if generation > 1 {
            suffix.push_str(&generation_suffix(generation));
        }
        if name.len() + suffix.len() <= self.max {
            return name + &suffix;
        }
        let tail = format!("-{}{suffix}", short_hash(&whole));
        let room = self.max.saturating_sub(tail.len());
        let head: String = name.chars().take(room).collect();
        format!("{}{tail}", head.trim_end_matches(['-', '.', '_']))
    }

    fn fit(&self, c: char) -> char {
        let allowed = match self.allowed {
            NameChars::LowerHyphen => c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
            NameChars::Hyphen => c.is_ascii_alphanumeric() || c == '-',
            NameChars::Wide => c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'),
        };
        match (allowed, self.allowed) {
            (true, _) => c,
            (false, NameChars::LowerHyphen) if c.is_ascii_uppercase() => c.to_ascii_lowercase(),
            (false, _) => '-',
        }
    }
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
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naming(max: usize, allowed: NameChars, unique: Unique) -> Naming {
        Naming { attribute: "name", max, allowed, unique }
    }

    fn name(naming: Naming, address: &Address, generation: u32) -> String {
        let owner = Owner::new("clefcloud", "dev");
        naming.default_name(NameParts {
            owner: &owner,
            address,
            account: "123456789012",
            region: "eu-west-3",
            generation,
        })
    }

    #[test]
    fn default_names_say_whose_and_what() {
        let role = naming(64, NameChars::Wide, Unique::Account);
        let db = naming(63, NameChars::LowerHyphen, Unique::Account);
        assert_eq!(name(role, &Address::plain("app_role"), 1), "clefcloud-dev-app_role");
        assert_eq!(name(db, &Address::plain("app_db"), 1), "clefcloud-dev-app-db");
        assert_eq!(name(db, &Address::keyed("app_db", "A/é"), 2), "clefcloud-dev-app-db-a---g2");
    }

    #[test]
    fn names_unique_in_the_world_carry_a_hash_of_the_place() {
        let bucket = naming(63, NameChars::LowerHyphen, Unique::World);
        let plain = name(bucket, &Address::plain("files"), 1);
        let (head, hash) = plain.rsplit_once('-').unwrap();
        assert_eq!(head, "clefcloud-dev-files");
        assert!(hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{plain}");
        assert_eq!(name(bucket, &Address::plain("files"), 3), format!("{plain}-g3"));
    }

    #[test]
    fn long_names_are_cut_and_stay_distinct() {
        let lb = naming(32, NameChars::Hyphen, Unique::Account);
        let long = |end: &str| name(lb, &Address::plain(&format!("a_rather_long_name_of_balancer_{end}")), 2);
        assert!(long("x").len() <= 32 && long("x").ends_with("-g2"), "{}", long("x"));
        assert_ne!(long("x"), long("y"));
    }

    #[test]
    fn generations_are_read_back_from_names() {
        for (name, generation) in
            [("web", 1), ("web-g2", 2), ("web-g12", 12), ("web-g1", 1), ("web-g02", 1), ("x-gx", 1)]
        {
            assert_eq!(generation_of(name), generation, "{name}");
        }
    }
}
