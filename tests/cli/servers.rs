//! Cells on servers of both engines: accounts that may only read, wrong passwords, databases of
//! several engines in one deployment.

use rstest::rstest;
use serde_json::Value;

use crate::on_servers::{Database, Kind, Server};
use crate::world::{Ran, UUID, World, spec};

const SECRET: &str = "hush-hush";

/// A server with a database that has the table, an account that may do everything there, and one
/// that may only read.
struct Host {
    server: Server,
    database: Database,
}

impl Host {
    fn start(kind: Kind) -> Self {
        let server = Server::start(kind, &[]);
        let database = server.database_with_table();
        let name = &database.name;
        let statements = match kind {
            Kind::Mariadb => [
                format!("CREATE USER reader IDENTIFIED BY '{SECRET}'"),
                format!("GRANT SELECT ON {name}.* TO reader"),
                format!("CREATE USER writer IDENTIFIED BY '{SECRET}'"),
                format!("GRANT ALL ON {name}.* TO writer"),
            ],
            Kind::Postgres => [
                format!("CREATE ROLE reader LOGIN PASSWORD '{SECRET}'"),
                "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader".to_owned(),
                format!("CREATE ROLE writer LOGIN PASSWORD '{SECRET}'"),
                "GRANT ALL ON ALL TABLES IN SCHEMA public TO writer; \
                 GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO writer"
                    .to_owned(),
            ],
        };
        let mut session = database.session();
        statements.iter().for_each(|statement| session.run(statement));
        Self { server, database }
    }

    fn url(&self, user: &str, password: &str) -> String {
        let scheme = if self.database.kind == Kind::Mariadb { "mysql+pymysql" } else { "postgresql" };
        format!("{scheme}://{user}:{password}@127.0.0.1:{}/{}", self.server.port(), self.database.name)
    }

    fn insert(&self) {
        let sql = format!("INSERT INTO request_specs (instance_uuid, spec) VALUES ('{UUID}', '{}')", spec());
        self.database.session().run(&sql);
    }

    fn stored(&self) -> String {
        self.database.session().value("SELECT spec FROM request_specs").unwrap()
    }
}

fn map_cell1(world: &World, url: &str) {
    world.sql("api", &format!("UPDATE cell_mappings SET database_connection = '{url}' WHERE id = 2"));
}

#[track_caller]
fn quiet(ran: Ran) -> Ran {
    assert!(!format!("{}{}", ran.out(), ran.err()).contains(SECRET), "{}{}", ran.out(), ran.err());
    ran
}

#[rstest]
#[case(Kind::Mariadb)]
#[case(Kind::Postgres)]
#[ignore = "needs servers (tests/run)"]
fn an_account_that_may_only_read_is_told_of_before_the_confirm_step(#[case] kind: Kind) {
    let (world, host) = (World::with_mappings(), Host::start(kind));
    host.insert();
    map_cell1(&world, &host.url("reader", SECRET));
    let ran = quiet(world.found(&["cells", "--json"]));
    let cell: Value = serde_json::from_str(ran.ok().lines().nth(1).unwrap()).unwrap();
    assert_eq!(
        (&cell["state"], &cell["rights"], &cell["rows"]),
        (&"read-only".into(), &"read-only".into(), &1.into())
    );
    assert!(cell["rights_reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{cell}");
    assert!(world.found(&["show", UUID]).ok().contains("stored    cell1"));
    let edit = ["edit", UUID, "--set", "availability_zone=az2"];
    for arguments in [
        &edit[..],
        &["edit", UUID, "--set", "availability_zone=az2", "--yes"],
        &["delete", UUID, "--in", "cell1", "--yes"],
        &["move", UUID, "--to", "api", "--yes", "--force"],
    ] {
        let ran = quiet(world.found(arguments));
        let err = ran.fails(5);
        assert!(err.contains("cell1: ") && err.contains("nothing was written"), "{err}");
        // No plan was shown, no question asked.
        assert!(!err.contains("environment  ") && !err.contains("not confirmed"), "{err}");
    }
    // The plan may be looked at.
    world.found(&[&edit[..], &["--dry-run"]].concat()).ok();
    assert_eq!(host.stored(), spec());
    assert_eq!(world.stored("api", UUID), None, "a move does not begin");

    map_cell1(&world, &host.url("writer", SECRET));
    quiet(world.found(&[&edit[..], &["--yes"]].concat())).ok();
    assert!(host.stored().contains("az2"));
    quiet(world.found(&["move", UUID, "--to", "api", "--yes", "--force"])).ok();
    assert!(world.stored("api", UUID).unwrap().contains("az2"));
}

#[rstest]
#[case(Kind::Mariadb)]
#[case(Kind::Postgres)]
#[ignore = "needs servers (tests/run)"]
fn nova_s_api_database_on_a_server(#[case] kind: Kind) {
    let (world, host) = (World::with_mappings(), Host::start(kind));
    let boolean = if kind == Kind::Mariadb { ["0", "1"] } else { ["false", "true"] };
    let cell = |at: &str| format!("sqlite:///{}", world.path(at).display());
    let mut session = host.database.session();
    session.run(
        "CREATE TABLE cell_mappings (id INTEGER PRIMARY KEY, uuid VARCHAR(36) NOT NULL, name VARCHAR(255), \
         transport_url TEXT, database_connection TEXT, disabled BOOLEAN)",
    );
    session.run(&format!(
        "INSERT INTO cell_mappings VALUES (1, '00000000-0000-0000-0000-000000000000', 'cell0', 'none:///', '{}', {}), \
         (2, 'f4179abe-102a-4808-aca4-f790c38bf7ed', 'cell1', 'none:///', '{}', {}), \
         (3, '7aed0aa5-cab3-4352-83aa-7508e993ca93', NULL, 'none:///', '{}', NULL)",
        cell("cell0"),
        boolean[0],
        cell("cell1"),
        boolean[1],
        cell("cell2")
    ));
    let conf = world.directory().join("server.conf");
    let write = |user: &str| {
        let text = format!("[api_database]\nconnection = {}\n", host.url(user, SECRET));
        std::fs::write(&conf, text).unwrap();
    };
    let run = |arguments: &[&str]| {
        quiet(Ran(world.bare(arguments).arg("--nova-conf").arg(&conf).output().unwrap()))
    };
    // Nobody granted the account the new table.
    write("writer");
    if kind == Kind::Postgres {
        let ran = run(&["list", "--cell", "cell1=cell1.sqlite"]);
        assert!(ran.err().contains("finding the cells in cell_mappings"), "{}", ran.err());
        assert!(ran.err().contains("grant the account SELECT on cell_mappings"), "{}", ran.err());
        session.run("GRANT SELECT ON cell_mappings TO writer");
    }
    let out = run(&["cells", "--json"]).ok();
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = lines.iter().map(|line| line["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["api", "cell1", "7aed0aa5-cab3-4352-83aa-7508e993ca93", "cell0"]);
    let disabled: Vec<_> = lines.iter().map(|line| line["disabled"].as_bool().unwrap()).collect();
    assert_eq!(disabled, [false, true, false, false]);
    assert_eq!(lines[0]["engine"], if kind == Kind::Mariadb { "mysql" } else { "postgres" });
    let text = run(&["cells"]).ok();
    let table = text.lines().filter(|line| !line.starts_with(' '));
    table.for_each(|line| assert!(line.len() <= 80, "{text}"));

    // Without the table it is not one of nova's.
    session.run("DROP TABLE cell_mappings");
    let ran = run(&["list"]);
    ran.ok();
    assert!(!ran.err().contains("no cells were looked up"), "{}", ran.err());
}

#[rstest]
#[case(Kind::Mariadb)]
#[ignore = "needs servers (tests/run)"]
fn a_password_that_is_wrong_and_one_that_is_asked_for(#[case] kind: Kind) {
    let (world, host) = (World::with_mappings(), Host::start(kind));
    host.insert();
    map_cell1(&world, &host.url("writer", "another-hush-hush"));
    let ran = quiet(world.found(&["cells"]));
    assert!(ran.code() == 1 && ran.out().contains("down: "), "{}", ran.out());
    // The mapping holds none, as where nova reads it from a file.
    map_cell1(&world, &host.url("writer", SECRET).replace(&format!(":{SECRET}"), ""));
    world.nova_conf();
    let config = world.directory().join("config.toml");
    let profile = format!(
        "default = 'a'\n[env.a]\nnova_conf = 'nova.conf'\n[env.a.passwords]\ncell1 = {{ command = ['echo', '{SECRET}'] }}\n"
    );
    std::fs::write(&config, profile).unwrap();
    let ran = quiet(Ran(world.bare(&["show", UUID, "--config"]).arg(&config).output().unwrap()));
    assert!(ran.ok().contains("stored    cell1"), "{}", ran.err());
}
