//! Versions of engines: written in full or by their beginning, and moved on by AWS.

use clefctl_core::kind::Value;

/// Whether what runs is what was asked for: `15` is satisfied by `15.8`, and `15.4` by the `15.8` that AWS upgraded
/// it to. A downgrade is never wanted.
pub(super) fn suffices(wanted: &Value, there: &Value) -> bool {
    matches!((wanted.as_str(), there.as_str()), (Some(wanted), Some(there)) if runs(wanted, there))
}

/// The same, of texts.
pub(super) fn runs(wanted: &str, there: &str) -> bool {
    match (parts(wanted), parts(there)) {
        (Some(wanted), Some(there)) => {
            let major = major_parts(&there);
            let newer = wanted.len() > major && there.get(..major) == wanted.get(..major) && there > wanted;
            there.starts_with(&wanted) || newer
        }
        _ => wanted == there || there.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.')),
    }
}

/// Which way a change of the version goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Within the major version.
    Minor,
    /// To a later major version.
    Major,
    /// To an earlier major version, which RDS does not do.
    Back,
    /// The versions are not numbers.
    Unknown,
}

/// The step from the version that runs to another.
pub(super) fn step(there: &str, wanted: &str) -> Step {
    let (Some(there), Some(wanted)) = (parts(there), parts(wanted)) else { return Step::Unknown };
    let major = major_parts(&there);
    let begin = |parts: &[u32]| parts.iter().take(major).copied().collect::<Vec<_>>();
    match begin(&wanted).cmp(&begin(&there)) {
        std::cmp::Ordering::Less if !there.starts_with(&wanted) => Step::Back,
        std::cmp::Ordering::Greater => Step::Major,
        _ => Step::Minor,
    }
}

fn parts(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

/// How many numbers make the major version: one where versions have two, else two.
fn major_parts(version: &[u32]) -> usize {
    if version.len() > 2 { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_match_by_prefix_and_never_go_down() {
        for (wanted, there, same) in [
            ("15", "15.8", true),
            ("15.8", "15.8", true),
            ("15.4", "15.8", true),
            ("15.8", "15.4", false),
            ("16", "15.8", false),
            ("1", "15.8", false),
            ("8.0", "8.0.39", true),
            ("8.0.35", "8.0.39", true),
            ("8.4", "8.0.39", false),
            ("5.7.44", "8.0.39", false),
            ("15.00.4345.5.v1", "15.00.4345.5.v1", true),
            ("15.00", "15.00.4345.5.v1", true),
            ("15.0", "15.00.4345.5.v1", false),
            ("19.0.0.0.ru-2024-01.rur-2024-01.r1", "19.0.0.0.ru-2024-04.rur-2024-04.r1", false),
        ] {
            assert_eq!(suffices(&wanted.into(), &there.into()), same, "{wanted} {there}");
        }
    }

    #[test]
    fn steps_across_major_versions_are_known() {
        for (there, wanted, want) in [
            ("15.8", "15.10", Step::Minor),
            ("15.8", "16", Step::Major),
            ("15.8", "14.12", Step::Back),
            ("8.0.39", "8.4.4", Step::Major),
            ("8.0.39", "8.0.41", Step::Minor),
            ("8.4.4", "8.0.41", Step::Back),
            ("8.0.39", "8", Step::Minor),
            ("19.0.0.0.ru-2024-01.rur-2024-01.r1", "19", Step::Unknown),
        ] {
            assert_eq!(step(there, wanted), want, "{there} {wanted}");
        }
    }
}
