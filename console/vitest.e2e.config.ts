import { defineConfig } from "vitest/config";

// Needs the built console and an installed Chromium; says loudly when either is missing.
// Its times are no measurement: they are for a slow machine that does other things too.
export default defineConfig({
  test: { include: ["e2e/**/*.test.ts"], environment: "node", testTimeout: 240_000, hookTimeout: 120_000, maxWorkers: 2 },
});
