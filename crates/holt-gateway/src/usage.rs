//! What an answer says that it used, read as it passes. Pure; a provider that says nothing has used nothing.
//!
//! Numbers are those of the whole request: input with what was read from and written to caches.

use holt_core::budget::Usage;
use serde::Deserialize;
use serde_json::Value;

use crate::Provider;

/// The longest event, and the longest answer in one piece, that are looked at.
const MOST: usize = 4 * 1024 * 1024;

/// Reads along with one answer.
#[derive(Debug)]
pub struct Meter {
    provider: Provider,
    is_stream: bool,
    /// What has come of a line, or of the whole answer.
    kept: Vec<u8>,
    /// The line, or the answer, is longer than anything that makes sense.
    overflown: bool,
    counted: Counts,
}

/// The newest numbers. Providers repeat them, each time for the whole answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    input: Option<u64>,
    written: Option<u64>,
    cached: Option<u64>,
    output: Option<u64>,
}

impl Meter {
    pub fn new(provider: Provider, is_stream: bool) -> Self {
        Self { provider, is_stream, kept: Vec::new(), overflown: false, counted: Counts::default() }
    }

    /// Reads the next bytes, in whatever pieces they come.
    pub fn read(&mut self, mut bytes: &[u8]) {
        while self.is_stream
            && let Some(at) = bytes.iter().position(|byte| *byte == b'\n')
        {
            let (line, rest) = bytes.split_at(at);
            if self.kept.is_empty() && !self.overflown {
                self.take_line(line);
            } else {
                self.keep(line);
                let kept = std::mem::take(&mut self.kept);
                if !std::mem::take(&mut self.overflown) {
                    self.take_line(&kept);
                }
            }
            bytes = &rest[1..];
        }
        self.keep(bytes);
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.overflown || self.kept.len() + bytes.len() > MOST {
            (self.kept, self.overflown) = (Vec::new(), true);
        } else {
            self.kept.extend_from_slice(bytes);
        }
    }

    /// What has been used, by now or in the end.
    pub fn usage(&mut self) -> Usage {
        if !self.is_stream && !self.kept.is_empty() {
            let whole = std::mem::take(&mut self.kept);
            self.take(&whole);
        }
        let Counts { input, written, cached, output } = self.counted;
        let (cached, written) = (cached.unwrap_or(0), written.unwrap_or(0));
        // Anthropic counts what caches had beside the input, the others within it.
        let input = match self.provider {
            Provider::Anthropic => input.unwrap_or(0).saturating_add(cached).saturating_add(written),
            Provider::OpenAi | Provider::Gemini => input.unwrap_or(0),
        };
        Usage { input_tokens: input, output_tokens: output.unwrap_or(0), cached_tokens: cached, ..Usage::default() }
    }

    fn take_line(&mut self, line: &[u8]) {
        if let Some(data) = line.strip_prefix(b"data:") {
            self.take(data);
        }
    }

    fn take(&mut self, json: &[u8]) {
        // Nearly all events are text, and say nothing of this.
        if !mentions_usage(json) {
            return;
        }
        if let Ok(said) = serde_json::from_slice::<Said>(json) {
            let all = [said.usage, said.usage_metadata, said.message.and_then(|m| m.usage), said.response.and_then(|r| r.usage)];
            all.into_iter().flatten().for_each(|usage| self.counted.take(&usage));
        }
    }
}

/// Whether `"usage` stands in it, as it does before every number that is meant here.
fn mentions_usage(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'"') {
        rest = &rest[at + 1..];
        if rest.starts_with(b"usage") {
            return true;
        }
    }
    false
}

/// Where numbers stand in events and answers.
#[derive(Debug, Deserialize)]
struct Said {
    usage: Option<Value>,
    #[serde(rename = "usageMetadata")]
    usage_metadata: Option<Value>,
    message: Option<Inner>,
    response: Option<Inner>,
}

#[derive(Debug, Deserialize)]
struct Inner {
    usage: Option<Value>,
}

impl Counts {
    fn take(&mut self, usage: &Value) {
        let number = |names: &[&str]| names.iter().find_map(|path| usage.pointer(path).and_then(Value::as_u64));
        let thoughts = number(&["/thoughtsTokenCount"]);
        let output = number(&["/output_tokens", "/completion_tokens", "/candidatesTokenCount"]);
        let output = match (output, thoughts) {
            (Some(output), Some(thoughts)) => Some(output.saturating_add(thoughts)),
            (output, thoughts) => output.or(thoughts),
        };
        let cached = [
            "/cache_read_input_tokens",
            "/input_tokens_details/cached_tokens",
            "/prompt_tokens_details/cached_tokens",
            "/cachedContentTokenCount",
        ];
        self.input = number(&["/input_tokens", "/prompt_tokens", "/promptTokenCount"]).or(self.input);
        self.written = number(&["/cache_creation_input_tokens"]).or(self.written);
        self.cached = number(&cached).or(self.cached);
        self.output = output.or(self.output);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ANTHROPIC: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":10,\"cache_read_input_tokens\":5,\"cache_creation_input_tokens\":3,\"output_tokens\":1}}}\n\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"the \\\"usage\\\" of otters\"}}\r\n\r\ndata: {\"type\":\"message_delta\",\"usage\":{\"output_tokens\":42}}\n\n";
    const RESPONSES: &str = "data: {\"type\":\"response.created\",\"response\":{\"usage\":null}}\n\ndata: {\"type\":\"response.completed\",\"response\":{\"usage\":{\"input_tokens\":7,\"input_tokens_details\":{\"cached_tokens\":2},\"output_tokens\":3}}}\n\n";
    const GEMINI: &str = "data: {\"candidates\":[],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":4,\"thoughtsTokenCount\":6,\"cachedContentTokenCount\":1}}\r\n\r\n";
    const CHAT: &str = r#"{"choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":11,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":8}}}"#;

    fn usage(input: u64, output: u64, cached: u64) -> Usage {
        Usage { input_tokens: input, output_tokens: output, cached_tokens: cached, ..Usage::default() }
    }

    fn metered(provider: Provider, is_stream: bool, pieces: &[&[u8]]) -> Usage {
        let mut meter = Meter::new(provider, is_stream);
        pieces.iter().for_each(|piece| meter.read(piece));
        meter.usage()
    }

    #[test]
    fn numbers_are_the_same_wherever_the_bytes_are_split() {
        for (provider, is_stream, text, expected) in [
            (Provider::Anthropic, true, ANTHROPIC, usage(18, 42, 5)),
            (Provider::OpenAi, true, RESPONSES, usage(7, 3, 2)),
            (Provider::Gemini, true, GEMINI, usage(9, 10, 1)),
            (Provider::OpenAi, false, CHAT, usage(11, 2, 8)),
        ] {
            let bytes = text.as_bytes();
            for at in 0..=bytes.len() {
                assert_eq!(metered(provider, is_stream, &[&bytes[..at], &bytes[at..]]), expected, "{provider:?} split at {at}");
            }
            assert_eq!(metered(provider, is_stream, &bytes.chunks(1).collect::<Vec<_>>()), expected);
        }
    }

    #[test]
    fn an_answer_that_breaks_off_has_used_what_it_said_by_then() {
        let at = ANTHROPIC.find("event_delta").unwrap_or_else(|| ANTHROPIC.find("message_delta").unwrap());
        assert_eq!(metered(Provider::Anthropic, true, &[&ANTHROPIC.as_bytes()[..at]]), usage(18, 1, 5));
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let mut meter = Meter::new(Provider::OpenAi, true);
        let flood = vec![b'x'; MOST / 2 + 1];
        (0..4).for_each(|_| meter.read(&flood));
        assert!(meter.kept.is_empty());
        meter.read(b"\n");
        meter.read(RESPONSES.as_bytes());
        assert_eq!(meter.usage(), usage(7, 3, 2), "what comes after it is read again");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300), is_stream: bool) {
            metered(Provider::Gemini, is_stream, &[&bytes]);
        }
    }
}
