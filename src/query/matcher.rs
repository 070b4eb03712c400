//! Judges rows by a query, fast. The bytes of the stored text decide most rows (`anchor`);
//! the others are read ([`super::extract`]), once for all fields. The verdicts are those of
//! [`super::eval`].
//!
//! Imports its siblings; no I/O.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use memchr::memchr;

use super::anchor::{Anchors, DemandClues};
use super::bytes::Word;
use super::compare::holds;
use super::expression::{Expression, Query, Test};
use super::extract::{self, Extractor, Row, Wanted};
use super::fields::{Field, Source};
use super::record::{Facts, Record, Value, Verdict};

/// A query made ready for many rows; shared between threads.
#[derive(Debug)]
pub struct Matcher {
    root: Node,
    extractor: Extractor,
    now: i64,
}

#[derive(Debug)]
enum Node {
    And(Parts),
    Or(Parts),
    Not(Box<Node>),
    Leaf(Leaf),
}

/// Parts, the cheap ones first.
#[derive(Debug)]
struct Parts {
    nodes: Vec<Node>,
    /// The part that decided the last row: it may well decide the next one.
    decisive: AtomicUsize,
}

#[derive(Debug)]
struct Leaf {
    /// Its place among the leaves.
    number: usize,
    test: LeafTest,
}

#[derive(Debug)]
enum LeafTest {
    /// Of a column of the row, which costs nothing.
    Column(Arc<Test>),
    /// Of another table.
    Fact(Arc<Test>, usize),
    /// Of what stands in the text.
    Text(Arc<Test>, usize, Clues),
    Word(Word),
}

/// What the bytes tell of a test.
#[derive(Debug)]
enum Clues {
    Anchors(Anchors),
    Demands(DemandClues),
    /// Nothing.
    None,
}

/// What is known of a row without reading its text.
#[derive(Clone, Copy, PartialEq)]
enum Glance {
    Sure(Verdict),
    Maybe,
}

/// A row under judgement.
struct Judged<'r> {
    row: Row<'r>,
    record: &'r Record<'r>,
    now: i64,
    escapes: Cell<Option<bool>>,
    /// A bit for each of the first 64 leaves that is known to be true, and to be false.
    known: Cell<(u64, u64)>,
}

impl Matcher {
    /// Of a query; `now` in seconds since 1970.
    pub fn new(query: &Query, now: i64) -> Self {
        let fields: Vec<Field> = query.fields().into_iter().cloned().collect();
        let mut leaves = 0;
        let root = Node::of(&query.expression, &fields, &mut leaves);
        Self { root, extractor: Extractor::new(&fields), now }
    }

    /// Whether the query is true of a row.
    pub fn verdict(&self, record: &Record<'_>, facts: &Facts) -> Verdict {
        let judged = Judged {
            row: self.extractor.row(record, facts),
            record,
            now: self.now,
            escapes: Cell::new(None),
            known: Cell::new((0, 0)),
        };
        match self.root.glance(&judged, self.extractor.wanted(), facts) {
            Glance::Sure(verdict) => verdict,
            Glance::Maybe => self.root.settle(&judged, self.extractor.wanted(), facts),
        }
    }
}

impl Node {
    fn of(expression: &Expression, fields: &[Field], leaves: &mut usize) -> Self {
        let leaf = |test, leaves: &mut usize| {
            *leaves += 1;
            Node::Leaf(Leaf { number: *leaves - 1, test })
        };
        match expression {
            Expression::And(parts) => Node::And(Parts::of(parts, fields, leaves)),
            Expression::Or(parts) => Node::Or(Parts::of(parts, fields, leaves)),
            Expression::Not(part) => Node::Not(Box::new(Self::of(part, fields, leaves))),
            Expression::Word(word) => leaf(LeafTest::Word(Word::new(word)), leaves),
            Expression::Test(test) => {
                let field = fields.iter().position(|field| *field == test.field).unwrap_or(0);
                let shared = Arc::new(test.clone());
                let test = match &test.field.source {
                    Source::Instance
                    | Source::Id
                    | Source::Created
                    | Source::Updated
                    | Source::Size
                    | Source::Database => LeafTest::Column(shared),
                    Source::Fact(_) => LeafTest::Fact(shared, field),
                    Source::Demands => {
                        let clues = DemandClues::of(test).map_or(Clues::None, Clues::Demands);
                        LeafTest::Text(shared, field, clues)
                    }
                    Source::Paths(_) | Source::Count(_) | Source::Era | Source::Problem => {
                        let clues = Anchors::of(test).map_or(Clues::None, Clues::Anchors);
                        LeafTest::Text(shared, field, clues)
                    }
                };
                leaf(test, leaves)
            }
        }
    }

    /// How dear a glance is, roughly, and how seldom it decides.
    fn cost(&self) -> u32 {
        match self {
            Node::And(parts) | Node::Or(parts) => parts.nodes.iter().map(Node::cost).sum::<u32>() + 1,
            Node::Not(part) => part.cost() + 2,
            Node::Leaf(leaf) => match &leaf.test {
                LeafTest::Column(_) => 0,
                LeafTest::Fact(..) => 1,
                LeafTest::Text(test, _, Clues::Anchors(anchors)) => 10 + anchors.cost(&test.check),
                LeafTest::Word(_) => 15,
                LeafTest::Text(_, _, Clues::Demands(_)) => 30,
                LeafTest::Text(_, _, Clues::None) => 100,
            },
        }
    }

    fn glance(&self, row: &Judged<'_>, wanted: &[Wanted], facts: &Facts) -> Glance {
        match self {
            Node::And(parts) => parts.glance(Verdict::No, row, wanted, facts),
            Node::Or(parts) => parts.glance(Verdict::Yes, row, wanted, facts),
            Node::Not(part) => match part.glance(row, wanted, facts) {
                Glance::Sure(verdict) => Glance::Sure(!verdict),
                Glance::Maybe => Glance::Maybe,
            },
            Node::Leaf(leaf) => leaf.glance(row, wanted, facts),
        }
    }

    fn settle(&self, row: &Judged<'_>, wanted: &[Wanted], facts: &Facts) -> Verdict {
        match self {
            Node::And(parts) => {
                let mut all = Verdict::Yes;
                for part in &parts.nodes {
                    all = all.and(part.settle(row, wanted, facts));
                    if all == Verdict::No {
                        break;
                    }
                }
                all
            }
            Node::Or(parts) => {
                let mut any = Verdict::No;
                for part in &parts.nodes {
                    any = any.or(part.settle(row, wanted, facts));
                    if any == Verdict::Yes {
                        break;
                    }
                }
                any
            }
            Node::Not(part) => !part.settle(row, wanted, facts),
            Node::Leaf(leaf) => leaf.settle(row, wanted, facts),
        }
    }
}

impl Parts {
    fn of(parts: &[Expression], fields: &[Field], leaves: &mut usize) -> Self {
        let mut nodes: Vec<_> = parts.iter().map(|part| Node::of(part, fields, leaves)).collect();
        nodes.sort_by_key(Node::cost);
        Self { nodes, decisive: AtomicUsize::new(0) }
    }

    /// `decides`: the verdict of one part that is the verdict of all.
    fn glance(&self, decides: Verdict, row: &Judged<'_>, wanted: &[Wanted], facts: &Facts) -> Glance {
        let first = self.decisive.load(Ordering::Relaxed);
        let (mut maybe, mut unknown) = (false, false);
        let all = 0..self.nodes.len();
        for at in all.clone().filter(|at| *at == first).chain(all.filter(|at| *at != first)) {
            match self.nodes[at].glance(row, wanted, facts) {
                Glance::Sure(verdict) if verdict == decides => {
                    if at != first {
                        self.decisive.store(at, Ordering::Relaxed);
                    }
                    return Glance::Sure(verdict);
                }
                Glance::Sure(verdict) => unknown |= verdict == Verdict::Unknown,
                Glance::Maybe => maybe = true,
            }
        }
        match (maybe, unknown) {
            (true, _) => Glance::Maybe,
            (false, true) => Glance::Sure(Verdict::Unknown),
            (false, false) => Glance::Sure(!decides),
        }
    }
}

impl Leaf {
    fn glance(&self, row: &Judged<'_>, wanted: &[Wanted], facts: &Facts) -> Glance {
        let sure = match &self.test {
            LeafTest::Column(test) => {
                extract::column(&test.field.source, row.record, &mut |value| row.holds(test, &value))
            }
            LeafTest::Fact(test, field) => return Glance::Sure(row.of_fact(test, &wanted[*field], facts)),
            LeafTest::Word(word) => word.is_in(row.record),
            LeafTest::Text(test, _, clues) => {
                let may_hold = match clues {
                    Clues::Anchors(anchors) => {
                        anchors.may_hold(row.record.spec, &|value| row.holds(test, value))
                    }
                    Clues::Demands(clues) => clues.may_hold(row.record.spec),
                    Clues::None => true,
                };
                if may_hold || row.has_escapes() {
                    return Glance::Maybe;
                }
                false
            }
        };
        row.note(self.number, sure);
        Glance::Sure(Verdict::of(sure))
    }

    fn settle(&self, row: &Judged<'_>, wanted: &[Wanted], facts: &Facts) -> Verdict {
        if let Some(known) = row.noted(self.number) {
            return Verdict::of(known);
        }
        match &self.test {
            LeafTest::Text(test, field, _) => {
                Verdict::of(row.row.each(&wanted[*field], &mut |value| row.holds(test, &value)))
            }
            // The others are sure at a glance.
            _ => match self.glance(row, wanted, facts) {
                Glance::Sure(verdict) => verdict,
                Glance::Maybe => Verdict::Unknown,
            },
        }
    }
}

impl Judged<'_> {
    fn holds(&self, test: &Test, value: &Value<'_>) -> bool {
        holds(test.field.kind, &test.check, value, self.now)
    }

    fn of_fact(&self, test: &Test, wanted: &Wanted, facts: &Facts) -> Verdict {
        if test.field.fact().is_some_and(|fact| facts.get(fact).is_none()) {
            return Verdict::Unknown;
        }
        Verdict::of(self.row.each(wanted, &mut |value| self.holds(test, &value)))
    }

    /// Whether the text has a backslash.
    fn has_escapes(&self) -> bool {
        self.escapes.get().unwrap_or_else(|| {
            let escapes = memchr(b'\\', self.record.spec).is_some();
            self.escapes.set(Some(escapes));
            escapes
        })
    }

    fn note(&self, leaf: usize, yes: bool) {
        if leaf < 64 {
            let (known_yes, known_no) = self.known.get();
            let bit = 1 << leaf;
            self.known.set(if yes { (known_yes | bit, known_no) } else { (known_yes, known_no | bit) });
        }
    }

    fn noted(&self, leaf: usize) -> Option<bool> {
        let (known_yes, known_no) = self.known.get();
        let is_in = |bits: u64| leaf < 64 && bits >> leaf & 1 == 1;
        if is_in(known_yes) { Some(true) } else { is_in(known_no).then_some(false) }
    }
}
