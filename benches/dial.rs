//! The cost of one verified TLS connection through our dial: CPU of the dialing thread, at most 1.1 ms.
//!
//! CPU and not time, because the peer (the simulated tenant, on threads of its own) and other programs share the
//! machine. OpenSSL's own floor, `openssl s_time -new -verify 1`, is about 1 ms.

use std::fs;
use std::hint::black_box;
use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use m365_probe::net::Net;
use m365_probe::outcome::Phase;
use m365_probe::sim;
use m365_probe::trace::Trace;
use tokio::runtime::Builder;
use tokio::time::Instant;

/// CPU time of the calling thread in nanoseconds, as Linux accounts it.
struct ThreadCpu;

impl ThreadCpu {
    fn spent() -> u64 {
        let schedstat = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells a thread's CPU time");
        schedstat.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).expect("nanoseconds come first")
    }
}

impl Measurement for ThreadCpu {
    type Intermediate = u64;
    type Value = u64;

    fn start(&self) -> u64 {
        Self::spent()
    }

    fn end(&self, began: u64) -> u64 {
        Self::spent() - began
    }

    fn add(&self, a: &u64, b: &u64) -> u64 {
        a + b
    }

    fn zero(&self) -> u64 {
        0
    }

    fn to_f64(&self, nanos: &u64) -> f64 {
        *nanos as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &Milliseconds
    }
}

struct Milliseconds;

impl ValueFormatter for Milliseconds {
    fn scale_values(&self, _: f64, values: &mut [f64]) -> &'static str {
        for nanos in values {
            *nanos /= 1e6;
        }
        "ms CPU"
    }

    fn scale_throughputs(&self, _: f64, _: &Throughput, _: &mut [f64]) -> &'static str {
        "per second"
    }

    fn scale_for_machines(&self, _: &mut [f64]) -> &'static str {
        "ns"
    }
}

fn verified_connection(criterion: &mut Criterion<ThreadCpu>) {
    let elsewhere = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let tenant = elsewhere.block_on(sim::start(sim::Tenant::contoso())).expect("a simulated tenant");
    let directory = std::env::temp_dir().join(format!("m365-probe-bench-{}", std::process::id()));
    fs::create_dir_all(&directory).expect("a directory");
    let ca_file = tenant.write_ca(&directory).expect("a certificate");
    let net = Net::new(&tenant.settings(&ca_file).network).expect("a trust store");
    let here = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let port = tenant.ports().pop3s;
    criterion.bench_function("one verified TLS connection", |bencher| {
        bencher.iter(|| {
            here.block_on(async {
                let mut trace = Trace::begin(Phase::Dns, Instant::now() + Duration::from_secs(30));
                black_box(net.connect_tls(&mut trace, "outlook.office365.com", port).await).expect("connected");
            });
        });
    });
    fs::remove_dir_all(&directory).expect("the directory goes");
}

criterion_group! {
    name = dial;
    config = Criterion::default().with_measurement(ThreadCpu).sample_size(50).measurement_time(Duration::from_secs(5));
    targets = verified_connection
}
criterion_main!(dial);
