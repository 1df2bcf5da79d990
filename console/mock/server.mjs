// The API of the contract over a World: snapshot, stream, commands with versions and idempotency. For the console's own checks only.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { basemap, sendRange } from "./basemap.mjs";
import { boundariesOf, CODES, World } from "./world.mjs";

const CSP =
  "default-src 'self'; img-src 'self' blob: data:; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };
const DESK = ["incident.read", "incident.read_sealed", "incident.open", "incident.dispatch", "incident.change", "incident.correct", "incident.close", "unit.read", "unit.status", "position.read", "alert.read", "alert.draft", "handover.sign", "crew.read", "unit.log_on", "unit.lend"];
const ACCOUNTS = {
  officer: { name: "Aziza Karimova", role: "duty_officer", permissions: DESK },
  second: { name: "Bekzod Rahimov", role: "duty_officer", permissions: DESK },
  supervisor: { name: "Nodira Saidova", role: "supervisor", permissions: [...DESK, "figures.read", "unit.register", "alert.approve", "summary.read", "summary.make", "roster.plan"] },
  observer: { name: "Timur Aliyev", role: "observer", permissions: ["incident.read", "unit.read", "position.read", "alert.read"] },
};
const NORMS = {
  amber_share: 0.667, escalate_after_s: 120, escalate_acknowledged_after_s: 300, escalate_emergency_after_s: 30, entered_late_s: 120, strictest: "1", default_terrain: "urban", terrain: {},
  norms: ["1", "2", "3", "4"].flatMap((priority, n) => ["urban", "rural", "mountain"].map((terrain, far) => ({
    priority, terrain, unassigned_s: 60 * 4 ** n, en_route_s: 60 * 3 ** n, arrival_s: 300 * 3 ** n * (far + 1), welfare_s: 600 + 300 * n,
  }))),
};
const STAGES = ["assigned", "en_route", "on_scene", "transporting", "at_hospital", "cleared"];

/** A day on which nothing happened. */
function emptyDay(query) {
  const day = query.get("day") ?? new Date().toISOString().slice(0, 10);
  const lists = ["by_category", "by_area", "by_area_category", "by_channel", "by_outcome", "response", "significant", "corrections"];
  return {
    territory_id: Number(query.get("territory")), day, from: `${day}T03:00:00Z`, to: `${day}T23:00:00Z`, incidents: 0, open: 0, merged: 0, late: 0, deaths: 0, crashes: 0,
    forces: { units: 0, sendings: 0, unit_s: 0, unknown: 0 }, by_hand: {}, corrections_more: 0, ...Object.fromEntries(lists.map((name) => [name, []])),
  };
}

class Refusal extends Error {
  constructor(status, code, message, details = {}) {
    super(message);
    Object.assign(this, { status, code, details });
  }
}

export function startMock({ port = 0, scale = "small", staticDir = null, demo = true, withBasemap = false } = {}) {
  const world = new World(scale);
  const streams = new Set();
  const answers = new Map();
  const faults = { refuse: false, lose_answers: 0, min_cursor: 0, delay_ms: 0 };
  const counts = { snapshot: 0, stream: 0, card: 0, command: 0 };

  const send = (stream, event, data, id) => stream.response.write(`${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const broadcast = (event, data, id) => streams.forEach((stream) => send(stream, event, data, id));

  /** One act is one frame: everything it changed, under consecutive numbers. */
  function publish(after, events) {
    broadcast("events", { after, seq: world.seq, events }, world.seq);
  }

  function wire(type, kind, id, op, value, actor) {
    const at = new Date().toISOString();
    return { seq: world.seq, type, kind, id, op, value, actor: actor.id, occurred_at: at, recorded_at: at };
  }

  function incidentEvent(actor, incident, type, detail, patch, { occurred_at, ...more } = {}) {
    const now = new Date().toISOString();
    const entry = world.note(incident.id, type, detail, occurred_at ?? now, now, { id: actor.login, name: actor.name }, more);
    incident.version += 1;
    incident.last = { by: actor.name, at: now, what: type };
    const op = type.startsWith("incident.closed") ? "gone" : patch === "set" ? "set" : "patch";
    const value = op === "gone" ? undefined : op === "set" ? view(incident) : { version: incident.version, ...patch };
    return { entry, event: wire(type, "incident", incident.id, op, value, { id: actor.login }) };
  }

  function unitEvent(actor, unit, status, incident_id) {
    world.seq += 1;
    Object.assign(unit, { status, incident_id, since: new Date().toISOString(), version: unit.version + 1 });
    return wire("unit.status_changed/1", "unit", unit.id, "set", { ...unit }, { id: actor.login });
  }

  const view = ({ last: _last, closed_at: _closed, ...incident }) => incident;

  function find(id, version) {
    const incident = world.incidents.get(id);
    if (!incident) throw new Refusal(404, "not_found", "There is no such incident in your territory.");
    if (version !== undefined && version !== incident.version) {
      const last = incident.last ?? { by: "Bekzod Rahimov", at: new Date().toISOString(), what: "incident.changed/1" };
      throw new Refusal(409, "version_conflict", "changed", { ...last, current_version: incident.version });
    }
    if (version !== undefined && incident.status === "closed") throw new Refusal(409, "not_possible_now", `Incident ${incident.number} is closed already.`);
    return incident;
  }

  const drafts = new Map();
  /** Coordinates are a hit of their own, as on the server. */
  const coordinatesIn = (text) => {
    const found = /^(-?[\d.]+)[,\s]+(-?[\d.]+)$/.exec(text.trim());
    if (!found) return [];
    const place = { lat: Number(found[1]), lon: Number(found[2]) };
    return [{ id: null, kind: "coordinates", label: {}, house: null, place, accuracy_m: 30, confidence: "exact", territory_id: world.locate(place) ?? null, matched: "exact", score: 1 }];
  };
  const commands = [
    ["POST", /^\/api\/incidents$/, (actor, body) => {
      if (!body.category) throw new Refusal(422, "invalid_input", "category: required", { field: "category" });
      const territory_id = body.place ? world.locate(body.place) : body.territory_id;
      if (!territory_id) throw new Refusal(422, "invalid_input", "This place lies outside your territory.", { field: "place" });
      const after = world.seq;
      const at = new Date().toISOString();
      const incident = {
        id: world.id(), number: String(++world.number), status: "open", category: body.category, priority: body.priority, channel: body.channel,
        territory_id, place: body.place, received: { at, precision: "second" }, opened_by: actor.login, owner_id: actor.login, held: null, outcome: null, flags: [], version: 0, source: null, owner_id: null, held: null,
        place_label: body.place_label ?? null, confidence: body.confidence ?? "unknown", accuracy_m: body.accuracy_m ?? null, covert: body.covert ?? false,
        safe_contact: body.safe_contact ?? [], binding: body.safe_contact ?? [], entered_via: body.entered_via ?? "console", merged_into: null, backup: null, waits_from: null, calls: 1, units: {},
      };
      drafts.delete(body.draft_id);
      world.incidents.set(incident.id, incident);
      world.cards.set(incident.id, {
        sealed: { caller_name: body.caller?.name, caller_phone: body.caller?.phone, address: body.address, erased: false },
        notes: body.note ? [{ id: world.id(), at, by: actor.name, text: body.note, erased: false }] : [],
      });
      const { event } = incidentEvent(actor, incident, "incident.opened/1", { number: incident.number, category: incident.category, priority: incident.priority }, "set");
      publish(after, [event]);
      return [201, { id: incident.id, number: incident.number, version: incident.version, passed_to: null, seq: world.seq }];
    }],
    ["POST", /^\/api\/incidents\/([^/]+)\/calls$/, (actor, body, id) => {
      const incident = find(id);
      const after = world.seq;
      incident.calls += 1;
      drafts.delete(body.draft_id);
      publish(after, [incidentEvent(actor, incident, "incident.call_added/1", { channel: body.channel }, "set").event]);
      return [201, { id: world.id(), number: incident.number, version: incident.version, calls: incident.calls, seq: world.seq }];
    }],
    ["POST", /^\/api\/incidents\/([^/]+)\/caller$/, (_actor, _body, id) => [201, { version: find(id).version }]],
    ["PUT", /^\/api\/call-drafts\/([^/]+)$/, (_actor, body, id) => {
      const held = drafts.get(id) ?? { id, started_at: new Date().toISOString(), fields: {} };
      for (const [name, text] of Object.entries(body.fields)) {
        if (text === null) delete held.fields[name];
        else held.fields[name] = text;
      }
      held.saved_at = new Date().toISOString();
      drafts.set(id, held);
      return [200, { id, saved_at: held.saved_at }];
    }],
    ["DELETE", /^\/api\/call-drafts\/([^/]+)$/, (_actor, _body, id) => {
      drafts.delete(id);
      return [200, {}];
    }],
    ["POST", /^\/api\/incidents\/([^/]+)\/assignments$/, (actor, body, id) => {
      const incident = find(id, body.version);
      const unit = world.units.get(body.unit_id);
      if (unit.status !== "available") throw new Refusal(409, "not_possible_now", `Unit ${unit.call_sign} is ${unit.status}: choose another.`);
      const after = world.seq;
      const at = body.occurred_at ?? new Date().toISOString();
      const assigned = { call_sign: unit.call_sign, ordinal: Object.keys(incident.units).length, stages: { assigned: at } };
      incident.units[unit.id] = assigned;
      const one = incidentEvent(actor, incident, "incident.unit_assigned/1", { unit_id: unit.id, call_sign: unit.call_sign, stage: "assigned", at }, { units: { [unit.id]: assigned } });
      publish(after, [one.event, unitEvent(actor, unit, "assigned", incident.id)]);
      return [201, { version: incident.version, seq: world.seq }];
    }],
    ["POST", /^\/api\/incidents\/([^/]+)\/dispatches$/, (actor, body, id) => {
      const incident = find(id, body.version);
      const units = body.unit_ids.map((unitId) => world.units.get(unitId));
      const taken = units.find((unit) => unit.status !== "available");
      if (taken) throw new Refusal(409, "not_possible_now", `Unit ${taken.call_sign} is ${taken.status}: choose another.`);
      const after = world.seq;
      const at = new Date().toISOString();
      const events = units.flatMap((unit) => {
        const assigned = { call_sign: unit.call_sign, ordinal: Object.keys(incident.units).length, stages: { assigned: at } };
        incident.units[unit.id] = assigned;
        const one = incidentEvent(actor, incident, "incident.unit_assigned/1", { unit_id: unit.id, call_sign: unit.call_sign, stage: "assigned", at }, { units: { [unit.id]: assigned } });
        return [one.event, unitEvent(actor, unit, "assigned", incident.id)];
      });
      publish(after, events);
      return [201, { version: incident.version, seq: world.seq }];
    }],
    ["POST", /^\/api\/incidents\/([^/]+)\/assignments\/([^/]+)\/stages$/, (actor, body, id, unitId) => {
      const incident = find(id, body.version);
      const { stages, call_sign } = incident.units[unitId];
      const at = body.occurred_at ?? new Date().toISOString();
      const before = STAGES.slice(0, STAGES.indexOf(body.stage)).map((stage) => stages[stage]).filter(Boolean);
      if (before.some((earlier) => earlier > at)) throw new Refusal(422, "stage_order", `${body.stage} cannot be before ${before.at(-1)}.`, { field: "occurred_at" });
      const after = world.seq;
      stages[body.stage] = at;
      const one = incidentEvent(actor, incident, "incident.stage_reached/1", { unit_id: unitId, call_sign, stage: body.stage, at }, { units: { [unitId]: { stages: { [body.stage]: at } } } }, { occurred_at: at });
      const isDone = body.stage === "cleared";
      publish(after, [one.event, unitEvent(actor, world.units.get(unitId), isDone ? "available" : body.stage, isDone ? null : incident.id)]);
      return [200, { version: incident.version, seq: world.seq }];
    }],
    ["POST", /^\/api\/incidents\/([^/]+)\/corrections$/, (actor, body, id) => {
      const incident = find(id, body.version);
      const after = world.seq;
      const { stages, call_sign } = incident.units[body.unit_id];
      const was = stages[body.stage];
      if (body.occurred_at === null) delete stages[body.stage];
      else stages[body.stage] = body.occurred_at;
      const detail = { unit_id: body.unit_id, call_sign, stage: body.stage, was, at: body.occurred_at };
      const patch = { units: { [body.unit_id]: { stages: { [body.stage]: body.occurred_at } } } };
      const one = incidentEvent(actor, incident, "incident.stage_corrected/1", detail, patch, { reason: body.reason, corrects: body.corrects_seq, ...(body.occurred_at ? { occurred_at: body.occurred_at } : {}) });
      const first = world.timelines.get(id).find((entry) => entry.seq === body.corrects_seq);
      Object.assign(first, { corrected_by: one.entry.seq, void: body.occurred_at === null });
      publish(after, [one.event]);
      return [200, { version: incident.version, seq: world.seq }];
    }],
    ["POST", /^\/api\/incidents\/([^/]+)\/changes$/, (actor, body, id) => {
      const incident = find(id, body.version);
      const after = world.seq;
      const changes = {};
      for (const key of ["category", "priority", "place"]) {
        if (body[key] === undefined) continue;
        changes[key] = { from: incident[key], to: body[key] };
        incident[key] = body[key];
      }
      const one = incidentEvent(actor, incident, "incident.changed/1", { changes }, "set", { reason: body.reason });
      publish(after, [one.event]);
      return [200, { version: incident.version, seq: world.seq }];
    }],
    ["POST", /^\/api\/incidents\/([^/]+)\/close$/, (actor, body, id) => {
      const incident = find(id, body.version);
      const working = Object.values(incident.units).filter((unit) => !unit.stages.cleared).map((unit) => unit.call_sign);
      if (working.length > 0) throw new Refusal(409, "not_possible_now", `Still working: ${working.join(", ")}. Clear these units first.`, { units: working });
      const after = world.seq;
      Object.assign(incident, { status: "closed", outcome: body.outcome, closed_at: new Date().toISOString() });
      const one = incidentEvent(actor, incident, "incident.closed/1", { outcome: body.outcome }, {});
      publish(after, [one.event]);
      return [200, { version: incident.version, seq: world.seq }];
    }],
    ["POST", /^\/api\/incidents\/([^/]+)\/notes$/, (actor, body, id) => {
      const incident = find(id);
      const after = world.seq;
      world.cards.get(id).notes.push({ id: world.id(), at: new Date().toISOString(), by: actor.name, text: body.text, erased: false });
      publish(after, [incidentEvent(actor, incident, "incident.note_added/1", {}, {}).event]);
      return [201, { version: incident.version, seq: world.seq }];
    }],
    ["POST", /^\/api\/incidents\/([^/]+)\/owner$/, (actor, body, id) => {
      const incident = find(id, body.version);
      const after = world.seq;
      incident.owner_id = body.to === "me" ? actor.login : body.to;
      publish(after, [incidentEvent(actor, incident, "incident.owner_changed/1", {}, "set").event]);
      return [200, { version: incident.version, seq: world.seq }];
    }],
    ["POST", /^\/api\/units\/([^/]+)\/status$/, (actor, body, id) => {
      const after = world.seq;
      const unit = world.units.get(id);
      publish(after, [unitEvent(actor, unit, body.status, null)]);
      return [200, { version: unit.version, seq: world.seq }];
    }],
  ];

  const me = (actor) => ({
    account: { id: actor.login, login: actor.login, display_name: actor.name }, grants: [{ role: actor.role, territory_id: 1 }], permissions: actor.permissions,
    demo, training: false, now: new Date().toISOString(), profile: "uz", stale_after_s: 90, basemap: withBasemap,
  });

  const reads = [
    [/^\/api\/me\/ways$/, () => ({ has_password: true, has_codes: false, recovery_codes_left: 0, has_provider: false, passkeys: [], passkeys_at: null, is_second_factor_needed: false, proof_ends_at: new Date().toISOString() })],
    [/^\/api\/me\/sessions$/, () => ({ items: [] })],
    [/^\/api\/me$/, (actor) => me(actor)],
    [/^\/api\/codes$/, () => CODES],
    [/^\/api\/territories$/, () => ({ territories: world.territories })],
    [/^\/api\/territories\/(\d+)\/boundaries$/, (_actor, _query, id) => boundariesOf(world.byParent.get(Number(id)) ?? [])],
    [/^\/api\/snapshot$/, () => {
      counts.snapshot += 1;
      const open = [...world.incidents.values()].filter((incident) => incident.status === "open").map(view);
      return { seq: world.seq, at: new Date().toISOString(), incidents: open, units: [...world.units.values()], alarms: [], presence: [], positions: [...world.positions.values()], clock: world.clock };
    }],
    [/^\/api\/colleagues$/, () => ({ items: [] })],
    [/^\/api\/access\/purpose$/, () => ({ active: null, references: [], shortest: 15 })],
    [/^\/api\/units\/([^/]+)\/crew$/, () => ({ log_on: null })],
    [/^\/api\/aid$/, () => ({ requests: [], lent: [], neighbours: [] })],
    [/^\/api\/shifts$/, () => ({ items: [] })],
    [/^\/api\/roster-swaps$/, () => ({ items: [] })],
    [/^\/api\/norms$/, () => NORMS],
    [/^\/api\/handovers$/, () => ({ items: [] })],
    [/^\/api\/handovers\/draft$/, () => ({ incidents: [], offered_id: null })],
    [/^\/api\/summaries$/, () => ({ items: [], today: new Date().toISOString().slice(0, 10) })],
    [/^\/api\/summaries\/draft$/, (_actor, query) => ({ content: emptyDay(query), as_of_seq: world.seq, today: new Date().toISOString().slice(0, 10) })],
    [/^\/api\/alarms$/, () => ({ items: [], names: {} })],
    [/^\/api\/incidents$/, (_actor, query) => {
      const status = query.get("status") ?? "open";
      const territory = Number(query.get("territory"));
      const items = [...world.incidents.values()]
        .filter((incident) => status === "all" || incident.status === status)
        .filter((incident) => !query.get("priority") || incident.priority === query.get("priority"))
        .filter((incident) => !territory || world.path(incident.territory_id).includes(territory))
        .sort((a, b) => (a.received.at < b.received.at ? 1 : -1));
      const from = Number(query.get("cursor") ?? 0);
      const limit = Number(query.get("limit") ?? 50);
      return { items: items.slice(from, from + limit).map((one) => ({ ...view(one), closed_at: one.closed_at ?? null })), next: from + limit < items.length ? String(from + limit) : null };
    }],
    [/^\/api\/incidents\/nearby$/, () => ({ items: [] })],
    [/^\/api\/call-drafts$/, () => ({ items: [] })],
    [/^\/api\/incidents\/([^/]+)\/calls$/, () => ({ items: [], may_open: true })],
    [/^\/api\/hazards$/, () => ({ items: [] })],
    [/^\/api\/places\/history$/, () => ({ radius_m: 50, since: new Date().toISOString(), is_cut: false, counts: [], items: [] })],
    [/^\/api\/guides$/, () => ({ guides: [] })],
    [/^\/api\/incidents\/([^/]+)$/, (actor, _query, id) => {
      counts.card += 1;
      const incident = find(id);
      const maySee = actor.permissions.includes("incident.read_sealed");
      const card = world.cards.get(id);
      return { incident: { ...view(incident), closed_at: incident.closed_at ?? null }, sealed: maySee ? card.sealed : null, notes: maySee ? card.notes : [] };
    }],
    [/^\/api\/undo$/, () => ({ act: null })],
    [/^\/api\/incidents\/([^/]+)\/recommendations$/, (_actor, _query, id) => {
      const incident = find(id);
      const free = [...world.units.values()].filter((unit) => unit.status === "available");
      const km = (unit) => {
        const position = world.positions.get(unit.id);
        return position && incident.place ? Math.hypot(position.lon - incident.place.lon, position.lat - incident.place.lat) * 100 : null;
      };
      const items = free.sort((a, b) => (km(a) ?? 1e9) - (km(b) ?? 1e9)).slice(0, 200).map((unit, index) => ({
        unit_id: unit.id, call_sign: unit.call_sign, kind: unit.kind, status: unit.status, version: unit.version, group: "recommended", suggested: index === 0,
        travel: km(unit) === null ? null : { low_s: km(unit) * 60, mid_s: km(unit) * 100, high_s: km(unit) * 170, distance_m: Math.round(km(unit) * 1000), source: "straight_line" },
        counted_s: km(unit) === null ? null : km(unit) * 100, position_age_s: 20, cover_left: index, parts: [{ code: "kind_first" }, { code: "cover_left", territory_id: unit.territory_id, n: index + 1 }],
      }));
      return { id: world.id(), at: new Date().toISOString(), of: free.length, travel_source: "straight_line", travel_fallback: null, from_territory: false, items };
    }],
    [/^\/api\/incidents\/([^/]+)\/contents$/, (actor) => ({
      sealed: actor.permissions.includes("incident.read_sealed"), parties: [], vehicles: [], attachments: [], links: [], merged_here: [], shut_out: [],
      safe_contact: [], covert: false, report_number: null, outcome_reason: null,
    })],
    [/^\/api\/incidents\/([^/]+)\/timeline$/, (_actor, _query, id) => ({ entries: world.timelines.get(id) ?? [] })],
    [/^\/api\/places$/, (_actor, query) => ({ items: [...coordinatesIn(query.get("q") ?? ""), ...world.places(query.get("q") ?? "")].slice(0, Number(query.get("limit") ?? 10)) })],
    [/^\/api\/places\/nearest$/, (_actor, query) => ({ item: null, territory_id: world.locate({ lon: Number(query.get("lon")), lat: Number(query.get("lat")) }) ?? null })],
    [/^\/api\/alerts$/, () => ({ now: new Date().toISOString(), current: [], drafts: [], past: [], is_cut: false })],
    [/^\/api\/alerts\/templates$/, () => ({ templates: [] })],
    [/^\/api\/figures\/response$/, () => ({
      definition: "first on_scene of the call minus received, calls with both, quantile_disc",
      rows: ["1", "2", "3", "4"].map((priority, index) => ({
        priority, calls: 480 * (index + 1) + 17, with_both: 431 * (index + 1), p50_s: index === 3 ? null : 311 + index * 140, p90_s: index === 3 ? null : 742 + index * 420,
        records: `/api/incidents?status=all&priority=${priority}`,
      })),
    })],
  ];

  function actorOf(request) {
    const login = /markaz_session=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
    return login && ACCOUNTS[login] ? { login, ...ACCOUNTS[login] } : null;
  }

  function json(response, status, body, headers = {}) {
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
    response.end(body === undefined ? "" : JSON.stringify(body));
  }

  const refuse = (response, status, code, message, details = {}) => json(response, status, { code, message, details, request_id: "mock-0001" });

  async function bodyOf(request) {
    let text = "";
    for await (const chunk of request) text += chunk;
    return text === "" ? {} : JSON.parse(text);
  }

  async function session(request, response) {
    if (request.method === "DELETE") return json(response, 204, undefined, { "set-cookie": "markaz_session=; Max-Age=0; Path=/" });
    const { login, password } = await bodyOf(request);
    if (!ACCOUNTS[login] || password !== "demo") return refuse(response, 401, "not_signed_in", "Login or password is wrong.");
    json(response, 200, me({ login, ...ACCOUNTS[login] }), { "set-cookie": `markaz_session=${login}; HttpOnly; SameSite=Strict; Path=/` });
  }

  function openStream(request, response, query) {
    counts.stream += 1;
    const after = Number(query.get("after"));
    if (after < faults.min_cursor) return refuse(response, 410, "cursor_too_old", "Take a new snapshot.");
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(":\n\n");
    const stream = { response };
    streams.add(stream);
    request.on("close", () => streams.delete(stream));
    // The mock keeps no history: a cursor that is behind is sent the whole distance as one empty frame only when nothing is missing.
    if (after < world.seq) response.end(`event: end\ndata: ${JSON.stringify({ code: "cursor_too_old", status: 410 })}\n\n`);
    else send(stream, "clock", world.clock);
  }

  async function control(request, response) {
    const wish = await bodyOf(request);
    for (const key of Object.keys(faults)) if (wish[key] !== undefined) faults[key] = wish[key];
    if (wish.drop || wish.refuse) for (const stream of streams) stream.response.destroy();
    if (wish.end) broadcast("end", wish.end);
    if (wish.clock !== undefined) broadcast("clock", (world.clock = wish.clock));
    if (wish.skip) world.seq += wish.skip; // A number nobody is told of: the next frame shows a gap.
    json(response, 200, { ...counts, streams: streams.size, seq: world.seq });
  }

  async function act(request, response, actor, path) {
    const found = commands.map(([method, pattern, run]) => [method === request.method ? pattern.exec(path) : null, run]).find(([match]) => match);
    if (!found) return refuse(response, 404, "not_found", "No such route.");
    const body = await bodyOf(request);
    const key = request.headers["idempotency-key"];
    if (!key) return refuse(response, 422, "invalid_input", "Idempotency-Key is missing.");
    const kept = answers.get(`${actor.login} ${key}`);
    counts.command += kept ? 0 : 1;
    const answer = kept ?? found[1](actor, body, ...found[0].slice(1));
    answers.set(`${actor.login} ${key}`, answer);
    if (faults.lose_answers > 0) {
      faults.lose_answers -= 1;
      return response.destroy(); // Done, but the answer never arrives.
    }
    json(response, ...answer);
  }

  async function api(request, response, url) {
    if (url.pathname === "/api/session") return session(request, response);
    if (url.pathname === "/api/centre") return json(response, 200, { demo: true, training: false, profile: "uz", sign_in: { passkeys_at: null, provider: null } });
    const actor = actorOf(request);
    if (!actor) return refuse(response, 401, "not_signed_in", "Sign in first.");
    if (url.pathname === "/api/stream") return openStream(request, response, url.searchParams);
    if (url.pathname === "/api/presence") return json(response, 204, undefined); // No act: it is neither counted nor kept.
    if (request.method !== "GET") return act(request, response, actor, url.pathname);
    for (const [pattern, run] of reads) {
      const match = pattern.exec(url.pathname);
      if (match) return json(response, 200, run(actor, url.searchParams, ...match.slice(1)));
    }
    refuse(response, 404, "not_found", "No such route.");
  }

  function file(response, path) {
    let found = join(staticDir, normalize(path));
    if (!existsSync(found) || statSync(found).isDirectory()) found = join(staticDir, "index.html");
    response.writeHead(200, { "content-type": TYPES[extname(found)] ?? "application/octet-stream", "content-security-policy": CSP, "x-content-type-options": "nosniff" });
    createReadStream(found)
      .on("error", () => response.destroy()) // The console is being built anew at this moment.
      .pipe(response);
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://mock");
    const work = async () => {
      if (url.pathname === "/mock/control") return control(request, response);
      if (faults.refuse) return response.destroy();
      if (faults.delay_ms) await new Promise((go) => setTimeout(go, faults.delay_ms));
      if (url.pathname.startsWith("/api/")) return api(request, response, url);
      if (withBasemap && url.pathname === "/basemap.pmtiles") return sendRange(request, response, basemap());
      if (staticDir) return file(response, url.pathname);
      refuse(response, 404, "not_found", "Only the API is served here.");
    };
    work().catch((error) => {
      if (error instanceof Refusal) refuse(response, error.status, error.code, error.message, error.details);
      else refuse(response, 500, "internal", String(error));
    });
  });

  /** Positions of a tenth of the units each second; every eighth unit has gone silent, as in life. */
  let tick = 0;
  const traffic = setInterval(() => {
    tick += 1;
    const moved = [];
    let index = 0;
    for (const position of world.positions.values()) {
      index += 1;
      if (index % 8 === 3 || index % 10 !== tick % 10) continue;
      Object.assign(position, { lon: position.lon + (world.random() - 0.5) * 0.002, lat: position.lat + (world.random() - 0.5) * 0.002, fix_at: new Date().toISOString() });
      moved.push(position);
    }
    if (moved.length > 0) broadcast("positions", { positions: moved });
    if (tick % 15 === 0) streams.forEach((stream) => stream.response.write(":\n\n"));
  }, 1000);

  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => {
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        world,
        counts,
        close: () => {
          clearInterval(traffic);
          for (const stream of streams) stream.response.destroy();
          server.closeAllConnections();
          server.close();
        },
      });
    });
  });
}
