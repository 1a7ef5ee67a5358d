//! A follower's socket with as little around it as there can be: it finds the frames and the events' numbers in them, and
//! parses nothing.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use holt_core::event::Seq;
use holt_core::id::SessionId;

use crate::holt::Holt;
use crate::http::Connection;

/// How every event's frame begins, up to the session's id.
const EVENT: &[u8] = br#"{"type":"event","event":{"session":""#;
/// What stands between the id, which has 36 characters, and the number.
const SEQ: &[u8] = br#"","seq":"#;
const ID: usize = 36;
const SNAPSHOT: &[u8] = br#"{"type":"snapshot""#;
/// A masked pong without payload.
const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];
const SILENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Follower {
    stream: TcpStream,
    /// What came and is not a whole frame yet.
    rest: Vec<u8>,
    scratch: Box<[u8]>,
}

impl Follower {
    pub fn of(stream: TcpStream) -> Self {
        Self { stream, rest: Vec::new(), scratch: vec![0; 16 * 1024].into() }
    }

    /// Opens Holt's socket and follows: from a place, or from a snapshot, which has come when this returns.
    pub fn follow(holt: &Holt, session: SessionId, after: Option<Seq>) -> Result<Self> {
        let mut connection = Connection::open(holt.address)?;
        let upgrade = "upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        connection.send(&format!("GET /v2/feed HTTP/1.1\r\n{}{upgrade}\r\n", holt.authorization()))?;
        let (status, _) = connection.head()?;
        ensure!(status == 101, "the socket was refused with {status}");
        let (mut stream, rest) = connection.into_parts();
        let after = after.map(|after| format!(r#","after":{after}"#)).unwrap_or_default();
        stream.write_all(&client_frame(&format!(r#"{{"follow":"{session}"{after}}}"#)))?;
        stream.set_read_timeout(Some(SILENCE))?;
        let mut follower = Self { rest, ..Self::of(stream) };
        if after.is_empty() {
            let mut there = false;
            while !there {
                follower.wait_for(|payload| there |= payload.starts_with(SNAPSHOT))?;
            }
        }
        Ok(follower)
    }

    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Waits for something to come, and hands over the numbers of the events in it.
    pub fn wait(&mut self, mut event: impl FnMut(Seq)) -> Result<()> {
        self.wait_for(|payload| seq(payload).into_iter().for_each(&mut event))
    }

    fn wait_for(&mut self, payload: impl FnMut(&[u8])) -> Result<()> {
        match self.read(payload) {
            Ok(0) => anyhow::bail!("the server closed the socket"),
            Ok(_) => Ok(()),
            Err(error) => Err(error).context("nothing came"),
        }
    }

    /// Takes what is there. Says how many bytes that was.
    pub fn take(&mut self, mut event: impl FnMut(Seq)) -> io::Result<usize> {
        self.read(|payload| seq(payload).into_iter().for_each(&mut event))
    }

    fn read(&mut self, mut payload: impl FnMut(&[u8])) -> io::Result<usize> {
        let count = self.stream.read(&mut self.scratch)?;
        self.rest.extend_from_slice(&self.scratch[..count]);
        let mut at = 0;
        let mut pinged = false;
        while let Some((code, start, end)) = frame(&self.rest[at..]) {
            match code {
                TEXT => payload(&self.rest[at + start..at + end]),
                PING => pinged = true,
                _ => {}
            }
            at += end;
        }
        self.rest.drain(..at);
        if pinged {
            self.stream.write_all(&PONG)?;
        }
        Ok(count)
    }
}

const TEXT: u8 = 1;
const PING: u8 = 9;

/// The first frame of what a server sent: its kind, and where its payload begins and ends. Nothing while it is not whole.
fn frame(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (code, length) = (bytes.first()? & 0x0f, bytes.get(1)? & 0x7f);
    let (start, length) = match length {
        126 => (4, usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)).ok()?),
        length => (2, usize::from(length)),
    };
    (bytes.len() >= start + length).then_some((code, start, start + length))
}

/// A short text as clients send it: masked, with a mask of zeros.
fn client_frame(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap_or(125).min(125);
    [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()
}

/// The number of the event in a frame, if it is an event's.
fn seq(payload: &[u8]) -> Option<Seq> {
    let rest = payload.strip_prefix(EVENT)?.get(ID..)?.strip_prefix(SEQ)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_frames() {
        let event = br#"{"type":"event","event":{"session":"01920000-0000-7000-8000-000000000001","seq":417,"at":5}}"#;
        assert_eq!(seq(event), Some(417));
        assert_eq!(seq(br#"{"type":"snapshot"}"#), None);
    }

    #[test]
    fn frames_are_cut_where_they_end() {
        let long = [&[0x81, 126, 1, 0][..], &[b'x'; 256]].concat();
        assert_eq!(frame(&long), Some((TEXT, 4, 260)));
        assert_eq!(frame(&long[..259]), None);
        assert_eq!(frame(&[0x89, 0]), Some((PING, 2, 2)));
        assert_eq!(frame(&[0x81]), None);
        assert_eq!(client_frame("hi"), [0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
    }
}
