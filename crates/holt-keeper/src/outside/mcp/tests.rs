//! Conversations with an imitated toolbox.

use super::*;
use crate::outside::calls::{Calls, Next};
use crate::outside::lines::{MAX_LINE, READ_AT_ONCE};
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt as _};

fn within<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, future)
}

async fn next_line(read: &mut (impl AsyncRead + Unpin)) -> Value {
    let mut line = Vec::new();
    loop {
        let byte = read.read_u8().await.unwrap();
        if byte == b'\n' {
            return serde_json::from_slice(&line).unwrap();
        }
        line.push(byte);
    }
}

#[test]
fn a_call_goes_through_and_strange_answers_do_not_matter() {
    within(async {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let (client, conversation) = Client::begin(ours);
        tokio::task::spawn_local(conversation);
        let call = Calls::default().add("c").unwrap();
        client.call(&call, "read_file", &Map::from_iter([("path".into(), json!("a\nb"))]));
        let asked = next_line(&mut theirs).await;
        assert_eq!(asked["params"]["arguments"]["path"], "a\nb");
        let number = asked["id"].as_u64().unwrap();
        for strange in [
            "",
            "[]",
            "nonsense",
            "{\"id\":77,\"result\":{}}",
            "{\"id\":{},\"result\":{}}",
            "{\"method\":\"notifications/progress\",\"params\":{\"progressToken\":-1}}",
        ] {
            theirs.write_all(format!("{strange}\n").as_bytes()).await.unwrap();
        }
        let progress = json!({ "method": "notifications/progress", "params": { "progressToken": number, "message": "hé" } });
        theirs.write_all(format!("{progress}\n").as_bytes()).await.unwrap();
        assert_eq!(call.next(0).await, Next::Output { offset: 0, text: "hé".into() });
        theirs.write_all(format!("{{\"id\":{number},\"result\":{{\"content\":[]}}}}\n").as_bytes()).await.unwrap();
        assert!(matches!(call.next(3).await, Next::Finished(outcome) if outcome.body == b"{\"content\":[]}"));
    });
}

#[test]
fn a_toolbox_that_dies_or_floods_fails_its_calls() {
    for flood in [false, true] {
        within(async {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            let (client, conversation) = Client::begin(ours);
            tokio::task::spawn_local(conversation);
            let call = Calls::default().add("c").unwrap();
            client.call(&call, "read_file", &Map::new());
            next_line(&mut theirs).await;
            if flood {
                let _ = theirs.write_all(&vec![b'x'; MAX_LINE + 2 * READ_AT_ONCE]).await;
            } else {
                drop(theirs);
            }
            assert!(matches!(call.next(0).await, Next::Finished(outcome) if outcome.ending == Ending::Failed));
            assert!(client.is_over());
        });
    }
}

proptest! {
    #[test]
    fn no_line_makes_the_client_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
        within(async {
            let (client, _conversation) = Client::begin(UnixStream::pair().unwrap().0);
            client.hear(&line);
        });
    }
}
