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
mkdir -p "$HOME" "$scratch/mount" "$scratch/fuse" "$scratch/cache"
chmod 1777 "$scratch/cache" # davfs2 gives its rights away
tried=0

cleanup() {
    umount "$scratch/mount" 2>/dev/null || :
    kill "$server" 2>/dev/null || :
    wait "$server" || :
    umount -l "$scratch/fuse" 2>/dev/null || :
    rm -rf "$scratch"
}
has() { command -v "$1" >/dev/null; }
can_mount() {
    has mount.davfs && [ "$(id -u)" -eq 0 ] && [ -r /dev/fuse ] && [ -w /dev/fuse ]
}
if can_mount; then
    "$actorfs" mount "$scratch/store" "$scratch/fuse" --listen 127.0.0.1:0 -f \
        2>"$scratch/log" &
else
    "$actorfs" serve "$scratch/store" --listen 127.0.0.1:0 -f 2>"$scratch/log" &
fi
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
    "$actorfs" unlock "$scratch/store" >locks || fail 'the locks cannot be listed'
    same "$1: locks" '' "$(cat locks)"
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
    within mkdir "$scratch/fuse/actors/davfs2_3"
    within mount.davfs "$url/" "$scratch/mount" -o "conf=$scratch/davfs2.conf"
    within sh -c "echo latte >'$actor/tasks@k1'"
    within sh -c "echo latte >'$actor/tasks'"
    within sh -c "echo raw >'$actor/state'"
    within sed -i 's/raw/steep/' "$actor/state"
    same 'davfs2: sed' steep "$(within cat "$actor/state")"
    # Last: on Linux 6.18 davfs2 shows a file that vim has saved as empty.
    within vim -u NONE -n -es -c '%s/steep/flat/' -c wq "$actor/state" ||
        fail 'davfs2: vim cannot save the state'
    within sh -c "echo note >'$actor/draft' && mv '$actor/draft' '$actor/note.txt'"
    within mkdir "$scratch/mount/actors/davfs2_2"
    same cat note "$(within cat "$actor/note.txt")"
    # The daemon's own mount, and back.
    same 'davfs2: a cup through FUSE' latte \
        "$(within cat "$scratch/fuse/actors/davfs2/tasks@k1")"
    within sh -c "echo mocha >>'$scratch/fuse/actors/davfs2_3/tasks@k1'"
    same 'FUSE: a cup' mocha "$(within cat "$scratch/fuse/actors/davfs2_3/tasks@k1")"
    same 'FUSE: a cup through davfs2' mocha \
        "$(within cat "$scratch/mount/actors/davfs2_3/result")"
    within umount "$scratch/mount" >/dev/null # uploads what is left
    same 'davfs2: what editors leave' '' "$(curl -sf "$url/actors/davfs2/" |
        grep -e '~$' -e '\.swp$' -e '^sed' || :)"
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
echo raw | gio save -v "\$at/state"
tag=\$(gio info -a etag::value "\$at/state" | sed -n 's/.*etag::value: //p')
if echo foul | gio save -e '"0.0"' "\$at/state"; then exit 1; fi
gio cat "\$at/state" | sed 's/raw/flat/' >edited
gio save -e "\$tag" "\$at/state" <edited
gio copy note "\$at/draft"
gio move "\$at/draft" "\$at/note.txt"
gio mkdir "\$at/folder"
gio remove "\$at/folder"
test "\$(gio cat "\$at/note.txt")" = note
END
    within dbus-run-session -- bash gvfs.sh >said 2>&1 || fail "gvfs: $(cat said)"
    verify gvfs
}

# Debian's own Python has the client.
with_python() {
    begin python
    cat >client.py <<END
from webdav3.client import Client

client = Client({"webdav_hostname": "$url"})
at = "/actors/python/"
client.upload_sync(remote_path=at + "tasks@k1", local_path="latte")
client.upload_sync(remote_path=at + "tasks", local_path="latte")
client.upload_sync(remote_path=at + "state", local_path="flat")
client.upload_sync(remote_path=at + "first", local_path="note")
client.mkdir(at + "folder")
client.copy(remote_path_from=at + "first", remote_path_to=at + "folder/copy")
client.move(remote_path_from=at + "first", remote_path_to=at + "note.txt")
assert client.check(at + "note.txt") and not client.check(at + "first")
assert client.is_dir(at + "folder") and "copy" in client.list(at + "folder")
assert client.info(at + "note.txt")["size"] == "5"
name = {"namespace": "urn:x", "name": "color"}
client.set_property(at + "note.txt", option={**name, "value": "blue"})
assert client.get_property(at + "note.txt", option=name) == "blue"
client.clean(at + "folder")
client.download_sync(remote_path=at + "note.txt", local_path="back")
assert open("back").read() == "note\n"
END
    within /usr/bin/python3 client.py >said 2>&1 || fail "python: $(cat said)"
    verify python
}

with_curl
if has rclone; then with_rclone; fi
if has cadaver; then with_cadaver; fi
if can_mount; then with_davfs2; fi
if has gio && has dbus-run-session && [ -x /usr/libexec/gvfsd-dav ]; then with_gvfs; fi
if /usr/bin/python3 -c 'import webdav3' 2>/dev/null; then with_python; fi
echo "$tried clients"
[ "$tried" -gt 1 ] || exit 77
