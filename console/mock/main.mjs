// node mock/main.mjs [--port 8199] [--scale empty|small|huge|hostile] [--static DIR]
import { parseArgs } from "node:util";
import { startMock } from "./server.mjs";

const { values } = parseArgs({ options: { port: { type: "string", default: "8199" }, scale: { type: "string", default: "small" }, static: { type: "string" } } });
const mock = await startMock({ port: Number(values.port), scale: values.scale, staticDir: values.static ?? null });
console.log(`mock server at ${mock.url} (${values.scale}); sign in as officer, second, supervisor or observer, password demo`);
