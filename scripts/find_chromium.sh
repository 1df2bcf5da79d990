#!/bin/sh
# Print the path of the Chromium that the browser tests use; exit 1 when there is none.
set -u

for name in "${MARKAZ_TEST_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$name" ] && path=$(command -v "$name" 2>/dev/null); then
        echo "$path"
        exit 0
    fi
done
exit 1
