//! Values of list options, as `oslo_config/types.py` (`List` of `String`) takes them apart.
//!
//! Imports nothing of ours; does no I/O.

use super::ini::is_space;

/// How the items of a list option are written; which one it is, stands in the option's definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListStyle {
    /// The list stands between `[` and `]` (`List(bounds=True)`).
    pub bounds: bool,
    /// Items may stand in quotes and then hold commas (`String(quotes=True)`).
    pub quotes: bool,
}

/// The items of a list.
pub(super) fn items(text: &str, style: ListStyle) -> Result<Vec<String>, &'static str> {
    let mut text = text.trim_matches(is_space).trim_end_matches(',');
    if style.bounds {
        // A lone `[` is neither.
        text = text.strip_prefix('[').ok_or("a list in brackets must begin with [")?;
        text = text.strip_suffix(']').ok_or("a list in brackets must end with ]")?;
    }
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut items = Vec::new();
    let mut parts = text.split(',');
    while let Some(part) = parts.next() {
        let mut item = part.to_owned();
        loop {
            match unquoted(item.trim_matches(is_space), style.quotes) {
                Some(value) => break items.push(value.to_owned()),
                // The comma was inside the quotes.
                None => {
                    item.push(',');
                    item.push_str(parts.next().ok_or("a quote that is not closed")?);
                }
            }
        }
    }
    Ok(items)
}

/// The item without its quotes; None where one is not closed.
fn unquoted(item: &str, quotes: bool) -> Option<&str> {
    match item.chars().next() {
        Some(quote @ ('"' | '\'')) if quotes => item[1..].strip_suffix(quote),
        _ => Some(item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_as_oslo_config_takes_them_apart() {
        let plain = ListStyle::default();
        let both = ListStyle { bounds: true, quotes: true };
        for (text, style, expected) in [
            ("a, b ,c", plain, &["a", "b", "c"][..]),
            (" a,,b,,", plain, &["a", "", "b"]),
            ("", plain, &[]),
            (",", plain, &[]),
            ("'a,b'", plain, &["'a", "b'"]),
            ("[ 'a,b' , \"c\",d]", both, &["a,b", "c", "d"]),
            ("[]", both, &[]),
        ] {
            assert_eq!(items(text, style).unwrap(), expected, "{text}");
        }
        for text in ["a]", "[a", "[", "['a]", "['a,b]"] {
            assert!(items(text, both).is_err(), "{text}");
        }
    }
}
