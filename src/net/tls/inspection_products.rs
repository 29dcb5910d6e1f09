//! Products that inspect TLS, recognised by the issuer's name in the certificates they make. An issuer without such a name
//! proves nothing: a device may call itself whatever it likes.

/// Marks in the issuer's name of a certificate that a product made, lower case, with the product's name.
const PRODUCTS: &[(&str, &str)] = &[
    ("zscaler", "Zscaler"),
    ("netskope", "Netskope"),
    ("goskope", "Netskope"),
    ("palo alto", "Palo Alto Networks"),
    ("paloalto", "Palo Alto Networks"),
    ("fortinet", "Fortinet FortiGate"),
    ("fortigate", "Fortinet FortiGate"),
    ("fortiguard", "Fortinet FortiGate"),
    ("cisco umbrella", "Cisco Umbrella"),
    ("opendns", "Cisco Umbrella"),
    ("ironport", "Cisco Secure Web Appliance"),
    ("cisco", "Cisco"),
    ("sophos", "Sophos"),
    ("astaro", "Sophos"),
    ("cyberoam", "Sophos"),
    ("blue coat", "Symantec (Blue Coat)"),
    ("bluecoat", "Symantec (Blue Coat)"),
    ("cloud services proxy", "Symantec (Blue Coat)"),
    ("forcepoint", "Forcepoint"),
    ("websense", "Forcepoint"),
    ("check point", "Check Point"),
    ("checkpoint", "Check Point"),
    ("mcafee", "Skyhigh (McAfee)"),
    ("skyhigh", "Skyhigh (McAfee)"),
    ("barracuda", "Barracuda"),
    ("watchguard", "WatchGuard"),
    ("fireware", "WatchGuard"),
    ("sonicwall", "SonicWall"),
    ("iboss", "iboss"),
    ("cato networks", "Cato Networks"),
    ("cloudflare gateway", "Cloudflare Gateway"),
    ("cloudflare for teams", "Cloudflare Gateway"),
    ("gateway ca - cloudflare", "Cloudflare Gateway"),
    ("untangle", "Untangle"),
    ("pfsense", "pfSense"),
    ("opnsense", "OPNsense"),
    ("securepoint", "Securepoint"),
    ("lancom", "LANCOM"),
    ("kaspersky", "Kaspersky"),
    ("eset ssl", "ESET"),
    ("eset", "ESET"),
    ("avast", "Avast"),
    ("avg web", "AVG"),
    ("avg technologies", "AVG"),
    ("bitdefender", "Bitdefender"),
    ("g data", "G DATA"),
    ("dr.web", "Dr.Web"),
    ("trend micro", "Trend Micro"),
    ("adguard", "AdGuard"),
    ("mitmproxy", "mitmproxy"),
    ("portswigger", "Burp Suite"),
    ("charles proxy", "Charles"),
    ("do_not_trust", "Fiddler"),
    ("fiddler", "Fiddler"),
    ("squid", "squid"),
    ("sslsplit", "SSLsplit"),
];

/// Returns the product whose name stands in `issuer`, a whole distinguished name.
pub fn product(issuer: &str) -> Option<&'static str> {
    let issuer = issuer.to_lowercase();
    PRODUCTS.iter().find(|(mark, _)| stands_in(&issuer, mark)).map(|(_, product)| *product)
}

/// Reports whether `mark` begins a word of `issuer`: `eset` is not in `CN=Preset Services`.
fn stands_in(issuer: &str, mark: &str) -> bool {
    issuer.match_indices(mark).any(|(at, _)| {
        let before = issuer.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|before| !before.is_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuer_s_name_tells_an_inspection_product_and_public_authorities_are_none() {
        for (issuer, expected) in [
            ("C=US, ST=California, O=Zscaler Inc., CN=Zscaler Intermediate Root CA (zscaler.net)", Some("Zscaler")),
            ("C=US, O=Netskope Inc, CN=ca.contoso.goskope.com", Some("Netskope")),
            ("CN=FG100FTK19001234, O=Fortinet, OU=Certificate Authority", Some("Fortinet FortiGate")),
            ("C=US, O=Cisco, CN=Cisco Umbrella Secondary SubCA fra-SG", Some("Cisco Umbrella")),
            ("C=SK, O=ESET, spol. s r. o., CN=ESET SSL Filter CA", Some("ESET")),
            ("CN=Preset Services, O=Preset", None),
            ("CN=mitmproxy, O=mitmproxy", Some("mitmproxy")),
            ("C=PortSwigger, O=PortSwigger, OU=PortSwigger CA, CN=PortSwigger CA", Some("Burp Suite")),
            ("CN=DO_NOT_TRUST_FiddlerRoot, O=DO_NOT_TRUST", Some("Fiddler")),
            ("C=US, O=DigiCert Inc, CN=DigiCert Global G2 TLS RSA SHA256 2020 CA1", None),
            ("C=US, O=Microsoft Corporation, CN=Microsoft TLS G2 RSA CA OCSP 04", None),
            ("C=US, O=Let's Encrypt, CN=R11", None),
            ("C=BE, O=GlobalSign nv-sa, CN=GlobalSign RSA OV SSL CA 2018", None),
        ] {
            assert_eq!(product(issuer), expected, "{issuer}");
        }
    }
}
