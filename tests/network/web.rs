//! Conditions of HTTP and proxies: block pages, portals, tenant restrictions; proxies that refuse, ask or are silent.

use crate::condition::{ALL_OTHERS, Condition};
use crate::devices::{PROXY, interceptor, proxy, socks};
use crate::tls::fault;
use crate::world::{GATEWAY, World};

const MAIL: &[&str] = &["pop3", "imap", "smtp"];

/// Returns the conditions of HTTP and proxies.
pub fn conditions() -> Vec<Condition> {
    [pages(), proxies()].into_iter().flatten().collect()
}

/// Creates a condition with squid as an interceptor whose authority is trusted.
fn filtered(name: &'static str, rules: &'static str) -> Condition {
    let set = move |world: &mut World| {
        let authority = interceptor(world, rules);
        world.network["ca_file"] = authority.certificate.display().to_string().into();
    };
    Condition::new(name, set).warns(&["token"], "tls_intercepted")
}

fn pages() -> Vec<Condition> {
    vec![
        filtered(
            "443: the web filter's block page",
            "acl connect method CONNECT\nhttp_access allow connect\nhttp_access deny all",
        )
        .reach("greeting", "http_not_microsoft")
        .fails(ALL_OTHERS)
        .cause("http_not_microsoft", "network"),
        filtered(
            "443: a captive portal's redirect",
            "acl connect method CONNECT\nhttp_access allow connect\nacl anybody src all\n\
             deny_info 302:https://portal.hotel.example/login anybody\nhttp_access deny anybody",
        )
        .reach("greeting", "http_redirected")
        .fails(ALL_OTHERS)
        .cause("http_redirected", "network")
        .shows("portal.hotel.example"),
        Condition::new("HTML where JSON was due", |world| fault(world, "http_not_microsoft@login"))
            .reach("greeting", "http_not_microsoft")
            .fails(ALL_OTHERS)
            .cause("http_not_microsoft", "network")
            .shows("blocked by your organisation"),
        filtered(
            "a proxy restricts which tenants may be used",
            "request_header_add Restrict-Access-To-Tenants \"fabrikam.example\" all\n\
             request_header_add Restrict-Access-Context \"22222222-3333-4444-5555-666666666666\" all",
        )
        .warns(&["reach"], "tls_intercepted")
        .fails(ALL_OTHERS)
        .cause("tenant_restricted", "network"),
    ]
}

/// Lets nothing pass but what goes through an HTTP proxy.
fn only_by_proxy(world: &mut World, rules: &str) {
    world.filter("drop");
    proxy(world, rules);
}

fn proxies() -> Vec<Condition> {
    let refused = |name, rules: &'static str, reason, fails: &[&'static str]| {
        Condition::new(name, move |world| only_by_proxy(world, rules))
            .reach("proxy", reason)
            .fails(fails)
            .cause(reason, "network")
    };
    let only_443 = "acl https port 443\nacl connect method CONNECT\nhttp_access deny connect !https";
    vec![
        Condition::new("a proxy that works", |world| only_by_proxy(world, "")),
        Condition::new("a proxy that wants a password, and has it", |world| {
            let rules = with_password(world);
            only_by_proxy(world, &rules);
            log_in(world, "pr0xy~marked-secret");
        })
        .hides("marked-secret"),
        Condition::new("a proxy that wants a password", |world| {
            let rules = with_password(world);
            only_by_proxy(world, &rules);
        })
        .reach("proxy", "proxy_auth_required")
        .fails(ALL_OTHERS)
        .cause("proxy_auth_required", "network"),
        Condition::new("a proxy that refuses the password", |world| {
            let rules = with_password(world);
            only_by_proxy(world, &rules);
            log_in(world, "wrong~marked-secret");
        })
        .reach("proxy", "proxy_auth_refused")
        .fails(ALL_OTHERS)
        .cause("proxy_auth_refused", "here")
        .hides("marked-secret"),
        Condition::new("a proxy that lets only 443 through", move |world| only_by_proxy(world, only_443))
            .reach("proxy", "proxy_refused")
            .fails(MAIL)
            .cause("proxy_allows_only_443", "network"),
        refused(
            "a proxy that refuses one host",
            "acl login dstdomain login.microsoftonline.com\nhttp_access deny login",
            "proxy_refused",
            ALL_OTHERS,
        )
        .shows("X-Squid-Error: ERR_ACCESS_DENIED"),
        Condition::new("a proxy whose DNS knows nothing", |world| {
            crate::resolver::unbound(world, "  local-zone: \".\" always_nxdomain", "");
            only_by_proxy(world, "");
        })
        .reach("proxy", "proxy_connect_failed")
        .fails(ALL_OTHERS)
        .cause("proxy_connect_failed", "network")
        .shows("X-Squid-Error: ERR_CANNOT_FORWARD"),
        Condition::new("a SOCKS proxy that is told names", |world| only_by_socks(world, "socks5h", &[])),
        Condition::new("a SOCKS proxy that is told addresses", |world| only_by_socks(world, "socks5", &[])),
        Condition::new("a SOCKS proxy that wants a password, and has it", |world| {
            only_by_socks(world, "socks5h", SOCKS_LOGIN);
            log_in(world, "pr0xy~marked-secret");
        })
        .hides("marked-secret"),
        Condition::new("a SOCKS proxy that wants a password", |world| only_by_socks(world, "socks5h", SOCKS_LOGIN))
            .reach("proxy", "proxy_auth_required")
            .fails(ALL_OTHERS)
            .cause("proxy_auth_required", "network"),
        Condition::new("a SOCKS proxy that refuses the password", |world| {
            only_by_socks(world, "socks5h", SOCKS_LOGIN);
            log_in(world, "wrong~marked-secret");
        })
        .reach("proxy", "proxy_auth_refused")
        .fails(ALL_OTHERS)
        .cause("proxy_auth_refused", "here")
        .hides("marked-secret"),
        Condition::new("a proxy that is not there", |world| {
            world.filter("drop");
            world.network["proxy"] = format!("http://{GATEWAY}:{PROXY}").into();
        })
        .reach("connect", "proxy_unreachable")
        .fails(ALL_OTHERS)
        .cause("proxy_unreachable", "network"),
        Condition::new("a proxy whose name does not exist", |world| {
            world.network["proxy"] = format!("http://proxy.contoso.example:{PROXY}").into();
        })
        .reach("dns", "proxy_unreachable")
        .dns("proxy_unreachable")
        .fails(ALL_OTHERS)
        .cause("proxy_unreachable", "network")
        .shows("proxy.contoso.example:3128"),
        Condition::new("a proxy that says nothing", |world| {
            world.filter("drop");
            let listen = format!("TCP4-LISTEN:{PROXY},bind={GATEWAY},fork");
            world.serve("silent-proxy", "/usr/bin/socat", &[listen, "EXEC:sleep 60".to_owned()], (GATEWAY, PROXY));
            world.network["proxy"] = format!("http://{GATEWAY}:{PROXY}").into();
        })
        .reach("proxy", "proxy_timed_out")
        .fails(ALL_OTHERS)
        .cause("proxy_timed_out", "network"),
    ]
}

/// Lets nothing pass but what goes through a SOCKS proxy.
fn only_by_socks(world: &mut World, scheme: &str, options: &[&str]) {
    world.filter("drop");
    socks(world, scheme, options);
}

/// Options of microsocks that require the login `probe`.
const SOCKS_LOGIN: &[&str] = &["-u", "probe", "-P", "pr0xy~marked-secret"];

/// Has the program log in to the proxy as `probe`.
fn log_in(world: &mut World, password: &str) {
    world.network["proxy_user"] = "probe".into();
    let password = world.scratch.secret("proxy.password", &format!("{password}\n"));
    world.network["proxy_password_file"] = password.display().to_string().into();
}

/// Writes squid's list of users, and returns rules that require the login `probe`.
fn with_password(world: &World) -> String {
    // `openssl passwd -apr1`, as htpasswd writes it.
    let made =
        std::process::Command::new("openssl").args(["passwd", "-apr1", "pr0xy~marked-secret"]).output().expect("run openssl");
    let users = world.scratch.file("proxy.users", format!("probe:{}", String::from_utf8_lossy(&made.stdout)));
    format!(
        "auth_param basic program /usr/lib/squid/basic_ncsa_auth {}\nauth_param basic children 1\n\
         acl known proxy_auth REQUIRED\nhttp_access deny !known",
        users.display()
    )
}
