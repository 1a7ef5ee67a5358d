//! The person who drives the desktop: the agent's programs stand still meanwhile, and somebody who is gone for too long does
//! not drive any more.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use holt_core::event::ControlEnd;
use holt_core::id::ClientId;
use holt_core::machine::Input;
use holt_core::sandbox::{Group, Picture, SandboxError};
use holt_core::tool::{MAX_PICTURE_BYTES, ToolContent};
use tokio::sync::oneshot;

use super::{Owner, Word};

/// What the agent is doing on the screen when a person takes over gets this long to come to an end.
const HANDOVER: Duration = Duration::from_millis(150);

/// How long the agent waits for a picture of what a person left behind.
const LOOK: Duration = Duration::from_secs(3);

/// What an owner knows of whoever drives.
pub(crate) struct Driver {
    /// When they were last known to be there.
    seen: Instant,
    /// The last change to the agent's programs, which the next one waits for.
    moving: Option<oneshot::Receiver<()>>,
    /// The desktop that was given back is being looked at, for the agent.
    looking: bool,
}

impl Driver {
    pub fn looks(&self) -> bool {
        self.looking
    }
}

impl Default for Driver {
    fn default() -> Self {
        Self { seen: Instant::now(), moving: None, looking: false }
    }
}

impl Owner {
    pub(crate) fn driver_is_present(&mut self, client: ClientId) {
        if self.state.control.as_ref().is_some_and(|control| control.client == client) {
            self.driver.seen = Instant::now();
        }
    }

    /// How long until a driver who is not heard of counts as gone.
    pub(super) fn until_driver_left(&self) -> Option<Duration> {
        let control = self.state.control.as_ref();
        control.map(|_| self.node.options.driver_may_be_away.saturating_sub(self.driver.seen.elapsed()))
    }

    pub(super) async fn miss_driver(&mut self) {
        if self.until_driver_left().is_some_and(|left| left.is_zero()) {
            self.take(Input::ReturnControl { why: ControlEnd::Left, by: None, client: None }).await;
        }
    }

    /// Looks at the desktop for an agent that goes on after a person has used it. It waits for that, but not for long.
    pub(crate) fn look_again(&mut self) {
        if self.state.run().is_none() || std::mem::replace(&mut self.driver.looking, true) {
            return;
        }
        let (sandboxes, words, session) = (self.node.parts.sandboxes.clone(), self.words.clone(), self.session);
        self.helpers.spawn(async move {
            let seen = tokio::time::timeout(LOOK, sandboxes.look(session)).await;
            let picture = seen.ok().and_then(Result::ok).and_then(|picture| for_the_agent(&picture));
            let _ = words.send(Word::Seen { picture }).await;
        });
    }

    pub(crate) fn has_looked(&mut self, picture: Option<ToolContent>) {
        self.driver.looking = false;
        if let Some(picture) = picture {
            self.follow_up.push_back(Input::DesktopSeen { picture });
        }
    }

    /// Lets the agent's programs stand still, or go on. One change after the other, in the order in which they were decided.
    pub(crate) fn move_programs(&mut self, stand_still: bool) {
        self.driver.seen = Instant::now();
        let (done, after) = oneshot::channel();
        let before = self.driver.moving.replace(after);
        let (sandboxes, session) = (self.node.parts.sandboxes.clone(), self.session);
        self.helpers.spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            if stand_still {
                tokio::time::sleep(HANDOVER).await;
            }
            for group in [Group::Agent, Group::Commands] {
                let moved = match stand_still {
                    true => sandboxes.freeze(session, group).await,
                    false => sandboxes.thaw(session, group).await,
                };
                match moved {
                    Ok(()) | Err(SandboxError::NotOpen | SandboxError::Gone) => {}
                    Err(error) => tracing::warn!(%session, ?group, stand_still, %error, "programs were not moved"),
                }
            }
            let _ = done.send(());
        });
    }
}

/// It comes from the sandbox: only a picture, and one that is not too large.
fn for_the_agent(picture: &Picture) -> Option<ToolContent> {
    let media_type = ["image/jpeg", "image/png"].into_iter().find(|known| *known == picture.media_type)?;
    let fits = picture.bytes.len() <= MAX_PICTURE_BYTES / 4 * 3;
    fits.then(|| ToolContent::Image { media_type: media_type.into(), data: STANDARD.encode(&picture.bytes) })
}
