//! What happens in a session, as lines: a pure function of its events and live text.
//!
//! What comes out is filtered and may be printed as it is. Text of a message appears once, whether it came live, with
//! its event, or a part of it each way.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use holt_core::agent::{Delta, DeltaTarget};
use holt_core::budget::amount;
use holt_core::event::{
    AgentMessage, CallProposed, ControlEnd, ControlReturned, EventBody, Level, RunFinished, RunResult, SandboxEnd,
};
use holt_core::id::{CallId, MessageId};
use holt_core::model::AssistantPart;
use holt_core::plan::{self, PlanItem};
use holt_core::session::EndReason;
use holt_core::tool::{CallOutcome, CallStatus, ToolContent};

use super::words;
use crate::terminal::{Filter, clean_line, short_line};

/// The longest line about a result.
const LINE: usize = 120;

/// What was shown so far.
#[derive(Debug, Default)]
pub struct Transcript {
    /// Prompts are shown too: for those who did not just type them.
    prompts: bool,
    writing: Option<Writing>,
    calls: BTreeMap<CallId, Call>,
    /// Something stands on the last line.
    in_line: bool,
}

/// A message that is being written.
#[derive(Debug)]
struct Writing {
    message: MessageId,
    /// How many bytes of it were shown.
    shown: u64,
    filter: Filter,
}

#[derive(Debug)]
struct Call {
    /// The tool and what the call is about.
    title: String,
    running: bool,
    announced: bool,
}

impl Transcript {
    pub fn with_prompts() -> Self {
        Self { prompts: true, ..Self::default() }
    }

    /// More of a message. Text that was shown, that leaves a gap, or that belongs to something else is passed over: the
    /// finished message brings it.
    pub fn delta(&mut self, delta: &Delta) -> String {
        let DeltaTarget::Message(message) = delta.target else { return String::new() };
        let mut out = String::new();
        if self.writing.as_ref().is_none_or(|writing| writing.message != message) {
            self.end_line(&mut out);
            self.writing = Some(Writing { message, shown: 0, filter: Filter::default() });
        }
        self.write(&mut out, delta.offset, &delta.text);
        out
    }

    pub fn event(&mut self, event: &EventBody) -> String {
        let mut out = String::new();
        match event {
            EventBody::PromptQueued(body) if self.prompts => {
                let by = clean_line(&body.by);
                self.block(&mut out, &format!("{by}> "), &body.text);
            }
            EventBody::AgentMessage(body) if body.within.is_some() => self.message_of_part(&mut out, body),
            EventBody::AgentMessage(body) => self.message(&mut out, body),
            EventBody::MessageAborted(body) => self.aborted(&mut out, body.message),
            EventBody::CallProposed(body) => self.proposed(body),
            EventBody::CallStarted(body) => self.started(body.call),
            EventBody::CallFinished(body) => self.finished(&mut out, body.call, &body.outcome),
            // Whoever gave the task knows what it is called.
            EventBody::SessionRenamed(_) | EventBody::SessionSummarized(_) if !self.prompts => {}
            other => {
                if let Some(line) = line_about(other) {
                    self.end_line(&mut out);
                    out.push_str(&line);
                    out.push('\n');
                }
            }
        }
        out
    }

    /// What has begun and not ended, once for each: said when nothing else happens for a moment.
    pub fn waiting(&mut self) -> String {
        let mut out = String::new();
        let quiet: Vec<String> =
            self.calls.values_mut().filter(|call| call.running && !call.announced).map(Call::announce).collect();
        for title in quiet {
            self.end_line(&mut out);
            // Writing to a String cannot fail.
            let _ = writeln!(out, "  … {title}");
        }
        out
    }

    fn write(&mut self, out: &mut String, offset: u64, text: &str) {
        let Some(writing) = &mut self.writing else { return };
        let Some(known) = writing.shown.checked_sub(offset) else { return };
        let fresh = usize::try_from(known).ok().and_then(|known| text.get(known..)).unwrap_or_default();
        if !fresh.is_empty() {
            writing.shown += fresh.len() as u64;
            out.push_str(&writing.filter.push(fresh));
            self.in_line = !fresh.ends_with('\n');
        }
    }

    fn message(&mut self, out: &mut String, body: &AgentMessage) {
        let texts = body.parts.iter().filter_map(|part| match part {
            AssistantPart::Text { text } => Some(text.as_str()),
            _ => None,
        });
        let whole: String = texts.collect();
        if self.writing.as_ref().is_none_or(|writing| writing.message != body.message) {
            self.end_line(out);
            self.writing = Some(Writing { message: body.message, shown: 0, filter: Filter::default() });
        }
        self.write(out, 0, &whole);
        self.writing = None;
        self.end_line(out);
    }

    /// What somebody says who does a part of the work, in a line.
    fn message_of_part(&mut self, out: &mut String, body: &AgentMessage) {
        let said = body.parts.iter().find_map(|part| match part {
            AssistantPart::Text { text } if !text.trim().is_empty() => Some(text.as_str()),
            _ => None,
        });
        if let Some(said) = said {
            self.end_line(out);
            let _ = writeln!(out, "  │ {}", short_line(first_line(said), LINE));
        }
    }

    fn aborted(&mut self, out: &mut String, message: MessageId) {
        if self.writing.take_if(|writing| writing.message == message).is_some_and(|writing| writing.shown > 0) {
            self.end_line(out);
            out.push_str("  (that message was not finished and does not count)\n");
        }
    }

    fn proposed(&mut self, body: &CallProposed) {
        let mark = if body.within.is_some() { "│ " } else { "" };
        let title = format!("{mark}{} {}", clean_line(&body.tool), words::call(&body.arguments)).trim_end().to_owned();
        self.calls.insert(body.call, Call { title, running: false, announced: false });
    }

    fn started(&mut self, call: CallId) {
        if let Some(call) = self.calls.get_mut(&call) {
            call.running = true;
        }
    }

    fn finished(&mut self, out: &mut String, call: CallId, outcome: &CallOutcome) {
        self.end_line(out);
        let title = self.calls.remove(&call).map_or_else(|| "a call".to_owned(), |call| call.title);
        let (mark, word) = match outcome.status {
            CallStatus::Succeeded => ("✓", ""),
            CallStatus::Failed => ("✗", ""),
            CallStatus::Denied => ("⊘", "denied"),
            CallStatus::Cancelled => ("■", "cancelled"),
            CallStatus::Interrupted => ("?", "interrupted; it may have done a part"),
        };
        let about = if word.is_empty() { result_in_short(outcome) } else { word.to_owned() };
        let line = if about.is_empty() { format!("  {mark} {title}") } else { format!("  {mark} {title} — {about}") };
        out.push_str(&line);
        out.push('\n');
    }

    fn block(&mut self, out: &mut String, mark: &str, text: &str) {
        self.end_line(out);
        let mut filter = Filter::default();
        let text = filter.push(text);
        let _ = writeln!(out, "{mark}{}", text.trim_end());
    }

    fn end_line(&mut self, out: &mut String) {
        if std::mem::take(&mut self.in_line) {
            out.push('\n');
        }
    }
}

impl Call {
    fn announce(&mut self) -> String {
        self.announced = true;
        self.title.clone()
    }
}

/// The line of what a tool said that tells most.
fn result_in_short(outcome: &CallOutcome) -> String {
    let exit = outcome.details.as_ref().and_then(|details| details.get("exit_code")).and_then(serde_json::Value::as_i64);
    let text = outcome.content.iter().find_map(|part| match part {
        ToolContent::Text { text } => Some(text.as_str()),
        ToolContent::Image { .. } => None,
    });
    let failed = exit.is_some_and(|code| code != 0);
    let line = text.map(|text| telling_line(text, failed)).unwrap_or_default();
    let line = short_line(line.trim(), LINE);
    match exit {
        Some(code) if failed => format!("exit {code}: {line}"),
        _ => line,
    }
}

/// A command's report repeats the command before its output; what was printed says more. Everything else begins with it.
fn telling_line(text: &str, failed: bool) -> &str {
    let Some((_, printed)) = text.split_once("\n\nSTDOUT:\n") else { return first_line(text) };
    let (out, err) = printed.split_once("\n\nSTDERR:\n").unwrap_or((printed, ""));
    let (first, second) = if failed { (err, out) } else { (out, err) };
    match first_line(first) {
        "" => first_line(second),
        line => line,
    }
}

fn first_line(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty() && *line != "(empty)").unwrap_or_default()
}

/// The line about an event that stands for itself. Nothing for those that say nothing to a reader.
fn line_about(event: &EventBody) -> Option<String> {
    Some(match event {
        EventBody::SessionRenamed(body) => format!("  (now called “{}”)", clean_line(&body.title)),
        EventBody::SessionSummarized(body) => {
            let title = body.title.as_deref().map(|title| format!("“{}”: ", clean_line(title))).unwrap_or_default();
            format!("  ({title}{})", clean_line(&body.summary))
        }
        EventBody::ModelStoodIn(body) => {
            format!("  ! {} stands in for {}: {}", clean_line(&body.model), clean_line(&body.wanted), clean_line(&body.why))
        }
        EventBody::PromptWithdrawn(body) => format!("  (a prompt was taken back by {})", clean_line(&body.by)),
        EventBody::ApprovalRequested(_) => "  ? waits for an answer".into(),
        EventBody::ApprovalAnswered(body) => {
            let by = body.by.as_deref().map_or("nobody in time".into(), clean_line);
            let edited = if body.arguments.is_some() { ", with other arguments" } else { "" };
            let session = if body.grant.is_some() { ", for this session" } else { "" };
            let reason = body.reason.as_deref().map(|text| format!(": {}", clean_line(text))).unwrap_or_default();
            format!("  {} by {by}{edited}{session}{reason}", if body.allowed { "allowed" } else { "not allowed" })
        }
        EventBody::HumanAsked(body) => format!("  ? {}", clean_line(&body.question.text)),
        EventBody::HumanAnswered(body) => format!("  {} answers: {}", clean_line(&body.by), clean_line(&body.text)),
        EventBody::ModeChanged(body) => {
            format!("  (mode {}, set by {})", body.mode.as_str().replace('_', "-"), clean_line(&body.by))
        }
        EventBody::BudgetWarned(body) => {
            format!("  ! four fifths of {} are used ({})", body.near, amount(body.near.bound, body.near.used))
        }
        EventBody::GrantRevoked(body) => format!("  ({} took back what was allowed for the session)", clean_line(&body.by)),
        EventBody::BudgetChanged(body) => format!("  ({} changed what the session may use)", clean_line(&body.by)),
        EventBody::ContextCompacted(body) => {
            let by = if body.model.is_some() { "summed up" } else { "left out of what the model sees" };
            format!("  (events {} to {} are {by}; the log keeps them)", body.from, body.through)
        }
        EventBody::CompactionUndone(body) => format!("  (a summary was taken back by {})", clean_line(&body.by)),
        EventBody::PlanChanged(body) => plan_updated(&body.items),
        EventBody::CancelRequested(body) => format!("  ■ {} cancels", clean_line(&body.by)),
        EventBody::RunFinished(body) => return run_finished(body),
        EventBody::SandboxOpened(body) if !body.warnings.is_empty() => {
            body.warnings.iter().map(|warning| format!("  ! {}", clean_line(warning))).collect::<Vec<_>>().join("\n")
        }
        EventBody::SandboxHeld(body) => format!("  ! everything stands still: {}", clean_line(&body.text)),
        EventBody::SandboxReleased(_) => "  it goes on".into(),
        EventBody::SandboxClosed(body) if body.why == SandboxEnd::Lost => "  ! the sandbox ended unexpectedly".into(),
        EventBody::SandboxClosed(body) if !body.ended.is_empty() => {
            let ended: Vec<String> = body.ended.iter().map(|name| clean_line(name)).collect();
            format!("  (asleep; this ended: {})", ended.join(", "))
        }
        EventBody::SleepPostponed(body) => format!("  (stays awake: {})", clean_line(&body.why)),
        EventBody::ControlTaken(body) => format!("  (the desktop is driven by {}; the agent waits)", clean_line(&body.by)),
        EventBody::ControlReturned(body) => return control_returned(body),
        EventBody::NetworkChanged(body) => {
            format!("  (the network is `{}` now, by {})", body.network.as_str(), clean_line(&body.by))
        }
        EventBody::HostAsked(body) => format!("  ? wants to reach {}:{}", clean_line(&body.host), body.port),
        EventBody::HostAnswered(body) => {
            let by = body.by.as_deref().map_or("nobody in time".into(), clean_line);
            let word = if body.allowed { "may be reached" } else { "may not be reached" };
            format!("  {}:{} {word}, by {by}", clean_line(&body.host), body.port)
        }
        // What is let out is said in the log; what is not, a person may want to change.
        EventBody::NetworkDecided(body) if !body.allowed => {
            let again = if body.times > 1 { format!(", {} times by now", body.times) } else { String::new() };
            format!("  ⊘ {}:{} was not reached ({}{again})", clean_line(&body.host), body.port, clean_line(&body.rule))
        }
        EventBody::FileReceived(body) => format!("  ↑ {} ({})", clean_line(&body.path), words::size(body.size)),
        EventBody::ArtifactPublished(body) => format!("  ↓ {} ({})", clean_line(&body.name), words::size(body.size)),
        EventBody::Noted(body) if body.level == Level::Info => format!("  {}", clean_line(&body.text)),
        EventBody::Noted(body) => format!("  ! {}", clean_line(&body.text)),
        EventBody::SessionEnded(body) => format!("  the session has ended: {}", end_reason(body.reason)),
        EventBody::SessionFailed(body) => {
            format!("  ✗ {}\n    {}", clean_line(&body.message), clean_line(&body.hint))
        }
        _ => return None,
    })
}

fn control_returned(body: &ControlReturned) -> Option<String> {
    match body.why {
        ControlEnd::Given => {
            let by = body.by.as_deref().map_or_else(|| "a person".to_owned(), clean_line);
            Some(format!("  (the agent has the desktop again, from {by})"))
        }
        ControlEnd::Left => Some("  (the agent has the desktop again: whoever drove it is gone)".into()),
        // What comes next says it all: who drives instead, or that the sandbox is closed.
        ControlEnd::Seized | ControlEnd::Closed => None,
    }
}

fn plan_updated(items: &[PlanItem]) -> String {
    let lines: Vec<String> = items.iter().map(|item| clean_line(&plan::in_words(std::slice::from_ref(item)))).collect();
    format!("  plan:\n    {}", lines.join("\n    "))
}

fn run_finished(body: &RunFinished) -> Option<String> {
    match &body.result {
        RunResult::Completed => None,
        RunResult::Cancelled => Some("  ■ cancelled".into()),
        RunResult::BudgetReached(reached) => Some(format!("  ■ stopped: {reached} is used up")),
        RunResult::Failed { message, hint, .. } => Some(format!("  ✗ {}\n    {}", clean_line(message), clean_line(hint))),
    }
}

pub fn end_reason(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Completed => "it is done",
        EndReason::Stopped => "it was stopped",
        EndReason::Expired => "its time was over",
        EndReason::Failed => "it failed",
        EndReason::Evicted => "its place was needed",
    }
}

#[cfg(test)]
mod tests;
