//! Times without a zone, as PostgreSQL counts them and as people read them: microseconds since
//! 2000-01-01, and Python's `str(datetime)`, which sorts as the times do. Imports nothing of ours.

/// What PostgreSQL calls `infinity`.
const LATEST: i64 = i64::MAX;
/// What it calls `-infinity`; stands for "no time" in keys, which is the lowest.
pub(super) const LOWEST: i64 = i64::MIN;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Days from 0000-03-01 to 2000-01-01 in the proleptic Gregorian calendar.
const EPOCH: i64 = 730_425;
/// Days of 400 years.
const ERA: i64 = 146_097;

/// Now, in UTC.
pub(super) fn now() -> i64 {
    const UNIX: i128 = 946_684_800 * SECOND as i128;
    let micros = time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000 - UNIX;
    i64::try_from(micros).unwrap_or_default()
}

/// The text of a time: `2026-08-01 12:00:00`, with `.000001` where it has a fraction.
pub(super) fn text(micros: i64) -> String {
    let mut made = String::with_capacity(26);
    write(micros, &mut made);
    made
}

/// The same into a buffer, which is cleared first.
pub(super) fn write(micros: i64, into: &mut String) {
    into.clear();
    match micros {
        LATEST => return into.push_str("infinity"),
        LOWEST => return into.push_str("-infinity"),
        _ => {}
    }
    let (year, month, day) = civil(micros.div_euclid(DAY));
    let in_day = micros.rem_euclid(DAY);
    let (seconds, fraction) = (in_day / SECOND, in_day % SECOND);
    let shown_year = if year > 0 { year } else { 1 - year };
    digits(into, shown_year, 4);
    for (separator, number) in
        [('-', month), ('-', day), (' ', seconds / 3_600), (':', seconds / 60 % 60), (':', seconds % 60)]
    {
        into.push(separator);
        digits(into, number, 2);
    }
    if fraction != 0 {
        into.push('.');
        digits(into, fraction, 6);
    }
    if year <= 0 {
        into.push_str(" BC");
    }
}

/// The text of a day, counted from 2000-01-01.
pub(super) fn day_text(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        days => text(i64::from(days) * DAY).replacen(" 00:00:00", "", 1),
    }
}

/// A number of that many digits at least.
fn digits(into: &mut String, number: i64, width: usize) {
    let mut places = [b'0'; 20];
    let (mut at, mut rest) = (places.len(), number);
    while rest > 0 && at > 0 {
        at -= 1;
        places[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let start = at.min(places.len() - width);
    into.extend(places[start..].iter().map(|digit| char::from(*digit)));
}

/// Year (0 is 1 BC), month and day of a day counted from 2000-01-01.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + EPOCH;
    let (era, of_era) = (shifted.div_euclid(ERA), shifted.rem_euclid(ERA));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The day counted from 2000-01-01.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH
}

/// The time that a text tells: what [`text`] writes, and what the other engines store (a date
/// alone, a `T` between, a `Z` after it). None for anything else.
pub(super) fn parse(text: &str) -> Option<i64> {
    match text {
        "infinity" => return Some(LATEST),
        "-infinity" => return Some(LOWEST),
        _ => {}
    }
    let (text, before_christ) = text.strip_suffix(" BC").map_or((text, false), |text| (text, true));
    let text = text.strip_suffix('Z').unwrap_or(text);
    let (date, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
    let mut parts = date.split('-');
    let (year, month, day) = (number(parts.next()?, 4, 6)?, part(parts.next()?)?, part(parts.next()?)?);
    let year = if before_christ { 1 - year } else { year };
    let day_count = days(year, month, day);
    // A date that there is not comes back as another.
    if parts.next().is_some() || civil(day_count) != (year, month, day) {
        return None;
    }
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut parts = time.split(':');
    let (hour, minute) = (part(parts.next()?)?, part(parts.next()?)?);
    let second = parts.next().map_or(Some(0), part)?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let micros =
        format!("{:0<6}", number(fraction, 1, 9).map(|_| fraction)?).get(..6)?.parse::<i64>().ok()?;
    let in_day = ((hour * 60 + minute) * 60 + second) * SECOND + micros;
    day_count.checked_mul(DAY)?.checked_add(in_day)
}

fn part(text: &str) -> Option<i64> {
    number(text, 2, 2)
}

fn number(text: &str, least: usize, most: usize) -> Option<i64> {
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

/// Where the text of a key stands among the times: "" lowest. One that no time has (a key of
/// another engine's row) stands where its text would.
pub(super) fn key(text: &str) -> i64 {
    match parse(text) {
        Some(micros) => micros,
        None if text > "9" => LATEST,
        None => LOWEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_texts_go_both_ways() {
        for (micros, expected) in [
            (0, "2000-01-01 00:00:00"),
            (1, "2000-01-01 00:00:00.000001"),
            (-1, "1999-12-31 23:59:59.999999"),
            (59 * DAY, "2000-02-29 00:00:00"),
            (838_900_800 * SECOND + 120_000, "2026-08-01 12:00:00.120000"),
            (LATEST, "infinity"),
            (LOWEST, "-infinity"),
        ] {
            assert_eq!(text(micros), expected);
            assert_eq!(parse(expected), Some(micros), "{expected}");
        }
        for day in (-800_000..3_000_000).step_by(37) {
            let written = text(day * DAY + 86_399_123_456);
            assert_eq!(parse(&written), Some(day * DAY + 86_399_123_456), "{written}");
        }
        assert_eq!(text(days(0, 12, 31) * DAY), "0001-12-31 00:00:00 BC");
        assert_eq!(text(days(12_345, 1, 2) * DAY), "12345-01-02 00:00:00");
        assert_eq!(day_text(59), "2000-02-29");
    }

    #[test]
    fn what_other_engines_store_is_read_and_nonsense_is_not() {
        let noon = parse("2026-08-01 12:00:00");
        assert!(noon.is_some());
        for same in ["2026-08-01T12:00:00Z", "2026-08-01 12:00:00.000000", "2026-08-01 12:00"] {
            assert_eq!(parse(same), noon, "{same}");
        }
        assert_eq!(parse("2026-08-01"), parse("2026-08-01 00:00:00"));
        for nonsense in [
            "",
            "whenever",
            "2026-02-30 00:00:00",
            "2026-13-01",
            "2026-01-01 24:00:00",
            "2026-1-1",
            "now",
            "1",
        ] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
        assert!(key("") < key("0001-01-01 00:00:00") && key("2026-01-01") < key("whenever"));
    }
}
