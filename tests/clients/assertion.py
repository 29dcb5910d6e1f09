"""PyJWT and cryptography, which nobody here wrote, verify the assertion that the program signs: header, claims and signature."""
import base64
import hashlib
import json
import sys
import time

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

with open(sys.argv[1]) as file:
    T = json.load(file)
with open(T["certificate_file"], "rb") as file:
    certificate = x509.load_pem_x509_certificate(file.read())

ids = set()
for assertion in T["assertions"]:
    header = jwt.get_unverified_header(assertion)
    fingerprint = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    assert header == {
        "alg": "PS256", "typ": "JWT", "x5t#S256": base64.urlsafe_b64encode(fingerprint).rstrip(b"=").decode(),
    }, header
    claims = jwt.decode(
        assertion, certificate.public_key(), algorithms=["PS256"], audience=T["endpoint"], issuer=T["client_id"],
        options={"require": ["exp", "nbf", "iat", "iss", "sub", "aud", "jti"]},
    )
    assert claims["sub"] == T["client_id"] and claims["exp"] - claims["nbf"] == 600, claims
    assert all(type(claims[name]) is int for name in ("exp", "nbf", "iat")), claims
    assert abs(claims["iat"] - time.time()) < 300, claims
    ids.add(claims["jti"])
assert len(ids) == len(T["assertions"]), "a jti occurs twice"
