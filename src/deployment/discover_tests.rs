use std::collections::BTreeMap;
use std::fs;

use super::*;
use crate::deployment::Colour;

/// A directory with two configurations and a profile file, each naming another API database.
struct Place(tempfile::TempDir);

const PROFILES: &str = "default = 'lab'
[env.lab]
api = '/lab/api.sqlite'
colour = 'green'
timeout = 2
[env.prod]
nova_conf = 'prod.conf'
[env.prod.cells]
mine = '/prod/mine.sqlite'
wrong = 'mysql://nova:s3cret@x@db/nova'
";

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for name in ["prod", "etc", "given", "variable"] {
            place.write(
                &format!("{name}.conf"),
                &format!("[api_database]\nconnection = sqlite:////{name}/api.sqlite\n"),
            );
        }
        place
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn find(&self, said: &Said, variables: &[(&str, &str)], etc: bool) -> Result<Found, FindError> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        let variable = |name: &str| variables.get(name).map(|value| (*value).to_owned());
        let nova = || Ok(etc.then(|| Sources::given(vec![self.path("etc.conf")], Vec::new())));
        let said =
            Said { profiles: said.profiles.clone().or(Some(self.path("config.toml"))), ..said.clone() };
        find(&said, &Surroundings { variable: &variable, nova: &nova })
    }
}

fn api(found: &Result<Found, FindError>) -> String {
    match found {
        Ok(found) => found.deployment.location(&DatabaseName::Api).to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_nearest_word_is_taken() {
    let place = Place::new();
    place.write("config.toml", PROFILES);
    let conf = place.path("variable.conf").display().to_string();
    let variables = [("REQSPEC_ENV", "prod"), ("REQSPEC_NOVA_CONF", conf.as_str())];
    let none = Said::default();
    let given = Said { nova_conf: vec![place.path("given.conf")], ..Said::default() };
    let url = Said { api: Some(Secret::new("/url/api.sqlite")), ..Said::default() };
    let env = Said { env: Some("prod".to_owned()), ..Said::default() };
    for (said, variables, from) in [
        (&url, &variables[..], "/url/api.sqlite"),
        (&env, &variables[1..], "/prod/api.sqlite"),
        (&given, &variables[..], "/given/api.sqlite"),
        (&none, &variables[..], "/prod/api.sqlite"),
        (&none, &variables[1..], "/variable/api.sqlite"),
        (&none, &[], "/lab/api.sqlite"),
    ] {
        assert_eq!(api(&place.find(said, variables, true)), from, "{said:?}");
    }
    place.write("config.toml", "[env.lab]\napi = 'x'");
    assert_eq!(api(&place.find(&none, &[], true)), "/etc/api.sqlite");
    for (said, says) in [
        (Said { env: Some("lab".into()), ..url.clone() }, "--env and --api"),
        (Said { env: Some("lab".into()), ..given.clone() }, "--env and --nova-conf"),
        (Said { env: Some("lba".into()), ..none.clone() }, "did you mean lab?"),
    ] {
        assert!(api(&place.find(&said, &[], true)).contains(says));
    }
}

#[test]
fn nothing_found_says_where_it_was_looked() {
    let place = Place::new();
    place.write("config.toml", "[env.lab]\napi = 'x'\n");
    let Err(FindError::Nothing(lines)) = place.find(&Said::default(), &[], false) else { panic!() };
    let text = lines.join("\n");
    for part in
        ["$REQSPEC_NOVA_CONF", "has no default; --env NAME chooses one of lab", "/etc/nova", "reqspec demo"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_profile_says_all_that_it_may() {
    let place = Place::new();
    place.write("config.toml", PROFILES);
    let lab = place.find(&Said::default(), &[], false).unwrap();
    assert_eq!((lab.deployment.environment(), lab.deployment.colour()), ("lab", Some(Colour::Green)));
    assert_eq!(lab.deployment.timeouts().answer.as_secs(), 2);
    assert_eq!(lab.environments.list().len(), 2);
    let limits = Limits { read_only: Some("no".into()), timeout: Some(std::time::Duration::from_secs(9)) };
    let said = Said {
        env: Some("prod".into()),
        environment: Some("other".into()),
        cells: vec![Secret::new("mine=/over.sqlite"), Secret::new("more=/more.sqlite")],
        limits,
        ..Said::default()
    };
    let prod = place.find(&said, &[], false).unwrap().deployment;
    assert_eq!((prod.environment(), prod.timeouts().connect.as_secs()), ("other", 9));
    assert_eq!(prod.may_write(), Err("no".to_owned()));
    assert_eq!(&*prod.location(&DatabaseName::cell("mine")), "/over.sqlite");
    assert_eq!(&*prod.location(&DatabaseName::cell("more")), "/more.sqlite");
    let wrong = prod.address(&DatabaseName::cell("wrong")).unwrap_err().to_string();
    assert!(
        wrong.contains("[env.prod.cells]") && wrong.contains("%40") && !wrong.contains("s3cret"),
        "{wrong}"
    );
    let Origin::Configuration(origin) = &prod.entries()[0].origin else { panic!() };
    assert!(origin.ends_with("prod.conf:2 [api_database] connection"), "{origin}");
}

#[test]
fn a_profile_file_that_is_not_needed_is_said_and_no_more() {
    let place = Place::new();
    place.write("config.toml", "\n[env.lab]\napi = 3");
    let url = Said { api: Some(Secret::new("/url/api.sqlite")), ..Said::default() };
    let found = place.find(&url, &[], false).unwrap();
    assert!(
        found.deployment.notices()[0].contains("config.toml:3: api is a text"),
        "{:?}",
        found.deployment.notices()
    );
    assert!(matches!(place.find(&Said::default(), &[], true), Err(FindError::Wrong(_))));
}

#[test]
fn a_configuration_is_read_as_nova_reads_it() {
    let place = Place::new();
    place.write("config.toml", "");
    let conf = |text: &str| {
        let path = place.write("given.conf", text);
        place.find(&Said { nova_conf: vec![path], ..Said::default() }, &[], false)
    };
    let found = conf(
        "[api_database]\nconnection = mysql+pymysql://nova:s3cret@db/nova_api?charset=utf8\nconnection_parameters = ssl_verify_cert=1&bogus=s3cret\n",
    )
    .unwrap();
    assert!(!format!("{found:?}").contains("s3cret"));
    assert_eq!(found.deployment.environment(), "db/nova_api");
    assert!(found.deployment.notices().iter().any(|notice| notice.contains("bogus")), "{found:?}");
    for (text, says) in [
        ("[database]\nconnection = x", "[api_database] connection is not set"),
        (
            "[api_database]\nconnection = mysql://nova:s3cret@x@db/nova",
            "given.conf:2 [api_database] connection: ",
        ),
        (
            "[api_database]\nconnection = oracle://nova:s3cret@db/nova",
            "given.conf:2 [api_database] connection: ",
        ),
        ("[api_database\nconnection = s3cret", "given.conf, line 1"),
        ("[api_database]\nconnection = $s3cret", "refers to"),
    ] {
        let error = api(&conf(text));
        assert!(error.contains(says), "{text}: {error}");
        assert!(!error.contains(":s3cret"), "{error}");
    }
}

#[test]
fn a_password_is_put_in_or_its_absence_told() {
    let place = Place::new();
    let profile = |password: &str| {
        place.write(
            "config.toml",
            &format!("default = 'a'\n[env.a]\napi = 'mysql://nova@db/nova_api'\n{password}\n[env.a.cells]\nc = 'postgresql://nova@db/c'"),
        );
        place.find(&Said::default(), &[], false)
    };
    let found = profile("password_command = ['sh', '-c', 'echo s3cret']").unwrap().deployment;
    for database in [DatabaseName::Api, DatabaseName::cell("c")] {
        let address = found.address(&database).unwrap();
        assert_eq!(address.as_server().unwrap().password.as_ref().map(Secret::reveal), Some("s3cret"));
        assert!(!format!("{address:?}{found:?}").contains("s3cret"));
    }
    let error =
        profile("password_command = ['sh', '-c', 'echo s3cret; echo locked >&2; exit 2']").unwrap_err();
    assert!(matches!(error, FindError::Password(_)));
    let error = error.to_string();
    assert!(error.contains("exit code 2; it says: locked") && !error.contains("s3cret"), "{error}");
    place.write("readable", "s3cret\n");
    let found = profile("password_file = 'readable'").unwrap().deployment;
    assert!(found.notices().iter().any(|notice| notice.contains("chmod 600")), "{:?}", found.notices());
}
