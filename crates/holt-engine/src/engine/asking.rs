//! What people ask of a session.

use holt_core::access::{Principal, Scope};
use holt_core::event::Seq;
use holt_core::id::{CallId, PromptId, SessionId};
use holt_core::machine::{Input, NewAnswer, NewPrompt, Refusal};
use holt_core::policy::Mode;
use holt_core::session::{EndReason, Status};
use holt_core::view::Snapshot;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::Engine;
use crate::error::EngineError;
use crate::owner::{Reply, Request};
use crate::requests::{Answer, PromptReceipt, SendPrompt};

impl Engine {
    pub async fn prompt(&self, by: &Principal, id: SessionId, prompt: SendPrompt) -> Result<PromptReceipt, EngineError> {
        let prompt = new_prompt(by, prompt);
        let taken = prompt.id;
        let session = self.change(by, Scope::Operate, id, Input::Prompt(prompt)).await?;
        let waiting_behind = session.queue.iter().position(|waiting| waiting.id == taken);
        Ok(PromptReceipt { prompt: taken, waiting_behind, session })
    }

    pub async fn withdraw(&self, by: &Principal, id: SessionId, prompt: PromptId) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Operate, id, Input::Withdraw { prompt, by: by.name.clone() }).await
    }

    pub async fn cancel(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Operate, id, Input::Cancel { by: by.name.clone() }).await
    }

    /// Answers a question about a call.
    pub async fn answer(&self, by: &Principal, id: SessionId, call: CallId, answer: Answer) -> Result<Snapshot, EngineError> {
        let Answer { allow, hash, for_session, arguments, reason } = answer;
        let by_name = by.name.clone();
        let answer = NewAnswer { call, allow, hash, for_session, arguments, reason, by: by_name };
        self.change(by, Scope::Approve, id, Input::Answer(answer)).await
    }

    /// What somebody allowed until the session ends is not allowed any more.
    pub async fn revoke_grant(&self, by: &Principal, id: SessionId, grant: Seq) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Operate, id, Input::RevokeGrant { grant, by: by.name.clone() }).await
    }

    /// Answers in words what the agent asked in words.
    pub async fn reply(&self, by: &Principal, id: SessionId, call: CallId, text: String) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Approve, id, Input::Reply { call, text, by: by.name.clone() }).await
    }

    /// Changes how freely the agent works. To let it do more takes who may answer its questions.
    pub async fn set_mode(&self, by: &Principal, id: SessionId, mode: Mode) -> Result<Snapshot, EngineError> {
        let now = self.session(by, id).await?.mode;
        let scope = if mode.freedom() > now.freedom() { Scope::Approve } else { Scope::Operate };
        self.change(by, scope, id, Input::SetMode { mode, by: by.name.clone() }).await
    }

    pub async fn rename(&self, by: &Principal, id: SessionId, title: String) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Operate, id, Input::Rename { title }).await
    }

    /// Has the conversation compacted: at the next step of the run, or at once.
    pub async fn compact(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        // A summary is written by a model, and between two runs no step of one asks whether it may.
        if let Some(reached) = self.refuses_models(&self.load(by, id).await?) {
            return Err(EngineError::BudgetReached(reached));
        }
        self.change(by, Scope::Operate, id, Input::Compact { by: by.name.clone() }).await
    }

    /// The newest compaction that stands is as if it had not been.
    pub async fn undo_compaction(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Operate, id, Input::UndoCompaction { by: by.name.clone() }).await
    }

    pub async fn retry(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Operate, id, Input::Retry { by: by.name.clone() }).await
    }

    pub async fn stop(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Operate, id, Input::Stop { reason: EndReason::Stopped, by: Some(by.name.clone()) }).await
    }

    /// Closes the sandbox now, whatever runs in it; the next prompt opens it again.
    pub async fn sleep(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        self.ask(by, Scope::Operate, id, |reply| Request::Sleep { reply }).await
    }

    /// Opens the sandbox, and answers when it is open.
    pub async fn wake(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        let session = self.session(by, id).await?;
        if matches!(session.status, Status::Ending | Status::Ended) {
            return Err(Refusal::Ended.into());
        }
        self.ask(by, Scope::Operate, id, |reply| Request::Wake { reply }).await
    }

    /// Ends the session and removes everything of it: log, files, artifacts.
    pub async fn remove(&self, by: &Principal, id: SessionId) -> Result<(), EngineError> {
        self.check(by, Scope::Operate, id).await?;
        let (reply, answer) = oneshot::channel();
        self.node.send(id, Request::Remove { reply })?;
        answer.await.map_err(|_| EngineError::TakenOver)?
    }

    pub(super) async fn change(
        &self,
        by: &Principal,
        scope: Scope,
        id: SessionId,
        input: Input,
    ) -> Result<Snapshot, EngineError> {
        self.ask(by, scope, id, |reply| Request::Input { input, reply }).await
    }

    async fn ask(
        &self,
        by: &Principal,
        scope: Scope,
        id: SessionId,
        request: impl FnOnce(Reply) -> Request,
    ) -> Result<Snapshot, EngineError> {
        self.check(by, scope, id).await?;
        let (reply, answer) = oneshot::channel();
        self.node.send(id, request(reply))?;
        answer.await.map_err(|_| EngineError::TakenOver)?
    }
}

pub(crate) fn new_prompt(by: &Principal, prompt: SendPrompt) -> NewPrompt {
    NewPrompt {
        id: prompt.id.unwrap_or_else(|| PromptId::new(Uuid::now_v7())),
        text: prompt.text,
        attachments: prompt.attachments,
        when_busy: prompt.when_busy,
        by: by.name.clone(),
    }
}
