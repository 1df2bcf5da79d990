/** The tree of territories a person may see, with the ancestors above it. Names are data: nothing here knows a level. */
import type { LanguageTag, Names, Territory } from "./types";

export class Territories {
  private readonly byId = new Map<number, Territory>();
  private readonly childIds = new Map<number | null, number[]>();

  constructor(
    all: readonly Territory[],
    /** The tops of what this person may see (from the grants); everything above is only a signpost. */
    readonly scope: readonly number[],
  ) {
    for (const territory of all) this.byId.set(territory.id, territory);
    for (const territory of all) {
      const siblings = this.childIds.get(territory.parent_id);
      if (siblings) siblings.push(territory.id);
      else this.childIds.set(territory.parent_id, [territory.id]);
    }
  }

  get size(): number {
    return this.byId.size;
  }

  get(id: number): Territory | undefined {
    return this.byId.get(id);
  }

  all(): IterableIterator<Territory> {
    return this.byId.values();
  }

  children(id: number): Territory[] {
    return (this.childIds.get(id) ?? []).flatMap((child) => this.byId.get(child) ?? []);
  }

  /** From the root down to `id` itself; empty for an id that is not known. */
  path(id: number): Territory[] {
    const path: Territory[] = [];
    for (let at = this.byId.get(id); at && path.length < 16; at = at.parent_id === null ? undefined : this.byId.get(at.parent_id)) {
      path.unshift(at);
    }
    return path;
  }

  isWithin(id: number, ancestor: number): boolean {
    return this.path(id).some((territory) => territory.id === ancestor);
  }

  isInScope(id: number): boolean {
    return this.scope.some((top) => this.isWithin(id, top));
  }

  /** Where a person starts: the top of their scope, or the root when they hold several. */
  home(): number | null {
    if (this.scope.length === 1) return this.scope[0]!;
    return this.childIds.get(null)?.[0] ?? this.scope[0] ?? null;
  }

  /** The child of `ancestor` under which `id` lies, or null when it lies elsewhere or is `ancestor` itself. */
  childUnder(ancestor: number, id: number): number | null {
    const path = this.path(id);
    const at = path.findIndex((territory) => territory.id === ancestor);
    return at < 0 ? null : (path[at + 1]?.id ?? null);
  }
}

const FALLBACKS: readonly LanguageTag[] = ["uz-Latn", "en", "ru", "uz-Cyrl"];

export function nameOf(names: Names | undefined, language: LanguageTag, code: string): string {
  if (!names) return code;
  for (const tag of [language, ...FALLBACKS]) {
    const name = names[tag];
    if (name) return name;
  }
  return code;
}
