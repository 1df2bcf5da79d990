export function transliterate(text: string): string;
export function generate(source: string): string;
export const pairs: { source: string; target: string }[];
