//! Watching a session until a run is over, with a person at the keyboard: shows what happens, asks what it asks, and
//! cancels when it is interrupted.

use std::collections::VecDeque;
use std::io::Write as _;
use std::time::Duration;

use holt_api::Event;
use holt_client::{Client, FeedItem, Follow};
use holt_core::event::{ApprovalAnswered, EventBody, RunResult, Seq};
use holt_core::id::{CallId, PromptId, RunId, SessionId};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::answer::covers;
use super::start;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::show::Transcript;
use crate::show::words::short_id;
use crate::terminal::{clean_line, reveal};

/// After this long without news, what is under way is said.
const QUIET: Duration = Duration::from_secs(1);
/// How long a server on this machine may be away before another is started.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often that is done in one run.
const RESTARTS: u32 = 3;

/// Watches until the run of a prompt is over. Returns how the process ends.
pub async fn until_done(
    context: &Context,
    client: &Client,
    session: SessionId,
    prompt: PromptId,
    after: Seq,
) -> Result<Exit, Failure> {
    let output = context.output;
    let mut watch = Watch {
        client: client.clone(),
        output,
        session,
        run: prompt.into(),
        transcript: Transcript::default(),
        questions: Questions::new(output),
        cancelled: false,
        last: after,
    };
    let mut feed = watch.feed(context, after);
    let mut restarts = 0;
    loop {
        tokio::select! {
            item = timeout(QUIET, feed.next()) => match item {
                Err(_) => watch.quiet()?,
                Ok(Ok(Some(item))) => {
                    if let Some(exit) = watch.item(item)? {
                        return Ok(exit);
                    }
                }
                Ok(Ok(None)) => return Ok(watch.removed()),
                // The server was killed. What it began is still there, and another goes on with it.
                Ok(Err(error)) if error.is_passing() && !context.is_remote() && restarts < RESTARTS => {
                    restarts += 1;
                    watch.client = start::server(context).await?;
                    feed = watch.feed(context, watch.last);
                }
                Ok(Err(error)) => return Err(context.explain()(error)),
            },
            answer = watch.questions.answered() => watch.answer(answer).await?,
            _ = tokio::signal::ctrl_c() => {
                if let Some(exit) = watch.interrupted().await {
                    return Ok(exit);
                }
            }
        }
    }
}

struct Watch {
    client: Client,
    output: Output,
    session: SessionId,
    run: RunId,
    transcript: Transcript,
    questions: Questions,
    cancelled: bool,
    /// The last event that was shown.
    last: Seq,
}

impl Watch {
    fn feed(&self, context: &Context, after: Seq) -> Follow {
        let feed = self.client.follow(self.session, Some(after));
        if context.is_remote() { feed } else { feed.patient_for(PATIENCE) }
    }

    fn item(&mut self, item: FeedItem) -> Result<Option<Exit>, Failure> {
        match item {
            FeedItem::Event(event) => self.event(&event),
            FeedItem::Delta(delta) if !self.output.json => self.print(|transcript| transcript.delta(&delta)).map(|()| None),
            FeedItem::Removed => Ok(Some(self.removed())),
            FeedItem::Delta(_) | FeedItem::Snapshot(_) => Ok(None),
        }
    }

    fn event(&mut self, event: &Event) -> Result<Option<Exit>, Failure> {
        self.last = event.seq;
        let body = event.decode();
        if self.output.json {
            self.output.json(event)?;
        } else if let Some(body) = &body {
            self.print(|transcript| transcript.event(body))?;
        }
        let Some(body) = body else { return Ok(None) };
        self.questions.event(&body, self.session);
        Ok(self.end(&body))
    }

    /// How the run ended, when it did.
    fn end(&self, body: &EventBody) -> Option<Exit> {
        match body {
            EventBody::RunFinished(done) if done.run == self.run => Some(match done.result {
                RunResult::Completed => Exit::Good,
                RunResult::Cancelled => Exit::Interrupted,
                RunResult::BudgetReached(_) => Exit::Budget,
                RunResult::Failed { .. } => Exit::Failed,
            }),
            EventBody::PromptWithdrawn(gone) if RunId::from(gone.prompt) == self.run => Some(Exit::Interrupted),
            // What a failed session needs is a person; the run goes on when it is retried, without us.
            EventBody::SessionEnded(_) | EventBody::SessionFailed(_) => Some(Exit::Failed),
            _ => None,
        }
    }

    fn quiet(&mut self) -> Result<(), Failure> {
        if self.output.json { Ok(()) } else { self.print(Transcript::waiting) }
    }

    fn print(&mut self, show: impl FnOnce(&mut Transcript) -> String) -> Result<(), Failure> {
        let text = show(&mut self.transcript);
        if text.is_empty() { Ok(()) } else { self.output.piece(&text) }
    }

    fn removed(&self) -> Exit {
        self.output.note("the session was removed");
        Exit::Failed
    }

    /// Cancels at the first interruption and leaves at the second.
    async fn interrupted(&mut self) -> Option<Exit> {
        if std::mem::replace(&mut self.cancelled, true) {
            return Some(Exit::Interrupted);
        }
        self.output.note("\ncancelling; once more to leave at once");
        match self.client.cancel(self.session).await {
            Ok(_) => None,
            Err(error) if error.is("not_running") => None,
            Err(error) => {
                self.output.note(&format!("it could not be cancelled: {error}"));
                Some(Exit::Interrupted)
            }
        }
    }

    async fn answer(&mut self, answer: Answer) -> Result<(), Failure> {
        let answered = match &answer.how {
            How::Words(text) => self.client.reply(self.session, answer.call, text).await,
            How::Verdict(verdict) => self.client.answer(self.session, answer.call, verdict).await,
        };
        match answered {
            Ok(_) => Ok(()),
            Err(error) if error.is("question_answered") => {
                self.output.note(&error.to_string());
                Ok(())
            }
            // The run is over.
            Err(error) if error.is("question_not_found") || error.is("run_over") => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

struct Answer {
    call: CallId,
    how: How,
}

enum How {
    /// Whether a call may run.
    Verdict(holt_api::Answer),
    /// What was asked in words.
    Words(String),
}

impl Answer {
    /// What a line says: yes, yes for the session, no, or no with a reason.
    fn read(call: CallId, hash: Option<String>, line: &str) -> Self {
        let line = line.trim();
        let (allow, for_session) = match line {
            "y" | "Y" | "yes" => (true, false),
            "s" | "S" => (true, true),
            _ => (false, false),
        };
        let reason = (!allow && !matches!(line, "" | "n" | "N" | "no")).then(|| line.to_owned());
        Self { call, how: How::Verdict(holt_api::Answer { allow, hash, for_session, arguments: None, reason }) }
    }
}

/// A question that is open, with all that its answer needs.
struct OpenQuestion {
    call: CallId,
    text: String,
    hash: Option<String>,
    /// It is asked in words.
    wants_words: bool,
}

/// The questions that wait for this person, asked one after the other.
struct Questions {
    output: Output,
    can_ask: bool,
    open: VecDeque<OpenQuestion>,
    /// What each call that may be asked about is: exactly what will run.
    proposed: Vec<(CallId, String, Value)>,
    lines: Option<mpsc::Receiver<String>>,
}

impl Questions {
    fn new(output: Output) -> Self {
        Self { output, can_ask: output.can_ask(), open: VecDeque::new(), proposed: Vec::new(), lines: None }
    }

    fn event(&mut self, body: &EventBody, session: SessionId) {
        match body {
            EventBody::CallProposed(call) => self.proposed.push((call.call, call.tool.clone(), call.arguments.clone())),
            EventBody::CallFinished(call) => self.proposed.retain(|(known, ..)| *known != call.call),
            EventBody::ApprovalRequested(asked) => {
                let found = self.proposed.iter().find(|(call, ..)| *call == asked.call);
                let mut text = found.map(|(_, tool, arguments)| question(tool, arguments)).unwrap_or_default();
                if let Some(asked) = &asked.question {
                    text.push_str(&format!(
                        "\n  why: {}\n  s allows until the session ends: {}",
                        clean_line(&asked.why),
                        covers(&asked.for_session)
                    ));
                }
                let hash = asked.question.as_ref().map(|question| question.hash.clone());
                self.ask(OpenQuestion { call: asked.call, text, hash, wants_words: false }, session);
            }
            EventBody::HumanAsked(asked) => {
                let choices: String = asked.question.choices.iter().map(|choice| format!("\n  - {}", reveal(choice))).collect();
                let text = format!("\nThe agent asks you: {}{choices}", reveal(&asked.question.text));
                self.ask(OpenQuestion { call: asked.call, text, hash: None, wants_words: true }, session);
            }
            EventBody::HumanAnswered(answered) => self.close(answered.call),
            EventBody::ApprovalAnswered(ApprovalAnswered { call, .. }) => self.close(*call),
            EventBody::HostAsked(_) => {
                let id = short_id(session);
                self.output.note(&format!("it waits for an answer: holt network {id} --yes, or --no"));
            }
            _ => {}
        }
    }

    fn ask(&mut self, question: OpenQuestion, session: SessionId) {
        if !self.can_ask {
            let id = short_id(session);
            self.output.note(&match question.wants_words {
                true => format!("it asks you something: holt reply {id} \"…\""),
                false => format!("it waits for an answer: holt approve {id}, or holt deny {id}"),
            });
            return;
        }
        self.open.push_back(question);
        if self.open.len() == 1 {
            self.show_first();
        }
    }

    fn close(&mut self, call: CallId) {
        let was_first = self.open.front().is_some_and(|first| first.call == call);
        self.open.retain(|open| open.call != call);
        if was_first {
            self.show_first();
        }
    }

    fn show_first(&mut self) {
        if let Some(question) = self.open.front() {
            self.output.note(&question.text);
            let prompt =
                if question.wants_words { "Your answer: " } else { "Allow this? [y/N] (or s for this session, or why not) " };
            let _ = write!(std::io::stderr().lock(), "{prompt}");
            self.lines.get_or_insert_with(read_lines);
        }
    }

    /// The next answer of the person. Waits for ever when nothing is asked.
    async fn answered(&mut self) -> Answer {
        loop {
            let Some(lines) = &mut self.lines else { return std::future::pending().await };
            let Some(line) = lines.recv().await else { return std::future::pending().await };
            // A line that nobody asked for is nobody's answer.
            if let Some(OpenQuestion { call, wants_words: true, .. }) = self.open.front() {
                if line.trim().is_empty() {
                    continue;
                }
                return Answer { call: *call, how: How::Words(line) };
            }
            if let Some(question) = self.open.front() {
                return Answer::read(question.call, question.hash.clone(), &line);
            }
        }
    }
}

/// Everything that will run, whole and with nothing hidden, apart from the agent's own words.
fn question(tool: &str, arguments: &Value) -> String {
    let mut text = format!("\nThe agent asks to call {}:", reveal(tool));
    match arguments.as_object() {
        Some(fields) => {
            for (name, value) in fields {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                text.push_str(&format!("\n  {}: {}", reveal(name), reveal(&value).replace('\n', "\n    ")));
            }
        }
        None => text.push_str(&format!("\n  {}", reveal(&arguments.to_string()))),
    }
    text
}

/// Lines from the keyboard. The thread ends with the process: a read from a terminal cannot be taken back.
fn read_lines() -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines() {
            if line.is_err() || line.is_ok_and(|line| send.blocking_send(line).is_err()) {
                return;
            }
        }
    });
    receive
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_question_shows_every_byte_that_will_run() {
        let question = question("execute_command", &json!({ "command": "ls\nrm -rf x\u{202e}\u{200d}\x1b[8m", "timeout": 3 }));
        assert_eq!(
            question,
            "\nThe agent asks to call execute_command:\n  command: ls\n    rm -rf x<U+202E><U+200D>␛[8m\n  timeout: 3"
        );
    }
}
