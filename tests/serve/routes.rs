//! The routes: paths, methods, types and contents.

use std::time::Duration;

use m365_probe::kind::Check;
use m365_probe::serve::{Options, Service, Source};
use m365_probe::sim;
use serde_json::Value;

use crate::client::{connect, exchange, get, parse, read_to, request, rest};
use crate::fixtures::{Scratch, address, idle, options, refused, serve, settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn every_path_has_its_content_type() {
    let service = idle().await;
    for (path, content_type, begins) in [
        ("/", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        ("/reasons", "text/html; charset=utf-8", "<!DOCTYPE html>"),
        ("/metrics", "text/plain; version=0.0.4; charset=utf-8", "# HELP m365_"),
        ("/sd", "application/json", "[]\n"),
        ("/api/v1/outcomes", "application/json", "{\n"),
        ("/config", "text/plain; charset=utf-8", "# "),
        ("/-/healthy", "text/plain; charset=utf-8", "Healthy\n"),
        ("/-/ready", "text/plain; charset=utf-8", "Ready\n"),
    ] {
        let reply = get(address(&service), path).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(content_type)), "{path}");
        assert!(reply.body.starts_with(begins), "{path}: {}", reply.body);
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(reply.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")), "{path}");
    }
}

/// Requests `/metrics` with these headers, and returns the head and the body as it came.
async fn metrics(service: &Service, headers: &str) -> (String, Vec<u8>) {
    let mut stream = connect(address(service)).await;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.expect("write");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("read");
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head") + 4;
    (String::from_utf8(answer[..end].to_vec()).expect("a head is text"), answer[end..].to_vec())
}

#[tokio::test]
async fn metrics_are_in_the_format_and_encoding_asked_for() {
    let service = idle().await;
    let (head, body) = metrics(&service, "").await;
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n") && !head.contains("content-encoding"));
    assert!(body.starts_with(b"# HELP ") && !body.ends_with(b"# EOF\n"));
    let (head, body) = metrics(&service, "Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n").await;
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"), "{head}");
    assert!(head.contains("vary: accept, accept-encoding\r\n") && body.ends_with(b"# EOF\n"), "{head}");
    let (head, body) = metrics(&service, "Accept-Encoding: gzip\r\n").await;
    assert!(head.contains("content-encoding: gzip\r\n") && head.contains(&format!("content-length: {}\r\n", body.len())));
    assert!(body.starts_with(&[0x1f, 0x8b]), "the magic number of RFC 1952");
    let (head, _) = metrics(&service, "Accept-Encoding: gzip;q=0\r\n").await;
    assert!(!head.contains("content-encoding"), "{head}");
}

#[tokio::test]
async fn unknown_path_method_or_parameter_has_its_status() {
    let service = idle().await;
    for (method, target, status, allow) in [
        ("GET", "/nothing", 404, None),
        ("GET", "/metrics/", 404, None),
        ("GET", "//metrics", 404, None),
        ("GET", "/../etc/passwd", 404, None),
        ("GET", "/%6detrics", 404, None),
        ("POST", "/nothing", 404, None),
        ("OPTIONS", "*", 404, None),
        ("POST", "/metrics", 405, Some("GET, HEAD")),
        ("DELETE", "/", 405, Some("GET, HEAD")),
        ("OPTIONS", "/probe", 405, Some("GET, HEAD")),
        ("TRACE", "/config", 405, Some("GET, HEAD")),
        ("GET", "/-/reload", 405, Some("POST")),
        ("HEAD", "/-/reload", 405, Some("POST")),
        ("PUT", "/-/reload", 405, Some("POST")),
        ("POST", "/-/reload", 409, None),
        ("GET", "/metrics?a=%zz", 400, None),
        ("GET", "/?lang=fr", 400, None),
        ("GET", "/probes?check=nothing", 400, None),
        ("POST", "/faults", 404, None),
        ("GET", "http://elsewhere.example/-/healthy", 200, None),
    ] {
        let reply = request(address(&service), method, target, "").await;
        assert_eq!((reply.status, reply.header("allow")), (status, allow), "{method} {target}");
    }
}

#[tokio::test]
async fn head_request_has_the_headers_of_get_without_the_body() {
    let service = idle().await;
    let (head, whole) = (request(address(&service), "HEAD", "/", "").await, get(address(&service), "/").await);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), Some(whole.body.len().to_string().as_str()));
}

#[tokio::test]
async fn connection_serves_many_requests_also_pipelined() {
    let service = idle().await;
    let one = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let mut stream = connect(address(&service)).await;
    for _ in 0..3 {
        stream.write_all(one.as_bytes()).await.expect("write");
        read_to(&mut stream, b"Healthy\n").await;
    }
    let last = "GET /-/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(format!("{one}{one}{last}").as_bytes()).await.expect("write");
    let answers = rest(&mut stream).await;
    assert_eq!((answers.matches("Healthy\n").count(), answers.ends_with("Ready\n")), (2, true), "{answers}");
}

#[tokio::test]
async fn http_1_0_request_is_answered() {
    let service = idle().await;
    let answer = exchange(address(&service), "GET /-/healthy HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with("\r\n\r\nHealthy\n"), "{answer}");
}

#[tokio::test]
async fn small_request_body_is_discarded() {
    let service = idle().await;
    let reply = request(address(&service), "POST", "/-/reload", "Content-Length: 2\r\n\r\n{}").await;
    assert_eq!(reply.status, 409);
    let chunked = "POST /-/reload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    assert_eq!(parse(&exchange(address(&service), chunked).await).status, 409);
}

#[tokio::test]
async fn external_url_is_where_sd_and_alerts_lead_and_is_a_known_host() {
    let probes = [("contoso", Some("praxis"), Check::Pop3)];
    let external_url = Some("https://m365.example/probe/".parse().expect("a URL"));
    let source = Source::Given(Box::new(settings(refused().await, &probes)));
    let service = Service::start(Options { external_url, ..options(source) }).await.expect("it starts");
    let groups: Value = serde_json::from_str(&get(address(&service), "/sd").await.body).expect("JSON");
    assert_eq!(groups[0]["targets"], serde_json::json!(["m365.example"]));
    assert_eq!(
        (&groups[0]["labels"]["__metrics_path__"], &groups[0]["labels"]["__scheme__"]),
        (&"/probe/probe".into(), &"https".into())
    );
    let pages = "m365_pages_info{url=\"https://m365.example/probe\"} 1\n";
    assert!(get(address(&service), "/metrics").await.body.contains(pages));
    let proxied = exchange(address(&service), "GET / HTTP/1.1\r\nHost: m365.example\r\nConnection: close\r\n\r\n").await;
    assert!(proxied.starts_with("HTTP/1.1 200 OK\r\n"), "{proxied}");
    let without = idle().await;
    assert!(!get(address(&without), "/metrics").await.body.contains("m365_pages"));
}

#[tokio::test]
async fn sd_has_a_target_for_each_probe_at_the_requested_host() {
    let probes = [("contoso", None, Check::Token), ("contoso", Some("praxis"), Check::Pop3)];
    let service = serve(Source::Given(Box::new(settings(refused().await, &probes)))).await;
    let groups: Value = serde_json::from_str(&get(address(&service), "/sd").await.body).expect("JSON");
    assert_eq!(groups.as_array().map(Vec::len), Some(2));
    assert_eq!(
        groups[1],
        serde_json::json!({
            "targets": ["localhost:10365"],
            "labels": {
                "__metrics_path__": "/probe", "__param_check": "pop3", "__param_tenant": "contoso", "__param_mailbox": "praxis",
                "instance": "contoso/praxis/pop3", "check": "pop3", "tenant": "contoso", "mailbox": "praxis",
            },
        })
    );
    assert_eq!(groups[0]["labels"].get("mailbox"), None);
}

#[tokio::test]
async fn outcomes_are_filtered_by_tenant_mailbox_and_check() {
    let peer = refused().await;
    let probes =
        [("contoso", Some("praxis"), Check::Pop3), ("contoso", None, Check::Token), ("fabrikam", Some("labor"), Check::Imap)];
    let service = serve(Source::Given(Box::new(settings(peer, &probes)))).await;
    for (query, expected) in [
        ("", &["contoso/praxis/pop3", "contoso/token", "fabrikam/labor/imap"][..]),
        ("?tenant=contoso", &["contoso/praxis/pop3", "contoso/token"]),
        ("?mailbox=PRAXIS%40contoso.example&mailbox=labor", &["contoso/praxis/pop3", "fabrikam/labor/imap"]),
        ("?check=token&check=imap&tenant=", &["contoso/token", "fabrikam/labor/imap"]),
    ] {
        let report: Value =
            serde_json::from_str(&get(address(&service), &format!("/api/v1/outcomes{query}")).await.body).expect("JSON");
        let probes = ["outcomes", "pending"].iter().flat_map(|key| report[key].as_array().expect("a list"));
        let mut probes: Vec<&str> = probes.map(|probe| probe["probe"].as_str().expect("a name")).collect();
        probes.sort_unstable();
        assert_eq!(probes, expected, "{query}");
    }
    for (query, says) in [
        ("?tenant=nobody", "there is no tenant `nobody` among these probes"),
        ("?tenant=contoso&mailbox=labor", "there is no mailbox `labor` among"),
        ("?mailbox=praxis&check=imap", "there is no check `imap` among"),
        ("?tenant=%zz", "is not an escape"),
    ] {
        let reply = get(address(&service), &format!("/api/v1/outcomes{query}")).await;
        assert_eq!(reply.status, 400, "{query}");
        assert!(reply.body.contains(says), "{query}: {}", reply.body);
    }
}

/// On tokio's paused clock, which advances while everything waits, so that the first round is over at once.
#[tokio::test(start_paused = true)]
async fn scheduled_runs_are_shown_on_every_page() {
    let tenant = sim::start(sim::Tenant::contoso()).await.expect("a tenant");
    let scratch = Scratch::new();
    let settings = tenant.settings(&tenant.write_ca(&scratch.0).expect("written"));
    let (count, interval) = (settings.probes.len(), settings.probes[0].interval.as_secs_f64());
    let service = serve(Source::Given(Box::new(settings))).await;
    let report = loop {
        let report: Value = serde_json::from_str(&get(address(&service), "/api/v1/outcomes").await.body).expect("JSON");
        if report["outcomes"].as_array().is_some_and(|outcomes| outcomes.len() == count) {
            break report;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(report["ok"], true, "{report:#}");
    assert_eq!(report["pending"], Value::Array(Vec::new()));
    assert!(report["outcomes"].as_array().is_some_and(|all| all.iter().all(|one| one["current"] == true)), "{report:#}");
    assert_eq!(report["outcomes"][0]["interval_seconds"], interval);
    let metrics = get(address(&service), "/metrics").await.body;
    let success = r#"m365_probe_success{tenant="contoso",mailbox="praxis",check="pop3"} 1"#;
    assert!(metrics.contains(success), "{metrics}");
    assert!(metrics.contains("m365_exporter_config_last_reload_successful 1"));
    assert!(metrics.contains("m365_exporter_probes_in_flight "));
    let page = get(address(&service), "/").await.body;
    assert!(page.contains("aria-label=\"contoso/praxis/pop3: ok, "), "{page}");
    let page = get(address(&service), "/probes?check=pop3&mailbox=praxis").await.body;
    assert!(page.contains("<code>AUTH XOAUTH2</code>") && page.contains("<code>&lt;secret&gt;</code>"), "{page}");
    let german = get(address(&service), "/probes?check=pop3&mailbox=praxis&lang=de").await.body;
    assert!(german.contains("<dt>Token gültig bis</dt>") && !german.contains("token valid"), "{german}");
}
