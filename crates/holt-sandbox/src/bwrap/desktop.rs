//! A session's desktop: started by its keeper, reached over the keeper's socket for viewers.

use std::os::fd::AsRawFd as _;

use holt_core::id::SessionId;
use holt_core::sandbox::{Link, SandboxError};
use holt_core::session::{DesktopSpec, Flavour};
use holt_keeper::protocol::message::{Answer, DesktopFlavour, Verb};
use tokio::net::UnixStream;
use tokio_util::compat::TokioAsyncReadCompatExt as _;

use super::birth::desktop_socket_name;
use super::driver::Inner;

pub async fn start(inner: &Inner, session: SessionId, desktop: DesktopSpec) -> Result<(), SandboxError> {
    let flavour = match desktop.flavour {
        Flavour::None => return Err(cannot("this session has no desktop")),
        Flavour::Light => DesktopFlavour::Light,
        Flavour::Full => DesktopFlavour::Full,
    };
    let verb = Verb::StartDesktop { flavour, width: desktop.width, height: desktop.height };
    match inner.ask(session, verb).await? {
        Answer::Done => Ok(()),
        Answer::Refused { message, .. } => Err(cannot(&message)),
        other => Err(super::driver::unexpected(&other)),
    }
}

/// Connecting waits for nothing: whoever comes while the desktop is coming up is served when it is there.
pub async fn reach(inner: &Inner, session: SessionId) -> Result<Box<dyn Link>, SandboxError> {
    let open = inner.find(session).await?;
    let path = format!("/proc/self/fd/{}/{}", inner.sockets.as_raw_fd(), desktop_socket_name(&open.record.keeper));
    let stream = UnixStream::connect(path).await.map_err(|error| cannot(&format!("its socket does not answer: {error}")))?;
    Ok(Box::new(stream.compat()))
}

fn cannot(why: &str) -> SandboxError {
    SandboxError::CannotOpen {
        code: "desktop_unavailable".into(),
        message: format!("The desktop cannot be had: {why}."),
        hint: "`holt doctor` says what this machine lacks for desktops.".into(),
    }
}
