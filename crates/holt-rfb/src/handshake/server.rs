//! Holt towards a viewer.

use super::{NONE, PASSWORD, VERSION, minor_version, password, put_text};
use crate::Error;
use crate::wire::{Length, Pieces, Put};

/// What a viewer must show.
#[derive(Clone)]
pub enum Security {
    /// Nothing: who it is was settled before.
    None,
    /// That it knows a password.
    Password {
        /// Its first eight characters count.
        password: String,
        /// Random, and never used twice.
        challenge: [u8; password::LENGTH],
    },
}

impl std::fmt::Debug for Security {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Password { .. } => "Password",
        })
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerStep {
    /// Send this and go on.
    Send(Vec<u8>),
    /// Send this, which says why, and close.
    Refuse(Vec<u8>, Error),
    /// Answer with a `ServerInit`; messages follow.
    Done {
        /// Whether it minds other viewers.
        shared: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Version,
    Choice { minor: u16 },
    Answer { minor: u16 },
    Init,
    Over,
}

/// Holt's side of a handshake with a viewer.
#[derive(Debug)]
pub struct ServerHandshake {
    security: Security,
    state: State,
    pieces: Pieces,
}

impl ServerHandshake {
    /// A viewer that has just connected. Send it `hello` first.
    pub fn new(security: Security) -> Self {
        Self { security, state: State::Version, pieces: Pieces::default() }
    }

    /// The first word, which is the server's.
    pub fn hello() -> &'static [u8] {
        VERSION
    }

    /// The next step, or `None` when `input` is used up. Nothing is taken beyond the handshake.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<ServerStep>, Error> {
        let length = match self.state {
            State::Version => VERSION.len(),
            State::Choice { .. } | State::Init => 1,
            State::Answer { .. } => password::LENGTH,
            State::Over => return Err(Error::Malformed("a handshake that goes on after its end")),
        };
        let Some(unit) = self.pieces.next(input, |_| Ok(Length::Known(length)))? else { return Ok(None) };
        let (next, step) = match self.state {
            State::Version => offer(&self.security, minor_version(unit)?),
            State::Choice { minor } => begin(&self.security, minor, unit[0]),
            State::Answer { minor } => judge(&self.security, minor, unit),
            State::Init | State::Over => (State::Over, ServerStep::Done { shared: unit[0] != 0 }),
        };
        self.state = next;
        Ok(Some(step))
    }
}

fn kind(security: &Security) -> u8 {
    match security {
        Security::None => NONE,
        Security::Password { .. } => PASSWORD,
    }
}

/// Version 3.3 is told what to do; later ones choose from a list.
fn offer(security: &Security, minor: u16) -> (State, ServerStep) {
    if minor > 3 {
        return (State::Choice { minor }, ServerStep::Send(vec![1, kind(security)]));
    }
    let mut out = vec![0, 0, 0, kind(security)];
    let next = match security {
        Security::None => State::Init,
        Security::Password { challenge, .. } => {
            out.put(challenge);
            State::Answer { minor }
        }
    };
    (next, ServerStep::Send(out))
}

fn begin(security: &Security, minor: u16, choice: u8) -> (State, ServerStep) {
    if choice != kind(security) {
        let error = Error::Security(format!("the viewer chose type {choice}, which was not offered"));
        return (State::Over, ServerStep::Refuse(refusal(minor, &error), error));
    }
    match security {
        Security::Password { challenge, .. } => (State::Answer { minor }, ServerStep::Send(challenge.to_vec())),
        // Before 3.8 there is no result where there was nothing to check.
        Security::None if minor < 8 => (State::Init, ServerStep::Send(Vec::new())),
        Security::None => (State::Init, ServerStep::Send(vec![0; 4])),
    }
}

fn judge(security: &Security, minor: u16, answer: &[u8]) -> (State, ServerStep) {
    match security {
        Security::Password { password, challenge } if password::is_right(password, challenge, answer) => {
            (State::Init, ServerStep::Send(vec![0; 4]))
        }
        _ => (State::Over, ServerStep::Refuse(refusal(minor, &Error::Password), Error::Password)),
    }
}

/// A result that says no, and from 3.8 on why.
fn refusal(minor: u16, error: &Error) -> Vec<u8> {
    let mut out = vec![0, 0, 0, 1];
    if minor >= 8 {
        put_text(&error.to_string(), &mut out);
    }
    out
}
