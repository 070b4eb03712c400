//! `PATH=VALUE`, as the command line and the terminal UI take edits.
//!
//! Imports nothing; no I/O.

/// `PATH=VALUE` as people type it, split at the first `=` that is not inside the brackets of the path (nor inside a
/// JSON string in them).
pub fn split_assignment(text: &str) -> Option<(&str, &str)> {
    let (mut inside, mut quoted, mut escaped) = (false, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if inside => quoted = !quoted,
            _ if quoted => {}
            b'[' => inside = true,
            b']' => inside = false,
            b'=' if !inside => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_and_value_part_at_the_first_equals_sign_outside_brackets() {
        for (text, parts) in [
            ("availability_zone=az2", Some(("availability_zone", "az2"))),
            ("a=b=c", Some(("a", "b=c"))),
            ("flavor.extra_specs[a=b]=c=[d]", Some(("flavor.extra_specs[a=b]", "c=[d]"))),
            (r#"m["x]=\"="]=y"#, Some((r#"m["x]=\"="]"#, "y"))),
            ("a=", Some(("a", ""))),
            ("nothing", None),
            ("m[a=b]", None),
        ] {
            assert_eq!(split_assignment(text), parts, "{text}");
        }
    }
}
