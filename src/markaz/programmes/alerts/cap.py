"""CAP 1.2 as XML: the one way we write it, and a parser for what strangers send.

Reading trusts nothing: no document type, no entity, no network; size, depth and count are bounded before a tree is
built, and the OASIS schema is asked before a value is taken. It must not say again what was sent in: an explanation
names the element of the standard and the line. Writing is the same bytes for the same message.
"""

from datetime import datetime
from functools import lru_cache
from importlib import resources
from threading import Lock
from xml.parsers import expat

from lxml import etree

from markaz.contracts.alerts import Category, Certainty, MsgType, ResponseType, Scope, Severity, Status, Urgency
from markaz.core.errors import InvalidInput, TooLarge
from markaz.programmes.alerts.message import (
    CAP_NAMESPACE,
    Area,
    Info,
    Message,
    NamedValue,
    Resource,
    cap_time,
)

MESSAGE_MAX_BYTES = 512 * 1024
DEPTH_MAX = 16  # CAP is 4 deep, a signature with its transforms under 10
ELEMENTS_MAX = 20_000
ATTRIBUTES_MAX = 32  # of one element
_Q = f"{{{CAP_NAMESPACE}}}"
_OLDER = {
    "urn:oasis:names:tc:emergency:cap:1.1": "CAP 1.1",
    "http://www.incident.com/cap/1.0": "CAP 1.0",
}
_NAMES = {f"{_Q}{name}" for name in ["alert", "identifier", "sender", "sent", "status", "msgType", "source", "scope", "restriction", "addresses", "code", "note", "references", "incidents", "info", "language", "category", "event", "responseType", "urgency", "severity", "certainty", "audience", "eventCode", "effective", "onset", "expires", "senderName", "headline", "description", "instruction", "web", "contact", "parameter", "resource", "resourceDesc", "mimeType", "size", "uri", "derefUri", "digest", "area", "areaDesc", "polygon", "circle", "geocode", "altitude", "ceiling", "valueName", "value"]}  # fmt: skip
_SCHEMA_LOCK = Lock()  # a schema keeps the faults of its last question, and threads share it
_FAULTS = {
    "SCHEMAV_CVC_ENUMERATION_VALID": "holds a value that is none of those the standard lists",
    "SCHEMAV_CVC_PATTERN_VALID": "is not written as the standard asks, as in 2026-03-01T12:00:00+05:00",
    "SCHEMAV_ELEMENT_CONTENT": "is missing something, is out of order, or should not be there",
}


class BadMessage(InvalidInput):
    """What came is no CAP 1.2 message; `details.line` says where, when there is a line."""

    code = "bad_cap_message"


def parser() -> etree.XMLParser:
    """Return a parser that resolves nothing and fetches nothing."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def exact_parser() -> etree.XMLParser:
    """Return the same parser with comments and processing instructions kept: a signature may cover them."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )


@lru_cache(maxsize=1)
def schema() -> etree.XMLSchema:
    """Return the schema of OASIS, read once from the package."""
    file = resources.files("markaz.programmes.alerts").joinpath("schema", "CAP-v1.2.xsd")
    return etree.XMLSchema(etree.fromstring(file.read_bytes(), parser()))


def read(data: bytes) -> Message:
    """Return the message in `data`. Raises TooLarge or BadMessage with one plain reason, the first that was found."""
    if len(data) > MESSAGE_MAX_BYTES:
        raise TooLarge(f"A CAP message of more than {MESSAGE_MAX_BYTES} bytes is not read.")
    _scan(data)
    try:
        root = etree.fromstring(data, parser())
    except etree.XMLSyntaxError as error:
        raise BadMessage("This is not well-formed XML.", line=error.lineno) from error
    return message_of(root)


def message_of(root: etree._Element) -> Message:
    """Return the message of a tree. Raises BadMessage unless it is a valid CAP 1.2 message."""
    _check_root(root)
    with _SCHEMA_LOCK:
        if not schema().validate(root):
            raise _explained(root)
    try:
        return _message(root)
    except ValueError as error:
        raise BadMessage("A date or number in this message cannot be: correct it.") from error


class _Scanner:
    """Looks at the XML before a tree is built from it."""

    def __init__(self) -> None:
        self.depth = self.elements = 0

    def doctype(self, name: str, *_rest: object) -> None:
        if name.lower() == "html":
            raise BadMessage("This is a web page (HTML), not a CAP message: look at the address it came from.")
        raise BadMessage("A document type (DTD) or entities are not allowed in a CAP message.")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth == 1 and name.lower() == "html":
            raise BadMessage("This is a web page (HTML), not a CAP message: look at the address it came from.")
        if self.depth > DEPTH_MAX or self.elements > ELEMENTS_MAX or len(attributes) > ATTRIBUTES_MAX:
            raise BadMessage("This XML is too deep or has too many elements for a CAP message.")

    def end(self, _name: str) -> None:
        self.depth -= 1


def _scan(data: bytes) -> None:
    scanner, scan = _Scanner(), expat.ParserCreate()
    scan.StartDoctypeDeclHandler = scanner.doctype
    scan.StartElementHandler = scanner.start
    scan.EndElementHandler = scanner.end
    try:
        scan.Parse(data, True)
    except expat.ExpatError as error:
        raise BadMessage(
            f"This is not well-formed XML: line {error.lineno} cannot be read.", line=error.lineno
        ) from error
    except (LookupError, ValueError) as error:  # an encoding that is unknown or is none for XML
        raise BadMessage("The encoding of this XML is not known: send UTF-8.") from error


def _check_root(root: etree._Element) -> None:
    if root.tag == f"{_Q}alert":
        return
    name = etree.QName(root)
    if name.namespace in _OLDER:
        raise BadMessage(f"This is a {_OLDER[name.namespace]} message: ask the sender for CAP 1.2.")
    if name.localname == "alert" and not name.namespace:
        raise BadMessage(f"The alert has no namespace: it must be {CAP_NAMESPACE}.")
    raise BadMessage("The outermost element is no CAP 1.2 alert.")


def _explained(root: etree._Element) -> BadMessage:
    first = schema().error_log[0]  # type: ignore[index]  # the stubs lack it
    found = root.getroottree().xpath(first.path) if first.path else []
    element = found[0] if isinstance(found, list) and found else None
    tag = element.tag if isinstance(element, etree._Element) else None
    what = etree.QName(tag).localname if tag in _NAMES else "an element"
    fault = _FAULTS.get(first.type_name, "is not as the schema of CAP 1.2 wants it")
    return BadMessage(f"Line {first.line}: {what} {fault}.", line=first.line, element=what)


def _text(parent: etree._Element, name: str) -> str | None:
    child = parent.find(_Q + name)
    return None if child is None else _inner(child)


def _inner(element: etree._Element) -> str:
    return (element.text or "").strip()


def _texts(parent: etree._Element, name: str) -> tuple[str, ...]:
    return tuple(_inner(child) for child in parent.iterfind(_Q + name))


def _must(parent: etree._Element, name: str) -> str:
    return _text(parent, name) or ""


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    if not 1900 <= at.year <= 2200:
        raise ValueError("a year that no calendar of ours holds")
    return at


def _named(parent: etree._Element, name: str) -> tuple[NamedValue, ...]:
    return tuple(NamedValue(_must(child, "valueName"), _must(child, "value")) for child in parent.iterfind(_Q + name))


def _message(root: etree._Element) -> Message:
    sent = _time(_must(root, "sent"))
    assert sent is not None
    return Message(
        identifier=_must(root, "identifier"),
        sender=_must(root, "sender"),
        sent=sent,
        status=Status(_must(root, "status")),
        msg_type=MsgType(_must(root, "msgType")),
        source=_text(root, "source"),
        scope=Scope(_must(root, "scope")),
        restriction=_text(root, "restriction"),
        addresses=_text(root, "addresses"),
        codes=_texts(root, "code"),
        note=_text(root, "note"),
        references=_text(root, "references"),
        incidents=_text(root, "incidents"),
        infos=tuple(_info(child) for child in root.iterfind(f"{_Q}info")),
    )


def _info(element: etree._Element) -> Info:
    return Info(
        language=_text(element, "language"),
        categories=tuple(Category(text) for text in _texts(element, "category")),
        event=_must(element, "event"),
        response_types=tuple(ResponseType(text) for text in _texts(element, "responseType")),
        urgency=Urgency(_must(element, "urgency")),
        severity=Severity(_must(element, "severity")),
        certainty=Certainty(_must(element, "certainty")),
        audience=_text(element, "audience"),
        event_codes=_named(element, "eventCode"),
        effective=_time(_text(element, "effective")),
        onset=_time(_text(element, "onset")),
        expires=_time(_text(element, "expires")),
        sender_name=_text(element, "senderName"),
        headline=_text(element, "headline"),
        description=_text(element, "description"),
        instruction=_text(element, "instruction"),
        web=_text(element, "web"),
        contact=_text(element, "contact"),
        parameters=_named(element, "parameter"),
        resources=tuple(_resource(child) for child in element.iterfind(f"{_Q}resource")),
        areas=tuple(_area(child) for child in element.iterfind(f"{_Q}area")),
    )


def _resource(element: etree._Element) -> Resource:
    size = _text(element, "size")
    return Resource(
        description=_must(element, "resourceDesc"),
        mime_type=_must(element, "mimeType"),
        size=None if size is None else int(size[:20]),
        uri=_text(element, "uri"),
        deref_uri=_text(element, "derefUri"),
        digest=_text(element, "digest"),
    )


def _area(element: etree._Element) -> Area:
    return Area(
        description=_must(element, "areaDesc"),
        polygons=_texts(element, "polygon"),
        circles=_texts(element, "circle"),
        geocodes=_named(element, "geocode"),
        altitude_ft=_text(element, "altitude"),
        ceiling_ft=_text(element, "ceiling"),
    )


def tree_of(message: Message) -> etree._Element:
    """Return the element of a message, in the order of the schema. Raises ValueError for text that XML cannot hold."""
    root = etree.Element(f"{_Q}alert", nsmap={None: CAP_NAMESPACE})  # type: ignore[dict-item]  # the stubs lack lxml's None
    _add(root, "identifier", message.identifier)
    _add(root, "sender", message.sender)
    _add(root, "sent", cap_time(message.sent))
    _add(root, "status", message.status)
    _add(root, "msgType", message.msg_type)
    _add(root, "source", message.source)
    _add(root, "scope", message.scope)
    _add(root, "restriction", message.restriction)
    _add(root, "addresses", message.addresses)
    for code in message.codes:
        _add(root, "code", code)
    _add(root, "note", message.note)
    _add(root, "references", message.references)
    _add(root, "incidents", message.incidents)
    for info in message.infos:
        _add_info(root, info)
    return root


def write(message: Message) -> bytes:
    """Return a message as UTF-8 XML without a signature: the same bytes for the same message."""
    return serialised(tree_of(message))


def serialised(root: etree._Element) -> bytes:
    """Return the bytes of a tree, with an XML declaration."""
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _add(parent: etree._Element, name: str, value: object) -> None:
    if value is not None:
        etree.SubElement(parent, _Q + name).text = str(value)


def _add_info(root: etree._Element, info: Info) -> None:
    element = etree.SubElement(root, f"{_Q}info")
    _add(element, "language", info.language)
    for category in info.categories:
        _add(element, "category", category)
    _add(element, "event", info.event)
    for response in info.response_types:
        _add(element, "responseType", response)
    _add(element, "urgency", info.urgency)
    _add(element, "severity", info.severity)
    _add(element, "certainty", info.certainty)
    _add(element, "audience", info.audience)
    _add_named(element, "eventCode", info.event_codes)
    for name, at in (("effective", info.effective), ("onset", info.onset), ("expires", info.expires)):
        _add(element, name, None if at is None else cap_time(at))
    _add(element, "senderName", info.sender_name)
    _add(element, "headline", info.headline)
    _add(element, "description", info.description)
    _add(element, "instruction", info.instruction)
    _add(element, "web", info.web)
    _add(element, "contact", info.contact)
    _add_named(element, "parameter", info.parameters)
    for resource in info.resources:
        _add_resource(element, resource)
    for area in info.areas:
        _add_area(element, area)


def _add_named(parent: etree._Element, name: str, values: tuple[NamedValue, ...]) -> None:
    for value in values:
        child = etree.SubElement(parent, _Q + name)
        _add(child, "valueName", value.name)
        _add(child, "value", value.value)


def _add_resource(parent: etree._Element, resource: Resource) -> None:
    element = etree.SubElement(parent, f"{_Q}resource")
    _add(element, "resourceDesc", resource.description)
    _add(element, "mimeType", resource.mime_type)
    _add(element, "size", resource.size)
    _add(element, "uri", resource.uri)
    _add(element, "derefUri", resource.deref_uri)
    _add(element, "digest", resource.digest)


def _add_area(parent: etree._Element, area: Area) -> None:
    element = etree.SubElement(parent, f"{_Q}area")
    _add(element, "areaDesc", area.description)
    for polygon in area.polygons:
        _add(element, "polygon", polygon)
    for circle in area.circles:
        _add(element, "circle", circle)
    _add_named(element, "geocode", area.geocodes)
    _add(element, "altitude", area.altitude_ft)
    _add(element, "ceiling", area.ceiling_ft)
