// A certified provider of single sign-on for one client. Prints its issuer, and ends with its input.
// Arguments: the algorithm of ID tokens, the redirect URI and the address for back-channel logout.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [algorithm, redirectUri, logoutUri] = process.argv.slice(2);
const kinds = {
  RS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ['ed25519', {}],
};
const key = generateKeyPairSync(...kinds[algorithm]).privateKey.export({ format: 'jwk' });

// Everybody is in the groups that their account lists: ines+keys+staff.
const findAccount = async (_, id) => ({
  accountId: id,
  claims: async () => {
    const [name, ...groups] = id.split('+');
    return {
      sub: id, name, email: `${name}@meridianfreight.example`, email_verified: true, groups,
    };
  },
});

const configuration = {
  clients: [{
    client_id: 'latchkey',
    client_secret: 'a client secret that only the provider knows',
    redirect_uris: [redirectUri],
    id_token_signed_response_alg: algorithm,
    backchannel_logout_uri: logoutUri,
  }],
  jwks: { keys: [{ ...key, alg: algorithm, use: 'sig', kid: 'test' }] },
  enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'] },
  claims: {
    openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'],
  },
  scopes: ['openid', 'email', 'profile', 'groups'],
  // Groups are read from the ID token.
  conformIdTokenClaims: false,
  features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
  cookies: { keys: ['only for tests'] },
  // By default it reports logouts only to public addresses.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  findAccount,
};

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration);
  provider.on('server_error', (_, error) => console.error(error));
  provider.on('backchannel.error', (_, error) => console.error(error));
  server.on('request', provider.callback());
  console.log(issuer);
});
process.stdin.on('end', () => process.exit()).resume();
