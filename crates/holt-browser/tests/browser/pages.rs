//! Reading pages and acting on them.

use serde_json::json;

use crate::support::session;

const FORM: &str = r#"<title>Order</title><h1>Order a den</h1>
<form onsubmit="event.preventDefault(); result.textContent = JSON.stringify(Object.fromEntries(new FormData(this)))">
<label>Name <input name=name></label>
<label>Size <select name=size><option value=s>Small</option><option value=l>Large</option></select></label>
<label><input type=checkbox name=agree> I agree</label>
<label>When <input type=date name=when></label>
<textarea name=note aria-label=Note></textarea>
<button>Send</button></form><output id=result></output>"#;

#[tokio::test]
async fn a_form_is_read_filled_and_sent_by_reference() {
    let session = session().await;
    let url = session.site.html("/form", FORM);
    let opened = session.open(&url).await.ok();
    assert!(opened.text.contains("Order") && opened.facts["url"] == url.as_str(), "{opened:?}");
    let page = session.snapshot().await;
    assert!(page.text.contains("- heading \"Order a den\""), "{}", page.text);
    let name = page.reference("textbox \"Name\"");
    session.call("fill", json!({ "target": name, "text": "Ada \"Löve\" 水" })).await.ok();
    session.call("select", json!({ "target": page.reference("combobox \"Size\""), "options": "Large" })).await.ok();
    session.call("fill", json!({ "target": page.reference("checkbox \"I agree\""), "text": "true" })).await.ok();
    session.call("fill", json!({ "target": "input[type=date]", "text": "2026-11-20" })).await.ok();
    session.call("type", json!({ "target": page.reference("textbox \"Note\""), "text": "two\nlines" })).await.ok();
    session.call("click", json!({ "target": page.reference("button \"Send\"") })).await.ok();
    let result = session.call("get_text", json!({ "target": "#result" })).await.ok();
    let sent: serde_json::Value = serde_json::from_str(&result.text).unwrap();
    let expected = json!({ "name": "Ada \"Löve\" 水", "size": "l", "agree": "on", "when": "2026-11-20", "note": "two\nlines" });
    assert_eq!(sent, expected);
    let again = session.snapshot().await;
    assert_eq!(again.reference("textbox \"Name\""), name, "references stay while the node lives");
    assert!(again.text.contains("Ada 'Löve' 水") || again.text.contains(": Ada"), "{}", again.text);
    session
        .until_told("the page", |state| state["title"] == "Order" && state["url"] == url.as_str() && state["loading"] == false)
        .await;
    session.close().await;
}

#[tokio::test]
async fn frames_of_this_and_other_sites_and_shadow_roots_are_as_good_as_the_page() {
    let session = session().await;
    session.site.html("/inner", "<button onclick=\"document.title = 'pressed'; this.textContent = 'done'\">Inner</button>");
    let port = session.site.port;
    let url = session.site.html(
        "/outer",
        &format!(
            "<style>iframe {{ border: 7px solid; padding: 5px; margin: 40px }}</style><iframe src=/inner title=near></iframe>
             <iframe src=http://localhost:{port}/inner title=far></iframe><div id=host></div>
             <script>const root = host.attachShadow({{ mode: 'open' }}); root.innerHTML = '<label>Deep <input id=deep></label>'</script>"
        ),
    );
    session.open(&url).await.ok();
    session.call("wait", json!({ "state": "networkidle" })).await.ok();
    let page = session.snapshot().await;
    let frames: Vec<&str> = page.text.lines().filter(|line| line.contains("button \"Inner\"")).collect();
    assert_eq!(frames.len(), 2, "{}", page.text);
    for line in frames {
        let reference = line.split_once("[ref=").unwrap().1.split_once(']').unwrap().0;
        session.call("click", json!({ "target": reference })).await.ok();
    }
    let after = session.snapshot().await;
    assert_eq!(after.text.matches("button \"done\"").count(), 2, "{}", after.text);
    session.call("fill", json!({ "target": "#deep", "text": "into the shadow" })).await.ok();
    assert_eq!(session.value("host.shadowRoot.querySelector('input').value").await, "into the shadow");
    assert!(session.snapshot().await.text.contains("textbox \"Deep\""));
    session.close().await;
}

#[tokio::test]
async fn what_cannot_be_used_is_waited_for_and_then_said() {
    let session = session().await;
    let url = session.site.html(
        "/hard",
        "<button id=covered onclick=\"this.textContent='got it'\">Covered</button><div id=over style='position:fixed;inset:0'></div>
         <button id=hidden style='visibility:hidden'>Hidden</button><button id=off disabled>Off</button>
         <select id=list><option>One</option></select><p id=text>text</p>",
    );
    session.open(&url).await.ok();
    for (target, code) in [("#covered", "covered"), ("#hidden", "not_visible"), ("#off", "disabled"), ("#nothing", "not_found")] {
        let reply = session.call("click", json!({ "target": target, "timeout_seconds": 1 })).await;
        assert_eq!((reply.code(), reply.failed), (code, true), "{reply:?}");
    }
    let covered = session.call("click", json!({ "target": "#covered", "timeout_seconds": 1 })).await;
    assert!(covered.text.contains("<div#over>"), "{covered:?}");
    assert_eq!(session.call("click", json!({ "target": "e999" })).await.code(), "unknown_reference");
    assert_eq!(session.call("click", json!({ "target": "[[" })).await.code(), "bad_selector");
    assert_eq!(session.call("fill", json!({ "target": "#text", "text": "x" })).await.code(), "no_field");
    assert_eq!(session.call("select", json!({ "target": "#list", "options": ["Two"] })).await.code(), "no_option");
    assert_eq!(session.call("press", json!({ "key": "Warp" })).await.code(), "unknown_key");
    // It becomes free while it is waited for.
    let click = session.start("click", json!({ "target": "#covered" })).await;
    session.value("setTimeout(() => over.remove(), 300)").await;
    click.reply().await.ok();
    assert_eq!(session.value("covered.textContent").await, "got it");
    let page = session.snapshot().await;
    let reference = page.reference("combobox");
    session.value("list.remove()").await;
    assert_eq!(session.call("click", json!({ "target": reference })).await.code(), "element_gone");
    session.close().await;
}

#[tokio::test]
async fn dialogs_hold_the_page_until_they_are_answered() {
    let session = session().await;
    let url = session.site.html(
        "/dialogs",
        "<title>none</title><button id=sure onclick=\"document.title = confirm('Sure?')\">Sure</button>
         <button id=name onclick=\"document.title = prompt('Name?', 'x')\">Name</button>
         <button id=stay onclick=\"onbeforeunload = (event) => event.preventDefault()\">Stay</button>",
    );
    session.open(&url).await.ok();
    let clicked = session.call("click", json!({ "target": "#sure" })).await.ok();
    assert!(clicked.text.contains("confirm dialog \"Sure?\""), "{clicked:?}");
    assert_eq!(session.call("snapshot", json!({})).await.code(), "dialog_open");
    session.call("dialog", json!({ "accept": false })).await.ok();
    assert_eq!(session.value("document.title").await, "false");
    session.call("click", json!({ "target": "#name" })).await.ok();
    session.call("dialog", json!({ "text": "Ada" })).await.ok();
    assert_eq!(session.value("document.title").await, "Ada");
    assert_eq!(session.call("dialog", json!({})).await.code(), "no_dialog");
    session.call("click", json!({ "target": "#stay" })).await.ok();
    let left = session.open("about:blank").await.ok();
    assert!(left.text.contains("asked whether to leave"), "{left:?}");
    assert_eq!(session.value("location.href").await, "about:blank");
    session.close().await;
}

#[tokio::test]
async fn the_mouse_and_the_keyboard_reach_the_page() {
    let session = session().await;
    let url = session.site.html(
        "/input",
        "<div id=box style='width:200px;height:60px;background:#ddd' tabindex=0>box</div><input id=field value=abc>
         <div id=item draggable=true style='width:80px;height:40px;background:#9cf'>item</div>
         <div id=goal style='width:200px;height:80px;background:#fc9;margin:60px'>goal</div><div style='height:4000px'></div><p id=end>end</p>
         <script>log = []; for (const kind of ['click','dblclick','contextmenu','mouseover','keydown'])
           box.addEventListener(kind, (event) => log.push(kind + (event.key ?? '') + (event.ctrlKey ? '^' : '')));
         item.ondragstart = (event) => event.dataTransfer.setData('text/plain', 'carried');
         goal.ondragover = (event) => event.preventDefault();
         goal.ondrop = (event) => { event.preventDefault(); goal.textContent = event.dataTransfer.getData('text/plain') }</script>",
    );
    session.open(&url).await.ok();
    session.call("hover", json!({ "target": "#box" })).await.ok();
    session.call("click", json!({ "target": "#box", "clicks": 2 })).await.ok();
    session.call("click", json!({ "target": "#box", "button": "right" })).await.ok();
    session.call("press", json!({ "key": "Escape" })).await.ok();
    session.call("press", json!({ "key": "Control+k", "target": "#box" })).await.ok();
    let log = session.value("log.join(' ')").await;
    let log = log.as_str().unwrap();
    for part in ["mouseover", "click", "dblclick", "contextmenu", "keydownk^"] {
        assert!(log.contains(part), "{part} in {log}");
    }
    session.call("press", json!({ "key": "Control+a", "target": "#field" })).await.ok();
    session.call("press", json!({ "key": "Backspace" })).await.ok();
    assert_eq!(session.value("field.value").await, "");
    session.call("drag", json!({ "from": "#item", "to": "#goal" })).await.ok();
    assert_eq!(session.value("goal.textContent").await, "carried");
    assert_eq!(session.call("scroll", json!({ "distance": 500 })).await.ok().facts["y"], 500.0);
    session.call("scroll", json!({ "target": "#end" })).await.ok();
    assert!(session.value("scrollY").await.as_f64().unwrap() > 3000.0);
    session.close().await;
}

#[tokio::test]
async fn tabs_history_waits_logs_and_state() {
    let session = session().await;
    let one = session.site.html("/one", "<title>One</title><a href=/two target=_blank>open two</a><script>console.log('hello', {a: 1}); fetch('/missing'); setTimeout(() => { throw new Error('late') })</script>");
    let two = session
        .site
        .html("/two", "<title>Two</title><p>second</p><script>setTimeout(() => document.body.append('at last'), 200)</script>");
    session.open(&one).await.ok();
    session.call("wait", json!({ "state": "networkidle" })).await.ok();
    let console = session.call("console", json!({})).await.ok();
    assert!(console.text.contains("hello") && console.text.contains("late"), "{}", console.text);
    let network = session.call("network", json!({ "filter": "missing" })).await.ok();
    assert!(network.text.contains("GET") && network.text.contains("404"), "{}", network.text);
    let clicked = session.call("click", json!({ "target": "a" })).await.ok();
    assert!(clicked.text.contains("new tab"), "{clicked:?}");
    session.call("wait", json!({ "text": "AT  last" })).await.ok();
    session.call("wait", json!({ "url": "/two", "selector": "p", "gone_text": "nowhere" })).await.ok();
    session.until_told("two tabs", |state| state["tabs"].as_array().unwrap().len() == 2 && state["title"] == "Two").await;
    let tabs = session.call("tabs", json!({})).await.ok();
    assert!(tabs.text.contains("2. ") && tabs.text.contains("(current)"), "{}", tabs.text);
    session.call("tabs", json!({ "action": "select", "tab": 1 })).await.ok();
    assert_eq!(session.value("document.title").await, "One");
    session.call("tabs", json!({ "action": "close", "tab": 2 })).await.ok();
    session.open(&two).await.ok();
    session.call("back", json!({})).await.ok();
    assert_eq!(session.value("document.title").await, "One");
    session.call("forward", json!({})).await.ok();
    assert_eq!(session.value("document.title").await, "Two");
    assert_eq!(session.call("forward", json!({})).await.code(), "no_page");
    session.call("reload", json!({})).await.ok();
    let state = session.call("state", json!({})).await.ok();
    assert_eq!((&state.facts["ready_state"], &state.facts["title"]), (&json!("complete"), &json!("Two")));
    // The last tab may be closed: another takes its place.
    session.call("tabs", json!({ "action": "close" })).await.ok();
    assert_eq!(session.value("location.href").await, "about:blank");
    assert_eq!(session.call("tabs", json!({ "action": "select", "tab": 99 })).await.code(), "no_tab");
    session.close().await;
}

#[tokio::test]
async fn scripts_run_within_bounds() {
    let session = session().await;
    session.open("about:blank").await.ok();
    assert_eq!(session.value("1 + 1").await, 2);
    assert_eq!(session.value("async () => [1, 'a']").await, json!([1, "a"]));
    assert_eq!(session.value("let x = 5; x * 2;").await, 10);
    let with = session.call("evaluate", json!({ "script": "(x) => x.a + 1", "arg": { "a": 41 } })).await.ok();
    assert_eq!(with.facts["result"], 42);
    assert_eq!(session.call("evaluate", json!({ "script": "throw new Error('no')" })).await.code(), "script_failed");
    let long = session.call("evaluate", json!({ "script": "'x'.repeat(1e6)" })).await.ok();
    assert!(long.text.len() < 40_000 && long.text.contains("left out"));
    let endless = session.call("evaluate", json!({ "script": "while (true);", "timeout_seconds": 1 })).await;
    assert!(endless.failed, "{endless:?}");
    let never = session.call("evaluate", json!({ "script": "new Promise(() => {})", "timeout_seconds": 1 })).await;
    assert_eq!(never.code(), "script_slow");
    assert_eq!(session.value("'still here'").await, "still here");
    session.close().await;
}
