//! The rules themselves, by code. Sources: nova's own code (`nova/objects/request_spec.py`,
//! `nova/scheduler`, `nova/virt/hardware.py`, `nova/compute/api.py`) and what real nova does.

use super::rule::{Rule, Severity};

/// All rules, by code.
pub static RULES: &[Rule] = &[
    Rule {
        code: "RS001",
        name: "unreadable",
        severity: Severity::Error,
        title: "the text cannot be read",
        doc: "The text is no JSON that nova reads: cut short, empty, not UTF-8, or with a byte order \
          mark. nova raises while it loads the row, and one such row fails the listing of all \
          servers of its project. Store a right text: copy the spec from another database that has \
          it, or write it anew with `reqspec edit UUID` (the stored text opens in your editor).",
        fix: None,
    },
    Rule {
        code: "RS002",
        name: "unloadable",
        severity: Severity::Error,
        title: "nova cannot load it",
        doc: "The text is JSON, but nova raises while it loads the row: an envelope without its keys, \
          a wrong object, null or another type where a value must stand, a value that nova does \
          not know. One such row fails the listing of all servers of its project. Correct the \
          field with `reqspec edit`.",
        fix: None,
    },
    Rule {
        code: "RS003",
        name: "impossible-version",
        severity: Severity::Error,
        title: "a version that no nova loads",
        doc: "An object's version is no two numbers (`1.15.1`, a number in place of a text): no \
          release of nova loads the row, and the listing of its project fails. Write the version \
          of that era in the text with `reqspec edit UUID`.",
        fix: None,
    },
    Rule {
        code: "RS004",
        name: "newer-version",
        severity: Severity::Warning,
        title: "a version newer than known",
        doc: "An object's version is newer than nova 34, the newest that this program knows. The spec \
          is shown, and edits of it are refused. A nova that is as old as this program, or older, \
          raises while it loads the row: if nothing newer runs here, write the older version in \
          the text.",
        fix: None,
    },
    Rule {
        code: "RS005",
        name: "old-release",
        severity: Severity::Notice,
        title: "written by an old release",
        doc: "The spec's version is that of nova 22 or older. Every later nova reads it and writes its \
          own version when it saves the row next. Nothing has to be done.",
        fix: None,
    },
    Rule {
        code: "RS006",
        name: "legacy-pinning",
        severity: Severity::Notice,
        title: "pinned CPUs as before nova 22",
        doc: "A NUMA cell with dedicated CPUs from before nova 22: nova moves them from cpuset to \
          pcpuset and saves the row while it reads it, so it may change under an editor. Nothing \
          has to be done.",
        fix: None,
    },
    Rule {
        code: "RS010",
        name: "misread",
        severity: Severity::Warning,
        title: "nova reads something else than is written",
        doc: "nova loads the row, but takes the value for another: a text in place of a list falls \
          apart into letters, a fraction is cut off, \"false\" becomes true. Write the value in \
          its own type with `reqspec edit --set`.",
        fix: None,
    },
    Rule {
        code: "RS011",
        name: "duplicate-keys",
        severity: Severity::Warning,
        title: "a key stands twice",
        doc: "JSON keys stand more than once in one object; nova takes the last, other programs may \
          take the first. Edits of the field are refused. Remove all but one in the text with \
          `reqspec edit UUID`.",
        fix: None,
    },
    Rule {
        code: "RS012",
        name: "unknown-field",
        severity: Severity::Notice,
        title: "a field that nova does not know",
        doc: "nova drops what it does not know (a field of the spec, an image property, a key of an \
          envelope) when it loads the row, and loses it at its next save. It is kept here as it \
          is. Nothing has to be done.",
        fix: None,
    },
    Rule {
        code: "RS013",
        name: "check-type-hint",
        severity: Severity::Error,
        title: "hint _nova_check_type",
        doc: "The scheduler hint `_nova_check_type` makes nova take every request of the instance for \
          a rebuild or a check before a live migration: placement is not asked and the instance \
          does not go where it should. Remove it with `reqspec edit UUID --unset \
          'scheduler_hints._nova_check_type'`.",
        fix: None,
    },
    Rule {
        code: "RS014",
        name: "control-characters",
        severity: Severity::Warning,
        title: "control characters in a value",
        doc: "A name or value holds control characters or escape sequences, which act on the terminal \
          of whoever prints them raw. They are shown escaped here. Write the value without them.",
        fix: None,
    },
    Rule {
        code: "RS015",
        name: "odd-value",
        severity: Severity::Notice,
        title: "written otherwise than nova does",
        doc: "nova understands the value but would not write it like this: a number in place of a \
          text, a date in another form, a field that is newer than its object's version, a UUID \
          that is none. Nothing has to be done.",
        fix: None,
    },
    Rule {
        code: "RS016",
        name: "fails-when-scheduled",
        severity: Severity::Error,
        title: "scheduling fails for a missing value",
        doc: "A key is missing, or null, that nova reads when it schedules: resize, migration, \
          evacuation and unshelve of the instance raise (ObjectActionError, TypeError or \
          AttributeError). Set the field with `reqspec edit`: null for a missing zone, `{}` for \
          hints, an empty object for PCI requests.",
        fix: None,
    },
    Rule {
        code: "RS017",
        name: "other-instance",
        severity: Severity::Warning,
        title: "the text names another instance",
        doc: "instance_uuid in the text is not that of the row. nova takes the row's column, so it \
          works; the text misleads whoever searches it. Set instance_uuid with `reqspec edit`.",
        fix: None,
    },
    Rule {
        code: "RS020",
        name: "forced-host",
        severity: Severity::Notice,
        title: "forced to a host",
        doc: "The instance was forced to hosts or nodes at its creation. A request that honours them \
          skips all filters. nova resets them in memory before resize, migration, evacuation and \
          unshelve; tools that read the spec take them at their word. Clear them if the force was \
          meant for the first boot alone.",
        fix: Some("clear-forced-hosts"),
    },
    Rule {
        code: "RS021",
        name: "forced-host-gone",
        severity: Severity::Warning,
        title: "forced to a host that is not there",
        doc: "A forced host or node is in no cell any more: a request that honours it finds no valid \
          host. nova resets it in memory before resize, migration, evacuation and unshelve.",
        fix: Some("clear-forced-hosts"),
    },
    Rule {
        code: "RS022",
        name: "stale-fields",
        severity: Severity::Notice,
        title: "fields that nova does not store any more",
        doc: "Left over from an old release: retry, requested_destination, ignore_hosts, members and \
          hosts of the group and their like. Newer releases do not read them and drop them at the \
          next save; they only make the row longer.",
        fix: Some("strip-stale-fields"),
    },
    Rule {
        code: "RS023",
        name: "many-instances",
        severity: Severity::Notice,
        title: "asked for together with others",
        doc: "num_instances is more than 1: the instance was created in one request with others. Later \
          operations are about one instance, and nova sets the number itself. Nothing has to be \
          done.",
        fix: None,
    },
    Rule {
        code: "RS030",
        name: "zone-without-aggregate",
        severity: Severity::Warning,
        title: "pinned to a zone that no aggregate has",
        doc: "No aggregate has the zone, renamed or deleted perhaps. nova 28 and later finds no \
          aggregate and ignores the zone: the instance may go anywhere. Older releases find no \
          valid host. Unpin it, or give it the zone's new name with rename-zone.",
        fix: Some("unpin-zone"),
    },
    Rule {
        code: "RS031",
        name: "zone-differs",
        severity: Severity::Warning,
        title: "pinned to another zone than its instance is in",
        doc: "The spec asks for another zone than the one the instance is in: it was moved by force, \
          or its host changed the zone. The next resize, migration or unshelve takes it to the \
          zone of the spec. Unpin it, or set the zone that is meant.",
        fix: Some("unpin-zone"),
    },
    Rule {
        code: "RS040",
        name: "stale-flavor",
        severity: Severity::Warning,
        title: "flavor differs from the instance's",
        doc: "The flavor in the spec is not the instance's current one: extra specs were changed, the \
          flavor was made anew under the same flavorid with another integer id (for nova another \
          flavor), or a resize did not end. Migration, evacuation and unshelve go by the spec's \
          flavor, resources are claimed by the instance's.",
        fix: Some("refresh-flavor"),
    },
    Rule {
        code: "RS041",
        name: "stale-topology",
        severity: Severity::Warning,
        title: "NUMA topology does not fit the flavor",
        doc: "nova made numa_topology of flavor and image when the instance was created or resized; \
          now they do not fit: another number of cells, CPUs or memory, or there is one too many \
          or none. Scheduling goes on with what is stored until a resize computes it anew. Correct \
          the flavor, or resize the instance.",
        fix: None,
    },
    Rule {
        code: "RS042",
        name: "topology-differs",
        severity: Severity::Warning,
        title: "NUMA topology differs from the instance's",
        doc: "numa_topology of the spec asks for other cells, CPUs or memory than the instance has \
          (instance_extra). The scheduler looks for a host for the spec's, the compute service \
          claims the instance's. A resize computes both anew.",
        fix: None,
    },
    Rule {
        code: "RS043",
        name: "leftover-pci",
        severity: Severity::Warning,
        title: "PCI devices that the flavor does not ask for",
        doc: "pci_requests has an alias that the flavor does not ask for (pci_passthrough:alias), \
          mostly left by a resize that was reverted: nova restores the flavor, not the requests. \
          Scheduling looks for a host with devices that nobody needs. Requests of network ports \
          have no alias and are right.",
        fix: Some("clear-leftover-pci"),
    },
    Rule {
        code: "RS044",
        name: "missing-pci",
        severity: Severity::Warning,
        title: "PCI devices of the flavor are not asked for",
        doc: "The flavor asks for PCI devices (pci_passthrough:alias) that pci_requests of the spec \
          does not have: scheduling takes a host without them, where the claim fails. A resize \
          computes the requests anew.",
        fix: None,
    },
    Rule {
        code: "RS045",
        name: "cpu-policies-contradict",
        severity: Severity::Error,
        title: "CPU policies of flavor and image contradict",
        doc: "hw:cpu_policy of the flavor forbids hw_cpu_policy of the image: nova refuses to resize \
          or rebuild with the two. Set one of them.",
        fix: None,
    },
    Rule {
        code: "RS050",
        name: "dangling-group",
        severity: Severity::Warning,
        title: "its server group is deleted",
        doc: "The spec names a server group that is not there any more. nova loads the spec without \
          group and drops the hint; the text still names it.",
        fix: Some("drop-dangling-group"),
    },
    Rule {
        code: "RS051",
        name: "dangling-group-unloadable",
        severity: Severity::Error,
        title: "its server group is deleted, and there are no hints",
        doc: "The spec names a server group that is not there any more, and its hints are null: nova \
          raises while it drops the hint, and the listing of all servers of the project fails.",
        fix: Some("drop-dangling-group"),
    },
    Rule {
        code: "RS052",
        name: "not-a-member",
        severity: Severity::Warning,
        title: "no member of the group that it names",
        doc: "The spec names a server group, but the instance is no member of one \
          (instance_group_member). Scheduling keeps the group's policy for this instance, while \
          the others do not count it.",
        fix: Some("relink-group"),
    },
    Rule {
        code: "RS053",
        name: "group-not-named",
        severity: Severity::Warning,
        title: "member of a group that the spec does not name",
        doc: "The instance is a member of a server group that its spec does not name: scheduling does \
          not keep the group's policy for it.",
        fix: Some("relink-group"),
    },
    Rule {
        code: "RS054",
        name: "other-group",
        severity: Severity::Warning,
        title: "member of another group than the spec names",
        doc: "The instance is a member of one server group, its spec names another: scheduling keeps \
          the policy of the wrong one.",
        fix: Some("relink-group"),
    },
    Rule {
        code: "RS055",
        name: "group-policy-differs",
        severity: Severity::Notice,
        title: "the group's policy is another one now",
        doc: "The policy stored with the spec is not the group's. nova reads the group afresh by its \
          uuid whenever it loads the spec, so the stored one does nothing. Nothing has to be done.",
        fix: None,
    },
    Rule {
        code: "RS056",
        name: "hint-differs",
        severity: Severity::Notice,
        title: "hint and stored group differ",
        doc: "The hint `group` names another group than the one stored with the spec. nova goes by the \
          stored group's uuid; the hint counts only where the group has none.",
        fix: Some("relink-group"),
    },
    Rule {
        code: "RS060",
        name: "project-differs",
        severity: Severity::Warning,
        title: "project or user differs from the instance's",
        doc: "project_id or user_id of the spec is not the instance's, or is null: the instance was \
          given to another project by a tool that left request_specs out, or the row was \
          backfilled. Filters that isolate projects judge by the spec.",
        fix: Some("fix-project"),
    },
    Rule {
        code: "RS061",
        name: "busy",
        severity: Severity::Notice,
        title: "the instance is busy",
        doc: "task_state is set: nova is at work on the instance and may write the spec any moment. \
          Wait before you change it.",
        fix: None,
    },
    Rule {
        code: "RS062",
        name: "resized",
        severity: Severity::Notice,
        title: "the instance is resized and not confirmed",
        doc: "vm_state is resized: nova writes the spec's flavor and topology again when the resize is \
          reverted. Confirm or revert it before you change the spec.",
        fix: None,
    },
    Rule {
        code: "RS070",
        name: "orphan",
        severity: Severity::Warning,
        title: "its instance is nowhere",
        doc: "No instance mapping and no instance in any cell (all were asked): the row was left \
          behind. Nothing in nova reads it. Export it, then delete it with `reqspec delete`.",
        fix: None,
    },
    Rule {
        code: "RS071",
        name: "deleted-instance",
        severity: Severity::Notice,
        title: "its instance is deleted",
        doc: "The mapping is there, and no cell has the instance as not deleted. nova keeps the spec \
          until `nova-manage db archive_deleted_rows`.",
        fix: None,
    },
    Rule {
        code: "RS072",
        name: "queued-for-delete",
        severity: Severity::Notice,
        title: "queued for deletion",
        doc: "The mapping is queued for deletion: the instance is deleted, or is to be when its cell \
          is back.",
        fix: None,
    },
    Rule {
        code: "RS073",
        name: "wrong-cell",
        severity: Severity::Error,
        title: "in the database of another cell",
        doc: "The spec stands in a cell's database, and the instance is mapped to another cell or to \
          none. Who looks where the instance is does not find it. Move it with `reqspec move`.",
        fix: None,
    },
    Rule {
        code: "RS074",
        name: "not-in-its-cell",
        severity: Severity::Warning,
        title: "scheduled, and still in the API database",
        doc: "Specs of scheduled instances live in their cells here, and this one is in the API \
          database. Move it with `reqspec move --scheduled`.",
        fix: None,
    },
    Rule {
        code: "RS075",
        name: "not-in-api",
        severity: Severity::Error,
        title: "in a cell, where nova does not read it",
        doc: "This nova reads specs from the API database alone, and this one is in a cell's only: \
          resize, migration, evacuation and unshelve raise RequestSpecNotFound. Move it back with \
          `reqspec move UUID --to api`.",
        fix: None,
    },
    Rule {
        code: "RS076",
        name: "duplicate",
        severity: Severity::Warning,
        title: "stands in several databases",
        doc: "Exactly this spec stands in another database, too: a copy, or a move that was \
          interrupted. A change of one does not reach the other. `reqspec move` to where it \
          belongs removes the one left behind.",
        fix: None,
    },
    Rule {
        code: "RS077",
        name: "conflicting-copies",
        severity: Severity::Error,
        title: "different specs in several databases",
        doc: "Databases hold different specs of the same instance, and there is no automatic winner. \
          Compare them (`reqspec show UUID`), copy the right one over the other with `reqspec copy \
          --replace`, or delete one.",
        fix: None,
    },
    Rule {
        code: "RS078",
        name: "building",
        severity: Severity::Notice,
        title: "being built",
        doc: "The instance has no cell yet and a build request: it is being scheduled. nova removes \
          the spec if that fails.",
        fix: None,
    },
    Rule {
        code: "RS079",
        name: "never-scheduled",
        severity: Severity::Warning,
        title: "without a cell and without a build request",
        doc: "The instance has a mapping without a cell and no build request: its creation broke off. \
          It shows in no listing and cannot be deleted by its owner. Export the spec, then delete \
          it and the mapping.",
        fix: None,
    },
    Rule {
        code: "RS080",
        name: "lost-cell",
        severity: Severity::Error,
        title: "mapped to a cell that is not there",
        doc: "The instance's mapping names a cell that cell_mappings does not have: nova cannot reach \
          the instance. Add the cell again, or correct the mapping.",
        fix: None,
    },
    Rule {
        code: "RS081",
        name: "unmapped",
        severity: Severity::Error,
        title: "its instance is not mapped",
        doc: "A cell has the instance, and the API database has no mapping for it: the API does not \
          find it. Map it with `nova-manage cell_v2 map_instances`.",
        fix: None,
    },
    Rule {
        code: "RS090",
        name: "missing",
        severity: Severity::Error,
        title: "an instance without a spec",
        doc: "The instance is not deleted, and no database has a spec of it: resize, migration, \
          evacuation and unshelve raise RequestSpecNotFound, and the listing of its project may \
          fail. Create one, from an export or after one of a like instance, with `reqspec create`.",
        fix: None,
    },
];
