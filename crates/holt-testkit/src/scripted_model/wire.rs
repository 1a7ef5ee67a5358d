//! A script as the bytes of the Messages stream.

use bytes::Bytes;
use serde_json::{Value, json};

use super::step::{Piece, Script};
use crate::Gate;

/// What the connection does next.
#[derive(Debug, Clone)]
pub(super) enum Out {
    Bytes(Bytes),
    Wait(Gate),
    Cut,
}

/// Writes a script out. `fresh_id` names calls; `issue` is told of thinking that must come back as it went.
pub(super) fn write(
    script: &Script,
    model: &Value,
    input_tokens: usize,
    fresh_id: impl FnMut() -> String,
    issue: impl FnMut(Value),
) -> Vec<Out> {
    let mut writer = Writer { out: Vec::new(), index: 0, block: Block::None, calls: 0, output: 0, fresh_id, issue };
    let usage = script.usage.clone().unwrap_or_else(|| json!({ "input_tokens": input_tokens, "output_tokens": 1 }));
    let message = json!({
        "id": "msg_scripted", "type": "message", "role": "assistant", "model": model, "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": usage,
    });
    writer.event(&json!({ "type": "message_start", "message": message }));
    for piece in &script.pieces {
        if !writer.piece(piece) {
            return in_pieces(writer.out, script.piece_bytes);
        }
    }
    writer.close_block();
    let stop = script.stop.clone().unwrap_or_else(|| if writer.calls > 0 { "tool_use" } else { "end_turn" }.to_owned());
    let usage = script.usage.clone().unwrap_or_else(|| json!({ "output_tokens": writer.output.max(1) }));
    let delta = json!({ "stop_reason": stop, "stop_sequence": null });
    writer.event(&json!({ "type": "message_delta", "delta": delta, "usage": usage }));
    writer.event(&json!({ "type": "message_stop" }));
    in_pieces(writer.out, script.piece_bytes)
}

/// The open block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    Text,
}

struct Writer<Fresh, Issue> {
    out: Vec<Out>,
    index: u64,
    block: Block,
    calls: usize,
    output: usize,
    fresh_id: Fresh,
    issue: Issue,
}

impl<Fresh: FnMut() -> String, Issue: FnMut(Value)> Writer<Fresh, Issue> {
    /// False when nothing comes after it.
    fn piece(&mut self, piece: &Piece) -> bool {
        match piece {
            Piece::Text(text) => self.text(text),
            Piece::Thinking { text, signature } => self.thinking(text, signature),
            Piece::Redacted(data) => {
                let block = json!({ "type": "redacted_thinking", "data": data });
                (self.issue)(block.clone());
                self.whole_block(&block, &[]);
            }
            Piece::Call { id, tool, json } => self.call(id.clone(), tool, json),
            Piece::Event(event) => self.event(event),
            Piece::Raw(bytes) => self.out.push(Out::Bytes(bytes.clone())),
            Piece::Wait(gate) => self.out.push(Out::Wait(gate.clone())),
            Piece::Cut => self.out.push(Out::Cut),
            Piece::End => {}
        }
        !matches!(piece, Piece::Cut | Piece::End)
    }

    fn text(&mut self, text: &str) {
        if self.block != Block::Text {
            self.close_block();
            self.block = Block::Text;
            let block = json!({ "type": "text", "text": "" });
            self.event(&json!({ "type": "content_block_start", "index": self.index, "content_block": block }));
        }
        self.output += text.len() / 4;
        self.delta(&json!({ "type": "text_delta", "text": text }));
    }

    fn thinking(&mut self, text: &str, signature: &str) {
        (self.issue)(json!({ "type": "thinking", "thinking": text, "signature": signature }));
        let deltas =
            [json!({ "type": "thinking_delta", "thinking": text }), json!({ "type": "signature_delta", "signature": signature })];
        self.whole_block(&json!({ "type": "thinking", "thinking": "", "signature": "" }), &deltas);
    }

    fn call(&mut self, id: Option<String>, tool: &str, arguments: &str) {
        let id = id.unwrap_or_else(&mut self.fresh_id);
        self.calls += 1;
        self.output += arguments.len() / 4;
        // The provider sends arguments in pieces that end anywhere.
        let middle = arguments.floor_char_boundary(arguments.len() / 2);
        let deltas = [&arguments[..middle], &arguments[middle..]]
            .map(|partial| json!({ "type": "input_json_delta", "partial_json": partial }));
        self.whole_block(&json!({ "type": "tool_use", "id": id, "name": tool, "input": {} }), &deltas);
    }

    fn whole_block(&mut self, block: &Value, deltas: &[Value]) {
        self.close_block();
        self.event(&json!({ "type": "content_block_start", "index": self.index, "content_block": block }));
        for delta in deltas {
            self.delta(delta);
        }
        self.event(&json!({ "type": "content_block_stop", "index": self.index }));
        self.index += 1;
    }

    fn close_block(&mut self) {
        if self.block == Block::Text {
            self.event(&json!({ "type": "content_block_stop", "index": self.index }));
            self.index += 1;
            self.block = Block::None;
        }
    }

    fn delta(&mut self, delta: &Value) {
        self.event(&json!({ "type": "content_block_delta", "index": self.index, "delta": delta }));
    }

    fn event(&mut self, event: &Value) {
        let kind = event["type"].as_str().unwrap_or("message");
        self.out.push(Out::Bytes(format!("event: {kind}\ndata: {event}\n\n").into()));
    }
}

pub(super) fn in_pieces(out: Vec<Out>, size: Option<usize>) -> Vec<Out> {
    let Some(size) = size else { return out };
    let split = |out| match out {
        Out::Bytes(bytes) => bytes.chunks(size).map(|piece| Out::Bytes(Bytes::copy_from_slice(piece))).collect(),
        other => vec![other],
    };
    out.into_iter().flat_map(split).collect()
}
