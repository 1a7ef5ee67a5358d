//! From trees to text.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::{AxNode, Document, Refs};
use crate::text::line;

const MAX_DEPTH: usize = 60;
/// How deep nodes may be in each other, also those that are not told.
const MAX_NESTING: usize = 500;
const MAX_NAME: usize = 300;
const MAX_VALUE: usize = 500;
const MAX_ADDRESS: usize = 200;
/// Roles that say nothing of themselves: what is in them stands for them.
const PLAIN: [&str; 5] = ["generic", "none", "presentation", "LabelText", "LayoutTable"];
/// Roles that are only text, which needs no reference.
const TEXT: [&str; 4] = ["StaticText", "text", "ListMarker", "LineBreak"];
/// Properties that are worth telling when they are true.
const FLAGS: [&str; 8] = ["disabled", "focused", "required", "readonly", "selected", "multiselectable", "modal", "busy"];

/// A page as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub text: String,
    /// How many elements were left out for want of room.
    pub left_out: usize,
    /// The browser did not tell all.
    pub cut: bool,
}

struct Writer<'a> {
    documents: &'a [Document],
    /// The nodes of each document by their ids.
    nodes: Vec<BTreeMap<&'a str, &'a AxNode>>,
    refs: &'a mut Refs,
    out: String,
    most: usize,
    left_out: usize,
    nesting: usize,
    /// Documents that are being written: a tree may say of itself that it is a circle.
    open: HashSet<usize>,
}

/// Writes the document at `start` with all that are in it, in about `most` characters.
pub fn render(documents: &[Document], start: usize, refs: &mut Refs, most: usize) -> Rendered {
    let nodes = documents.iter().map(by_id).collect();
    let mut writer = Writer { documents, nodes, refs, out: String::new(), most, left_out: 0, nesting: 0, open: HashSet::new() };
    writer.document(start, 0);
    let cut = documents.iter().any(|document| document.cut);
    Rendered { text: writer.out, left_out: writer.left_out, cut }
}

fn by_id(document: &Document) -> BTreeMap<&str, &AxNode> {
    document.nodes.iter().map(|node| (node.node_id.as_str(), node)).collect()
}

impl<'a> Writer<'a> {
    fn document(&mut self, which: usize, depth: usize) {
        let documents = self.documents;
        let Some(document) = documents.get(which).filter(|_| self.open.insert(which)) else { return };
        let root = document.root.as_deref().and_then(|root| self.nodes[which].get(root).copied());
        let mut seen = HashSet::new();
        match (root, document.nodes.first()) {
            (Some(root), _) => self.node(which, root, "", depth, &mut seen),
            (None, Some(first)) => {
                seen.insert(first.node_id.as_str());
                self.children(which, first, "", depth, &mut seen);
            }
            (None, None) => {}
        }
        self.open.remove(&which);
    }

    fn children(&mut self, which: usize, node: &'a AxNode, named: &str, depth: usize, seen: &mut HashSet<&'a str>) {
        for id in &node.child_ids {
            let child = self.nodes[which].get(id.as_str()).copied();
            if let Some(child) = child.filter(|child| seen.insert(child.node_id.as_str())) {
                self.node(which, child, named, depth, seen);
            }
        }
    }

    fn node(&mut self, which: usize, node: &'a AxNode, named: &str, depth: usize, seen: &mut HashSet<&'a str>) {
        if depth > MAX_DEPTH || self.nesting > MAX_NESTING {
            self.left_out += 1;
            return;
        }
        self.nesting += 1;
        self.tell(which, node, named, depth, seen);
        self.nesting -= 1;
    }

    fn tell(&mut self, which: usize, node: &'a AxNode, named: &str, depth: usize, seen: &mut HashSet<&'a str>) {
        let role = node.role.value.as_str().unwrap_or_default();
        let name = words(&node.name.value, MAX_NAME);
        if role == "InlineTextBox" {
            return;
        }
        if node.ignored || (PLAIN.contains(&role) && name.is_empty() && !flag(node, "focusable")) {
            return self.children(which, node, named, depth, seen);
        }
        if TEXT.contains(&role) {
            // What an element is named after is said once.
            if !name.is_empty() && !named.contains(&name) {
                self.put(depth, &format!("- text: {name}"));
            }
            return;
        }
        let line = self.in_words(which, node, role, &name);
        self.put(depth, &line);
        let inner = node.dom_node.and_then(|dom| self.held_by(which, dom));
        match inner {
            Some(inner) => self.document(inner, depth + 1),
            None => {
                let value = words(&node.value.value, MAX_VALUE);
                // The text in a field is its value.
                let named = if value.is_empty() { name } else { format!("{name}\n{value}") };
                self.children(which, node, &named, depth + 1, seen);
            }
        }
    }

    /// The document that this node of another document holds.
    fn held_by(&self, which: usize, dom: i64) -> Option<usize> {
        let here = &self.documents[which].at;
        let held = |document: &Document| document.owner == Some(dom) && document.at.parent.as_ref() == Some(&here.frame);
        self.documents.iter().position(held)
    }

    fn in_words(&mut self, which: usize, node: &AxNode, role: &str, name: &str) -> String {
        let mut text = format!("- {}", if role.is_empty() { "element".into() } else { line(role, 40).to_lowercase() });
        if !name.is_empty() {
            let _ = write!(text, " \"{}\"", name.replace('"', "'"));
        }
        if let Some(dom) = node.dom_node {
            let number = self.refs.of(&self.documents[which].at, dom);
            let _ = write!(text, " [ref=e{number}]");
        }
        for property in &node.properties {
            let value = &property.value.value;
            let is_true = value.as_bool().unwrap_or_else(|| value.as_i64() == Some(1));
            match property.name.as_str() {
                known if FLAGS.contains(&known) && is_true => {
                    let _ = write!(text, " [{known}]");
                }
                known @ ("checked" | "pressed" | "expanded" | "level" | "invalid") => {
                    let told = value.as_str().map_or_else(|| value.to_string(), |value| line(value, 20));
                    if !(known == "invalid" && told == "false") {
                        let _ = write!(text, " [{known}={told}]");
                    }
                }
                _ => {}
            }
        }
        let value = words(&node.value.value, MAX_VALUE);
        if !value.is_empty() && value != name {
            let _ = write!(text, ": {value}");
        }
        let address = node.properties.iter().find(|property| property.name == "url" && role == "link");
        if let Some(address) =
            address.map(|address| words(&address.value.value, MAX_ADDRESS)).filter(|address| !address.is_empty())
        {
            let _ = write!(text, " → {address}");
        }
        text
    }

    fn put(&mut self, depth: usize, text: &str) {
        let indent = depth * 2;
        if self.out.len() + indent + text.len() + 1 > self.most {
            self.left_out += 1;
            // Nothing shorter may follow, or it would seem to stand where this should.
            self.most = 0;
            return;
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push_str(text);
        self.out.push('\n');
    }
}

fn words(value: &Value, most: usize) -> String {
    match value {
        Value::String(text) => line(text, most),
        Value::Null => String::new(),
        other => line(&other.to_string(), most),
    }
}

fn flag(node: &AxNode, name: &str) -> bool {
    node.properties.iter().any(|property| property.name == name && property.value.value == Value::Bool(true))
}
