/** A filter that came with the address of a list: what it keeps, and the way to take it away. */
import { useWords } from "../context";

export function FilterChip({ text, onRemove }: { text: string; onRemove: () => void }) {
  const { t } = useWords();
  return (
    <span className="filter-chip">
      <bdi>{text}</bdi>
      <button type="button" aria-label={t("records.remove_filter")} onClick={onRemove}>
        ×
      </button>
    </span>
  );
}
