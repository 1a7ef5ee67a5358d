//! References to nodes. One means the same node for as long as that lives, in every snapshot.

use std::collections::{BTreeMap, HashMap};

use crate::elements::FrameAt;

/// How many are remembered; the oldest are forgotten first.
const MAX: usize = 20_000;

/// A node of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub at: FrameAt,
    pub node: i64,
}

#[derive(Debug, Default)]
pub struct Refs {
    nodes: BTreeMap<u32, Node>,
    numbers: HashMap<(String, String, i64), u32>,
    last: u32,
}

impl Refs {
    /// The reference of a node, a new one if it has none.
    pub fn of(&mut self, at: &FrameAt, node: i64) -> u32 {
        let key = (at.session.clone(), at.loader.clone(), node);
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        if self.nodes.len() >= MAX
            && let Some((_, Node { at, node })) = self.nodes.pop_first()
        {
            self.numbers.remove(&(at.session, at.loader, node));
        }
        self.last += 1;
        self.nodes.insert(self.last, Node { at: at.clone(), node });
        self.numbers.insert(key, self.last);
        self.last
    }

    pub fn get(&self, number: u32) -> Option<Node> {
        self.nodes.get(&number).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_keeps_its_reference_and_another_document_has_others() {
        let at = |loader: &str| FrameAt { session: "S".into(), frame: "F".into(), loader: loader.into(), parent: None };
        let mut refs = Refs::default();
        let first = refs.of(&at("A"), 7);
        assert_eq!((refs.of(&at("A"), 7), refs.of(&at("A"), 8), refs.of(&at("B"), 7)), (first, first + 1, first + 2));
        for node in 0..MAX as i64 {
            refs.of(&at("C"), node);
        }
        assert_eq!(refs.get(first), None, "the oldest are forgotten");
        assert_eq!((refs.nodes.len(), refs.numbers.len()), (MAX, MAX));
        assert_ne!(refs.of(&at("A"), 7), first, "and no reference ever means something else");
    }
}
