//! oslo.config's own ini dialect (`oslo_config/iniparser.py`, and `ConfigParser` of
//! `oslo_config/cfg.py`): one text into its assignments.
//!
//! `=` or `:` delimits, the first wins; a leading space or tab continues a value; one matching pair
//! of quotes is taken off; comments are whole lines that begin with `#` or `;`; options may repeat.
//!
//! Imports nothing of ours; does no I/O. No error holds any of the text, which may be a password.

/// One `option = value` of a file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    /// The section's name, normalised ([`normalised`]).
    pub group: String,
    /// The option's name as written; oslo.config compares it letter by letter.
    pub name: String,
    /// The value without its quotes; continuation lines are joined by line feeds.
    pub text: String,
    /// The line of the option's name, from 1.
    pub line: usize,
}

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// `[section` or `[section] # comment`.
    #[error("a section must end with ] and nothing may follow it, not even a comment")]
    SectionEnd,
    /// `[]`.
    #[error("a section without a name")]
    SectionName,
    /// Neither `=` nor `:`.
    #[error(
        "neither = nor : in it, and it is no section, no comment and no continuation (those begin with a space)"
    )]
    NoDelimiter,
    /// `= value`.
    #[error("an option without a name")]
    EmptyName,
    /// A line that begins with a space and continues nothing.
    #[error(
        "it begins with a space, so it continues the line before, but that is no option; take the space away"
    )]
    Continuation,
    /// An option before the first section.
    #[error("an option before the first section; [DEFAULT] belongs above it")]
    NoSection,
    /// Bytes that are not UTF-8, outside comments.
    #[error("not text in UTF-8")]
    NotText,
    /// The file begins with a byte order mark.
    #[error("the file begins with a byte order mark, which nova refuses too; save it as UTF-8 without one")]
    ByteOrderMark,
}

/// The name under which oslo.config finds a group: lower case, but for `DEFAULT` itself
/// (`_normalize_group_name`). So `[default]` is not `[DEFAULT]`.
pub(super) fn normalised(group: &str) -> String {
    if group == "DEFAULT" { group.to_owned() } else { group.to_lowercase() }
}

/// Python's `str.isspace` for one character.
pub(super) fn is_space(character: char) -> bool {
    character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}')
}

/// The assignments of a file, in their order. Errors come with the number of their line, from 1.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Assignment>, (usize, SyntaxError)> {
    if bytes.starts_with("\u{feff}".as_bytes()) {
        return Err((1, SyntaxError::ByteOrderMark));
    }
    let mut parser = Parser::default();
    for (at, line) in lines(bytes).enumerate() {
        parser.line(at + 1, line)?;
    }
    parser.flush()?;
    Ok(parser.done)
}

/// Lines as Python reads them in text mode: each of CR LF, CR and LF ends one.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let Some(end) = memchr::memchr2(b'\r', b'\n', bytes) else {
            rest = None;
            return (!bytes.is_empty()).then_some(bytes);
        };
        let width = if bytes[end..].starts_with(b"\r\n") { 2 } else { 1 };
        rest = Some(&bytes[end + width..]);
        Some(&bytes[..end])
    })
}

#[derive(Default)]
struct Parser {
    group: Option<String>,
    /// The option being read: its name and lines.
    open: Option<(String, Vec<String>, usize)>,
    done: Vec<Assignment>,
}

impl Parser {
    fn line(&mut self, number: usize, bytes: &[u8]) -> Result<(), (usize, SyntaxError)> {
        let error = |kind| Err((number, kind));
        if matches!(bytes.first(), Some(b'#' | b';')) {
            // Whatever is in a comment: nova runs in a locale that lets odd bytes pass.
            return self.flush();
        }
        let Ok(line) = std::str::from_utf8(bytes) else { return error(SyntaxError::NotText) };
        let line = line.trim_end_matches(is_space);
        if line.is_empty() {
            return self.flush();
        }
        if line.starts_with([' ', '\t']) {
            let Some((_, lines, _)) = &mut self.open else { return error(SyntaxError::Continuation) };
            lines.push(line.trim_start_matches(is_space).to_owned());
            return Ok(());
        }
        self.flush()?;
        if let Some(rest) = line.strip_prefix('[') {
            match rest.strip_suffix(']') {
                None => return error(SyntaxError::SectionEnd),
                Some("") => return error(SyntaxError::SectionName),
                Some(name) => self.group = Some(normalised(name)),
            }
            return Ok(());
        }
        let Some(at) = line.find(['=', ':']) else { return error(SyntaxError::NoDelimiter) };
        let name = line[..at].trim_matches(is_space);
        if name.is_empty() {
            return error(SyntaxError::EmptyName);
        }
        let value = unquoted(line[at + 1..].trim_matches(is_space));
        self.open = Some((name.to_owned(), vec![value.to_owned()], number));
        Ok(())
    }

    /// The option being read is complete.
    fn flush(&mut self) -> Result<(), (usize, SyntaxError)> {
        let Some((name, lines, line)) = self.open.take() else { return Ok(()) };
        let Some(group) = &self.group else { return Err((line, SyntaxError::NoSection)) };
        self.done.push(Assignment { group: group.clone(), name, text: lines.join("\n"), line });
        Ok(())
    }
}

/// One matching pair of quotes less; a lone quote is a pair with itself, as in oslo.config.
fn unquoted(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = value.strip_prefix(quote)
            && value.ends_with(quote)
        {
            return rest.strip_suffix(quote).unwrap_or("");
        }
    }
    value
}
