//! A proxy behind a port, and servers behind it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use holt_core::network::{HostRule, Judgement, judge};
use holt_core::policy::Verdict;
use holt_core::session::Network;
use holt_egress::{Client, Decided, Dialer, Exceptions, Limits, Policy, Proxy, Target};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Where the session may go, which can be changed, and what was decided.
#[derive(Debug, Clone)]
pub struct Says {
    pub rules: Arc<Mutex<(Network, Vec<HostRule>)>>,
    pub allowed: Arc<Mutex<Vec<(String, String)>>>,
    pub refused: Arc<Mutex<Vec<(String, &'static str)>>>,
}

#[async_trait::async_trait]
impl Policy for Says {
    async fn judge(&self, target: &Target) -> Judgement {
        let (network, rules) = self.rules.lock().unwrap().clone();
        judge(network, &rules, &target.host.to_string(), target.port)
    }

    async fn still(&self, target: &Target) -> bool {
        self.judge(target).await.verdict == Verdict::Allow
    }

    fn told(&self, target: &Target, decided: &Decided) {
        match decided.refusal {
            Some(refusal) => self.refused.lock().unwrap().push((target.to_string(), refusal.code())),
            None => self.allowed.lock().unwrap().push((target.to_string(), decided.rule.clone())),
        }
    }
}

/// A proxy that one session uses.
pub struct Yard {
    pub at: SocketAddr,
    pub client: Arc<Client>,
    pub says: Says,
    work: Vec<JoinHandle<()>>,
}

impl Drop for Yard {
    fn drop(&mut self) {
        for work in &self.work {
            work.abort();
        }
    }
}

pub fn small() -> Limits {
    Limits { connections: 4, ..Limits::default() }
}

impl Yard {
    /// With these exceptions.
    pub async fn open(exceptions: &[String]) -> Self {
        Self::with(Network::Open, exceptions, Limits::default()).await
    }

    pub async fn with(network: Network, exceptions: &[String], limits: Limits) -> Self {
        let exceptions = Exceptions::parse(exceptions.iter().map(String::as_str)).unwrap();
        let says = Says { rules: Arc::new(Mutex::new((network, Vec::new()))), allowed: Arc::default(), refused: Arc::default() };
        let client = Client::new(says.clone(), &limits);
        let (proxy, client) = (Proxy::new(Dialer::new(exceptions), limits), Arc::new(client));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let shared = Arc::clone(&client);
        let work = tokio::spawn(async move {
            let mut serving = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (proxy, client) = (proxy.clone(), Arc::clone(&shared));
                serving.spawn(async move { proxy.serve(&client, stream).await });
            }
        });
        Self { at, client, says, work: vec![work] }
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.at).await.unwrap()
    }

    /// Says something, ends, and reads all that is answered.
    pub async fn say(&self, words: &[u8]) -> Vec<u8> {
        let mut stream = self.connect().await;
        stream.write_all(words).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    }

    pub fn refused(&self) -> Vec<(String, &'static str)> {
        self.says.refused.lock().unwrap().clone()
    }
}

/// A server that answers each connection's request with its own head, and ends.
pub async fn mirror() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let work = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let request = head(&mut stream).await;
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close, x-hop\r\nx-hop: 1\r\nproxy-authenticate: Basic\r\nx-end: 2\r\ncontent-length: {}\r\n\r\n{request}",
                    request.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    (at, work)
}

/// Reads to the end of a head.
pub async fn head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => text.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(text).unwrap()
}

/// A server that sends back what it gets, and ends when its peer does.
pub async fn echo() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let work = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
                let _ = to.write_all(b" and out").await;
                let _ = to.shutdown().await;
            });
        }
    });
    (at, work)
}

/// A server that answers each request with its body, all in one piece.
pub async fn bodies() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let answer = async |request: Request<Incoming>| {
        let whole = request.into_body().collect().await?.to_bytes();
        Ok::<_, hyper::Error>(Response::new(Full::new(whole)))
    };
    let work = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)));
        }
    });
    (at, work)
}
