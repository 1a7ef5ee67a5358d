use serde_json::json;

use super::refs::Node;
use super::*;

fn at(frame: &str, parent: Option<&str>) -> FrameAt {
    FrameAt { session: "S".into(), frame: frame.into(), loader: format!("L{frame}"), parent: parent.map(str::to_owned) }
}

fn document(frame: &str, parent: Option<&str>, owner: Option<i64>, nodes: Value) -> Document {
    Document { at: at(frame, parent), nodes: serde_json::from_value(nodes).unwrap(), root: None, owner, cut: false }
}

fn role(name: &str) -> Value {
    json!({ "type": "role", "value": name })
}

#[test]
fn a_form_in_a_frame_is_told_with_references_names_and_states() {
    let outer = json!([
        { "nodeId": "1", "ignored": false, "role": role("RootWebArea"), "childIds": ["2"], "backendDOMNodeId": 1 },
        { "nodeId": "2", "ignored": true, "role": role("none"), "childIds": ["3", "5"], "backendDOMNodeId": 2 },
        { "nodeId": "3", "ignored": false, "role": role("heading"), "name": role("Sign\nup"), "childIds": ["4"], "backendDOMNodeId": 3,
          "properties": [{ "name": "level", "value": { "type": "integer", "value": 1 } }] },
        { "nodeId": "4", "ignored": false, "role": role("StaticText"), "name": role("Sign up"), "childIds": [] },
        { "nodeId": "5", "ignored": false, "role": role("Iframe"), "childIds": [], "backendDOMNodeId": 9 },
    ]);
    let inner = json!([
        { "nodeId": "1", "ignored": false, "role": role("RootWebArea"), "childIds": ["2", "3", "4"], "backendDOMNodeId": 1 },
        { "nodeId": "2", "ignored": false, "role": role("textbox"), "name": role("Name"), "value": role("Ada"), "backendDOMNodeId": 2,
          "childIds": ["5"], "properties": [{ "name": "required", "value": { "value": true } }, { "name": "invalid", "value": { "value": "false" } }] },
        { "nodeId": "3", "ignored": false, "role": role("checkbox"), "name": role("I \u{202e}agree"), "backendDOMNodeId": 3,
          "properties": [{ "name": "checked", "value": { "value": "mixed" } }] },
        { "nodeId": "4", "ignored": false, "role": role("link"), "name": role("more"), "backendDOMNodeId": 4,
          "properties": [{ "name": "url", "value": { "value": "http://a/b" } }] },
        { "nodeId": "5", "ignored": false, "role": role("StaticText"), "name": role("Ada"), "childIds": [] },
    ]);
    let documents = [document("F", None, None, outer), document("G", Some("F"), Some(9), inner)];
    let mut refs = Refs::default();
    let rendered = render(&documents, 0, &mut refs, 10_000);
    let expected = "- heading \"Sign up\" [ref=e1] [level=1]\n\
                    - iframe [ref=e2]\n  \
                      - textbox \"Name\" [ref=e3] [required]: Ada\n  \
                      - checkbox \"I agree\" [ref=e4] [checked=mixed]\n  \
                      - link \"more\" [ref=e5] → http://a/b\n";
    assert_eq!(rendered.text, expected);
    assert_eq!(render(&documents, 0, &mut refs, 10_000).text, expected, "references stay");
    assert_eq!(refs.get(3).unwrap(), Node { at: at("G", Some("F")), node: 2 });
    let short = render(&documents, 0, &mut refs, 60);
    assert!(short.text.len() <= 60 && short.left_out == 3, "{short:?}");
}

#[test]
fn trees_that_lie_about_themselves_are_written_all_the_same() {
    let circle = json!([
        { "nodeId": "1", "role": role("RootWebArea"), "childIds": ["2", "1", "missing"] },
        { "nodeId": "2", "role": role("Iframe"), "childIds": ["1", "2"], "backendDOMNodeId": 5 },
    ]);
    let documents = [document("F", Some("F"), Some(5), circle)];
    let rendered = render(&documents, 0, &mut Refs::default(), 10_000);
    assert_eq!(rendered.text, "- iframe [ref=e1]\n");
    let mut deep: Vec<Value> = (0..5000)
        .map(|depth| json!({ "nodeId": format!("{depth}"), "role": role("group"), "name": role("x"), "childIds": [format!("{}", depth + 1)] }))
        .collect();
    deep.push(json!({ "nodeId": "5000", "role": 7 }));
    deep.pop();
    let documents = [document("F", None, None, json!(deep))];
    let rendered = render(&documents, 0, &mut Refs::default(), 1_000_000);
    assert!(rendered.left_out == 1 && rendered.text.lines().count() < 100);
}

#[test]
fn recursion_into_what_is_not_told_ends_too() {
    let ignored: Vec<Value> = (0..100_000)
        .map(|depth| json!({ "nodeId": format!("{depth}"), "ignored": true, "role": role("none"), "childIds": [format!("{}", depth + 1)] }))
        .collect();
    let documents = [document("F", None, None, json!(ignored))];
    assert_eq!(render(&documents, 0, &mut Refs::default(), 1000).text, "");
}
