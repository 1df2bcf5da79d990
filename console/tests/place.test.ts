import { afterEach, describe, expect, it, vi } from "vitest";
import type { PlaceHit } from "../src/api/types";
import { nameOf } from "../src/api/territories";
import { reachFeature, reachOf } from "../src/map/features";
import { parsePhonePosition } from "../src/ui/coordinates";
import { fromHit, fromPoint, heardHit, lacksHouse, numberIn, searchPath, withSurroundings } from "../src/ui/place-choice";

const name = (names: Parameters<typeof nameOf>[0], code: string) => nameOf(names, "en", code);
const coordinates = (lon: number, lat: number) => `${lat}, ${lon}`;
const house: PlaceHit = {
  id: 7, kind: "house", label: { en: "Amir Temur street" }, house: "12", detail: [1, 2], place: { lon: 69, lat: 41 }, territory_id: 2,
  confidence: "exact", accuracy_m: 30, score: 1, matched: "name",
};

afterEach(() => vi.unstubAllGlobals());

describe("a house that is not in the gazetteer", () => {
  const street: PlaceHit = { ...house, id: 8, kind: "street", house: null, confidence: "street", accuracy_m: 300, matched: "street_only" };

  it("is told beside its street, unless another hit is that very house", () => {
    expect(lacksHouse(street, [street], "amir temur 12")).toBe(true);
    expect(lacksHouse(street, [house, street], "Amir Temur 12")).toBe(false);
    expect(lacksHouse(street, [{ ...house, house: "12A" }, street], "amir temur 12a")).toBe(false);
    expect(lacksHouse(street, [house, street], "amir temur 1")).toBe(true); // only begun: 12 is not 1
    expect(lacksHouse(house, [house], "amir temur 12")).toBe(false);
  });

  it("is told of a street of the same name elsewhere, and of another name", () => {
    const elsewhere = { ...street, place: { lon: 66, lat: 39 }, territory_id: 9 };
    expect(lacksHouse(elsewhere, [house, elsewhere], "amir temur 12")).toBe(true);
    expect(lacksHouse({ ...elsewhere, place: { lon: 69.01, lat: 41.01 } }, [house], "amir temur 12")).toBe(false);
    expect(lacksHouse({ ...street, label: { en: "Amir Temur lane" } }, [house], "amir temur 12")).toBe(true);
  });
});

describe("the position of a phone", () => {
  it("is read as a person types it", () => {
    const here = { place: { lon: 69.27, lat: 41.31 }, accuracy_m: 35 };
    for (const text of ["41.31 69.27 ±35 m", "41.31, 69.27 ±35", " 41,31 69,27 +/- 35м ", "41.31;69.27 +-35 m."]) expect(parsePhonePosition(text), text).toEqual(here);
    expect(parsePhonePosition("41.31 69.27 ± 1,2 км")?.accuracy_m).toBe(1200);
  });

  it("is taken out of an emergency location message, and nothing else with it", () => {
    // The example of ETSI TS 103 625 (AML), as a phone sends it by SMS.
    const sent = 'A"ML=1;lt=+54.76397;ln=-0.18305;rd=50;top=20130717141935;lc=90;pm=W;si=123456789012345;ei=1234567890123456;mcc=234;mnc=30;ml=128';
    expect(parsePhonePosition(sent)).toEqual({ place: { lon: -0.18305, lat: 54.76397 }, accuracy_m: 50 });
  });

  it("is no position without an accuracy, outside the Earth, or beyond a hundred kilometres", () => {
    for (const text of ["41.31 69.27", "Navoiy 12 ±35 m", "91 69 ±5 m", "41.31 69.27 ±200 km", "±35"]) expect(parsePhonePosition(text), text).toBeNull();
  });

  it("becomes a place as sure as the phone says, by Enter alone", () => {
    const chosen = fromHit(heardHit({ place: { lon: 69.27, lat: 41.31 }, accuracy_m: 35 }), "", name, coordinates);
    expect(chosen).toMatchObject({ source: "caller_phone", confidence: "phone", accuracy_m: 35, full_text: "41.31, 69.27", label: "" });
  });

  it("is drawn as a circle of its accuracy, and a point is not", () => {
    const reach = reachOf({ place: { lon: 69.27, lat: 41.31 }, confidence: "phone", accuracy_m: 350 })!;
    const haversine_m = ([lon = 0, lat = 0]: GeoJSON.Position) => {
      const rad = Math.PI / 180;
      const h = Math.sin(((lat - 41.31) * rad) / 2) ** 2 + Math.cos(lat * rad) * Math.cos(41.31 * rad) * Math.sin(((lon - 69.27) * rad) / 2) ** 2;
      return 2 * 6_371_000 * Math.asin(Math.sqrt(h));
    };
    for (const corner of reachFeature(reach).geometry.coordinates[0]!) expect(Math.abs(haversine_m(corner) - 350)).toBeLessThan(1);
    expect(reachOf({ place: { lon: 69.27, lat: 41.31 }, confidence: "exact", accuracy_m: 30 })).toBeNull();
    expect(reachOf({ place: null, confidence: "area", accuracy_m: 3000 })).toBeNull();
  });
});

describe("a chosen place", () => {
  it("says the house number in its full text only", () => {
    const chosen = fromHit(house, "amir temur 12", name, coordinates);
    expect([chosen.label, chosen.full_text, chosen.source]).toEqual(["Amir Temur street", "Amir Temur street, 12", "gazetteer"]);
  });

  it("keeps the number of a house that is not in the gazetteer, and says that only the street is known", () => {
    const street: PlaceHit = { ...house, kind: "street", house: null, matched: "street_only", confidence: "street", accuracy_m: 300 };
    const chosen = fromHit(street, "Amir Temur 99a", name, coordinates);
    expect([chosen.full_text, chosen.label, chosen.confidence]).toEqual(["Amir Temur street, 99a", "Amir Temur street", "street"]);
  });

  it("by coordinates has no name of its own", () => {
    const point: PlaceHit = { ...house, id: null, kind: "coordinates", label: {}, house: null, matched: "coordinates" };
    expect(fromHit(point, "41, 69", name, coordinates)).toMatchObject({ label: "", full_text: "41, 69", source: "coordinates", place_id: null });
  });

  it("by a phone is as sure as the phone says", () => {
    expect(fromPoint({ lon: 69, lat: 41 }, "caller_phone", "", 120)).toMatchObject({ confidence: "phone", accuracy_m: 120 });
  });

  it("by a click learns what stands near, and stands without when the server is away", async () => {
    const clicked = fromPoint({ lon: 69, lat: 41 }, "map", "41, 69");
    const answer = { item: { ...house, house: null, distance_m: 40 }, territory_id: 2 };
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(JSON.stringify(answer))));
    expect(await withSurroundings(clicked, name)).toMatchObject({ label: "Amir Temur street", territory_id: 2, place: { lon: 69, lat: 41 } });
    vi.stubGlobal("fetch", () => Promise.reject(new Error("away")));
    expect(await withSurroundings(clicked, name)).toEqual(clicked);
  });
});

it("the last number that was typed is the house", () => {
  expect(["Navoiy 12a", "5 mavze 7", "Navoiy", "ул. Навои, 12/3а"].map(numberIn)).toEqual(["12a", "7", "", "12/3а"]);
});

it("what is typed goes as one query value, whatever it holds", () => {
  expect(searchPath("a&limit=99#<b>", { lon: 69, lat: 41 })).toBe("/api/places?q=a%26limit%3D99%23%3Cb%3E&limit=8&near_lon=69&near_lat=41");
});
