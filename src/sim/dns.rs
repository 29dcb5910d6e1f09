//! A DNS server for the names the tenant plays, over UDP and TCP.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::outcome::Phase;

use super::certificates::NAMES;
use super::connection::{IDLE, pause};
use super::fault::{Fault, Service};
use super::state::{State, View};

/// Microsoft's own short time to live: the last hop changes with the load.
const TTL: u32 = 60;
/// The largest answer over UDP to a client that does not say more (RFC 1035, section 4.2.1).
const UDP: u16 = 512;
/// Names on the way to an address, as seen in 2026.
const CHAINS: &[(&str, &[&str])] = &[
    (
        "login.microsoftonline.com",
        &["login.mso.msidentity.com", "ak.privatelink.msidentity.com", "www.tm.a.prd.aadg.trafficmanager.net"],
    ),
    (
        "outlook.office.com",
        &["substrate.office.com", "ooc-g2.tm-4.office.com", "outlook.ms-acdc.office.com", "FRA-efz.ms-acdc.office.com"],
    ),
    ("outlook.office365.com", &["ooc-g2.tm-4.office.com", "outlook.ms-acdc.office.com", "FRA-efz.ms-acdc.office.com"]),
    ("smtp.office365.com", &["ooc-g2.tm-4.office.com", "outlook.ms-acdc.office.com", "FRA-efz.ms-acdc.office.com"]),
    ("graph.microsoft.com", &["ags.privatelink.msidentity.com", "www.tm.prd.ags.trafficmanager.net"]),
];

/// Answers datagrams until the socket is dropped.
pub(super) async fn serve_datagrams(state: Arc<State>, socket: UdpSocket) {
    let mut buffer = [0; 4096];
    loop {
        // An error here is about an earlier answer that could not be delivered.
        let Ok((size, client)) = socket.recv_from(&mut buffer).await else { continue };
        let question = buffer.get(..size).unwrap_or_default();
        let Some(answer) = answer(&state.view(), question, true) else { continue };
        pause(state.view().tenant.latency(Phase::Dns)).await;
        let _ = socket.send_to(&answer, client).await;
    }
}

/// Answers the questions of one TCP connection, each behind its length (RFC 1035, section 4.2.2).
pub(super) async fn serve_stream(state: Arc<State>, mut stream: TcpStream) -> std::io::Result<()> {
    loop {
        let size = timeout(IDLE, stream.read_u16()).await??;
        let mut question = vec![0; size.into()];
        timeout(IDLE, stream.read_exact(&mut question)).await??;
        let Some(answer) = answer(&state.view(), &question, false) else { return std::future::pending().await };
        pause(state.view().tenant.latency(Phase::Dns)).await;
        let mut framed = u16::try_from(answer.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
        framed.extend(answer);
        stream.write_all(&framed).await?;
    }
}

/// The answer to a question; `None` where none is given.
fn answer(view: &View, question: &[u8], datagram: bool) -> Option<Vec<u8>> {
    if view.has(Service::Dns, Fault::DnsNoAnswer) {
        return None;
    }
    if view.has(Service::Dns, Fault::DnsMalformed) {
        // The client's own id, so that it is taken for the answer, and then nothing that makes sense.
        return Some(question.iter().take(2).copied().chain([0x81, 0x80, 0xff, 0xff, 0xff]).collect());
    }
    let request = Message::from_vec(question).ok()?;
    if request.metadata.message_type != MessageType::Query {
        return None;
    }
    let mut reply = Message::response(request.metadata.id, request.metadata.op_code);
    reply.metadata.recursion_desired = request.metadata.recursion_desired;
    reply.metadata.recursion_available = true;
    reply.metadata.response_code = respond(view, &request, &mut reply);
    let room = request.edns.as_ref().map_or(UDP, |edns| edns.max_payload().max(UDP));
    reply.add_queries(request.queries);
    let bytes = reply.to_vec().ok()?;
    if datagram && bytes.len() > room.into() { reply.truncate().to_vec().ok() } else { Some(bytes) }
}

/// Puts the answers to what was asked for into `reply`.
fn respond(view: &View, request: &Message, reply: &mut Message) -> ResponseCode {
    let has = |fault| view.has(Service::Dns, fault);
    match request.queries.as_slice() {
        _ if has(Fault::DnsServerFailure) => ResponseCode::ServFail,
        _ if has(Fault::DnsRefused) => ResponseCode::Refused,
        _ if has(Fault::DnsNameUnknown) => ResponseCode::NXDomain,
        _ if request.metadata.op_code != OpCode::Query => ResponseCode::NotImp,
        [query] if query.query_class() != DNSClass::IN => ResponseCode::Refused,
        [query] if has(Fault::DnsNoAddresses) => resolve(query, &[], reply),
        [query] if has(Fault::DnsSinkhole) => resolve(query, &[Ipv4Addr::UNSPECIFIED.into()], reply),
        [query] => resolve(query, &view.tenant.addresses, reply),
        _ => ResponseCode::FormErr,
    }
}

/// Puts the records for `query` into `reply`.
fn resolve(query: &Query, addresses: &[IpAddr], reply: &mut Message) -> ResponseCode {
    let name = query.name().to_ascii();
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let chain = CHAINS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, chain)| chain);
    let inside = CHAINS.iter().any(|(_, chain)| chain.iter().any(|hop| hop.eq_ignore_ascii_case(&name)));
    if !NAMES.contains(&name.as_str()) && !inside {
        return ResponseCode::NXDomain;
    }
    let mut owner = query.name().clone();
    for hop in chain {
        let Ok(target) = Name::from_ascii(format!("{hop}.")) else { return ResponseCode::ServFail };
        reply.add_answer(Record::from_rdata(owner, TTL, RData::CNAME(CNAME(target.clone()))));
        owner = target;
    }
    for address in addresses {
        let data = match (address, query.query_type()) {
            (IpAddr::V4(address), RecordType::A) => RData::A(A(*address)),
            (IpAddr::V6(address), RecordType::AAAA) => RData::AAAA(AAAA(*address)),
            _ => continue,
        };
        reply.add_answer(Record::from_rdata(owner.clone(), TTL, data));
    }
    ResponseCode::NoError
}
