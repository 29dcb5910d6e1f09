//! Values that each format accepts and refuses.

use super::*;

fn reads<T: Value>(good: &[&str], bad: &[&str]) {
    for text in good {
        assert!(T::parse(text).is_ok(), "{text} is {}", T::FORMAT.what);
    }
    for text in bad {
        assert!(T::parse(text).is_err(), "{text} is not {}", T::FORMAT.what);
    }
}

#[test]
fn value_formats_accept_and_refuse() {
    reads::<Label>(&["contoso", "a", "front.desk_1@x+y-z"], &["", "a b", "a/b", "ä", "a|b", &"x".repeat(65)]);
    reads::<ClientId>(
        &["AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee"],
        &["", "aaaaaaaa-bbbb-cccc-ddddeeeeeeeeeeee", "zaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"],
    );
    reads::<TenantId>(
        &["contoso.onmicrosoft.com", "xn--grse-0ra.example"],
        &["contoso", "common", "a..b", "-a.b", "a.b/c", ".a.b"],
    );
    reads::<MailAddress>(
        &["a@b.example", "Jürgen.O'Neil+x@b.example"],
        &["@b.example", "a@", "a@b", "a b@c.example", "a..b@c.example", "a@b@c.example", "<a@b.example>"],
    );
    reads::<Interval>(&["1s", "90s", "1m 30s", "1.5m", "24h"], &["", "1", "0s", "25h", "18446744073709551615weeks", "5x"]);
    reads::<InFlight>(&["1", "64", "1000"], &["", "0", "1001", "-1", "1.5", "+5", "064", "0x10", "many"]);
    reads::<PerHour>(&["1", "1200", "1000000"], &["", "0", "1000001", "-1", "1.5", "+5", "064", "many"]);
    reads::<MaxAge>(&["0s", "15s", "24h"], &["", "0", "25h", "-1s"]);
    reads::<Timeout>(&["100ms", "10m"], &["99ms", "11m"]);
    reads::<Date>(&["2027-03-01", "2027-03-01T12:00:00Z"], &["2027-3-1", "2027-13-01", "0x27-03-01", "ü027-03-01"]);
    reads::<IpAddress>(&["10.0.0.5", "::1"], &["10.0.0", "10.0.0.5:80", "[::1]"]);
    reads::<ResolverName>(
        &["system", "::1", "[::1]", "[::1]:5353", "9.9.9.9", "9.9.9.9:53", "fe80::1%2", "[fe80::1%2]:53"],
        &["", "dns.example", "dns.example:53", "9.9.9.9:x", "9.9.9.9:0", "9.9.9.9:65536", "fe80::1%eth0", "::1:", "System"],
    );
    reads::<Variable>(&["A", "_a1"], &["", "1A", "A-B", "A B"]);
    reads::<Scope>(&["https://outlook.office365.com/.default"], &["", "a b", "ä"]);
}
