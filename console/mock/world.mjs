// A made-up centre in memory for work on the console without a server: territories, codes, units, incidents. Seeded, so always the same.

export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const SCALES = {
  empty: { regions: [3, 1], districts: [3, 1], neighbourhoods: [2, 2], units: 0, incidents: 0 },
  small: { regions: [3, 1], districts: [3, 1], neighbourhoods: [2, 2], units: 48, incidents: 26 },
  hostile: { regions: [3, 1], districts: [3, 1], neighbourhoods: [2, 2], units: 48, incidents: 26 },
  huge: { regions: [7, 2], districts: [5, 3], neighbourhoods: [6, 5], units: 10_000, incidents: 2_000 },
};

const names = (latn, cyrl, ru, en) => ({ "uz-Latn": latn, "uz-Cyrl": cyrl, ru, en });
const code = (value, ...words) => ({ code: value, names: names(...words) });

export const CODES = {
  categories: [
    code("family_violence", "oiladagi zoʻravonlik", "оиладаги зўравонлик", "насилие в семье", "family violence"),
    code("assault", "tan jarohati yetkazish", "тан жароҳати етказиш", "причинение телесных повреждений", "assault"),
    code("theft", "oʻgʻrilik", "ўғрилик", "кража", "theft"),
    code("public_order", "jamoat tartibini buzish", "жамоат тартибини бузиш", "нарушение общественного порядка", "public disorder"),
    code("noise", "shovqin, tinchlikni buzish", "шовқин, тинчликни бузиш", "шум, нарушение покоя", "noise"),
    code("road_crash", "yoʻl-transport hodisasi", "йўл-транспорт ҳодисаси", "дорожно-транспортное происшествие", "road crash"),
    code("missing_person", "bedarak yoʻqolgan shaxs", "бедарак йўқолган шахс", "пропавший без вести", "missing person"),
    code("medical", "tibbiy yordam", "тиббий ёрдам", "медицинская помощь", "medical"),
    code("hazard", "gaz, elektr yoki kimyoviy xavf", "газ, электр ёки кимёвий хавф", "газ, электричество, химическая опасность", "gas, electrical or chemical hazard"),
  ],
  priorities: [
    code("1", "1: hayotga xavf", "1: ҳаётга хавф", "1: угроза жизни", "1: danger to life"),
    code("2", "2: shoshilinch", "2: шошилинч", "2: срочно", "2: urgent"),
    code("3", "3: odatdagi", "3: одатдаги", "3: обычное", "3: routine"),
    code("4", "4: kelishilgan vaqtda", "4: келишилган вақтда", "4: по договорённости", "4: by appointment"),
    code("unknown", "nomaʼlum", "номаълум", "неизвестно", "unknown"),
  ],
  hazard_sources: [code("fire_service", "yongʻin xavfsizligi xizmati", "ёнғин хавфсизлиги хизмати", "пожарная служба", "fire service")],
  hazard_grounds: [code("gas", "gaz yoki kimyoviy modda", "газ ёки кимёвий модда", "газ или химическое вещество", "gas or chemicals")],
  channels: [
    code("phone", "telefon (102)", "телефон (102)", "телефон (102)", "telephone (102)"),
    code("app", "mobil ilova", "мобил илова", "мобильное приложение", "mobile app"),
    code("officer", "xodim ogʻzaki xabari", "ходим оғзаки хабари", "сообщение сотрудника", "officer"),
  ],
  outcomes: [
    code("crime_recorded", "jinoyat sifatida qayd etildi", "жиноят сифатида қайд этилди", "зарегистрировано преступление", "crime recorded"),
    code("resolved", "joyida hal qilindi", "жойида ҳал қилинди", "решено на месте", "resolved on scene"),
    code("no_offence", "huquqbuzarlik aniqlanmadi", "ҳуқуқбузарлик аниқланмади", "правонарушение не установлено", "no offence"),
    code("false_call", "yolgʻon chaqiruv", "ёлғон чақирув", "ложный вызов", "false call"),
  ],
  unit_kinds: [
    code("patrol_car", "patrul avtomobili", "патруль автомобили", "патрульный автомобиль", "patrol car"),
    code("patrol_foot", "piyoda patrul", "пиёда патруль", "пеший патруль", "foot patrol"),
    code("investigation", "tezkor-tergov guruhi", "тезкор-тергов гуруҳи", "следственно-оперативная группа", "investigation group"),
  ],
  skills: [code("medical_aid", "birinchi tibbiy yordam", "биринчи тиббий ёрдам", "первая медицинская помощь", "first aid"), code("dog", "xizmat iti", "хизмат ити", "служебная собака", "service dog")],
  status_reasons: [code("meal", "ovqatlanish", "овқатланиш", "приём пищи", "meal"), code("repair", "taʼmirlash", "таъмирлаш", "ремонт", "repair")],
  lend_reasons: [code("no_free_unit", "boʻsh naryad yoʻq", "бўш наряд йўқ", "нет свободных нарядов", "no free unit")],
  lend_refusals: [code("none_free", "boʻsh naryad yoʻq", "бўш наряд йўқ", "нет свободных", "none is free")],
  shifts: [code("morning", "ertalabki smena", "эрталабки смена", "утренняя смена", "morning shift")],
  levels: [
    { key: "country", names: names("mamlakat", "мамлакат", "страна", "country") },
    { key: "region", names: names("viloyat", "вилоят", "область", "region") },
    { key: "district", names: names("tuman", "туман", "район", "district") },
    { key: "neighbourhood", names: names("mahalla", "маҳалла", "махалля", "mahalla") },
  ],
};

const LEVELS = ["country", "region", "district", "neighbourhood"];
const SYLLABLES = [["Bog", "Бог"], ["Nav", "Нав"], ["Chor", "Чор"], ["Guli", "Гули"], ["Tosh", "Тош"], ["Suv", "Сув"], ["Qum", "Қум"], ["Yangi", "Янги"]];
const ENDINGS = [["bod", "бод"], ["zor", "зор"], ["ariq", "ариқ"], ["tepa", "тепа"], ["shahar", "шаҳар"], ["qoʻrgʻon", "қўрғон"]];

const HOSTILE_NAME = "<img src=x onerror=alert(1)> \u202Eedoc dab\u202C";

function placeName(index, level, isHostile) {
  if (isHostile && index % 7 === 3) return { "uz-Latn": HOSTILE_NAME };
  const [first, firstC] = SYLLABLES[index % SYLLABLES.length];
  const [last, lastC] = ENDINGS[Math.floor(index / SYLLABLES.length) % ENDINGS.length];
  const number = Math.floor(index / (SYLLABLES.length * ENDINGS.length));
  const tail = number > 0 ? ` ${number + 1}` : "";
  const latn = `${first}${last}${tail}`;
  // Some names exist in one language only, as in life.
  if (level === "neighbourhood" && index % 5 === 0) return { "uz-Latn": latn };
  return names(latn, `${firstC}${lastC}${tail}`, `${firstC}${lastC}${tail}`, latn);
}

function buildTerritories(scale, isHostile) {
  const territories = [];
  const byParent = new Map();
  let nextId = 1;
  const add = (parent, level, box, name) => {
    const territory = { id: nextId, code: `${level.slice(0, 1).toUpperCase()}${nextId}`, parent_id: parent?.id ?? null, level, names: name, bbox: box };
    nextId += 1;
    territories.push(territory);
    byParent.set(territory.parent_id, [...(byParent.get(territory.parent_id) ?? []), territory]);
    return territory;
  };
  const [width, height] = scale.units > 1000 ? [14, 5] : [1.2, 0.4];
  const country = add(null, "country", [64, 40, 64 + width, 40 + height], names("Namuna", "Намуна", "Образец", "Specimen"));
  let counter = 0;
  const split = (parent, depth) => {
    const grid = [scale.regions, scale.districts, scale.neighbourhoods][depth];
    if (!grid) return;
    const [west, south, east, north] = parent.bbox;
    for (let y = 0; y < grid[1]; y += 1) {
      for (let x = 0; x < grid[0]; x += 1) {
        const box = [
          west + ((east - west) * x) / grid[0], south + ((north - south) * y) / grid[1],
          west + ((east - west) * (x + 1)) / grid[0], south + ((north - south) * (y + 1)) / grid[1],
        ];
        split(add(parent, LEVELS[depth + 1], box, placeName(counter++, LEVELS[depth + 1], isHostile)), depth + 1);
      }
    }
  };
  split(country, 0);
  return { territories, byParent };
}

/** Outlines of the children: a grid whose inner corners are moved a little, the same way for both neighbours. */
export function boundariesOf(children) {
  const corner = (lon, lat, size) => {
    const wobble = Math.sin(lon * 9301.7 + lat * 4931.3) * size;
    return [lon + wobble, lat + Math.cos(lon * 7919.1 + lat * 104.7) * size];
  };
  return {
    type: "FeatureCollection",
    features: children.map((child) => {
      const [west, south, east, north] = child.bbox;
      const size = Math.min(east - west, north - south) * 0.09;
      const mid = [(west + east) / 2, (south + north) / 2];
      const ring = [
        [west, south], [mid[0], south], [east, south], [east, mid[1]], [east, north], [mid[0], north], [west, north], [west, mid[1]], [west, south],
      ].map(([lon, lat]) => corner(Number(lon.toFixed(6)), Number(lat.toFixed(6)), size));
      return { type: "Feature", properties: { id: child.id, code: child.code, level: child.level }, geometry: { type: "Polygon", coordinates: [ring] } };
    }),
  };
}

export class World {
  constructor(scaleName = "small", now = Date.now()) {
    this.scaleName = scaleName;
    const scale = SCALES[scaleName];
    this.isHostile = scaleName === "hostile";
    this.random = random(20251121);
    Object.assign(this, buildTerritories(scale, this.isHostile));
    this.leaves = this.territories.filter((territory) => territory.level === "neighbourhood");
    this.seq = 1000;
    this.number = 1000;
    this.incidents = new Map();
    this.units = new Map();
    this.positions = new Map();
    this.cards = new Map();
    this.timelines = new Map();
    this.clock = null;
    for (let i = 0; i < scale.units; i += 1) this.addUnit(i, now);
    for (let i = 0; i < scale.incidents; i += 1) this.seedIncident(i, now);
  }

  pick(list) {
    return list[Math.floor(this.random() * list.length)];
  }

  id() {
    const hex = () => Math.floor(this.random() * 0x100000000).toString(16).padStart(8, "0");
    const [a, b, c, d] = [hex(), hex(), hex(), hex()];
    return `${a}-${b.slice(0, 4)}-7${b.slice(5)}-8${c.slice(1, 4)}-${c.slice(4)}${d}`;
  }

  pointIn(territory) {
    const [west, south, east, north] = territory.bbox;
    return { lon: west + (east - west) * (0.1 + 0.8 * this.random()), lat: south + (north - south) * (0.1 + 0.8 * this.random()) };
  }

  locate({ lon, lat }) {
    return this.leaves.find(({ bbox: [west, south, east, north] }) => lon >= west && lon < east && lat >= south && lat < north)?.id ?? null;
  }

  /** Neighbourhoods by a part of their name: enough to see the field at work. */
  places(text) {
    const wanted = text.trim().toLowerCase();
    return this.leaves
      .filter(({ names }) => wanted !== "" && Object.values(names).some((name) => name.toLowerCase().includes(wanted)))
      .map(({ id, names, bbox: [west, south, east, north] }) => ({
        id, kind: "neighbourhood", label: names, house: null, detail: this.path(id), place: { lon: (west + east) / 2, lat: (south + north) / 2 },
        territory_id: id, confidence: "area", accuracy_m: 600, score: 1, matched: "name",
      }));
  }

  path(id) {
    const path = [];
    for (let at = this.territories[id - 1]; at; at = this.territories[at.parent_id - 1]) path.unshift(at.id);
    return path;
  }

  addUnit(index, now) {
    const territory = this.pick(this.leaves);
    const statuses = ["available", "available", "available", "available", "busy", "out_of_service", "off_duty"];
    const unit = {
      id: this.id(), call_sign: this.isHostile && index % 9 === 4 ? "\u202Exyz<b>A</b>" : `${String.fromCharCode(65 + (index % 6))}${100 + index}`,
      kind: this.pick(CODES.unit_kinds).code, territory_id: territory.id, status: this.pick(statuses),
      since: new Date(now - this.random() * 4 * 3_600_000).toISOString(), incident_id: null, version: 1, skills: [], crew_size: 0, reason: null, lent: null,
    };
    this.units.set(unit.id, unit);
    if (unit.status === "off_duty" || index % 12 === 7) return;
    const age_s = index % 8 === 3 ? 200 + this.random() * 2000 : this.random() * 60;
    this.positions.set(unit.id, { unit_id: unit.id, ...this.pointIn(territory), fix_at: new Date(now - age_s * 1000).toISOString(), accuracy_m: 12 });
  }

  seedIncident(index, now) {
    const territory = this.pick(this.leaves);
    const at = now - this.random() ** 2 * 3 * 3_600_000 - 300_000 * ((index % 3) / 2) - 20_000;
    const incident = {
      id: this.id(), number: String(++this.number), status: "open", category: this.pick(CODES.categories).code,
      priority: this.pick(["1", "2", "2", "3", "3", "3", "3", "4", "unknown"]), channel: this.pick(CODES.channels).code, territory_id: territory.id,
      place: index % 11 === 5 ? null : this.pointIn(territory), received: { at: new Date(at).toISOString(), precision: index % 13 === 6 ? "minute" : "second" },
      opened_by: "u1", outcome: null, flags: index % 17 === 3 ? ["stage_order"] : [], version: 1, source: null, owner_id: null, held: null, place_label: null, confidence: "unknown", accuracy_m: null, covert: false, safe_contact: [], binding: [], entered_via: "console", merged_into: null, backup: null, waits_from: null, calls: 1, units: {},
    };
    this.incidents.set(incident.id, incident);
    this.cards.set(incident.id, this.card(index));
    this.note(incident.id, "incident.opened/1", { number: incident.number, category: incident.category, priority: incident.priority }, new Date(at).toISOString(), new Date(at).toISOString());
    const free = [...this.units.values()].filter((unit) => unit.status === "available");
    const wanted = index % 3 === 2 ? 1 + (index % 2) : 0;
    for (let i = 0; i < wanted && free.length > 0; i += 1) this.sendSeeded(incident, free[Math.floor(this.random() * free.length)], at, i);
  }

  sendSeeded(incident, unit, at, ordinal) {
    if (unit.incident_id) return;
    const stages = {};
    const steps = ["assigned", "en_route", "on_scene"].slice(0, 1 + Math.floor(this.random() * 3));
    steps.forEach((stage, step) => {
      stages[stage] = new Date(at + (step + 1) * 60_000).toISOString();
      this.note(incident.id, step === 0 ? "incident.unit_assigned/1" : "incident.stage_reached/1", { unit_id: unit.id, call_sign: unit.call_sign, stage, at: stages[stage] }, stages[stage], stages[stage]);
    });
    incident.units[unit.id] = { call_sign: unit.call_sign, ordinal, stages };
    incident.version += steps.length;
    Object.assign(unit, { status: steps.at(-1), incident_id: incident.id, since: stages[steps.at(-1)], version: unit.version + steps.length });
  }

  card(index) {
    if (this.isHostile) {
      return {
        sealed: { caller_name: '<script>alert("x")</script>', caller_phone: "+998 90 000 00 00", address: `\u202E${"abc ".repeat(20)}\u202C مرحبا שלום`, erased: false },
        notes: [{ id: `n${index}`, at: new Date().toISOString(), by: HOSTILE_NAME, text: `${"W".repeat(900)} ${"qator ".repeat(500)}`.slice(0, 4000), erased: false }],
      };
    }
    return {
      sealed: { caller_name: "Namuna Namunayev", caller_phone: "+998 90 000 00 00", address: "Namuna koʻchasi, 12-uy, 3-xonadon", erased: index % 19 === 8 },
      notes: index % 2 ? [{ id: `n${index}`, at: new Date().toISOString(), by: "Aziza Karimova", text: "Qoʻshni eshigini taqillatmoqda; hovlida it bor.", erased: false }] : [],
    };
  }

  /** Adds a timeline entry without an event: for what happened before the world began, and by `append` for what happens in it. */
  note(id, type, detail, occurred_at, recorded_at, actor = { id: "u1", name: "Aziza Karimova" }, more = {}) {
    const entries = this.timelines.get(id) ?? [];
    this.timelines.set(id, entries);
    const entry = {
      seq: ++this.seq, type, actor, occurred: { at: occurred_at, precision: "second", source: "officer" }, recorded_at, detail,
      corrected_by: null, corrects: null, void: false, reason: null, ...more,
    };
    entries.push(entry);
    return entry;
  }
}
