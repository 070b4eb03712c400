use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::*;

const PROFILES: &str = "# ours\ndefault = 'lab'   # the small one\n\n[queries]\n# pinned ones\npinned = 'az=az1' # zone 1\nlarge = \"vcpus>=8\"\n\n\
                        [env.lab]\napi = '/srv/l.sqlite'\n";

fn places(directory: &Path) -> Places {
    Places { profiles: Some(directory.join("etc/config.toml")), state: Some(directory.join("state/reqspec")) }
}

fn with_profiles(text: &str) -> (tempfile::TempDir, Places, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let places = places(directory.path());
    let path = places.profiles.clone().unwrap();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    (directory, places, path)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn pairs(settings: &Settings) -> Vec<(&str, &str)> {
    settings.queries.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

#[test]
fn where_nothing_is_kept_nothing_is_said() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(Settings::load(&places(directory.path())), Settings::default());
    assert_eq!(Settings::load(&Places::default()), Settings::default());
    assert!(Places::default().save_query("a", "az", true).is_err());
    assert!(Places::default().append_history("az").is_ok());
}

#[test]
fn a_saved_query_leaves_the_rest_of_the_file_as_it_is() {
    let (_directory, places, path) = with_profiles(PROFILES);
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    places.save_query("pinned", " az=az2 \"two words\" ", true).unwrap();
    places.save_query("my own", "not forced", true).unwrap();
    let expected = PROFILES
        .replace("'az=az1'", "'az=az2 \"two words\"'")
        .replace("large = \"vcpus>=8\"\n", "large = \"vcpus>=8\"\n\"my own\" = \"not forced\"\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    assert_eq!(mode(&path), 0o640);
    let settings = Settings::load(&places);
    let queries = [("pinned", "az=az2 \"two words\""), ("large", "vcpus>=8"), ("my own", "not forced")];
    assert_eq!((pairs(&settings), settings.notices.len()), (queries.to_vec(), 0));
    assert_eq!((places.delete_query("large"), places.delete_query("large")), (Ok(true), Ok(false)));
    assert!(!fs::read_to_string(&path).unwrap().contains("large"));
    assert!(crate::deployment::Environments::load(Some(&path)).unwrap().open("lab").is_ok());
}

#[test]
fn the_first_saved_query_makes_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(directory.path());
    places.save_query("pinned", "az=az1", true).unwrap();
    let path = places.profiles.clone().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "[queries]\npinned = \"az=az1\"\n");
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn a_table_in_one_line_is_written_too() {
    let (_directory, places, path) = with_profiles("queries = { a = 'az' } # few\n");
    places.save_query("b", "forced", true).unwrap();
    assert_eq!(pairs(&Settings::load(&places)), [("a", "az"), ("b", "forced")]);
    assert!(fs::read_to_string(&path).unwrap().ends_with("# few\n"));
}

#[test]
fn a_link_stays_a_link() {
    let (directory, places, path) = with_profiles(PROFILES);
    let kept = directory.path().join("kept.toml");
    fs::rename(&path, &kept).unwrap();
    std::os::unix::fs::symlink(&kept, &path).unwrap();
    places.save_query("pinned", "forced", true).unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    assert!(fs::read_to_string(&kept).unwrap().contains("forced"));
}

#[test]
fn what_cannot_be_meant_is_not_saved() {
    let (_directory, places, path) = with_profiles(PROFILES);
    for (name, text, reason) in [
        ("", "az", "a saved query needs a name, in one line"),
        ("a\nb", "az", "a saved query needs a name, in one line"),
        ("a", " ", "there is no query to save"),
        ("a", "az=", "a is not saved: a value is missing behind =; an empty text is written \"\""),
    ] {
        assert_eq!(places.save_query(name, text, true).unwrap_err().to_string(), reason);
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), PROFILES);
}

#[test]
fn a_wrong_file_is_a_notice_and_never_replaced() {
    for (text, told, refused) in [
        ("[env.a\napi = 's3cret", "; the saved queries cannot be used", "not TOML"),
        ("queries = 3", ":1: queries is a table; the saved queries cannot be used", "queries is not a table"),
        ("\n[queries]\na = 3", ":3: a query is a text in quotes; the saved queries cannot be used", ""),
    ] {
        let (_directory, places, path) = with_profiles(text);
        let settings = Settings::load(&places);
        assert!(settings.notices.len() == 1 && settings.notices[0].ends_with(told), "{:?}", settings.notices);
        assert!(!settings.notices[0].contains("s3cret"));
        if !refused.is_empty() {
            let reason = places.save_query("b", "az", true).unwrap_err().to_string();
            assert!(reason.contains(refused) && !reason.contains("s3cret"), "{reason}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}

#[test]
fn a_saved_query_that_cannot_be_read_is_a_notice() {
    let (_directory, places, path) = with_profiles("[queries]\ngood = 'az'\nbad = 'vcpuss>1'\n");
    let settings = Settings::load(&places);
    assert_eq!(pairs(&settings), [("good", "az")]);
    let told =
        format!("{}:3: the saved query \"bad\" cannot be read: there is no field \"vcpuss\"", path.display());
    assert!(settings.notices[0].starts_with(&told), "{:?}", settings.notices);
    assert!(crate::deployment::Environments::load(Some(&path)).is_ok(), "that stops nothing");
}

#[test]
fn the_history_has_each_query_once_and_an_end() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(directory.path());
    for number in 0..HISTORY + 3 {
        places.append_history(&format!("id={number}")).unwrap();
    }
    places.append_history(" id=7 ").unwrap();
    places.append_history("").unwrap();
    places.append_history("a\nb").unwrap();
    let history = Settings::load(&places).history;
    assert_eq!((history.len(), &*history[0], &*history[HISTORY - 1]), (HISTORY, "id=3", "id=7"));
    assert_eq!(history.iter().filter(|text| *text == "id=7").count(), 1);
    assert_eq!(mode(&places.history().unwrap()), 0o600);
}

#[test]
fn columns_are_kept_for_each_environment() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(directory.path());
    let columns = ["az", "extra.\"a b\""].map(str::to_owned);
    places.save_columns("prod", &columns).unwrap();
    places.save_columns("etc/api.sqlite", &columns[..1]).unwrap();
    let settings = Settings::load(&places);
    assert_eq!(settings.columns_of("prod"), columns);
    assert_eq!(settings.columns_of("etc/api.sqlite"), &columns[..1]);
    assert!(settings.columns_of("other").is_empty());
    places.save_columns("prod", &[]).unwrap();
    assert!(Settings::load(&places).columns_of("prod").is_empty());
}

#[test]
fn what_is_no_text_is_a_notice() {
    let directory = tempfile::tempdir().unwrap();
    let places = places(directory.path());
    let state = places.state.clone().unwrap();
    fs::create_dir_all(&state).unwrap();
    fs::write(state.join("queries"), b"\xff\xfe").unwrap();
    fs::write(state.join("columns.toml"), "= 3").unwrap();
    let settings = Settings::load(&places);
    assert_eq!(settings.notices.len(), 2, "{:?}", settings.notices);
    assert!(places.append_history("az").is_err() && places.save_columns("a", &["az".to_owned()]).is_err());
}

#[test]
fn several_that_write_at_once_lose_nothing() {
    let (_directory, places, _) = with_profiles(PROFILES);
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let places = &places;
            scope.spawn(move || {
                for number in 0..10 {
                    let text = format!("id=1{writer}{number}");
                    places.save_query(&format!("w{writer}-{number}"), &text, true).unwrap();
                    places.append_history(&text).unwrap();
                }
            });
        }
    });
    let settings = Settings::load(&places);
    assert_eq!((settings.queries.len(), settings.history.len()), (42, 40));
}

#[test]
fn another_query_of_that_name_is_replaced_only_when_told() {
    let (_directory, places, path) = with_profiles(PROFILES);
    let there = Saved::Exists("az=az1".to_owned());
    assert_eq!(places.save_query("pinned", "az=az2", false), Ok(there));
    assert_eq!(fs::read_to_string(&path).unwrap(), PROFILES);
    assert_eq!(places.save_query("pinned", "az=az1", false), Ok(Saved::Kept), "the same text");
    assert_eq!(places.save_query("pinned", "az=az2", true), Ok(Saved::Kept));
    let kept = places.queries().unwrap();
    assert_eq!(kept[0], ("pinned".to_owned(), "az=az2".to_owned()));
    fs::write(&path, "[queries").unwrap();
    assert!(places.queries().is_err());
}
