//! One pass over a stored text that notes where the wanted values stand. It reads what
//! [`super::tolerant`] reads, without building anything: grammar checked, envelopes looked through,
//! of duplicate keys the last, up to the place where the text stops being JSON.
//!
//! An object is taken at its word at first: one that begins with a `nova_object.name` is an envelope,
//! any other is plain. Where that turns out wrong, it is read again, looking ahead first, and so are
//! all objects after it: hostile texts cost a pass for each step of the longest path, not more.
//!
//! Imports its siblings and `spec` (tokens); no I/O.

use std::borrow::Cow;

use memchr::memchr;

use super::branch::Branch;
use crate::spec::document::{DATA_KEY, Kind, MAX_DEPTH, Malformed, NAME_KEY};
use crate::spec::scan::{self, Scanner};

/// Where a wanted value stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// For which path; [`REPLACED`] for one that a duplicate key has replaced.
    pub slot: usize,
    /// Its first byte.
    pub start: usize,
    /// Behind its last byte.
    pub end: usize,
    /// Containers around it.
    pub depth: usize,
    /// What it is.
    pub kind: Kind,
}

/// The slot of what does not count.
pub(super) const REPLACED: usize = usize::MAX;

/// Why a walk stopped early.
enum Stop {
    /// The text stops being JSON there.
    Cut(usize),
    /// The object is not of the form that it began with.
    Mistaken,
}

impl From<Malformed> for Stop {
    fn from(error: Malformed) -> Self {
        Stop::Cut(error.offset)
    }
}

type Walk = Result<(), Stop>;

/// How the logical members of an object are found.
#[derive(Clone, Copy)]
enum Form {
    Plain,
    /// In the object that begins there.
    Enveloped(usize),
}

/// The part of a text that is UTF-8.
pub(super) fn readable(spec: &[u8]) -> &[u8] {
    match std::str::from_utf8(spec) {
        Ok(_) => spec,
        Err(error) => &spec[..error.valid_up_to()],
    }
}

/// Notes in `found` where the values of `root` stand in a text ([`readable`]).
pub(super) fn document(text: &[u8], root: &Branch, found: &mut Vec<Found>) {
    let mut walker = Walker::new(text, memchr(b'\\', text).is_some(), found);
    walker.scanner.skip_space();
    // Where a text is cut, what stands before it counts all the same.
    let _ = walker.value(root);
}

/// The same for a value that was found in that text.
pub(super) fn value_in(text: &[u8], value: &Found, branch: &Branch, found: &mut Vec<Found>) {
    let mut walker = Walker::new(&text[value.start..], true, found);
    walker.depth = value.depth;
    let _ = walker.value(branch);
}

/// The same for a value that stands somewhere in a text without a backslash, of which the rest is given,
/// in so many containers at most. Whether it is whole: readable to its end, and nowhere too deep.
pub(super) fn value_at(rest: &[u8], depth: usize, branch: &Branch, found: &mut Vec<Found>) -> bool {
    let mut walker = Walker::new(rest, false, found);
    walker.depth = depth;
    let whole = walker.value(branch).is_ok();
    let end = walker.scanner.offset();
    whole && std::str::from_utf8(&rest[..end]).is_ok()
}

struct Walker<'t, 'f> {
    text: &'t [u8],
    scanner: Scanner<'t>,
    /// Containers that are open.
    depth: usize,
    /// Whether keys may have escapes.
    escapes: bool,
    /// Whether objects are looked through before they are read.
    careful: bool,
    found: &'f mut Vec<Found>,
}

impl<'t, 'f> Walker<'t, 'f> {
    fn new(text: &'t [u8], escapes: bool, found: &'f mut Vec<Found>) -> Self {
        Self { text, scanner: Scanner::new(text), depth: 0, escapes, careful: false, found }
    }

    fn value(&mut self, branch: &Branch) -> Walk {
        let start = self.scanner.offset();
        let kind = self.scanner.value_kind()?;
        let first = self.found.len();
        let note = |slot: &usize| Found { slot: *slot, start, end: start, depth: self.depth, kind };
        let walk = match kind {
            Kind::Array | Kind::Object => {
                if self.depth >= MAX_DEPTH {
                    return Err(Stop::Cut(start));
                }
                self.found.extend(branch.slots.iter().map(note));
                match kind {
                    Kind::Object if branch.wants_members() => self.object(branch),
                    Kind::Array if branch.wants_elements() => self.elements(branch),
                    _ => self.skip(),
                }
            }
            _ => {
                self.scanner.skip_scalar(kind)?;
                let end = self.scanner.offset();
                // A number that the end of the text may have cut is not there.
                if kind == Kind::Number && self.depth > 0 && end == self.text.len() {
                    return Err(Stop::Cut(end));
                }
                self.found.extend(branch.slots.iter().map(note));
                Ok(())
            }
        };
        let end = match walk {
            Err(Stop::Cut(at)) => at,
            _ => self.scanner.offset(),
        };
        self.found[first..first + branch.slots.len()].iter_mut().for_each(|found| found.end = end);
        walk
    }

    fn skip(&mut self) -> Walk {
        self.scanner.skip_value(self.depth)?;
        Ok(())
    }

    /// Past a value by `walk`; whether it is there. A container that is cut is, as far as it goes;
    /// what else is cut is not.
    fn passed(&mut self, walk: impl FnOnce(&mut Self) -> Walk) -> (bool, Walk) {
        let Ok(kind) = self.scanner.value_kind() else { return (false, walk(self)) };
        let (depth, container) = (self.depth, matches!(kind, Kind::Array | Kind::Object));
        let walk = walk(self);
        if container {
            return (depth < MAX_DEPTH, walk);
        }
        let cut = kind == Kind::Number && depth > 0 && self.scanner.offset() == self.text.len();
        (walk.is_ok() && !cut, walk)
    }

    /// The value under the cursor, for each of the branches.
    fn for_all<'b>(&mut self, mut branches: impl Iterator<Item = &'b Branch>) -> Walk {
        let Some(first) = branches.next() else { return self.skip() };
        let mut second = branches.next();
        if second.is_none() {
            return self.value(first);
        }
        let (start, depth) = (self.scanner.clone(), self.depth);
        let mut walk = self.value(first);
        while let Some(branch) = second {
            self.scanner = start.clone();
            self.depth = depth;
            walk = self.value(branch);
            second = branches.next();
        }
        walk
    }

    fn elements(&mut self, branch: &Branch) -> Walk {
        self.open();
        if self.scanner.peek() == Some(b']') {
            self.scanner.bump();
        } else {
            let mut index = 0;
            loop {
                let here = branch.indices.iter().filter(|(at, _)| *at == index).map(|(_, branch)| branch);
                self.for_all(here.chain(branch.every.as_deref()))?;
                index += 1;
                if !self.scanner.another(b']')? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn open(&mut self) {
        self.depth += 1;
        self.scanner.bump();
        self.scanner.skip_space();
    }

    /// Each member of the object under the cursor: `take` is given the key and moves past the value.
    fn members(&mut self, mut take: impl FnMut(&mut Self, (usize, usize)) -> Walk) -> Walk {
        self.open();
        if self.scanner.peek() == Some(b'}') {
            self.scanner.bump();
        } else {
            loop {
                let key = self.scanner.skip_key()?;
                take(self, key)?;
                if !self.scanner.another(b'}')? {
                    break;
                }
            }
        }
        self.depth -= 1;
        Ok(())
    }

    /// A key, decoded.
    fn key(&self, (start, end): (usize, usize)) -> Cow<'t, [u8]> {
        let inner = &self.text[start + 1..end - 1];
        if self.escapes && memchr(b'\\', inner).is_some() {
            let token = std::str::from_utf8(&self.text[start..end]).unwrap_or_default();
            return Cow::Owned(scan::decode_string(token).into_owned().into_bytes());
        }
        Cow::Borrowed(inner)
    }

    fn object(&mut self, branch: &Branch) -> Walk {
        let (start, depth, mark) = (self.scanner.clone(), self.depth, self.found.len());
        if !self.careful && branch.every.is_none() {
            match self.as_it_begins(branch) {
                Err(Stop::Mistaken) => {
                    self.careful = true;
                    self.found.truncate(mark);
                    self.scanner = start.clone();
                    self.depth = depth;
                }
                walk => return walk,
            }
        }
        let form = self.form();
        self.scanner = start;
        self.depth = depth;
        match form {
            Form::Plain => self.logical(branch, true),
            Form::Enveloped(data) => {
                let mut taken = Taken::default();
                self.members(|walker, key| {
                    let is_data = walker.scanner.offset() == data;
                    let own = find(&branch.own, &walker.key(key));
                    match (is_data, own) {
                        (true, None) => walker.logical(branch, false),
                        (true, Some(at)) => walker.twice(
                            |walker| walker.logical(branch, false),
                            |walker| walker.take(&branch.own, at, &mut taken),
                        ),
                        (false, Some(at)) => walker.take(&branch.own, at, &mut taken),
                        (false, None) => walker.skip(),
                    }
                })
            }
        }
    }

    /// An object that is what its first member says.
    fn as_it_begins(&mut self, branch: &Branch) -> Walk {
        let (mut begun, mut enveloped, mut has_data) = (false, false, false);
        let mut taken = Taken::default();
        let mut taken_own = Taken::default();
        let walk = self.members(|walker, key| {
            let key = walker.key(key);
            if key.starts_with(b"nova_object.") {
                let kind = walker.scanner.value_kind()?;
                if *key == *NAME_KEY.as_bytes() {
                    if begun || kind != Kind::String {
                        return Err(Stop::Mistaken);
                    }
                    enveloped = true;
                } else if *key == *DATA_KEY.as_bytes() {
                    let deep = walker.depth >= MAX_DEPTH;
                    if !enveloped || has_data || kind != Kind::Object || deep {
                        return Err(Stop::Mistaken);
                    }
                    has_data = true;
                    if find(&branch.own, &key).is_none() {
                        return walker.logical(branch, false);
                    }
                    // Wanted both as it is and as an envelope's data: the careful way does that.
                    return Err(Stop::Mistaken);
                }
                begun = true;
                return match find(&branch.own, &key) {
                    Some(at) => walker.take(&branch.own, at, &mut taken_own),
                    None => walker.skip(),
                };
            }
            begun = true;
            match find(&branch.keys, &key).filter(|_| !enveloped) {
                Some(at) => walker.take(&branch.keys, at, &mut taken),
                None => walker.skip(),
            }
        });
        if enveloped && !has_data { Err(Stop::Mistaken) } else { walk }
    }

    /// What an object is, by all of its members.
    fn form(&mut self) -> Form {
        let (mut named, mut data) = (false, None);
        let _ = self.members(|walker, key| {
            let key = walker.key(key);
            let (is_name, is_data) = (*key == *NAME_KEY.as_bytes(), *key == *DATA_KEY.as_bytes());
            if !is_name && !is_data {
                return walker.skip();
            }
            let (start, kind) = (walker.scanner.offset(), walker.scanner.value_kind()?);
            let (there, walk) = walker.passed(Self::skip);
            if there {
                if is_name {
                    named = kind == Kind::String;
                } else {
                    data = (kind == Kind::Object).then_some(start);
                }
            }
            walk
        });
        data.filter(|_| named).map_or(Form::Plain, Form::Enveloped)
    }

    /// The logical members of the object under the cursor, which is plain or an envelope's data; in a
    /// plain one those of the envelope stand as well.
    fn logical(&mut self, branch: &Branch, own: bool) -> Walk {
        if self.depth >= MAX_DEPTH {
            return Err(Stop::Cut(self.scanner.offset()));
        }
        match &branch.every {
            None => self.keyed(branch, own),
            Some(every) if branch.keys.is_empty() && (!own || branch.own.is_empty()) => self.every(every),
            Some(every) => self.twice(|walker| walker.keyed(branch, own), |walker| walker.every(every)),
        }
    }

    fn keyed(&mut self, branch: &Branch, own: bool) -> Walk {
        let mut taken = Taken::default();
        let mut taken_own = Taken::default();
        self.members(|walker, key| {
            let key = walker.key(key);
            if let Some(at) = find(&branch.keys, &key) {
                return walker.take(&branch.keys, at, &mut taken);
            }
            match find(&branch.own, &key).filter(|_| own) {
                Some(at) => walker.take(&branch.own, at, &mut taken_own),
                None => walker.skip(),
            }
        })
    }

    fn every(&mut self, branch: &Branch) -> Walk {
        let mut members: Vec<((usize, usize), (usize, usize))> = Vec::new();
        let walk = self.members(|walker, key| {
            let from = walker.found.len();
            let (there, walk) = walker.passed(|walker| walker.value(branch));
            if there {
                members.push((key, (from, walker.found.len())));
            }
            walk
        });
        // Of duplicate keys the last counts.
        let mut keyed: Vec<_> = members.iter().map(|(key, range)| (self.key(*key), *range)).collect();
        keyed.sort();
        for pair in keyed.windows(2) {
            if let [(key, (from, to)), (next, _)] = pair
                && key == next
            {
                self.found[*from..*to].iter_mut().for_each(|found| found.slot = REPLACED);
            }
        }
        walk
    }

    fn twice(&mut self, one: impl FnOnce(&mut Self) -> Walk, other: impl FnOnce(&mut Self) -> Walk) -> Walk {
        let (start, depth) = (self.scanner.clone(), self.depth);
        let _ = one(self);
        self.scanner = start;
        self.depth = depth;
        other(self)
    }

    /// A member that is wanted; it replaces an earlier one of the same key.
    fn take(&mut self, branches: &[(Box<[u8]>, Branch)], at: usize, taken: &mut Taken) -> Walk {
        let from = self.found.len();
        let (there, walk) = self.passed(|walker| walker.value(&branches[at].1));
        if there {
            taken.replace(at, (from, self.found.len()), self.found);
        }
        walk
    }
}

fn find(branches: &[(Box<[u8]>, Branch)], key: &[u8]) -> Option<usize> {
    branches.iter().position(|(known, _)| **known == *key)
}

/// What was found of which member of one object.
#[derive(Default)]
struct Taken(Vec<(usize, (usize, usize))>);

impl Taken {
    fn replace(&mut self, branch: usize, range: (usize, usize), found: &mut [Found]) {
        match self.0.iter_mut().find(|(known, _)| *known == branch) {
            Some((_, old)) => {
                found[old.0..old.1].iter_mut().for_each(|found| found.slot = REPLACED);
                *old = range;
            }
            None => self.0.push((branch, range)),
        }
    }
}
