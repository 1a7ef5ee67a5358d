//! Pages and browsers that misbehave.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::server::Page;
use crate::support::{session, session_with};

#[tokio::test]
async fn a_thousand_tabs_are_stopped_at_a_limit() {
    let session = session_with(&["--disable-popup-blocking"]).await;
    let url = session.site.html(
        "/many",
        "<title>Many</title><button onclick=\"for (let i = 0; i < 1000; i++) window.open('about:blank')\">go</button>",
    );
    session.open(&url).await.ok();
    let mut told = session.call("click", json!({ "target": "button" })).await.text;
    while !told.contains("closed at once") {
        told.push_str(&session.call("tabs", json!({})).await.ok().text);
    }
    assert!(told.contains("at most 20"), "{told}");
    session.until_told("twenty tabs", |state| state["tabs"].as_array().unwrap().len() == 20).await;
    session.call("tabs", json!({ "action": "select", "tab": 1 })).await.ok();
    // The page is still at it, and then it is not.
    while session.call("evaluate", json!({ "script": "1" })).await.failed {}
    assert_eq!(session.value("document.title").await, "Many", "the browser goes on");
    assert_eq!(session.call("tabs", json!({ "action": "new" })).await.code(), "too_many_tabs");
    session.close().await;
}

#[tokio::test]
async fn a_page_that_never_loads_is_left_as_it_is() {
    let session = session().await;
    session.site.put("/endless", Page::Endless("<title>Slow</title><p>so far".into()));
    let url = session.site.url("/endless");
    let reply = session.call("open", json!({ "url": url, "timeout_seconds": 1 })).await;
    assert_eq!(reply.code(), "still_loading", "{reply:?}");
    assert!(session.snapshot().await.text.contains("so far"));
    assert_eq!(session.call("state", json!({})).await.ok().facts["loading"], true);
    // Nobody answers there at all.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let reply = session.call("open", json!({ "url": url, "timeout_seconds": 1 })).await;
    assert_eq!(reply.code(), "page_slow", "{reply:?}");
    let refused = session.open("http://127.0.0.1:9/").await;
    assert_eq!(refused.code(), "cannot_open");
    for address in ["file:///etc/passwd", "chrome://version", "javascript:alert(1)"] {
        assert_eq!(session.open(address).await.code(), "bad_address", "{address}");
    }
    session.open("data:text/html,<p>fine").await.ok();
    session.close().await;
}

#[tokio::test]
async fn a_page_that_goes_in_circles_holds_up_nobody() {
    let session = session().await;
    let url = session
        .site
        .html("/loop", "<p>round</p><script>setTimeout(() => location.replace('/loop?' + Math.random()), 5)</script>");
    session.call("open", json!({ "url": url, "timeout_seconds": 2, "wait_until": "networkidle" })).await;
    let clicked = session.call("click", json!({ "target": "#nothing", "timeout_seconds": 1 })).await;
    assert!(clicked.failed);
    session.call("snapshot", json!({})).await;
    session.open("about:blank").await.ok();
    assert_eq!(session.value("location.href").await, "about:blank");
    session.close().await;
}

#[tokio::test]
async fn a_huge_page_is_told_in_part() {
    let session = session().await;
    let url = session.site.html("/huge", "<h1>Huge</h1><div id=all></div><script>let text = ''; for (let i = 0; i < 60000; i++) text += `<button>b${i}</button>`; all.innerHTML = text</script>");
    session.call("open", json!({ "url": url, "timeout_seconds": 60 })).await.ok();
    let page = session.snapshot().await;
    assert!(page.text.len() < 31_000 && page.text.contains("\"Huge\"") && page.text.contains("\"b0\""), "{}", page.text.len());
    assert!(page.text.contains("more than this") && page.facts["complete"] == false);
    session.call("click", json!({ "target": page.reference("\"b3\"") })).await.ok();
    session.close().await;
}

#[tokio::test]
async fn a_page_that_crashed_is_said_to_and_loaded_again() {
    let session = session().await;
    let url = session.site.html("/fine", "<title>Fine</title>");
    session.open(&url).await.ok();
    let crashed = session.open("chrome://crash").await;
    assert_eq!(crashed.code(), "bad_address");
    let pid = renderer(&session);
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    let told = loop {
        let reply = session.call("snapshot", json!({})).await;
        if reply.failed {
            break reply;
        }
    };
    assert_eq!(told.code(), "page_crashed", "{told:?}");
    session.call("reload", json!({})).await.ok();
    assert_eq!(session.value("document.title").await, "Fine");
    session.close().await;
}

/// The process of the page that is shown.
fn renderer(session: &crate::support::Session) -> i32 {
    let browser = session.chromium();
    let group = |pid: i32| rustix::process::getpgid(Pid::from_raw(pid)).ok();
    let pids = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse::<i32>().ok());
    let is_page = |pid: &i32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        line.contains("--type=renderer") && !line.contains("--extension-process") && group(*pid) == group(browser)
    };
    // The newest is the one that was started for the page.
    let started = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(19)?.parse::<u64>().ok()).unwrap_or(0)
    };
    let all: Vec<i32> = pids.filter(is_page).collect();
    let renders = |pid: &&i32| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.contains("spare"));
    *all.iter().filter(renders).max_by_key(|pid| started(pid)).expect("a page is shown")
}

#[tokio::test]
async fn a_browser_that_died_is_started_again_which_is_said() {
    let session = session().await;
    session.open("about:blank").await.ok();
    let never = session.start("wait", json!({ "text": "never", "timeout_seconds": 60 })).await;
    session.value("1").await;
    kill_process(Pid::from_raw(session.chromium()).unwrap(), Signal::KILL).unwrap();
    assert_eq!(never.reply().await.code(), "browser_died");
    let again = session.open("about:blank").await.ok();
    assert!(again.text.contains("started again"), "{again:?}");
    assert!(!session.open("about:blank").await.ok().text.contains("started again"));
    session.close().await;
}

#[tokio::test]
async fn a_cancelled_call_ends_and_harms_no_other() {
    let session = session().await;
    session.open("about:blank").await.ok();
    let waiting = session.start("wait", json!({ "text": "never", "timeout_seconds": 60 })).await;
    session.value("1").await;
    waiting.cancel().await;
    assert_eq!(session.value("2").await, 2);
    session.close().await;
}
