//! DNS.

use std::net::{IpAddr, Ipv6Addr};

use hickory_proto::op::{Message, Query};
use hickory_proto::rr::{Name, RData, RecordType};
use m365_probe::sim::{Running, Tenant, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

fn question(name: &str, kind: RecordType) -> Vec<u8> {
    let mut message = Message::query();
    message.add_query(Query::query(Name::from_ascii(format!("{name}.")).unwrap(), kind));
    message.to_vec().unwrap()
}

/// Asks over UDP; returns the answer as it came.
pub async fn ask(tenant: &Running, name: &str, kind: RecordType) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&question(name, kind), tenant.resolver()).await.unwrap();
    let mut buffer = [0; 4096];
    let size = socket.recv(&mut buffer).await.unwrap();
    buffer[..size].to_vec()
}

/// Asks over TCP.
async fn ask_tcp(tenant: &Running, name: &str, kind: RecordType) -> Vec<u8> {
    let mut stream = TcpStream::connect(tenant.resolver()).await.unwrap();
    let question = question(name, kind);
    stream.write_u16(u16::try_from(question.len()).unwrap()).await.unwrap();
    stream.write_all(&question).await.unwrap();
    let mut answer = vec![0; stream.read_u16().await.unwrap().into()];
    stream.read_exact(&mut answer).await.unwrap();
    answer
}

/// Response code, names on the way, addresses.
pub fn read(answer: &[u8]) -> (String, Vec<String>, Vec<IpAddr>) {
    let message = Message::from_vec(answer).unwrap();
    let (mut chain, mut addresses) = (Vec::new(), Vec::new());
    for record in &message.answers {
        match &record.data {
            RData::CNAME(target) => chain.push(target.0.to_ascii()),
            RData::A(address) => addresses.push(address.0.into()),
            RData::AAAA(address) => addresses.push(address.0.into()),
            other => panic!("{other:?}"),
        }
    }
    (format!("{:?}", message.metadata.response_code), chain, addresses)
}

#[tokio::test]
async fn microsoft_s_names_lead_here() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let (code, chain, addresses) = read(&ask(&tenant, "Outlook.Office365.com", RecordType::A).await);
    assert_eq!((code.as_str(), addresses), ("NoError", vec![IpAddr::from([127, 0, 0, 1])]));
    assert_eq!(chain, ["ooc-g2.tm-4.office.com.", "outlook.ms-acdc.office.com.", "FRA-efz.ms-acdc.office.com."]);
    let (code, chain, addresses) = read(&ask_tcp(&tenant, "login.microsoftonline.com", RecordType::AAAA).await);
    assert_eq!((code.as_str(), chain.len(), addresses), ("NoError", 3, vec![]));
    let (code, ..) = read(&ask(&tenant, "fabrikam.example", RecordType::A).await);
    assert_eq!(code, "NXDomain");
}

#[tokio::test]
async fn an_answer_too_long_for_a_datagram_is_truncated() {
    let tenant = start(Tenant::contoso()).await.unwrap();
    let many: Vec<IpAddr> = (1..=40_u128).map(|at| IpAddr::from(Ipv6Addr::from(at))).collect();
    tenant.change(|tenant| tenant.addresses = many);
    let answer = Message::from_vec(&ask(&tenant, "smtp.office365.com", RecordType::AAAA).await).unwrap();
    assert!(answer.metadata.truncation);
    let (_, _, addresses) = read(&ask_tcp(&tenant, "smtp.office365.com", RecordType::AAAA).await);
    assert_eq!(addresses.len(), 40);
}
