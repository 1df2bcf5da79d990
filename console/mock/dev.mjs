// The console with hot reload over the mock server: npm run dev:mock [-- --scale huge]
import { parseArgs } from "node:util";
import { createServer } from "vite";
import { startMock } from "./server.mjs";

const { values } = parseArgs({ options: { scale: { type: "string", default: "small" } } });
const mock = await startMock({ scale: values.scale });
process.env.MARKAZ_URL = mock.url;
const vite = await createServer({ server: { host: "127.0.0.1", proxy: { "/api": mock.url } } });
await vite.listen();
vite.printUrls();
console.log("sign in as officer, second, supervisor or observer, password demo");
