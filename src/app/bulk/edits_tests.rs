use crossterm::event::KeyModifiers;

use super::*;
use crate::spec::edit::NewValue;

const SPEC: &str = r#"{"nova_object.name": "RequestSpec", "nova_object.namespace": "nova", "nova_object.version": "1.14", "nova_object.data": {"project_id": "p1", "availability_zone": "az1", "flavor": {"nova_object.name": "Flavor", "nova_object.namespace": "nova", "nova_object.version": "1.2", "nova_object.data": {"name": "m1", "memory_mb": 1, "vcpus": 1, "root_gb": 1, "extra_specs": {}}}, "num_instances": 1, "instance_uuid": "0b2c7d9e-1111-4a4a-8b8b-2f2f2f2f2f2f"}}"#;

fn typed(lines: &mut EditLines, text: &str) -> Pressed {
    let mut last = Pressed::Stay;
    for character in text.chars() {
        let code = match character {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '<' => KeyCode::Backspace,
            other => KeyCode::Char(other),
        };
        last = lines.key(&KeyEvent::new(code, KeyModifiers::NONE));
    }
    last
}

#[rstest::rstest]
#[case("availability_zone=az2", Edit::set(FieldPath::of(["availability_zone"]), "az2"))]
#[case("availability_zone=", Edit::set(FieldPath::of(["availability_zone"]), ""))]
#[case("a=b=c", Edit::set(FieldPath::of(["a"]), "b=c"))]
#[case("force_hosts:=[\"a\"]", Edit::set_json(FieldPath::of(["force_hosts"]), "[\"a\"]"))]
#[case("flavor.extra_specs[hw:cpu=x]=1", Edit::set(FieldPath::of(["flavor", "extra_specs", "hw:cpu=x"]), "1"))]
#[case("clear availability_zone", Edit::unset(FieldPath::of(["availability_zone"])))]
fn lines_are_edits(#[case] line: &str, #[case] expected: Edit) {
    assert_eq!(read(line), Ok(expected));
}

#[rstest::rstest]
#[case("")]
#[case("availability_zone")]
#[case("=az2")]
#[case("clear ")]
#[case("a[=b")]
#[case("a..b=c")]
fn what_is_no_edit_says_why(#[case] line: &str) {
    assert!(!read(line).unwrap_err().is_empty());
}

#[test]
fn lines_are_taken_and_planned_by_an_empty_one() {
    let mut lines = EditLines::new(Some(SPEC.as_bytes()));
    assert_eq!(typed(&mut lines, "\n"), Pressed::Stay);
    assert!(lines.error.is_some(), "nothing to plan");
    typed(&mut lines, "availability_zone=az2\nclear force_hosts\n");
    assert_eq!(lines.lines().collect::<Vec<_>>(), ["availability_zone=az2", "clear force_hosts"]);
    let Pressed::Plan(edits) = typed(&mut lines, "\n") else { panic!("no plan") };
    assert_eq!(edits.len(), 2);
    let (before, after) = lines.example().unwrap();
    assert!(before.contains("az1") && after.contains("az2"));
}

#[test]
fn the_last_line_comes_back_to_be_changed() {
    let mut lines = EditLines::new(Some(SPEC.as_bytes()));
    typed(&mut lines, "availability_zone=az2\n<");
    assert_eq!((lines.prompt.typed(), lines.lines().count()), ("availability_zone=az2", 0));
    typed(&mut lines, "<3\n");
    assert_eq!(lines.lines().collect::<Vec<_>>(), ["availability_zone=az3"]);
}

#[test]
fn what_the_selected_spec_refuses_is_said_and_taken_on_a_second_enter() {
    let mut lines = EditLines::new(Some(SPEC.as_bytes()));
    typed(&mut lines, "flavor.vcpus=many");
    assert!(lines.error.as_ref().unwrap().contains("integer"), "{:?}", lines.error);
    typed(&mut lines, "\n");
    assert!(lines.lines().next().is_none() && lines.insists());
    typed(&mut lines, "x\n");
    assert!(lines.lines().next().is_none(), "another text is another line");
    typed(&mut lines, "\n");
    assert_eq!(lines.lines().collect::<Vec<_>>(), ["flavor.vcpus=manyx"]);
}

#[test]
fn paths_and_values_complete() {
    let mut lines = EditLines::new(Some(SPEC.as_bytes()));
    typed(&mut lines, "avail\t");
    assert_eq!(lines.prompt.typed(), "availability_zone=");
    typed(&mut lines, "<<<<<<<<<<<<<<<<<<");
    assert_eq!(lines.prompt.typed(), "");
    typed(&mut lines, "cpu_policy\t");
    assert_eq!(lines.prompt.typed(), "flavor.extra_specs[hw:cpu_policy]=");
    let offered: Vec<_> = lines.prompt.matches().iter().map(|known| known.value.clone()).collect();
    assert!(offered.contains(&"flavor.extra_specs[hw:cpu_policy]=dedicated".to_owned()), "{offered:?}");
    typed(&mut lines, "ded\t\n");
    let edit = Edit::Set {
        path: FieldPath::of(["flavor", "extra_specs", "hw:cpu_policy"]),
        value: NewValue::Typed("dedicated".to_owned()),
    };
    assert_eq!(lines.edits(), [edit]);
}

#[test]
fn without_a_spec_at_hand_lines_are_read_all_the_same() {
    for sample in [None, Some(&b"no json"[..])] {
        let mut lines = EditLines::new(sample);
        typed(&mut lines, "anything=1\n");
        assert_eq!(lines.lines().count(), 1);
        assert!(lines.example().is_none());
    }
}
