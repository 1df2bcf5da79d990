"""Sets one PDF in a process of its own: the template named, JSON on standard input, the PDF on standard output.

Run as a file with `python -I`, so that it knows nothing of Markaz: no settings, no database, no environment. What it
may use is bounded here, before the first byte is read; how long it may take is the caller's business.
"""

import json
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

MEMORY_BYTES = 2_000_000_000  # the typesetter's threads reserve far more than they touch
CPU_S = 30


def main() -> None:
    """Read, set, write. A fault ends the process with a trace that holds no data of the document."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it writes to its pipe and to no file
    import typst  # after the limits, so that they hold for it

    template = Path(sys.argv[1])
    data = json.load(sys.stdin.buffer)
    made = datetime.fromisoformat(data["made_at"]).astimezone(UTC)
    data["made"] = [made.year, made.month, made.day, made.hour, made.minute, made.second]
    pdf = typst.compile(
        str(template),
        root=str(template.parent),
        ignore_system_fonts=True,  # the same fonts, and so the same bytes, on every machine
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        timestamp=int(made.timestamp()),
        format="pdf",
    )
    sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    main()
