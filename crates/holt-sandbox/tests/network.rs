//! The network of a sandbox: what serves inside is reached, and nothing leaves but through whoever lets it out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::sync::Arc;

use common::*;
use futures::StreamExt as _;
use futures::future::Either;
use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use holt_core::event::Level;
use holt_core::id::SessionId;
use holt_core::sandbox::{Departure, Door, Group, Outside, SandboxError, SandboxReport, Sandboxes as _};
use holt_core::tool::CallStatus;
use holt_sandbox::bwrap::BwrapDriver;
use tokio::sync::mpsc;

/// Serves the workspace on a port, and says so.
const SERVE: &str = "import http.server,socket,sys,threading
class S(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
server = S((sys.argv[1], int(sys.argv[2])), http.server.SimpleHTTPRequestHandler)
open('serving','w').close()
server.serve_forever()";

/// Hands departures to the test.
#[derive(Debug)]
struct Harbour(mpsc::UnboundedSender<Departure>);

#[async_trait::async_trait]
impl Outside for Harbour {
    async fn serve(&self, departure: Departure) {
        let _ = self.0.send(departure);
    }
}

fn harbour() -> (Arc<Harbour>, mpsc::UnboundedReceiver<Departure>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Arc::new(Harbour(sender)), receiver)
}

async fn serve(den: &Den, session: SessionId, address: &str, port: u16) {
    let command = format!(
        "rm -f serving; cat > serve.py <<'E'\n{SERVE}\nE\necho hello > page; setsid python3 serve.py {address} {port} >log 2>&1 </dev/null & until [ -e serving ]; do sleep 0.01; done"
    );
    let served = den.run(session, &command).await;
    assert_eq!(served.status, CallStatus::Succeeded, "{}", text(&served));
}

/// The answer of a server inside to a request for its page.
async fn ask(driver: &BwrapDriver, session: SessionId, port: u16) -> String {
    let mut link = driver.connect(session, port).await.unwrap();
    link.write_all(b"GET /page HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    link.read_to_string(&mut answer).await.unwrap();
    answer
}

both! {
    async fn what_serves_inside_is_found_and_reached_also_by_the_next_server() {
        let den = Den::new();
        let session = den.open().await;
        assert_eq!(den.driver.ports(session).await.unwrap(), Vec::<u16>::new(), "the way out is not something that serves");
        assert_eq!(den.driver.connect(session, 5173).await.err(), Some(SandboxError::NobodyServes(5173)));
        serve(&den, session, "127.0.0.1", 5173).await;
        serve(&den, session, "::1", 8080).await;
        assert_eq!(den.driver.ports(session).await.unwrap(), [5173, 8080]);
        for port in [5173, 8080] {
            let answer = ask(&den.driver, session, port).await;
            assert!(answer.starts_with("HTTP/1.0 200") && answer.ends_with("hello\n"), "{answer}");
        }
        // Its own connection is not shut out by that of a stream.
        assert_eq!(den.driver.ports(session).await.unwrap(), [5173, 8080]);
        let mut old = den.driver.connect(session, 5173).await.unwrap();
        let next = den.successor();
        assert_eq!(next.opened().await.unwrap(), [session]);
        let mut rest = Vec::new();
        let _ = old.read_to_end(&mut rest).await;
        assert_eq!(rest, b"", "what an older server held ends");
        assert!(ask(&next, session, 5173).await.ends_with("hello\n"));
        assert_eq!(den.driver.connect(session, 5173).await.err(), Some(SandboxError::Fenced));
        next.close(session).await.unwrap();
        assert_eq!(next.connect(session, 5173).await.err(), Some(SandboxError::NotOpen));
    }
}

both! {
    async fn who_stands_still_answers_later() {
        let den = Den::new();
        let session = den.open().await;
        serve(&den, session, "127.0.0.1", 5173).await;
        den.driver.freeze(session, Group::Commands).await.unwrap();
        let mut link = den.driver.connect(session, 5173).await.unwrap();
        link.write_all(b"GET /page HTTP/1.0\r\n\r\n").await.unwrap();
        let mut first = [0; 8];
        let mut read = link.read_exact(&mut first);
        assert!(futures::poll!(&mut read).is_pending());
        den.driver.thaw(session, Group::Commands).await.unwrap();
        read.await.unwrap();
        assert_eq!(&first, b"HTTP/1.0");
        den.driver.close(session).await.unwrap();
    }
}

/// Somebody inside who says `ping`, ends, and prints what it hears.
async fn leave(driver: &BwrapDriver, session: SessionId, door: Door) -> String {
    let port = if door == Door::Network { 3128 } else { 3129 };
    let program = format!(
        "import socket; s = socket.create_connection(('127.0.0.1', {port})); s.sendall(b'ping'); s.shutdown(1); print('heard', s.makefile().read(), 'end')"
    );
    text(&run(driver, session, &format!("python3 -c \"{program}\"")).await)
}

/// Hears somebody out who leaves, and answers.
async fn answer(departures: &mut mpsc::UnboundedReceiver<Departure>, session: SessionId, door: Door) -> Departure {
    let mut departure = departures.recv().await.unwrap();
    assert_eq!((departure.session, departure.door), (session, door));
    let mut said = String::new();
    departure.link.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "ping");
    departure.link.write_all(b"pong").await.unwrap();
    departure.link.close().await.unwrap();
    departure
}

/// Both, until both are done.
async fn leave_and_answer(
    driver: &BwrapDriver,
    departures: &mut mpsc::UnboundedReceiver<Departure>,
    session: SessionId,
    door: Door,
) -> (Departure, String) {
    let (answering, leaving) = (std::pin::pin!(answer(departures, session, door)), std::pin::pin!(leave(driver, session, door)));
    match futures::future::select(answering, leaving).await {
        Either::Left((departure, leaving)) => (departure, leaving.await),
        Either::Right((heard, _)) => panic!("nothing came out: {heard}"),
    }
}

both! {
    async fn what_leaves_comes_out_with_its_session_and_door_and_each_way_ends_by_itself() {
        let (harbour, mut departures) = harbour();
        let den = Den::with(|options| options.outside = Some(harbour));
        for door in [Door::Network, Door::Models] {
            let session = den.open().await;
            let token = text(&den.run(session, "printenv ANTHROPIC_API_KEY").await);
            let mut reports = den.driver.reports();
            let (departure, heard) = leave_and_answer(&den.driver, &mut departures, session, door).await;
            assert!(heard.contains("heard pong end"), "{heard}");
            assert!(token.contains(&departure.token) && departure.token.len() > 40, "{token}");
            let note = SandboxReport::Noted { level: Level::Info, code: "seen".into(), text: "It left.".into() };
            (departure.tell)(note.clone());
            let told = reports.next().await.unwrap();
            assert_eq!((told.session, told.report), (session, note));
            // The next server knows the token too.
            let next = den.successor();
            assert_eq!(next.opened().await.unwrap(), [session]);
            let (departure, heard) = leave_and_answer(&next, &mut departures, session, door).await;
            assert!(heard.contains("heard pong end") && token.contains(&departure.token), "{heard}");
            next.close(session).await.unwrap();
        }
    }
}

both! {
    async fn without_anybody_who_lets_it_out_nothing_leaves_and_there_is_no_other_way() {
        let den = Den::new();
        let session = den.open().await;
        let heard = leave(&den.driver, session, Door::Network).await;
        assert!(heard.contains("heard  end") || heard.contains("ConnectionReset"), "{heard}");
        let host = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        for address in [host.to_string(), "169.254.169.254:80".into(), "1.1.1.1:53".into()] {
            let (address, port) = address.split_once(':').unwrap();
            let tried = den.run(session, &format!("python3 -c \"import socket; socket.create_connection(('{address}', {port}), 5)\"")).await;
            let tried = text(&tried);
            assert!(tried.contains("refused") || tried.contains("unreachable"), "{tried}");
        }
        den.driver.close(session).await.unwrap();
    }
}
