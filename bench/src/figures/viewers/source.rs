//! Plays a recording to whoever connects, as a desktop would: an update when it is asked for one and the update is due.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use anyhow::Result;
use holt_rfb::handshake::{Security, ServerHandshake, ServerStep};
use holt_rfb::message::{ClientMessage, ClientMessages};

use super::super::followers::pace::Pace;
use super::recording::Recording;

/// The protocol's sound, which says here that a turn is over.
const BELL: [u8; 1] = [2];

#[derive(Debug)]
pub struct Source {
    pub socket: PathBuf,
    playing: Arc<Playing>,
}

#[derive(Debug)]
struct Playing {
    recording: Recording,
    turn: Mutex<Turn>,
    began: Condvar,
}

#[derive(Debug, Default)]
struct Turn {
    number: usize,
    pace: Option<Arc<Pace>>,
    /// When the updates of this turn were begun to be written.
    played: Vec<Instant>,
    over: bool,
}

impl Source {
    pub fn start(socket: &Path, recording: Recording) -> Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let playing = Arc::new(Playing { recording, turn: Mutex::default(), began: Condvar::new() });
        let to_all = Arc::clone(&playing);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let playing = Arc::clone(&to_all);
                // Whoever is played to may leave at any time.
                std::thread::spawn(move || playing.play(stream));
            }
        });
        Ok(Self { socket: socket.to_owned(), playing })
    }

    pub fn recording(&self) -> &Recording {
        &self.playing.recording
    }

    /// Everybody who is connected is played so many updates.
    pub fn begin_turn(&self, pace: Pace) {
        let mut turn = self.playing.turn();
        *turn = Turn { number: turn.number + 1, pace: Some(Arc::new(pace)), ..Turn::default() };
        self.playing.began.notify_all();
    }

    /// Nobody is played anything until the next turn. Says when the updates of this one were played.
    pub fn end_turn(&self) -> Vec<Instant> {
        let mut turn = self.playing.turn();
        turn.pace = None;
        std::mem::take(&mut turn.played)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.playing.turn().over = true;
        self.playing.began.notify_all();
    }
}

impl Playing {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn play(&self, mut stream: UnixStream) -> Result<()> {
        let Some(mut input) = self.greet(&mut stream)? else { return Ok(()) };
        let (mut messages, mut place) = (ClientMessages::new(), Place::default());
        let mut read = [0; 4096];
        loop {
            let mut asked = 0;
            let mut rest = &input[..];
            while let Some(message) = messages.next(&mut rest)? {
                asked += usize::from(matches!(message, ClientMessage::UpdateRequest { .. }));
            }
            for _ in 0..asked {
                if !self.next(&mut stream, &mut place)? {
                    return Ok(());
                }
            }
            let count = stream.read(&mut read)?;
            if count == 0 {
                return Ok(());
            }
            input = read[..count].into();
        }
    }

    /// What was said beyond the greeting, or nothing when it left.
    fn greet(&self, stream: &mut UnixStream) -> Result<Option<Vec<u8>>> {
        stream.write_all(ServerHandshake::hello())?;
        let (mut handshake, mut read) = (ServerHandshake::new(Security::None), [0; 4096]);
        loop {
            let count = stream.read(&mut read)?;
            let mut input = &read[..count];
            if count == 0 {
                return Ok(None);
            }
            while let Some(step) = handshake.next(&mut input)? {
                match step {
                    ServerStep::Send(words) => stream.write_all(&words)?,
                    ServerStep::Refuse(_, error) => return Err(error.into()),
                    ServerStep::Done { .. } => {
                        let mut words = Vec::new();
                        self.recording.init.write(&mut words);
                        stream.write_all(&words)?;
                        return Ok(Some(input.to_vec()));
                    }
                }
            }
        }
    }

    /// The first is the whole picture at once; every other one waits until it is due. False when there are no more turns.
    fn next(&self, stream: &mut UnixStream, place: &mut Place) -> Result<bool> {
        let updates = &self.recording.updates;
        if !std::mem::replace(&mut place.greeted, true) {
            stream.write_all(&updates[0])?;
            place.turn = self.turn().number;
            return Ok(true);
        }
        let Some((pace, number)) = self.due(place) else { return Ok(false) };
        std::thread::sleep(pace.due(number).saturating_duration_since(Instant::now()));
        self.turn().played.push(Instant::now());
        stream.write_all(&updates[number % updates.len()])?;
        place.left -= 1;
        if place.left == 0 {
            stream.write_all(&BELL)?;
        }
        Ok(true)
    }

    /// The number of the next update in the turn that is on, or else in the next one. A turn that is over is not caught up with.
    fn due(&self, place: &mut Place) -> Option<(Arc<Pace>, usize)> {
        let waits = |turn: &mut Turn| !turn.over && (turn.pace.is_none() || (turn.number == place.turn && place.left == 0));
        let turn = self.began.wait_while(self.turn(), waits).unwrap_or_else(PoisonError::into_inner);
        let pace = turn.pace.clone().filter(|_| !turn.over)?;
        if turn.number != place.turn {
            (place.turn, place.left) = (turn.number, pace.events);
        }
        let number = pace.events - place.left;
        Some((pace, number))
    }
}

/// Where one who is played to is.
#[derive(Default)]
struct Place {
    greeted: bool,
    turn: usize,
    left: usize,
}
