//! Dates as databases and nova store them. Imports nothing; no I/O.

/// Seconds since 1970 of a stored date: `YYYY-MM-DD HH:MM:SS`, with `T`, fraction, `Z` or the
/// time missing, as databases and nova write them. None for anything else.
pub fn unix_seconds(stored: &str) -> Option<i64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = stored.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
    };
    let separators = stored.as_bytes();
    if *separators.get(4)? != b'-' || *separators.get(7)? != b'-' {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = match separators.get(10) {
        None => (0, 0, 0),
        Some(b' ' | b'T') => (number(11, 13)?, number(14, 16)?, number(17, 19)?),
        Some(_) => return None,
    };
    Some(midnight(year, month, day) + hour * 3_600 + minute * 60 + second)
}

/// Seconds since 1970 at the beginning of a day of the proleptic Gregorian calendar.
pub fn midnight(year: i64, month: i64, day: i64) -> i64 {
    // Years are counted from March: the leap day is then the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days =
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    days * 86_400
}

/// The date of so many seconds since 1970, as databases write it: `YYYY-MM-DD HH:MM:SS`.
pub fn date_time(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    if year < 0 {
        // What MySQL takes for no date.
        return "0000-00-00 00:00:00".to_owned();
    }
    let second = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("1970-01-01 00:00:00", Some(0))]
    #[case("2024-02-29 12:30:05", Some(1_709_209_805))]
    #[case("2026-11-22T15:52:00Z", Some(1_795_362_720))]
    #[case("2026-11-22 15:52:00.123456", Some(1_795_362_720))]
    #[case("2026-11-22", Some(1_795_305_600))]
    #[case("", None)]
    #[case("yesterday!", None)]
    #[case("2026-1é-22", None)]
    fn dates_are_read(#[case] stored: &str, #[case] expected: Option<i64>) {
        assert_eq!(unix_seconds(stored), expected);
    }
}
