//! What the way through the model gateway costs: until the first byte of an answer, beside asking the provider directly, and
//! in processor time when a thousand programs are answered at once.
//!
//! The provider is a server of this program's, which answers at once or word by word. Requests come over sockets as from a
//! keeper, so that what is measured is the gateway and not the room. It has a thread of its own, whose time is counted.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use futures::stream;
use holt_core::budget::{Reached, Usage};
use holt_core::id::SessionId;
use holt_gateway::{Gateway, House, Limits, Provider, Upstream};
use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::bench::Bench;
use crate::table::{Line, Target, Value};
use crate::times::Times;

const TOKEN: &str = "holt-bench";
const STREAMS: usize = 1000;
/// One word each ten milliseconds is a hundred tokens per second.
const BETWEEN_WORDS: Duration = Duration::from_millis(10);
const BODY: &str = r#"{"model":"m","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"hello"}]}"#;
const WORD: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" otter\"}}\n\n";
const MOST_CORES: f64 = 1.0;
const MOST_MILLIS: f64 = 1.0;

/// A house without walls: everything is allowed and nothing is written down.
struct Open {
    address: String,
}

#[async_trait]
impl House for Open {
    async fn upstream(&self, _: Provider) -> Option<Upstream> {
        Some(Upstream { address: self.address.clone(), key: "sk-bench".into() })
    }

    async fn refused(&self, _: SessionId) -> Result<Option<Reached>, ()> {
        Ok(None)
    }

    async fn used(&self, _: SessionId, _: Provider, _: String, _: Usage) {}
}

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let words = bench.rounds(1000, 200);
    let (once, slow) = (provider(1).await?, provider(words).await?);
    let gate = Gate::start(once);
    let (mut direct, mut through) = (Vec::new(), Vec::new());
    for round in 0..bench.rounds(2000, 200) + 50 {
        let alone = first_byte(TcpStream::connect(once).await?, "").await?;
        let held = first_byte(gate.enter()?, "/anthropic").await?;
        // The first of each warm up.
        if round >= 50 {
            direct.push(alone);
            through.push(held);
        }
    }
    let (direct, through): (Times, Times) = (direct.into_iter().collect(), through.into_iter().collect());
    let overhead = through.p50().saturating_sub(direct.p50());
    let first = Line::new("first byte through the model gateway, beyond the provider's own, p50", Value::millis(overhead));
    let cores = cores(Gate::start(slow), words).await?;
    let name = format!("model gateway, {STREAMS} answers at 100 tokens/s: hundredths of one core");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a core, and no less than none")]
    let many = Line::new(name, Value::count((cores * 100.0).ceil() as u64, ""));
    Ok(vec![first.target(Target::AtMost(MOST_MILLIS, "ms")), many.target(Target::AtMost(MOST_CORES * 100.0, ""))])
}

/// A gateway on a thread of its own.
struct Gate {
    entries: mpsc::UnboundedSender<UnixStream>,
    /// Taken when it has ended: the processor time of its thread.
    ended: oneshot::Receiver<Duration>,
}

impl Gate {
    fn start(provider: SocketAddr) -> Self {
        let (entries, mut entering) = mpsc::unbounded_channel::<UnixStream>();
        let (end, ended) = oneshot::channel();
        std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async move {
                let house = Open { address: format!("http://{provider}") };
                let gateway = Gateway::new(Arc::new(house), Limits { requests: STREAMS, ..Limits::default() });
                let mut serving = JoinSet::new();
                while let Some(stream) = entering.recv().await {
                    let (gateway, session) = (gateway.clone(), SessionId::new(Uuid::from_u128(1)));
                    // It was made elsewhere, and is to be driven here.
                    let here = stream.into_std().and_then(UnixStream::from_std);
                    serving.spawn(async move {
                        if let Ok(stream) = here {
                            gateway.serve(session, TOKEN, stream).await;
                        }
                    });
                }
                serving.join_all().await;
            });
            let time = clock_gettime(ClockId::ThreadCPUTime);
            let (seconds, nanos) = (u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0));
            // Nobody may want to know.
            let _ = end.send(Duration::new(seconds, nanos));
        });
        Self { entries, ended }
    }

    /// A connection as from inside.
    fn enter(&self) -> Result<UnixStream> {
        let (ours, theirs) = UnixStream::pair()?;
        self.entries.send(theirs).ok().context("the gateway has ended")?;
        Ok(ours)
    }
}

/// A provider that answers each request with so many words, the first at once.
async fn provider(words: usize) -> Result<SocketAddr> {
    let answer = move || async move {
        let mut pace = interval(BETWEEN_WORDS);
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let said = stream::unfold((0, pace), move |(said, mut pace)| async move {
            if said == words {
                return None;
            }
            pace.tick().await;
            Some((Ok::<_, Infallible>(WORD), (said + 1, pace)))
        });
        let mut response = Response::new(Body::from_stream(said));
        response.headers_mut().insert("content-type", axum::http::HeaderValue::from_static("text/event-stream"));
        response
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // As providers do: what is small is not held back until the client has confirmed what came before.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/v1/messages", post(answer))).await });
    Ok(address)
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), prefix: &str) -> Result<()> {
    let length = BODY.len();
    let head = format!(
        "POST {prefix}/v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {TOKEN}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{BODY}"
    );
    stream.write_all(head.as_bytes()).await?;
    Ok(())
}

/// From the request to the first byte of the answer's first word.
async fn first_byte(mut stream: impl AsyncRead + AsyncWrite + Unpin, prefix: &str) -> Result<Duration> {
    let begun = Instant::now();
    ask(&mut stream, prefix).await?;
    let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let length = stream.read(&mut buffer).await?;
        ensure!(length > 0, "the answer broke off: {}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&buffer[..length]);
        if heard.windows(5).any(|part| part == b"otter") {
            return Ok(begun.elapsed());
        }
    }
}

/// How much of a processor the gateway takes while all of them are answered.
async fn cores(gate: Gate, words: usize) -> Result<f64> {
    let begun = Instant::now();
    let mut readers = JoinSet::new();
    for _ in 0..STREAMS {
        let mut stream = gate.enter()?;
        readers.spawn(async move {
            ask(&mut stream, "/anthropic").await?;
            let (mut bytes, mut buffer) = (0, vec![0; 16 * 1024]);
            loop {
                match stream.read(&mut buffer).await? {
                    0 => return anyhow::Ok(bytes),
                    length => bytes += length,
                }
            }
        });
    }
    for read in readers.join_all().await {
        ensure!(read? >= words * WORD.len(), "an answer broke off");
    }
    let elapsed = begun.elapsed();
    drop(gate.entries);
    let time = gate.ended.await.context("the gateway's thread failed")?;
    Ok(time.as_secs_f64() / elapsed.as_secs_f64())
}
