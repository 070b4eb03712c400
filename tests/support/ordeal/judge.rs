//! What must be true after a recovery: no spec is in no database, no byte is there that nobody planned, and
//! the journal tells exactly what the databases hold.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use reqspec::change::journal::{EntryRow, State};
use reqspec::change::recover::{self, Recovered};
use reqspec::change::{ChangeId, DatabaseName, Journal, Operation};

use super::{FIRST, NAMES, World, number, text};
use crate::support::block_on;

/// How long sessions of a killed process may keep their locks on a server.
const LOCKED: Duration = Duration::from_secs(20);

/// What a recovery decided, for messages of tests that fail.
pub type Decided = Vec<Recovered>;

/// What `recover` does on its own: decide, carry out, and afterwards find nothing more.
#[track_caller]
pub fn recover(world: &World, journal: &Journal) -> Decided {
    let began = Instant::now();
    let stores = world.stores();
    let mut all = Vec::new();
    loop {
        let decided = block_on(async {
            let changes = journal.unfinished().await.unwrap();
            let decisions = recover::look(journal, &stores, &changes).await.unwrap();
            recover::carry_out(journal, &stores, decisions).await.unwrap()
        });
        let is_done = decided.iter().all(|recovered| recovered.result.is_ok());
        all.extend(decided);
        if is_done {
            break;
        }
        // Only a server may still be ending what a dead process began.
        let may_wait = world.has_servers() && began.elapsed() < LOCKED;
        assert!(may_wait, "the recovery does not come to its end: {all:#?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let left = block_on(journal.unfinished()).unwrap();
    assert!(left.is_empty(), "a second recovery finds {left:#?}\nafter {all:#?}");
    all
}

/// Where a spec is, and its text's number.
pub type Held = BTreeMap<(DatabaseName, String), String>;

/// Judges what one process after the other did to a world in which nobody else changes anything: the entries
/// of the journal, one after the other, lead from what was there to exactly what is there.
pub struct Judge {
    held: Held,
    planned: BTreeSet<(String, String)>,
    last: ChangeId,
    /// Entries so far, by how they ended.
    pub ended: BTreeMap<&'static str, u64>,
    /// Decisions of recoveries so far, by their words.
    pub decided: BTreeMap<&'static str, u64>,
}

impl Judge {
    /// Of a world as it begins.
    pub fn new(world: &World) -> Self {
        let names: Vec<String> = world.names().collect();
        Self {
            held: names.iter().map(|id| ((DatabaseName::Api, id.clone()), FIRST.to_owned())).collect(),
            planned: names.into_iter().map(|id| (id, FIRST.to_owned())).collect(),
            last: ChangeId(0),
            ended: BTreeMap::new(),
            decided: BTreeMap::new(),
        }
    }

    /// After a process was killed, or a connection lost: recovers, and judges.
    #[track_caller]
    pub fn recover_and_judge(&mut self, world: &World, what: &str) {
        let journal = world.journal();
        let decided = recover(world, &journal);
        for recovered in &decided {
            *self.decided.entry(recovered.decision.what.word()).or_default() += 1;
        }
        self.judge(world, &journal, &format!("{what}; it was decided: {decided:#?}"));
    }

    /// The journal and the databases.
    #[track_caller]
    pub fn judge(&mut self, world: &World, journal: &Journal, what: &str) {
        for entry in entries_after(journal, self.last) {
            self.last = self.last.max(entry.change);
            *self.ended.entry(entry.state.word()).or_default() += 1;
            self.follow(&entry, what);
        }
        let there = held(world, what);
        for id in world.names() {
            let places = NAMES.iter().filter(|name| there.contains_key(&key(name, &id))).count();
            assert!(places > 0, "the spec of {id} is in no database: {what}");
        }
        for ((name, id), text) in &there {
            let is_planned = self.planned.contains(&(id.clone(), text.clone()));
            assert!(is_planned, "{name}: nobody planned the text {text} of {id}: {what}");
        }
        assert_eq!(there, self.held, "the databases hold what the journal does not tell: {what}");
    }

    /// What an entry made of it.
    #[track_caller]
    fn follow(&mut self, entry: &EntryRow, what: &str) {
        let id = entry.operation.instance_uuid().to_string();
        let said = || format!("{entry:?}: {what}");
        let number =
            |text: &[u8]| numbered(&id, text).unwrap_or_else(|| panic!("a strange text: {}", said()));
        self.planned.extend(texts(&entry.operation).into_iter().map(|text| (id.clone(), number(text))));
        match entry.state {
            State::Done => {}
            // A lost connection is a failure, after which nothing was done.
            State::NotDone | State::Failed => return,
            _ => panic!("nobody else changed anything: {}", said()),
        }
        for (name, from, to) in steps(&entry.operation) {
            let place = (name.clone(), id.clone());
            let before = from.map(&number);
            assert_eq!(self.held.get(&place), before.as_ref(), "it was not so before: {}", said());
            match to {
                Some(text) => self.held.insert(place, number(text)),
                None => self.held.remove(&place),
            };
        }
    }
}

fn key(name: &str, id: &str) -> (DatabaseName, String) {
    (crate::support::database(name), id.to_owned())
}

/// The number of a text of the journal.
pub fn numbered(id: &str, text: &[u8]) -> Option<String> {
    number(id, std::str::from_utf8(text).ok()?)
}

/// What the databases hold; no byte is wrong.
#[track_caller]
pub fn held(world: &World, what: &str) -> Held {
    let mut held = Held::new();
    for (name, table) in NAMES.iter().zip(world.tables()) {
        for (id, there) in table {
            let Some(number) = number(&id, &there) else {
                panic!("{name}: other bytes of {id}: {there:?}, not {:?}: {what}", text(&id, FIRST));
            };
            held.insert(key(name, &id), number);
        }
    }
    held
}

/// The entries of all changes after that one, in the order in which they were begun. Each change has an end.
#[track_caller]
pub fn entries_after(journal: &Journal, last: ChangeId) -> Vec<EntryRow> {
    block_on(async {
        let mut changes = Vec::new();
        let mut before = None;
        loop {
            let page = journal.changes(before, "", 20).await.unwrap();
            let Some(oldest) = page.last() else { break };
            before = Some(oldest.id);
            let is_last = oldest.id <= last;
            changes.extend(page.into_iter().filter(|change| change.id > last));
            if is_last {
                break;
            }
        }
        let mut entries = Vec::new();
        for change in changes {
            assert!(change.finished_at.is_some() && !change.is_interrupted, "without an end: {change:?}");
            entries.extend(journal.entries(change.id, None, 10_000).await.unwrap());
        }
        entries.sort_by_key(|entry| entry.id);
        entries
    })
}

/// The texts that an operation leads from or to.
pub fn texts(operation: &Operation) -> Vec<&[u8]> {
    match operation {
        Operation::Save { before, after, .. } => vec![before, after.as_bytes()],
        Operation::Create { text, .. } => vec![text.as_bytes()],
        Operation::Destroy { before, .. } => vec![before],
        Operation::Copy { text, replaces, .. } => {
            std::iter::once(&**text).chain(replaces.as_deref()).collect()
        }
        Operation::Move { text, .. } => vec![text],
    }
}

/// A database, the text that it held and the one that it holds then.
pub type StepOf<'a> = (&'a DatabaseName, Option<&'a [u8]>, Option<&'a [u8]>);

/// What an operation that was done made of which database.
pub fn steps(operation: &Operation) -> Vec<StepOf<'_>> {
    match operation {
        Operation::Save { database, before, after, .. } => {
            vec![(database, Some(before), Some(after.as_bytes()))]
        }
        Operation::Create { database, text, .. } => vec![(database, None, Some(text.as_bytes()))],
        Operation::Destroy { database, before, .. } => vec![(database, Some(before), None)],
        Operation::Copy { to, text, replaces, .. } => vec![(to, replaces.as_deref(), Some(text))],
        Operation::Move { from, to, text, already_there, .. } => {
            let there = already_there.then_some(&**text);
            vec![(to, there, Some(text)), (from, Some(text), None)]
        }
    }
}

/// In a line.
pub fn counted(counts: &BTreeMap<&'static str, u64>) -> String {
    counts.iter().map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}
