//! Movement, folding and what rows say.

use rstest::rstest;

use super::*;

const TEXT: &str = r#"{"nova_object.name": "RequestSpec", "nova_object.namespace": "nova", "nova_object.version": "1.15", "nova_object.data": {"a": [1, "x"], "flavor": {"nova_object.name": "Flavor", "nova_object.namespace": "nova", "nova_object.version": "1.2", "nova_object.data": {"extra_specs": {"hw:cpu_policy": "dedicated"}}}, "z": null}}"#;

fn tree() -> JsonTree {
    JsonTree::new(Document::parse_str(TEXT).unwrap())
}

fn shown(tree: &JsonTree) -> Vec<String> {
    let cursor = |line: &DetailLine| if line.cursor { ">" } else { " " };
    tree.lines(0, 100, 100).iter().map(|line| format!("{}{}", cursor(line), line.text())).collect()
}

/// One letter for each movement: j k down and up, l h unfold and fold, t toggle, A Z open and fold
/// all, v envelopes.
fn press(tree: &mut JsonTree, keys: &str) {
    for key in keys.chars() {
        match key {
            'j' => tree.move_by(1),
            'k' => tree.move_by(-1),
            'G' => tree.move_by(i32::MAX),
            'g' => tree.move_by(i32::MIN),
            'l' => tree.unfold(),
            'h' => tree.fold(),
            't' => tree.toggle(),
            'A' => tree.unfold_all(),
            'Z' => tree.fold_all(),
            'v' => tree.toggle_envelopes(),
            other => panic!("{other}"),
        }
    }
}

#[rstest]
#[case("", 4, "", "$")]
#[case("j", 4, "a", r#"$."nova_object.data".a"#)]
#[case("jl", 6, "a", r#"$."nova_object.data".a"#)]
#[case("jll", 6, "a[0]", r#"$."nova_object.data".a[0]"#)]
#[case("jllh", 6, "a", r#"$."nova_object.data".a"#)]
#[case("jllhh", 4, "a", r#"$."nova_object.data".a"#)]
#[case(
    "jjlllll",
    6,
    "flavor.extra_specs[hw:cpu_policy]",
    r#"$."nova_object.data".flavor."nova_object.data".extra_specs."hw:cpu_policy""#
)]
#[case("G", 4, "z", r#"$."nova_object.data".z"#)]
#[case("Gl", 4, "z", r#"$."nova_object.data".z"#)]
#[case("Gjjj", 4, "z", r#"$."nova_object.data".z"#)]
#[case("kkk", 4, "", "$")]
#[case("jA", 8, "a", r#"$."nova_object.data".a"#)]
#[case("AG", 8, "z", r#"$."nova_object.data".z"#)]
#[case("AGkkZ", 4, "flavor", r#"$."nova_object.data".flavor"#)]
#[case("gh", 1, "", "$")]
#[case("ght", 4, "", "$")]
#[case("v", 5, "", "$")]
#[case("vj", 5, "", r#"$."nova_object.name""#)]
#[case("jjlkt", 7, "a", r#"$."nova_object.data".a"#)]
fn moves_and_folds(#[case] keys: &str, #[case] rows: usize, #[case] path: &str, #[case] json_path: &str) {
    let mut tree = tree();
    press(&mut tree, keys);
    assert_eq!(tree.len(), rows, "{:#?}", shown(&tree));
    assert_eq!(tree.path().to_string(), path);
    assert_eq!(tree.json_path(), json_path);
}

#[test]
fn rows_show_objects_by_name_and_values_as_stored() {
    let mut tree = tree();
    press(&mut tree, "A");
    assert_eq!(
        shown(&tree),
        [
            ">▾ RequestSpec 1.15 ",
            "   ▾ a: ",
            "       0: 1",
            "       1: \"x\"",
            "   ▾ flavor: Flavor 1.2 ",
            "     ▾ extra_specs: ",
            "         hw:cpu_policy: \"dedicated\"",
            "     z: null",
        ]
    );
}

#[test]
fn an_envelope_that_holds_more_is_shown() {
    let text = r#"{"nova_object.name": "X", "nova_object.namespace": "nova", "nova_object.version": "1.0", "nova_object.data": {}, "extra": 1}"#;
    let tree = JsonTree::new(Document::parse_str(text).unwrap());
    assert_eq!(tree.len(), 6);
}

#[test]
fn values_are_copied_as_characters_or_tokens() {
    let mut tree = tree();
    press(&mut tree, "Gk");
    assert!(tree.value().starts_with("{\"nova_object.name\": \"Flavor\""));
    press(&mut tree, "llll");
    assert_eq!(tree.value(), "dedicated");
    press(&mut tree, "G");
    assert_eq!(tree.value(), "null");
}

#[test]
fn sixteen_megabytes_open_at_once() {
    let element = r#"{"key": "value", "number": 12345678901234567890, "list": [1, 2, 3]}, "#;
    let count = 16_000_000 / element.len();
    let text = format!(r#"{{"big": [{}0], "text": "{}"}}"#, element.repeat(count), "y".repeat(200_000));
    let mut tree = JsonTree::new(Document::parse_str(&text).unwrap());
    assert_eq!(tree.len(), 3);
    assert!(tree.lines(0, 200, 50).iter().all(|line| line.width() <= 200));
    press(&mut tree, "jl");
    assert_eq!(tree.len(), count + 4);
    press(&mut tree, "G");
    assert_eq!(tree.lines(tree.len() - 1, 80, 50).len(), 1);
    press(&mut tree, "A");
    assert!(tree.len() <= MOST_ROWS + 10, "{}", tree.len());
}

#[test]
fn nothing_reaches_the_screen_raw() {
    let text = "{\"a\u{202e}\": \"\u{9b}2J\\u001b[31m\", \"\u{7f}\": []}";
    let mut tree = JsonTree::new(Document::parse_str(text).unwrap());
    press(&mut tree, "A");
    let all = shown(&tree).concat();
    assert!(!all.chars().any(crate::spec::text::is_unsafe), "{all:?}");
}

#[test]
fn passwords_of_urls_are_hidden_open_and_folded() {
    let text = r#"{"requested_destination": {"cell": {"name": "cell2", "transport_url": "rabbit://nova:s3cret@r2/"}}}"#;
    let mut tree = JsonTree::new(Document::parse_str(text).unwrap());
    for keys in ["", "jl", "jl", "A"] {
        press(&mut tree, keys);
        let lines = shown(&tree).join("\n");
        assert!(!lines.contains("s3cret"), "{lines}");
    }
    assert!(shown(&tree).join("\n").contains(r#"transport_url: "rabbit://nova:***@r2/""#));
}
