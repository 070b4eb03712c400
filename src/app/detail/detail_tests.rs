//! Tabs, scrolling and layout.

use rstest::rstest;

use super::*;

fn subject(text: &[u8]) -> Subject {
    Subject {
        database: DatabaseName::Api,
        instance_uuid: "3f0c9a1e-0000-4000-8000-000000000001".into(),
        text: text.into(),
        counterpart: Counterpart::Unknown,
    }
}

const SPEC: &[u8] = br#"{"availability_zone": "az1", "force_hosts": ["cmp1"], "scheduler_hints": {"group": ["65ebc666-6f21-422a-93f3-119c3bb1d80c"]}, "flavor": {"vcpus": 4, "extra_specs": {"hw:cpu_policy": "dedicated", "aggregate_instance_extra_specs:a_rather_long_name_of_metadata": "<or> one <or> two"}}, "image": {"name": "x", "properties": {"hw_disk_bus": "virtio"}}, "numa_topology": null, "pci_requests": null}"#;

fn detail(text: &[u8]) -> Detail {
    let mut detail = Detail::new();
    detail.show(Some(subject(text)));
    detail
}

#[test]
fn tabs_go_round() {
    let mut detail = Detail::new();
    for tab in Tab::ALL.into_iter().skip(1).chain([Tab::Filters]) {
        detail.next_tab();
        assert_eq!(detail.tab(), tab);
    }
    detail.previous_tab();
    assert_eq!(detail.tab(), Tab::Findings);
}

/// Every tab, well-formed and malformed, at every width: no line is wider than it may be.
#[rstest]
#[case(SPEC)]
#[case(b"{\"a\": ")]
#[case(b"")]
#[case(b"null")]
#[case(b"\xff\xfe\x00")]
#[case("{\"scheduler_hints\": {\"\u{202e}中文😀\": [\"\u{9b}2J\"]}}".as_bytes())]
fn no_line_is_wider_than_the_panel(#[case] text: &[u8]) {
    let mut detail = detail(text);
    for tab in Tab::ALL {
        detail.select_tab(tab);
        for width in 0..130 {
            for height in [0, 1, 7] {
                let window = detail.window(width, height);
                assert!(window.lines.len() <= height);
                for line in &window.lines {
                    assert!(line.width() <= width, "{tab:?} at {width}: {:?}", line.text());
                    assert!(!line.text().chars().any(crate::spec::text::is_unsafe));
                }
            }
        }
    }
}

#[test]
fn scrolling_stays_within_the_text() {
    let mut detail = detail(SPEC);
    let total = detail.window(40, 3).total;
    detail.scroll(1);
    assert_eq!(detail.window(40, 3).first, 1);
    detail.scroll_to_end();
    assert_eq!(detail.window(40, 3).first, total - 3);
    detail.scroll(5);
    detail.scroll(-1);
    assert_eq!(detail.window(40, 3).first, total - 4);
    detail.scroll_pages(-1);
    assert_eq!(detail.window(40, 3).first, total - 6);
    // A panel that grew shows no emptiness below the text.
    assert_eq!(detail.window(40, total + 5).first, 0);
}

#[test]
fn another_answer_about_the_counterpart_keeps_the_place() {
    let mut detail = detail(SPEC);
    detail.window(40, 3);
    detail.scroll(2);
    let missing = Counterpart::Missing { in_: DatabaseName::cell("cell1") };
    detail.show(Some(Subject { counterpart: missing, ..subject(SPEC) }));
    assert_eq!(detail.window(40, 3).first, 2);
    detail.show(Some(subject(b"{}")));
    assert_eq!(detail.window(40, 3).first, 0);
}

#[test]
fn the_cursor_of_the_tree_stays_in_sight() {
    let mut detail = detail(SPEC);
    detail.select_tab(Tab::Json);
    detail.window(60, 4);
    detail.scroll_to_end();
    let window = detail.window(60, 4);
    assert!(window.lines.iter().any(|line| line.cursor));
    assert_eq!(window.first + 4, window.total);
    assert_eq!(detail.path_under_cursor().unwrap().to_string(), "pci_requests");
    detail.scroll_to_start();
    assert_eq!(detail.window(60, 4).first, 0);
    detail.click(5, 2, 64);
    assert_eq!(detail.value_under_cursor().unwrap(), "az1");
}

#[rstest]
#[case(Counterpart::Unknown, "Not known")]
#[case(Counterpart::Missing { in_: DatabaseName::cell("cell1") }, "Missing in cell1")]
#[case(Counterpart::Present { in_: DatabaseName::cell("cell1"), text: SPEC.into() }, "Identical")]
#[case(Counterpart::Present { in_: DatabaseName::cell("cell1"), text: b"{}"[..].into() }, "Different")]
fn the_counterpart_is_compared(#[case] counterpart: Counterpart, #[case] says: &str) {
    let mut detail = Detail::new();
    detail.show(Some(Subject { counterpart, ..subject(SPEC) }));
    detail.select_tab(Tab::Difference);
    let text: String = detail.lines(100).iter().map(DetailLine::text).collect();
    assert!(text.contains(says), "{text}");
}

#[test]
fn bookkeeping_is_one_line_at_the_end() {
    let text = |changes: &str, key: &str, vcpus: u8| {
        format!(
            r#"{{"nova_object.name": "RequestSpec", "nova_object.namespace": "nova", "nova_object.version": "1.15", "nova_object.changes": [{changes}], "nova_object.data": {{"vcpus": {vcpus}, "flavor": {{"extra_specs": {{"nova_object.changes": "{key}"}}}}}}}}"#
        )
    };
    let mut detail = Detail::new();
    let other: Arc<[u8]> = text(r#""x""#, "b", 2).as_bytes().into();
    let counterpart = Counterpart::Present { in_: DatabaseName::cell("cell1"), text: other };
    detail.show(Some(Subject { counterpart, ..subject(text("", "a", 1).as_bytes()) }));
    detail.select_tab(Tab::Difference);
    let lines: Vec<String> = detail.lines(100).iter().map(DetailLine::text).collect();
    assert!(lines[0].contains("2 differences from API (-) to cell1 (+)"), "{lines:#?}");
    assert_eq!(lines.last().unwrap(), "bookkeeping: nova_object.changes differs in 1 object");
    // An extra spec that is called so is a difference like any other.
    assert!(lines.iter().any(|line| line.contains("- \"a\"")), "{lines:#?}");
}

#[test]
fn malformed_rows_say_where() {
    let mut detail = detail(b"{\"a\": \x1b}");
    let text =
        |detail: &Detail| detail.lines(100).iter().map(DetailLine::text).collect::<Vec<_>>().join("\n");
    assert!(text(&detail).contains("line 1, column 7 (byte 6 of 8)"), "{}", text(&detail));
    detail.select_tab(Tab::Json);
    assert!(text(&detail).contains("»\\u001b}"), "{}", text(&detail));
}

#[test]
fn a_click_on_a_title_shows_its_tab() {
    let mut detail = detail(SPEC);
    detail.click(13, 0, 100);
    assert_eq!(detail.tab(), Tab::Flavor);
    detail.click(95, 0, 100);
    assert_eq!(detail.tab(), Tab::Flavor);
    detail.click(3, 0, 12);
    assert_eq!(detail.tab(), Tab::Flavor);
}

#[test]
fn a_huge_value_takes_six_lines() {
    let members: Vec<String> = (0..150).map(|n| format!("\"65ebc666-6f21-422a-93f3-{n:012}\"")).collect();
    let text = format!(
        r#"{{"scheduler_hints": {{"group": [{}], "odd": ["{}"]}}, "availability_zone": "az1"}}"#,
        members.join(", "),
        "x".repeat(1_000_000)
    );
    for width in [20, 40, 80, 120] {
        let detail = detail(text.as_bytes());
        let lines = detail.lines(width);
        let text: Vec<String> = lines.iter().map(DetailLine::text).collect();
        assert!(lines.len() < 60, "{width}: {text:#?}");
        let said = text.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        if width >= 80 {
            assert!(said.contains("more characters (JSON tab"), "{width}: {text:#?}");
        }
    }
    let row = |value: String| {
        let label = ("name".to_owned(), Tone::Label);
        vec![Row::Fact { label, value: (value, Tone::Value), meaning: Vec::new() }]
    };
    let lines = line::layout(&row("y".repeat(500)), 80);
    let last = lines.last().unwrap().text();
    let missing = 500 - lines.iter().map(|line| line.text().matches('y').count()).sum::<usize>();
    assert!(last.contains(&format!("… {missing} more characters (JSON tab shows all)")), "{last}");
    assert_eq!(lines.len(), 6);
}
