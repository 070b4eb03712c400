//! Generators: any JSON in any layout, and specs as nova of several eras writes them, with odd
//! layouts, unknown and duplicate keys among them.

#![allow(clippy::unwrap_used, reason = "a generator that fails is a failed test")]

use proptest::prelude::*;
use proptest::sample::select;

/// White space between tokens: mostly as Python writes it, sometimes odd.
pub fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![8 => Just(" "), 2 => Just(""), 1 => select(vec!["  ", "\n", "\t", "\r\n  "])]
}

/// A JSON string token, escapes and raw Unicode mixed, lone surrogates included.
pub fn string_token() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[a-z0-9:_. -]{0,8}",
        1 => select(vec![
            "\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\\n", "\\\\", "\\\"", "\\/", "é", "😀", "\u{202e}", "\\u0041",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// A number token.
pub fn number_token() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (-10i64..100_000).prop_map(|number| number.to_string()),
        2 => select(vec!["1.0", "0.25", "-0", "1e2", "1E-7", "NaN", "Infinity", "-Infinity"])
            .prop_map(str::to_owned),
        1 => "[1-9][0-9]{20,40}",
    ]
}

/// Any JSON text.
pub fn json() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        select(vec!["null", "true", "false"]).prop_map(str::to_owned),
        number_token(),
        string_token(),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec((inner.clone(), space()), 0..6).prop_map(|items| joined('[', &items, ']')),
            prop::collection::vec((string_token(), inner, space(), space()), 0..6).prop_map(|members| {
                let items: Vec<_> = members
                    .into_iter()
                    .map(|(key, value, one, other)| (format!("{key}{one}:{other}{value}"), one))
                    .collect();
                joined('{', &items, '}')
            }),
        ]
    })
    .boxed()
}

fn joined(open: char, items: &[(String, &'static str)], close: char) -> String {
    let mut text = String::from(open);
    for (at, (item, space)) in items.iter().enumerate() {
        text.push_str(if at > 0 { "," } else { "" });
        text.push_str(space);
        text.push_str(item);
        text.push_str(space);
    }
    text.push(close);
    text
}

/// An object in its envelope.
fn envelope(name: &str, version: &str, data: &str) -> String {
    format!(
        "{{\"nova_object.name\": \"{name}\", \"nova_object.namespace\": \"nova\", \"nova_object.version\": \"{version}\", \"nova_object.data\": {{{data}}}}}"
    )
}

/// The versions of one era: RequestSpec, Flavor, ImageMetaProps, InstanceNUMACell, InstanceGroup.
pub type Era = (&'static str, &'static str, &'static str, &'static str, &'static str);

const ERAS: &[Era] = &[
    ("1.5", "1.1", "1.12", "1.3", "1.10"),
    ("1.8", "1.1", "1.16", "1.4", "1.10"),
    ("1.11", "1.2", "1.20", "1.4", "1.11"),
    ("1.13", "1.2", "1.27", "1.6", "1.11"),
    ("1.14", "1.2", "1.32", "1.6", "1.11"),
    ("1.15", "1.2", "1.44", "1.6", "1.11"),
];

/// A spec as nova writes it, that it loads and that has nothing harmful in it.
pub fn spec() -> BoxedStrategy<String> {
    let parts = (
        select(ERAS),
        prop_oneof![Just("null".to_owned()), string_token()],
        (1u32..64, 1u32..1_000_000, select(vec!["1.0", "1", "NaN"])),
        prop::collection::vec((string_token(), string_token()), 0..4),
        prop::collection::vec((string_token(), prop::collection::vec(string_token(), 0..3)), 0..4),
        select(vec!["null", "[]", "[\"cmp1\"]", "[ \"cmp1\" ,\"cmp2\"]"]),
        any::<[bool; 5]>(),
        prop::option::of((string_token(), json())),
    );
    parts
        .prop_map(|(era, zone, sizes, specs, hints, hosts, shape, novel)| {
            document(era, &zone, sizes, &specs, &hints, hosts, shape, novel.as_ref())
        })
        .boxed()
}

const GROUP: &str = "9a3e6f30-0c1c-4a5e-9f43-6a6e4dbe4c55";

#[allow(clippy::too_many_arguments)]
fn document(
    era: Era,
    zone: &str,
    (vcpus, memory, factor): (u32, u32, &str),
    specs: &[(String, String)],
    hints: &[(String, Vec<String>)],
    hosts: &str,
    [numa, pci, group, retry, property]: [bool; 5],
    novel: Option<&(String, String)>,
) -> String {
    let (spec_version, flavor_version, properties_version, cell_version, group_version) = era;
    let distinct = |pairs: Vec<(String, String)>| {
        let mut kept: Vec<(String, String)> = Vec::new();
        for (key, value) in pairs {
            let decode = |token: &str| reqspec::spec::scan::decode_string(token).into_owned();
            if decode(&key) != "_nova_check_type"
                && !kept.iter().any(|(known, _)| decode(known) == decode(&key))
            {
                kept.push((key, value));
            }
        }
        let members: Vec<_> = kept.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
        members.join(", ")
    };
    let specs = distinct(specs.to_vec());
    let mut pairs: Vec<_> =
        hints.iter().map(|(key, values)| (key.clone(), format!("[{}]", values.join(", ")))).collect();
    if group {
        pairs.push(("\"group\"".to_owned(), format!("[\"{GROUP}\"]")));
    }
    let hints = distinct(pairs);
    let properties = envelope(
        "ImageMetaProps",
        properties_version,
        if property { "\"hw_disk_bus\": \"virtio\"" } else { "" },
    );
    let image = envelope(
        "ImageMeta",
        "1.8",
        &format!(
            "\"id\": \"{GROUP}\", \"name\": \"i\", \"size\": 1, \"min_ram\": 0, \"properties\": {properties}"
        ),
    );
    let description = if flavor_version == "1.2" { ", \"description\": null" } else { "" };
    let flavor = envelope(
        "Flavor",
        flavor_version,
        &format!(
            "\"id\": 1, \"name\": \"m1\", \"memory_mb\": {memory}, \"vcpus\": {vcpus}, \"root_gb\": 1, \"ephemeral_gb\": 0, \"flavorid\": \"1\", \"swap\": 0, \"rxtx_factor\": {factor}, \"extra_specs\": {{{specs}}}{description}"
        ),
    );
    let cell = envelope(
        "InstanceNUMACell",
        cell_version,
        "\"id\": 0, \"cpuset\": [0, 1], \"memory\": 512, \"cpu_policy\": null",
    );
    let topology = envelope(
        "InstanceNUMATopology",
        "1.2",
        &format!("\"instance_uuid\": \"{GROUP}\", \"cells\": [{cell}, {cell}]"),
    );
    let request = envelope(
        "InstancePCIRequest",
        "1.1",
        "\"count\": 1, \"spec\": [{\"vendor_id\": \"8086\"}], \"alias_name\": \"a\", \"is_new\": false, \"request_id\": null",
    );
    let requests = envelope(
        "InstancePCIRequests",
        "1.1",
        &format!("\"requests\": [{}]", if pci { &request } else { "" }),
    );
    let group_object = envelope(
        "InstanceGroup",
        group_version,
        &format!(
            "\"uuid\": \"{GROUP}\", \"policies\": [\"affinity\"], \"members\": [\"m\"], \"hosts\": null"
        ),
    );
    let tried = envelope(
        "SchedulerRetries",
        "1.1",
        &format!(
            "\"num_attempts\": 1, \"hosts\": {}",
            envelope("ComputeNodeList", "1.14", "\"objects\": []")
        ),
    );
    let or_null = |on: bool, text: &str| if on { text.to_owned() } else { "null".to_owned() };
    let mut data = format!(
        "\"image\": {image}, \"numa_topology\": {}, \"pci_requests\": {requests}, \"project_id\": \"p\", \"availability_zone\": {zone}, \"flavor\": {flavor}, \"num_instances\": 1, \"ignore_hosts\": {hosts}, \"force_hosts\": {hosts}, \"force_nodes\": null, \"retry\": {}, \"limits\": null, \"instance_group\": {}, \"scheduler_hints\": {{{hints}}}, \"instance_uuid\": \"{GROUP}\"",
        or_null(numa, &topology),
        or_null(retry, &tried),
        or_null(group, &group_object),
    );
    if let Some((key, value)) = novel {
        data = format!("\"novel {}: {value}, {data}", &key[1..]);
    }
    envelope("RequestSpec", spec_version, &data)
}

/// A spec in which other layouts, duplicates and wrong values may stand.
pub fn odd_spec() -> BoxedStrategy<String> {
    let damage = (any::<prop::sample::Index>(), json(), any::<bool>());
    (spec(), prop::collection::vec(damage, 0..3))
        .prop_map(|(mut text, damages)| {
            for (at, value, duplicate) in damages {
                let document = reqspec::spec::Document::parse_str(&text).unwrap();
                let ids: Vec<_> = nodes(document.root());
                let node = document.node(ids[at.index(ids.len())]);
                let (span, key) = (node.span(), node.key_span());
                match key.filter(|_| duplicate) {
                    Some(key) => {
                        let key = document.text()[key].to_owned();
                        text.insert_str(span.end, &format!(" ,{key}:{value}"));
                    }
                    None => text.replace_range(span, &value),
                }
            }
            text
        })
        .boxed()
}

/// Every node below and with `node`.
pub fn nodes(node: reqspec::spec::Node<'_>) -> Vec<reqspec::spec::NodeId> {
    let mut ids = vec![node.id()];
    for child in node.children() {
        ids.extend(nodes(child));
    }
    ids
}
