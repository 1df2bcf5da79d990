import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { unitWorker } from "./scripts/unit-worker.mjs";

const server = process.env.MARKAZ_URL ?? "http://127.0.0.1:8102";

export default defineConfig({
  plugins: [react(), unitWorker()],
  build: {
    outDir: "../src/markaz/web/static",
    emptyOutDir: true,
    target: "es2022",
    // Nothing is inlined: the policy of the page is default-src 'self', and a file is easier to account for than a data: URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: "index.html", unit: "unit/index.html" }, // the console, and the page of a unit's phone
      output: {
        // MapLibre's worker is a module script: ".js" is the ending every server knows the type of.
        assetFileNames: (asset) => (asset.names.some((name) => name.endsWith(".mjs")) ? "assets/[name]-[hash].js" : "assets/[name]-[hash][extname]"),
      },
    },
    chunkSizeWarningLimit: 1300, // MapLibre is one file of 1.1 MB and loads only where there is a map.
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": server, "/basemap.pmtiles": server },
  },
});
