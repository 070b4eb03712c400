//! Tests of what is known of a database.

use super::*;

#[rstest::rstest]
#[case("Copied the spec of 1 from cell1 to api.", "Copied the spec of 1 from cell1 to API.")]
#[case("api: no spec of api-1", "API: no spec of api-1")]
#[case("/srv/api/x.api and api.sqlite, capi api", "/srv/api/x.api and api.sqlite, capi API")]
#[case("api", "API")]
fn the_api_database_is_called_as_on_the_screen(#[case] sentence: &str, #[case] expected: &str) {
    assert_eq!(spoken(sentence), expected);
}

fn said(milliseconds: u64) -> Said {
    Said {
        product: "SQLite 3".to_owned(),
        rights: Rights::Write,
        has_table: true,
        round_trip: Duration::from_millis(milliseconds),
        remarks: Vec::new(),
    }
}

fn database() -> Database {
    Database::new(Place::given(DatabaseName::Api, "x"), 0)
}

#[test]
fn retries_come_less_and_less_often() {
    let mut database = database();
    let down = Failure::Down("gone".to_owned());
    let mut waits = Vec::new();
    let mut now = 0;
    for round in 0..7 {
        if round == 0 {
            database.failed(&down, now);
        } else {
            database.probed(Err(down.clone()), now);
        }
        // Another request fails of the same cause: no other attempt.
        database.failed(&down, now);
        let Health::Down { retry_at: Some(retry_at), .. } = database.health else { panic!("not down") };
        assert!(!database.is_due(retry_at - 1) && database.is_due(retry_at));
        waits.push(retry_at - now);
        now = retry_at;
        assert!(database.asked(now, 0) && !database.asked(now, 0), "one question at a time");
        assert!(!database.is_due(now + 1_000));
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60]);
    database.answered();
    assert_eq!(database.health, Health::Up);
}

#[test]
fn questions_are_spread_over_the_seconds_and_come_one_at_a_time() {
    let mut all: Vec<Database> = (0..50).map(|_| database()).collect();
    for (place, database) in all.iter_mut().enumerate() {
        assert!(!database.is_due(1_000) && database.asked(0, place));
        database.probed(Ok(said(1)), 0);
    }
    let mut asked = [0; 40];
    for now in 0..40 {
        for (place, database) in all.iter_mut().enumerate() {
            if database.is_due(now) {
                assert!(database.asked(now, place));
                asked[now as usize] += 1;
                database.probed(Ok(said(1)), now);
            }
        }
    }
    assert!(asked[..10].iter().all(|questions| *questions == 0), "{asked:?}");
    assert!(asked[10..].iter().all(|questions| *questions == 5), "{asked:?}");
}

#[test]
fn silence_and_long_round_trips_make_it_slow() {
    let mut database = database();
    assert_eq!((database.state(5), database.connecting_for(5)), (State::Connecting, Some(5)));
    database.asked(5, 0);
    database.probed(Ok(said(49)), 5);
    assert_eq!((database.state(5), database.latency()), (State::Up, None));
    database.asked(15, 0);
    assert_eq!((database.state(16), database.state(18)), (State::Up, State::Slow));
    assert_eq!(database.silent_for(18), Some(3));
    database.probed(Ok(said(120)), 19);
    assert_eq!((database.state(19), database.latency()), (State::Up, Some(Duration::from_millis(120))));
    database.asked(25, 0);
    database.probed(Ok(said(1_500)), 27);
    assert_eq!(database.state(27), State::Slow);
    database.disabled = true;
    database.asked(35, 0);
    database.probed(Ok(said(1)), 35);
    assert_eq!(database.state(35), State::Disabled);
}

#[test]
fn a_count_that_takes_long_rests_long() {
    let mut database = database();
    assert!(!database.wants_count(0, true), "not before it answers");
    database.answered();
    assert!(database.wants_count(0, false), "the first one in any case");
    database.counting(0);
    assert!(!database.wants_count(1_000, true), "one at a time");
    database.counted(Some(7), 1);
    assert!(!database.wants_count(60, true) && database.wants_count(61, true));
    assert!(!database.wants_count(1_000, false), "not again while nobody looks");
    database.counting(61);
    database.counted(Some(7), 71);
    assert!(!database.wants_count(270, true) && database.wants_count(271, true));
    database.recount();
    assert!(database.wants_count(72, false));
}

#[test]
fn what_has_no_address_is_down_and_left_alone() {
    let place = Place {
        unaddressed: Some("template without a port".to_owned()),
        ..Place::given(DatabaseName::cell("c"), "mysql://{hostname}")
    };
    let mut database = Database::new(place.clone(), 0);
    assert_eq!(database.state(0), State::Down);
    database.forgiven();
    assert!(!database.is_due(100) && !database.asked(100, 0));
    assert!(!database.placed(place.clone(), 5), "as before");
    assert!(database.placed(Place { unaddressed: None, ..place }, 7), "there is an address now");
    assert_eq!(database.connecting_for(9), Some(2));
}
