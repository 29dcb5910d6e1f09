//! Requests that a hostile page in a browser sends or names: other hosts, other origins.

use m365_probe::kind::Check;
use m365_probe::serve::{Options, Service, Source};

use crate::client::{exchange, get, parse, request};
use crate::fixtures::{Scratch, address, idle, options, refused, serve, settings};

/// Sends a GET with these header lines and returns the status.
async fn status(at: std::net::SocketAddr, target: &str, fields: &str) -> u16 {
    parse(&exchange(at, &format!("GET {target} HTTP/1.1\r\nConnection: close\r\n{fields}\r\n")).await).status
}

#[tokio::test]
async fn pages_without_users_are_answered_under_own_names_alone() {
    let service = idle().await;
    let at = address(&service);
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    for path in ["/", "/metrics", "/config", "/api/v1/outcomes", "/sd", "/probes", "/nothing"] {
        for host in ["evil.example", "evil.example:10365", "localhost.evil.example", "127.0.0.1.evil.example"] {
            assert_eq!(status(at, path, &format!("Host: {host}\r\n")).await, 421, "{path} of {host}");
        }
        for (fields, problem) in
            [("", "none"), ("Host: localhost\r\nHost: localhost\r\n", "two"), ("Host: a@localhost\r\n", "a user")]
        {
            assert_eq!(status(at, path, fields).await, 400, "{path} with {problem}");
        }
    }
    for host in [at.to_string(), at.ip().to_string(), "localhost:1".to_owned(), "10.244.3.17:10365".to_owned(), machine] {
        assert_eq!(status(at, "/metrics", &format!("Host: {host}\r\n")).await, 200, "{host}");
    }
    for path in ["/-/healthy", "/-/ready"] {
        for fields in ["Host: evil.example\r\n", ""] {
            assert_eq!(status(at, path, fields).await, 200, "a load balancer's {path}");
        }
    }
    assert_eq!(status(at, "http://evil.example/config", "Host: localhost\r\n").await, 421);
}

#[tokio::test]
async fn pages_are_answered_under_names_that_are_allowed_and_with_users_under_all() {
    let named = Options { allow_hosts: vec!["Status.example".to_owned()], ..options(Source::Given(Box::default())) };
    let service = Service::start(named).await.expect("it starts");
    assert_eq!(status(address(&service), "/metrics", "Host: status.example\r\n").await, 200);
    assert_eq!(status(address(&service), "/metrics", "Host: evil.example\r\n").await, 421);

    let scratch = Scratch::new();
    let web = scratch.file("web.yml", &format!("basic_auth_users:\n  a: {}\n", bcrypt::hash("right", 4).expect("a hash")));
    let users = Options { web: Some(web), ..options(Source::Given(Box::default())) };
    let service = Service::start(users).await.expect("it starts");
    let login = "Authorization: Basic YTpyaWdodA==\r\n";
    assert_eq!(status(address(&service), "/metrics", &format!("Host: any.example\r\n{login}")).await, 200);
    assert_eq!(status(address(&service), "/metrics", login).await, 400, "no host");
}

#[tokio::test]
async fn page_for_everybody_is_there_where_it_is_wanted_and_needs_no_login() {
    let scratch = Scratch::new();
    let web = scratch.file("web.yml", &format!("basic_auth_users:\n  a: {}\n", bcrypt::hash("right", 4).expect("a hash")));
    for public in [false, true] {
        let users = Options { web: Some(web.clone()), public, ..options(Source::Given(Box::default())) };
        let service = Service::start(users).await.expect("it starts");
        let at = address(&service);
        let login = "Host: localhost\r\nAuthorization: Basic YTpyaWdodA==\r\n";
        assert_eq!(status(at, "/public", "Host: localhost\r\n").await, if public { 200 } else { 401 });
        assert_eq!(status(at, "/public", login).await, if public { 200 } else { 404 });
        assert_eq!(status(at, "/", "Host: localhost\r\n").await, 401, "no other page");
        assert_eq!(
            status(at, "/public", "Host: evil.example\r\n").await,
            if public { 421 } else { 401 },
            "by a name of ours alone"
        );
    }
}

#[tokio::test]
async fn requests_of_other_pages_are_refused_where_something_happens() {
    let probes = [("contoso", None, Check::Token)];
    let service = serve(Source::Given(Box::new(settings(refused().await, &probes)))).await;
    let at = address(&service);
    for foreign in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\nOrigin: http://localhost:1\r\n",
        "Referer: http://evil.example/\r\n",
    ] {
        for (method, path) in [("POST", "/-/reload"), ("GET", "/probe?check=token&tenant=contoso")] {
            assert_eq!(request(at, method, path, foreign).await.status, 403, "{method} {path} {foreign}");
        }
        assert_eq!(request(at, "GET", "/metrics", foreign).await.status, 200, "{foreign}");
    }
    assert!(get(at, "/metrics").await.body.contains("m365_probe_runs_total"), "it runs its probes as ever");
    let service = serve(Source::Given(Box::default())).await;
    let own_page = "Origin: http://localhost:10365\r\nSec-Fetch-Site: same-origin\r\n";
    assert_eq!(request(address(&service), "POST", "/-/reload", own_page).await.status, 409);
    assert_eq!(request(address(&service), "POST", "/-/reload", "").await.status, 409, "curl");
}
