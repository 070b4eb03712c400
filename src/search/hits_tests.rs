use super::*;
use crate::query::Field;

fn order(name: &str) -> Order {
    Order::by(Field::named(name).unwrap(), true)
}

fn reader(name: &str) -> Arc<KeyReader> {
    Arc::new(KeyReader::new(&order(name)))
}

/// Bytes of each of a million hits.
fn bytes_each(name: &str, key: impl Fn(i64) -> Key) -> f64 {
    let mut hits = Hits::new(&order(name), reader(name));
    for id in 0..1_000_000 {
        hits.push(id, key(id));
    }
    assert_eq!(hits.count(), 1_000_000);
    assert!(held() >= 15 * BLOCK * 4, "counted among those of all searches");
    let bytes: usize = hits.blocks.iter().map(|block| block._charge.0).sum();
    bytes as f64 / (hits.blocks.len() * BLOCK) as f64
}

#[test]
fn a_hit_takes_few_bytes() {
    let uuid = |id: i64| Key::Any(SortKey::from(&*format!("{id:08x}-0000-4000-8000-{id:012x}")));
    assert_eq!(bytes_each("id", |_| Key::Id), 4.0);
    assert_eq!(bytes_each("updated", |id| Key::Moment(id * 1_000_000)), 8.0);
    assert_eq!(bytes_each("az", |id| Key::Any(SortKey::from(id % 1_000))), 6.0);
    let of_uuids = bytes_each("uuid", uuid);
    assert!(of_uuids <= 20.0, "{of_uuids} bytes");
}

#[rstest::rstest]
#[case(&[5_000_000, NO_MOMENT, -3_000_000, 0])]
#[case(&[5_000_000, NO_MOMENT, -3_000_001, 0])]
#[case(&[i64::MAX / 1_000_000 * 1_000_000, 0])]
#[case(&[NO_MOMENT])]
#[case(&[0, 4_294_967_295_000_000])]
fn moments_come_back(#[case] moments: &[i64]) {
    let kept = Moments::of(moments);
    let back: Vec<i64> = (0..moments.len()).map(|at| kept.get(at)).collect();
    assert_eq!(back, moments);
}

#[test]
fn memory_is_bounded() {
    let mut hits = Hits::with_room(&order("id"), reader("id"), 1_000, BYTES);
    for id in 0..=1_000 {
        hits.push(id, Key::Id);
    }
    let overflow = Overflow { ends: (0, 1_000), surplus: Surplus::Hits(1_000) };
    assert_eq!((hits.count(), hits.overflow()), (0, Some(overflow)));
}

#[test]
fn long_values_that_many_share_take_little_room() {
    let mut hits = Hits::with_room(&order("az"), reader("az"), MOST, 2 << 20);
    let long = Key::Any(SortKey::from(&*"a zone ".repeat(1_000)));
    // The dictionary becomes full within a block, and within the room.
    for id in 0..100_000 {
        hits.push(id, if id % 2 == 0 || id > 99_900 { Key::Any(SortKey::from(id)) } else { long.clone() });
    }
    assert_eq!((hits.count(), hits.overflow()), (100_000, None));
    for id in 100_000..101_000 {
        hits.push(id, long.clone());
    }
    let surplus = Surplus::Bytes(2 << 20);
    assert_eq!(
        hits.overflow().map(|overflow| overflow.surplus),
        Some(surplus),
        "each has its own from then on"
    );
}
