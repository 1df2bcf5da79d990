import { defineConfig } from "vitest/config";

// Needs the built console and an installed Chromium; says loudly when either is missing.
export default defineConfig({
  test: { include: ["e2e/**/*.test.ts"], environment: "node", testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false },
});
