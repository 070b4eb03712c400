//! Texts of which a glance at the bytes could tell too much.

use crate::query::record::{Facts, Record, Verdict};
use crate::query::{Matcher, eval, parse};

fn judge(query: &str, spec: &[u8]) -> bool {
    let query = parse(query).unwrap();
    let record = Record { database: "api", id: 1, instance_uuid: "u", spec, created: "", updated: "" };
    let expected = eval::verdict(&query.expression, &record, Facts::NONE, 0);
    assert_eq!(Matcher::new(&query, 0).verdict(&record, Facts::NONE), expected, "{}", query.text);
    expected == Verdict::Yes
}

#[rstest::rstest]
#[case("numa=1", b"{\"numa_topology\": {\"cells\": [1, \"\xff\", 2]}}", true)]
#[case("numa=3", b"{\"numa_topology\": {\"cells\": [1, \"\xff\", 2]}}", false)]
#[case("numa=1", b"{\"numa_topology\": {\"cells\": [1, \"x", true)]
#[case("numa=1", b"{\"numa_topology\": {\"cells\": [1, nul, 2]}}", true)]
#[case("extra=v1", b"{\"flavor\":{\"extra_specs\":{\"x\":\"v1\",\"y\":\"\xff\",\"x\":\"v2\"}}}", true)]
#[case("extra=v2", b"{\"flavor\":{\"extra_specs\":{\"x\":\"v1\",\"y\":\"\xff\",\"x\":\"v2\"}}}", false)]
#[case("extra=v1", b"{\"flavor\":{\"extra_specs\":{\"x\":\"v1\",\"y\":5x,\"x\":\"v2\"}}}", true)]
#[case("hint.a=g", b"{\"scheduler_hints\": {\"a\": [\"g\"], \"b\": \"\xff\", \"a\": []}}", true)]
#[case("hint.a=g", b"{\"scheduler_hints\": {\"a\": [\"g\"], \"a\": []}}", false)]
#[case("$.\",\"=1", br#"{"a":"b",",":1}"#, true)]
#[case("$.\",\"=2", br#"{"a":"b",",":1}"#, false)]
#[case("$.\":\"=b", br#"{"a":":",":":"b"}"#, true)]
#[case("$.\"\"=1", br#"{"a":"","":1}"#, true)]
#[case("$.\",\"=1", br#"{",":",",",":1}"#, true)]
#[case("image=virtio", br#"{"image": {"name": "u", "properties": {"bus": "virtio"}}}"#, false)]
#[case("image=u image.*=virtio", br#"{"image": {"name": "u", "properties": {"bus": "virtio"}}}"#, true)]
#[case("image.*=virtio image=u", br#"{"image": {"name": "u", "properties": {"bus": "virtio"}}}"#, true)]
#[case("image.*=u", br#"{"image": {"name": "u", "properties": {"bus": "virtio"}}}"#, false)]
#[case("demands=FI", br#"{"force_hosts": ["a"], "ignore_hosts": ["b"]}"#, true)]
#[case("demands=F", br#"{"force_hosts": ["a"], "ignore_hosts": ["b"]}"#, true)]
#[case("demands=FV,I", br#"{"force_hosts": ["a"], "ignore_hosts": ["b"]}"#, true)]
#[case("demands!=FI", br#"{"force_hosts": ["a"], "ignore_hosts": ["b"]}"#, false)]
#[case("demands=FI", br#"{"force_hosts": ["a"], "ignore_hosts": ["b"], "is_bfv": true}"#, false)]
#[case("demands=FI", br#"{"force_hosts": ["a"]}"#, false)]
fn a_glance_tells_no_more_than_the_text(#[case] query: &str, #[case] spec: &[u8], #[case] expected: bool) {
    assert_eq!(judge(query, spec), expected);
}

/// Lists within each other to the depth that is read, and one deeper, with a value behind them.
#[rstest::rstest]
#[case(508)]
#[case(509)]
#[case(510)]
#[case(511)]
#[case(512)]
fn what_is_too_deep_ends_the_text(#[case] deep: usize) {
    let (open, close) = ("[".repeat(deep), "]".repeat(deep));
    for (query, spec) in [
        ("numa=2", format!("{{\"numa_topology\": {{\"cells\": [{open}{close}, 1]}}}}")),
        ("numa=1", format!("{{\"numa_topology\": {{\"cells\": [{open}{close}, 1]}}}}")),
        ("hint.a=g", format!("{{\"scheduler_hints\": {{\"a\": [\"g\", {open}{close}]}}}}")),
        (
            "extra=v1",
            format!("{{\"flavor\":{{\"extra_specs\":{{\"x\":\"v1\",\"y\":{open}{close},\"x\":\"v2\"}}}}}}"),
        ),
        ("hint.a", format!("{{\"scheduler_hints\": {{\"a\": {open}{close}}}}}")),
    ] {
        judge(query, spec.as_bytes());
    }
}
