//! A DNS query for the addresses of one name (RFC 1035), and the parser of its response.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::outcome::{Family, Fault};
use crate::reason::Reason;

/// Bytes of the largest datagram that passes every path without fragments (DNS flag day 2020).
const MAX_PAYLOAD: u16 = 1232;
/// The most aliases that are followed; Microsoft's chains have up to six.
const MAX_CHAIN: usize = 16;
/// The most addresses that are kept; more is no honest response, and too much to show.
const MAX_ADDRESSES: usize = 64;

/// A question for the addresses of one family of one name.
#[derive(Clone, Debug)]
pub struct Question {
    id: u16,
    query: Query,
}

/// A received message by its relation to the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// The response.
    Response(DnsResponse),
    /// The beginning of the response, which can be had whole over TCP (RFC 7766).
    Truncated,
    /// A message that does not belong to the question: late, forged or no DNS message. The response may still come.
    Mismatch(Mismatch),
    /// A message that belongs to the question and cannot be parsed, with the parser's error.
    Malformed(String),
}

/// A message that does not belong to the question, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// No DNS message.
    NoMessage,
    /// A query: ours sent back, or another.
    Echo,
    /// A message with another id than the question's.
    OtherId,
    /// A success that does not repeat the question.
    NoQuestion,
    /// A response to another question, with the type and name of that.
    OtherQuestion(String),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMessage => f.write_str("no DNS message"),
            Self::Echo => f.write_str("a question instead of an answer, as if it were sent back to us"),
            Self::OtherId => f.write_str("an answer with another id than the question's"),
            Self::NoQuestion => f.write_str("an answer that does not repeat the question"),
            Self::OtherQuestion(what) => write!(f, "an answer to another question: {what}"),
        }
    }
}

/// The response of a resolver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsResponse {
    /// The response code as `dig` writes it: `NOERROR`, `NXDOMAIN`, …
    pub rcode: String,
    /// The addresses at the end of the chain.
    pub addresses: Vec<IpAddr>,
    /// The aliases (CNAME), first hop first, without their last dot.
    pub chain: Vec<String>,
    /// The lowest time to live of the addresses.
    pub ttl: Option<Duration>,
    /// The reason why it holds no address, if it holds none.
    pub failed: Option<Reason>,
}

impl DnsResponse {
    /// Returns the fault of a response without an address. A code that is not known has the reason of SERVFAIL, and is marked.
    pub fn fault(&self) -> Option<Fault> {
        let is_known = ["NOERROR", "NXDOMAIN", "REFUSED", "SERVFAIL"].contains(&&*self.rcode);
        let fault = |reason| Fault::heard(reason, &self.rcode).code(&self.rcode).unrecognized(!is_known);
        self.failed.map(fault)
    }

    /// Reports whether the response code may be about EDNS and not about the name: a server, or a device before it, that does not
    /// know the option responds with one of these codes (RFC 6891, 6.1.3 and 7; SERVFAIL where it cannot tell why).
    pub fn may_be_about_edns(&self) -> bool {
        ["FORMERR", "NOTIMP", "SERVFAIL", "BADVERS"].contains(&&*self.rcode)
    }
}

impl Question {
    /// Makes a question with the random `id`, which the response has to repeat.
    ///
    /// # Errors
    /// `dns_name_unknown`: `host` cannot be a DNS name (a label over 63 characters, say).
    pub fn new(id: u16, host: &str, family: Family) -> Result<Self, Fault> {
        let kind = match family {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        };
        let mut name =
            Name::from_ascii(host).map_err(|_| Fault::heard(Reason::DnsNameUnknown, "no DNS name can look like this"))?;
        name.set_fqdn(true);
        Ok(Self { id, query: Query::query(name, kind) })
    }

    /// Encodes the query; without `edns` for a resolver too old to know it (RFC 6891, 7).
    ///
    /// # Errors
    /// `internal`: the message could not be written, which no name that passed [`Question::new`] causes.
    pub fn message(&self, edns: bool) -> Result<Vec<u8>, Fault> {
        let mut message = Message::new(self.id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(self.query.clone());
        if edns {
            let mut options = Edns::new();
            options.set_max_payload(MAX_PAYLOAD);
            message.set_edns(options);
        }
        message.to_vec().map_err(|error| Fault::heard(Reason::Internal, error.to_string()))
    }

    /// Parses a message from the resolver.
    pub fn parse(&self, bytes: &[u8]) -> Received {
        let [high, low, flags, ..] = bytes else { return Received::Mismatch(Mismatch::NoMessage) };
        let (response, truncated) = (flags & 0x80 != 0, flags & 0x02 != 0);
        let is_ours = u16::from_be_bytes([*high, *low]) == self.id;
        let mismatch = |message: &Message| if response { self.question_mismatch(message) } else { Some(Mismatch::Echo) };
        match Message::from_vec(bytes) {
            Ok(_) if response && !is_ours => Received::Mismatch(Mismatch::OtherId),
            Err(_) if !response || !is_ours => Received::Mismatch(Mismatch::NoMessage),
            Err(_) if truncated => Received::Truncated, // where the cut falls is the resolver's business: half a record may be the last
            Err(error) => Received::Malformed(format!("{} bytes that are no whole answer: {error}", bytes.len())),
            Ok(message) => match mismatch(&message) {
                Some(mismatch) => Received::Mismatch(mismatch),
                None if truncated => Received::Truncated,
                None => Received::Response(self.response(&message)),
            },
        }
    }

    /// Compares the question of a response with the right id to ours; `None` where they match. A refusal may leave the question
    /// out: resolvers differ.
    fn question_mismatch(&self, message: &Message) -> Option<Mismatch> {
        match message.queries.as_slice() {
            [] => (message.metadata.response_code == ResponseCode::NoError).then_some(Mismatch::NoQuestion),
            [query] if query.name == self.query.name && query.query_type == self.query.query_type => None,
            [query, ..] => Some(Mismatch::OtherQuestion(format!("{} {}", query.query_type, name_text(&query.name)))),
        }
    }

    fn response(&self, message: &Message) -> DnsResponse {
        let (chain, last) = self.follow_aliases(&message.answers);
        let found: Vec<(IpAddr, u32)> = message
            .answers
            .iter()
            .filter(|record| record.name == *last)
            .filter_map(|record| Some((self.address(&record.data)?, record.ttl)))
            .take(MAX_ADDRESSES)
            .collect();
        let code = message.metadata.response_code;
        DnsResponse {
            rcode: mnemonic(code),
            failed: reason(code).or(found.is_empty().then_some(Reason::DnsNoAddresses)),
            ttl: found.iter().map(|(_, ttl)| Duration::from_secs(u64::from(*ttl))).min(),
            addresses: found.into_iter().map(|(address, _)| address).collect(),
            chain: chain.into_iter().map(name_text).collect(),
        }
    }

    /// Returns the aliases of the question's name, and the last of them. The records may stand in any order.
    fn follow_aliases<'a>(&'a self, records: &'a [Record]) -> (Vec<&'a Name>, &'a Name) {
        let mut chain = Vec::new();
        let mut last = &self.query.name;
        let alias = |name: &Name| {
            records.iter().find_map(|record| match &record.data {
                RData::CNAME(target) if record.name == *name => Some(&target.0),
                _ => None,
            })
        };
        while let Some(next) = alias(last).filter(|_| chain.len() < MAX_CHAIN) {
            chain.push(next);
            last = next;
        }
        (chain, last)
    }

    fn address(&self, data: &RData) -> Option<IpAddr> {
        match (data, self.query.query_type) {
            (RData::A(address), RecordType::A) => Some(IpAddr::V4(address.0)),
            (RData::AAAA(address), RecordType::AAAA) => Some(IpAddr::V6(address.0)),
            _ => None,
        }
    }
}

/// Formats the name without its last dot. Hickory escapes what is not printable.
fn name_text(name: &Name) -> String {
    let text = name.to_ascii();
    text.strip_suffix('.').map_or_else(|| text.clone(), str::to_owned)
}

/// Names the response code as `dig` does.
fn mnemonic(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::NXDomain => "NXDOMAIN".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        ResponseCode::BADVERS => "BADVERS".to_owned(),
        other => format!("RCODE{}", u16::from(other)),
    }
}

fn reason(code: ResponseCode) -> Option<Reason> {
    match code {
        ResponseCode::NoError => None,
        ResponseCode::NXDomain => Some(Reason::DnsNameUnknown),
        ResponseCode::Refused => Some(Reason::DnsRefused),
        _ => Some(Reason::DnsServerFailure),
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use hickory_proto::rr::rdata::{A, AAAA, CNAME};
    use proptest::prelude::*;

    use super::*;

    const ID: u16 = 0x1234;
    const HOST: &str = "outlook.office365.com";

    fn question() -> Question {
        Question::new(ID, HOST, Family::V4).expect("a name")
    }

    fn name(text: &str) -> Name {
        Name::from_str(text).expect(text)
    }

    fn a(owner: &str, ttl: u32, address: [u8; 4]) -> Record {
        Record::from_rdata(name(owner), ttl, RData::A(A(address.into())))
    }

    fn alias(owner: &str, target: &str) -> Record {
        Record::from_rdata(name(owner), 5, RData::CNAME(CNAME(name(target))))
    }

    fn response(code: ResponseCode, records: Vec<Record>) -> Message {
        let mut message = Message::response(ID, OpCode::Query);
        message.metadata.response_code = code;
        message.add_query(question().query);
        message.add_answers(records);
        message
    }

    fn parsed(code: ResponseCode, records: Vec<Record>) -> DnsResponse {
        match question().parse(&response(code, records).to_vec().expect("writable")) {
            Received::Response(response) => response,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn message_asks_recursively_with_and_without_edns() {
        let sent = Message::from_vec(&question().message(true).expect("written")).expect("readable");
        assert_eq!((sent.metadata.id, sent.metadata.recursion_desired), (ID, true));
        assert_eq!(sent.queries[0].name.to_ascii(), "outlook.office365.com.");
        assert_eq!(sent.edns.expect("present").max_payload(), 1232);
        assert_eq!(Message::from_vec(&question().message(false).expect("written")).expect("readable").edns, None);
        let long = "x".repeat(64);
        assert_eq!(Question::new(1, &long, Family::V6).expect_err("no name").reason, Reason::DnsNameUnknown);
    }

    #[test]
    fn parse_follows_aliases_in_any_order_and_case() {
        let records = vec![
            a("FRA-efz.ms-acdc.office.com.", 60, [52, 97, 1, 2]),
            alias("ooc-g2.TM-4.office.com.", "FRA-efz.ms-acdc.office.com."),
            a("elsewhere.example.", 1, [9, 9, 9, 9]),
            alias("OUTLOOK.office365.com.", "ooc-g2.tm-4.office.com."),
            a("fra-efz.ms-acdc.office.com.", 10, [52, 97, 1, 3]),
        ];
        let response = parsed(ResponseCode::NoError, records);
        let chain: Vec<_> = response.chain.iter().map(|name| name.to_ascii_lowercase()).collect();
        assert_eq!(chain, ["ooc-g2.tm-4.office.com", "fra-efz.ms-acdc.office.com"]);
        assert_eq!(response.addresses, [IpAddr::from([52, 97, 1, 2]), IpAddr::from([52, 97, 1, 3])]);
        assert_eq!((response.ttl, response.failed), (Some(Duration::from_secs(10)), None));
    }

    #[test]
    fn parse_gives_each_rcode_its_reason() {
        for (code, rcode, reason) in [
            (ResponseCode::NoError, "NOERROR", Reason::DnsNoAddresses),
            (ResponseCode::NXDomain, "NXDOMAIN", Reason::DnsNameUnknown),
            (ResponseCode::ServFail, "SERVFAIL", Reason::DnsServerFailure),
            (ResponseCode::Refused, "REFUSED", Reason::DnsRefused),
            (ResponseCode::FormErr, "FORMERR", Reason::DnsServerFailure),
            (ResponseCode::NotImp, "NOTIMP", Reason::DnsServerFailure),
            (ResponseCode::NotAuth, "RCODE9", Reason::DnsServerFailure),
        ] {
            let response = parsed(code, vec![]);
            assert_eq!((response.rcode.as_str(), response.failed), (rcode, Some(reason)));
            assert_eq!(response.may_be_about_edns(), ["SERVFAIL", "FORMERR", "NOTIMP"].contains(&rcode), "{rcode}");
        }
    }

    #[test]
    fn parse_without_an_address_of_the_family_is_dns_no_addresses() {
        let v6 = Record::from_rdata(name("outlook.office365.com."), 5, RData::AAAA(AAAA("2603:1026::1".parse().expect("v6"))));
        let circle = vec![alias("outlook.office365.com.", "a.example."), alias("a.example.", "outlook.office365.com.")];
        for records in [vec![v6], vec![alias("outlook.office365.com.", "nowhere.example.")], circle] {
            assert_eq!(parsed(ResponseCode::NoError, records).failed, Some(Reason::DnsNoAddresses));
        }
    }

    #[test]
    fn parse_of_another_message_is_a_mismatch() {
        let whole = response(ResponseCode::NoError, vec![a("outlook.office365.com.", 5, [1, 2, 3, 4])]);
        let changed = |change: fn(&mut Message)| {
            let mut message = whole.clone();
            change(&mut message);
            question().parse(&message.to_vec().expect("writable"))
        };
        assert!(matches!(changed(|_| ()), Received::Response(_)));
        let mismatch = |change: fn(&mut Message)| match changed(change) {
            Received::Mismatch(mismatch) => mismatch.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(mismatch(|m| m.metadata.id ^= 1), "an answer with another id than the question's");
        let echo = "a question instead of an answer, as if it were sent back to us";
        assert_eq!(mismatch(|m| m.metadata.message_type = MessageType::Query), echo);
        let other = "an answer to another question: A login.microsoftonline.com";
        assert_eq!(mismatch(|m| m.queries[0].name = name("login.microsoftonline.com.")), other);
        let other = "an answer to another question: AAAA outlook.office365.com";
        assert_eq!(mismatch(|m| m.queries[0].query_type = RecordType::AAAA), other);
        assert_eq!(mismatch(|m| m.queries.clear()), "an answer that does not repeat the question");
        assert_eq!(changed(|m| m.metadata.truncation = true), Received::Truncated);
        for short in [&[][..], &[0x12, 0x34], b"HTTP/1.0 400 Bad Request\r\n\r\n"] {
            assert_eq!(question().parse(short), Received::Mismatch(Mismatch::NoMessage));
        }
        let malformed = question().parse(&[0x12, 0x34, 0x81, 0x80, 0, 1]);
        assert!(
            matches!(&malformed, Received::Malformed(why) if why.starts_with("6 bytes that are no whole answer: ")),
            "{malformed:?}"
        );
        assert_eq!(question().parse(&[0x12, 0x34, 0x83, 0x80, 0, 1]), Received::Truncated);
    }

    #[test]
    fn parse_of_a_refusal_without_a_question_is_a_response() {
        let mut message = response(ResponseCode::Refused, vec![]);
        message.queries.clear();
        let received = question().parse(&message.to_vec().expect("writable"));
        assert!(matches!(received, Received::Response(DnsResponse { failed: Some(Reason::DnsRefused), .. })), "{received:?}");
    }

    proptest! {
        #[test]
        fn parse_never_panics(tail in any::<Vec<u8>>(), flip in any::<prop::sample::Index>(), to in any::<u8>()) {
            question().parse(&tail);
            question().parse(&[&[0x12, 0x34, 0x81, 0x80][..], &tail].concat());
            let records = vec![alias("outlook.office365.com.", "a.example."), a("a.example.", 5, [1, 2, 3, 4])];
            let mut message = response(ResponseCode::NoError, records).to_vec().expect("writable");
            let at = flip.index(message.len());
            message[at] = to;
            question().parse(&message);
        }
    }
}
