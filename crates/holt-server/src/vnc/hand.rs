//! A viewer that knows nothing of control takes it with its first key or button, where it may.
//!
//! Moving the mouse over the picture takes nothing. Input that comes while somebody else drives is refused as ever. Who
//! does nothing for a while loses control as a tab does that is closed, and gives it back by leaving.

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use holt_api::{ClientId, SessionId};
use holt_core::access::Principal;
use holt_core::view::Programs;
use holt_desktop::Permit;
use holt_engine::Engine;
use holt_rfb::encoding::EXTENDED_MOUSE;
use holt_rfb::message::{ClientMessage, ClientMessages};
use tokio::sync::watch;
use tokio::time::{Duration, Instant, timeout};

use crate::watching::PRESENCE;

/// Between two tries to take control that somebody else has.
const PAUSE: Duration = Duration::from_secs(1);
/// How long what was typed waits for control that was granted.
const GRANTED: Duration = Duration::from_secs(5);

/// Whoever would drive.
pub(crate) struct Hand {
    pub engine: Engine,
    pub by: Principal,
    pub session: SessionId,
    pub client: ClientId,
    pub permitted: watch::Receiver<Permit>,
}

struct Watched {
    hand: Hand,
    /// Absent once it does not speak as we know it: then nothing is taken any more.
    messages: Option<ClientMessages>,
    tried: Option<Instant>,
    noted: Option<Instant>,
}

impl Hand {
    /// The same bytes; before a key or a button passes, control is taken.
    pub fn watch(self, from: impl Stream<Item = Bytes> + Send + Unpin) -> impl Stream<Item = Bytes> + Send + Unpin {
        let watched = Watched { hand: self, messages: Some(ClientMessages::new()), tried: None, noted: None };
        let passing = stream::unfold((watched, from), async |(mut watched, mut from)| {
            let bytes = from.next().await?;
            if watched.acts(&bytes) {
                watched.take().await;
            }
            Some((bytes, (watched, from)))
        });
        Box::pin(passing)
    }
}

impl Watched {
    /// Whether a key or a button is in it.
    fn acts(&mut self, mut bytes: &[u8]) -> bool {
        let Some(messages) = &mut self.messages else { return false };
        let (mut acts, mut extends) = (false, false);
        loop {
            match messages.next(&mut bytes) {
                Ok(Some(ClientMessage::Key(key))) => acts |= key.down,
                Ok(Some(ClientMessage::Pointer(pointer))) => acts |= pointer.buttons != 0,
                Ok(Some(ClientMessage::SetEncodings(list))) => extends |= list.iter().any(|one| one == EXTENDED_MOUSE),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => {
                    self.messages = None;
                    return acts;
                }
            }
        }
        if extends {
            messages.extend_mouse();
        }
        acts
    }

    async fn take(&mut self) {
        let Hand { engine, by, session, client, permitted } = &mut self.hand;
        if permitted.borrow().act {
            if self.noted.is_none_or(|at| at.elapsed() >= PRESENCE) {
                self.noted = Some(Instant::now());
                engine.driver_is_present(*session, *client);
            }
            return;
        }
        if self.tried.is_some_and(|at| at.elapsed() < PAUSE) {
            return;
        }
        self.tried = Some(Instant::now());
        if engine.take_control(by, *session, *client, Programs::default(), false).await.is_ok() {
            let _ = timeout(GRANTED, permitted.wait_for(|permit| permit.act)).await;
        }
    }
}
