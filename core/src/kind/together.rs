//! Reads that several kinds of one survey need alike are sent once.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::error::{Error, Result};

/// What is asked, for which owner, in which region, under which role.
pub(super) type Question = (String, String, String, Option<String>);

type Answer = Result<Arc<dyn Any + Send + Sync>>;

/// The answers that the reads of one survey share. Who changes things must look again, with another one.
#[derive(Clone, Debug, Default)]
pub struct Together(Arc<Mutex<HashMap<Question, Arc<OnceCell<Answer>>>>>);

impl Together {
    /// The answer to a question: the first who asks reads, others wait for it.
    pub(super) async fn answer<T, F>(&self, question: Question, read: F) -> Result<Arc<T>>
    where
        T: Any + Send + Sync,
        F: Future<Output = Result<T>>,
    {
        let what = question.0.clone();
        let cell = Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(question).or_default());
        let answer =
            cell.get_or_init(|| async { read.await.map(|answer| Arc::new(answer) as Arc<dyn Any + Send + Sync>) });
        let answer = answer.await.clone()?;
        answer.downcast().map_err(|_| Error::internal(format!("{what} was asked in two ways")))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_question_is_asked_once_and_every_other_one_too() {
        let together = Together::default();
        let asked = AtomicU32::new(0);
        let ask = async |region: &str| {
            let question = ("tags".to_owned(), "shop/dev".to_owned(), region.to_owned(), None);
            let read = async { Result::Ok(asked.fetch_add(1, Ordering::Relaxed)) };
            *together.answer(question, read).await.unwrap()
        };
        let (a, b) = tokio::join!(ask("eu-west-3"), ask("eu-west-3"));
        assert_eq!((a, b), (0, 0));
        assert_eq!(ask("eu-west-1").await, 1);
        assert_eq!(ask("eu-west-3").await, 0);
    }
}
