//! What the column `spec` can hold, looked at before anything is sent: a server would cut a text,
//! or refuse it in words that name neither the record nor the way out.
//!
//! `spec` is MEDIUMTEXT in nova's schema (TEXT before nova 17, nova/db/api/migrations, "Convert
//! spec to MEDIUMTEXT") and often of the character set utf8mb3, which has no characters of 4 bytes.

use mysql_async::Error;

use super::link::Link;
use super::session;
use super::text;

/// What any text column holds, and any character set.
const ALWAYS_FITS: usize = 65_535;
/// MEDIUMTEXT, which is what nova makes.
const MEDIUMTEXT: u64 = 16_777_215;
/// Room in a packet for what goes with the text.
const AROUND: u64 = 1_024;

/// The column `spec`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// `mediumtext`.
    kind: String,
    /// Bytes.
    holds: u64,
    /// `utf8mb3`, `utf8mb4`; empty for bytes.
    character_set: String,
}

const QUESTION: &str = "SELECT data_type, character_octet_length, character_set_name \
    FROM information_schema.columns \
    WHERE table_schema = DATABASE() AND table_name = 'request_specs' AND column_name = 'spec'";

impl Column {
    /// Ask the server; None where there is no such column, or it is hidden from the account.
    pub async fn ask(link: &mut Link) -> Result<Option<Column>, Error> {
        let row = session::first_answer(link, QUESTION, 1).await?.pop();
        Ok(row.map(|mut row| Column {
            kind: text::take_text(&mut row, 0).unwrap_or_default().to_lowercase(),
            holds: text::take_number(&mut row, 1),
            character_set: text::take_text(&mut row, 2).unwrap_or_default(),
        }))
    }
}

/// Whether a text fits whatever the column is, so that nobody needs to ask.
pub(super) fn fits_any(text: &str) -> bool {
    text.len() <= ALWAYS_FITS && text.is_ascii()
}

/// Why a text cannot be stored, with what to do; None where it can.
pub(super) fn misfit(text: &str, column: Option<&Column>, max_packet: u64) -> Option<String> {
    let bytes = text.len() as u64;
    let (kind, holds) = match column {
        Some(column) if column.holds > 0 => (column.kind.to_uppercase(), column.holds),
        _ => ("MEDIUMTEXT".to_owned(), MEDIUMTEXT),
    };
    if bytes > holds {
        let advice = if holds < MEDIUMTEXT {
            "nova-manage api_db sync of nova 17 or later makes it MEDIUMTEXT; or make the spec smaller"
        } else {
            "make the spec smaller"
        };
        return Some(format!(
            "its text has {} bytes and the column spec ({kind}) holds {}; nothing was sent. {advice}",
            grouped(bytes),
            grouped(holds)
        ));
    }
    if max_packet > 0 && bytes + AROUND > max_packet {
        return Some(format!(
            "its text has {} bytes and the server takes packets of {} (max_allowed_packet); nothing was sent. Raise \
             max_allowed_packet on the server, or make the spec smaller",
            grouped(bytes),
            grouped(max_packet)
        ));
    }
    let narrow =
        column.filter(|column| matches!(column.character_set.as_str(), "utf8" | "utf8mb3" | "ucs2"))?;
    let wide = text.chars().find(|character| character.len_utf8() > 3)?;
    Some(format!(
        "its text holds U+{:X}, which the character set of the column spec ({}) does not have; nothing was sent. \
         Write it as {}, as nova does",
        u32::from(wide),
        narrow.character_set,
        escaped(wide)
    ))
}

/// As Python's json.dumps writes it.
fn escaped(character: char) -> String {
    let mut units = [0; 2];
    character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: &str, holds: u64, character_set: &str) -> Column {
        Column { kind: kind.into(), holds, character_set: character_set.into() }
    }

    #[test]
    fn what_does_not_fit_is_told_with_both_sizes() {
        let text = "x".repeat(65_536);
        let narrow = column("text", 65_535, "utf8mb3");
        let reason = misfit(&text, Some(&narrow), 1 << 24).unwrap();
        assert!(
            reason.starts_with("its text has 65,536 bytes and the column spec (TEXT) holds 65,535;"),
            "{reason}"
        );
        assert!(reason.contains("nova 17"), "{reason}");
        assert_eq!(misfit(&text[1..], Some(&narrow), 1 << 24), None);
        let long = "x".repeat(16_777_216);
        for column in [None, Some(&column("mediumtext", 16_777_215, "utf8mb4"))] {
            let reason = misfit(&long, column, 1 << 30).unwrap();
            assert!(reason.contains("16,777,216 bytes") && reason.contains("holds 16,777,215"), "{reason}");
        }
        assert_eq!(misfit(&long, Some(&column("longtext", u64::from(u32::MAX), "utf8mb4")), 1 << 30), None);
        let reason = misfit(&text, None, 65_536).unwrap();
        assert!(reason.contains("takes packets of 65,536 (max_allowed_packet)"), "{reason}");
    }

    #[test]
    fn characters_that_the_column_lacks_are_named() {
        let reason = misfit("\u{e9}\u{1f600}", Some(&column("text", 65_535, "utf8mb3")), 0).unwrap();
        assert!(reason.contains("U+1F600") && reason.contains("\\ud83d\\ude00"), "{reason}");
        assert_eq!(misfit("\u{e9}\u{ffe6}", Some(&column("text", 65_535, "utf8mb3")), 0), None);
        assert_eq!(misfit("\u{1f600}", Some(&column("text", 65_535, "utf8mb4")), 0), None);
        assert!(fits_any("{}") && !fits_any("\u{e9}") && !fits_any(&"x".repeat(65_536)));
    }
}
