use proptest::prelude::*;

use super::*;

const FULL: &str = "{scheme}://{username}:{password}@{hostname}:{port}/nova_cell1?{query}";

#[test]
fn templates_are_filled_as_nova_fills_them() {
    let connection = "mysql+pymysql://nova:s%40cret@DB.example:3306/nova_cell0?charset=utf8";
    let resolved = resolve(FULL, Some(connection));
    assert_eq!(resolved.url, "mysql+pymysql://nova:s%40cret@db.example:3306/nova_cell1?charset=utf8");
    assert!(resolved.was_template && resolved.unusable.is_none());
    assert_eq!(resolved.quirks, ["{hostname} is in lower case"]);
    assert!(!format!("{resolved:?}").contains("s%40cret"));

    let plain = resolve("mysql://nova:pw@db/nova", None);
    assert_eq!(
        (plain.url.as_str(), plain.was_template, plain.unusable),
        ("mysql://nova:pw@db/nova", false, None)
    );
    let several = "mysql://u:p@h1:1,v:q@h2:2/x";
    assert_eq!(
        resolve("{scheme}://{username2}:{password2}@{hostname2}:{port2}/{path}", Some(several)).url,
        "mysql://v:q@h2:2/x"
    );
}

#[test]
fn what_nova_cannot_use_is_said_with_the_way_out() {
    for (template, connection, says) in [
        (
            FULL,
            Some("mysql://nova:s3cret@db/nova"),
            "{port} with the word None, as [database] connection has none; write the port",
        ),
        (FULL, Some("mysql://nova:s3cret@[::1]:3306/nova"), "is not a port"),
        (FULL, Some("mysql://nova:s3/cret@db:3306/nova"), "write %2F"),
        (FULL, None, "[database] connection, which fills it, is not set here"),
        (
            "mysql://nova:s3cret@{nosuch}/{path}",
            Some("mysql://nova:s3cret@db:1/nova"),
            "a field that nova does not have",
        ),
        ("{port:>9}", Some("mysql://nova:s3cret@db:1/nova"), "in a way that reqspec does not follow"),
    ] {
        let resolved = resolve(template, connection);
        let why = resolved.unusable.unwrap();
        assert!(why.contains(says) && why.contains("--cell NAME=URL"), "{why}");
        assert!(!why.contains("s3cret") && !format!("{:?}", resolved.quirks).contains("s3cret"), "{why}");
    }
    // A brace in a password: nova takes the URL as it stands, and so do we.
    let braced = resolve("mysql://nova:p{w@db/nova", Some("mysql://x:y@z:1/nova"));
    assert_eq!((braced.url.as_str(), braced.unusable), ("mysql://nova:p{w@db/nova", None));
    assert!(braced.quirks[0].contains("takes it as it stands"));
}

proptest! {
    #[test]
    fn no_template_is_too_odd(template in "(\\PC|[{}:@/?#,\\[\\]])\\PC{0,20}(\\{port\\}|\\{hostname2\\})?", connection in "(\\PC|[:@/?#,\\[\\]%]){0,40}") {
        for connection in [connection.clone(), format!("mysql://u:p@{connection}")] {
            let _ = format!("{:?}", resolve(&template, Some(&connection)));
        }
    }
}
