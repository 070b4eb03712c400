use super::*;
use crate::query::Field;

struct Zones;

impl SeenValues for Zones {
    fn values(&self, field: &Field) -> Vec<(String, Option<u64>)> {
        let zones = [("az1", 7), ("az2", 3)].map(|(zone, rows)| (zone.to_owned(), Some(rows)));
        if &*field.name == "az" { zones.to_vec() } else { Vec::new() }
    }

    fn keys(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// Presses characters, and keys by their signs.
fn press(bar: &mut QueryBar, keys: &str) -> Vec<Pressed> {
    let history = ["az=az1", "vcpus>=8", "az=az2"].map(str::to_owned);
    let press = |character| {
        let (code, modifiers) = match character {
            '⏎' => (KeyCode::Enter, KeyModifiers::NONE),
            '⇥' => (KeyCode::Tab, KeyModifiers::NONE),
            '↓' => (KeyCode::Down, KeyModifiers::NONE),
            '↑' => (KeyCode::Up, KeyModifiers::NONE),
            '⎋' => (KeyCode::Esc, KeyModifiers::NONE),
            '←' => (KeyCode::Left, KeyModifiers::NONE),
            '⌫' => (KeyCode::Backspace, KeyModifiers::NONE),
            '®' => (KeyCode::Char('r'), KeyModifiers::CONTROL),
            other => (KeyCode::Char(other), KeyModifiers::NONE),
        };
        bar.key(&KeyEvent::new(code, modifiers), &Zones, &history)
    };
    keys.chars().map(press).collect()
}

fn typed(keys: &str) -> String {
    let mut bar = QueryBar::default();
    press(&mut bar, keys);
    bar.text().to_owned()
}

#[rstest::rstest]
#[case("flavo⇥", "flavor", "the first completion stands in the text")]
#[case("flavo⇥⇥", "flavorid", "then the second")]
#[case("flavo↓↑", "flavo", "up from the first: what was typed")]
#[case("flavo⇥⎋", "flavo", "Esc takes the choice back")]
#[case("flavo⇥=m1", "flavor=m1", "typing goes on behind it")]
#[case("bfv flavo⇥", "bfv flavor", "what stands before is left alone")]
fn completions_are_chosen(#[case] keys: &str, #[case] expected: &str, #[case] why: &str) {
    assert_eq!(typed(keys), expected, "{why}");
}

#[rstest::rstest]
#[case("↑", "az=az2")]
#[case("↑↑", "vcpus>=8")]
#[case("↑↑↑↑↑", "az=az1")]
#[case("↑↑↓", "az=az2")]
#[case("↑↓", "")]
#[case("®®", "az=az2")]
#[case("vcpus>® ⌫®", "vcpus>=8")]
#[case("az=az1 or ⌫⌫⌫®®", "az=az1")]
#[case("®®⎋", "")]
fn the_history_is_walked_and_searched(#[case] keys: &str, #[case] expected: &str) {
    assert_eq!(typed(keys), expected);
}

#[test]
fn escape_leaves_once_nothing_is_chosen() {
    let mut bar = QueryBar::default();
    let meant = press(&mut bar, "flavo⇥⎋⎋");
    assert_eq!(&meant[meant.len() - 2..], [Pressed::Changed, Pressed::Restore]);
    assert_eq!(press(&mut bar, "⏎"), [Pressed::Keep]);
}

#[test]
fn a_list_opens_by_itself_only_while_a_word_is_begun() {
    let mut bar = QueryBar::default();
    press(&mut bar, "fl");
    assert!(bar.popup.is_some());
    press(&mut bar, "←");
    assert!(bar.popup.is_none(), "not where the cursor goes through the text");
    press(&mut bar, "x");
    assert!(bar.popup.is_none(), "nor in the middle of it");
    let mut bar = QueryBar::default();
    press(&mut bar, "bfv ");
    assert!(bar.popup.is_none());
    press(&mut bar, "⇥");
    assert!(bar.popup.is_some(), "asked for");
}

#[test]
fn cursors_are_counted_in_bytes() {
    let mut bar = QueryBar::default();
    press(&mut bar, "größe");
    assert_eq!(bar.cursor(), "größe".len());
    press(&mut bar, "←←");
    assert_eq!(bar.cursor(), "grö".len());
}

mod whatever_is_typed {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_never_breaks(keys in "[a-z=:~<> ()\"ßü⏎⇥↓↑⎋←⌫®]{0,40}") {
            let mut bar = QueryBar::default();
            for pressed in press(&mut bar, &keys) {
                prop_assert!(matches!(
                    pressed,
                    Pressed::Restore | Pressed::Keep | Pressed::Changed | Pressed::Stay
                ));
            }
            prop_assert!(bar.cursor() <= bar.text().len());
            prop_assert!(bar.text().is_char_boundary(bar.cursor()));
        }
    }
}
