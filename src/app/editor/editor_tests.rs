//! Key scripts: what the draft holds and what the editor answers after them.

use crossterm::event::{KeyCode, KeyModifiers};
use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::spec::Document;

/// A spec of a group member: hints, no extra specs that matter here. Made by real nova.
const GROUP: &str = include_str!("../../../tests/detail_specs/group.json");
const PINNED: &str = include_str!("../../../tests/detail_specs/pinned.json");
const TRUNCATED: &str = include_str!("../../../tests/detail_specs/truncated.json");

fn open(text: &str) -> Editor {
    let uuid = "3f0c9a1e-0000-4000-8000-000000000001".into();
    Editor::open(DatabaseName::Api, uuid, text.as_bytes().into()).unwrap()
}

/// A key for a letter: ⏎ Enter, ⎋ Esc, ↑ ↓, ⇥ Tab, ⌫ the whole line, ↻ redo, ⎙ Ctrl-S.
fn key_of(letter: char) -> KeyEvent {
    let (code, modifiers) = match letter {
        '⏎' => (KeyCode::Enter, KeyModifiers::NONE),
        '⎋' => (KeyCode::Esc, KeyModifiers::NONE),
        '↑' => (KeyCode::Up, KeyModifiers::NONE),
        '↓' => (KeyCode::Down, KeyModifiers::NONE),
        '⇥' => (KeyCode::Tab, KeyModifiers::NONE),
        '⌫' => (KeyCode::Char('u'), KeyModifiers::CONTROL),
        '↻' => (KeyCode::Char('r'), KeyModifiers::CONTROL),
        '⎙' => (KeyCode::Char('s'), KeyModifiers::CONTROL),
        letter => (KeyCode::Char(letter), KeyModifiers::NONE),
    };
    KeyEvent::new(code, modifiers)
}

fn press(editor: &mut Editor, keys: &str) -> EditorOutcome {
    keys.chars().fold(EditorOutcome::Stay, |_, letter| editor.key(key_of(letter)))
}

fn raw(editor: &Editor, path: &str) -> String {
    let document = editor.draft().document().unwrap();
    path.parse::<FieldPath>().unwrap().resolve(document).map_or("absent", |node| node.raw()).to_owned()
}

#[rstest]
// Text.
#[case("/availability⏎⏎⌫az9⏎", "availability_zone", "\"az9\"")]
#[case("/availability⏎x", "availability_zone", "null")]
#[case("/availability⏎⏎⌫az9⎋", "availability_zone", "\"az2\"")]
#[case("/availability⏎⏎⏎", "availability_zone", "\"az2\"")]
// Enter on a null without typing leaves it null, and does not make it "".
#[case("/force_nodes⏎⏎⏎", "force_nodes", "null")]
#[case("/memory_mb⏎⏎⌫2048⏎", "flavor.memory_mb", "2048")]
#[case("/memory_mb⏎⏎⌫12a⏎", "flavor.memory_mb", "16384")]
#[case("/memory_mb⏎⏎⌫0⏎", "flavor.memory_mb", "16384")]
// Picking.
#[case("/is_bfv⏎⏎↑⏎", "is_bfv", "true")]
#[case("/is_bfv⏎⏎tr⏎", "is_bfv", "true")]
#[case("/is_bfv⏎⏎maybe⏎", "is_bfv", "false")]
// Lists.
#[case("/force_hosts⏎⏎cmp1,cmp2⏎", "force_hosts", r#"["cmp1", "cmp2"]"#)]
#[case("/force_hosts⏎acmp1⏎", "force_hosts", r#"["cmp1"]"#)]
#[case("/force_hosts⏎acmp1⏎acmp2⏎", "force_hosts", r#"["cmp1", "cmp2"]"#)]
#[case("/force_hosts⏎acmp1⏎acmp2⏎K", "force_hosts", r#"["cmp2", "cmp1"]"#)]
#[case("/force_hosts⏎acmp1⏎acmp2⏎kJ", "force_hosts", r#"["cmp2", "cmp1"]"#)]
#[case("/force_hosts⏎acmp1⏎acmp2⏎J", "force_hosts", r#"["cmp1", "cmp2"]"#)]
#[case("/force_hosts⏎acmp1⏎acmp2⏎kx", "force_hosts", r#"["cmp2"]"#)]
#[case("/force_hosts⏎acmp1⏎acmp2⏎k⏎⌫cmp9⏎", "force_hosts", r#"["cmp9", "cmp2"]"#)]
#[case("/force_hosts⏎acmp1⏎kx", "force_hosts", "null")]
// Maps.
// The hint of a group goes with the group only.
#[case(
    "/scheduler_hints⏎x",
    "scheduler_hints",
    r#"{"group": ["65ebc666-6f21-422a-93f3-119c3bb1d80c"], "different_host": ["c3f54785-f32f-47ab-b01c-e5c385ef3ac3", "6ebbd997-9cb1-46b2-bb2b-153caf13a7fb"]}"#
)]
#[case("/scheduler_hints.group⏎x", "scheduler_hints.group", r#"["65ebc666-6f21-422a-93f3-119c3bb1d80c"]"#)]
#[case(
    "/scheduler_hints⏎asame_⇥⏎65ebc666-6f21-422a-93f3-119c3bb1d80c⏎",
    "scheduler_hints.same_host",
    r#"["65ebc666-6f21-422a-93f3-119c3bb1d80c"]"#
)]
#[case("/scheduler_hints⏎amine⏎1⏎", "scheduler_hints.mine", r#"["1"]"#)]
#[case("/scheduler_hints.diff⏎rsame_host⌫same_host⏎", "scheduler_hints.different_host", "absent")]
#[case("/scheduler_hints.diff⏎x", "scheduler_hints.different_host", "absent")]
#[case("/extra_specs⏎ahw:cpu_pol⇥⏎dedi⇥⏎", "flavor.extra_specs[hw:cpu_policy]", "\"dedicated\"")]
#[case("/extra_specs⏎ahw:cpu_pol↓⏎↓↓⏎", "flavor.extra_specs[hw:cpu_policy]", "\"shared\"")]
#[case("/extra_specs⏎atrait⇥CUSTOM_X⏎required⏎", "flavor.extra_specs[trait:CUSTOM_X]", "\"required\"")]
// Absent fields.
#[case("/image.properties⏎aboot_m⏎tr⏎", "image.properties.hw_boot_menu", "true")]
#[case("/image.properties⏎aboot_m⏎tr⏎x", "image.properties.hw_boot_menu", "absent")]
// Undo, redo.
#[case("/availability⏎xu", "availability_zone", "\"az2\"")]
#[case("/availability⏎xu↻", "availability_zone", "null")]
#[case("/availability⏎x⏎az7⏎uu↻↻", "availability_zone", "\"az7\"")]
fn keys_edit_the_draft(#[case] keys: &str, #[case] path: &str, #[case] value: &str) {
    let mut editor = open(GROUP);
    press(&mut editor, keys);
    assert_eq!(raw(&editor, path), value, "{:?} {:?}", editor.message(), editor.prompt());
    while editor.draft.undo() {}
    assert_eq!(**editor.draft.text(), *GROUP, "all undone, the first bytes are back");
}

#[test]
fn a_wrong_value_is_refused_while_it_is_typed() {
    let mut editor = open(GROUP);
    press(&mut editor, "/memory_mb⏎⏎⌫12a");
    assert!(editor.prompt().unwrap().error.is_some());
    press(&mut editor, "⏎");
    assert!(editor.prompt().unwrap().error.is_some(), "the prompt stays open with the reason");
    press(&mut editor, "⌫12⏎");
    assert!(editor.prompt().is_none());
    assert_eq!(raw(&editor, "flavor.memory_mb"), "12");
}

#[rstest]
#[case("1.30", true)]
#[case("1.20", false)]
fn choices_are_those_of_the_stored_version(#[case] version: &str, #[case] offered: bool) {
    let stored = r#""nova_object.name": "ImageMetaProps", "nova_object.namespace": "nova", "nova_object.version": "1.30""#;
    let mut editor = open(&GROUP.replace(stored, &stored.replace("1.30", version)));
    press(&mut editor, "/hw_video_model⏎⏎");
    let matches = editor.prompt().unwrap().matches();
    assert!(matches.iter().any(|one| one.value == "vga"));
    assert_eq!(matches.iter().any(|one| one.value == "gop"), offered);
}

#[test]
fn what_a_value_demands_is_said_while_it_is_typed() {
    let mut editor = open(PINNED);
    press(&mut editor, "/extra_specs[hw:cpu_policy⏎⏎");
    let says = |editor: &Editor| editor.prompt().unwrap().says.clone().unwrap();
    assert!(says(&editor).contains("PCPU:5 instead of VCPU:4"), "{}", says(&editor));
    press(&mut editor, "⌫shared");
    assert!(says(&editor).contains("the default"), "{}", says(&editor));
}

#[rstest]
#[case("⎋", EditorOutcome::Close)]
#[case("/zone⏎⎋", EditorOutcome::Stay)]
#[case("/zone⏎⎋⎋", EditorOutcome::Close)]
#[case("/availability⏎x⎋⎋", EditorOutcome::Stay)]
#[case("/availability⏎x⎋⎋⏎", EditorOutcome::Stay)]
#[case("/availability⏎x⎋⎋↓⏎", EditorOutcome::Close)]
#[case("/availability⏎xu⎋⎋", EditorOutcome::Close)]
#[case("s", EditorOutcome::Stay)]
#[case("/availability⏎y", EditorOutcome::Copy("availability_zone".to_owned()))]
fn leaving_asks_only_where_something_is_lost(#[case] keys: &str, #[case] outcome: EditorOutcome) {
    assert_eq!(press(&mut open(GROUP), keys), outcome);
}

#[rstest]
#[case("/availability⏎⏎⌫az9⏎s")]
#[case("/availability⏎⏎⌫az9⏎⎙")]
#[case("/availability⏎⏎⌫az9⏎⎋⎋↑⏎")]
fn saving_hands_out_the_whole_text(#[case] keys: &str) {
    let after = GROUP.replace(r#""availability_zone": "az2""#, r#""availability_zone": "az9""#);
    let mut editor = open(GROUP);
    assert_eq!(press(&mut editor, keys), EditorOutcome::Save { after: after.as_str().into() });
    editor.refused("The disk is full.".to_owned());
    assert!(editor.is_modified(), "the edit is kept");
    assert_eq!(editor.message(), Some(&Message::Refused("The disk is full.".to_owned())));
    editor.saved(after.as_bytes().into());
    assert!(!editor.is_modified());
    assert_eq!(press(&mut editor, "⎋⎋"), EditorOutcome::Close);
}

#[test]
fn a_refusal_stays_in_sight_until_it_is_overcome() {
    let mut editor = open(GROUP);
    press(&mut editor, "/availability⏎x");
    editor.refused("The row changed.".to_owned());
    press(&mut editor, "jk");
    assert!(editor.message().is_some());
    press(&mut editor, "u");
    assert!(editor.message().is_none());
}

#[test]
fn the_raw_text_comes_back_byte_for_byte() {
    let mut editor = open(GROUP);
    let EditorOutcome::External { text, error: None } = press(&mut editor, "E") else { panic!("no editor") };
    assert_eq!(editor.external_result(Ok(text.clone())), EditorOutcome::Stay);
    assert!(!editor.is_modified());
    let changed = text.replace("\"availability_zone\": \"az2\"", "\"availability_zone\":   \"az3\"");
    assert_eq!(editor.external_result(Ok(changed)), EditorOutcome::Stay);
    assert_eq!(
        **editor.draft.text(),
        GROUP.replace("\"availability_zone\": \"az2\"", "\"availability_zone\": \"az3\"")
    );
    press(&mut editor, "u");
    assert_eq!(**editor.draft.text(), *GROUP);
}

#[rstest]
#[case("\"num_instances\": 5", "\"num_instances\": ", "Not JSON")]
#[case("\"vcpus\": 8", "\"vcpus\": null", "flavor.vcpus")]
#[case("\"scheduler_hints\": {", "\"x\": {", "scheduler_hints")]
#[case("\"force_hosts\": null", "\"force_hosts\": \"cmp1\"", "force_hosts")]
fn a_refused_text_goes_back_with_the_reason(#[case] old: &str, #[case] new: &str, #[case] says: &str) {
    let mut editor = open(GROUP);
    let EditorOutcome::External { text, .. } = press(&mut editor, "E") else { panic!("no editor") };
    assert!(text.contains(old), "{text}");
    let typed = text.replace(old, new);
    let outcome = editor.external_result(Ok(format!("# Refused before.\n# Because.\n{typed}")));
    let EditorOutcome::External { text, error: Some(error) } = outcome else { panic!("{outcome:?}") };
    assert_eq!(text.trim_end(), typed.trim_end(), "what was typed is kept, the comments are gone");
    assert!(error.contains(says), "{error}");
    assert_eq!(editor.external_result(Ok(text)), EditorOutcome::Stay, "left as it was: given up");
    assert!(!editor.is_modified());
}

#[test]
fn a_malformed_row_is_replaced_as_a_whole() {
    let mut editor = open(TRUNCATED);
    assert!(editor.draft().document().is_err());
    assert_eq!(editor.rows().len(), 0);
    press(&mut editor, "jxa/");
    let outcome = press(&mut editor, "⏎");
    let EditorOutcome::External { text, error: Some(error) } = outcome else { panic!("{outcome:?}") };
    assert_eq!(text.split_whitespace().collect::<String>(), TRUNCATED.split_whitespace().collect::<String>());
    assert!(error.contains("Not JSON"), "{error}");
    assert_eq!(editor.external_result(Ok(text)), EditorOutcome::Stay, "unchanged: the way out");
    assert!(!editor.is_modified());
    press(&mut editor, "⏎");
    assert_eq!(editor.external_result(Ok(GROUP.to_owned() + "\n")), EditorOutcome::Stay);
    assert!(editor.is_modified());
    assert!(editor.rows().len() > 20);
    assert_eq!(press(&mut editor, "s"), EditorOutcome::Save { after: GROUP.into() });
    press(&mut editor, "u");
    assert!(editor.draft().document().is_err());
    assert_eq!(**editor.draft.text(), *TRUNCATED);
}

#[test]
fn an_editor_that_fails_changes_nothing() {
    let mut editor = open(GROUP);
    assert_eq!(editor.external_result(Err("vi is not there.".to_owned())), EditorOutcome::Stay);
    assert_eq!(editor.message(), Some(&Message::Refused("vi is not there.".to_owned())));
    assert!(!editor.is_modified());
}

#[test]
fn newer_objects_are_readable_and_not_editable() {
    let newer = GROUP.replacen(r#""nova_object.version": "1.14""#, r#""nova_object.version": "1.99""#, 1);
    let mut editor = open(&newer);
    assert!(editor.rows().len() > 20);
    press(&mut editor, "/availability⏎⏎");
    assert!(editor.prompt().is_none());
    assert!(
        matches!(editor.message(), Some(Message::Note(text)) if text.contains("newer")),
        "{:?}",
        editor.message()
    );
    press(&mut editor, "x");
    assert!(!editor.is_modified());
}

#[test]
fn pasted_text_goes_into_the_input() {
    let mut editor = open(GROUP);
    editor.paste("nothing takes it");
    press(&mut editor, "/");
    editor.paste("availability");
    press(&mut editor, "⏎⏎⌫");
    editor.paste("az\n8");
    press(&mut editor, "⏎");
    assert_eq!(raw(&editor, "availability_zone"), "\"az 8\"");
}

#[test]
fn the_cursor_stays_on_its_field() {
    let mut editor = open(GROUP);
    press(&mut editor, "/force_hosts⏎");
    press(&mut editor, "⎋");
    assert_eq!(editor.row().unwrap().path.to_string(), "force_hosts");
    press(&mut editor, "acmp1⏎");
    assert_eq!(editor.row().unwrap().path.to_string(), "force_hosts[0]");
    press(&mut editor, "u");
    press(&mut editor, "GG");
    let last = editor.cursor();
    press(&mut editor, "j");
    assert_eq!(editor.cursor(), last);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is pressed: no panic, a draft that nova could load as well as the stored one, and
    /// undo leads back to the first bytes.
    #[test]
    fn any_keys_can_be_undone(keys in "[⏎⎋↑↓⇥⌫↻ejkxadrJKu/G1tn,]{0,60}") {
        for text in [GROUP, PINNED] {
            let mut editor = open(text);
            press(&mut editor, &keys);
            editor.prompt = None;
            prop_assert!(Document::parse_str(editor.draft.text()).is_ok());
            prop_assert!(editor.draft.objection().is_none(), "{:?}", editor.draft.objection());
            while editor.draft.undo() {}
            prop_assert_eq!(&**editor.draft.text(), text);
        }
    }
}

#[test]
fn the_wheel_moves_the_cursor_where_nothing_lies_over_the_list() {
    let mut editor = open(GROUP);
    editor.scroll(5);
    assert_eq!(editor.cursor(), 5);
    editor.scroll(-9);
    assert_eq!(editor.cursor(), 0);
    press(&mut editor, "/availability⏎⏎");
    editor.scroll(3);
    assert_eq!(editor.cursor(), 0);
    press(&mut editor, "⎋⎋");
    editor.scroll(i32::MAX);
    assert_eq!(editor.cursor() + 1, editor.rows().len());
}
