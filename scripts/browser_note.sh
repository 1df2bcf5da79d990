#!/bin/sh
# Say loudly, as the last thing after the tests, that the browser tests were skipped for want of a browser.
set -u

if ! scripts/find_chromium.sh >/dev/null; then
    echo
    echo "================================================================================"
    echo "  BROWSER TESTS WERE SKIPPED: no Chromium on this machine."
    echo "  Install it with:  make browser     (then run make test again)"
    echo "================================================================================"
fi
