//! Rhythms as arithmetic, and runners with time that stands still.

use super::*;

fn id(number: u32) -> ProbeId {
    ProbeId { tenant: "contoso".into(), mailbox: Some(format!("mailbox{number}")), check: "pop3" }
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn fnv_is_the_published_one() {
    assert_eq!(fnv(b""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(fnv(b"a"), 0xaf63_dc4c_8601_ec8c);
    assert_eq!(fnv(b"foobar"), 0x8594_4171_f739_67e8);
}

#[test]
fn the_place_in_the_interval_is_kept_over_restarts() {
    let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
    let place = |now: SystemTime| {
        let due = now + Rhythm::of(&id(7), MINUTE, now).second;
        due.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_nanos() % MINUTE.as_nanos()
    };
    assert_eq!(place(noon), place(noon + Duration::from_millis(12_345)));
}

#[test]
fn the_first_run_comes_early_and_the_second_not_on_its_heels() {
    for number in 0..1000 {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_790_000_000_123 + u64::from(number) * 77);
        for interval in [Duration::from_secs(1), MINUTE, 5 * MINUTE] {
            let Rhythm { first, second } = Rhythm::of(&id(number), interval, now);
            assert!(first < FIRST_ROUND.min(interval), "{first:?}");
            let gap = second.saturating_sub(first);
            assert!(gap >= interval / 2 && gap <= interval * 3 / 2, "{interval:?}: {gap:?}");
        }
    }
}

#[test]
fn names_spread_over_the_interval() {
    let mut tenths = [0; 10];
    for number in 0..1000 {
        let second = Rhythm::of(&id(number), MINUTE, SystemTime::UNIX_EPOCH).second;
        tenths[usize::try_from(second.as_millis() % 60_000 / 6000).expect("small")] += 1;
    }
    assert!(tenths.iter().all(|count| (60..140).contains(count)), "{tenths:?}");
}
