//! The fields that a query can name: ONE table. The parser, the completion, the columns of lists,
//! sorting, group-by and docs/query.md derive from it.
//!
//! Imports its siblings; no I/O.

use std::sync::Arc;

use super::json_path::JsonPath;
use super::lexer::written_key;

/// How the values of a field are written and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Any text; `=` is exact, `:` leaves letter case aside.
    Text,
    /// A number.
    Number,
    /// A number of bytes in that unit; operands may be written with K, M, G, T (of 1,024).
    Size(Unit),
    /// A moment, naive UTC. An operand is a date, whole or its beginning (`2026`, `2026-05`, `2026-05-01`,
    /// `2026-05-01T10:00`), or an age: `30d`, `12h`.
    Time,
    /// Yes or no.
    Flag,
    /// Numbers with dots between them: `1.9` is before `1.15`.
    Version,
    /// A uuid; a beginning of at least 8 characters stands for all that begin so.
    Uuid,
    /// Whatever the stored text holds: compared as numbers where both sides are numbers, else as text.
    Any,
}

/// What a stored size counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// MiB.
    Mebibytes,
    /// GiB.
    Gibibytes,
}

/// Where the values of a field come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// Column `instance_uuid`.
    Instance,
    /// Column `id`.
    Id,
    /// Column `created_at`.
    Created,
    /// Column `updated_at`, else `created_at`.
    Updated,
    /// Bytes of the stored text.
    Size,
    /// Name of the database: `api`, or the cell's.
    Database,
    /// All values at all of these paths.
    Paths(Arc<[JsonPath]>),
    /// How many elements or members the value at that path has; nothing where there is none.
    Count(JsonPath),
    /// The letters of what the spec demands ([`crate::spec::summary::DEMANDS`]), each a value.
    Demands,
    /// The nova release that wrote the row, as far as its object versions tell: a number.
    Era,
    /// Why the row cannot be read or loaded ([`crate::spec::summary::Summary::problem`]).
    Problem,
    /// What other tables of nova say.
    Fact(Fact),
}

/// What other tables of nova say of a spec's instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fact {
    /// `instances.host` of its cell.
    Host,
    /// `instances.node`.
    Node,
    /// `instances.vm_state`.
    State,
    /// `instances.task_state`.
    Task,
    /// `instances.display_name`.
    Name,
    /// `instances.availability_zone`.
    Zone,
    /// `instances.project_id`.
    Project,
    /// `instances.user_id`.
    User,
    /// The cell that `instance_mappings` names; `none` while it has no cell.
    Mapped,
    /// `instance_mappings.queued_for_delete`.
    QueuedForDelete,
    /// How the same instance's spec on the other side compares (a cell's with the API database's, and
    /// the API database's with those of the cells): `equal`, `different`, `missing`. Equal means the
    /// same bytes; several in cells that do not all agree are `different`.
    Twin,
}

/// A field, resolved: what a query, a column, an order or a group names.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its canonical name: `az`, `extra.hw:cpu_policy`, `$.limits`.
    pub name: Arc<str>,
    /// How its values are compared.
    pub kind: Kind,
    /// Where they come from.
    pub source: Source,
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Field {}

impl std::hash::Hash for Field {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// A field of the table.
#[derive(Debug)]
pub struct Named {
    /// What it is called.
    pub name: &'static str,
    /// Other names that are understood.
    pub aliases: &'static [&'static str],
    /// How its values are compared.
    pub kind: Kind,
    /// What it is, a whole sentence.
    pub help: &'static str,
    /// A query that uses it.
    pub example: &'static str,
    /// Its head as a column of a list.
    pub head: &'static str,
    source: Given,
}

/// [`Source`] as a constant can hold it: paths with dots, `*` for every element.
#[derive(Debug)]
enum Given {
    Is(Source),
    Paths(&'static [&'static [&'static str]]),
    Count(&'static [&'static str]),
}

/// A family of fields: a name, a dot and a key.
#[derive(Debug)]
pub struct Family {
    /// The name before the dot; alone it stands for all keys.
    pub name: &'static str,
    /// Other names that are understood.
    pub aliases: &'static [&'static str],
    /// What it is, a whole sentence.
    pub help: &'static str,
    /// A query that uses it.
    pub example: &'static str,
    path: &'static [&'static str],
}

macro_rules! fields {
    ($($name:literal $aliases:tt $kind:expr, $head:literal, $source:expr, $help:literal, $example:literal;)*) => {
        /// All fields with a name of their own, in the order of the documentation.
        pub static FIELDS: &[Named] = &[$(Named {
            name: $name, aliases: &$aliases, kind: $kind, help: $help, example: $example, head: $head, source: $source,
        }),*];
    };
}

fields! {
    "uuid" ["instance", "instance_uuid"] Kind::Uuid, "INSTANCE", Given::Is(Source::Instance),
        "The instance's uuid (the column), or its beginning.", "uuid=3f0c9a1e";
    "db" ["database"] Kind::Text, "DATABASE", Given::Is(Source::Database),
        "The database that holds the row: api, or a cell's name.", "db=cell1";
    "flavor" ["flavor.name"] Kind::Text, "FLAVOR", Given::Paths(&[&["flavor", "name"]]),
        "The flavor's name.", "flavor~^m1";
    "flavorid" ["flavor_id"] Kind::Text, "FLAVORID", Given::Paths(&[&["flavor", "flavorid"]]),
        "The flavor's id as users see it.", "flavorid=42";
    "vcpus" ["vcpu", "cpus"] Kind::Number, "VCPU", Given::Paths(&[&["flavor", "vcpus"]]),
        "Virtual CPUs of the flavor.", "vcpus>=8";
    "ram" ["memory", "memory_mb"] Kind::Size(Unit::Mebibytes), "RAM", Given::Paths(&[&["flavor", "memory_mb"]]),
        "Memory of the flavor; a number without a unit is MiB.", "ram>16G";
    "disk" ["root", "root_gb"] Kind::Size(Unit::Gibibytes), "DISK", Given::Paths(&[&["flavor", "root_gb"]]),
        "Root disk of the flavor; a number without a unit is GiB.", "disk>=100";
    "ephemeral" ["ephemeral_gb"] Kind::Size(Unit::Gibibytes), "EPHEMERAL", Given::Paths(&[&["flavor", "ephemeral_gb"]]),
        "Ephemeral disk of the flavor; a number without a unit is GiB.", "ephemeral";
    "swap" [] Kind::Size(Unit::Mebibytes), "SWAP", Given::Paths(&[&["flavor", "swap"]]),
        "Swap disk of the flavor; a number without a unit is MiB.", "swap>0";
    "az" ["zone", "availability_zone"] Kind::Text, "AZ", Given::Paths(&[&["availability_zone"]]),
        "The availability zone that was asked for.", "az=az1,az2";
    "project" ["project_id", "tenant"] Kind::Text, "PROJECT", Given::Paths(&[&["project_id"]]),
        "The project's id.", "project=p1";
    "user" ["user_id"] Kind::Text, "USER", Given::Paths(&[&["user_id"]]), "The user's id.", "user=u1";
    "image" ["image.name"] Kind::Text, "IMAGE", Given::Paths(&[&["image", "name"]]), "The image's name.", "image:ubuntu";
    "imageid" ["image_id", "image.id"] Kind::Text, "IMAGEID", Given::Paths(&[&["image", "id"]]),
        "The image's id.", "imageid=8f1d2c3b-0000-4000-8000-000000000001";
    "os" [] Kind::Text, "OS",
        Given::Paths(&[&["image", "properties", "os_distro"], &["image", "properties", "os_type"]]),
        "What the image says of the operating system: os_distro, os_type.", "os=windows";
    "group" ["server_group"] Kind::Text, "GROUP",
        Given::Paths(&[&["instance_group", "uuid"], &["instance_group", "name"], &["scheduler_hints", "group", "*"]]),
        "The server group: uuid, name, and the hint.", "group";
    "policy" [] Kind::Text, "POLICY",
        Given::Paths(&[&["instance_group", "policy"], &["instance_group", "policies", "*"]]),
        "The server group's policy.", "policy:anti";
    "numa" [] Kind::Number, "NUMA", Given::Count(&["numa_topology", "cells"]),
        "How many NUMA nodes the stored topology has.", "numa>1";
    "pagesize" ["page_size"] Kind::Text, "PAGESIZE",
        Given::Paths(&[
            &["flavor", "extra_specs", "hw:mem_page_size"],
            &["image", "properties", "hw_mem_page_size"],
            &["numa_topology", "cells", "*", "pagesize"],
        ]),
        "The size of memory pages: of the flavor, the image, the stored topology.", "pagesize=1GB";
    "pci" [] Kind::Text, "PCI",
        Given::Paths(&[&["flavor", "extra_specs", "pci_passthrough:alias"], &["pci_requests", "requests", "*", "alias_name"]]),
        "The aliases of PCI devices: of the flavor and of the stored requests.", "pci:gpu";
    "pcirequests" ["pci_requests"] Kind::Number, "PCIREQUESTS", Given::Count(&["pci_requests", "requests"]),
        "How many PCI requests are stored.", "pcirequests>0";
    "bfv" ["is_bfv", "volume"] Kind::Flag, "BFV", Given::Paths(&[&["is_bfv"]]), "Whether it boots from a volume.", "bfv";
    "forced" ["force_hosts", "force_nodes"] Kind::Text, "FORCED", Given::Paths(&[&["force_hosts", "*"], &["force_nodes", "*"]]),
        "Hosts and nodes that it is forced to.", "forced";
    "ignored" ["ignore_hosts"] Kind::Text, "IGNORED", Given::Paths(&[&["ignore_hosts", "*"]]),
        "Hosts that are ignored.", "ignored=cmp1";
    "destination" ["requested_destination"] Kind::Text, "DESTINATION",
        Given::Paths(&[&["requested_destination", "host"], &["requested_destination", "node"]]),
        "The host or node that was asked for as the destination.", "destination";
    "demands" [] Kind::Text, "DEMANDS", Given::Is(Source::Demands),
        "What the spec demands, the letters of the list: G H N P F I D V. One letter (N) is among them; several (NP) are all of them, in this order.", "demands=N,P";
    "version" [] Kind::Version, "VERSION", Given::Paths(&[&["nova_object.version"]]),
        "The version of the RequestSpec.", "version<1.12";
    "era" ["release"] Kind::Number, "ERA", Given::Is(Source::Era),
        "The nova release that wrote the row, as far as its object versions tell: 13 is Mitaka.", "era<=17";
    "size" ["bytes"] Kind::Size(Unit::Bytes), "SIZE", Given::Is(Source::Size),
        "Bytes of the stored text.", "size>64K";
    "broken" ["problem"] Kind::Text, "PROBLEM", Given::Is(Source::Problem),
        "Why the row cannot be read, or nova cannot load it.", "broken";
    "created" ["created_at"] Kind::Time, "CREATED", Given::Is(Source::Created),
        "When the row was written first (UTC).", "created<2024-05-01";
    "updated" ["updated_at"] Kind::Time, "UPDATED", Given::Is(Source::Updated),
        "When the row was written last (UTC).", "updated>30d";
    "id" [] Kind::Number, "ID", Given::Is(Source::Id), "The row's id.", "id<1000";
    "instance.host" ["host"] Kind::Text, "HOST", Given::Is(Source::Fact(Fact::Host)),
        "The host that the instance is on.", "instance.host=cmp1";
    "instance.node" ["node"] Kind::Text, "NODE", Given::Is(Source::Fact(Fact::Node)),
        "The hypervisor's node that the instance is on.", "instance.node=cmp1.example.org";
    "instance.state" ["state", "instance.vm_state"] Kind::Text, "STATE", Given::Is(Source::Fact(Fact::State)),
        "The instance's vm_state.", "instance.state=active,stopped";
    "instance.task" ["task", "instance.task_state"] Kind::Text, "TASK", Given::Is(Source::Fact(Fact::Task)),
        "The instance's task_state.", "instance.task";
    "instance.name" ["name"] Kind::Text, "NAME", Given::Is(Source::Fact(Fact::Name)),
        "The instance's display name.", "instance.name:web";
    "instance.az" ["instance.zone"] Kind::Text, "INSTANCE AZ", Given::Is(Source::Fact(Fact::Zone)),
        "The zone that the instance is in.", "instance.az=az2";
    "instance.project" [] Kind::Text, "INSTANCE PROJECT", Given::Is(Source::Fact(Fact::Project)),
        "The instance's project.", "instance.project=p1";
    "instance.user" [] Kind::Text, "INSTANCE USER", Given::Is(Source::Fact(Fact::User)),
        "The instance's user.", "instance.user=u1";
    "mapped" ["cell"] Kind::Text, "MAPPED", Given::Is(Source::Fact(Fact::Mapped)),
        "The cell that instance_mappings names; none while it has no cell.", "mapped=cell1";
    "queued_for_delete" [] Kind::Flag, "QUEUED", Given::Is(Source::Fact(Fact::QueuedForDelete)),
        "Whether nova has marked the instance's mapping for deletion.", "queued_for_delete";
    "twin" [] Kind::Text, "TWIN", Given::Is(Source::Fact(Fact::Twin)),
        "The same instance's spec on the other side (API database or cells): equal, different, missing.", "twin=different";
}

/// The families.
pub static FAMILIES: &[Family] = &[
    Family {
        name: "extra",
        aliases: &["extra_specs", "flavor.extra_specs"],
        help: "An extra spec of the flavor.",
        example: "extra.hw:cpu_policy=dedicated",
        path: &["flavor", "extra_specs"],
    },
    Family {
        name: "hint",
        aliases: &["hints", "scheduler_hints"],
        help: "A scheduler hint; each of its values counts.",
        example: "hint.same_host",
        path: &["scheduler_hints"],
    },
    Family {
        name: "image",
        aliases: &["property", "image.properties"],
        help: "A property of the image.",
        example: "image.hw_disk_bus=virtio",
        path: &["image", "properties"],
    },
];

impl Named {
    /// The field.
    pub fn field(&self) -> Field {
        let source = match &self.source {
            Given::Is(source) => source.clone(),
            Given::Paths(paths) => Source::Paths(paths.iter().map(|keys| JsonPath::of(keys)).collect()),
            Given::Count(keys) => Source::Count(JsonPath::of(keys)),
        };
        Field { name: Arc::from(self.name), kind: self.kind, source }
    }
}

impl Family {
    /// The field of one key.
    pub fn field(&self, key: &str) -> Field {
        let path = JsonPath::of(self.path).join(key);
        // A hint is a list of texts; others are single values.
        let every = path.clone().every();
        Field {
            name: format!("{}.{}", self.name, written_key(key)).into(),
            kind: Kind::Any,
            source: Source::Paths(Arc::from([path, every])),
        }
    }

    /// What holds the keys.
    pub fn container(&self) -> Field {
        Field::at(JsonPath::of(self.path))
    }

    /// All keys at once. Where a field of the table has the family's name (`image`), that name alone
    /// means the field, and this one is called `image.*`.
    pub fn all(&self) -> Field {
        let path = JsonPath::of(self.path).every();
        let every = path.clone().every();
        let name = match Field::named(self.name) {
            Some(_) => Arc::from(format!("{}.*", self.name)),
            None => Arc::from(self.name),
        };
        Field { name, kind: Kind::Any, source: Source::Paths(Arc::from([path, every])) }
    }
}

impl Field {
    /// The field of the table with that name or alias; None for families and paths.
    pub fn named(name: &str) -> Option<Field> {
        FIELDS.iter().find(|field| field.name == name || field.aliases.contains(&name)).map(Named::field)
    }

    /// A path of the stored text.
    pub fn at(path: JsonPath) -> Field {
        Field { name: path.to_string().into(), kind: Kind::Any, source: Source::Paths(Arc::from([path])) }
    }

    /// What the other tables are asked for this, if anything.
    pub fn fact(&self) -> Option<Fact> {
        match self.source {
            Source::Fact(fact) => Some(fact),
            _ => None,
        }
    }
}
