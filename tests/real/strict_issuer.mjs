// A token endpoint that authenticates the application by itself: npm's oidc-provider, whose code for private_key_jwt knows nothing of
// Microsoft. Run with the configuration's path as the only argument.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import Provider, { errors } from 'oidc-provider';

const lab = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const registered = new X509Certificate(readFileSync(lab.certificate));
const thumbprint = Buffer.from(registered.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
const signing = createPrivateKey(readFileSync(lab.signing_key)).export({ format: 'jwk' });
const scope = `${lab.audience}/.default`;

const provider = new Provider(`https://login.microsoftonline.com:${lab.port}`, {
  clientAuthMethods: ['private_key_jwt'],
  enabledJWA: { clientAuthSigningAlgValues: ['PS256'] },
  // RFC 7523 leaves the header to its parties; by Entra's rules it names the certificate.
  assertJwtClientAuthClaimsAndHeader(_, claims, header) {
    if (header['x5t#S256'] !== thumbprint || claims.sub !== lab.client) {
      throw new errors.InvalidClientAuth('the header names another certificate, or the subject is not the client');
    }
  },
  clients: [{
    client_id: lab.client,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'PS256',
    jwks: { keys: [{ ...registered.publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'PS256' }] },
  }],
  jwks: { keys: [{ ...signing, kid: lab.key_id, use: 'sig', alg: 'RS256' }] },
  routes: { token: `/${lab.tenant}/oauth2/v2.0/token` },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => lab.audience,
      getResourceServerInfo: () => ({ scope, audience: lab.audience, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
    },
  },
  formats: {
    customizers: {
      // The claims by which a mail server knows an application's token of Entra's.
      jwt(_, token, jwt) {
        const issuer = `https://sts.windows.net/${lab.tenant}/`;
        Object.assign(jwt.payload, {
          iss: issuer, idp: issuer, appid: lab.client, appidacr: '1', oid: lab.object_id, sub: lab.object_id, roles: lab.roles,
          tid: lab.tenant, ver: '1.0', nbf: jwt.payload.iat,
        });
        delete jwt.payload.scope;
        jwt.header = { typ: 'JWT' };
      },
    },
  },
});
for (const event of ['grant.error', 'server_error']) {
  provider.on(event, (_, error) => console.error(`${event}: ${error.error_detail ?? error.stack}`));
}

const tls = { key: readFileSync(lab.tls_key), cert: readFileSync(lab.tls_certificate) };
createServer(tls, provider.callback()).listen(lab.port, '127.0.0.1');
