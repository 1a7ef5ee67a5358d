//! The MCP server: takes calls from the stream, runs them beside each other, and answers.

mod handler;

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{ServerHandler, ServiceExt};
use rustix::process::DumpableBehavior;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;

use crate::tools::Toolbox;
use handler::Handler;

/// The most bytes that one message to the toolbox may have. A longer one is dropped without an answer, so the other side
/// checks before it sends.
pub const MAX_REQUEST_BYTES: usize = 16 * 1024 * 1024;

/// How a toolbox is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory that relative paths start from and artifacts come from.
    pub workspace: PathBuf,
    /// The home directory of the sandbox's user, where the tools may work too.
    pub home: Option<PathBuf>,
    /// The directory for temporary files, where the tools may work too and long outputs are kept.
    pub temporary: PathBuf,
    /// What is shared with the browser, where the tools may work too.
    pub downloads: Option<PathBuf>,
    /// About how many bytes of output an answer has at most.
    pub max_output: usize,
    /// About how many bytes of a file an answer has at most.
    pub max_read: usize,
    /// How much of a command's output is sent as it comes. The rest is in its answer and its file.
    pub max_streamed: usize,
    /// How much of a command's output is kept in its file.
    pub max_kept: u64,
    /// How much of a background process's newest output is kept.
    pub max_background: usize,
    /// How many calls run at a time.
    pub max_calls: usize,
    /// How many of them may be commands, so that there is always room to look at and end what runs.
    pub max_commands: usize,
    /// A program and arguments to start every command with, such as one that puts it into a group.
    pub launcher: Vec<String>,
    /// The X display of the sandbox, such as `:1`. It need not run yet when the toolbox starts.
    pub display: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            workspace: PathBuf::from("/workspace"),
            home: std::env::var_os("HOME").map(PathBuf::from),
            temporary: PathBuf::from("/tmp"),
            downloads: None,
            max_output: 32 * 1024,
            max_read: 64 * 1024,
            max_streamed: 4 * 1024 * 1024,
            max_kept: 16 * 1024 * 1024,
            max_background: 1024 * 1024,
            max_calls: 32,
            max_commands: 24,
            launcher: Vec::new(),
            display: std::env::var("DISPLAY").ok(),
        }
    }
}

/// Why a toolbox could not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the workspace {path} cannot be used: {source}")]
    Workspace { path: PathBuf, source: io::Error },
    #[error("the toolbox could not be set up: {0}")]
    SetUp(#[from] io::Error),
    #[error("the other side does not speak MCP: {0}")]
    Handshake(String),
}

/// Serves over a descriptor, a connected stream socket, until the other side closes it. Blocks.
///
/// No command inherits this descriptor or any other.
///
/// # Errors
/// When the toolbox cannot be set up or the other side does not speak MCP.
pub fn run(stream: OwnedFd, options: Options) -> Result<(), ServeError> {
    crate::descriptors::keep_from_commands()?;
    let stream = std::os::unix::net::UnixStream::from(stream);
    stream.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(options.max_calls).build()?;
    let served = runtime.block_on(async { serve(tokio::net::UnixStream::from_std(stream)?, options).await });
    // A walk through files may still be at work in a thread; nobody waits for it any more.
    runtime.shutdown_background();
    served
}

/// Serves over a stream until the other side closes it. Ends everything that it started.
///
/// It is made for a process of its own: it makes the process unreadable to others, adopts every orphan that its commands
/// leave, takes leave of all children of the process, and changes its directory.
///
/// # Errors
/// When the toolbox cannot be set up or the other side does not speak MCP.
pub async fn serve<Stream>(stream: Stream, options: Options) -> Result<(), ServeError>
where
    Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(io::Error::from)?;
    let toolbox = Arc::new(Toolbox::new(options)?);
    let result = tokio::select! {
        served = converse(Handler::new(Arc::clone(&toolbox)), stream) => served,
        () = toolbox.children.take_leave_forever() => Ok(()),
    };
    toolbox.children.kill_all().await;
    result
}

/// Lets a server of tools talk over a stream until the other side closes it.
///
/// # Errors
/// When the other side does not speak MCP.
pub async fn converse<Stream>(handler: impl ServerHandler, stream: Stream) -> Result<(), ServeError>
where
    Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let closed = CancellationToken::new();
    let (read, write) = tokio::io::split(stream);
    let read = ToldWhenClosed { inner: read, closed: closed.clone() };
    let transport = AsyncRwTransport::new_server(read, write).with_max_line_length(MAX_REQUEST_BYTES);
    match handler.serve_with_ct(transport, closed.clone()).await {
        Ok(service) => {
            // Why it ended is no news: the other side closed the stream.
            let _ = service.waiting().await;
            Ok(())
        }
        // The other side left before it said anything, which it may.
        Err(_) if closed.is_cancelled() => Ok(()),
        Err(error) => Err(ServeError::Handshake(error.to_string())),
    }
}

/// Tells when the other side has closed the stream, so that what runs can be ended at once.
struct ToldWhenClosed<Read> {
    inner: Read,
    closed: CancellationToken,
}

impl<Read: AsyncRead + Unpin> AsyncRead for ToldWhenClosed<Read> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        let ended = match &polled {
            Poll::Ready(Ok(())) => buffer.filled().len() == before && buffer.remaining() > 0,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if ended {
            self.closed.cancel();
        }
        polled
    }
}
