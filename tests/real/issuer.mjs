// A token endpoint at Microsoft's paths, with Microsoft's claims, headers and refusals. The endpoint itself, its tokens
// and their signatures are oauth2-mock-server's. Run with the configuration's path as the only argument.

import { constants, createPrivateKey, randomUUID, verify, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { OAuth2Issuer, OAuth2Service } from 'oauth2-mock-server';

const lab = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const issuer = new OAuth2Issuer();
issuer.url = `https://sts.windows.net/${lab.tenant}/`;
const key = createPrivateKey(readFileSync(lab.signing_key)).export({ format: 'jwk' });
await issuer.keys.add({ ...key, alg: 'RS256', kid: lab.key_id });

const service = new OAuth2Service(issuer, {
  wellKnownDocument: `/${lab.tenant}/v2.0/.well-known/openid-configuration`,
  token: `/${lab.tenant}/oauth2/v2.0/token`,
  jwks: `/${lab.tenant}/discovery/v2.0/keys`,
});

service.on('beforeTokenSigning', (token, request) => {
  const now = Math.floor(Date.now() / 1000);
  delete token.payload.scope;
  Object.assign(token.payload, {
    aud: request.body.scope.replace(/\/\.default$/, ''),
    iat: Math.min(now, now + lab.lifetime - 60),
    nbf: Math.min(now, now + lab.lifetime - 60),
    exp: now + lab.lifetime,
    appid: request.body.client_id,
    appidacr: '1',
    idp: issuer.url,
    oid: lab.object_id,
    sub: lab.object_id,
    roles: lab.roles,
    tid: lab.tenant,
    ver: '1.0',
  });
});

// What is wrong with an assertion (PS256, x5t#S256) in the place of a secret: verified by Node's own crypto against the certificate that is
// registered with the application.
function assertionRefusal(assertion, audience) {
  const [header, claims] = assertion.split('.').slice(0, 2).map(part => JSON.parse(Buffer.from(part, 'base64url')));
  const registered = new X509Certificate(readFileSync(lab.certificate));
  const thumbprint = Buffer.from(registered.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
  if (header.alg !== 'PS256' || header['x5t#S256'] !== thumbprint) {
    return [700027, 'The certificate with identifier used to sign the client assertion is not registered on application. ' +
      '[Reason - The key was not found.]'];
  }
  const at = assertion.lastIndexOf('.');
  const key = { key: registered.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  if (!verify('sha256', assertion.slice(0, at), key, Buffer.from(assertion.slice(at + 1), 'base64url'))) {
    return [700027, 'Client assertion contains an invalid signature. [Reason - The signature value did not match.]'];
  }
  const now = Date.now() / 1000;
  if (claims.exp <= now || claims.nbf > now + 300) {
    return [700024, `Client assertion is not within its valid time range. Current time: ${new Date().toISOString()}, assertion ` +
      `valid from ${new Date(1000 * claims.nbf).toISOString()}, expiry time of assertion ${new Date(1000 * claims.exp).toISOString()}.`];
  }
  if (claims.iss !== lab.client || claims.sub !== lab.client || claims.aud !== audience || !claims.jti) {
    return [700023, 'Client assertion audience claim does not match Realm issuer.'];
  }
  return undefined;
}

// What Entra examines, in its order, with its status and words.
function refusal({ client_id, client_secret, client_assertion, scope }) {
  if (client_id !== lab.client) {
    return [400, 'unauthorized_client', 700016,
      `Application with identifier '${client_id}' was not found in the directory '${lab.tenant}'.`];
  }
  if (client_assertion !== undefined) {
    const refused = assertionRefusal(client_assertion, `https://login.microsoftonline.com:${lab.port}/${lab.tenant}/oauth2/v2.0/token`);
    if (refused !== undefined) {
      return [401, 'invalid_client', ...refused];
    }
  } else if (client_secret !== lab.secret) {
    return [401, 'invalid_client', 7000215,
      'Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, ' +
      `not the client secret ID, for a secret added to app '${client_id}'.`];
  }
  if (!scope?.endsWith('/.default')) {
    return [400, 'invalid_scope', 70011, `The provided value for the input parameter 'scope' is not valid. ${scope}`];
  }
  return undefined;
}

service.on('beforeResponse', (response, request) => {
  const refused = refusal(request.body);
  if (refused === undefined) {
    delete response.body.scope;
    response.body.ext_expires_in = response.body.expires_in;
    return;
  }
  const [status, error, code, text] = refused;
  const [trace_id, correlation_id] = [randomUUID(), request.headers['client-request-id'] ?? randomUUID()];
  const timestamp = new Date().toISOString().replace('T', ' ').replace(/\..*/, 'Z');
  response.statusCode = status;
  response.body = {
    error,
    error_description:
      `AADSTS${code}: ${text} Trace ID: ${trace_id} Correlation ID: ${correlation_id} Timestamp: ${timestamp}`,
    error_codes: [code],
    timestamp,
    trace_id,
    correlation_id,
  };
});

const tls = { key: readFileSync(lab.tls_key), cert: readFileSync(lab.tls_certificate) };
createServer(tls, (request, response) => {
  response.setHeader('x-ms-request-id', randomUUID());
  response.setHeader('x-ms-ests-server', '2.1.11898.12 - LAB ProdSlices');
  service.requestHandler(request, response);
}).listen(lab.port, '127.0.0.1');
