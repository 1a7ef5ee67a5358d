//! An imitated toolbox, and time that passes when nobody has anything to do.

use std::cell::Cell;
use std::rc::Rc;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::task::spawn_local;

use super::*;
use crate::outside::calls::{Call, Calls, Next};
use crate::protocol::message::{Death, Ending};

fn within<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, future)
}

/// Answers questions whether it is there for as long as it is told to, and no call ever.
async fn imitate(stream: UnixStream, answers: Rc<Cell<bool>>, heard: Rc<Cell<usize>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let line: Value = serde_json::from_str(&line).unwrap();
        if line["method"] == "ping" {
            heard.set(heard.get() + 1);
            if answers.get() {
                let answer = json!({ "jsonrpc": "2.0", "id": line["id"], "result": {} });
                write.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
            }
        }
    }
}

struct Scene {
    client: Rc<Client>,
    call: Rc<Call>,
    answers: Rc<Cell<bool>>,
    heard: Rc<Cell<usize>>,
}

fn scene() -> Scene {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (client, conversation) = Client::begin(ours);
    spawn_local(conversation);
    let (answers, heard) = (Rc::new(Cell::new(true)), Rc::new(Cell::new(0)));
    spawn_local(imitate(theirs, Rc::clone(&answers), Rc::clone(&heard)));
    Scene { client, call: Calls::default().add("c").unwrap(), answers, heard }
}

#[test]
fn a_toolbox_that_says_that_it_is_there_is_believed_and_one_that_stops_is_not() {
    within(async {
        let Scene { client, call, answers, heard } = scene();
        client.call(&call, "execute_command", &Map::new());
        let minutes = tokio::time::timeout(Duration::from_secs(600), until_silent(&client, || false)).await;
        assert!(minutes.is_err() && heard.get() > 100, "{} answers", heard.get());
        answers.set(false);
        let before = Instant::now();
        until_silent(&client, || false).await;
        assert!((SILENCE..SILENCE + 2 * BETWEEN_PINGS).contains(&before.elapsed()), "{:?}", before.elapsed());
        client.close(Death::Silent);
        assert!(matches!(call.next(0).await, Next::Finished(outcome) if outcome.ending == Ending::Failed
            && String::from_utf8_lossy(&outcome.body).contains("did not answer")));
    });
}

#[test]
fn a_toolbox_without_calls_is_left_alone_until_one_is_cancelled() {
    within(async {
        let Scene { client, call, answers, heard } = scene();
        answers.set(false);
        let hour = tokio::time::timeout(Duration::from_secs(3600), until_silent(&client, || false)).await;
        assert!(hour.is_err() && heard.get() == 0);
        client.call(&call, "execute_command", &Map::new());
        client.cancel(&call);
        let before = Instant::now();
        until_silent(&client, || false).await;
        assert!(before.elapsed() < SILENCE + BETWEEN_PINGS, "it is asked at once");
        assert_eq!(heard.get(), 1);
    });
}

#[test]
fn time_in_which_the_group_stands_still_does_not_count() {
    within(async {
        let Scene { client, call, answers, .. } = scene();
        answers.set(false);
        client.call(&call, "execute_command", &Map::new());
        let still = Cell::new(true);
        let hour = tokio::time::timeout(Duration::from_secs(3600), until_silent(&client, || still.get())).await;
        assert!(hour.is_err(), "frozen for an hour");
        let before = Instant::now();
        let (_, ()) = tokio::join!(
            async {
                sleep(Duration::from_secs(100)).await;
                still.set(false);
            },
            awake(Duration::from_secs(30), || still.get())
        );
        let passed = before.elapsed();
        assert!((Duration::from_secs(129)..Duration::from_secs(132)).contains(&passed), "{passed:?}");
    });
}
