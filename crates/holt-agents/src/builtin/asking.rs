//! Asks the model for one answer, and shows it as it comes.

use futures::StreamExt as _;
use holt_core::agent::{Brief, Desk, FinishedTurn, Halted, WorkError};
use holt_core::context;
use holt_core::id::{CallId, MessageId};
use holt_core::model::{ModelError, ModelEvent, ModelReply, ModelRequest};
use holt_core::tool::ToolSpec;

use super::memory::Memory;
use super::showing::Showing;
use super::{BuiltinAgent, failure, prompt, turns};

/// The least that is planned with, however small a window is.
const MIN_BUDGET: u64 = 16 * 1024;
/// What is assumed of a model that does not say how much it holds.
const USUAL_CONTEXT: u64 = 128_000;
/// How often the plan is halved when the provider says that it is too long after all.
const MAX_SQUEEZES: u32 = 3;

/// Why there is no answer.
enum NoAnswer {
    Halted(Halted),
    /// The model failed, before or after people saw a part of its answer.
    Failed {
        error: ModelError,
        shown: bool,
    },
}

impl From<Halted> for NoAnswer {
    fn from(halted: Halted) -> Self {
        Self::Halted(halted)
    }
}

impl BuiltinAgent {
    /// One answer of the model, ready to be recorded.
    pub(super) async fn ask(&self, desk: &dyn Desk, memory: &Memory) -> Result<FinishedTurn, WorkError> {
        let (mut squeezes, mut restarts) = (0, 0);
        loop {
            let request = self.request(desk, memory, squeezes);
            let bytes = size(&request);
            match self.listen(desk, request).await {
                Ok(turn) => {
                    self.rates.learn(&desk.brief().model, bytes, turn.usage.input_tokens);
                    return Ok(turn);
                }
                Err(NoAnswer::Halted(halted)) => return Err(halted.into()),
                Err(NoAnswer::Failed { error: ModelError::ContextTooLong(_), .. }) if squeezes < MAX_SQUEEZES => squeezes += 1,
                // Before anything was shown, trying again is the provider's own work, and it has done it.
                Err(NoAnswer::Failed { error, shown: true }) if error.is_passing() && restarts < self.options.restarts => {
                    tracing::info!(run = %desk.brief().run, code = error.code(), "an answer broke off and is begun anew");
                    restarts += 1;
                }
                Err(NoAnswer::Failed { error, .. }) => return Err(failure(&error).into()),
            }
        }
    }

    fn request(&self, desk: &dyn Desk, memory: &Memory, squeezes: u32) -> ModelRequest {
        let brief = desk.brief();
        ModelRequest {
            model: brief.model.clone(),
            system: prompt::system(brief),
            turns: turns::with_all_results(memory.turns(self.budget(brief) >> squeezes)),
            tools: brief.tools.clone(),
            max_output_tokens: u32::try_from(self.windows(brief).1).unwrap_or(u32::MAX),
        }
    }

    /// How many bytes of the conversation the model may see.
    pub(super) fn budget(&self, brief: &Brief) -> usize {
        let (context, max_output_tokens) = self.windows(brief);
        let fixed = (prompt::system(brief).len() + tools_size(&brief.tools)) as u64;
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
        let bytes = ((context - max_output_tokens) as f64 * self.rates.bytes_per_token(&brief.model)) as u64;
        usize::try_from(bytes.saturating_sub(fixed).max(MIN_BUDGET)).unwrap_or(usize::MAX)
    }

    /// How many tokens the model holds, and how many of them its answer may have.
    pub(super) fn windows(&self, brief: &Brief) -> (u64, u64) {
        let known = self.model.models().into_iter().find(|model| model.id == brief.model);
        let context = known.map_or(USUAL_CONTEXT, |model| model.context_tokens);
        // Small windows keep half for the conversation, whatever the longest answer is.
        (context, u64::from(self.options.max_output_tokens).min(context / 2))
    }

    async fn listen(&self, desk: &dyn Desk, request: ModelRequest) -> Result<FinishedTurn, NoAnswer> {
        let mut answer = self.model.stream(request);
        let mut showing = Showing::new(MessageId::new(desk.fresh_id()));
        loop {
            let event = tokio::select! {
                biased;
                () = showing.due() => {
                    showing.show(desk).await?;
                    continue;
                }
                event = answer.next() => event,
            };
            match event {
                Some(Ok(ModelEvent::Text(more))) => showing.text(desk, &more).await?,
                Some(Ok(ModelEvent::Reasoning(more))) => showing.reasoning(desk, &more).await?,
                Some(Ok(ModelEvent::StoodIn(stood_in))) => desk.stood_in(stood_in).await?,
                Some(Ok(ModelEvent::Done(reply))) => {
                    showing.show(desk).await?;
                    return Ok(finished(desk, showing.message, reply));
                }
                Some(Err(error)) => return Err(NoAnswer::Failed { error, shown: showing.has_begun() }),
                None => {
                    let error = ModelError::Malformed("the answer has no end".into());
                    return Err(NoAnswer::Failed { error, shown: showing.has_begun() });
                }
            }
        }
    }
}

/// About what a request takes, in bytes of text.
fn size(request: &ModelRequest) -> usize {
    context::bytes(&request.turns) + request.system.len() + tools_size(&request.tools)
}

fn tools_size(tools: &[ToolSpec]) -> usize {
    tools.iter().map(|tool| tool.description.len() + tool.parameters.to_string().len()).sum()
}

fn finished(desk: &dyn Desk, message: MessageId, reply: ModelReply) -> FinishedTurn {
    let parts = turns::with_own_names(turns::without_broken_arguments(reply.parts));
    let calls = turns::ids(&parts, || CallId::new(desk.fresh_id()));
    FinishedTurn { message, parts, calls, usage: reply.usage, stop: reply.stop, model: reply.model }
}
