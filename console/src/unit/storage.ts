/** The phone's own disk: IndexedDB, one table for what was last known and one for reports. */
import type { Report, ReportStore } from "./outbox";
import type { Remembered } from "./types";

const DATABASE = "markaz-unit";
const VERSION = 1;

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("known");
      request.result.createObjectStore("reports", { keyPath: "key" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the phone's storage cannot be opened"));
  });
}

async function run<T>(table: string, mode: IDBTransactionMode, work: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(table, mode, { durability: "strict" });
      const request = work(transaction.objectStore(table));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = () => reject(transaction.error ?? new Error("the phone's storage refused"));
      transaction.onabort = () => reject(transaction.error ?? new Error("the phone's storage is full"));
    });
  } finally {
    database.close();
  }
}

export class PhoneReports implements ReportStore {
  all(): Promise<Report[]> {
    return run("reports", "readonly", (table) => table.getAll() as IDBRequest<Report[]>);
  }

  async put(report: Report): Promise<void> {
    await run("reports", "readwrite", (table) => table.put(report));
  }

  async remove(key: string): Promise<void> {
    await run("reports", "readwrite", (table) => table.delete(key));
  }
}

export async function remember(known: Remembered): Promise<void> {
  await run("known", "readwrite", (table) => table.put(known, "last"));
}

export async function recall(): Promise<Remembered | null> {
  return (await run("known", "readonly", (table) => table.get("last") as IDBRequest<Remembered | undefined>)) ?? null;
}

export async function forget(): Promise<void> {
  await run("known", "readwrite", (table) => table.delete("last"));
}
