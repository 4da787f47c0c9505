#!/bin/sh
# SPDX-License-Identifier: MIT
#
# litmus.sh ACTORFS: litmus, the WebDAV test suite, against an actor's folder of a
# server of its own: every test must pass, without a warning.
set -eu
actorfs=$1
command -v litmus >/dev/null || {
    echo 'skipped: litmus is not installed (scripts/install-dependencies)'
    exit 77
}

scratch=$(mktemp -d)
"$actorfs" serve "$scratch/store" --listen 127.0.0.1:0 -f 2>"$scratch/log" &
server=$!
trap 'kill "$server" 2>/dev/null || :; wait "$server" || :; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP

fail() {
    echo "$1"
    cat "$scratch/log"
    exit 1
}

# The daemon says which port it got once it serves.
tries=0
until port=$(sed -n 's/.*(port \([0-9]*\))$/\1/p' "$scratch/log") && [ -n "$port" ]; do
    tries=$((tries + 1))
    [ "$tries" -le 600 ] || fail 'the server does not come up'
    sleep 0.1
done
url=http://127.0.0.1:$port/actors/litmus_1
curl -sf -X MKCOL "$url" || fail 'no actor could be made'

cd "$scratch"
TESTS='basic copymove props locks http' litmus "$url/" >"$scratch/said" 2>&1 ||
    { cat "$scratch/said"; fail 'litmus found a fault'; }
cat "$scratch/said"
if grep -q WARNING "$scratch/said"; then
    fail 'litmus warned'
fi
total=$(sed -n "s/^<- summary for .*: of \([0-9]*\) tests run: .*/\1/p" "$scratch/said" |
    awk '{ sum += $1 } END { print sum + 0 }')
[ "$total" -eq 104 ] || fail "$total tests were run, not 104"
