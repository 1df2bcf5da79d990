/** The day a clock ends with. The server says the midnight after it (UTC); half a day before is within that day here too. */
const HALF_A_DAY_MS = 43_200_000;

export function dueDay(due_at: string): number {
  return Date.parse(due_at) - HALF_A_DAY_MS;
}
