//! Two databases, each behind a proxy, and what is done with them in this process.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use reqspec::change::{
    Answer, ApplyError, Confirmation, Confirmed, Facts, InstanceHome, Intent, Operation, Outcome, Plan,
    Refusal, SpecHome, apply, prepare,
};
use reqspec::store::address::{Endpoint, Secret};
use reqspec::store::{
    self, Access, Address, CellName, DatabaseName, SpecStore, StoreError, Stores, Timeouts,
};

use crate::proxy::Proxy;
use crate::support::servers::{Database, Kind, Server};
use crate::support::{block_on, database, record, spec, uuid};

/// Short, so that tests do not wait long; long enough for a busy machine.
pub const TIMEOUTS: Timeouts = Timeouts { connect: Duration::from_secs(3), answer: Duration::from_secs(4) };

/// The most that anything may take that asks a database which does not answer: connecting, the
/// answer, and the same again for a look at what became of it, with room for a busy machine.
pub const LIMIT: Duration = Duration::from_secs(40);

/// The password of the account that the sessions use; it must not show anywhere.
pub const PASSWORD: &str = "h1dd3n";

/// One database on a server, behind a proxy.
pub struct Side {
    pub name: DatabaseName,
    pub kind: Kind,
    pub proxy: Proxy,
    // Before the server, which it is dropped from.
    pub database: Database,
    pub server: Server,
}

impl Side {
    /// The database of that name on a private server of its own.
    pub fn new(name: &str, kind: Kind) -> Self {
        let server = Server::start(kind, &[]);
        let database = server.database_with_table();
        let account = match kind {
            Kind::Mariadb => [
                format!("CREATE USER 'operator'@'%' IDENTIFIED BY '{PASSWORD}'"),
                "GRANT ALL ON *.* TO 'operator'@'%'".to_owned(),
            ],
            Kind::Postgres => [
                format!("CREATE ROLE operator LOGIN PASSWORD '{PASSWORD}'"),
                "GRANT ALL ON ALL TABLES IN SCHEMA public TO operator; \
                 GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO operator"
                    .to_owned(),
            ],
        };
        account.iter().for_each(|sql| database.session().run(sql));
        let proxy = Proxy::before(server.port());
        Self { name: crate::support::database(name), kind, proxy, database, server }
    }

    /// Through the proxy, with the account's password.
    pub fn address(&self) -> Address {
        let mut place = self.database.place();
        place.endpoint = Endpoint::Tcp { host: "127.0.0.1".to_owned(), port: self.proxy.port() };
        place.user = Some("operator".to_owned());
        place.password = Some(Secret::new(PASSWORD));
        self.database.address_of(place)
    }

    /// The same as a URL, for the command line.
    pub fn url(&self) -> String {
        let (scheme, off) = match self.kind {
            Kind::Mariadb => ("mysql+pymysql", ""),
            Kind::Postgres => ("postgresql", "?sslmode=disable"),
        };
        format!("{scheme}://operator:{PASSWORD}@127.0.0.1:{}/{}{off}", self.proxy.port(), self.database.name)
    }

    /// # Errors
    /// As `store::open`.
    pub fn open(&self, access: Access) -> Result<Arc<dyn SpecStore>, StoreError> {
        block_on(store::open(self.name.clone(), &self.address(), access, TIMEOUTS))
    }

    pub fn put(&self, id: &str, text: &str) {
        self.database.session().run(&format!(
            "INSERT INTO request_specs (created_at, updated_at, instance_uuid, spec) VALUES \
             ('2026-01-01 00:00:00', '2026-01-02 00:00:00', '{id}', '{}')",
            self.quoted(text)
        ));
    }

    fn quoted(&self, text: &str) -> String {
        let text = text.replace('\'', "''");
        if self.kind == Kind::Mariadb { text.replace('\\', "\\\\") } else { text }
    }

    /// The text of an instance's spec, read past the proxy.
    pub fn text(&self, id: &str) -> Option<String> {
        self.database.session().value(&format!("SELECT spec FROM request_specs WHERE instance_uuid = '{id}'"))
    }

    /// As it was before anything was done to the server or the proxy.
    pub fn repair(&self, was: Harm) {
        match was {
            Harm::Kill => self.server.start_again(),
            Harm::Pause => self.server.resume(),
            Harm::None => {}
        }
        self.proxy.tell_all(&[], None);
        self.proxy.set_door(crate::proxy::Door::Open);
        self.proxy.drip(None);
        self.proxy.resume();
    }

    /// A message about this database: the record, the masked URL, and no password.
    #[track_caller]
    pub fn check_message(&self, message: &str, id: &str) {
        let shown = &*self.address().shown;
        assert!(message.contains(shown), "{message} does not name {shown}");
        assert!(message.contains(id), "{message} does not name {id}");
        assert!(!message.contains(PASSWORD), "{message}");
    }
}

/// What is done to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    None,
    Pause,
    Kill,
}

impl Harm {
    pub fn on(self, server: &Server) {
        match self {
            Self::None => {}
            Self::Pause => server.pause(),
            Self::Kill => server.kill(),
        }
    }
}

/// The API database and the cell's, each on a server of its own.
pub struct World {
    pub api: Side,
    pub cell: Side,
}

impl World {
    pub fn new(api: Kind, cell: Kind) -> Self {
        let cell = std::thread::spawn(move || Side::new("c1", cell));
        Self { api: Side::new("api", api), cell: cell.join().unwrap() }
    }

    /// The database of that name.
    pub fn side(&self, name: &str) -> &Side {
        if name == "api" { &self.api } else { &self.cell }
    }

    /// The texts in the API database and in the cell's.
    pub fn texts(&self, id: &str) -> [Option<String>; 2] {
        [self.api.text(id), self.cell.text(id)]
    }

    /// # Errors
    /// As `store::open`.
    pub fn stores(&self, access: Access) -> Result<Stores, StoreError> {
        Ok([self.api.open(access)?, self.cell.open(access)?].into_iter().collect())
    }

    /// Never in no database, and no other bytes than these.
    #[track_caller]
    pub fn check_never_lost(&self, id: &str) {
        let texts = self.texts(id);
        assert!(texts.iter().any(Option::is_some), "the spec is in no database");
        for text in texts.into_iter().flatten() {
            assert_eq!(text, spec(id));
        }
    }

    /// Moving again ends with the spec in the cell.
    #[track_caller]
    pub fn finish(&self, id: &str) {
        let stores = self.stores(Access::ReadWrite).unwrap();
        match change(&stores, &transfer("api", "c1", id)) {
            Ok(outcome) => assert_eq!(outcome.failed, None),
            Err(Refusal::NotFound(_)) => {}
            Err(refusal) => panic!("{refusal}"),
        }
        assert_eq!(self.texts(id), [None, Some(spec(id))]);
    }
}

pub fn transfer(from: &str, to: &str, id: &str) -> Intent {
    Intent::Move { from: database(from), to: database(to), instance_uuid: id.into() }
}

fn facts() -> Facts {
    Facts {
        environment: "test".into(),
        spec_home: SpecHome::Cells,
        instance_home: InstanceHome::Cell(CellName::new("c1")),
        instance_state: None,
        upstream_schema: false,
        force: true,
    }
}

/// # Errors
/// Why there is no plan.
pub fn plan(stores: &Stores, intent: &Intent) -> Result<Confirmed<Plan>, Refusal> {
    let plan = block_on(prepare(stores, &facts(), intent))?;
    Ok(Confirmation::new(plan).answer(&Answer::CommandLine { force: true }).unwrap())
}

/// # Errors
/// Why there is no plan.
pub fn change(stores: &Stores, intent: &Intent) -> Result<Outcome, Refusal> {
    Ok(block_on(apply(stores, &record(), plan(stores, intent)?)))
}

/// Apply a plan on a thread of its own.
pub fn applying(stores: &Stores, plan: Confirmed<Plan>) -> JoinHandle<Outcome> {
    let stores = stores.clone();
    std::thread::spawn(move || block_on(apply(&stores, &record(), plan)))
}

/// A save of that text, as a plan.
pub fn saving(stores: &Stores, name: &str, id: &str, after: &str) -> Confirmed<Plan> {
    let intent = Intent::Save {
        database: database(name),
        instance_uuid: id.into(),
        before: Arc::from(spec(id).as_bytes()),
        after: after.into(),
    };
    let plan = plan(stores, &intent).unwrap();
    assert!(
        matches!(&plan.get().operations[0], Operation::Save { after: planned, .. } if **planned == *after)
    );
    plan
}

/// The end of it, which must come without waiting for ever.
#[track_caller]
pub fn end<T>(thread: JoinHandle<T>) -> T {
    let began = Instant::now();
    while !thread.is_finished() {
        assert!(began.elapsed() < LIMIT, "it did not end within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
    thread.join().unwrap()
}

/// The words of an outcome that is not a success.
#[track_caller]
pub fn words(outcome: &Outcome) -> String {
    match &outcome.failed {
        Some(error) => error.to_string(),
        None => panic!("{outcome:?}"),
    }
}

/// Whether it is uncertain what was written.
pub fn is_uncertain(outcome: &Outcome) -> bool {
    matches!(&outcome.failed, Some(ApplyError::Uncertain(_)))
}

/// An instance, and the numbers of those beside it.
pub fn instance() -> String {
    uuid(1)
}
