use super::*;

#[test]
fn templates_are_filled_as_nova_fills_them() {
    let connection = "mysql+pymysql://nova:s%40cret@DB.example:3306/nova_cell0?charset=utf8";
    let resolved =
        resolve("{scheme}://{username}:{password}@{hostname}:{port}/nova_cell1?{query}", Some(connection));
    assert_eq!(resolved.url, "mysql+pymysql://nova:s%40cret@db.example:3306/nova_cell1?charset=utf8");
    assert!(resolved.was_template && resolved.unusable.is_none());
    assert_eq!(resolved.quirks, ["{hostname} is in lower case"]);
    assert!(!format!("{resolved:?}").contains("s%40cret"));
}
