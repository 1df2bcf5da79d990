#!/bin/sh
# Run one long step quietly: say what starts, every ten seconds how far it is, and how it ended.
# Usage: scripts/step.sh LABEL COMMAND...   The command's output is shown only when it fails, whole.
set -u

label=$1
shift
log=$(mktemp)
export NO_COLOR=1  # colours of a tool are noise in a progress line
started=$(date +%s)
printf '%s ...\n' "$label"

"$@" >"$log" 2>&1 </dev/null &
child=$!
trap 'kill "$child" 2>/dev/null; rm -f "$log"; exit 130' INT TERM

said=0
while kill -0 "$child" 2>/dev/null; do
    sleep 0.2
    elapsed=$(($(date +%s) - started))
    if [ $((elapsed - said)) -ge 10 ]; then
        said=$elapsed
        last=$(tail -c 8000 "$log" | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-80)
        printf '   %3d s  %s\n' "$elapsed" "$last"
    fi
done
wait "$child"
status=$?
elapsed=$(($(date +%s) - started))

if [ "$status" -ne 0 ]; then
    cat "$log" >&2
    printf '%s: FAILED after %d s (exit %d)\n' "$label" "$elapsed" "$status" >&2
else
    printf '%s: done in %d s\n' "$label" "$elapsed"
fi
rm -f "$log"
exit "$status"
