// SPDX-License-Identifier: Apache-2.0
//
// oidc-provider as a tenant's token endpoint: client credentials with a secret or with a signed
// assertion, JWT access tokens, one resource per scope RESOURCE/.default.
//
//   node provider.mjs SETTINGS     needs OIDC_PROVIDER, the path of the library's module
//
// SETTINGS is a JSON file: tenant, port, cert, key, ttl, resources, clients. The last three are
// read afresh for each call, so that a test can play the administrator. Each token call leaves one
// line of JSON on stdout.

import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';

const { Provider } = await import(process.env.OIDC_PROVIDER);
const settings = () => JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const start = settings();

// Clients come from SETTINGS, all else (the assertions seen) is kept in memory.
const kept = new Map();
class Adapter {
  constructor(model) {
    this.model = model;
  }

  async find(id) {
    if (this.model === 'Client') {
      return settings().clients.find((client) => client.client_id === id);
    }
    return kept.get(`${this.model} ${id}`);
  }

  async upsert(id, payload) {
    kept.set(`${this.model} ${id}`, payload);
  }

  async destroy(id) {
    kept.delete(`${this.model} ${id}`);
  }
}

const resourceIndicators = {
  enabled: true,
  defaultResource: (ctx) => (ctx.oidc.params.scope || '').replace(/\/\.default$/, ''),
  getResourceServerInfo: (ctx, resource) => {
    if (!settings().resources.includes(resource)) {
      throw Object.assign(new Error('invalid_target'), {
        status: 400, statusCode: 400, expose: true, error: 'invalid_target',
        error_description: 'the scope names no resource of this tenant',
      });
    }
    return {
      scope: `${resource}/.default`,
      audience: resource,
      accessTokenFormat: 'jwt',
      accessTokenTTL: settings().ttl,
      jwt: { sign: { alg: 'RS256' } },
    };
  },
};

const signingKey = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const provider = new Provider(`https://127.0.0.1:${start.port}/${start.tenant}/v2.0`, {
  adapter: Adapter,
  routes: { token: `/${start.tenant}/oauth2/v2.0/token` },
  clientAuthMethods: ['client_secret_post', 'private_key_jwt'],
  enabledJWA: { clientAuthSigningAlgValues: ['PS256'] },
  responseTypes: ['none'],
  jwks: { keys: [{ ...signingKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'k1' }] },
  ttl: { ClientCredentials: (ctx, token) => token.resourceServer.accessTokenTTL },
  cookies: { keys: [crypto.randomUUID()] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators,
  },
});

function report(ctx, extra) {
  const { client_id, client_secret, client_assertion, scope } = ctx.oidc.body || {};
  const [head, claims] = client_assertion
    ? client_assertion.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')))
    : [];
  console.log(JSON.stringify({
    client_id, scope, by: client_secret ? 'secret' : client_assertion ? 'assertion' : 'nothing',
    head, claims, ...extra,
  }));
}
provider.on('grant.success', (ctx) => report(ctx, { granted: true }));
provider.on('grant.error', (ctx, error) => report(ctx, {
  granted: false, error: error.error, detail: error.error_detail || error.error_description,
}));
provider.on('server_error', (ctx, error) => console.error(error));

https.createServer({ key: fs.readFileSync(start.key), cert: fs.readFileSync(start.cert) },
  provider.callback()).listen(start.port, '127.0.0.1');
