//! What a client says on its socket, and what follows from it.

use axum::extract::ws::{Message, close_code};
use futures::StreamExt as _;
use holt_api::bounds::MAX_FOLLOWS;
use holt_api::{AnswerFrame, AnswerHostFrame, ClientFrame, Follow, ReplyFrame, ServerFrame, SessionId};
use holt_engine::EngineError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::telling::{complaint, failed};
use super::{End, Socket, feed_items};
use crate::error::ApiError;
use crate::routes::sessions::to_engine_answer;

impl Socket {
    pub(super) async fn hear(&mut self, said: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        self.heard = Instant::now();
        match said {
            Some(Ok(Message::Text(text))) => self.obey(text.as_str()).await,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Binary(_))) => Err(End::Told(close_code::UNSUPPORTED, "frames are text in JSON")),
            Some(Ok(Message::Close(_))) | None => Err(End::Gone),
            Some(Err(error)) => Err(broken(&error)),
        }
    }

    async fn obey(&mut self, text: &str) -> Result<(), End> {
        match serde_json::from_str(text) {
            Ok(ClientFrame::Follow(wish)) => self.follow(wish).await,
            Ok(ClientFrame::Unfollow(wish)) => {
                self.unfollow(wish.unfollow);
                Ok(())
            }
            Ok(ClientFrame::Watch(_)) => self.watch().await,
            Ok(ClientFrame::Unwatch(_)) => {
                self.watch = None;
                Ok(())
            }
            Ok(ClientFrame::Answer(wish)) => self.answer(wish).await,
            Ok(ClientFrame::Reply(wish)) => self.reply(wish).await,
            Ok(ClientFrame::AnswerHost(wish)) => self.answer_host(wish).await,
            Ok(ClientFrame::Ping(wish)) => self.say(&ServerFrame::Pong { ping: wish.ping }).await,
            Err(_) => {
                let hint = "Send {\"follow\":id,\"after\":seq}, {\"unfollow\":id}, {\"watch\":\"sessions\"}, {\"answer\":call,\"session\":id,\"with\":{…}} or {\"ping\":n}.";
                self.say(&complaint(None, "bad_frame", "the frame is none that this socket takes", hint)).await
            }
        }
    }

    async fn follow(&mut self, Follow { follow: session, after, deltas }: Follow) -> Result<(), End> {
        // Following again begins again.
        self.unfollow(session);
        if self.follows.len() >= MAX_FOLLOWS {
            let message = format!("this socket follows {MAX_FOLLOWS} sessions already");
            return self
                .say(&complaint(Some(session), "too_many_follows", &message, "Unfollow some, or open another socket."))
                .await;
        }
        let (engine, by) = (&self.app.engine, &self.caller.principal);
        let feed = match deltas {
            true => engine.follow(by, session, after).await,
            false => engine.follow_quietly(by, session, after).await,
        };
        match feed {
            Ok(feed) => {
                let over = CancellationToken::new();
                let items = feed_items(feed).map(move |item| (session, item));
                self.feeds.push(items.take_until(over.clone().cancelled_owned()).boxed());
                self.follows.insert(session, over);
                Ok(())
            }
            Err(error) => self.say(&failed(session, error)).await,
        }
    }

    /// Watching again begins again.
    async fn watch(&mut self) -> Result<(), End> {
        match self.app.engine.watch(&self.caller.principal) {
            Ok(watch) => {
                self.watch = Some(watch);
                self.say(&ServerFrame::Watching).await
            }
            Err(error) => {
                let ApiError { code, message, hint, .. } = ApiError::from(error);
                self.say(&complaint(None, &code, &message, &hint)).await
            }
        }
    }

    /// The engine asks for the scope `approve`, which following does not take.
    async fn answer(&mut self, AnswerFrame { answer: call, session, answer_with }: AnswerFrame) -> Result<(), End> {
        let answer = to_engine_answer(answer_with);
        let taken = self.app.engine.answer(&self.caller.principal, session, call, answer).await;
        self.tell_answered(session, call.to_string(), taken.map(drop)).await
    }

    async fn reply(&mut self, ReplyFrame { reply: call, session, text }: ReplyFrame) -> Result<(), End> {
        let taken = self.app.engine.reply(&self.caller.principal, session, call, text).await;
        self.tell_answered(session, call.to_string(), taken.map(drop)).await
    }

    async fn answer_host(&mut self, wish: AnswerHostFrame) -> Result<(), End> {
        let AnswerHostFrame { answer_host: question, session, allow, lasting } = wish;
        let taken = self.app.engine.answer_host(&self.caller.principal, session, question, allow, lasting).await;
        self.tell_answered(session, question.to_string(), taken.map(drop)).await
    }

    async fn tell_answered(&mut self, session: SessionId, question: String, taken: Result<(), EngineError>) -> Result<(), End> {
        match taken {
            Ok(()) => self.say(&ServerFrame::Answered { session, question }).await,
            Err(error) => self.say(&failed(session, error)).await,
        }
    }

    pub(super) fn unfollow(&mut self, session: SessionId) {
        if let Some(over) = self.follows.remove(&session) {
            over.cancel();
        }
    }
}

fn broken(error: &axum::Error) -> End {
    // The one fault of a client's that a close code names; the rest is a connection that is gone.
    let text = error.to_string();
    if text.contains("too long") || text.contains("too big") {
        End::Told(close_code::SIZE, "a frame may have 64 KiB")
    } else {
        End::Told(close_code::PROTOCOL, "that was not a WebSocket frame")
    }
}
