//! Times as seconds since the Unix epoch, written and read as UTC.

use anyhow::{bail, Context as _, Result};

const DAY: u64 = 86_400;

/// Days since the epoch of a civil date (proleptic Gregorian; Howard Hinnant's algorithm).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since the epoch.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

/// Reads `2025-10-10T21:20` or `2025-10-10`, with or without seconds and a final `Z`.
pub fn parse(text: &str) -> Result<u64> {
    let wrong = || format!("{text:?} is not a UTC time such as 2025-10-10T21:20");
    let trimmed = text.trim_end_matches('Z');
    let (date, clock) = trimmed.split_once('T').unwrap_or((trimmed, "00:00"));
    let numbers = |part: &str, by: char| -> Result<Vec<i64>> {
        part.split(by).map(|number| number.parse::<i64>().with_context(wrong)).collect()
    };
    let (date, clock) = (numbers(date, '-')?, numbers(clock, ':')?);
    let (&[year, month, day], [hour, minute, rest @ ..]) = (date.as_slice(), clock.as_slice()) else {
        bail!(wrong())
    };
    let second = match rest {
        [] => 0,
        [second] => *second,
        _ => bail!(wrong()),
    };
    let days = days_from_civil(year, month, day);
    let in_range = civil_from_days(days) == (year, month, day)
        && (0..24).contains(hour)
        && (0..60).contains(minute)
        && (0..60).contains(&second);
    if !in_range {
        bail!(wrong());
    }
    u64::try_from(days * DAY as i64 + hour * 3_600 + minute * 60 + second).with_context(wrong)
}

/// `2025-10-10 21:20`.
pub fn minute(time: u64) -> String {
    let (year, month, day) = civil_from_days((time / DAY) as i64);
    format!("{year:04}-{month:02}-{day:02} {}", clock(time))
}

/// `10-10 21:20:15`.
pub fn second(time: u64) -> String {
    let (_, month, day) = civil_from_days((time / DAY) as i64);
    format!("{month:02}-{day:02} {}:{:02}", clock(time), time % 60)
}

/// `10-10 21:20`, or `10 Oct` at midnight: for axes.
pub fn axis(time: u64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, month, day) = civil_from_days((time / DAY) as i64);
    let name = usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).unwrap_or(&"?");
    if time.is_multiple_of(DAY) {
        format!("{day} {name}")
    } else {
        clock(time)
    }
}

/// `21:20`.
fn clock(time: u64) -> String {
    format!("{:02}:{:02}", time % DAY / 3_600, time % 3_600 / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written_in_utc() {
        // 20,371 days lie between 1970-01-01 and 2025-10-10
        let evening = 20_371 * DAY + 21 * 3_600 + 20 * 60;
        assert_eq!(parse("2025-10-10T21:20").unwrap(), evening);
        assert_eq!(parse("2025-10-10T21:20:05Z").unwrap(), evening + 5);
        assert_eq!(parse("2025-10-10").unwrap(), 20_371 * DAY);
        assert_eq!(minute(evening), "2025-10-10 21:20");
        assert_eq!(second(evening + 5), "10-10 21:20:05");
        assert_eq!((axis(evening).as_str(), axis(20_371 * DAY).as_str()), ("21:20", "10 Oct"));
        for day in (0..40_000).step_by(17) {
            let text = minute(day * DAY);
            assert_eq!(parse(&text[..10]).unwrap(), day * DAY);
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2025-13-01",
            "2025-02-29",
            "2025-10-10T24:00",
            "2025-10-10T1",
            "10 Oct 2025",
            "2025-10-10T1:2:3:4",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
