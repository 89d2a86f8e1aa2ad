//! The order of things that need each other: deterministic, with every cycle shown edge by edge.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

use diagnostics::{Diagnostic, Span, code};
use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

/// One thing that must be done before another, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) on: String,
    pub(crate) reason: String,
    /// Where the plan says so, or where the thing that needs was written.
    pub(crate) place: Span,
    /// Only there to keep the order; dropped where other needs lead to the same step.
    pub(crate) weak: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Unique.
    pub(crate) id: String,
    /// Ties go by rank, then id.
    pub(crate) rank: u32,
    pub(crate) needs: Vec<Need>,
}

pub(crate) struct Order {
    /// Indexes of the nodes. Nodes on a cycle, and what needs them, come last, by rank and id.
    pub(crate) order: Vec<usize>,
    pub(crate) cycles: Vec<Diagnostic>,
    /// Ids of all nodes on cycles.
    pub(crate) circular: BTreeSet<String>,
}

/// Sorts the nodes. Needs of ids that are not there are the caller's business and ignored.
/// `what` is the word for a node in messages: `step`, `stage`.
pub(crate) fn order(nodes: &[Node], what: &str) -> Order {
    let at: BTreeMap<&str, usize> =
        nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
    let graph = build(nodes, &at);
    let mut order = topological(nodes, &graph);
    let placed: BTreeSet<usize> = order.iter().copied().collect();
    let mut rest: Vec<usize> = (0..nodes.len()).filter(|at| !placed.contains(at)).collect();
    rest.sort_by_key(|&at| (nodes[at].rank, &nodes[at].id));
    order.extend(rest);
    let (cycles, circular) = cycles(nodes, &graph, what);
    Order { order, cycles, circular }
}

/// Edges go from what is needed to what needs it; the weight is the position in `needs`.
fn build(nodes: &[Node], at: &BTreeMap<&str, usize>) -> DiGraph<usize, usize> {
    let mut graph = DiGraph::new();
    let indexes: Vec<NodeIndex> = (0..nodes.len()).map(|at| graph.add_node(at)).collect();
    for (node, index) in nodes.iter().zip(&indexes) {
        for (position, need) in node.needs.iter().enumerate() {
            if let Some(&needed) = at.get(need.on.as_str()) {
                graph.add_edge(indexes[needed], *index, position);
            }
        }
    }
    graph
}

/// Kahn's algorithm with a queue by rank and id: the same set gives the same order.
fn topological(nodes: &[Node], graph: &DiGraph<usize, usize>) -> Vec<usize> {
    let mut open: Vec<usize> = graph
        .node_indices()
        .map(|node| graph.edges_directed(node, petgraph::Incoming).count())
        .collect();
    let key = |at: usize| Reverse((nodes[at].rank, nodes[at].id.as_str(), at));
    let mut ready: BinaryHeap<_> = (0..nodes.len()).filter(|&at| open[at] == 0).map(key).collect();
    let mut order = Vec::with_capacity(nodes.len());
    while let Some(Reverse((_, _, at))) = ready.pop() {
        order.push(at);
        for edge in graph.edges(NodeIndex::new(at)) {
            let next = graph[edge.target()];
            open[next] -= 1;
            if open[next] == 0 {
                ready.push(key(next));
            }
        }
    }
    order
}

/// Drops weak needs that other needs lead to; `order` is what [`order`] gave, without cycles.
pub(crate) fn thin(nodes: &mut [Node], order: &[usize]) {
    let ways = Ways::new(nodes, order);
    let mut seen = vec![usize::MAX; nodes.len()];
    for (at, node) in nodes.iter_mut().enumerate() {
        let weak = node.needs.iter().filter(|need| need.weak);
        let Some(first) = weak.filter_map(|need| ways.place_of(&need.on)).min() else { continue };
        ways.mark(at, first, &mut seen);
        node.needs.retain(|need| {
            let led_to = ways.at.get(&need.on).is_some_and(|&on| seen[on] == at);
            !(need.weak && led_to)
        });
    }
}

/// Which nodes each node needs, and where each stands in the order.
struct Ways {
    at: BTreeMap<String, usize>,
    needed: Vec<Vec<usize>>,
    places: Vec<usize>,
}

impl Ways {
    fn new(nodes: &[Node], order: &[usize]) -> Self {
        let names = nodes.iter().enumerate().map(|(at, node)| (node.id.clone(), at));
        let at: BTreeMap<String, usize> = names.collect();
        let mut places = vec![0; nodes.len()];
        order.iter().enumerate().for_each(|(place, &node)| places[node] = place);
        let needed =
            |node: &Node| node.needs.iter().filter_map(|need| at.get(&need.on).copied()).collect();
        Self { needed: nodes.iter().map(needed).collect(), places, at }
    }

    fn place_of(&self, id: &str) -> Option<usize> {
        self.at.get(id).map(|&at| self.places[at])
    }

    /// Marks with `from` what the needs of `from` need in turn. What stands before `first` in the
    /// order cannot lead to it, so most walks end after a few steps.
    fn mark(&self, from: usize, first: usize, seen: &mut [usize]) {
        let mut open = self.needed[from].clone();
        while let Some(at) = open.pop() {
            for &next in &self.needed[at] {
                if self.places[next] >= first && seen[next] != from {
                    seen[next] = from;
                    open.push(next);
                }
            }
        }
    }
}

/// One finding per knot of cycles: its shortest circle from the node with the lowest id.
fn cycles(
    nodes: &[Node],
    graph: &DiGraph<usize, usize>,
    what: &str,
) -> (Vec<Diagnostic>, BTreeSet<String>) {
    let mut findings = Vec::new();
    let mut circular = BTreeSet::new();
    for knot in tarjan_scc(graph) {
        let members: BTreeSet<usize> = knot.iter().map(|&node| graph[node]).collect();
        let first = members.iter().copied().min_by_key(|&at| &nodes[at].id);
        let Some(circle) = first.and_then(|first| shortest_circle(graph, first, &members)) else {
            continue;
        };
        circular.extend(members.iter().map(|&at| nodes[at].id.clone()));
        findings.push(describe(nodes, &circle, what));
    }
    (findings, circular)
}

/// (node, position of the need that leads to the next node) around the circle, each node needing
/// the next, the last needing the first.
fn shortest_circle(
    graph: &DiGraph<usize, usize>,
    first: usize,
    members: &BTreeSet<usize>,
) -> Option<Vec<(usize, usize)>> {
    let mut came: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    let mut queue = VecDeque::from([first]);
    while let Some(at) = queue.pop_front() {
        let mut incoming: Vec<_> = graph
            .edges_directed(NodeIndex::new(at), petgraph::Incoming)
            .map(|edge| (*edge.weight(), graph[edge.source()]))
            .filter(|(_, needed)| members.contains(needed))
            .collect();
        incoming.sort_unstable();
        for (position, needed) in incoming {
            if needed == first {
                return Some(walk_back(&came, first, at, position));
            }
            if let Entry::Vacant(first_time) = came.entry(needed) {
                first_time.insert((at, position));
                queue.push_back(needed);
            }
        }
    }
    None
}

fn walk_back(
    came: &BTreeMap<usize, (usize, usize)>,
    first: usize,
    last: usize,
    position: usize,
) -> Vec<(usize, usize)> {
    let mut circle = vec![(last, position)];
    let mut at = last;
    while at != first {
        // Every node but the first was reached from another one.
        let Some(&(before, position)) = came.get(&at) else { break };
        circle.push((before, position));
        at = before;
    }
    circle.reverse();
    circle
}

fn describe(nodes: &[Node], circle: &[(usize, usize)], what: &str) -> Diagnostic {
    let names: Vec<String> =
        circle.iter().chain(circle.first()).map(|(at, _)| format!("`{}`", nodes[*at].id)).collect();
    let message = format!("{what}s need each other in a circle: {}", names.join(" needs "));
    let mut finding = Diagnostic::new(&code::DEPENDENCY_CYCLE, message);
    for (at, position) in circle {
        let need = &nodes[*at].needs[*position];
        finding = finding.label(need.place, need.reason.clone());
    }
    finding.help("take one of these references away, or move it to a component that is built later")
}

#[cfg(test)]
mod tests {
    use super::*;
    use diagnostics::SourceId;
    use proptest::prelude::*;

    fn node(id: &str, needs: &[&str]) -> Node {
        let place = Span::new(SourceId(0), 0..1);
        let need = |on: &&str| Need {
            on: (*on).to_owned(),
            reason: format!("{id} needs {on}"),
            place,
            weak: false,
        };
        Node { id: id.to_owned(), rank: 0, needs: needs.iter().map(need).collect() }
    }

    fn ids(nodes: &[Node]) -> Vec<&str> {
        order(nodes, "step").order.into_iter().map(|at| nodes[at].id.as_str()).collect()
    }

    #[test]
    fn ties_go_by_rank_then_id() {
        let mut nodes = vec![node("b", &[]), node("a", &["c"]), node("c", &[]), node("z", &[])];
        nodes[0].rank = 1;
        assert_eq!(ids(&nodes), ["c", "a", "z", "b"]);
    }

    #[test]
    fn a_cycle_is_shown_edge_by_edge() {
        let nodes = [node("a", &["b"]), node("b", &["c"]), node("c", &["a", "d"]), node("d", &[])];
        let result = order(&nodes, "step");
        assert_eq!(result.cycles.len(), 1);
        assert_eq!(
            result.cycles[0].message,
            "steps need each other in a circle: `a` needs `b` needs `c` needs `a`"
        );
        let labels: Vec<_> = result.cycles[0].labels.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(labels, ["a needs b", "b needs c", "c needs a"]);
        assert!(!result.circular.contains("d"));
    }

    #[test]
    fn weak_needs_go_where_others_lead_there() {
        let mut nodes = [node("a", &[]), node("b", &["a"]), node("c", &["a", "b"])];
        nodes[2].needs[0].weak = true;
        thin(&mut nodes, &[0, 1, 2]);
        let needs: Vec<_> = nodes[2].needs.iter().map(|need| need.on.as_str()).collect();
        assert_eq!(needs, ["b"]);
    }

    #[test]
    fn a_node_that_needs_itself_is_a_cycle() {
        assert_eq!(order(&[node("a", &["a"])], "step").cycles.len(), 1);
    }

    proptest! {
        /// Edges go from higher to lower numbers, so there is no cycle.
        #[test]
        fn order_respects_edges_whatever_the_input_order(
            edges in prop::collection::vec((0usize..30, 0usize..30), 0..80),
            shuffled in Just((0usize..30).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let name = |at: usize| format!("n{at:02}");
            let all: Vec<Node> = (0..30).map(|at| {
                let needs: Vec<String> = edges.iter()
                    .filter(|(a, b)| a.max(b) == &at && a != b)
                    .map(|(a, b)| name(*a.min(b)))
                    .collect();
                node(&name(at), &needs.iter().map(String::as_str).collect::<Vec<_>>())
            }).collect();
            let mixed: Vec<Node> = shuffled.iter().map(|&at| all[at].clone()).collect();
            let sorted = ids(&all);
            prop_assert_eq!(&sorted, &ids(&mixed));
            let position = |id: &str| sorted.iter().position(|other| *other == id);
            for node in &all {
                for need in &node.needs {
                    prop_assert!(position(&need.on) < position(&node.id));
                }
            }
        }
    }
}
