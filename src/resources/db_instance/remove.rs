//! Deleting a database.

use clefctl_core::error::Result;
use clefctl_core::kind::{Status, TagChange};

use super::{DbInstance, support};
use crate::aws::tags::rds as tags;
use crate::aws::{Cx, Live, Op};

/// Deletes a database, with a final snapshot wherever RDS takes one and nobody said otherwise.
pub(super) async fn remove(cx: &Cx<'_>, live: &Live<DbInstance>, last: Option<&DbInstance>) -> Result<()> {
    if matches!(live.status, Status::Dying(_)) {
        return Ok(());
    }
    let replica = live.spec.replicate_source_db.is_some();
    let takes = takes_snapshot(live, last);
    let given = last.and_then(|last| last.final_snapshot_identifier.clone());
    let default = format!("{}-final-{}", live.id, live.outputs.resource_id.to_lowercase());
    let name = match given {
        Some(name) => name,
        // A deletion that failed may have taken it already, and the database lived on.
        None if takes && support::snapshot(cx, &default).await?.is_some() => format!("{default}-{}", cx.nonce),
        None => default,
    };
    let snapshot = takes.then_some(name);
    if let Some(name) = &snapshot {
        (cx.progress)(&format!("with the final snapshot {name}"));
    }
    let keep_backups = last.is_none_or(|last| !last.delete_automated_backups);
    let deleted = support::when_free(cx, &live.id, || {
        cx.call(Op::new("rds:DeleteDBInstance"), || {
            cx.rds()
                .delete_db_instance()
                .db_instance_identifier(&live.id)
                .skip_final_snapshot(!takes)
                .set_final_db_snapshot_identifier(snapshot.clone())
                .delete_automated_backups(!keep_backups || replica)
                .send()
        })
    })
    .await;
    match deleted {
        // After a lost answer: it is on its way.
        Err(error) if support::is_busy(&error) && is_going(cx, &live.id).await? => {}
        Err(error) => return Err(error),
        Ok(_) => {}
    }
    match &snapshot {
        Some(name) if !live.spec.copy_tags_to_snapshot => mark(cx, live, name).await,
        _ => Ok(()),
    }
}

/// Whether a deletion takes a final snapshot. RDS takes none of replicas and of what is broken.
pub(super) fn takes_snapshot(live: &Live<DbInstance>, last: Option<&DbInstance>) -> bool {
    let possible = live.spec.replicate_source_db.is_none() && !matches!(live.status, Status::Failed(_));
    possible
        && last.is_none_or(|last| {
            !last.skip_final_snapshot || last.snapshot_before.contains("replacement") && is_replaced(last, &live.spec)
        })
}

/// Whether what the stack says is not what can become of this database: then another takes its place.
fn is_replaced(last: &DbInstance, live: &DbInstance) -> bool {
    let differs = |wanted: &Option<String>, there: &Option<String>| wanted.is_some() && wanted != there;
    last.identifier.to_lowercase() != live.identifier.to_lowercase()
        || differs(&last.engine, &live.engine)
        || differs(&last.kms_key_id, &live.kms_key_id)
        || differs(&last.db_name, &live.db_name)
        || differs(&last.username, &live.username)
        || differs(&last.db_subnet_group_name, &live.db_subnet_group_name)
        || differs(&last.availability_zone, &live.availability_zone)
        || last.storage_encrypted.is_some_and(|wanted| Some(wanted) != live.storage_encrypted)
        || last.replicate_source_db.is_some() && live.replicate_source_db.is_none()
}

/// Gives a final snapshot the tags of its database, so that it is known whose it is.
async fn mark(cx: &Cx<'_>, live: &Live<DbInstance>, name: &str) -> Result<()> {
    let change = TagChange { set: live.tags.clone(), remove: Vec::new() };
    match tags::change(cx, &cx.arn("rds", &format!("snapshot:{}", name.to_lowercase())), &change).await {
        // RDS has yet to begin with it; the name says whose it is.
        Err(error) if support::is_absent(&error) => Ok(()),
        ended => ended,
    }
}

async fn is_going(cx: &Cx<'_>, id: &str) -> Result<bool> {
    Ok(support::status(cx, id).await?.is_none_or(|status| matches!(status, Status::Dying(_))))
}
