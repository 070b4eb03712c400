//! The command line's words: every option, with the text that `--help` shows.
//!
//! Imports `store`, `deployment` and `change` for the types of its values. Addresses stay texts here: clap repeats a value that it
//! refuses, and they may hold a password; for the same reason their arguments have no Debug.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::change::ChangeId;
use crate::deployment::profile;
use crate::store::DatabaseName;

const EXIT_CODES: &str = "\
Exit codes:
  0  done, or nothing to do
  1  error: a database cannot be used, a write failed
  2  usage: the command line, a profile or a nova.conf cannot be meant
  3  not found
  4  conflict: someone else changed the spec, or another one is in the way; nothing overwritten
  5  refused: a rule, --read-only, an account that may not write, or a confirm step without
     --yes and without a terminal
  6  partly done: of many specs some were changed, others not

Where the databases are: --api, else --env, else --nova-conf and --config-dir, else
$REQSPEC_ENV, else $REQSPEC_NOVA_CONF, else the profile file's default, else
/etc/nova/nova.conf and its kin. The cells are found in the API database.

Addresses are SQLAlchemy URLs as in nova.conf (mysql+pymysql://user@host/nova_api,
postgresql://user@host/nova_api, sqlite:////abs/path) or plain paths of SQLite files.";

/// Inspect, edit and move the RequestSpecs that OpenStack nova stores.
///
/// Without a command it opens the terminal UI.
#[derive(Parser)]
#[command(name = "reqspec", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Arguments {
    #[command(flatten)]
    pub deployment: DeploymentArguments,
    #[command(flatten)]
    pub journal: JournalArguments,
    #[command(flatten)]
    pub tui: TuiArguments,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Where changes are written down.
#[derive(Args)]
#[command(next_help_heading = "Journal")]
pub struct JournalArguments {
    /// The journal of changes [default: $REQSPEC_JOURNAL, else ~/.local/state/reqspec/journal.sqlite]
    #[arg(long, global = true, value_name = "PATH")]
    pub journal: Option<PathBuf>,
}

/// Which databases.
#[derive(Args)]
#[command(next_help_heading = "Deployment")]
pub struct DeploymentArguments {
    /// The API database; its cells are found in it
    #[arg(long, global = true, value_name = "URL")]
    pub api: Option<String>,
    /// A cell's database, in place of what the API database says of it; one --cell for each
    #[arg(long = "cell", global = true, value_name = "NAME=URL")]
    pub cells: Vec<String>,
    /// An environment of the profile file (`reqspec environments` lists them)
    #[arg(long, global = true, value_name = "NAME")]
    pub env: Option<String>,
    /// nova's configuration; may be given several times, as nova's --config-file
    #[arg(long, global = true, value_name = "FILE")]
    pub nova_conf: Vec<PathBuf>,
    /// A directory with fragments of nova's configuration
    #[arg(long = "config-dir", global = true, value_name = "DIR")]
    pub config_dirs: Vec<PathBuf>,
    /// The profile file [default: $REQSPEC_CONFIG, else ~/.config/reqspec/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How long a database is waited for [default: 5 to connect, 15 for an answer]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// The environment's name, shown before anything is changed [default: of the profile, else from
    /// the API database's address]
    #[arg(long, global = true, value_name = "NAME")]
    pub env_name: Option<String>,
    /// Where the specs of scheduled instances belong [default: of the profile, else api where the
    /// API database has upstream nova's alembic_version table, else cells]
    #[arg(long, global = true, value_name = "HOME")]
    pub spec_home: Option<HomeArgument>,
    /// Refuse every change
    #[arg(long, global = true)]
    pub read_only: bool,
}

/// The options that may come several times: clap keeps the values of a global one from one level only.
pub const REPEATABLE: [&str; 3] = ["--cell", "--nova-conf", "--config-dir"];

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(profile::timeout);
    seconds.ok_or_else(|| profile::TIMEOUT.to_owned())
}

/// `--spec-home`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HomeArgument {
    Api,
    Cells,
}

/// Options of the terminal UI.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct TuiArguments {
    /// Start the terminal UI ready to write; otherwise W asks for it
    #[arg(long, conflicts_with = "read_only", help_heading = "Terminal UI")]
    pub write: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the terminal UI
    Tui(TuiArguments),
    /// Open the terminal UI on a sample deployment, kept in your data directory
    Demo(DemoArguments),
    /// List specs, page by page
    List(ListArguments),
    /// Show a spec, from whichever database holds it
    Show(ShowArguments),
    /// Store a new spec
    Create(CreateArguments),
    /// Change fields of a spec, or of many, or a spec's raw JSON in $EDITOR
    Edit(EditArguments),
    /// Move a spec to another database, or many
    Move(MoveArguments),
    /// Copy a spec to another database
    Copy(CopyArguments),
    /// Delete a spec
    Delete(DeleteArguments),
    /// Repair a spec, or many, by the name of a repair
    Repair(RepairArguments),
    /// Carry out a plan that --plan-out wrote
    Apply(ApplyArguments),
    /// Continue a change of many specs that was interrupted
    Resume(ResumeArguments),
    /// What was changed, from the journal
    History(HistoryArguments),
    /// Take a change back
    Undo(UndoArguments),
    /// Do again what was undone
    Redo(UndoArguments),
    /// Finish or take back changes that were interrupted
    Recover(RecoverArguments),
    /// The table of specs in each database
    Db(DbArguments),
    /// The databases that were found, and how each is
    Cells(CellsArguments),
    /// The environments of the profile file
    Environments(EnvironmentsArguments),
    /// What is wrong with the specs of all databases, and what cures it
    Doctor(DoctorArguments),
}

const DOCTOR_HELP: &str = "\
docs/findings.md lists the rules. Of each, the first specs are shown; --json prints every finding:

  reqspec doctor
  reqspec doctor --in cell1 --rule stale-flavor --rule RS021 --examples 20
  reqspec doctor --where 'project=billing' --json
  reqspec doctor --fail-on error        # exit code 7 where there are errors";

#[derive(Debug, Args)]
#[command(after_help = DOCTOR_HELP)]
pub struct DoctorArguments {
    /// Examine this database only: api or a cell's name; the others are asked about its instances
    #[arg(long = "in", value_name = "DB", value_parser = database)]
    pub database: Option<DatabaseName>,
    /// Only specs that the query is true of; of several, all must be
    #[arg(long = "where", value_name = "QUERY")]
    pub queries: Vec<String>,
    /// Only this rule, by code or name; may be given several times
    #[arg(long = "rule", value_name = "RULE")]
    pub rules: Vec<String>,
    /// Specs shown of each rule and database
    #[arg(long, value_name = "N", default_value_t = 3, conflicts_with = "json")]
    pub examples: usize,
    /// Print only the uuids, one in a line: `reqspec repair NAME $(reqspec doctor --rule RULE --uuids)`
    #[arg(long, conflicts_with_all = ["json", "examples"])]
    pub uuids: bool,
    /// End with exit code 7 where there is a finding of that weight, or a heavier one
    #[arg(long, value_name = "WEIGHT")]
    pub fail_on: Option<WeightArgument>,
    /// Print one JSON object per finding as it is found, and a summary last
    #[arg(long)]
    pub json: bool,
}

/// `--fail-on`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WeightArgument {
    Notice,
    Warning,
    Error,
}

#[derive(Debug, Args)]
pub struct CellsArguments {
    /// Print one JSON object per database
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct EnvironmentsArguments {
    /// Print one JSON object per environment
    #[arg(long)]
    pub json: bool,
}

/// How a change is confirmed and reported.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Confirming")]
pub struct ChangeArguments {
    /// Do it without asking
    #[arg(long, short)]
    pub yes: bool,
    /// Answer the confirm step with the word, or number of specs, that it wants typed
    #[arg(long, value_name = "WORD", conflicts_with = "yes")]
    pub confirm: Option<String>,
    /// Overrule what can be overruled; beside --yes it also stands for a word to be typed
    #[arg(long)]
    pub force: bool,
    /// Print what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write the plan to a new file instead of carrying it out; `reqspec apply FILE` does that later
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub plan_out: Option<PathBuf>,
    /// Why, for the journal
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Which specs, of many.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Many specs")]
pub struct WhomArguments {
    /// All specs that the query is true of; of several, all must be
    #[arg(long = "where", value_name = "QUERY", conflicts_with = "uuid")]
    pub queries: Vec<String>,
    /// The same with a query that the profile file keeps under a name
    #[arg(long, value_name = "NAME", conflicts_with = "uuid")]
    pub saved: Vec<String>,
    /// At most so many, the first by database and id
    #[arg(long, value_name = "N", conflicts_with = "uuid", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
}

/// How fast many specs are changed.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Many specs")]
pub struct PaceArguments {
    /// At most so many specs a second, to spare the databases
    #[arg(long, value_name = "SPECS", value_parser = rate)]
    pub rate: Option<f64>,
    /// Specs in one transaction
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = batch)]
    pub batch: usize,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && (0.01..=1e9).contains(rate));
    rate.ok_or_else(|| "give a number of specs a second, 0.01 or more".to_owned())
}

fn batch(text: &str) -> Result<usize, String> {
    let batch = text.parse().ok().filter(|batch| (1..=5_000).contains(batch));
    batch.ok_or_else(|| "give a number from 1 to 5000".to_owned())
}

/// Where specs are moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToArgument {
    Mapped,
    Database(DatabaseName),
}

fn to(text: &str) -> Result<ToArgument, String> {
    if text == "mapped" { Ok(ToArgument::Mapped) } else { database(text).map(ToArgument::Database) }
}

/// `api`, or a cell's name.
pub fn database(text: &str) -> Result<DatabaseName, String> {
    match text {
        "" => Err("give `api` or a cell's name".to_owned()),
        _ if text.eq_ignore_ascii_case("api") => Ok(DatabaseName::Api),
        _ => Ok(DatabaseName::cell(text)),
    }
}

#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Throw away the demo's databases and unpack them afresh
    #[arg(long)]
    pub reset: bool,
    /// Print the first screen as text instead of opening the terminal UI
    #[arg(long)]
    pub headless: bool,
}

const LIST_HELP: &str = "\
Queries are those of the terminal UI; docs/query.md lists the fields and what can be asked:

  reqspec list --where 'az=az1 (extra.hw:cpu_policy=dedicated or group)'
  reqspec list --where 'updated>30d not forced' --sort -vcpus --columns uuid,flavor,vcpus
  reqspec list --where 'db=api mapped=cell1' --format uuids
  reqspec list --count-by az,flavor";

#[derive(Debug, Args)]
#[command(after_help = LIST_HELP)]
pub struct ListArguments {
    /// This database only: api or a cell's name
    #[arg(long = "in", value_name = "DB", value_parser = database)]
    pub database: Option<DatabaseName>,
    /// Only specs that the query is true of; of several, all must be
    #[arg(long = "where", value_name = "QUERY")]
    pub queries: Vec<String>,
    /// What `--where` was called before it took queries.
    #[arg(long, value_name = "TEXT", hide = true, num_args = 0..=1, default_missing_value = "", value_parser = no_filter)]
    pub filter: Option<String>,
    /// The same with a query that the profile file keeps under a name
    #[arg(long, value_name = "NAME")]
    pub saved: Vec<String>,
    /// By which field: vcpus or -vcpus, the greatest first; updated and created begin with the last
    #[arg(long, value_name = "FIELD", default_value = "id", allow_hyphen_values = true)]
    pub sort: String,
    /// Which fields, with commas between them
    #[arg(long, value_name = "FIELDS")]
    pub columns: Option<String>,
    /// Count the specs for each combination of values of these fields
    #[arg(long, value_name = "FIELDS", conflicts_with_all = ["sort", "columns"])]
    pub count_by: Option<String>,
    /// At most so many lines in all
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// How they are written
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: FormatArgument,
    /// The same as --format jsonl
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
}

/// An option that is gone says what is in its place.
fn no_filter(text: &str) -> Result<String, String> {
    let query = if text.is_empty() { "QUERY" } else { text };
    Err(format!("there is no --filter any more; use --where '{query}'"))
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArgument {
    Table,
    Jsonl,
    Csv,
    Uuids,
}

#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The instance's uuid, or a unique beginning of at least 6 characters
    pub uuid: String,
    /// From this database only: api or a cell's name
    #[arg(long = "in", value_name = "DB", value_parser = database)]
    pub database: Option<DatabaseName>,
    /// Print the stored bytes exactly as they are
    #[arg(long, conflicts_with = "json")]
    pub raw: bool,
    /// Print one JSON object per copy
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct CreateArguments {
    /// File with the spec's JSON text; - reads standard input
    pub file: PathBuf,
    /// Where: api or a cell's name
    #[arg(long, value_name = "DB", value_parser = database, default_value = "api")]
    pub to: DatabaseName,
    /// Whose spec [default: the document's own instance_uuid]
    #[arg(long, value_name = "UUID")]
    pub instance_uuid: Option<String>,
    #[command(flatten)]
    pub change: ChangeArguments,
}

const EDIT_HELP: &str = "\
Paths name the fields as nova does; envelopes are left out, and keys that are no plain words
stand in brackets. Edits are made in the order given:

  reqspec edit UUID --set availability_zone=az2 --unset force_hosts \\
      --set 'flavor.extra_specs[hw:cpu_policy]=dedicated' \\
      --set-json 'scheduler_hints={\"group\":[\"0f43…\"]}'

Without --set, --unset and --set-json the stored text opens in $VISUAL or $EDITOR.

With --where it changes many specs by one plan, which is shown and confirmed as a whole:

  reqspec edit --where 'az=az1 not forced' --unset availability_zone --dry-run";

#[derive(Debug, Args)]
#[command(after_help = EDIT_HELP)]
pub struct EditArguments {
    /// The instance's uuid, or a unique beginning of at least 6 characters
    #[arg(required_unless_present_any = ["queries", "saved"])]
    pub uuid: Option<String>,
    /// In this database [default: the one that holds it; with --where all]: api or a cell's name
    #[arg(long = "in", value_name = "DB", value_parser = database)]
    pub database: Option<DatabaseName>,
    /// Set a field to a value as you would type it: az2, 4, true, cmp1,cmp2
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Set a field to a JSON value
    #[arg(long, value_name = "PATH=JSON")]
    pub set_json: Vec<String>,
    /// Clear a field: null, the empty value, or the key removed, as nova wants it
    #[arg(long, value_name = "PATH")]
    pub unset: Vec<String>,
    #[command(flatten)]
    pub whom: WhomArguments,
    #[command(flatten)]
    pub pace: PaceArguments,
    #[command(flatten)]
    pub change: ChangeArguments,
}

const MOVE_HELP: &str = "\
With --where it moves many specs by one plan, which is shown and confirmed as a whole:

  reqspec move --where 'db=api not mapped=none' --to mapped --limit 500 --rate 100";

#[derive(Debug, Args)]
#[command(after_help = MOVE_HELP)]
pub struct MoveArguments {
    /// The instance's uuid, or a unique beginning of at least 6 characters
    #[arg(required_unless_present_any = ["scheduled", "queries", "saved"], conflicts_with = "scheduled")]
    pub uuid: Option<String>,
    /// From where [default: the one database that holds it; with --where all]: api or a cell's name
    #[arg(long, value_name = "DB", value_parser = database, conflicts_with = "scheduled")]
    pub from: Option<DatabaseName>,
    /// To where: api, a cell's name, or mapped: the cell of the instance
    #[arg(long, value_name = "DB", value_parser = to,
          required_unless_present = "scheduled", conflicts_with = "scheduled")]
    pub to: Option<ToArgument>,
    /// Move every spec in the API database whose instance has a cell to that cell
    #[arg(long, conflicts_with_all = ["queries", "saved"])]
    pub scheduled: bool,
    #[command(flatten)]
    pub whom: WhomArguments,
    #[command(flatten)]
    pub pace: PaceArguments,
    #[command(flatten)]
    pub change: ChangeArguments,
}

const REPAIR_HELP: &str = "\
Repairs (docs/findings.md says what each does, and which findings it cures):
  unpin-zone           no zone is asked for any more
  rename-zone OLD NEW  the zone NEW in place of OLD
  clear-forced-hosts   no forced hosts and nodes
  refresh-flavor       the instance's current flavor
  drop-dangling-group  no server group in place of one that is deleted
  relink-group         the server group that has the instance as a member
  fix-project          project and user of the instance
  clear-leftover-pci   no PCI devices that the flavor does not ask for
  strip-stale-fields   nothing of what nova does not store any more

Specs that need none are left alone:

  reqspec repair unpin-zone 3f0c9a1e --dry-run
  reqspec repair rename-zone az-old az-new --where az=az-old";

#[derive(Debug, Args)]
#[command(after_help = REPAIR_HELP, override_usage = "reqspec repair [OPTIONS] <NAME> [OLD NEW] <UUID>...\n       \
    reqspec repair [OPTIONS] <NAME> [OLD NEW] --where <QUERY>")]
pub struct RepairArguments {
    /// Which repair
    pub name: String,
    /// Its arguments, if it takes any, then the instances' uuids, or unique beginnings of at least 6 characters
    #[arg(value_name = "UUID")]
    pub words: Vec<String>,
    /// In this database [default: the one that holds it; with --where all]: api or a cell's name
    #[arg(long = "in", value_name = "DB", value_parser = database)]
    pub database: Option<DatabaseName>,
    /// All specs that the query is true of; of several, all must be
    #[arg(long = "where", value_name = "QUERY", help_heading = "Many specs")]
    pub queries: Vec<String>,
    /// The same with a query that the profile file keeps under a name
    #[arg(long, value_name = "NAME", help_heading = "Many specs")]
    pub saved: Vec<String>,
    /// At most so many, the first by database and id
    #[arg(long, value_name = "N", help_heading = "Many specs", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    #[command(flatten)]
    pub pace: PaceArguments,
    #[command(flatten)]
    pub change: ChangeArguments,
}

#[derive(Debug, Args)]
pub struct ApplyArguments {
    /// The plan
    pub file: PathBuf,
    /// Pass over what is done already, and leave out what does not hold any more
    #[arg(long)]
    pub resume: bool,
    #[command(flatten)]
    pub pace: PaceArguments,
    #[command(flatten)]
    pub change: ChangeArguments,
}

#[derive(Debug, Args)]
pub struct ResumeArguments {
    /// The number of the change in the journal [default: the last one of this environment]
    #[arg(value_name = "ID")]
    pub id: Option<i64>,
    #[command(flatten)]
    pub pace: PaceArguments,
    #[command(flatten)]
    pub change: ChangeArguments,
}

#[derive(Debug, Args)]
pub struct CopyArguments {
    /// The instance's uuid, or a unique beginning of at least 6 characters
    pub uuid: String,
    /// From where [default: the one database that holds it]: api or a cell's name
    #[arg(long, value_name = "DB", value_parser = database)]
    pub from: Option<DatabaseName>,
    /// To where: api or a cell's name
    #[arg(long, value_name = "DB", value_parser = database)]
    pub to: DatabaseName,
    /// Replace a different spec of the instance at the destination
    #[arg(long)]
    pub replace: bool,
    #[command(flatten)]
    pub change: ChangeArguments,
}

#[derive(Debug, Args)]
pub struct DeleteArguments {
    /// The instance's uuid, or a unique beginning of at least 6 characters
    pub uuid: String,
    /// From this database: api or a cell's name
    #[arg(long = "in", value_name = "DB", value_parser = database, required = true)]
    pub database: DatabaseName,
    #[command(flatten)]
    pub change: ChangeArguments,
}

const HISTORY_HELP: &str = "\
  reqspec history --where 'alice az2' --limit 20
  reqspec history 12
  reqspec history export > changes.jsonl";

#[derive(Debug, Args)]
#[command(after_help = HISTORY_HELP, args_conflicts_with_subcommands = true)]
pub struct HistoryArguments {
    /// This change, with the difference of every spec
    #[arg(value_name = "ID", value_parser = change)]
    pub id: Option<ChangeId>,
    /// Only changes with all of these words: in the title, operator, host, environment or reason, or as the
    /// beginning of an instance's uuid
    #[arg(long = "where", value_name = "WORDS", conflicts_with = "id")]
    pub words: Vec<String>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", conflicts_with = "id", default_value_t = 50)]
    pub limit: u32,
    /// Print one JSON object per change; of one change, one per operation too, with its exact texts
    #[arg(long)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Option<HistoryCommand>,
}

#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// The whole journal as JSON lines, with the exact texts
    Export(ExportArguments),
}

#[derive(Debug, Args)]
pub struct ExportArguments {
    /// There is no other form
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct UndoArguments {
    /// Which change, as `reqspec history` numbers them [default: the newest of the environment]
    #[arg(value_name = "ID", value_parser = change)]
    pub id: Option<ChangeId>,
    #[command(flatten)]
    pub pace: PaceArguments,
    #[command(flatten)]
    pub change: ChangeArguments,
}

#[derive(Debug, Args)]
pub struct RecoverArguments {
    /// Do it without asking
    #[arg(long, short)]
    pub yes: bool,
    /// Also where a database is another one than when the change was made: restored, or failed over
    #[arg(long)]
    pub force: bool,
    /// Print what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object per operation
    #[arg(long)]
    pub json: bool,
}

/// The number of a change, `12` or `#12`.
fn change(text: &str) -> Result<ChangeId, String> {
    match text.strip_prefix('#').unwrap_or(text).parse() {
        Ok(number @ 1..) => Ok(ChangeId(number)),
        _ => Err("give the number of a change, as `reqspec history` lists them".to_owned()),
    }
}

#[derive(Debug, Args)]
pub struct DbArguments {
    #[command(subcommand)]
    pub command: DbCommand,
}

#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Add the table of specs where it is missing
    Sync(DbOneArguments),
    /// Say for each database whether it has the table
    Status(DbOneArguments),
}

#[derive(Debug, Args)]
pub struct DbOneArguments {
    /// This database only: api or a cell's name
    #[arg(long = "in", value_name = "DB", value_parser = database)]
    pub database: Option<DatabaseName>,
    /// Print one JSON object per database
    #[arg(long)]
    pub json: bool,
}
