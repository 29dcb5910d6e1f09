//! Devices in the gateway: squid as proxy, web filter and interceptor of HTTPS; socat and openssl on mail ports.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::certificates::{Identity, authority, leaf};
use crate::world::{GATEWAY, World};

/// Squid's port as a proxy.
pub const PROXY: u16 = 3128;
/// Squid's port for diverted connections.
const DIVERTED: u16 = 3130;

/// The subject of a TLS inspecting firewall's own authority.
const INSPECTION: &str = "/O=Contoso/CN=Contoso TLS Inspection";

/// Starts squid as a proxy with `rules` in its configuration.
pub fn proxy(world: &mut World, rules: &str) {
    squid(world, rules);
    world.network["proxy"] = format!("http://{GATEWAY}:{PROXY}").into();
}

/// Starts microsocks as a SOCKS 5 proxy with these `options`, named to the program by a URL of that `scheme`.
pub fn socks(world: &mut World, scheme: &str, options: &[&str]) {
    if !world.has_resolver {
        crate::resolver::honest(world);
    }
    world.gateway.file("resolv.conf", &format!("nameserver {GATEWAY}\n"));
    let port = PROXY.to_string();
    let arguments = ["-i", GATEWAY, "-p", &port].iter().chain(options).map(ToString::to_string).collect::<Vec<_>>();
    world.serve("microsocks", "/usr/bin/microsocks", &arguments, (GATEWAY, PROXY));
    world.network["proxy"] = format!("{scheme}://{GATEWAY}:{PROXY}").into();
}

/// Starts squid on the way of everything on port 443, where it decrypts, obeys `rules`, and encrypts again. Returns its
/// authority.
pub fn interceptor(world: &mut World, rules: &str) -> Identity {
    interceptor_as(world, INSPECTION, rules)
}

/// Starts squid as [`interceptor`] does, with an authority of that subject.
pub fn interceptor_as(world: &mut World, subject: &str, rules: &str) -> Identity {
    divert(world, subject, &format!("acl first at_step SslBump1\nssl_bump peek first\nssl_bump bump all\n{rules}"))
}

/// Starts squid on the way of everything on port 443. It passes TLS on as it is, unless it is for the server of that name.
pub fn name_filter(world: &mut World, name: &str) {
    divert(
        world,
        INSPECTION,
        &format!(
            "acl first at_step SslBump1\nacl blocked ssl::server_name {name}\nssl_bump peek first\n\
             ssl_bump terminate blocked\nssl_bump splice all"
        ),
    );
}

fn divert(world: &mut World, subject: &str, rules: &str) -> Identity {
    let authority = authority(world, "inspection", subject);
    let store = world.scratch.path().join("squid-certificates");
    let made = Command::new("/usr/lib/squid/security_file_certgen").args(["-c", "-s"]).arg(&store).args(["-M", "4MB"]).output();
    assert!(made.as_ref().is_ok_and(|made| made.status.success()), "{made:?}");
    let (certificate, key) = (authority.certificate.display(), authority.key.display());
    let roots = &world.environment[0].1;
    let bump = format!(
        "https_port {DIVERTED} intercept ssl-bump generate-host-certificates=on tls-cert={certificate} tls-key={key}\n\
         sslcrtd_program /usr/lib/squid/security_file_certgen -s {} -M 4MB\nsslcrtd_children 2\n\
         tls_outgoing_options cafile={roots} options=NO_TICKET\n{rules}",
        store.display()
    );
    squid(world, &bump);
    world.divert(&format!("tcp dport 443 redirect to :{DIVERTED}"));
    authority
}

fn squid(world: &mut World, rules: &str) {
    // It makes its certificates when they are wanted.
    world.timeout = Duration::from_secs(12);
    if !world.has_resolver {
        crate::resolver::honest(world);
    }
    let home = world.scratch.path().display();
    let text = format!(
        "http_port {GATEWAY}:{PROXY}\ndns_nameservers {GATEWAY}\nvisible_hostname gateway.contoso.example\n\
         pid_filename none\ncache deny all\ncache_mem 1 MB\nmemory_pools off\naccess_log none\ncache_log {home}/squid.log\n\
         cache_store_log none\ncoredump_dir {home}\nshutdown_lifetime 0 seconds\nmax_filedescriptors 1024\n\
         icon_directory /usr/share/squid/icons\nnetdb_filename none\n{rules}\nhttp_access allow all\n"
    );
    let file = world.scratch.file("squid.conf", text).display().to_string();
    open_to_all(world.scratch.path());
    world.serve("squid", "/usr/sbin/squid", &["-N", "-f", &file].map(String::from), (GATEWAY, PROXY));
}

/// Hands a directory over to `proxy`, the user that squid becomes.
fn open_to_all(directory: &Path) {
    let done = Command::new("chown").args(["-R", "proxy"]).arg(directory).status().expect("run chown");
    assert!(done.success(), "cannot hand {} over", directory.display());
}

/// Starts socat on the way of a mail port, where it decrypts and encrypts again. `to` is the real server's address.
pub fn mail_interceptor(world: &mut World, port: u16, to: &str) {
    let authority = authority(world, &format!("inspection-{port}"), INSPECTION);
    let Identity { certificate, key } = leaf(world, &format!("intercepted-{port}"), &authority, 2048);
    let (certificate, key, here) = (certificate.display(), key.display(), port + 10_000);
    let listen = format!("OPENSSL-LISTEN:{here},pf=ip6,ipv6only=0,fork,reuseaddr,cert={certificate},key={key},verify=0");
    let arguments = [listen, format!("OPENSSL:{to}:{port},verify=0")];
    world.serve(&format!("socat-{port}"), "/usr/bin/socat", &arguments, (GATEWAY, here));
    world.divert(&format!("tcp dport {port} redirect to :{here}"));
}

/// Starts OpenSSL's own server in place of the one at `port`, with `identity` and further `options`.
pub fn tls_server(world: &mut World, port: u16, identity: &Identity, options: &[&str]) {
    let here = port + 10_000;
    let (certificate, key) = (identity.certificate.display().to_string(), identity.key.display().to_string());
    let accept = here.to_string();
    let fixed = ["s_server", "-accept", &accept, "-cert", &certificate, "-key", &key, "-www"];
    let arguments: Vec<String> = fixed.iter().chain(options).map(ToString::to_string).collect();
    world.serve(&format!("openssl-{port}"), "/usr/bin/openssl", &arguments, (GATEWAY, here));
    world.divert(&format!("tcp dport {port} redirect to :{here}"));
}
