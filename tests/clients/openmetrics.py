"""Reads the pages of metrics as OpenMetrics, strictly, and as Prometheus's older text, and compares what they tell."""

import gzip
import sys
import time
import urllib.request

from prometheus_client import parser
from prometheus_client.openmetrics.parser import text_string_to_metric_families as strictly

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
UNITS = ("seconds", "bytes")


def ask(url, accept, encoding="identity"):
    request = urllib.request.Request(url, headers={"Accept": accept, "Accept-Encoding": encoding})
    with urllib.request.urlopen(request, timeout=30) as answer:
        body = answer.read()
        assert answer.headers.get("Content-Encoding", "identity") == encoding, (encoding, answer.headers)
        return answer.headers["Content-Type"], (gzip.decompress(body) if encoding == "gzip" else body).decode()


def samples(families):
    return {(s.name, tuple(sorted(s.labels.items()))) for family in families for s in family.samples}


def examine(url):
    kind, page = ask(url, "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
    assert kind == OPEN_METRICS, kind
    families = list(strictly(page))
    for family in families:
        assert family.documentation, family.name
        unit = next((unit for unit in UNITS if family.name.endswith("_" + unit)), "")
        assert family.unit == unit, (family.name, family.unit)
        for sample in family.samples:
            assert (family.type == "info") == sample.name.endswith("_info"), sample
            assert (family.type == "counter") == sample.name.endswith(("_total", "_created")), sample
    kind, zipped = ask(url, "application/openmetrics-text;version=1.0.0", "gzip")
    assert kind == OPEN_METRICS and zipped.endswith("# EOF\n"), kind
    list(strictly(zipped))
    return page, families


def main(address):
    until = time.monotonic() + 60
    while "m365_probe_failure_info" not in ask(address + "/metrics", "*/*")[1]:
        assert time.monotonic() < until, "nothing fails"
        time.sleep(0.1)
    page, families = examine(address + "/metrics")
    types = {family.type for family in families}
    assert types == {"counter", "gauge", "histogram", "info"}, types
    kind, text = ask(address + "/metrics", "text/plain;version=0.0.4, application/openmetrics-text;q=0.1")
    assert kind == TEXT, kind
    # Between the two pages a probe may have run and failed in a way not met before.
    lost = samples(families) - samples(parser.text_string_to_metric_families(text))
    lost = {series for series in lost if not series[0].startswith("m365_")}
    assert not lost, lost
    _, families = examine(address + "/probe?check=pop3&mailbox=praxis")
    values = {s.name: s.value for family in families for s in family.samples}
    assert values["probe_success"] == 0 and values["m365_probe_failure_info"] == 1, values
    print(f"openmetrics of prometheus_client reads {len(page.splitlines())} lines of {address}")


main(sys.argv[1])
