// Introspects tokens with oauth4webapi. Arguments: the issuer, a Key ID, its secret key, how to
// authenticate, and the tokens.
import * as oauth from "oauth4webapi";

const [issuer, client_id, secret, method, ...tokens] = process.argv.slice(2);
const insecure = { [oauth.allowInsecureRequests]: true };
const url = new URL(issuer);
const discovery = await oauth.discoveryRequest(url, { algorithm: "oauth2", ...insecure });
const server = await oauth.processDiscoveryResponse(url, discovery);
const authentications = {
  client_secret_basic: oauth.ClientSecretBasic,
  client_secret_post: oauth.ClientSecretPost,
};
const authentication = authentications[method](secret);
const client = { client_id };
const answers = [];
for (const token of tokens) {
  const answer = await oauth.introspectionRequest(server, client, authentication, token, insecure);
  answers.push(await oauth.processIntrospectionResponse(server, client, answer));
}
console.log(JSON.stringify(answers));
