//! Numbers and ages in few characters. Imports `query`; no I/O.

pub use crate::query::time::unix_seconds;

/// `1204` as `1,204`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How long ago, in at most four characters: `now`, `5m`, `2h`, `3d`, `14w`, `2y`. A date in the
/// future is `now`: clocks differ.
pub fn age(seconds: i64) -> String {
    match seconds {
        ..60 => "now".to_owned(),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..5_184_000 => format!("{}d", seconds / 86_400),
        5_184_000..31_536_000 => format!("{}w", seconds / 604_800),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case(0, "0")]
    #[case(999, "999")]
    #[case(1_204, "1,204")]
    #[case(1_000_000, "1,000,000")]
    fn numbers_are_grouped(#[case] number: u64, #[case] expected: &str) {
        assert_eq!(grouped(number), expected);
    }

    #[rstest::rstest]
    #[case(-5, "now")]
    #[case(59, "now")]
    #[case(60, "1m")]
    #[case(7_200, "2h")]
    #[case(86_400 * 3, "3d")]
    #[case(86_400 * 70, "10w")]
    #[case(86_400 * 800, "2y")]
    fn ages_are_short(#[case] seconds: i64, #[case] expected: &str) {
        assert_eq!(age(seconds), expected);
    }
}
