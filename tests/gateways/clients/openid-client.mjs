// Introspects tokens with openid-client. Arguments: the issuer, a Key ID, its secret key, how to
// authenticate, and the tokens.
import * as openid from "openid-client";

const [issuer, clientId, secret, method, ...tokens] = process.argv.slice(2);
const authentications = {
  client_secret_basic: openid.ClientSecretBasic,
  client_secret_post: openid.ClientSecretPost,
};
const authentication = authentications[method](secret);
const options = { algorithm: "oauth2", execute: [openid.allowInsecureRequests] };
const server = new URL(issuer);
const configuration = await openid.discovery(server, clientId, undefined, authentication, options);
const answers = [];
for (const token of tokens) answers.push(await openid.tokenIntrospection(configuration, token));
console.log(JSON.stringify(answers));
