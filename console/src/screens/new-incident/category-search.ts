/** Finding a category by two or three letters in any of the four languages. Pure. */
import type { Code, LanguageTag } from "../../api/types";
import { fold } from "../../ui/fold";

/** Names in one's own language that begin so first, then others that do, then a word that begins so, then what holds it. */
export function findCategories(categories: readonly Code[], typed: string, own: LanguageTag): Code[] {
  const wanted = fold(typed);
  if (wanted === "") return [...categories];
  const ranked = categories.map((category, at) => {
    const names = [...Object.values(category.names), category.code.replaceAll("_", " ")].map((name) => fold(name));
    const words = names.flatMap((name) => name.split(/[\s,()-]+/));
    const isOwn = fold(category.names[own] ?? "").startsWith(wanted);
    const rank = isOwn ? 0 : names.some((name) => name.startsWith(wanted)) ? 1 : words.some((word) => word.startsWith(wanted)) ? 2 : names.some((name) => name.includes(wanted)) ? 3 : 4;
    return { category, rank, at };
  });
  return ranked.filter(({ rank }) => rank < 4).sort((a, b) => a.rank - b.rank || a.at - b.at).map(({ category }) => category);
}
