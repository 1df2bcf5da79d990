/** What fits inside a mark: codes of one or two letters as they are, "unknown" as a question mark. */
export function shortCode(code: string): string {
  return code.length <= 2 ? code : code === "unknown" ? "?" : code.slice(0, 1).toUpperCase();
}
