//! A resolver on loopback with answers of the test's choice, and such answers.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr as _;

use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

/// Everything sent back, in order, for one question over UDP (`false`) or TCP (`true`).
pub type Lie = fn(&Message, bool) -> Vec<Vec<u8>>;

/// A resolver that answers with `lie` until the test ends.
pub async fn resolver(lie: Lie) -> SocketAddr {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        // The same port may be taken over TCP.
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().expect("bound")).await {
            break (udp, tcp);
        }
    };
    let at = udp.local_addr().expect("bound");
    tokio::spawn(async move {
        let mut buffer = [0; 4096];
        while let Ok((length, peer)) = udp.recv_from(&mut buffer).await {
            for reply in lie(&Message::from_vec(&buffer[..length]).expect("a question"), false) {
                udp.send_to(&reply, peer).await.expect("sent");
            }
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            let mut question = vec![0; usize::from(stream.read_u16().await.expect("a length"))];
            stream.read_exact(&mut question).await.expect("a question");
            for reply in lie(&Message::from_vec(&question).expect("a question"), true) {
                let length = u16::try_from(reply.len()).expect("short");
                stream.write_all(&[&length.to_be_bytes()[..], &reply].concat()).await.expect("sent");
            }
        }
    });
    at
}

pub fn reply(to: &Message, code: ResponseCode, data: Vec<(&str, RData)>) -> Message {
    let mut message = Message::new(to.metadata.id, MessageType::Response, OpCode::Query);
    message.metadata.response_code = code;
    message.add_queries(to.queries.clone());
    message.add_answers(data.into_iter().map(|(owner, data)| Record::from_rdata(name(owner), 60, data)));
    message
}

pub fn name(text: &str) -> Name {
    Name::from_str(text).expect(text)
}

pub fn written(message: &Message) -> Vec<Vec<u8>> {
    vec![message.to_vec().expect("writable")]
}

pub fn refuses(to: &Message, code: ResponseCode) -> Vec<Vec<u8>> {
    written(&reply(to, code, vec![]))
}

/// The right answer, in the families of `addresses`.
pub fn addresses(to: &Message, addresses: &[&str]) -> Message {
    let record_type = to.queries[0].query_type;
    let data = addresses.iter().filter_map(|address| match (address.parse().expect("an address"), record_type) {
        (IpAddr::V4(v4), RecordType::A) => Some(RData::A(A(v4))),
        (IpAddr::V6(v6), RecordType::AAAA) => Some(RData::AAAA(AAAA(v6))),
        _ => None,
    });
    let owner = to.queries[0].name.to_ascii();
    reply(to, ResponseCode::NoError, data.map(|data| (owner.as_str(), data)).collect())
}

pub fn honest(to: &Message, _: bool) -> Vec<Vec<u8>> {
    written(&addresses(to, &["52.97.97.162", "2603:1026::2"]))
}

/// An answer of which UDP can carry nothing.
pub fn cut(to: &Message) -> Vec<Vec<u8>> {
    let mut cut = reply(to, ResponseCode::NoError, vec![]);
    cut.metadata.truncation = true;
    written(&cut)
}

/// An answer of so many addresses.
pub fn many(to: &Message, count: u32) -> Message {
    let owner = to.queries[0].name.to_ascii();
    let data = |number: u32| match to.queries[0].query_type {
        RecordType::A => RData::A(A((0x3460_0000 + number).into())),
        _ => RData::AAAA(AAAA((0x2603_1026_u128 << 96 | u128::from(number)).into())),
    };
    reply(to, ResponseCode::NoError, (0..count).map(|number| (owner.as_str(), data(number))).collect())
}

/// An answer whose only record has a name that is a pointer to itself.
pub fn circular(to: &Message) -> Vec<u8> {
    let mut bytes = reply(to, ResponseCode::NoError, vec![]).to_vec().expect("writable");
    bytes[7] = 1; // one answer
    let here = u16::try_from(bytes.len()).expect("short") | 0xc000;
    [&bytes[..], &here.to_be_bytes(), &[0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 6, 6, 6, 6]].concat()
}

/// Returns an answer with addresses in Microsoft's published ranges.
pub fn microsoft(to: &Message, _: bool) -> Vec<Vec<u8>> {
    let exchange = to.queries[0].name.to_ascii().contains("office365");
    written(&addresses(to, if exchange { &["52.97.97.162", "2603:1026::2"] } else { &["20.190.141.1", "2603:1046:2000::2"] }))
}
