import type { Plugin } from "vite";

export function unitWorker(): Plugin;
