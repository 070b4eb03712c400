//! A patient for every rule.

use reqspec::spec::Document;

use crate::built::Built;

const SPEC: &str = include_str!("../cmd/spec.json");
const UUID: &str = "11111111-aaaa-4aaa-8aaa-111111111111";
pub const GROUP: &str = "0c09e5fc-a614-49d0-ba9d-8bea8e2eda05";
pub const OTHER_GROUP: &str = "55b034c6-143d-48d2-b234-35bbe4f32efb";
const PROJECT: &str = "7d51df39858c89b85a8c48c4720fb3ab";
const USER: &str = "1a517a79b5e995e1fb1c9b529a992b39";

/// Where the mapping leads.
#[derive(Clone, Copy, PartialEq)]
pub enum Mapping {
    Nowhere,
    Unscheduled,
    /// To the cell of that id.
    Cell(u8),
}

/// An instance and its specs. As it is made, nothing is wrong with it.
#[derive(Clone)]
pub struct Patient {
    pub name: &'static str,
    pub uuid: String,
    /// Where its specs stand.
    pub specs: Vec<(&'static str, String)>,
    pub mapping: Mapping,
    pub queued: bool,
    pub built: bool,
    pub live: Vec<&'static str>,
    pub deleted: bool,
    pub host: Option<&'static str>,
    pub vm_state: &'static str,
    pub task_state: Option<&'static str>,
    pub zone: &'static str,
    pub project: &'static str,
    pub flavor: Option<String>,
    pub numa_topology: Option<String>,
    pub group: Option<u8>,
    /// The rules that it breaks, in each database.
    pub broken: Vec<(&'static str, Vec<&'static str>)>,
}

impl Patient {
    fn new(number: usize, name: &'static str) -> Self {
        let uuid = format!("{number:08x}-aaaa-4aaa-8aaa-111111111111");
        let spec = SPEC.replace(UUID, &uuid);
        let flavor = Document::parse_str(&spec).unwrap().root().field("flavor").unwrap().raw().to_owned();
        Self {
            name,
            specs: vec![("cell1", spec)],
            uuid,
            mapping: Mapping::Cell(2),
            queued: false,
            built: false,
            live: vec!["cell1"],
            deleted: false,
            host: Some("cmp1"),
            vm_state: "active",
            task_state: None,
            zone: "az1",
            project: PROJECT,
            flavor: Some(flavor),
            numa_topology: None,
            group: None,
            broken: Vec::new(),
        }
    }

    fn replace(&mut self, from: &str, to: &str) {
        for (_, spec) in &mut self.specs {
            assert!(spec.contains(from), "{}: {from}", self.name);
            *spec = spec.replacen(from, to, 1);
        }
    }

    fn in_place(&mut self, database: &'static str) {
        self.specs[0].0 = database;
    }

    fn named(&mut self, group: &str, policy: &str, hints: &str) {
        self.replace(
            "\"instance_group\": null, \"scheduler_hints\": {}",
            &format!(
                "\"instance_group\": {{\"nova_object.name\": \"InstanceGroup\", \"nova_object.namespace\": \"nova\", \
                 \"nova_object.version\": \"1.11\", \"nova_object.data\": {{\"id\": 1, \"user_id\": \"u\", \
                 \"project_id\": \"p\", \"uuid\": \"{group}\", \"name\": \"g\", \"policies\": [\"{policy}\"], \
                 \"members\": null, \"hosts\": null, \"policy\": \"{policy}\", \"_rules\": {{}}, \"created_at\": null, \
                 \"updated_at\": null, \"deleted_at\": null, \"deleted\": false}}}}, \"scheduler_hints\": {hints}"
            ),
        );
    }

    fn extra_spec(&mut self, key: &str, value: &str) {
        let extra = format!("\"extra_specs\": {{\"{key}\": \"{value}\"}}");
        self.replace("\"extra_specs\": {}", &extra);
        let flavor = self.flavor.take().unwrap();
        self.flavor = Some(flavor.replace("\"extra_specs\": {}", &extra));
    }

    fn topology(&mut self, version: &str, more: &str) -> String {
        let text = format!(
            "{{\"nova_object.name\": \"InstanceNUMATopology\", \"nova_object.namespace\": \"nova\", \
             \"nova_object.version\": \"1.3\", \"nova_object.data\": {{\"cells\": [{{\"nova_object.name\": \
             \"InstanceNUMACell\", \"nova_object.namespace\": \"nova\", \"nova_object.version\": \"{version}\", \
             \"nova_object.data\": {{\"id\": 0, {more}, \"memory\": 512, \"pagesize\": null}}}}], \
             \"emulator_threads_policy\": null}}}}"
        );
        self.replace("\"numa_topology\": null", &format!("\"numa_topology\": {text}"));
        text
    }

    fn requests(&mut self, alias: &str) {
        self.replace(
            "\"requests\": []",
            &format!(
                "\"requests\": [{{\"nova_object.name\": \"InstancePCIRequest\", \"nova_object.namespace\": \"nova\", \
                 \"nova_object.version\": \"1.4\", \"nova_object.data\": {{\"count\": 1, \"spec\": [{{\"vendor_id\": \
                 \"8086\"}}], \"alias_name\": \"{alias}\", \"is_new\": false, \"request_id\": null, \"requester_id\": \
                 null, \"numa_policy\": null}}}}]"
            ),
        );
    }

    fn statements(&self) -> Vec<(&'static str, String)> {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let or_null = |text: Option<&str>| text.map_or("NULL".to_owned(), quoted);
        let uuid = quoted(&self.uuid);
        let number = u32::from_str_radix(&self.uuid[..8], 16).unwrap();
        let mut statements = Vec::new();
        for (database, spec) in &self.specs {
            let sql = format!(
                "INSERT INTO request_specs (created_at, instance_uuid, spec) VALUES ('2020-01-01 00:00:00', {uuid}, {})",
                quoted(spec)
            );
            statements.push((*database, sql));
        }
        let cell = match self.mapping {
            Mapping::Nowhere => None,
            Mapping::Unscheduled => Some("NULL".to_owned()),
            Mapping::Cell(id) => Some(id.to_string()),
        };
        if let Some(cell) = cell {
            let queued = if self.queued { "TRUE" } else { "FALSE" };
            let sql =
                format!("INSERT INTO instance_mappings VALUES ({number}, {uuid}, {cell}, 'p', {queued})");
            statements.push(("api", sql));
        }
        if self.built {
            statements.push(("api", format!("INSERT INTO build_requests VALUES ({number}, {uuid})")));
        }
        if let Some(group) = self.group {
            statements.push((
                "api",
                format!("INSERT INTO instance_group_member VALUES ({number}, {uuid}, {group})"),
            ));
        }
        for cell in &self.live {
            let deleted = if self.deleted { number } else { 0 };
            let instance = format!(
                "INSERT INTO instances VALUES ({number}, {uuid}, {}, NULL, '{}', {}, '{}', '{USER}', '{}', {deleted})",
                or_null(self.host),
                self.vm_state,
                or_null(self.task_state),
                self.project,
                self.zone
            );
            let flavor =
                self.flavor.as_ref().map(|cur| format!("{{\"cur\": {cur}, \"old\": null, \"new\": null}}"));
            let extra = format!(
                "INSERT INTO instance_extra VALUES ({number}, {uuid}, 0, {}, {}, '[]')",
                or_null(flavor.as_deref()),
                or_null(self.numa_topology.as_deref())
            );
            statements.extend([(*cell, instance), (*cell, extra)]);
        }
        statements
    }
}

/// Specs of scheduled instances live in their cells here.
pub fn all() -> Vec<Patient> {
    let mut patients: Vec<Patient> = Vec::new();
    let mut add = |name: &'static str, broken: &[&'static str], change: &dyn Fn(&mut Patient)| {
        let mut patient = Patient::new(patients.len() + 1, name);
        change(&mut patient);
        if !broken.is_empty() {
            let place = patient.specs.first().map_or("cell1", |(database, _)| *database);
            patient.broken = vec![(place, broken.to_vec())];
        }
        patients.push(patient);
    };
    add("healthy", &[], &|_| {});
    add("healthy, of a group", &[], &|p| {
        p.named(GROUP, "affinity", "{}");
        p.group = Some(1);
    });
    add("healthy, no zone and no flavor of old", &[], &|p| {
        p.replace("\"availability_zone\": \"az1\"", "\"availability_zone\": null");
        p.flavor = None;
    });
    add("cut short", &["RS001"], &|p| p.specs[0].1.truncate(600));
    add("wrong namespace", &["RS002"], &|p| p.replace("namespace\": \"nova\"", "namespace\": \"ironic\""));
    add("three-part version", &["RS003"], &|p| p.replace("version\": \"1.15\"", "version\": \"1.15.1\""));
    add("newer version", &["RS004"], &|p| p.replace("version\": \"1.15\"", "version\": \"1.16\""));
    add("old release", &["RS005"], &|p| p.replace("version\": \"1.15\"", "version\": \"1.12\""));
    add("legacy pinning", &["RS006"], &|p| {
        p.extra_spec("hw:cpu_policy", "dedicated");
        let text = p.topology("1.4", "\"cpuset\": [0], \"cpu_policy\": \"dedicated\"");
        p.numa_topology = Some(text);
    });
    add("a text as a list", &["RS010"], &|p| {
        p.replace("\"ignore_hosts\": null", "\"ignore_hosts\": null, \"force_hosts\": \"cmp1\"");
        p.replace(", \"force_hosts\": null", "");
    });
    add("a key twice", &["RS011"], &|p| {
        p.replace("\"is_bfv\": false", "\"is_bfv\": false, \"is_bfv\": false")
    });
    add("unknown field", &["RS012"], &|p| {
        p.replace("\"is_bfv\": false", "\"is_bfv\": false, \"novelty\": 1")
    });
    add("check type", &["RS013"], &|p| {
        p.replace("\"scheduler_hints\": {}", "\"scheduler_hints\": {\"_nova_check_type\": [\"rebuild\"]}");
    });
    add("control characters", &["RS014"], &|p| {
        p.replace("\"scheduler_hints\": {}", "\"scheduler_hints\": {\"note\": [\"a\\u001b[2Jb\"]}");
    });
    add("a date in another form", &["RS015"], &|p| p.replace("2017-11-26T15:02:07Z", "2017-11-26 15:02:07"));
    add("no hints", &["RS016"], &|p| p.replace("\"scheduler_hints\": {}", "\"scheduler_hints\": null"));
    add("another instance", &["RS017"], &|p| {
        let own = format!("\"instance_uuid\": \"{}\", \"security_groups\"", p.uuid);
        p.replace(&own, &format!("\"instance_uuid\": \"{UUID}\", \"security_groups\""));
    });
    add("forced", &["RS020"], &|p| p.replace("\"force_hosts\": null", "\"force_hosts\": [\"CMP1\"]"));
    add("forced to a node", &["RS020"], &|p| {
        p.replace("\"force_nodes\": null", "\"force_nodes\": [\"cmp2.example\"]");
    });
    add("forced to a host that is gone", &["RS020", "RS021"], &|p| {
        p.replace("\"force_hosts\": null", "\"force_hosts\": [\"old\"]");
    });
    add("left-overs", &["RS022"], &|p| p.replace("\"ignore_hosts\": null", "\"ignore_hosts\": [\"cmp1\"]"));
    add("many", &["RS023"], &|p| p.replace("\"num_instances\": 1", "\"num_instances\": 5"));
    add("zone without aggregate", &["RS030"], &|p| {
        p.replace("\"availability_zone\": \"az1\"", "\"availability_zone\": \"az3\"");
        p.zone = "az3";
    });
    add("another zone", &["RS031"], &|p| p.zone = "az2");
    add("stale flavor", &["RS040"], &|p| {
        p.flavor = p.flavor.as_ref().map(|flavor| flavor.replace("\"vcpus\": 1", "\"vcpus\": 2"));
    });
    add("topology of no flavor", &["RS041"], &|p| {
        let text = p.topology("1.6", "\"cpuset\": [0], \"pcpuset\": [], \"cpu_policy\": null");
        p.numa_topology = Some(text);
    });
    add("another topology", &["RS042"], &|p| {
        p.extra_spec("hw:numa_nodes", "1");
        p.topology("1.6", "\"cpuset\": [0], \"pcpuset\": [], \"cpu_policy\": null");
    });
    add("leftover PCI", &["RS043"], &|p| p.requests("a10"));
    add("missing PCI", &["RS044"], &|p| p.extra_spec("pci_passthrough:alias", "a10:1"));
    add("policies contradict", &["RS045"], &|p| {
        p.extra_spec("hw:cpu_policy", "shared");
        p.replace(
            "\"nova_object.version\": \"1.37\", \"nova_object.data\": {}",
            "\"nova_object.version\": \"1.37\", \"nova_object.data\": {\"hw_cpu_policy\": \"dedicated\"}",
        );
    });
    let gone = "1cfc59b6-0b33-4fd0-bb87-c924e1a79a97";
    add("dangling group", &["RS050"], &|p| p.named(gone, "affinity", "{}"));
    add("dangling group by its hint", &["RS050"], &|p| {
        p.replace("\"scheduler_hints\": {}", &format!("\"scheduler_hints\": {{\"group\": [\"{gone}\"]}}"));
    });
    add("dangling group without hints", &["RS016", "RS051"], &|p| p.named(gone, "affinity", "null"));
    add("no member", &["RS052"], &|p| p.named(GROUP, "affinity", "{}"));
    add("a member, not named", &["RS053"], &|p| p.group = Some(1));
    add("a member of another", &["RS054"], &|p| {
        p.named(OTHER_GROUP, "anti-affinity", "{}");
        p.group = Some(1);
    });
    add("another policy", &["RS055"], &|p| {
        p.named(GROUP, "anti-affinity", "{}");
        p.group = Some(1);
    });
    add("another hint", &["RS056"], &|p| {
        p.named(GROUP, "affinity", &format!("{{\"group\": [\"{OTHER_GROUP}\"]}}"));
        p.group = Some(1);
    });
    add("another project", &["RS060"], &|p| p.project = "another");
    add("busy", &["RS061"], &|p| p.task_state = Some("rebuilding"));
    add("resized", &["RS062"], &|p| p.vm_state = "resized");
    add("orphan", &["RS070"], &|p| {
        (p.mapping, p.live) = (Mapping::Nowhere, vec![]);
    });
    add("deleted", &["RS071"], &|p| p.deleted = true);
    add("queued for deletion", &["RS072"], &|p| (p.queued, p.deleted) = (true, true));
    add("wrong cell", &["RS073"], &|p| {
        p.in_place("cell2");
    });
    add("not in its cell", &["RS074"], &|p| p.in_place("api"));
    add("building", &["RS078"], &|p| {
        p.in_place("api");
        (p.mapping, p.live, p.built) = (Mapping::Unscheduled, vec![], true);
    });
    add("never scheduled", &["RS079"], &|p| {
        p.in_place("api");
        (p.mapping, p.live) = (Mapping::Unscheduled, vec![]);
    });
    add("lost cell", &["RS080"], &|p| p.mapping = Mapping::Cell(77));
    add("unmapped", &["RS081"], &|p| p.mapping = Mapping::Nowhere);
    add("missing", &["RS090"], &|p| p.specs.clear());
    add("nothing to miss in cell0", &[], &|p| {
        p.specs.clear();
        (p.mapping, p.live) = (Mapping::Cell(1), vec!["cell0"]);
    });
    add("nothing to miss of a deleted one", &[], &|p| {
        p.specs.clear();
        (p.queued, p.deleted) = (true, true);
    });
    add("two alike", &[], &|p| {
        p.specs.push(("cell2", p.specs[0].1.clone()));
        p.broken = vec![("cell1", vec!["RS076"]), ("cell2", vec!["RS073", "RS076"])];
    });
    add("two unlike", &[], &|p| {
        p.specs.push(("api", format!("{} ", p.specs[0].1)));
        p.broken = vec![("api", vec!["RS074", "RS077"]), ("cell1", vec!["RS077"])];
    });
    patients
}

/// All of them in a deployment.
pub fn admit(built: &Built, patients: &[Patient]) {
    for database in crate::built::NAMES {
        let statements =
            patients.iter().flat_map(Patient::statements).filter(|(place, _)| *place == database);
        let all: Vec<String> = statements.map(|(_, statement)| statement).collect();
        built.run(database, &all.join(";\n"));
    }
}
