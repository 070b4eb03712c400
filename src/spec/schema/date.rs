//! Dates as nova reads them (`oslo_utils.timeutils.parse_isotime`, which is `iso8601.parse_date`)
//! and as it writes them (`YYYY-MM-DDTHH:MM:SSZ`).
//!
//! Imports the crate `time`; no I/O, no clock.

use time::{Date, Duration, Month, PrimitiveDateTime, Time};

/// The form in which nova stores the date `text`, in UTC and without fractions of a second; `None`
/// where nova cannot read it.
pub fn canonical(text: &str) -> Option<String> {
    let moment = Cursor { rest: text.as_bytes() }.moment()?;
    let (date, time) = (moment.date(), moment.time());
    Some(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    ))
}

struct Cursor<'t> {
    rest: &'t [u8],
}

impl Cursor<'_> {
    /// `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, `YYYYMMDD`, and a time after a full date.
    fn moment(mut self) -> Option<PrimitiveDateTime> {
        let year = self.number(4, 4)?;
        let mut date = (1, 1);
        let mut full = false;
        if !self.rest.is_empty() {
            let dashed = self.take(b"-");
            date.0 = if dashed { self.number(1, 2)? } else { self.number(2, 2)? };
            if self.rest.is_empty() {
                // YYYYMM is not accepted.
                dashed.then_some(())?;
            } else {
                date.1 = if self.take(b"-") { self.number(1, 2)? } else { self.number(2, 2)? };
                full = true;
            }
        }
        let month = Month::try_from(u8::try_from(date.0).ok()?).ok()?;
        let day = Date::from_calendar_date(year as i32, month, u8::try_from(date.1).ok()?).ok()?;
        if year == 0 {
            return None;
        }
        if self.rest.is_empty() {
            return Some(day.midnight());
        }
        if !full || !self.take(b" T") {
            return None;
        }
        let (time, offset) = self.time_and_zone()?;
        let moment = PrimitiveDateTime::new(day, time);
        moment.checked_sub(Duration::minutes(offset))
    }

    fn time_and_zone(&mut self) -> Option<(Time, i64)> {
        let hour = self.number(2, 2)?;
        let mut clock = [0, 0];
        for (place, part) in clock.iter_mut().enumerate() {
            let colon = self.rest.first() == Some(&b':');
            if !colon && !self.rest.first().is_some_and(u8::is_ascii_digit) {
                break;
            }
            self.take(b":");
            *part = if place == 0 { self.number(2, 2)? } else { self.number(1, 2)? };
            if place == 1 && self.take(b".,") {
                self.digits()?;
            }
        }
        let offset = self.zone()?;
        let narrow = |number: u32| u8::try_from(number).ok();
        let time = Time::from_hms(narrow(hour)?, narrow(clock[0])?, narrow(clock[1])?).ok()?;
        Some((time, offset))
    }

    /// Minutes east of UTC; none given means UTC.
    fn zone(&mut self) -> Option<i64> {
        if self.rest.is_empty() || self.rest == b"Z" {
            return Some(0);
        }
        let west = self.rest.first() == Some(&b'-');
        if !self.take(b"+-") {
            return None;
        }
        let hours = self.number(2, 2)?;
        self.take(b":");
        let minutes = if self.rest.is_empty() { 0 } else { self.number(2, 2)? };
        let total = i64::from(hours) * 60 + i64::from(minutes);
        // Python's timezones reach less than a day either way.
        (self.rest.is_empty() && total < 24 * 60).then_some(if west { -total } else { total })
    }

    fn take(&mut self, any: &[u8]) -> bool {
        let found = self.rest.first().is_some_and(|byte| any.contains(byte));
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let length = self.rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if length < least {
            return None;
        }
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')))
    }

    fn digits(&mut self) -> Option<()> {
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.rest = &self.rest[length..];
        (length > 0).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[rstest::rstest]
    #[case("2016-04-08T08:00:01Z", "2016-04-08T08:00:01Z")]
    #[case("2016-04-08", "2016-04-08T00:00:00Z")]
    #[case("2016-04", "2016-04-01T00:00:00Z")]
    #[case("2016", "2016-01-01T00:00:00Z")]
    #[case("20160408", "2016-04-08T00:00:00Z")]
    #[case("2016-04-08 08:00:01.25", "2016-04-08T08:00:01Z")]
    #[case("2016-04-08T08:00:01+02:00", "2016-04-08T06:00:01Z")]
    #[case("2016-04-08T08", "2016-04-08T08:00:00Z")]
    #[case("2016-04-08T0800", "2016-04-08T08:00:00Z")]
    fn reads_what_nova_reads(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(canonical(text).as_deref(), Some(expected));
    }

    #[rstest::rstest]
    #[case("")]
    #[case("201604")]
    #[case("2016-13-01")]
    #[case("2016-02-30")]
    #[case("yesterday")]
    #[case("2016-04-08T25:00:00Z")]
    #[case("2016-04-08T08:00:01 UTC")]
    #[case("0000-01-01")]
    fn refuses_what_nova_refuses(#[case] text: &str) {
        assert_eq!(canonical(text), None);
    }
}
