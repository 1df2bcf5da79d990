export function transliterate(text: string): string;
export function generate(source: string): string;
export const paths: { source: string; target: string };
