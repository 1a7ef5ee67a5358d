//! Holt towards a desktop's server, over a socket that is private already: version 3.8, no authentication, always shared.

use super::{NONE, ServerInit, VERSION, minor_version};
use crate::wire::{Length, Pieces, after, u32_at};
use crate::{Error, bounds};

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientStep {
    /// Send this and go on.
    Send(&'static [u8]),
    /// Messages follow.
    Done(ServerInit),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Version,
    Types,
    Result,
    Reason,
    Init,
    Over,
}

/// Holt's side of a handshake with a desktop's server, which speaks first.
#[derive(Debug)]
pub struct ClientHandshake {
    state: State,
    pieces: Pieces,
}

impl Default for ClientHandshake {
    fn default() -> Self {
        Self::new()
    }
}

impl ClientHandshake {
    /// A connection that was just made.
    pub fn new() -> Self {
        Self { state: State::Version, pieces: Pieces::default() }
    }

    /// The next step, or `None` when `input` is used up. Nothing is taken beyond the handshake.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<ClientStep>, Error> {
        loop {
            let state = self.state;
            let Some(unit) = self.pieces.next(input, |bytes| measure(state, bytes))? else { return Ok(None) };
            let (next, step) = match state {
                State::Version => version(unit)?,
                State::Types => types(unit)?,
                State::Result if u32_at(unit, 0) == 0 => (State::Init, Some(ClientStep::Send(&[1]))),
                State::Result => (State::Reason, None),
                State::Reason => return Err(Error::Refused(String::from_utf8_lossy(&unit[4..]).into_owned())),
                State::Init | State::Over => (State::Over, Some(ClientStep::Done(ServerInit::read(unit)?))),
            };
            self.state = next;
            if step.is_some() {
                return Ok(step);
            }
        }
    }
}

fn measure(state: State, bytes: &[u8]) -> Result<Length, Error> {
    match state {
        State::Version => Ok(Length::Known(VERSION.len())),
        State::Types => after(bytes, 1, |head| Ok(1 + usize::from(head[0]))),
        State::Result => Ok(Length::Known(4)),
        State::Reason => after(bytes, 4, |head| Ok(4 + Error::bound("a reason", u32_at(head, 0) as usize, bounds::TEXT)?)),
        State::Init => after(bytes, ServerInit::HEADER, ServerInit::length),
        State::Over => Err(Error::Malformed("a handshake that goes on after its end")),
    }
}

fn version(unit: &[u8]) -> Result<(State, Option<ClientStep>), Error> {
    if minor_version(unit)? < 8 {
        return Err(Error::Version(String::from_utf8_lossy(unit).into_owned()));
    }
    Ok((State::Types, Some(ClientStep::Send(VERSION))))
}

fn types(unit: &[u8]) -> Result<(State, Option<ClientStep>), Error> {
    match &unit[1..] {
        [] => Ok((State::Reason, None)),
        types if types.contains(&NONE) => Ok((State::Result, Some(ClientStep::Send(&[NONE])))),
        types => Err(Error::Security(format!("the desktop's server wants one of the types {types:?}, and not none"))),
    }
}
