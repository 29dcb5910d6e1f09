//! One DNS question (RFC 1035) and what its answer says: bytes out, bytes in.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use crate::outcome::{Family, Fault};
use crate::reason::Reason;

/// The largest datagram that passes every path without fragments (DNS flag day 2020).
const DATAGRAM: u16 = 1232;
/// More aliases than this lead nowhere; Microsoft's chains have up to six.
const MAX_CHAIN: usize = 16;
/// More addresses than this are no honest answer, and too many to show.
const MAX_ADDRESSES: usize = 64;

/// One question: the addresses of one family of one name.
#[derive(Clone, Debug)]
pub struct Question {
    id: u16,
    query: Query,
}

/// What a message from the resolver is to the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It answers.
    Answer(Answer),
    /// It answers in part; the whole is to be had over TCP (RFC 7766).
    Truncated,
    /// It answers something else, or is late, forged or no message at all: wait on.
    Foreign(Foreign),
    /// It is meant for this question and cannot be read, for this reason.
    Malformed(String),
}

/// Why a message does not belong to the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// It is no DNS message.
    NoMessage,
    /// It is our question, or another one.
    Echo,
    /// It repeats another id than the question's.
    OtherId,
    /// It repeats no question, and holds an answer all the same.
    Unasked,
    /// It repeats another question: the name and type of that.
    OtherQuestion(String),
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMessage => f.write_str("no DNS message"),
            Self::Echo => f.write_str("a question instead of an answer, as if it were sent back to us"),
            Self::OtherId => f.write_str("an answer with another id than the question's"),
            Self::Unasked => f.write_str("an answer that does not repeat the question"),
            Self::OtherQuestion(what) => write!(f, "an answer to another question: {what}"),
        }
    }
}

/// What the resolver said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// `NOERROR`, `NXDOMAIN`, …
    pub rcode: String,
    /// The addresses at the end of the chain.
    pub addresses: Vec<IpAddr>,
    /// The names on the way, first hop first, without their last dot.
    pub chain: Vec<String>,
    /// Lowest time to live of the addresses.
    pub ttl: Option<Duration>,
    /// Why it is of no use, if it is.
    pub failed: Option<Reason>,
}

impl Answer {
    /// Whether it may be about EDNS, and not about the name: a server, or a device before it, that does not know the option
    /// answers with one of these (RFC 6891 sections 6.1.3 and 7; SERVFAIL, where it cannot tell why).
    pub fn may_be_about_edns(&self) -> bool {
        ["FORMERR", "NOTIMP", "SERVFAIL", "BADVERS"].contains(&&*self.rcode)
    }
}

impl Question {
    /// The question with that random `id`, which an answer has to repeat.
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

    /// The bytes to send. Without `edns` for a resolver too old to know it (RFC 6891 section 7).
    ///
    /// # Errors
    /// `internal`: the message could not be written, which no name that passed [`Question::new`] causes.
    pub fn message(&self, edns: bool) -> Result<Vec<u8>, Fault> {
        let mut message = Message::new(self.id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(self.query.clone());
        if edns {
            let mut options = Edns::new();
            options.set_max_payload(DATAGRAM);
            message.set_edns(options);
        }
        message.to_vec().map_err(|error| Fault::heard(Reason::Internal, error.to_string()))
    }

    /// What `bytes` are to this question.
    pub fn read(&self, bytes: &[u8]) -> Reading {
        let [high, low, flags, ..] = bytes else { return Reading::Foreign(Foreign::NoMessage) };
        let (response, truncated) = (flags & 0x80 != 0, flags & 0x02 != 0);
        let is_ours = u16::from_be_bytes([*high, *low]) == self.id;
        let foreign = |message: &Message| if response { self.another(message) } else { Some(Foreign::Echo) };
        match Message::from_vec(bytes) {
            Ok(_) if response && !is_ours => Reading::Foreign(Foreign::OtherId),
            Err(_) if !response || !is_ours => Reading::Foreign(Foreign::NoMessage),
            Err(_) if truncated => Reading::Truncated, // where the cut falls is the resolver's business: half a record may be the last
            Err(error) => Reading::Malformed(format!("{} bytes that are no whole answer: {error}", bytes.len())),
            Ok(message) => match foreign(&message) {
                Some(foreign) => Reading::Foreign(foreign),
                None if truncated => Reading::Truncated,
                None => Reading::Answer(self.answer(&message)),
            },
        }
    }

    /// What an answer with the right id is to another question, if it is. A refusal may leave the question out: resolvers
    /// differ.
    fn another(&self, message: &Message) -> Option<Foreign> {
        match message.queries.as_slice() {
            [] => (message.metadata.response_code == ResponseCode::NoError).then_some(Foreign::Unasked),
            [query] if query.name == self.query.name && query.query_type == self.query.query_type => None,
            [query, ..] => Some(Foreign::OtherQuestion(format!("{} {}", query.query_type, shown(&query.name)))),
        }
    }

    fn answer(&self, message: &Message) -> Answer {
        let (chain, last) = self.follow(&message.answers);
        let found: Vec<(IpAddr, u32)> = message
            .answers
            .iter()
            .filter(|record| record.name == *last)
            .filter_map(|record| Some((self.address(&record.data)?, record.ttl)))
            .take(MAX_ADDRESSES)
            .collect();
        let code = message.metadata.response_code;
        Answer {
            rcode: mnemonic(code),
            failed: refusal(code).or(found.is_empty().then_some(Reason::DnsNoAddresses)),
            ttl: found.iter().map(|(_, ttl)| Duration::from_secs(u64::from(*ttl))).min(),
            addresses: found.into_iter().map(|(address, _)| address).collect(),
            chain: chain.into_iter().map(shown).collect(),
        }
    }

    /// The names the question's name is an alias for, and the last of them. The records may stand in any order.
    fn follow<'a>(&'a self, records: &'a [Record]) -> (Vec<&'a Name>, &'a Name) {
        let mut chain = Vec::new();
        let mut last = &self.query.name;
        let alias = |of: &Name| {
            records.iter().find_map(|record| match &record.data {
                RData::CNAME(target) if record.name == *of => Some(&target.0),
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

/// Hickory escapes what is not printable, so a name cannot garble a screen.
fn shown(name: &Name) -> String {
    let text = name.to_ascii();
    text.strip_suffix('.').map_or_else(|| text.clone(), str::to_owned)
}

/// As `dig` writes it.
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

fn refusal(code: ResponseCode) -> Option<Reason> {
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

    fn answer(code: ResponseCode, records: Vec<Record>) -> Answer {
        match question().read(&response(code, records).to_vec().expect("writable")) {
            Reading::Answer(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_question_is_what_a_resolver_expects() {
        let sent = Message::from_vec(&question().message(true).expect("written")).expect("readable");
        assert_eq!((sent.metadata.id, sent.metadata.recursion_desired), (ID, true));
        assert_eq!(sent.queries[0].name.to_ascii(), "outlook.office365.com.");
        assert_eq!(sent.edns.expect("present").max_payload(), 1232);
        assert_eq!(Message::from_vec(&question().message(false).expect("written")).expect("readable").edns, None);
        let long = "x".repeat(64);
        assert_eq!(Question::new(1, &long, Family::V6).expect_err("no name").reason, Reason::DnsNameUnknown);
    }

    #[test]
    fn the_chain_is_followed_in_any_order_of_records_and_any_case() {
        let records = vec![
            a("FRA-efz.ms-acdc.office.com.", 60, [52, 97, 1, 2]),
            alias("ooc-g2.TM-4.office.com.", "FRA-efz.ms-acdc.office.com."),
            a("elsewhere.example.", 1, [9, 9, 9, 9]),
            alias("OUTLOOK.office365.com.", "ooc-g2.tm-4.office.com."),
            a("fra-efz.ms-acdc.office.com.", 10, [52, 97, 1, 3]),
        ];
        let answer = answer(ResponseCode::NoError, records);
        let chain: Vec<_> = answer.chain.iter().map(|name| name.to_ascii_lowercase()).collect();
        assert_eq!(chain, ["ooc-g2.tm-4.office.com", "fra-efz.ms-acdc.office.com"]);
        assert_eq!(answer.addresses, [IpAddr::from([52, 97, 1, 2]), IpAddr::from([52, 97, 1, 3])]);
        assert_eq!((answer.ttl, answer.failed), (Some(Duration::from_secs(10)), None));
    }

    #[test]
    fn every_rcode_has_its_reason() {
        for (code, rcode, reason) in [
            (ResponseCode::NoError, "NOERROR", Reason::DnsNoAddresses),
            (ResponseCode::NXDomain, "NXDOMAIN", Reason::DnsNameUnknown),
            (ResponseCode::ServFail, "SERVFAIL", Reason::DnsServerFailure),
            (ResponseCode::Refused, "REFUSED", Reason::DnsRefused),
            (ResponseCode::FormErr, "FORMERR", Reason::DnsServerFailure),
            (ResponseCode::NotImp, "NOTIMP", Reason::DnsServerFailure),
            (ResponseCode::NotAuth, "RCODE9", Reason::DnsServerFailure),
        ] {
            let answer = answer(code, vec![]);
            assert_eq!((answer.rcode.as_str(), answer.failed), (rcode, Some(reason)));
            assert_eq!(answer.may_be_about_edns(), ["SERVFAIL", "FORMERR", "NOTIMP"].contains(&rcode), "{rcode}");
        }
    }

    #[test]
    fn an_answer_without_an_address_of_the_family_has_none() {
        let v6 = Record::from_rdata(name("outlook.office365.com."), 5, RData::AAAA(AAAA("2603:1026::1".parse().expect("v6"))));
        let circle = vec![alias("outlook.office365.com.", "a.example."), alias("a.example.", "outlook.office365.com.")];
        for records in [vec![v6], vec![alias("outlook.office365.com.", "nowhere.example.")], circle] {
            assert_eq!(answer(ResponseCode::NoError, records).failed, Some(Reason::DnsNoAddresses));
        }
    }

    #[test]
    fn what_does_not_belong_to_the_question_is_foreign() {
        let whole = response(ResponseCode::NoError, vec![a("outlook.office365.com.", 5, [1, 2, 3, 4])]);
        let changed = |change: fn(&mut Message)| {
            let mut message = whole.clone();
            change(&mut message);
            question().read(&message.to_vec().expect("writable"))
        };
        assert!(matches!(changed(|_| ()), Reading::Answer(_)));
        let foreign = |change: fn(&mut Message)| match changed(change) {
            Reading::Foreign(foreign) => foreign.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(foreign(|m| m.metadata.id ^= 1), "an answer with another id than the question's");
        let echo = "a question instead of an answer, as if it were sent back to us";
        assert_eq!(foreign(|m| m.metadata.message_type = MessageType::Query), echo);
        let other = "an answer to another question: A login.microsoftonline.com";
        assert_eq!(foreign(|m| m.queries[0].name = name("login.microsoftonline.com.")), other);
        let other = "an answer to another question: AAAA outlook.office365.com";
        assert_eq!(foreign(|m| m.queries[0].query_type = RecordType::AAAA), other);
        assert_eq!(foreign(|m| m.queries.clear()), "an answer that does not repeat the question");
        assert_eq!(changed(|m| m.metadata.truncation = true), Reading::Truncated);
        for short in [&[][..], &[0x12, 0x34], b"HTTP/1.0 400 Bad Request\r\n\r\n"] {
            assert_eq!(question().read(short), Reading::Foreign(Foreign::NoMessage));
        }
        let malformed = question().read(&[0x12, 0x34, 0x81, 0x80, 0, 1]);
        assert!(
            matches!(&malformed, Reading::Malformed(why) if why.starts_with("6 bytes that are no whole answer: ")),
            "{malformed:?}"
        );
        assert_eq!(question().read(&[0x12, 0x34, 0x83, 0x80, 0, 1]), Reading::Truncated);
    }

    #[test]
    fn a_refusal_may_leave_the_question_out() {
        let mut message = response(ResponseCode::Refused, vec![]);
        message.queries.clear();
        let reading = question().read(&message.to_vec().expect("writable"));
        assert!(matches!(reading, Reading::Answer(Answer { failed: Some(Reason::DnsRefused), .. })), "{reading:?}");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(tail in any::<Vec<u8>>(), flip in any::<prop::sample::Index>(), to in any::<u8>()) {
            question().read(&tail);
            question().read(&[&[0x12, 0x34, 0x81, 0x80][..], &tail].concat());
            let records = vec![alias("outlook.office365.com.", "a.example."), a("a.example.", 5, [1, 2, 3, 4])];
            let mut message = response(ResponseCode::NoError, records).to_vec().expect("writable");
            let at = flip.index(message.len());
            message[at] = to;
            question().read(&message);
        }
    }
}
