//! When a model cannot answer, another does: one after the other, as long as nothing of an answer was shown.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use holt_core::model::{Model, ModelError, ModelEvent, ModelRequest, StoodIn};

use crate::decoder::Item;

/// Who is asked, in this order.
pub(crate) type Candidates = VecDeque<(Arc<dyn Model>, String)>;

struct Chain {
    request: ModelRequest,
    rest: Candidates,
    answer: BoxStream<'static, Item>,
    shown: bool,
}

/// Asks the first, and the next whenever that helps.
pub(crate) fn ask(request: ModelRequest, mut candidates: Candidates) -> BoxStream<'static, Item> {
    let Some(first) = candidates.pop_front() else {
        return stream::iter([Err(ModelError::Unknown(request.model))]).boxed();
    };
    let answer = begin(&request, &first);
    let chain = Chain { request, rest: candidates, answer, shown: false };
    stream::unfold(chain, |mut chain| async { chain.next().await.map(|item| (item, chain)) }).boxed()
}

fn begin(request: &ModelRequest, (provider, model): &(Arc<dyn Model>, String)) -> BoxStream<'static, Item> {
    provider.stream(ModelRequest { model: model.clone(), ..request.clone() })
}

impl Chain {
    async fn next(&mut self) -> Option<Item> {
        let item = self.answer.next().await?;
        let Err(error) = &item else {
            self.shown |= matches!(item, Ok(ModelEvent::Text(_) | ModelEvent::Reasoning(_)));
            return Some(item);
        };
        if self.shown || !another_may_do(error) {
            return Some(item);
        }
        let Some(next) = self.rest.pop_front() else { return Some(item) };
        let (wanted, model) = (self.request.model.clone(), next.1.clone());
        tracing::warn!(%wanted, instead = %model, code = error.code(), "a model cannot answer, and another is asked");
        let stood_in = StoodIn { wanted, model, code: error.code().into(), why: error.to_string() };
        self.answer = begin(&self.request, &next);
        Some(Ok(ModelEvent::StoodIn(stood_in)))
    }
}

/// What is wrong with the request or with the conversation is wrong with the next model too.
fn another_may_do(error: &ModelError) -> bool {
    error.is_passing() || matches!(error, ModelError::NoQuota(_) | ModelError::BadKey(_) | ModelError::Unknown(_))
}
