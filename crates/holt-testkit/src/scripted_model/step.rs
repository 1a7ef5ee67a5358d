//! What the scripted model does with a request, in the words of a test.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::Gate;

/// One answer.
#[derive(Debug, Clone)]
pub enum Step {
    /// A stream of events, after status 200.
    Stream(Script),
    /// An error instead.
    Fail(Failure),
    /// Nothing at all until the gate is released, then another step.
    Hold(Gate, Box<Step>),
    /// Closes the connection without an answer.
    HangUp,
}

/// An error answer.
#[derive(Debug, Clone)]
pub struct Failure {
    pub status: u16,
    pub kind: String,
    pub message: String,
    pub retry_after: Option<String>,
    /// Sent instead of the provider's own error body.
    pub body: Option<String>,
}

/// A piece of a stream.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Text(String),
    Thinking {
        text: String,
        signature: String,
    },
    Redacted(String),
    Call {
        id: Option<String>,
        tool: String,
        json: String,
    },
    /// An event as it is.
    Event(Value),
    Raw(Bytes),
    Wait(Gate),
    /// The connection breaks here.
    Cut,
    /// The body ends here, properly but too soon.
    End,
}

/// A streamed answer in the making.
#[derive(Debug, Clone, Default)]
pub struct Script {
    pub(super) pieces: Vec<Piece>,
    pub(super) stop: Option<String>,
    pub(super) usage: Option<Value>,
    pub(super) piece_bytes: Option<usize>,
}

impl Script {
    /// Says something. Text after text belongs to the same block, in a piece of its own.
    #[must_use]
    pub fn text(self, text: &str) -> Self {
        self.piece(Piece::Text(text.into()))
    }

    #[must_use]
    pub fn thinking(self, text: &str, signature: &str) -> Self {
        self.piece(Piece::Thinking { text: text.into(), signature: signature.into() })
    }

    #[must_use]
    pub fn redacted(self, data: &str) -> Self {
        self.piece(Piece::Redacted(data.into()))
    }

    /// Wants a call, under an id of the server's choosing.
    #[must_use]
    pub fn call(self, tool: &str, arguments: &Value) -> Self {
        self.piece(Piece::Call { id: None, tool: tool.into(), json: arguments.to_string() })
    }

    /// Wants a call whose arguments are this text, which need not be whole.
    #[must_use]
    pub fn call_with(self, tool: &str, json: &str) -> Self {
        self.piece(Piece::Call { id: None, tool: tool.into(), json: json.into() })
    }

    #[must_use]
    pub fn ping(self) -> Self {
        self.event(json!({ "type": "ping" }))
    }

    /// An event as it is, known or not.
    #[must_use]
    pub fn event(self, event: Value) -> Self {
        self.piece(Piece::Event(event))
    }

    /// Bytes as they are.
    #[must_use]
    pub fn garbage(self, bytes: impl Into<Bytes>) -> Self {
        self.piece(Piece::Raw(bytes.into()))
    }

    /// An error in the middle of the stream.
    #[must_use]
    pub fn error(self, kind: &str, message: &str) -> Self {
        self.event(json!({ "type": "error", "error": { "type": kind, "message": message } })).piece(Piece::End)
    }

    /// Waits here until the test releases the gate.
    #[must_use]
    pub fn wait(self, gate: &Gate) -> Self {
        self.piece(Piece::Wait(gate.clone()))
    }

    /// Breaks the connection here.
    #[must_use]
    pub fn cut(self) -> Self {
        self.piece(Piece::Cut)
    }

    /// Ends the body here, too soon.
    #[must_use]
    pub fn end(self) -> Self {
        self.piece(Piece::End)
    }

    /// Why it stops; by itself that follows from whether it wants calls.
    #[must_use]
    pub fn stop(mut self, reason: &str) -> Self {
        self.stop = Some(reason.into());
        self
    }

    #[must_use]
    pub fn usage(mut self, usage: Value) -> Self {
        self.usage = Some(usage);
        self
    }

    /// Sends every run of bytes in pieces of this size.
    #[must_use]
    pub fn in_pieces_of(mut self, bytes: usize) -> Self {
        self.piece_bytes = Some(bytes.max(1));
        self
    }

    fn piece(mut self, piece: Piece) -> Self {
        self.pieces.push(piece);
        self
    }
}

impl Step {
    /// An answer of text alone.
    pub fn text(text: &str) -> Self {
        Script::default().text(text).into()
    }

    /// An answer of one call.
    pub fn call(tool: &str, arguments: &Value) -> Self {
        Script::default().call(tool, arguments).into()
    }

    /// The provider's error of that status and kind.
    pub fn fail(status: u16, kind: &str, message: &str) -> Self {
        Self::Fail(Failure { status, kind: kind.into(), message: message.into(), retry_after: None, body: None })
    }

    /// With a `retry-after` of so many seconds, when it is an error.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        if let Self::Fail(failure) = &mut self {
            failure.retry_after = Some(seconds.to_string());
        }
        self
    }

    /// With another body than the provider's, when it is an error.
    #[must_use]
    pub fn body(mut self, body: &str) -> Self {
        if let Self::Fail(failure) = &mut self {
            failure.body = Some(body.into());
        }
        self
    }

    /// An answer as JSON: `text`, `thinking` and `calls`, or an `error`.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn read(answer: &Value) -> Result<Self, String> {
        if let Some(error) = answer.get("error") {
            let status = error["status"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or(500);
            let text = |field: &str| error[field].as_str().unwrap_or_default();
            return Ok(Self::fail(status, text("kind"), text("message")));
        }
        let mut script = Script::default();
        if let Some(text) = answer["thinking"].as_str() {
            script = script.thinking(text, "c2lnbmVk");
        }
        if let Some(text) = answer["text"].as_str() {
            // A few words at a time, as a provider sends them.
            script = text.split_inclusive(' ').fold(script, Script::text);
        }
        for call in answer["calls"].as_array().into_iter().flatten() {
            let tool = call["tool"].as_str().ok_or_else(|| format!("a call without a tool: {call}"))?;
            script = script.call(tool, &call["arguments"]);
        }
        if script.pieces.is_empty() {
            return Err(format!("not an answer: {answer}"));
        }
        Ok(script.into())
    }

    /// The same, after the gate was released.
    #[must_use]
    pub fn held_by(self, gate: &Gate) -> Self {
        Self::Hold(gate.clone(), Box::new(self))
    }
}

impl From<Script> for Step {
    fn from(script: Script) -> Self {
        Self::Stream(script)
    }
}
