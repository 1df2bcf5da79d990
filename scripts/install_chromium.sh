#!/bin/sh
# Install Chromium for the browser tests from the distribution's own packages. Needs root, or sudo.
set -eu

if found=$(scripts/find_chromium.sh); then
    echo "Chromium is here already: $found"
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "This machine has no apt-get: install Chromium by hand and name it in MARKAZ_TEST_CHROMIUM." >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
fi
export DEBIAN_FRONTEND=noninteractive
scripts/step.sh "Package lists" $as_root apt-get update
scripts/step.sh "Chromium" $as_root apt-get install --yes --no-install-recommends chromium
if ! scripts/find_chromium.sh; then
    echo "The package brought no usable browser (Ubuntu's is a snap): install Chrome or Chromium by hand" >&2
    echo "and name it in MARKAZ_TEST_CHROMIUM." >&2
    exit 1
fi
