//! docs/query.md: the language's reference, its tables made from [`super::fields`].
//!
//! Imports its siblings and `spec`; no I/O.

use std::fmt::Write as _;

use super::fields::{FAMILIES, FIELDS, Kind, Unit};
use crate::spec::summary::DEMANDS;

/// Queries with what they find.
pub const EXAMPLES: &[(&str, &str)] = &[
    (
        "az=az1 (extra.hw:cpu_policy=dedicated or group)",
        "pinned to az1, and with dedicated CPUs or in a server group",
    ),
    ("flavor~^m1 vcpus>=8", "of the flavors whose names begin with m1, with 8 CPUs or more"),
    ("az=az1,az2 not forced", "in one of two zones, and not forced to a host"),
    ("updated>30d", "not written for more than 30 days"),
    ("created>=2026-05 created<2026-07", "written first in May or June 2026"),
    ("(project=p1 or project=p2) ram>16G", "large ones of two projects; the same as `project=p1,p2 ram>16G`"),
    ("extra.hw:cpu_policy:ded", "whose CPU policy contains \"ded\""),
    ("extra.\"my:key\"", "with an extra spec `my:key`, whatever it says"),
    ("hint:ram_mb", "with \"ram_mb\" somewhere in a scheduler hint"),
    ("$.flavor.extra_specs.\"hw:cpu_policy\"=dedicated", "the same as with `extra.`, by its path"),
    ("$.force_hosts[0]=cmp-az1-02", "whose first forced host is cmp-az1-02"),
    ("$.numa_topology.cells[*].memory>=4096", "with a NUMA node of 4,096 MiB or more"),
    ("az!=az1", "in any other zone, or in none"),
    ("az az!=az1", "in any other zone"),
    ("3f0c9a1e", "with that in the instance's uuid or anywhere in the stored text"),
    ("\"anti-affinity\" 'two words'", "with both texts in the stored text"),
    ("instance.host=cmp-az1-03 instance.state=error", "whose instance is on cmp-az1-03 and in error"),
    ("db=api mapped=cell1", "in the API database, though the instance has a cell"),
    ("twin=different", "whose copy on the other side holds other bytes"),
    ("broken", "that cannot be read, or that nova cannot load"),
    ("version<1.12 or era<=17", "of old releases"),
];

const OPERATORS: &[(&str, &str, &str)] = &[
    ("(none)", "`forced`", "There is something: not null, false, 0, and no empty text, list or object."),
    (
        "`=`",
        "`az=az1,az2`",
        "It is one of these. Texts are compared exactly. `|` may stand for the comma, `==` for `=`.",
    ),
    ("`!=`", "`az!=az1`", "The opposite of `=`: true where the field is missing, too. Also `<>`."),
    ("`:`", "`image:ubuntu`", "It contains one of these, upper and lower case alike."),
    ("`!:`", "`image!:ubuntu`", "The opposite of `:`."),
    (
        "`~`",
        "`flavor~^m1\\.(small\\|large)$`",
        "It matches the regular expression somewhere; `(?i)` at its beginning leaves letter case aside. Also `=~`.",
    ),
    ("`!~`", "`flavor!~^m1`", "The opposite of `~`."),
    (
        "`<` `<=` `>` `>=`",
        "`vcpus>=8`",
        "Numbers, sizes, dates, versions; a value that is none of these is neither less nor more.",
    ),
];

/// The page.
pub fn documentation() -> String {
    let mut page = String::from(INTRODUCTION);
    page.push_str("\n## Examples\n\n| query | finds specs |\n|---|---|\n");
    for (query, meaning) in EXAMPLES {
        row(&mut page, &[&format!("`{query}`"), meaning]);
    }
    page.push_str(GRAMMAR);
    page.push_str("\n| operator | for example | true of a value when |\n|---|---|---|\n");
    for (operator, example, meaning) in OPERATORS {
        let _ = writeln!(page, "| {operator} | {example} | {meaning} |");
    }
    page.push_str(VALUES);
    page.push_str(
        "\n## Fields\n\n| field | other names | values | what it is | for example |\n|---|---|---|---|---|\n",
    );
    for field in FIELDS {
        let aliases = names(field.aliases);
        let example = format!("`{}`", field.example);
        row(&mut page, &[&format!("`{}`", field.name), &aliases, kind(field.kind), field.help, &example]);
    }
    page.push_str(FAMILY);
    page.push_str("\n| family | other names | what it is | for example |\n|---|---|---|---|\n");
    for family in FAMILIES {
        let (name, example) = (format!("`{}.KEY`", family.name), format!("`{}`", family.example));
        row(&mut page, &[&name, &names(family.aliases), family.help, &example]);
    }
    page.push_str("\nThe letters of `demands`:\n\n| letter | the spec demands |\n|---|---|\n");
    for (letter, meaning) in DEMANDS {
        row(&mut page, &[&format!("`{letter}`"), meaning]);
    }
    page.push_str(REST);
    page
}

/// A row of a table: a `|` in a cell would end it.
fn row(page: &mut String, cells: &[&str]) {
    for cell in cells {
        let _ = write!(page, "| {} ", cell.replace('|', "\\|"));
    }
    page.push_str("|\n");
}

fn names(aliases: &[&str]) -> String {
    aliases.iter().map(|alias| format!("`{alias}`")).collect::<Vec<_>>().join(" ")
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Number => "number",
        Kind::Size(Unit::Bytes) => "size (bytes)",
        Kind::Size(Unit::Mebibytes) => "size (MiB)",
        Kind::Size(Unit::Gibibytes) => "size (GiB)",
        Kind::Time => "date",
        Kind::Flag => "yes or no",
        Kind::Version => "version",
        Kind::Uuid => "uuid",
        Kind::Any => "any",
    }
}

const INTRODUCTION: &str = "\
# Queries

Generated from `src/query/fields.rs` and `src/query/reference_page.rs` by `UPDATE_DOCS=1 cargo test --lib reference_page`.

One language for `/` and `:where` of the terminal UI and for `reqspec list --where`. Its verdicts are the same on SQLite, MySQL and PostgreSQL.
";

const GRAMMAR: &str = "
## How a query is written

Tests beside each other must all be true (`and` may be written between them); `or` binds less, `not` (or `!`) more, parentheses group. A test is a
field, an operator and a value; a field alone asks whether there is something. Spaces may stand around an operator on both sides, or on none,
and around the commas of a list.

Any other word is looked for in the whole stored text, as it is and decoded, and in the instance's uuid, upper and lower case alike. A word that is a field's name
asks for the field; in quotes it is a word: `\"image\"`. A beginning of a uuid, alone, leads to the instance at once.

Double or single quotes stand around words and values with spaces, commas, `|` or parentheses in them. Within, a backslash stands for itself, unless
before a quote or another backslash. A regular expression needs quotes only for spaces; the parentheses that it opens are its own.

A query has at most 10,000 bytes, 64 parentheses and `not`s within each other, and 16 regular expressions; these take time that grows with the text alone.
";

const VALUES: &str = "
A field with several values (forced hosts, hints) fulfils a test if one of its values does.

| values | how they are written |
|---|---|
| text | as it is: `az1`, `\"my zone\"`, the empty text `\"\"` |
| number | `8`, `1.5`, `1e3`; no unit |
| size | with K, M, G, T or P (of 1,024) and perhaps B or iB behind: `512M`, `8G`, `1.5TiB`; without one the number counts the field's own unit |
| date | UTC, whole or its beginning: `2026`, `2026-05`, `2026-05-01`, `2026-05-01T10:30`; or an age: `45s`, `10m`, `12h`, `30d`, `2w`, `6mo`, `1y`. `updated>30d`: longer ago than 30 days. `=` with `2026-05`: in that month |
| yes or no | `yes` `no` `true` `false` `1` `0` |
| version | numbers with dots: `1.9` is less than `1.15` |
| uuid | whole, or a beginning of 8 characters or more, with its dashes or without |
| any | whatever is stored: compared as numbers where both sides are numbers, else as texts; with `<` and its kin also sizes in bytes: `8G` |
";

const FAMILY: &str = "
Fields that begin with `instance.`, and `mapped`, `queued_for_delete` and `twin`, are asked of nova's other tables, of those rows alone that the rest
of the query leaves. Where such a table cannot be asked, rows that depend on it are no hits, and how many they are is said.

A family and a key make a field; the family alone, or with `*` for the key, stands for all its keys. (`image` alone is the image's name, `image.*` all its
properties.)
";

const REST: &str = "
Keys of extra specs have colons, and a colon also asks for a part of a value. Where another operator follows, all before it is the key:
`extra.my:key=1`. Otherwise the first colon ends the key, or the second one where the first follows one of nova's scopes (`hw`, `os`, `quota`,
`pci_passthrough`, `capabilities`, `aggregate_instance_extra_specs`, `trait…`, `resources…` and the like): `extra.hw:cpu_policy:ded`. Quotes settle it:
`extra.\"my:key\":text`. Keys with spaces, commas, quotes, parentheses or operators in them stand in double quotes, written as JSON writes them.

## Paths

`$` is the stored document, `.KEY` a member, `[0]` an element, `[*]` every element and `.*` every member. Keys that are no plain words stand in quotes, as
JSON writes them. The envelopes that nova puts around its objects are passed through; `nova_object.name`, `nova_object.version` and the like are members
of the envelope itself. Of a key that is there twice the last counts. Of a text that is cut or damaged, what is whole before the damage counts, and
words are looked for in all of it; `broken` finds such rows.

## Orders, columns, groups

Every field can be a column, an order and a group: `reqspec list --columns az,flavor,extra.hw:cpu_policy --sort -vcpus`, `--count-by az,flavor`. `-vcpus` or
`vcpus:desc` begins with the greatest, `vcpus` or `vcpus:asc` with the least; of `updated` and `created` the last one comes first unless `:asc` is
said. Rows without a value come last either way, rows with equal ones by their id.

## Saved queries

The profile file (`~/.config/reqspec/config.toml`) keeps queries under names, and the terminal UI writes them there:

```toml
[queries]
pinned = \"az=az1 extra.hw:cpu_policy=dedicated\"
```

## Random input

`cargo test --test query_fuzz` gives the language random, mutated and generated texts for some seconds; `REQSPEC_FUZZ_SECONDS=600` does it for longer. A
text that fails is printed with its seed; `REQSPEC_FUZZ_SEED=N` begins there.
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::parse;

    #[test]
    fn the_page_of_queries_is_not_stale() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/query.md");
        let page = documentation();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, &page).expect("written");
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(kept, page, "UPDATE_DOCS=1 cargo test --lib reference_page writes it anew");
    }

    /// Everything in the first column of the examples and in the columns of operators and fields.
    #[test]
    fn what_the_page_shows_can_be_asked() {
        let page = documentation();
        let shown = page.lines().filter(|line| line.starts_with("| ")).flat_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let last = if cells.len() >= 4 { cells.last().copied() } else { None };
            let operator = if cells.len() == 3 { cells.get(1).copied() } else { None };
            [cells.first().copied().filter(|_| cells.len() == 2), last, operator]
        });
        let queries: Vec<String> = shown
            .flatten()
            .filter_map(|cell| {
                cell.strip_prefix('`')?.strip_suffix('`').map(|query| query.replace("\\|", "|"))
            })
            .collect();
        assert!(queries.len() > EXAMPLES.len() + FIELDS.len(), "{}", queries.len());
        for query in queries {
            assert!(parse(&query).is_ok(), "{query}: {:?}", parse(&query));
        }
    }

    #[test]
    fn what_is_said_to_be_the_same_is() {
        let path = "$.flavor.extra_specs.\"hw:cpu_policy\"=dedicated";
        let tests = ["extra.hw:cpu_policy=dedicated", "extra.\"hw:cpu_policy\"=dedicated", path];
        let [short, quoted, _] = tests.map(|query| parse(query).expect(query).expression);
        assert_eq!(short, quoted);
    }
}
