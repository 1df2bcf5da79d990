/** The `oidc-provider` of npm on loopback, for one test: prints its port, signs in whoever asks as one synthetic person. */
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const [redirect, secret] = process.argv.slice(2);
const server = createServer((request, response) => handler(request, response));
let handler;
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "markaz", client_secret: secret, redirect_uris: [redirect], grant_types: ["authorization_code"], response_types: ["code"] }],
    pkce: { required: () => true },
    claims: { openid: ["sub"], profile: ["name", "preferred_username", "groups"] },
    conformIdTokenClaims: false,
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: "Synthetic Person", preferred_username: "synthetic", groups: ["dispatch-west"] }),
    }),
    features: { devInteractions: { enabled: true } },
  });
  handler = provider.callback();
  process.stdout.write(`${issuer}\n`);
});
