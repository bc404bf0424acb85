//! What databases and their snapshots share: snapshots taken and waited for, and calls that wait for their turn.

use std::future::Future;
use std::time::Duration;

use aws_sdk_rds::types::{DbInstance as Sdk, DbSnapshot};
use clefctl_core::error::{Error, ErrorKind, Result};
use clefctl_core::kind::{Status, Tags};
use tokio::time::Instant;

use super::db_instance::{DbInstance, live};
use crate::aws::tags::rds as tags;
use crate::aws::{Cx, Live, Op};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(5);
/// How long the status of a database may lag behind what is done to it.
const LAG: Duration = Duration::from_mins(2);

/// The manual snapshot of that name.
pub(super) async fn snapshot(cx: &Cx<'_>, name: &str) -> Result<Option<DbSnapshot>> {
    let found = cx
        .call(Op::new("rds:DescribeDBSnapshots"), || {
            cx.rds().describe_db_snapshots().db_snapshot_identifier(name).send()
        })
        .await;
    match found {
        Ok(found) => Ok(found.db_snapshots.unwrap_or_default().into_iter().next()),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the error says that there is no such snapshot.
pub(super) fn is_absent(error: &Error) -> bool {
    matches!(error.code(), Some("DBSnapshotNotFound" | "DBSnapshotNotFoundFault"))
}

/// What state a snapshot is in (RDS user guide, "Creating a DB snapshot").
pub(super) fn state(snapshot: &DbSnapshot) -> Status {
    match snapshot.status().unwrap_or_default() {
        "available" => Status::Usable,
        "failed" | "incompatible-restore" => Status::Failed(snapshot.status().unwrap_or_default().to_owned()),
        "deleting" => Status::Dying("deleting".to_owned()),
        status => match snapshot.percent_progress() {
            Some(percent) => Status::Pending(format!("{status}, {percent} %")),
            None => Status::Pending(status.to_owned()),
        },
    }
}

/// Takes a snapshot of a database with the given tags.
pub(super) async fn take(cx: &Cx<'_>, database: &str, name: &str, new: &Tags) -> Result<()> {
    when_free(cx, database, || {
        cx.call(Op::new("rds:CreateDBSnapshot"), || {
            cx.rds()
                .create_db_snapshot()
                .db_instance_identifier(database)
                .db_snapshot_identifier(name)
                .set_tags(Some(tags::write(new)))
                .send()
        })
    })
    .await?;
    Ok(())
}

/// Waits until a snapshot can be restored from.
pub(super) async fn complete(cx: &Cx<'_>, name: &str) -> Result<()> {
    loop {
        match snapshot(cx, name).await?.as_ref().map(state) {
            Some(Status::Usable) => return Ok(()),
            Some(Status::Failed(why) | Status::Dying(why)) => {
                return Err(Error::new(ErrorKind::Failed, format!("the snapshot {name} failed: {why}")));
            }
            Some(Status::Pending(state)) => (cx.progress)(&format!("snapshot {name}: {state}")),
            None => (cx.progress)(&format!("waiting until the snapshot {name} can be seen")),
        }
        cx.alive()?;
        cx.pause(PAUSE).await;
    }
}

/// The database of that name.
async fn describe(cx: &Cx<'_>, id: &str) -> Result<Option<Sdk>> {
    let found = cx
        .call(Op::new("rds:DescribeDBInstances"), || cx.rds().describe_db_instances().db_instance_identifier(id).send())
        .await;
    match found {
        Ok(found) => Ok(found.db_instances.unwrap_or_default().into_iter().next()),
        Err(error) if matches!(error.code(), Some("DBInstanceNotFound" | "DBInstanceNotFoundFault")) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What state a database is in; nothing when it is gone.
pub(super) async fn status(cx: &Cx<'_>, id: &str) -> Result<Option<Status>> {
    Ok(describe(cx, id).await?.map(|database| live(&database).status))
}

/// Waits until a database is there, can be used, and `settled` says that it is as it is to be.
pub(super) async fn usable(cx: &Cx<'_>, id: &str, settled: impl Fn(&Sdk) -> bool) -> Result<Live<DbInstance>> {
    loop {
        match describe(cx, id).await?.map(|database| (live(&database), settled(&database))) {
            Some((live, settled)) => match &live.status {
                Status::Usable if settled => return Ok(live),
                Status::Usable => (cx.progress)("waiting until the changes are made"),
                Status::Pending(state) => (cx.progress)(state),
                Status::Failed(why) | Status::Dying(why) => {
                    return Err(Error::new(ErrorKind::Failed, format!("{id} failed: {why}"))
                        .hint("mend the cause and run again"));
                }
            },
            None => (cx.progress)("waiting until it can be seen"),
        }
        cx.alive()?;
        cx.pause(PAUSE).await;
    }
}

/// Makes a call that RDS refuses while it works on the database, again when that is done.
pub(super) async fn when_free<T, F, Fut>(cx: &Cx<'_>, id: &str, call: F) -> Result<T>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let mut lagging = None;
    loop {
        let error = match call().await {
            Err(error) if is_busy(&error) => error,
            ended => return ended,
        };
        match status(cx, id).await? {
            Some(Status::Pending(state)) => {
                lagging = None;
                (cx.progress)(&state);
            }
            // Right after a change the status says that all is well; and when it does so for long, it means another.
            Some(Status::Usable) if lagging.get_or_insert_with(Instant::now).elapsed() < LAG => {}
            _ => return Err(error),
        }
        cx.alive()?;
        cx.pause(PAUSE).await;
    }
}

/// Whether RDS refuses because it works on the database, or it is in no state to.
pub(super) fn is_busy(error: &Error) -> bool {
    matches!(error.code(), Some("InvalidDBInstanceState" | "InvalidDBInstanceStateFault"))
}
