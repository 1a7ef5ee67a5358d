//! Sessions: making, listing, prompting, answering, ending.

use holt_core::definition::AgentDefinition;
use holt_core::event::{ContextCompacted, Seq};
use holt_core::id::{CallId, PromptId, SessionId};
use holt_core::policy::Mode;
use holt_core::sandbox::Measurement;
use holt_core::session::Status;
use holt_core::view::{SessionSummary, Snapshot};

use crate::client::Client;
use crate::error::ClientError;
use crate::path::Path;
use crate::transport::{Method, Request};
use holt_api::{
    AgentList, Answer, BudgetList, CreateSession, EventPage, ForkSession, HostAnswer, ListedAgent, NetworkRequest, OpenPreview,
    Preview, PreviewList, ProfileList, ProfileName, PromptReceipt, RenameSession, Reply, SearchResults, SendPrompt, SessionList,
    SetBudget, SetMode,
};

/// Which sessions a list shows.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    pub status: Vec<Status>,
    pub text: Option<String>,
    pub cursor: Option<String>,
    pub limit: Option<usize>,
}

/// The most that one page may hold.
const LARGEST_PAGE: usize = 200;

fn session(id: SessionId) -> Path {
    Path::new("/v2/sessions").id(id)
}

impl Client {
    /// What browsers know of earlier sessions, by name.
    pub async fn profiles(&self) -> Result<ProfileList, ClientError> {
        self.get(Path::new("/v2/profiles")).await
    }

    pub async fn remove_profile(&self, name: &ProfileName) -> Result<(), ClientError> {
        self.delete(Path::new("/v2/profiles").segments(name.as_str())).await
    }

    /// Makes a session. With an id chosen here, asking twice makes it once.
    pub async fn create_session(&self, wanted: &CreateSession) -> Result<Snapshot, ClientError> {
        self.post(Path::new("/v2/sessions"), wanted).await
    }

    /// Makes a session out of another one. With an id chosen here, asking twice makes it once.
    pub async fn fork(&self, id: SessionId, wanted: &ForkSession) -> Result<Snapshot, ClientError> {
        self.post(session(id).segment("fork"), wanted).await
    }

    pub async fn sessions(&self, listing: &Listing) -> Result<SessionList, ClientError> {
        let words: Vec<_> = listing.status.iter().map(|status| status.as_str()).collect();
        let path = Path::new("/v2/sessions")
            .query_if("status", (!words.is_empty()).then(|| words.join(",")))
            .query_if("q", listing.text.as_deref())
            .query_if("cursor", listing.cursor.as_deref())
            .query_if("limit", listing.limit);
        self.get(path).await
    }

    /// Every session that a list shows, newest activity first, up to `limit` of them.
    pub async fn all_sessions(&self, mut listing: Listing, limit: usize) -> Result<Vec<SessionSummary>, ClientError> {
        let mut sessions = Vec::new();
        while sessions.len() < limit {
            listing.limit = Some(LARGEST_PAGE.min(limit - sessions.len()));
            let page = self.sessions(&listing).await?;
            sessions.extend(page.items);
            listing.cursor = page.next;
            if listing.cursor.is_none() {
                break;
            }
        }
        Ok(sessions)
    }

    /// Searches what was said in all sessions, newest first.
    pub async fn search(&self, text: &str, limit: usize) -> Result<SearchResults, ClientError> {
        self.get(Path::new("/v2/search").query("q", text).query("limit", &limit.to_string())).await
    }

    pub async fn session(&self, id: SessionId) -> Result<Snapshot, ClientError> {
        self.get(session(id)).await
    }

    pub async fn rename(&self, id: SessionId, title: &str) -> Result<Snapshot, ClientError> {
        let body = self.json(&RenameSession { title: title.to_owned() })?;
        self.ask(Request { body, ..Request::new(Method::PATCH, session(id)) }).await
    }

    /// Ends a session and deletes its log and its files.
    pub async fn remove(&self, id: SessionId) -> Result<(), ClientError> {
        self.delete(session(id)).await
    }

    pub async fn prompt(&self, id: SessionId, prompt: &SendPrompt) -> Result<PromptReceipt, ClientError> {
        self.post(session(id).segment("prompts"), prompt).await
    }

    pub async fn withdraw(&self, id: SessionId, prompt: PromptId) -> Result<Snapshot, ClientError> {
        self.ask(Request::new(Method::DELETE, session(id).segment("prompts").id(prompt))).await
    }

    pub async fn cancel(&self, id: SessionId) -> Result<Snapshot, ClientError> {
        self.act(id, "cancel").await
    }

    /// Ends a session. Its conversation and files stay.
    pub async fn stop(&self, id: SessionId) -> Result<Snapshot, ClientError> {
        self.act(id, "stop").await
    }

    pub async fn retry(&self, id: SessionId) -> Result<Snapshot, ClientError> {
        self.act(id, "retry").await
    }

    pub async fn put_to_sleep(&self, id: SessionId) -> Result<Snapshot, ClientError> {
        self.act(id, "sleep").await
    }

    pub async fn wake(&self, id: SessionId) -> Result<Snapshot, ClientError> {
        self.act(id, "wake").await
    }

    /// The summary that stands for the older part of a conversation.
    pub async fn compaction(&self, id: SessionId) -> Result<ContextCompacted, ClientError> {
        self.get(session(id).segment("compaction")).await
    }

    /// Has the older part of a conversation summed up.
    pub async fn compact(&self, id: SessionId) -> Result<Snapshot, ClientError> {
        self.act(id, "compaction").await
    }

    pub async fn undo_compaction(&self, id: SessionId) -> Result<Snapshot, ClientError> {
        self.ask(Request::new(Method::DELETE, session(id).segment("compaction"))).await
    }

    async fn act(&self, id: SessionId, verb: &'static str) -> Result<Snapshot, ClientError> {
        self.ask(Request::new(Method::POST, session(id).segment(verb))).await
    }

    /// Answers the question whether a call may run.
    pub async fn answer(&self, id: SessionId, call: CallId, answer: &Answer) -> Result<Snapshot, ClientError> {
        self.post(session(id).segment("approvals").id(call), answer).await
    }

    /// Takes back what somebody allowed until the session ends.
    pub async fn revoke_grant(&self, id: SessionId, grant: Seq) -> Result<Snapshot, ClientError> {
        self.ask(Request::new(Method::DELETE, session(id).segment("grants").segment(&grant.to_string()))).await
    }

    /// Answers in words what the agent asked in words.
    pub async fn reply(&self, id: SessionId, call: CallId, text: &str) -> Result<Snapshot, ClientError> {
        self.post(session(id).segment("questions").id(call), &Reply { text: text.to_owned() }).await
    }

    /// Changes how freely the agent works.
    pub async fn set_mode(&self, id: SessionId, mode: Mode) -> Result<Snapshot, ClientError> {
        let body = self.json(&SetMode { mode })?;
        self.ask(Request { body, ..Request::new(Method::PUT, session(id).segment("mode")) }).await
    }

    /// The budgets that hold for a session, and what is spent of each.
    pub async fn budgets(&self, id: SessionId) -> Result<BudgetList, ClientError> {
        self.get(session(id).segment("budgets")).await
    }

    /// Changes what a session may use.
    pub async fn set_budget(&self, id: SessionId, wanted: SetBudget) -> Result<Snapshot, ClientError> {
        let body = self.json(&wanted)?;
        self.ask(Request { body, ..Request::new(Method::PUT, session(id).segment("budgets")) }).await
    }

    /// The definitions of agents.
    pub async fn agents(&self) -> Result<AgentList, ClientError> {
        self.get(Path::new("/v2/agents")).await
    }

    /// Keeps a definition for all sessions that are made from now on.
    pub async fn keep_agent(&self, definition: &AgentDefinition) -> Result<ListedAgent, ClientError> {
        let body = self.json(definition)?;
        let path = Path::new("/v2/agents").segment(&definition.name);
        self.ask(Request { body, ..Request::new(Method::PUT, path) }).await
    }

    pub async fn forget_agent(&self, name: &str) -> Result<(), ClientError> {
        self.delete(Path::new("/v2/agents").segment(name)).await
    }

    /// Changes where a session may go.
    pub async fn set_network(&self, id: SessionId, wanted: &NetworkRequest) -> Result<Snapshot, ClientError> {
        let body = self.json(wanted)?;
        self.ask(Request { body, ..Request::new(Method::PUT, session(id).segment("network")) }).await
    }

    /// Answers the question whether a host may be reached.
    pub async fn answer_host(&self, id: SessionId, question: Seq, answer: HostAnswer) -> Result<Snapshot, ClientError> {
        self.post(session(id).segment("hosts").segment(&question.to_string()), &answer).await
    }

    pub async fn events_after(&self, id: SessionId, after: Seq, limit: usize) -> Result<EventPage, ClientError> {
        self.events(session(id).segment("events").query("after", &after.to_string()).query("limit", &limit.to_string())).await
    }

    pub async fn events_before(&self, id: SessionId, before: Seq, limit: usize) -> Result<EventPage, ClientError> {
        self.events(session(id).segment("events").query("before", &before.to_string()).query("limit", &limit.to_string())).await
    }

    async fn events(&self, path: Path) -> Result<EventPage, ClientError> {
        self.ask(Request::new(Method::GET, path).header("accept", "application/json")).await
    }

    /// The open previews of a session, and the ports on which something serves in its sandbox.
    pub async fn previews(&self, id: SessionId) -> Result<PreviewList, ClientError> {
        self.get(session(id).segment("previews")).await
    }

    /// Opens what serves on a port of the session's sandbox.
    pub async fn open_preview(&self, id: SessionId, wanted: OpenPreview) -> Result<Preview, ClientError> {
        self.post(session(id).segment("previews"), &wanted).await
    }

    /// What the session's sandbox uses now.
    pub async fn usage(&self, id: SessionId) -> Result<Measurement, ClientError> {
        self.get(session(id).segment("usage")).await
    }
}
