"""The words around a name, as data: kinds of street and of territory, words of crossings, and words that say nothing.

Each group lists the spellings of four languages as people write them; `core.places.fold` makes them meet. A new
spelling is added here and nowhere else. No code, no rules.
"""

from collections.abc import Mapping

# What kind of thing a name belongs to. Such a word tells two names apart, but nobody must type it.
KINDS: Mapping[str, tuple[str, ...]] = {
    "street": ("koʻcha", "koʻchasi", "кўча", "кўчаси", "улица", "ул", "street", "st", "str", "kuchasi", "стрит"),
    "avenue": (
        "shoh", "шоҳ", "shohkoʻcha", "shohkoʻchasi", "шоҳкўча", "шоҳкўчаси", "prospekt", "prospekti", "проспект", "просп", "пр", "avenue",
        "ave", "av", "авеню",
    ),
    "lane": (
        "tor", "тор", "berk", "берк", "torkoʻcha", "torkoʻchasi", "торкўча", "торкўчаси", "переулок", "пер", "проезд", "тупик", "lane", "ln", "alley", "al",
        "aly", "court", "ct",
    ),
    "boulevard": ("bulvar", "bulvari", "хиёбон", "хиёбони", "xiyobon", "xiyoboni", "бульвар", "boulevard", "blvd", "bl"),
    "square": ("maydon", "maydoni", "майдон", "майдони", "площадь", "пл", "square", "sq", "plaza", "plz", "сквер"),
    "road": ("yoʻl", "yoʻli", "йўл", "йўли", "trakt", "шоссе", "дорога", "road", "rd", "highway", "hwy", "drive", "dr", "way"),
    "massif": (
        "massiv", "massivi", "массив", "mavze", "mavzesi", "мавзе", "daha", "dahasi", "даҳа", "даҳаси", "kvartal", "квартал",
        "микрорайон", "мкр",
    ),
    "neighbourhood": (
        "mahalla", "mahallasi", "маҳалла", "маҳалласи", "махалля", "махалла", "mfy", "мфй", "мсг", "neighbourhood",
        "neighborhood",
    ),
    "village": (
        "qishloq", "qishlogʻi", "қишлоқ", "қишлоғи", "кишлак", "село", "посёлок", "поселок", "shaharcha", "shaharchasi",
        "шаҳарча", "шаҳарчаси", "village", "town", "township",
    ),
    "district": ("tuman", "tumani", "туман", "тумани", "район", "district", "dist"),
    "city": ("shahar", "shahri", "шаҳар", "шаҳри", "город", "гор", "г", "city", "sh"),
    "region": ("viloyat", "viloyati", "вилоят", "вилояти", "область", "обл", "region", "oblast", "province"),
}  # fmt: skip

# Between two streets: they say that the place is where both meet.
CROSSING = (
    "x", "va", "ва", "bilan", "билан", "и", "and", "corner", "угол", "kesishmasi", "кесишмаси", "chorraha", "chorrahasi",
    "чорраҳа", "чорраҳаси", "перекрёсток", "перекресток", "пересечение", "intersection", "crossing",
)  # fmt: skip

# Words that lead to a landmark or to a house and are no part of its name.
EMPTY = (
    "moʻljal", "мўлжал", "ориентир", "landmark", "near", "next", "to", "opposite", "at", "the", "of", "block", "yonida", "ёнида",
    "yaqinida", "яқинида", "oldida", "олдида", "roʻparasida", "рўпарасида", "orqasida", "орқасида", "рядом", "возле", "около",
    "напротив", "за", "у", "с", "на", "uy", "уй", "uyi", "дом", "д", "house", "no", "chi", "чи",
)  # fmt: skip

# After them comes the number of a flat, which no gazetteer holds: both are left out of the question.
FLAT = ("kv", "кв", "квартира", "kvartira", "xonadon", "хонадон", "apt", "apartment", "flat", "unit", "suite")
