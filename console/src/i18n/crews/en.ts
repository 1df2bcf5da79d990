/** The English texts of owners and crews; en.ts takes them in. */
export const crewsEn = {
  "owner.label": "Owner",
  "owner.mine": "yours",
  "owner.none": "no owner",
  "owner.unknown": "a colleague",
  "owner.away": "away",
  "owner.also_open": "open at: {names}",
  "owner.take": "Take over",
};
