//! Raw RFB of the default desktop, for native viewers.
//!
//! A connection is nobody until it has shown the password: until then nothing is started or woken for it, it has a minute,
//! and there are few such places. Wrong passwords slow their address down, apart from keys that are wrong elsewhere.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{Sink, SinkExt, Stream, StreamExt as _, TryStreamExt as _, stream};
use holt_desktop::{Ending, introduce};
use holt_rfb::Error;
use holt_rfb::handshake::Security;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::codec::{BytesCodec, FramedRead, FramedWrite};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::show::show;
use super::usual::default_desktop;
use super::{VncOptions, viewer};
use crate::auth::throttle::Throttle;
use crate::listen::Unstalled;
use crate::state::App;

/// Connections that have not shown the password yet.
const STRANGERS: usize = 16;
const VIEWERS: usize = 16;
/// A person may be asked for the password only now.
const INTRODUCTION: Duration = Duration::from_secs(60);
/// After the system refused a connection.
const PAUSE: Duration = Duration::from_millis(100);

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Raw {
    app: App,
    password: SecretString,
    takes_control: bool,
    throttle: Arc<Throttle>,
    strangers: Arc<Semaphore>,
    viewers: Arc<Semaphore>,
}

impl Raw {
    pub fn new(app: App, options: &VncOptions) -> Self {
        Self {
            app,
            password: options.password.clone(),
            takes_control: options.takes_control,
            throttle: Arc::default(),
            strangers: Arc::new(Semaphore::new(STRANGERS)),
            viewers: Arc::new(Semaphore::new(VIEWERS)),
        }
    }
}

/// Accepts until the server ends. Who comes when all places are taken is sent away.
pub(crate) async fn accept_raw(listener: TcpListener, raw: Raw, tasks: TaskTracker) {
    let closing = raw.app.closing.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closing.cancelled() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a viewer's connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let is_welcome = raw.throttle.check(guesser(peer.ip()), Instant::now()).is_ok();
        let place = raw.strangers.clone().try_acquire_owned().ok().filter(|_| is_welcome);
        if let Some(place) = place {
            let (raw, closing) = (raw.clone(), closing.clone());
            tasks.spawn(async move { closing.run_until_cancelled(Box::pin(raw.welcome(stream, peer.ip(), place))).await });
        }
    }
}

impl Raw {
    async fn welcome(self, stream: TcpStream, peer: IpAddr, place: OwnedSemaphorePermit) {
        let _ = stream.set_nodelay(true);
        let _ = rustix::net::sockopt::set_socket_keepalive(&stream, true);
        let (mut from, mut to) = bytes_of(Unstalled::new(stream, self.app.timing.stall));
        let security =
            Security::Password { password: self.password.expose_secret().to_owned(), challenge: *Uuid::new_v4().as_bytes() };
        let introduced = tokio::time::timeout(INTRODUCTION, introduce(&mut from, &mut to, security)).await;
        let rest = match introduced {
            Ok(Ok(rest)) => rest,
            Ok(Err(Ending::Protocol(Error::Password))) => {
                self.throttle.failed(guesser(peer), Instant::now());
                tracing::warn!(%peer, "a viewer showed a wrong password");
                return;
            }
            // Who says what is no part of the protocol is guessing too.
            Ok(Err(Ending::Protocol(_))) => return self.throttle.failed(guesser(peer), Instant::now()),
            _ => return,
        };
        drop(place);
        let Ok(_place) = self.viewers.try_acquire() else {
            return tracing::warn!(%peer, "a viewer was sent away: there are too many");
        };
        self.show(stream::iter([rest]).chain(from), to).await;
    }

    async fn show<From, To>(&self, from: From, to: To)
    where
        From: Stream<Item = Bytes> + Send + Unpin + 'static,
        To: Sink<Bytes> + Send + Unpin + 'static,
    {
        let (app, by) = (&self.app, viewer(self.takes_control));
        let shown = match default_desktop(app, &by).await {
            Ok(opened) => show(app, &by, opened, self.takes_control, (from, to), std::future::pending()).await,
            Err(error) => Err(error),
        };
        if let Err(error) = shown {
            tracing::warn!(code = %error.code, error = error.message, "a viewer finds no desktop");
        }
    }
}

/// Whoever is on this machine may come from any of its loopback addresses, and a password is short: they all count as one.
fn guesser(peer: IpAddr) -> IpAddr {
    if peer.to_canonical().is_loopback() { Ipv4Addr::LOCALHOST.into() } else { peer }
}

/// A connection's bytes, in both directions.
fn bytes_of<Link>(link: Link) -> (impl Stream<Item = Bytes> + Send + Unpin + 'static, impl Sink<Bytes> + Send + Unpin + 'static)
where
    Link: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (read, write) = tokio::io::split(link);
    let from = FramedRead::new(read, BytesCodec::new()).map_ok(|bytes| bytes.freeze());
    let from = from.take_while(|read| std::future::ready(read.is_ok())).filter_map(async |read| read.ok());
    let to = SinkExt::<Bytes>::sink_map_err(FramedWrite::new(write, BytesCodec::new()), drop::<std::io::Error>);
    (Box::pin(from), to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_on_this_machine_is_one_guesser() {
        let from = |text: &str| guesser(text.parse().unwrap());
        assert_eq!(from("127.0.0.1"), from("127.9.8.7"));
        assert_eq!(from("::1"), from("::ffff:127.1.1.1"));
        assert_ne!(from("192.0.2.1"), from("192.0.2.2"));
    }
}
