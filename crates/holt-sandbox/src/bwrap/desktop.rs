//! A session's desktop: started by its keeper, reached over the keeper's socket for viewers.

use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use futures::StreamExt as _;
use holt_core::id::{CallId, SessionId};
use holt_core::sandbox::{CallUpdate, Link, Picture, SandboxError, Sandboxes as _, ToolCall};
use holt_core::session::{DesktopSpec, Flavour};
use holt_core::tool::ToolContent;
use holt_keeper::protocol::message::{Answer, DesktopFlavour, Verb};
use serde_json::json;
use tokio::net::UnixStream;
use tokio_util::compat::TokioAsyncReadCompatExt as _;
use tokio_util::io::InspectReader;

use super::BwrapDriver;
use super::birth::desktop_socket_name;
use super::driver::Inner;

/// The tool that shows the screen.
const LOOK: &str = "computer";
const LOOKING: Duration = Duration::from_secs(15);

pub async fn start(inner: &Arc<Inner>, session: SessionId, desktop: DesktopSpec, wait: bool) -> Result<(), SandboxError> {
    let flavour = match desktop.flavour {
        Flavour::None => return Err(cannot("this session has no desktop")),
        Flavour::Light => DesktopFlavour::Light,
        Flavour::Full => DesktopFlavour::Full,
    };
    let verb = Verb::StartDesktop { flavour, width: desktop.width, height: desktop.height, wait };
    let open = inner.find(session).await?;
    open.desktop.note();
    match inner.ask(session, verb).await? {
        Answer::Done => {
            open.desktop.look_after(inner, session);
            Ok(())
        }
        Answer::Refused { message, .. } => Err(cannot(&message)),
        other => Err(super::driver::unexpected(&other)),
    }
}

/// A desktop that an earlier server left rests like any other, though nobody touches it.
pub async fn look_after(inner: &Arc<Inner>, session: SessionId) {
    if let Ok(open) = inner.find(session).await {
        open.desktop.note();
        open.desktop.look_after(inner, session);
    }
}

/// Connecting waits for nothing: whoever comes while the desktop is coming up is served when it is there.
pub async fn reach(inner: &Inner, session: SessionId) -> Result<Box<dyn Link>, SandboxError> {
    let open = inner.find(session).await?;
    let path = format!("/proc/self/fd/{}/{}", inner.sockets.as_raw_fd(), desktop_socket_name(&open.record.keeper));
    let stream = UnixStream::connect(path).await.map_err(|error| cannot(&format!("its socket does not answer: {error}")))?;
    let look = Arc::clone(&open.desktop);
    // As long as there is this connection, somebody looks.
    Ok(Box::new(InspectReader::new(stream, move |_: &[u8]| look.note()).compat()))
}

/// A picture through the toolbox, which is nearest to the screen.
pub async fn look(driver: &BwrapDriver, session: SessionId) -> Result<Picture, SandboxError> {
    let call = CallId::new(uuid::Uuid::now_v7());
    let wanted = ToolCall { session, call, tool: LOOK.into(), arguments: json!({ "action": "screenshot" }) };
    let mut updates = driver.call_within(wanted, false, LOOKING).await?;
    let mut outcome = None;
    while let Some(update) = updates.next().await {
        if let CallUpdate::Finished(finished) = update {
            outcome = Some(finished);
        }
    }
    driver.acknowledge(session, call).await?;
    let outcome = outcome.ok_or(SandboxError::Gone)?;
    let picture = outcome.content.iter().find_map(|part| match part {
        ToolContent::Image { media_type, data } => Some((media_type.clone(), BASE64_STANDARD.decode(data).ok()?)),
        ToolContent::Text { .. } => None,
    });
    picture.map(|(media_type, bytes)| Picture { media_type, bytes }).ok_or_else(|| cannot("it gave no picture"))
}

fn cannot(why: &str) -> SandboxError {
    SandboxError::CannotOpen {
        code: "desktop_unavailable".into(),
        message: format!("The desktop cannot be had: {why}."),
        hint: "`holt doctor` says what this machine lacks for desktops.".into(),
    }
}
