//! The bare loop: the same bytes to as many sockets, one after the other, and nothing else.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::Result;
use holt_core::event::Event;
use holt_core::id::SessionId;

use super::pace::{Pace, TITLE};
use super::socket::Follower;
use crate::process;

#[derive(Debug)]
pub struct Loop {
    session: SessionId,
    sockets: Vec<TcpStream>,
    followers: Vec<TcpStream>,
    written: u64,
    cpu: Duration,
}

impl Loop {
    pub fn start(count: usize, session: SessionId) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (mut sockets, mut followers) = (Vec::new(), Vec::new());
        for _ in 0..count {
            followers.push(TcpStream::connect(address)?);
            let (socket, _) = listener.accept()?;
            socket.set_nodelay(true)?;
            sockets.push(socket);
        }
        Ok(Self { session, sockets, followers, written: 0, cpu: Duration::ZERO })
    }

    /// The other ends, once.
    pub fn followers(&mut self) -> Vec<Follower> {
        std::mem::take(&mut self.followers).into_iter().map(Follower::of).collect()
    }

    /// The processor time that it took so far.
    pub fn cpu(&self) -> Duration {
        self.cpu
    }

    pub fn write_events(&mut self, pace: &Pace) -> Result<()> {
        let before = process::own_thread_cpu();
        let written = pace.each(|_| {
            self.written += 1;
            let frame = frame(self.session, self.written);
            self.sockets.iter_mut().try_for_each(|socket| socket.write_all(&frame))?;
            Ok(())
        });
        self.cpu += process::own_thread_cpu().saturating_sub(before);
        written
    }
}

/// An event as Holt sends it, in a frame of a WebSocket.
fn frame(session: SessionId, seq: u64) -> Vec<u8> {
    let mut event = super::super::record::event(session, seq);
    event.body = format!(r#"{{"title":"{seq:0TITLE$}"}}"#).into();
    text_frame(&event)
}

fn text_frame(event: &Event) -> Vec<u8> {
    let text = format!(r#"{{"type":"event","event":{}}}"#, event.to_json());
    // Longer than 125 bytes and shorter than 64 KiB: the length stands in two bytes of its own.
    let [high, low] = u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&[0x81, 126, high, low], text.as_bytes()].concat()
}
