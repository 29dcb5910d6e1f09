//! Requests that are refused, or closed without an answer: malformed ones, smuggled ones, other sites' and other names'.

/// A request, its name, and the statuses that may answer it; an empty list where any refusal or none will do.
pub struct Refused {
    pub name: &'static str,
    pub request: Vec<u8>,
    pub statuses: &'static [u16],
}

/// A request that would be carried out if it were taken for one of its own.
const SMUGGLED: &str = "GET /config HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Malformed requests, whole. None is answered with a page.
const MALFORMED: &[(&str, &str)] = &[
    ("nothing but an empty line", "\r\n\r\n"),
    ("a word", "hello\r\n\r\n"),
    ("bytes of TLS", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\r\n\r\n"),
    ("no target", "GET\r\nHost: localhost\r\n\r\n"),
    ("no version", "GET /\r\nHost: localhost\r\n\r\n"),
    ("HTTP/0.9 without a version", "GET / \r\nHost: localhost\r\n\r\n"),
    ("HTTP/9.9", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n"),
    ("HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("a version in lower case", "GET / http/1.1\r\nHost: localhost\r\n\r\n"),
    ("a space in the method", "G ET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("a control character in the method", "G\u{1}T / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("a space in the target", "GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("a NUL in the target", "GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("a target without a slash", "GET metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("CONNECT", "CONNECT localhost:22 HTTP/1.1\r\nHost: localhost:22\r\n\r\n"),
    ("TRACE", "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("a method of nobody's", "BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("no Host", "GET / HTTP/1.1\r\n\r\n"),
    ("an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    ("two Hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"),
    ("a Host with a user", "GET / HTTP/1.1\r\nHost: a@localhost\r\n\r\n"),
    ("a Host with a path", "GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n"),
    ("a Host with a wrong port", "GET / HTTP/1.1\r\nHost: localhost:99999\r\n\r\n"),
    ("a field without a colon", "GET / HTTP/1.1\r\nHost: localhost\r\nnothing\r\n\r\n"),
    ("a field without a name", "GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n"),
    ("a space before the colon", "GET / HTTP/1.1\r\nHost : localhost\r\n\r\n"),
    ("a NUL in a field", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n"),
    ("a lone CR in a field", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n"),
    ("a folded Host", "GET / HTTP/1.1\r\nHost: local\r\n host\r\n\r\n"),
    ("a folded field at the beginning", "GET / HTTP/1.1\r\n X: a\r\nHost: localhost\r\n\r\n"),
    ("an escape that is none", "GET /probe?check=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("an escape that is not UTF-8", "GET /probe?check=%ff HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("a path upwards", "GET /../config HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("an escaped path upwards", "GET /%2e%2e/config HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("two slashes", "GET //config HTTP/1.1\r\nHost: localhost\r\n\r\n"),
];

/// Heads after which [`SMUGGLED`] stands as a body. None may lead to a second answer.
const SMUGGLING: &[(&str, &str)] = &[
    ("both lengths", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("both lengths, the other way round", "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
    ("two lengths", "Content-Length: 0\r\nContent-Length: 44\r\n\r\n"),
    ("a list of lengths", "Content-Length: 0, 44\r\n\r\n"),
    ("a length with a sign", "Content-Length: +0\r\n\r\n"),
    ("a negative length", "Content-Length: -1\r\n\r\n"),
    ("a length in hexadecimal", "Content-Length: 0x0\r\n\r\n"),
    ("a length with a space", "Content-Length: 0 0\r\n\r\n"),
    ("a length beyond all numbers", "Content-Length: 18446744073709551616\r\n\r\n"),
    ("a space before the colon", "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    ("a coding that is none", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("chunked before another coding", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    ("two codings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    ("a vertical tab before the coding", "Transfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n"),
    ("a folded coding", "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    ("a chunk's size with a sign", "Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n"),
    ("a chunk's size with a prefix", "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n"),
    ("a chunk's size beyond all numbers", "Transfer-Encoding: chunked\r\n\r\n1000000000000000000\r\n\r\n"),
    ("a line feed in a chunk's extension", "Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n0\r\n\r\n"),
    ("a chunk without its end", "Transfer-Encoding: chunked\r\n\r\n1\r\nab0\r\n\r\n"),
];

/// Headers by which another site's page or another name is known, with the target, the method and the status of the refusal.
const FOREIGN: &[(&str, &str, &str, u16)] = &[
    ("another site's reload", "POST /-/reload", "Host: localhost\r\nOrigin: http://evil.example", 403),
    ("a sandboxed page's reload", "POST /-/reload", "Host: localhost\r\nOrigin: null", 403),
    ("a reload across sites", "POST /-/reload", "Host: localhost\r\nSec-Fetch-Site: cross-site", 403),
    ("a probe across sites", "GET /probe?check=token", "Host: localhost\r\nSec-Fetch-Site: cross-site", 403),
    ("another site's probe", "GET /probe?check=token", "Host: localhost\r\nOrigin: http://evil.example", 403),
    ("a reload by GET", "GET /-/reload", "Host: localhost", 405),
    ("another name's configuration", "GET /config", "Host: evil.example", 421),
    ("another name's metrics", "GET /metrics", "Host: evil.example:10365", 421),
    ("an address as the beginning of a name", "GET /config", "Host: 127.0.0.1.evil.example", 421),
    ("another name's reload", "POST /-/reload", "Host: evil.example\r\nOrigin: http://evil.example", 421),
    ("another name in the target", "GET http://evil.example/config", "Host: localhost", 421),
];

/// Returns all of them.
pub fn requests() -> Vec<Refused> {
    let malformed = MALFORMED.iter().map(|(name, request)| Refused { name, request: request.as_bytes().to_vec(), statuses: &[] });
    let smuggling = SMUGGLING.iter().map(|(name, head)| Refused {
        name,
        request: format!("GET /nothing HTTP/1.1\r\nHost: localhost\r\n{head}{SMUGGLED}").into_bytes(),
        statuses: &[],
    });
    let foreign = FOREIGN.iter().map(|(name, line, fields, status)| Refused {
        name,
        request: format!("{line} HTTP/1.1\r\n{fields}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").into_bytes(),
        statuses: std::slice::from_ref(status),
    });
    let long = [
        ("a field of 20 kB", format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "a".repeat(20_000))),
        ("a target of 20 kB", format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "a".repeat(20_000))),
        ("a hundred fields", format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: a\r\n".repeat(100))),
        ("a long body", "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n".to_owned()),
    ];
    let long = long.into_iter().map(|(name, request)| Refused { name, request: request.into_bytes(), statuses: &[431, 413] });
    malformed.chain(smuggling).chain(foreign).chain(long).collect()
}

impl Refused {
    /// Returns the mistake in an answer: a page, a further answer, or another status than those allowed.
    pub fn mistake(&self, answer: &[u8]) -> Option<String> {
        let answer = String::from_utf8_lossy(answer);
        let statuses: Vec<u16> = answer.match_indices("HTTP/1.1 ").map(|(at, _)| crate::client::status(&answer[at..])).collect();
        let allowed = |status: &u16| if self.statuses.is_empty() { *status >= 400 } else { self.statuses.contains(status) };
        let is_right = statuses.iter().all(allowed) && statuses.len() <= 1 && (self.statuses.is_empty() || statuses.len() == 1);
        (!is_right).then(|| format!("{}: answered {statuses:?}", self.name))
    }
}
