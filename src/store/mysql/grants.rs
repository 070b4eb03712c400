//! What an account may do, read from `SHOW GRANTS`: for the words that people are told. The server
//! itself decides.

use crate::store::Rights;

use super::facts::ReadOnly;

/// The privileges that changing specs takes, beside reading them.
const WRITING: [&str; 3] = ["INSERT", "UPDATE", "DELETE"];

/// Those that let an account write where `read_only` is on (MariaDB; MySQL; older ones of both).
const EXEMPT: [&str; 3] = ["READ_ONLY ADMIN", "CONNECTION_ADMIN", "SUPER"];

/// What follows from the lines of `SHOW GRANTS` for `request_specs` in that database.
pub(super) fn rights(lines: &[String], schema: &str, read_only: Option<ReadOnly>) -> Rights {
    let mut granted = Privileges::default();
    for line in lines {
        granted.read(line, schema);
    }
    if !granted.understood {
        return Rights::Unknown;
    }
    let exempt = EXEMPT.iter().any(|privilege| has(&granted.everywhere, privilege));
    match read_only {
        Some(ReadOnly::Everyone) => {
            return Rights::ReadOnly(
                "The server is read-only for every account (super_read_only or innodb_read_only); use the primary."
                    .to_owned(),
            );
        }
        Some(ReadOnly::Ordinary) if !exempt => {
            return Rights::ReadOnly(
                "The server is read-only (read_only is on: a replica, or under maintenance); use the primary."
                    .to_owned(),
            );
        }
        _ => {}
    }
    let missing: Vec<&str> = WRITING.into_iter().filter(|name| !has(&granted.names, name)).collect();
    if missing.is_empty() {
        return Rights::Write;
    }
    Rights::ReadOnly(format!(
        "The account lacks {} on {schema}.request_specs; GRANT {} ON {schema}.request_specs to let it write.",
        listed(&missing),
        missing.join(", "),
    ))
}

fn listed(words: &[&str]) -> String {
    match words {
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
        [] => String::new(),
    }
}

#[derive(Debug, Default)]
struct Privileges {
    /// On the table, however they were given.
    names: Vec<String>,
    /// Those given on all databases.
    everywhere: Vec<String>,
    /// At least one line was a grant of privileges.
    understood: bool,
}

fn has(granted: &[String], name: &str) -> bool {
    granted.iter().any(|granted| granted == name || granted == "ALL" || granted == "ALL PRIVILEGES")
}

impl Privileges {
    /// `GRANT SELECT, INSERT (a, b) ON `nova`.* TO …`; grants of roles have no ON, and a partial
    /// revoke (MySQL 8) takes back what another line gives on all databases.
    fn read(&mut self, line: &str, schema: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let Some((names, place)) = split_outside_quotes(rest, " ON ") else { return };
        let place = place.strip_prefix("TABLE ").unwrap_or(place);
        if !covers(place, schema) {
            self.understood |= verb.eq_ignore_ascii_case("GRANT");
            return;
        }
        let names = split_names(names);
        if verb.eq_ignore_ascii_case("REVOKE") {
            self.names.retain(|granted| !names.contains(granted));
        } else if verb.eq_ignore_ascii_case("GRANT") {
            self.understood = true;
            if place.starts_with("*.*") {
                self.everywhere.extend(names.iter().cloned());
            }
            self.names.extend(names);
        }
    }
}

/// The privileges before ON. One that is given for some columns only is left out: the table needs
/// all of them.
fn split_names(names: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut depth = 0_u32;
    for character in names.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => found.push(String::new()),
            _ => {}
        }
        if let (true, Some(last)) = (character != ',' || depth > 0, found.last_mut()) {
            last.push(character);
        }
    }
    found
        .into_iter()
        .map(|name| name.trim().to_ascii_uppercase())
        .filter(|name| !name.contains('(') && !name.is_empty())
        .collect()
}

/// Whether `*.*`, `` `nova`.* `` or `` `nova`.`request_specs` `` (and what follows) covers the table.
fn covers(place: &str, schema: &str) -> bool {
    let Some((database, rest)) = identifier(place) else { return false };
    let Some((table, _)) = rest.strip_prefix('.').and_then(identifier) else { return false };
    // In a grant on a whole database its name is a pattern.
    let of_database = match table.as_str() {
        "*" => database == "*" || is_like(&database, schema),
        _ => database == schema,
    };
    of_database && (table == "*" || table == "request_specs")
}

/// A name in backticks, or a bare one, and what follows it.
fn identifier(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('`') else {
        let end = text.find(['.', ' ']).unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let mut name = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((index, character)) = characters.next() {
        if character != '`' {
            name.push(character);
        } else if characters.next_if(|(_, next)| *next == '`').is_some() {
            name.push('`');
        } else {
            return Some((name, &quoted[index + 1..]));
        }
    }
    None
}

/// SQL's LIKE with `\` as escape.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut pattern = pattern.chars();
    match pattern.next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = pattern.as_str();
            text.char_indices()
                .map(|(index, _)| index)
                .chain([text.len()])
                .any(|at| is_like(rest, &text[at..]))
        }
        Some(character) => {
            let (wanted, any) = match character {
                '\\' => (pattern.next().unwrap_or('\\'), false),
                other => (other, other == '_'),
            };
            let mut text = text.chars();
            text.next().is_some_and(|next| any || next == wanted) && is_like(pattern.as_str(), text.as_str())
        }
    }
}

fn split_outside_quotes<'a>(text: &'a str, separator: &str) -> Option<(&'a str, &'a str)> {
    let mut quoted = false;
    for (index, byte) in text.bytes().enumerate() {
        if byte == b'`' {
            quoted = !quoted;
        } else if !quoted && text.as_bytes()[index..].starts_with(separator.as_bytes()) {
            return Some((&text[..index], &text[index + separator.len()..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn of(lines: &[&str]) -> Rights {
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        rights(&lines, "nova_api", None)
    }

    #[rstest]
    #[case(&["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"])]
    #[case(&["GRANT USAGE ON *.* TO `nova`@`%`", "GRANT ALL PRIVILEGES ON `nova\\_api`.* TO `nova`@`%`"])]
    #[case(&["GRANT ALL PRIVILEGES ON `nova%`.* TO `nova`@`%`"])]
    #[case(&["GRANT SELECT, INSERT, UPDATE, DELETE ON `nova_api`.`request_specs` TO `nova`@`%`"])]
    #[case(&["GRANT `writers` TO `nova`@`%`", "GRANT INSERT, UPDATE ON `nova_api`.* TO `writers`",
        "GRANT DELETE ON `nova_api`.* TO `nova`@`%`"])]
    fn these_may_write(#[case] lines: &[&str]) {
        assert_eq!(of(lines), Rights::Write);
    }

    #[rstest]
    #[case(&["GRANT SELECT ON `nova_api`.* TO `ro`@`%`"], "lacks INSERT, UPDATE and DELETE on")]
    #[case(&["GRANT USAGE ON *.* TO `ro`@`%`"], "lacks INSERT, UPDATE and DELETE on")]
    #[case(&["GRANT ALL PRIVILEGES ON `nova`.* TO `ro`@`%`"], "lacks INSERT, UPDATE and DELETE on")]
    #[case(&["GRANT ALL PRIVILEGES ON `nova_api`.`instances` TO `ro`@`%`"], "lacks INSERT, UPDATE and DELETE")]
    #[case(&["GRANT SELECT, INSERT, DELETE, UPDATE (`spec`, `id`) ON `nova_api`.`request_specs` TO `ro`@`%`"],
        "lacks UPDATE on nova_api.request_specs; GRANT UPDATE ON")]
    #[case(&["GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO `ro`@`%`", "REVOKE DELETE ON `nova_api`.* FROM `ro`@`%`"],
        "lacks DELETE on")]
    fn these_may_not(#[case] lines: &[&str], #[case] words: &str) {
        let Rights::ReadOnly(reason) = of(lines) else { panic!("{lines:?} may write") };
        assert!(reason.contains(words), "{reason}");
    }

    #[test]
    fn a_server_that_takes_no_writes_comes_first() {
        let admin = ["GRANT ALL PRIVILEGES ON *.* TO `root`@`%`".to_owned()];
        let nova = ["GRANT ALL PRIVILEGES ON `nova_api`.* TO `nova`@`%`".to_owned()];
        assert_eq!(rights(&admin, "nova_api", Some(ReadOnly::Ordinary)), Rights::Write);
        for (lines, read_only) in [(&admin, ReadOnly::Everyone), (&nova, ReadOnly::Ordinary)] {
            let rights = rights(lines, "nova_api", Some(read_only));
            assert!(matches!(rights, Rights::ReadOnly(_)), "{rights:?}");
        }
        assert_eq!(of(&[]), Rights::Unknown);
        assert_eq!(of(&["what is this"]), Rights::Unknown);
    }
}
