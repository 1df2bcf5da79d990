#!/bin/sh
# Say whether this machine has the tools that set-up needs, and what to do where it has not.
# Plain POSIX sh, because it must speak on machines that have neither Python nor Node. It changes nothing.
set -u

PYTHON=${PYTHON:-python3}
failed=0

complain() {
    printf 'Markaz cannot be set up yet: %s\n' "$1" >&2
    printf '  What to do: %s\n' "$2" >&2
    failed=1
}

# Whether version $1 is at least version $2 (numbers with dots).
at_least() {
    [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

if ! command -v "$PYTHON" >/dev/null 2>&1; then
    complain "there is no $PYTHON." "install Python 3.11 or newer: apt-get install python3 python3-venv"
else
    python_version=$("$PYTHON" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null || echo 0)
    if ! at_least "$python_version" 3.11; then
        complain "$PYTHON is version $python_version; 3.11 or newer is needed." \
            "install a newer Python beside it and name it: make PYTHON=python3.12 setup"
    elif ! "$PYTHON" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        minor=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        complain "$PYTHON $python_version cannot make virtual environments (ensurepip is missing)." \
            "apt-get install python$minor-venv"
    fi
fi

if ! command -v node >/dev/null 2>&1; then
    complain "there is no node." "install Node.js 20.19 or newer (nodejs.org/en/download), with npm"
else
    node_version=$(node --version 2>/dev/null | sed 's/^v//')
    if ! at_least "${node_version:-0}" 20.19; then
        complain "node is version ${node_version:-unknown}; 20.19 or newer is needed." \
            "install Node.js 20.19 or newer (nodejs.org/en/download); older packages of a distribution do not suffice"
    fi
fi

if ! command -v npm >/dev/null 2>&1; then
    complain "there is no npm." "it comes with Node.js from nodejs.org; on Debian and Ubuntu: apt-get install npm"
fi

exit $failed
