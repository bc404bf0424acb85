//! The windows in which RDS makes backups and maintains, in UTC.
//!
//! Source: `PreferredBackupWindow` and `PreferredMaintenanceWindow` of `CreateDBInstance`: half an hour at the least, and
//! never at the same time.

use clefctl_core::kind::Violation;

use super::DbInstance;

const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What RDS would refuse.
pub(super) fn check(db: &DbInstance) -> Vec<Violation> {
    let mut found = Vec::new();
    let read = |window: Option<&String>, length: i64| {
        let (from, to) = window?.split_once('-')?;
        let from = minutes(from)?;
        Some((from, (minutes(to)? - from).rem_euclid(length)))
    };
    let backup = read(db.backup_window.as_ref(), DAY);
    let maintenance = read(db.maintenance_window.as_ref(), WEEK);
    for (name, said, window) in [
        ("backup_window", db.backup_window.is_some(), backup),
        ("maintenance_window", db.maintenance_window.is_some(), maintenance),
    ] {
        match window {
            Some((_, length)) if length < 30 => found.push(Violation::new(name, "it takes at least 30 minutes")),
            None if said => found.push(Violation::new(name, "there is no such time")),
            _ => {}
        }
    }
    if let (Some(backup), Some(maintenance)) = (backup, maintenance)
        && meet(backup, maintenance)
    {
        let violation = Violation::new("maintenance_window", "it must not overlap the backup window");
        found.push(
            violation.hint(format!("backups are made {} each day", db.backup_window.as_deref().unwrap_or_default())),
        );
    }
    found
}

/// Whether a daily and a weekly window overlap: each is its beginning and its length, in minutes.
fn meet((backup, takes): (i64, i64), (maintenance, lasts): (i64, i64)) -> bool {
    // The day before reaches into the week, and the week into the next one.
    (-1..=8).map(|day| day * DAY + backup).any(|start| start < maintenance + lasts && maintenance < start + takes)
}

/// Minutes since Monday, or since midnight where no day is said.
fn minutes(text: &str) -> Option<i64> {
    let (day, time) = match text.split_once(':')? {
        (day, time) if time.contains(':') => (DAYS.iter().zip(0..).find(|(name, _)| **name == day)?.1, time),
        _ => (0, text),
    };
    let (hour, minute) = time.split_once(':')?;
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(day * DAY + hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, expected) in [
            ("03:30", Some(210)),
            ("tue:00:10", Some(DAY + 10)),
            ("sun:23:59", Some(WEEK - 1)),
            ("24:00", None),
            ("12:60", None),
            ("abc:12:00", None),
            ("12", None),
        ] {
            assert_eq!(minutes(text), expected, "{text}");
        }
    }

    #[test]
    fn windows_overlap_whatever_the_day() {
        let at = |text: &str| minutes(text).unwrap();
        for (backup, maintenance, expected) in [
            (("03:00", 60), ("mon:03:30", 60), true),
            (("03:00", 60), ("mon:04:00", 60), false),
            (("03:00", 60), ("sun:02:00", 60), false),
            (("23:30", 60), ("mon:00:00", 30), true),
            (("00:00", 30), ("sun:23:45", 30), true),
            (("12:00", 30), ("sat:23:00", 14 * 60), true),
        ] {
            let found = meet((at(backup.0), backup.1), (at(maintenance.0), maintenance.1));
            assert_eq!(found, expected, "{backup:?} {maintenance:?}");
        }
    }
}
