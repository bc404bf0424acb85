//! Reads that ask the same at the same time share one answer.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clefctl_core::error::{Error, Result};
use tokio::sync::OnceCell;

use super::Cx;

/// How long a read waits for others to join it. Kinds are read side by side, so that a moment is enough.
const WINDOW: Duration = Duration::from_millis(20);

/// What is asked, for which owner, in which region, under which role.
type Question = (&'static str, String, String, Option<String>);

type Answer = Result<Arc<dyn Any + Send + Sync>>;

/// The reads that have not been sent yet.
#[derive(Debug, Default)]
pub(super) struct Together(Mutex<HashMap<Question, Arc<OnceCell<Answer>>>>);

impl Together {
    /// The read of this question that has not been sent yet: an answer that is on its way may be older than what
    /// the asker has done in the meantime.
    fn join(&self, question: &Question) -> Arc<OnceCell<Answer>> {
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(question.clone()).or_default())
    }

    /// Nobody joins any more.
    fn close(&self, question: &Question, read: &Arc<OnceCell<Answer>>) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.get(question).is_some_and(|open| Arc::ptr_eq(open, read)) {
            open.remove(question);
        }
    }
}

impl Cx<'_> {
    /// Reads, or shares the answer with others who ask the same in this moment. `what` names the question.
    pub async fn together<T, F>(&self, what: &'static str, read: F) -> Result<Arc<T>>
    where
        T: Any + Send + Sync,
        F: Future<Output = Result<T>>,
    {
        let owner = self.owner.to_string();
        let question = (what, owner, self.region.to_string(), self.role_arn.as_deref().map(str::to_owned));
        let together = &self.aws.together;
        let joined = together.join(&question);
        let answer = joined.get_or_init(|| async {
            tokio::time::sleep(WINDOW).await;
            together.close(&question, &joined);
            read.await.map(|answer| Arc::new(answer) as Arc<dyn Any + Send + Sync>)
        });
        let answer = answer.await.clone()?;
        answer.downcast().map_err(|_| Error::internal(format!("{what} was asked in two ways")))
    }
}
