export interface Mock {
  url: string;
  counts: { snapshot: number; stream: number; card: number; command: number };
  world: { clock: unknown; incidents: Map<string, { id: string; number: string; place: unknown; units: object }> };
  close(): void;
}
export function startMock(options?: { port?: number; scale?: string; staticDir?: string | null; demo?: boolean; withBasemap?: boolean }): Promise<Mock>;
