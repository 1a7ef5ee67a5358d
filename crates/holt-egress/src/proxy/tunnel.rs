//! Bytes both ways, half-closed where one side is. If what the client says first is TLS, it must name the server that was
//! asked for; on ports that are for TLS it must be TLS.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::hello::{Heard, Listener};
use crate::refusal::Refusal;
use crate::target::{Host, Name, Target};

/// Ports on which nothing but TLS is spoken.
const TLS_PORTS: [u16; 8] = [443, 465, 636, 853, 989, 990, 993, 8443];
const AT_ONCE: usize = 8 * 1024;
/// A fatal alert that says: this name is not known here.
const UNRECOGNISED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// Runs until both sides have ended, or one has broken off. `half_closed` is told when one of them has ended.
pub async fn run<S>(
    target: &Target,
    hello: Duration,
    inside: S,
    mut outside: TcpStream,
    half_closed: impl Fn(),
) -> Result<(), Refusal>
where
    S: AsyncRead + AsyncWrite + Send + Unpin,
{
    let (mut from_inside, mut to_inside) = tokio::io::split(inside);
    let (mut from_outside, mut to_outside) = outside.split();
    let refused = {
        let out = async {
            let first = first_words(target, hello, &mut from_inside).await?;
            let pass = async {
                to_outside.write_all(&first).await?;
                drop(first);
                copy(&mut from_inside, &mut to_outside).await?;
                half_closed();
                to_outside.shutdown().await
            };
            pass.await.map_err(|_| Stop::Broken)
        };
        let back = async {
            let pass = async {
                copy(&mut from_outside, &mut to_inside).await?;
                half_closed();
                to_inside.shutdown().await
            };
            pass.await.map_err(|_| Stop::Broken)
        };
        tokio::try_join!(out, back).err()
    };
    let Some(Stop::Refused(refusal)) = refused else { return Ok(()) };
    let _ = to_inside.write_all(&UNRECOGNISED_NAME).await;
    let _ = to_inside.shutdown().await;
    Err(refusal)
}

enum Stop {
    Refused(Refusal),
    Broken,
}

/// Reads what the client says first, until it is known to be for the target.
async fn first_words(target: &Target, within: Duration, from: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, Stop> {
    let only_tls = TLS_PORTS.contains(&target.port);
    let mut listener = Listener::default();
    let mut buffer = vec![0; AT_ONCE];
    loop {
        // On other ports the server may be the one that speaks first.
        let waits = only_tls || !listener.heard().is_empty();
        let read = from.read(&mut buffer);
        let read = if waits { timeout(within, read).await.map_err(|_| Stop::Broken)? } else { read.await };
        let length = read.map_err(|_| Stop::Broken)?;
        if length == 0 {
            return if only_tls || !listener.heard().is_empty() { Err(Stop::Broken) } else { Ok(Vec::new()) };
        }
        match judge(target, only_tls, listener.hear(&buffer[..length])) {
            None => {}
            Some(Ok(())) => return Ok(listener.heard().to_vec()),
            Some(Err(refusal)) => return Err(Stop::Refused(refusal)),
        }
    }
}

/// Whether what was heard may go to the target; none when more has to be heard.
fn judge(target: &Target, only_tls: bool, heard: Heard) -> Option<Result<(), Refusal>> {
    Some(match heard {
        Heard::Part => return None,
        Heard::Other if only_tls => Err(Refusal::NotTls),
        Heard::Other => Ok(()),
        Heard::Malformed => Err(Refusal::NotTls),
        Heard::Whole(name) => same_name(target, name.as_ref()),
    })
}

fn same_name(target: &Target, said: Option<&Name>) -> Result<(), Refusal> {
    match (&target.host, said) {
        (Host::Name(_), None) => Err(Refusal::NoName),
        (Host::Name(asked), Some(said)) if asked == said => Ok(()),
        (Host::Address(_), None) => Ok(()),
        (Host::Address(address), Some(said)) if said.as_str() == address.to_string() => Ok(()),
        _ => Err(Refusal::OtherName),
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What comes of these first words on their way to the target: what the server got, and what was answered.
    async fn pass(target: &str, words: &[u8]) -> (Vec<u8>, Vec<u8>, Result<(), Refusal>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let outside = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let (mut ours, inside) = tokio::io::duplex(64 * 1024);
        ours.write_all(words).await.unwrap();
        ours.shutdown().await.unwrap();
        let (target, patience) = (target.parse().unwrap(), Duration::from_secs(60));
        let run = run(&target, patience, inside, outside, || {});
        let serve = async {
            let mut got = Vec::new();
            let _ = server.read_to_end(&mut got).await;
            drop(server);
            got
        };
        let (ended, got) = tokio::join!(run, serve);
        let mut answered = Vec::new();
        let _ = ours.read_to_end(&mut answered).await;
        (got, answered, ended)
    }

    #[tokio::test]
    async fn ports_of_tls_are_for_tls_alone() {
        for port in TLS_PORTS {
            let (got, answered, ended) = pass(&format!("a.example:{port}"), b"GET / HTTP/1.1\r\n\r\n").await;
            assert_eq!((got, answered, ended), (Vec::new(), UNRECOGNISED_NAME.to_vec(), Err(Refusal::NotTls)));
            assert_eq!(pass(&format!("a.example:{port}"), b"").await.0, b"");
        }
        let (got, _, ended) = pass("a.example:22", b"SSH-2.0-x\r\n").await;
        assert_eq!((got.as_slice(), ended), (&b"SSH-2.0-x\r\n"[..], Ok(())));
    }

    #[tokio::test]
    async fn what_begins_like_tls_must_be_tls_on_every_port() {
        let (got, _, ended) = pass("a.example:22", &[22, 3, 1, 0, 4, 2, 0, 0, 0]).await;
        assert_eq!((got, ended), (Vec::new(), Err(Refusal::NotTls)));
        assert_eq!(pass("a.example:22", &[22, 3, 1]).await.0, b"", "a part of a name is nothing to pass on");
    }
}
