use serde_json::{Value, json};

use super::tab::Reached;
use super::*;
use crate::cdp::{Event, Say};

fn event(session: Option<&str>, method: &str, params: &Value) -> Event {
    let params = serde_json::value::to_raw_value(params).unwrap();
    Event { session: session.map(str::to_owned), method: method.into(), params }
}

fn attach(world: &mut World, session: &str, target: &str) -> Vec<Say> {
    let info = json!({ "targetId": target, "type": "page", "url": "about:blank", "title": "" });
    world.hear(&event(None, "Target.attachedToTarget", &json!({ "sessionId": session, "targetInfo": info })))
}

fn hear(world: &mut World, session: &str, method: &str, params: &Value) -> Vec<Say> {
    world.hear(&event(Some(session), method, params))
}

#[test]
fn a_thousand_tabs_are_too_many() {
    let mut world = World::default();
    for number in 0..1000 {
        let say = attach(&mut world, &format!("S{number}"), &format!("T{number}"));
        let closed = say.iter().any(|say| say.method == "Target.closeTarget");
        assert_eq!(closed, number >= MAX_TABS, "{number}");
        assert!(say.iter().any(|say| say.method == "Runtime.runIfWaitingForDebugger"), "none is left waiting");
    }
    assert_eq!((world.tabs.len(), world.refused_tabs), (MAX_TABS, 980));
    assert!(world.take_notes().last().unwrap().contains("980"));
    assert!(world.take_notes().is_empty());
}

#[test]
fn a_page_is_followed_from_document_to_document() {
    let mut world = World::default();
    attach(&mut world, "S", "T");
    let lifecycle = |loader: &str, name: &str| json!({ "frameId": "T", "loaderId": loader, "name": name });
    hear(&mut world, "S", "Page.frameStartedLoading", &json!({ "frameId": "T" }));
    assert!(world.state().loading);
    let frame = json!({ "frame": { "id": "T", "loaderId": "L1", "url": "http://a/\u{202e}" } });
    hear(&mut world, "S", "Page.frameNavigated", &frame);
    hear(&mut world, "S", "Page.lifecycleEvent", &lifecycle("L1", "load"));
    hear(&mut world, "S", "Page.frameStoppedLoading", &json!({ "frameId": "T" }));
    assert_eq!((world.tabs[0].reached, &*world.tabs[0].url), (Reached::Load, "http://a/"));
    assert!(!world.state().loading);
    // Another frame's news are not the page's.
    hear(&mut world, "S", "Page.frameStartedLoading", &json!({ "frameId": "other" }));
    assert!(!world.state().loading);
    hear(&mut world, "S", "Page.lifecycleEvent", &lifecycle("L2", "init"));
    assert_eq!(world.tabs[0].reached, Reached::Begun);
    let dialog = json!({ "type": "confirm", "message": "sure?\n", "url": "" });
    hear(&mut world, "S", "Page.javascriptDialogOpening", &dialog);
    assert_eq!(world.tabs[0].dialog.as_ref().unwrap().in_words(), "confirm dialog \"sure?\"");
    world.hear(&event(None, "Target.targetCrashed", &json!({ "targetId": "T", "status": "crashed", "errorCode": 1 })));
    assert_eq!(world.tabs[0].obstacle(), Some(tab::Obstacle::Crashed));
    world.hear(&event(None, "Target.detachedFromTarget", &json!({ "sessionId": "S" })));
    assert!(world.tabs.is_empty() && world.sessions.is_empty() && world.current().is_none());
}

#[test]
fn what_a_page_asks_for_and_says_is_bounded() {
    let mut world = World::default();
    attach(&mut world, "S", "T");
    for number in 0..3000 {
        let request = json!({ "requestId": format!("{number}"), "request": { "url": "x".repeat(9000), "method": "GET" } });
        hear(&mut world, "S", "Network.requestWillBeSent", &request);
        let said = json!({ "type": "log", "args": [{ "type": "string", "value": "y".repeat(9000) }, { "type": "object", "description": "Map(2)" }] });
        hear(&mut world, "S", "Runtime.consoleAPICalled", &said);
    }
    let tab = &world.tabs[0];
    assert_eq!(tab.requests.len(), tab::MAX_REQUESTS);
    for ring in [&tab.network, &tab.console] {
        let (newest, _) = ring.newest("", 10_000);
        assert!(newest.len() <= 300 && newest.iter().all(|entry| entry.len() < 700));
    }
    hear(&mut world, "S", "Network.loadingFailed", &json!({ "requestId": "3", "errorText": "net::ERR_X", "canceled": false }));
    assert_eq!(world.tabs[0].requests.len(), tab::MAX_REQUESTS - 1);
}

#[test]
fn downloads_end_at_their_limit_whoever_says_how_large_they_are() {
    let mut world = World::default();
    world.downloads.limit = 1000;
    let mut begin = |id: &str, received: f64, total: f64| {
        world.hear(&event(
            None,
            "Browser.downloadWillBegin",
            &json!({ "guid": id, "url": "u", "suggestedFilename": "f", "frameId": "T" }),
        ));
        let progress = json!({ "guid": id, "receivedBytes": received, "totalBytes": total, "state": "inProgress" });
        world.hear(&event(None, "Browser.downloadProgress", &progress))
    };
    assert!(begin("small", 10.0, 1000.0).is_empty());
    assert_eq!(begin("declared", 10.0, 1e13)[0].method, "Browser.cancelDownload");
    assert_eq!(begin("undeclared", 1001.0, 0.0)[0].method, "Browser.cancelDownload");
    let done = json!({ "guid": "small", "receivedBytes": 1000, "totalBytes": 1000, "state": "completed" });
    world.hear(&event(None, "Browser.downloadProgress", &done));
    assert_eq!(world.downloads.all["small"].state, downloads::State::Complete);
    for number in 0..500 {
        let begins = json!({ "guid": format!("{number}"), "url": "u", "suggestedFilename": "f", "frameId": "T" });
        world.hear(&event(None, "Browser.downloadWillBegin", &begins));
    }
    assert!(world.downloads.all.len() <= 64);
}

#[test]
fn a_document_that_is_to_be_kept_becomes_a_download() {
    let mut world = World::default();
    attach(&mut world, "S", "T");
    let paused = json!({ "requestId": "R", "responseStatusCode": 200, "responseHeaders": [{ "name": "A", "value": "b" }] });
    let plain = hear(&mut world, "S", "Fetch.requestPaused", &paused);
    assert!(plain[0].params.get("responseHeaders").is_none());
    world.tabs[0].keeping = true;
    let kept = hear(&mut world, "S", "Fetch.requestPaused", &paused);
    assert_eq!(kept[0].params["responseHeaders"][1]["value"], "attachment");
    let moved = json!({ "requestId": "R", "responseStatusCode": 302, "responseHeaders": [] });
    assert!(hear(&mut world, "S", "Fetch.requestPaused", &moved)[0].params.get("responseHeaders").is_none());
}

proptest::proptest! {
    #[test]
    fn no_event_is_too_strange(method in "(Target|Page|Network|Browser|Runtime|Fetch|Log)\\.[a-zA-Z]{3,20}", params in "[ -~]{0,60}") {
        let mut world = World::default();
        attach(&mut world, "S", "T");
        let _ = hear(&mut world, "S", &method, &json!({ "frameId": params, "type": 7, "args": [] }));
        let _ = hear(&mut world, "S", &method, &json!([params]));
    }
}
