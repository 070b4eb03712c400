//! Two processes of ours with one journal, and a program that writes as nova does, on the same rows for a
//! while. The processes are killed and begun again all the time; whoever is left recovers.
//!
//! Nova reads a row, changes its text, and writes the whole row back without comparing; it deletes the specs of
//! instances that are deleted, and creates those of new ones. Its own texts are as good as ours.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqspec::change::journal::{EntryRow, State};
use reqspec::change::recover;
use reqspec::change::{ChangeId, DatabaseName, Operation};

use super::child::Working;
use super::judge::{self, Held, numbered, steps, texts};
use super::{FIRST, Plain, Random, Side, World, tell, text};
use crate::support::{block_on, database, uuid};

/// How long.
const WHILE: Duration = Duration::from_secs(8);
/// A process lives no longer than that.
const LIFE: u64 = 700;

/// Instances that processes only save, and nova leaves alone.
const SAVED: std::ops::RangeInclusive<i64> = 1..=6;
/// Those that are moved too.
const MOVED: std::ops::RangeInclusive<i64> = 7..=12;
/// Those that nova writes too.
const REWRITTEN: std::ops::RangeInclusive<i64> = 13..=18;
/// Those that nova deletes and creates too.
const REPLACED: std::ops::RangeInclusive<i64> = 19..=24;

/// What nova did.
#[derive(Default)]
struct Nova {
    /// Its texts, committed or perhaps committed.
    planned: BTreeSet<(String, String)>,
    /// The last that it certainly wrote; none where it deleted the row since, or may have.
    last: BTreeMap<String, String>,
    deleted: BTreeSet<String>,
    writes: u64,
}

impl Nova {
    /// Change rows until told to stop.
    fn run(mut self, world: &World, seed: u64, stop: &AtomicBool) -> Self {
        let mut random = Random(seed ^ 0x6e6f_7661);
        let mut sides = world.sides.each_ref().map(Side::plain);
        let instances: Vec<i64> = REWRITTEN.chain(REPLACED).collect();
        while !stop.load(Ordering::SeqCst) {
            let number = *random.of(&instances);
            self.one(&mut sides, &mut random, &uuid(number), REPLACED.contains(&number));
            std::thread::sleep(Duration::from_millis(random.below(12)));
        }
        self
    }

    fn one(&mut self, sides: &mut [Plain; 2], random: &mut Random, id: &str, may_delete: bool) {
        let first = random.below(2) as usize;
        for side in [first, 1 - first] {
            let side = &mut sides[side];
            let sql = format!("SELECT instance_uuid, spec FROM request_specs WHERE instance_uuid = '{id}'");
            let Ok(rows) = side.pairs(&sql) else { return };
            if rows.is_empty() {
                continue;
            }
            // Time to work on it, as nova takes.
            std::thread::sleep(Duration::from_millis(random.below(4)));
            if may_delete && random.below(3) == 0 {
                self.last.remove(id);
                self.deleted.insert(id.to_owned());
                if side.change(&format!("DELETE FROM request_specs WHERE instance_uuid = '{id}'")).is_ok() {
                    self.writes += 1;
                }
                return;
            }
            let (number, quoted) = self.text(side, id);
            let sql = format!("UPDATE request_specs SET spec = {quoted} WHERE instance_uuid = '{id}'");
            self.wrote(id, number, side.change(&sql));
            return;
        }
        if may_delete {
            let side = &mut sides[first];
            let (number, _) = self.text(side, id);
            let put = side.put(id, &text(id, &number));
            self.wrote(id, number, put);
        }
    }

    /// A text that was never there, and as a literal.
    fn text(&mut self, side: &Plain, id: &str) -> (String, String) {
        let number = format!("nova-{}", self.planned.len());
        self.planned.insert((id.to_owned(), number.clone()));
        let quoted = side.quoted(&text(id, &number));
        (number, quoted)
    }

    fn wrote(&mut self, id: &str, number: String, rows: Result<usize, String>) {
        if rows == Ok(1) {
            self.writes += 1;
            self.last.insert(id.to_owned(), number);
        }
    }
}

/// They contend, and what is left is judged.
pub fn contend(sides: &Arc<[Side; 2]>, engine: &str, seed: u64) {
    tell(&format!("rivals on the same rows, {engine}: REQSPEC_SEED={seed}"));
    let world = World::new(sides, *SAVED.start()..=*REPLACED.end());
    let stop = AtomicBool::new(false);
    let (nova, kills, decided) = std::thread::scope(|scope| {
        let nova = scope.spawn(|| Nova::default().run(&world, seed, &stop));
        let processes = [1, 2].map(|process| {
            let (world, stop) = (&world, &stop);
            scope.spawn(move || killed_and_begun_again(world, seed, process, stop))
        });
        let recovering = scope.spawn(|| recovering(&world, &stop));
        std::thread::sleep(WHILE);
        stop.store(true, Ordering::SeqCst);
        let kills: u64 = processes.into_iter().map(|process| process.join().unwrap()).sum();
        (nova.join().unwrap(), kills, recovering.join().unwrap())
    });
    let journal = world.journal();
    let last = judge::recover(&world, &journal);
    let entries = judge::entries_after(&journal, ChangeId(0));
    let what = format!("{engine}, seed {seed}, {kills} kills; at last it was decided: {last:#?}");
    let done = entries.iter().filter(|entry| entry.state == State::Done).count();
    tell(&format!(
        "{kills} kills: rivals, {engine}: {} operations, {done} of them done, {} writes by nova, {} recovered",
        entries.len(),
        nova.writes,
        decided + last.len() as u64
    ));
    assert!(done > 20 && nova.writes > 20 && kills > 4, "too little was tried: {what}");
    let there = judge::held(&world, &what);
    Left { world: &world, there, entries, nova, what }.judge();
}

/// A process that works until it is killed, again and again. Gives how often.
fn killed_and_begun_again(world: &World, seed: u64, process: u64, stop: &AtomicBool) -> u64 {
    let mut random = Random(seed.wrapping_mul(97) + process);
    let only_saved: Vec<i64> = SAVED.collect();
    let mut kills = 0;
    while !stop.load(Ordering::SeqCst) {
        kills += 1;
        let child = Working::begin(world, "rival", process * 1_000_000 + kills, &only_saved, None);
        std::thread::sleep(Duration::from_millis(random.below(LIFE)));
        child.kill();
    }
    kills
}

/// As another process does at its start: what the killed ones left, while the others go on.
fn recovering(world: &World, stop: &AtomicBool) -> u64 {
    let (journal, stores) = (world.journal(), world.stores());
    let mut decided = 0;
    while !stop.load(Ordering::SeqCst) {
        let recovered = block_on(async {
            let changes = journal.unfinished().await.unwrap();
            let decisions = recover::look(&journal, &stores, &changes).await.unwrap();
            recover::carry_out(&journal, &stores, decisions).await.unwrap()
        });
        decided += recovered.iter().filter(|recovered| recovered.result.is_ok()).count() as u64;
        std::thread::sleep(Duration::from_millis(200));
    }
    decided
}

/// What they left.
struct Left<'a> {
    world: &'a World,
    there: Held,
    entries: Vec<EntryRow>,
    nova: Nova,
    what: String,
}

impl Left<'_> {
    #[track_caller]
    fn judge(&self) {
        self.no_spec_is_lost();
        self.only_planned_texts();
        for number in SAVED {
            self.every_save_counts(&uuid(number));
        }
        for entry in self.entries.iter().filter(|entry| entry.state == State::Done) {
            self.is_there_or_followed(entry);
        }
        for (id, number) in &self.nova.last {
            self.is_there_or_known(id, number);
        }
    }

    fn no_spec_is_lost(&self) {
        for id in self.world.names() {
            let places = self.there.keys().filter(|(_, of)| *of == id).count();
            let was_deleted = self.nova.deleted.contains(&id);
            assert!(places > 0 || was_deleted, "{id} is in no database: {}\n{}", self.what, self.story(&id));
        }
    }

    fn only_planned_texts(&self) {
        let ours = self.entries.iter().flat_map(|entry| {
            let id = entry.operation.instance_uuid().to_string();
            let texts = texts(&entry.operation).into_iter();
            texts.map(move |text| (id.clone(), numbered(&id, text).unwrap())).collect::<Vec<_>>()
        });
        let mut planned: BTreeSet<(String, String)> = ours.collect();
        planned.extend(self.world.names().map(|id| (id, FIRST.to_owned())));
        planned.extend(self.nova.planned.iter().cloned());
        for ((name, id), number) in self.there.clone() {
            let known = planned.contains(&(id.clone(), number.clone()));
            assert!(known, "{name}: nobody planned {number} of {id}: {}", self.what);
        }
    }

    /// Of an instance that is only saved (and saves taken back): each text was replaced as often as it was
    /// stored, but for the one that is there. No save went over one that it had not seen.
    fn every_save_counts(&self, id: &str) {
        let mut balance: BTreeMap<String, i64> = BTreeMap::from([(FIRST.to_owned(), 1)]);
        let mut perhaps: BTreeMap<String, i64> = BTreeMap::new();
        for entry in self.of(id) {
            let Operation::Save { before, after, .. } = &entry.operation else {
                panic!("{id} was only to be saved: {entry:?}")
            };
            let (before, after) = (numbered(id, before).unwrap(), numbered(id, after.as_bytes()).unwrap());
            match entry.state {
                // Two that take back the same change: the second finds it done.
                State::Done if entry.said.contains("was so already") => {}
                State::Done if is_recovered(entry) && self.is_twin(entry) => {
                    *perhaps.entry(before).or_default() += 1;
                    *perhaps.entry(after).or_default() += 1;
                }
                State::Done => {
                    *balance.entry(before).or_default() -= 1;
                    *balance.entry(after).or_default() += 1;
                }
                // Done before the process was killed, and others wrote over it before the recovery, or not.
                State::Conflict if is_recovered(entry) => {
                    *perhaps.entry(before).or_default() += 1;
                    *perhaps.entry(after).or_default() += 1;
                }
                _ => {}
            }
        }
        assert!(!self.there.contains_key(&(database("c1"), id.to_owned())), "{id}: {}", self.what);
        *balance.entry(self.there[&(DatabaseName::Api, id.to_owned())].clone()).or_default() -= 1;
        for (number, balance) in balance {
            let most = perhaps.get(&number).copied().unwrap_or_default();
            assert!(
                balance.abs() <= most,
                "{id}: {number} was stored {balance} times more often than it was replaced: {}\n{}",
                self.what,
                self.story(id)
            );
        }
    }

    /// Whether another one does the same.
    fn is_twin(&self, entry: &EntryRow) -> bool {
        self.entries.iter().any(|other| other.id != entry.id && other.operation == entry.operation)
    }

    /// What an operation that was done brought about is there, or another one, or nova, changed it later.
    fn is_there_or_followed(&self, entry: &EntryRow) {
        let id = entry.operation.instance_uuid();
        let number = id_number(id);
        if REWRITTEN.contains(&number) || REPLACED.contains(&number) {
            return;
        }
        for (name, _, to) in steps(&entry.operation) {
            let now = self.there.get(&(name.clone(), id.to_string()));
            let then = to.map(|text| numbered(id, text).unwrap());
            let left = self.of(id).filter(|other| other.id != entry.id).any(|other| {
                let number = |text: Option<&[u8]>| text.map(|text| numbered(id, text).unwrap());
                let mut here = steps(&other.operation).into_iter().filter(|(of, ..)| *of == name);
                match is_uncertain(other) {
                    true => here.any(|(_, from, to)| number(from) == then || number(to) == then),
                    false => other.state == State::Done && here.any(|(_, from, _)| number(from) == then),
                }
            });
            assert!(
                now == then.as_ref() || left,
                "{name} holds {now:?} of {id}, not {then:?}, which nothing has changed since: {entry:?}: {}\n{}",
                self.what,
                self.story(id)
            );
        }
    }

    /// What nova wrote last is there, or was seen by who replaced it.
    fn is_there_or_known(&self, id: &str, number: &str) {
        let is_there = self.there.iter().any(|((_, of), now)| of == id && now == number);
        let was_seen = self.of(id).any(|entry| {
            let replaced = match &entry.operation {
                Operation::Save { before, .. } | Operation::Destroy { before, .. } => Some(&**before),
                Operation::Copy { replaces, .. } => replaces.as_deref(),
                _ => None,
            };
            let is_done = entry.state == State::Done || is_uncertain(entry);
            is_done && replaced.is_some_and(|text| numbered(id, text).as_deref() == Some(number))
        });
        assert!(
            is_there || was_seen,
            "what nova wrote of {id} ({number}) is lost: {}\n{}",
            self.what,
            self.story(id)
        );
    }

    fn of(&self, id: &str) -> impl Iterator<Item = &EntryRow> {
        self.entries.iter().filter(move |entry| **entry.operation.instance_uuid() == *id)
    }

    /// What the journal and the databases say of an instance.
    fn story(&self, id: &str) -> String {
        let mut lines = Vec::new();
        for entry in self.of(id) {
            let steps = steps(&entry.operation).into_iter().map(|(name, from, to)| {
                let number =
                    |text: Option<&[u8]>| text.map_or("none".to_owned(), |text| numbered(id, text).unwrap());
                format!("{name}: {} → {}", number(from), number(to))
            });
            let steps: Vec<String> = steps.collect();
            lines.push(format!(
                "{:?} of {}: {:?} {}: {}",
                entry.id,
                entry.change,
                entry.state,
                steps.join(", "),
                entry.said
            ));
        }
        for ((name, of), number) in &self.there {
            if of == id {
                lines.push(format!("now {name}: {number}"));
            }
        }
        lines.join("\n")
    }
}

fn id_number(id: &str) -> i64 {
    i64::from_str_radix(&id[..8], 16).unwrap()
}

fn is_recovered(entry: &EntryRow) -> bool {
    entry.said.starts_with("Recovered:")
}

/// Whether it may have been done, or be taken back, although the journal does not say so: a conflict of a move
/// leaves its copy, and what a recovery found may have come after it.
fn is_uncertain(entry: &EntryRow) -> bool {
    match entry.state {
        State::Conflict => is_recovered(entry) || matches!(entry.operation, Operation::Move { .. }),
        State::NotDone => is_recovered(entry) && matches!(entry.operation, Operation::Move { .. }),
        State::RolledBack | State::Withdrawn => true,
        _ => false,
    }
}
