//! SOCKS5 (RFC 1928): no password, CONNECT only, names and addresses.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::Visit;
use crate::refusal::Refusal;
use crate::target::{Host, Target};

pub const VERSION: u8 = 5;
const NO_PASSWORD: u8 = 0;
const NO_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;

/// The answers that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reply {
    Done = 0,
    Failed = 1,
    NotAllowed = 2,
    HostUnreachable = 4,
    Refused = 5,
    Late = 6,
    NoSuchCommand = 7,
    NoSuchAddress = 8,
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooMany | Refusal::NotUnderstood => Self::Failed,
            Refusal::NoSuchHost => Self::HostUnreachable,
            Refusal::Unreachable => Self::Refused,
            Refusal::Late => Self::Late,
            _ => Self::NotAllowed,
        }
    }
}

/// Serves one connection.
pub async fn serve<S>(visit: &Visit, mut stream: S)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let Ok(Ok(asked)) = timeout(visit.proxy.limits.asking, ask(&mut stream)).await else { return };
    let target = match asked {
        Ok(target) => target,
        Err(reply) => {
            let _ = answer(&mut stream, reply).await;
            return;
        }
    };
    match visit.reach(&target).await {
        Ok(outside) => {
            if answer(&mut stream, Reply::Done).await.is_ok() {
                visit.tunnel(&target, stream, outside).await;
            }
        }
        Err(refusal) => {
            let _ = answer(&mut stream, refusal.into()).await;
        }
    }
}

/// Agrees that there is no password, and reads what is asked for, byte by byte of no more than it can have.
async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<Result<Target, Reply>> {
    let refused = || Err(io::ErrorKind::InvalidData.into());
    if stream.read_u8().await? != VERSION {
        return refused();
    }
    let mut methods = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut methods).await?;
    let method = if methods.contains(&NO_PASSWORD) { NO_PASSWORD } else { NO_METHOD };
    stream.write_all(&[VERSION, method]).await?;
    stream.flush().await?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let [version, command, _, kind] = head;
    if method == NO_METHOD || version != VERSION {
        return refused();
    }
    let host = match kind {
        1 => Some(Host::Address(Ipv4Addr::from(stream.read_u32().await?).into())),
        3 => {
            let mut name = vec![0; usize::from(stream.read_u8().await?)];
            stream.read_exact(&mut name).await?;
            std::str::from_utf8(&name).ok().and_then(|name| name.parse().ok())
        }
        4 => Some(Host::Address(Ipv6Addr::from(stream.read_u128().await?).into())),
        _ => return Ok(Err(Reply::NoSuchAddress)),
    };
    let port = stream.read_u16().await?;
    Ok(match host {
        _ if command != CONNECT => Err(Reply::NoSuchCommand),
        Some(host) if port != 0 => Ok(Target { host, port }),
        _ => Err(Reply::NoSuchAddress),
    })
}

async fn answer(stream: &mut (impl AsyncWrite + Unpin), reply: Reply) -> io::Result<()> {
    // Where it was connected from is nobody's business inside.
    stream.write_all(&[VERSION, reply as u8, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    stream.flush().await
}
