#!/bin/bash
# SPDX-License-Identifier: MIT
#
# clients.sh ACTORFS: real WebDAV clients on a real server. Each sends a keyed message,
# a message without a key, and a state; keeps a file; and reads back what it wrote. One
# message must come of each sending. Clients that are not installed are passed over.
set -euo pipefail
actorfs=$1
scratch=$(mktemp -d)
chmod 755 "$scratch"
export HOME=$scratch/home LC_ALL=C.UTF-8
mkdir -p "$HOME" "$scratch/mount" "$scratch/cache"
chmod 1777 "$scratch/cache" # davfs2 gives its rights away
tried=0

cleanup() {
    umount "$scratch/mount" 2>/dev/null || :
    kill "$server" 2>/dev/null || :
    wait "$server" || :
    rm -rf "$scratch"
}
"$actorfs" serve "$scratch/store" --listen 127.0.0.1:0 -f 2>"$scratch/log" &
server=$!
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

fail() {
    echo "FAILED: $1"
    cat "$scratch/log"
    exit 1
}

for _ in {1..600}; do
    port=$(sed -n 's/.*(port \([0-9]*\))$/\1/p' "$scratch/log")
    [ -z "$port" ] || break
    sleep 0.1
done
[ -n "$port" ] || fail 'the server does not come up'
url=http://127.0.0.1:$port

within() { timeout -k 5 60 "$@" </dev/null; }
has() { command -v "$1" >/dev/null; }

# same WHAT WANTED GOT
same() {
    [ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
}

# begin CLIENT: an actor for it.
begin() {
    tried=$((tried + 1))
    echo "=== $1"
    curl -sf -X MKCOL "$url/actors/$1" || fail "no actor for $1"
}

# verify CLIENT: what it sent is there, each once.
verify() {
    local actor=$url/actors/$1
    same "$1: keyed" latte "$(curl -sf "$actor/tasks@k1?wait=30")"
    same "$1: messages" 2 "$(curl -sf "$actor/mailbox" | wc -l)"
    same "$1: state" flat "$(curl -sf "$actor/state")"
    same "$1: file" note "$(curl -sf "$actor/note.txt")"
    same "$1: locks" '' "$("$actorfs" unlock "$scratch/store")"
}

echo latte >"$scratch/latte"
echo flat >"$scratch/flat"
echo note >"$scratch/note"
cd "$scratch"

with_curl() {
    begin curl
    within curl -sf -T latte "$url/actors/curl/tasks@k1" >/dev/null
    within curl -sf -T latte "$url/actors/curl/tasks" >/dev/null
    within curl -sf -T flat "$url/actors/curl/state"
    within curl -sf -T note "$url/actors/curl/note.txt"
    same range ot "$(within curl -sf -r 1-2 "$url/actors/curl/note.txt")"
    verify curl
}

with_rclone() {
    local rclone=(within rclone --config /dev/null --webdav-url "$url"
        --webdav-vendor other)
    begin rclone
    "${rclone[@]}" copyto latte :webdav:actors/rclone/tasks@k1
    "${rclone[@]}" copyto latte :webdav:actors/rclone/tasks
    "${rclone[@]}" copyto flat :webdav:actors/rclone/state
    "${rclone[@]}" copyto note :webdav:actors/rclone/note.txt
    same cat note "$("${rclone[@]}" cat :webdav:actors/rclone/note.txt)"
    "${rclone[@]}" mkdir :webdav:actors/rclone_2
    "${rclone[@]}" about :webdav: | grep -q Free || fail 'rclone: no quota'
    verify rclone
}

with_cadaver() {
    begin cadaver
    printf '%s\n' "open $url/actors/cadaver/" 'put latte tasks@k1' 'put latte tasks' \
        'put flat state' 'put note first' 'lock first' 'put note first' \
        'propset first color blue' 'propget first color' 'unlock first' \
        'move first note.txt' 'mkcol folder' 'copy note.txt folder/copy' \
        'ls folder' 'delete folder/copy' 'rmcol folder' quit |
        timeout -k 5 60 cadaver >said 2>&1 || fail "cadaver: $(cat said)"
    if grep -i failed said; then
        fail "cadaver: $(cat said)"
    fi
    grep -q 'Value of color is: blue' said || fail "cadaver: $(cat said)"
    verify cadaver
}

with_davfs2() {
    local actor=$scratch/mount/actors/davfs2
    # buf_size: from Linux 6.16 on folders cannot be read with the usual one.
    printf '%s\n' 'buf_size 64' 'delay_upload 0' 'ask_auth 0' \
        "cache_dir $scratch/cache" >davfs2.conf
    begin davfs2
    within mount.davfs "$url/" "$scratch/mount" -o "conf=$scratch/davfs2.conf"
    within sh -c "echo latte >'$actor/tasks@k1'"
    within sh -c "echo latte >'$actor/tasks'"
    within sh -c "echo flat >'$actor/state'"
    within sh -c "echo note >'$actor/draft' && mv '$actor/draft' '$actor/note.txt'"
    within mkdir "$scratch/mount/actors/davfs2_2"
    same cat note "$(within cat "$actor/note.txt")"
    within umount "$scratch/mount" >/dev/null # uploads what is left
    verify davfs2
}

with_gvfs() {
    begin gvfs
    cat >gvfs.sh <<END
set -e
at=dav://127.0.0.1:$port/actors/gvfs
gio mount dav://127.0.0.1:$port/
gio copy latte "\$at/tasks@k1"
gio copy latte "\$at/tasks"
gio save "\$at/state" <flat
gio copy note "\$at/draft"
gio move "\$at/draft" "\$at/note.txt"
gio mkdir "\$at/folder"
gio remove "\$at/folder"
test "\$(gio cat "\$at/note.txt")" = note
END
    within dbus-run-session -- bash gvfs.sh >said 2>&1 || fail "gvfs: $(cat said)"
    verify gvfs
}

can_mount() {
    has mount.davfs && [ "$(id -u)" -eq 0 ] && [ -r /dev/fuse ] && [ -w /dev/fuse ]
}

with_curl
if has rclone; then with_rclone; fi
if has cadaver; then with_cadaver; fi
if can_mount; then with_davfs2; fi
if has gio && has dbus-run-session && [ -x /usr/libexec/gvfsd-dav ]; then with_gvfs; fi
echo "$tried clients"
[ "$tried" -gt 1 ] || exit 77
