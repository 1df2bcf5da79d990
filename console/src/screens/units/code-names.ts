/** Names of the codes of crews: skills, reasons, shifts. In small letters, because they stand inside a sentence. */
import { useMemo } from "react";
import type { Code } from "../../api/types";
import { useSession, useWords } from "../../context";

export function useCodeNames() {
  const { codes } = useSession();
  const { name } = useWords();
  return useMemo(() => {
    const look = (table: readonly Code[]) => {
      const map = new Map(table.map((one) => [one.code, name(one.names, one.code)]));
      return (code: string) => map.get(code) ?? code;
    };
    return {
      skill: look(codes.skills), reason: look(codes.status_reasons), lendReason: look(codes.lend_reasons), refusal: look(codes.lend_refusals), shift: look(codes.shifts),
    };
  }, [codes, name]);
}
