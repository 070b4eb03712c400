use super::*;

struct Seen;

impl SeenValues for Seen {
    fn values(&self, field: &Field) -> Vec<(String, Option<u64>)> {
        match &*field.name {
            "az" => {
                vec![("az1".to_owned(), Some(40)), ("az2".to_owned(), Some(1)), ("my zone".to_owned(), None)]
            }
            "extra.hw:cpu_policy" => vec![("dedicated".to_owned(), Some(3))],
            _ => Vec::new(),
        }
    }

    fn keys(&self, family: &str) -> Vec<String> {
        match family {
            "extra" => ["hw:cpu_policy", "hw:mem_page_size", "my:key", "odd key"].map(str::to_owned).to_vec(),
            "hint" => vec!["group".to_owned()],
            _ => Vec::new(),
        }
    }
}

/// The text with `|` where the cursor is gives these candidates first, and this text once the first
/// is taken.
#[rstest::rstest]
#[case("|", &["uuid", "db"], "uuid")]
#[case("a|", &["az", "and"], "az")]
#[case("vcp|", &["vcpus"], "vcpus")]
#[case("zon|", &["az"], "az")]
#[case("vcpus|", &["vcpus>=", "vcpus<=", "vcpus>", "vcpus<", "vcpus=", "vcpus!="], "vcpus>=")]
#[case("az|", &["az=", "az!=", "az:", "az~"], "az=")]
#[case("BFV|", &["BFV=", "BFV!="], "BFV=")]
#[case("updated|", &["updated>", "updated<"], "updated>")]
#[case("not fo|", &["forced"], "not forced")]
#[case("az=az1 |", &["uuid"], "az=az1 uuid")]
#[case("az=az1 o|", &["os", "or"], "az=az1 os")]
#[case("az=|", &["az1", "az2", "\"my zone\""], "az=az1")]
#[case("az = |", &["az1"], "az = az1")]
#[case("az=az1,|", &["az1", "az2"], "az=az1,az1")]
#[case("az=2|", &["az2"], "az=az2")]
#[case("az=A|1 x", &["az1", "az2"], "az=az1 x")]
#[case("az=\"my|", &["\"my zone\""], "az=\"my zone\"")]
#[case("az=\"my|\" x", &["\"my zone\""], "az=\"my zone\" x")]
#[case("(az=m|)", &["\"my zone\""], "(az=\"my zone\")")]
#[case("az~|", &[], "az~")]
#[case("bfv=|", &["yes", "no"], "bfv=yes")]
#[case("twin=d|", &["different"], "twin=different")]
#[case("updated>|", &["1h", "1d"], "updated>1h")]
#[case("demands=|", &["G", "H"], "demands=G")]
#[case("ext|", &["extra."], "extra.")]
#[case("extra.|", &["extra.hw:cpu_policy", "extra.hw:mem_page_size", "extra.my:key", "extra.\"odd key\""], "extra.hw:cpu_policy")]
#[case("extra.hw:m|", &["extra.hw:mem_page_size"], "extra.hw:mem_page_size")]
#[case("extra_specs.page|", &["extra_specs.hw:mem_page_size"], "extra_specs.hw:mem_page_size")]
#[case("extra.my:k|", &["extra.my:key"], "extra.my:key")]
#[case("extra.hw:cpu_policy|", &["extra.hw:cpu_policy>=", "extra.hw:cpu_policy<="], "extra.hw:cpu_policy>=")]
#[case("extra.hw:cpu_policy=|", &["dedicated"], "extra.hw:cpu_policy=dedicated")]
#[case("cpu_pol|", &["extra.hw:cpu_policy"], "extra.hw:cpu_policy")]
#[case("hint.g|rou=1", &["hint.group"], "hint.group=1")]
#[case("$.fla|", &[], "$.fla")]
#[case("an|d x", &["and"], "and x")]
fn what_may_stand_there(#[case] text: &str, #[case] expected: &[&str], #[case] taken: &str) {
    let cursor = text.find('|').expect("a cursor");
    let text = text.replacen('|', "", 1);
    let completion = complete(&text, cursor, &Seen);
    let found: Vec<&str> = completion.candidates.iter().map(|candidate| &*candidate.text).collect();
    assert_eq!(found.get(..expected.len()), Some(expected), "{found:?}");
    assert_eq!(found.is_empty(), expected.is_empty(), "{found:?}");
    let first = found.first().copied().unwrap_or(&text[completion.replace.clone()]);
    let after = format!("{}{first}{}", &text[..completion.replace.start], &text[completion.replace.end..]);
    assert_eq!(after, taken);
}

#[test]
fn any_cursor_is_taken() {
    let text = "é=\"中 (az~[ or";
    for cursor in 0..text.len() + 3 {
        let replace = complete(text, cursor, &Seen).replace;
        assert!(text.get(replace).is_some(), "{cursor}");
    }
}

#[test]
fn rows_are_told_where_all_were_counted() {
    let told = complete("az=", 3, &Seen).candidates;
    let told: Vec<&str> = told.iter().map(|candidate| &*candidate.help).collect();
    assert_eq!(told, ["in 40 rows", "in 1 row", "seen"]);
}
