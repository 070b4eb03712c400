use super::*;
use crate::store::address::Secret;

#[test]
fn a_cell_is_a_name_and_an_address() {
    let cell: CellArgument = "cell1=sqlite:////srv/a=b.sqlite".parse().unwrap();
    assert_eq!(cell.name.as_str(), "cell1");
    assert_eq!(cell.url.as_path(), Some(std::path::Path::new("/srv/a=b.sqlite")));
}

#[test]
fn names_that_cannot_be_meant_are_refused() {
    for text in ["=x", "api=x", "API=x", "my cell=x"] {
        assert!(matches!(text.parse::<CellArgument>(), Err(CellError::Name(_))), "{text}");
    }
    for text in ["cell1", "mysql://nova:s3cret@db/n?charset=utf8"] {
        assert_eq!(text.parse::<CellArgument>(), Err(CellError::NoName));
    }
    let error = "cell1=mysql://nova:s3cret@x@db/n".parse::<CellArgument>().unwrap_err().to_string();
    assert!(error.starts_with("cell cell1: ") && error.contains("%40"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn no_name_twice() {
    let cell: CellArgument = "cell1=x".parse().unwrap();
    assert_eq!(check(&[cell.clone(), cell.clone()]), Err(CellError::Twice(cell.name)));
}

fn given(cells: &[&str]) -> Vec<Entry> {
    let entry = |name, url: Address| Entry {
        name,
        uuid: None,
        shown: Arc::clone(&url.shown),
        address: Ok(url),
        disabled: false,
        origin: Origin::Given,
    };
    let mut entries = vec![entry(DatabaseName::Api, url::parse("/api").unwrap())];
    entries.extend(cells.iter().map(|cell| {
        let cell: CellArgument = cell.parse().unwrap();
        entry(DatabaseName::Cell(cell.name), cell.url)
    }));
    entries
}

fn mapped(uuid: &str, name: &str, url: &str) -> Mapping {
    Mapping {
        uuid: uuid.into(),
        name: (!name.is_empty()).then(|| name.to_owned()),
        url: (!url.is_empty()).then(|| Secret::new(url)),
        disabled: false,
    }
}

const ONE: &str = "f4179abe-102a-4808-aca4-f790c38bf7ed";
const TWO: &str = "7aed0aa5-cab3-4352-83aa-7508e993ca93";

fn shown(cells: &Cells) -> Vec<String> {
    cells.entries.iter().map(|entry| format!("{} {}", entry.name, entry.shown)).collect()
}

#[test]
fn mapped_cells_stand_by_id_then_given_ones_and_cell0_last() {
    let mappings = [
        mapped(CELL0, "cell0", "sqlite:////0"),
        mapped(TWO, "b", "sqlite:////b"),
        mapped(ONE, "", "sqlite:////a"),
    ];
    let cells = together(&given(&["extra=/x"]), &mappings, &Filling::default());
    assert_eq!(shown(&cells), ["api /api", "b /b", &format!("{ONE} /a"), "extra /x", "cell0 /0"]);
    assert_eq!(cells.entries[1].uuid.as_deref(), Some(TWO));
    assert_eq!(cells.entries[3].uuid, None);
    assert!(cells.notices.is_empty());
}

#[test]
fn what_the_operator_says_of_a_cell_wins() {
    let mut mappings = [mapped(ONE, "a", "sqlite:////a"), mapped(TWO, "b", "sqlite:////b")];
    mappings[1].disabled = true;
    let cells = together(&given(&[&format!("{TWO}=/elsewhere"), "a=/mine"]), &mappings, &Filling::default());
    assert_eq!(shown(&cells), ["api /api", "a /mine", &format!("{TWO} /elsewhere")]);
    assert_eq!((cells.entries[2].uuid.as_deref(), cells.entries[2].disabled), (Some(TWO), true));
    assert_eq!(cells.entries[1].origin, Origin::Given);
}

#[test]
fn cells_of_one_name_are_told_apart() {
    let third = "f4179abe-0000-4000-8000-000000000000";
    let mappings = [
        mapped(ONE, "az", "sqlite:////1"),
        mapped(TWO, "az", "sqlite:////2"),
        mapped(third, "az", "sqlite:////3"),
        mapped("12345678-0", "API", "sqlite:////4"),
    ];
    let cells = together(&given(&[]), &mappings, &Filling::default());
    let names: Vec<_> = cells.entries.iter().map(|entry| entry.name.to_string()).collect();
    assert_eq!(names, ["api", "az-f4179abe", "az-7aed0aa5", third, "API-12345678"]);
    let cells = together(&given(&["az=/x", "az-7aed0aa5=/y"]), &mappings, &Filling::default());
    assert_eq!(shown(&cells)[2], "az-7aed0aa5 /y");
    let [notice] = &cells.notices[..] else { panic!("{:?}", cells.notices) };
    assert!(
        notice.starts_with("az is the name of several cells") && notice.contains("az-f4179abe"),
        "{notice}"
    );
}

#[test]
fn one_cell_that_leads_nowhere_is_a_state_of_its_own() {
    let mappings = [
        mapped(ONE, "at", "mysql://nova:s3cret@x@db/nova"),
        mapped(TWO, "none", ""),
        mapped("3", "template", "mysql://{username}:{password}@db3/nova"),
        mapped("4", "good", "sqlite:////good"),
    ];
    let cells = together(&given(&[]), &mappings, &Filling::default());
    for (at, says) in [(1, "%40"), (2, "no database_connection"), (3, "[database] connection")] {
        let reason = cells.entries[at].address.as_ref().unwrap_err();
        assert!(reason.contains(says) && !reason.contains("s3cret"), "{reason}");
    }
    assert!(cells.entries[4].address.is_ok());
    assert!(!format!("{cells:?}{mappings:?}").contains("s3cret"));
}

#[test]
fn templates_are_filled_and_shown_masked() {
    let connection = Some(Secret::new("mysql://nova:s3cret@db0:3306/nova_cell0"));
    let parameters = Some(Secret::new("ssl_ca=/ca.pem"));
    let filling = Filling { connection, parameters, passwords: Passwords::default() };
    let mappings = [mapped(ONE, "a", "{scheme}://{username}:{password}@dba:{port}/nova_a")];
    let cells = together(&given(&[]), &mappings, &filling);
    let entry = &cells.entries[1];
    assert_eq!(&*entry.shown, "mysql://nova:***@dba:3306/nova_a?ssl_ca=/ca.pem");
    let server = entry.address.as_ref().unwrap().as_server().unwrap();
    assert_eq!(server.password.as_ref().map(Secret::reveal), Some("s3cret"));
    let Origin::Mapping { template: Some(template) } = &entry.origin else { panic!("{entry:?}") };
    assert_eq!(&**template, "{scheme}://{username}:{password}@dba:{port}/nova_a");
    assert!(!format!("{cells:?}{filling:?}").contains("s3cret"));
}

#[test]
fn a_template_with_a_password_of_its_own_is_masked() {
    for template in [
        "{scheme}://nova:s3cret@{hostname}:{port}/n",
        "mysql://nova:s3cret@{hostname}/n",
        "{scheme}://nova:{password}s3cret@h/n",
        "{scheme}://{username}:{password}@h/n?passwd=s3cret",
        "{scheme}://{username}:{password}@h:s3cret/n",
        "{username}:s3cret",
    ] {
        let shown = template_shown(template);
        assert!(!shown.contains("s3cret"), "{shown}");
    }
    let plain = "{scheme}://{username1}:{password1}@{hostname1}:{port1}/{path}?{query}";
    assert_eq!(template_shown(plain), plain);
    let plain = "mysql+pymysql://{username}:{password}@h/nova?charset=utf8";
    assert_eq!(template_shown(plain), plain);
}
