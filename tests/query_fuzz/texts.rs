//! Texts that are queries, nearly queries, and anything else; each made from one number.

use reqspec::query::fields::{FAMILIES, FIELDS};
use reqspec::query::reference_page::EXAMPLES;

/// Numbers that look random (splitmix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }

    pub fn of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

/// What breaks readers of texts.
const PIECES: &[&str] = &[
    "\"",
    "'",
    "\\",
    "\\\"",
    "(",
    ")",
    "((",
    "[",
    "]",
    "[^]",
    "{",
    "}",
    "{1000}",
    "*",
    "+",
    "?",
    "|",
    "||",
    ",",
    ", ",
    "$",
    "$.",
    "$[",
    "$.*",
    "[*]",
    "[0]",
    "[99999999999999999999]",
    ".",
    "..",
    "=",
    "==",
    "!=",
    "<>",
    "=>",
    "=<",
    "!",
    "!:",
    "!~",
    ":",
    "::",
    "~",
    "=~",
    "<",
    "<=",
    ">",
    ">=",
    " ",
    "  ",
    "\t",
    "\n",
    "\r",
    "\0",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{200b}",
    "é",
    "中",
    "😀",
    "\u{301}",
    "\u{feff}",
    "ß",
    "İ",
    "K",
    "and",
    "or",
    "not",
    "AND",
    " and ",
    " or ",
    " not ",
    "&&",
    "-",
    "--",
    "0",
    "-0",
    "1e999",
    "1e308",
    "170141183460469231731687303715884105728",
    "0.1",
    "8G",
    "30d",
    "99999y",
    "2026-05-01T10:30",
    "2026-13",
    "9999",
    "1.15",
    "3f0c9a1e-0000-4000-8000-00000000000a",
    "3f0c9a1e",
    "(?i)",
    "(a|b)*",
    "(a*)*b",
    "\\w{50}",
    "\\p{L}",
    "[[:alpha:]]",
    "(?P<x>",
    "hw:",
    "hw:cpu_policy",
    "my:key",
    "nova_object.version",
    "nova_object.",
    "\\u00e9",
    "\\ud800",
    "extra.",
    "hint.",
    "image.",
    "true",
];

/// A text of one of these kinds.
pub fn text(random: &mut Random) -> String {
    match random.below(8) {
        0 => {
            let bytes: Vec<u8> = (0..random.below(120)).map(|_| random.next().to_le_bytes()[0]).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        1 => odd(random),
        2 => {
            // Much of the same.
            let piece = format!("{}{}", random.of(PIECES), random.of(PIECES));
            let many = random.below(11_000) / piece.len();
            format!("{}{}{}", query(random, 1), piece.repeat(many), random.of(PIECES))
        }
        3 | 4 => query(random, 4),
        _ => mutated(random),
    }
}

/// Some pieces.
pub fn odd(random: &mut Random) -> String {
    (0..random.below(12)).map(|_| random.of(PIECES)).collect()
}

fn example(random: &mut Random) -> &'static str {
    let at = random.below(EXAMPLES.len() + FIELDS.len() + FAMILIES.len());
    match (EXAMPLES.get(at), at.checked_sub(EXAMPLES.len())) {
        (Some((query, _)), _) => query,
        (None, Some(at)) if at < FIELDS.len() => FIELDS[at].example,
        (None, at) => FAMILIES[at.unwrap_or(0) % FAMILIES.len()].example,
    }
}

fn mutated(random: &mut Random) -> String {
    let mut text = example(random).to_owned();
    for _ in 0..random.below(6) {
        let place = |text: &str, random: &mut Random| {
            let at = random.below(text.len() + 1);
            (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
        };
        let at = place(&text, random);
        match random.below(5) {
            0 => text.truncate(at),
            1 => text.insert_str(at, random.of(PIECES)),
            2 => {
                text.insert(at, ' ');
                text.insert_str(at, example(random));
            }
            3 => text = text[at..].to_owned(),
            _ => {
                let end = place(&text, random).max(at);
                text.replace_range(at..end, random.of(PIECES));
            }
        }
    }
    text
}

/// A query of the grammar, though perhaps with values that are none of its fields.
fn query(random: &mut Random, depth: usize) -> String {
    match if depth == 0 { 3 + random.below(3) } else { random.below(6) } {
        0 => format!("({})", query(random, depth - 1)),
        1 => format!("not {}", query(random, depth - 1)),
        2 => {
            let between = random.of(&[" ", " and ", " or ", "  "]);
            format!("{}{between}{}", query(random, depth - 1), query(random, depth - 1))
        }
        3 => example(random).to_owned(),
        _ => {
            let operator = random.of(&["=", "!=", ":", "!:", "~", "!~", "<", "<=", ">", ">=", " = ", ""]);
            let value = if operator.is_empty() { "" } else { random.of(PIECES) };
            format!("{}{operator}{value}", name(random))
        }
    }
}

fn name(random: &mut Random) -> String {
    match random.below(4) {
        0 => format!("{}.{}", FAMILIES[random.below(FAMILIES.len())].name, random.of(PIECES)),
        1 => {
            let steps = (0..random.below(5))
                .map(|_| random.of(&[".a", ".*", "[0]", "[*]", ".\"b c\"", "['d']", ".hw:x"]));
            format!("${}", steps.collect::<String>())
        }
        _ => FIELDS[random.below(FIELDS.len())].name.to_owned(),
    }
}
