//! The profile file as written: TOML read strictly, so that a slip of the pen is told with its line
//! and with what was probably meant, and never with a value, which may be a password.
//!
//! Imports `store`'s names and `query::nearest`; does no I/O.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::password::PasswordSource;
use super::profile::Colour;
use super::url;
use crate::query::nearest::nearest;
use crate::spec::mask::masked_words;
use crate::store::SpecHome;
use crate::store::address::Secret;

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct File {
    /// `default`.
    pub default: Option<String>,
    /// `[env.NAME]`, in the order of the file.
    pub profiles: Vec<Profile>,
    /// `[queries]`, in the order of the file. That they can be read is not checked here.
    pub queries: Vec<SavedQuery>,
    /// A URL in it holds a password.
    pub holds_password: bool,
}

/// An entry of `[queries]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SavedQuery {
    pub name: String,
    pub text: String,
    pub line: usize,
}

/// `[env.NAME]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Profile {
    pub name: String,
    pub nova_conf: Vec<PathBuf>,
    pub config_dirs: Vec<PathBuf>,
    pub api: Option<Secret>,
    /// `[env.NAME.cells]`, in the order of the file.
    pub cells: Vec<(String, Secret)>,
    pub password: Option<PasswordSource>,
    /// `[env.NAME.passwords]`.
    pub passwords: Vec<(String, PasswordSource)>,
    pub colour: Option<Colour>,
    pub read_only: bool,
    pub spec_home: Option<SpecHome>,
    pub timeout: Option<Duration>,
}

/// What is wrong, and in which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub line: usize,
    pub reason: String,
}

/// Reads the text of a profile file. Relative paths in it are meant from `directory`, `~/` from
/// `home`.
pub(super) fn read(text: &str, directory: &Path, home: Option<&Path>) -> Result<File, Wrong> {
    let reader = Reader { text, directory, home };
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        reader.wrong(at, format!("not TOML: {}", masked_words(error.message())))
    })?;
    let mut file = File::default();
    for (key, value) in in_order(table.get_ref()) {
        match key.get_ref().as_ref() {
            "default" => file.default = Some(reader.text(value, "default")?),
            "env" => {
                for (name, profile) in in_order(reader.table(value, "env")?) {
                    let profile = reader.profile(name.get_ref(), name.span(), profile)?;
                    file.profiles.push(profile);
                }
            }
            "queries" => {
                for (name, query) in in_order(reader.table(value, "queries")?) {
                    let line = reader.line(name.span().start);
                    let text = reader.text(query, "a query")?;
                    file.queries.push(SavedQuery { name: name.get_ref().to_string(), text, line });
                }
            }
            other => {
                return Err(reader.unknown(key.span(), other, "the file", &["default", "env", "queries"]));
            }
        }
    }
    if let Some(name) = &file.default
        && !file.profiles.iter().any(|profile| profile.name == *name)
    {
        let at = table.get_ref().iter().find(|(key, _)| key.get_ref() == "default");
        let at = at.map_or(0, |(_, value)| value.span().start);
        let name = url::masked(name);
        return Err(reader.wrong(at, format!("default is {name:?}, and there is no [env.{name}]")));
    }
    let urls = file.profiles.iter().flat_map(|profile| {
        profile.api.iter().chain(profile.cells.iter().map(|(_, url)| url)).map(Secret::reveal)
    });
    file.holds_password = urls.into_iter().any(|text| url::masked(text) != text);
    Ok(file)
}

/// The entries of a table as they stand in the file.
fn in_order<'t, 'i>(
    table: &'t DeTable<'i>,
) -> Vec<(&'t Spanned<std::borrow::Cow<'i, str>>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

const KEYS: [&str; 11] = [
    "nova_conf",
    "config_dirs",
    "api",
    "cells",
    "password_file",
    "password_command",
    "passwords",
    "colour",
    "read_only",
    "spec_home",
    "timeout",
];

struct Reader<'t> {
    text: &'t str,
    directory: &'t Path,
    home: Option<&'t Path>,
}

impl Reader<'_> {
    fn profile(&self, name: &str, at: Range<usize>, value: &Spanned<DeValue<'_>>) -> Result<Profile, Wrong> {
        let place = format!("[env.{name}]");
        if name.trim().is_empty() {
            return Err(self.wrong(at.start, "an environment has no name".to_owned()));
        }
        let mut profile = Profile { name: name.to_owned(), ..Profile::default() };
        for (key, value) in in_order(self.table(value, &format!("env.{name}"))?) {
            let key_at = key.span();
            match key.get_ref().as_ref() {
                "nova_conf" => profile.nova_conf = self.paths(value, "nova_conf")?,
                "config_dirs" => profile.config_dirs = self.paths(value, "config_dirs")?,
                "api" => profile.api = Some(Secret::new(self.text(value, "api")?)),
                "cells" => {
                    for (cell, url) in in_order(self.table(value, "cells")?) {
                        let url = Secret::new(self.text(url, "a cell's URL")?);
                        profile.cells.push((cell.get_ref().to_string(), url));
                    }
                }
                key @ ("password_file" | "password_command") => {
                    let source = self.source(key, value)?;
                    self.one_password(&mut profile.password, source, &key_at, &place)?;
                }
                "passwords" => {
                    for (database, value) in in_order(self.table(value, "passwords")?) {
                        let source = self.own_source(database.get_ref(), database.span(), value)?;
                        profile.passwords.push((database.get_ref().to_string(), source));
                    }
                }
                "colour" => profile.colour = Some(self.colour(value)?),
                "read_only" => profile.read_only = self.boolean(value, "read_only")?,
                "spec_home" => {
                    profile.spec_home = Some(match self.text(value, "spec_home")?.as_str() {
                        "api" => SpecHome::Api,
                        "cells" => SpecHome::Cells,
                        _ => return Err(self.at(value, "spec_home is \"api\" or \"cells\"")),
                    });
                }
                "timeout" => profile.timeout = Some(self.seconds(value)?),
                other => return Err(self.unknown(key_at, other, &place, &KEYS)),
            }
        }
        if profile.nova_conf.is_empty() && profile.config_dirs.is_empty() && profile.api.is_none() {
            let reason = format!("{place} does not say where the API database is: give nova_conf or api");
            return Err(self.wrong(at.start, reason));
        }
        Ok(profile)
    }

    fn one_password(
        &self,
        place: &mut Option<PasswordSource>,
        source: PasswordSource,
        at: &Range<usize>,
        of: &str,
    ) -> Result<(), Wrong> {
        match place.replace(source) {
            None => Ok(()),
            Some(_) => Err(self.wrong(at.start, format!("{of} has both password_file and password_command"))),
        }
    }

    fn source(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<PasswordSource, Wrong> {
        if key.ends_with("file") {
            return Ok(PasswordSource::File(self.path(&self.text(value, key)?)));
        }
        let reason = format!("{key} is a list of words, program first: [\"pass\", \"show\", \"nova\"]");
        let DeValue::Array(words) = value.get_ref() else { return Err(self.at(value, &reason)) };
        let word = |word: &Spanned<DeValue<'_>>| match word.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(self.at(word, &reason)),
        };
        let mut words = words.iter().map(word).collect::<Result<Vec<_>, _>>()?;
        match words.first_mut() {
            // No shell expands it.
            Some(program) if program.starts_with("~/") => {
                *program = self.path(program).to_string_lossy().into_owned();
            }
            Some(program) if !program.is_empty() => {}
            _ => return Err(self.at(value, &reason)),
        }
        Ok(PasswordSource::Command(words))
    }

    /// `DB = { file = … }` or `DB = { command = … }`.
    fn own_source(
        &self,
        database: &str,
        at: Range<usize>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<PasswordSource, Wrong> {
        let place = format!("passwords.{database}");
        let mut source = None;
        for (key, value) in in_order(self.table(value, &place)?) {
            match key.get_ref().as_ref() {
                key_name @ ("file" | "command") => {
                    let found = self.source(key_name, value)?;
                    self.one_password(&mut source, found, &key.span(), &place)?;
                }
                other => return Err(self.unknown(key.span(), other, &place, &["file", "command"])),
            }
        }
        source.ok_or_else(|| self.wrong(at.start, format!("{place} wants file or command")))
    }

    fn colour(&self, value: &Spanned<DeValue<'_>>) -> Result<Colour, Wrong> {
        let name = self.text(value, "colour")?;
        Colour::named(&name).ok_or_else(|| {
            let names = Colour::ALL.map(Colour::as_str);
            let meant = nearest(&name, &names).map(|name| format!("; did you mean {name}?"));
            let reason =
                format!("no such colour; there are: {}{}", names.join(", "), meant.unwrap_or_default());
            self.at(value, &reason)
        })
    }

    fn seconds(&self, value: &Spanned<DeValue<'_>>) -> Result<Duration, Wrong> {
        let seconds = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let given = seconds.and_then(super::profile::timeout);
        given.ok_or_else(|| self.at(value, super::profile::TIMEOUT))
    }

    fn text(&self, value: &Spanned<DeValue<'_>>, what: &str) -> Result<String, Wrong> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(self.at(value, &format!("{what} is a text in quotes"))),
        }
    }

    fn boolean(&self, value: &Spanned<DeValue<'_>>, what: &str) -> Result<bool, Wrong> {
        match value.get_ref() {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(self.at(value, &format!("{what} is true or false"))),
        }
    }

    fn table<'v, 'i>(&self, value: &'v Spanned<DeValue<'i>>, what: &str) -> Result<&'v DeTable<'i>, Wrong> {
        match value.get_ref() {
            DeValue::Table(table) => Ok(table),
            _ => Err(self.at(value, &format!("{what} is a table"))),
        }
    }

    /// One path, or a list of them.
    fn paths(&self, value: &Spanned<DeValue<'_>>, what: &str) -> Result<Vec<PathBuf>, Wrong> {
        let path = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
            DeValue::String(text) if !text.is_empty() => Ok(self.path(text)),
            _ => Err(self.at(value, &format!("{what} is a path in quotes, or a list of them"))),
        };
        match value.get_ref() {
            DeValue::Array(values) => values.iter().map(path).collect(),
            _ => path(value).map(|path| vec![path]),
        }
    }

    fn path(&self, text: &str) -> PathBuf {
        match (text.strip_prefix("~/"), self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => self.directory.join(text),
        }
    }

    fn unknown(&self, at: Range<usize>, key: &str, place: &str, known: &[&str]) -> Wrong {
        let meant = nearest(key, known).map(|key| format!("; did you mean {key}?"));
        let meant = meant.unwrap_or_else(|| format!("; there are: {}", known.join(", ")));
        self.wrong(at.start, format!("unknown key {:?} in {place}{meant}", url::masked(key)))
    }

    fn at(&self, value: &Spanned<DeValue<'_>>, reason: &str) -> Wrong {
        self.wrong(value.span().start, reason.to_owned())
    }

    fn wrong(&self, at: usize, reason: String) -> Wrong {
        Wrong { line: self.line(at), reason }
    }

    /// The line of a place, from 1.
    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<File, Wrong> {
        read(text, Path::new("/home/op/.config/reqspec"), Some(Path::new("/home/op")))
    }

    #[test]
    fn everything_that_may_be_said() {
        let file = parse(
            r#"default = "prod"
            [env.prod]
            nova_conf = "/etc/nova/nova.conf"
            config_dirs = ["~/fragments", "more"]
            password_command = ["~/bin/pass", "show", "nova"]
            colour = "red"
            read_only = true
            spec_home = "api"
            timeout = 2.5
            [env.lab]
            api = "mysql://nova:s3cret@db/nova_api"
            password_file = "lab.password"
            timeout = 30
            [env.lab.cells]
            zulu = "mysql://nova@z/nova"
            alpha = "sqlite:////a"
            [env.lab.passwords]
            zulu = { command = ["x"] }
            api = { file = "/p" }"#,
        )
        .unwrap();
        assert_eq!(file.default.as_deref(), Some("prod"));
        assert!(file.holds_password);
        let [prod, lab] = &file.profiles[..] else { panic!("{file:?}") };
        assert_eq!(prod.name, "prod");
        assert_eq!(prod.nova_conf, [PathBuf::from("/etc/nova/nova.conf")]);
        assert_eq!(
            prod.config_dirs,
            ["/home/op/fragments", "/home/op/.config/reqspec/more"].map(PathBuf::from)
        );
        let command = ["/home/op/bin/pass", "show", "nova"].map(str::to_owned).to_vec();
        assert_eq!(prod.password, Some(PasswordSource::Command(command)));
        assert_eq!((prod.colour, prod.read_only), (Some(Colour::Red), true));
        assert_eq!((prod.spec_home, prod.timeout), (Some(SpecHome::Api), Some(Duration::from_millis(2500))));
        let names: Vec<_> = lab.cells.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["zulu", "alpha"], "as they stand in the file");
        assert_eq!(lab.passwords.len(), 2);
        assert_eq!(lab.timeout, Some(Duration::from_secs(30)));
        assert!(!format!("{file:?}").contains("s3cret"));
    }

    #[test]
    fn slips_are_told_with_their_line_and_without_values() {
        for (text, line, says) in [
            ("defalt = 's3cret'", 1, "unknown key \"defalt\" in the file; did you mean default?"),
            ("\n[env.a]\napi='x'\ncolor='red'", 4, "did you mean colour?"),
            ("[env.a]\napi='x'\nfrobnicate='s3cret'", 3, "there are: nova_conf, config_dirs"),
            ("[env.a]\napi='x'\ncolour='s3cret'", 3, "there are: red,"),
            ("[env.a]\napi='x'\ncolour='gren'", 3, "did you mean green?"),
            ("[env.a]\napi=['mysql://u:s3cret@h/d']", 2, "api is a text in quotes"),
            ("[env.a]\napi='x'\ncells='mysql://u:s3cret@h/d'", 3, "cells is a table"),
            ("[env.a]\napi='x'\npassword_command='echo s3cret'", 3, "a list of words"),
            ("[env.a]\napi='x'\npassword_command=[]", 3, "a list of words"),
            ("[env.a]\napi='x'\npassword='s3cret'", 3, "did you mean passwords?"),
            ("[env.a]\napi='x'\npassword_file='x'\npassword_command=['x']", 4, "both"),
            ("[env.a]\napi='x'\n[env.a.passwords]\ncell1='s3cret'", 4, "passwords.cell1 is a table"),
            ("[env.a]\napi='x'\n[env.a.passwords]\ncell1={}", 4, "wants file or command"),
            ("[env.a]\napi='x'\n[env.a.passwords]\ncell1={fil='s3cret'}", 4, "did you mean file?"),
            ("[env.a]\napi='x'\ntimeout=0", 3, "timeout"),
            ("[env.a]\napi='x'\nread_only='yes'", 3, "true or false"),
            ("[env.a]\napi='x'\nspec_home='cell'", 3, "\"api\" or \"cells\""),
            ("[env.a]\ncolour='red'", 1, "give nova_conf or api"),
            ("[env.a]\nnova_conf=['']", 2, "nova_conf is a path"),
            ("[env.'']\napi='x'", 1, "has no name"),
            ("default='b'\n[env.a]\napi='x'", 1, "there is no [env.b]"),
            ("[env.a]\napi='x'\napi='mysql://u:s3cret@h/d'", 3, "not TOML: "),
            ("[env.a]\napi=mysql://u:s3cret@h/d", 2, "not TOML: "),
            ("[env.a]\napi=\"mysql://u:s3cret@h/d", 2, "not TOML: "),
            ("env='s3cret'", 1, "env is a table"),
        ] {
            let wrong = parse(text).unwrap_err();
            assert_eq!(wrong.line, line, "{text}: {wrong:?}");
            assert!(wrong.reason.contains(says), "{text}: {wrong:?}");
            assert!(!wrong.reason.contains("s3cret"), "{text}: {wrong:?}");
        }
    }

    #[test]
    fn what_was_meant_is_near() {
        let names = ["colour", "read_only", "api"];
        for (text, name) in [
            ("color", Some("colour")),
            ("raed_only", Some("read_only")),
            ("API", Some("api")),
            ("xyz", None),
            ("", None),
        ] {
            assert_eq!(nearest(text, &names), name, "{text}");
        }
    }
}
