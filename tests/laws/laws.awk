# SPDX-License-Identifier: MIT
#
# The laws of the house, line by line over every source file: who may include whom, what
# nobody may call, how long files and functions may be, and the license line. Run by check.sh at the root of
# a tree, with the names of all files to read as arguments. Prints FILE:LINE: what is
# wrong, and exits 1 when anything was. Plain POSIX awk.

BEGIN {
    FILE_LINES_MAX = 500
    FUNCTION_LINES_MAX = 70
    # ROOM: what it may include, by how the path begins. Arrows never run back.
    porch = "common/engine/engine.h"
    may["common/base/"] = "common/base/"
    may["common/journal/"] = "common/base/ common/journal/"
    may["common/behavior/"] = "common/base/ common/behavior/"
    may["common/engine/"] = "common/base/ common/journal/ common/behavior/ common/engine/"
    may["common/tree/"] = "common/base/ common/tree/ " porch
    may["fs/"] = "common/base/ common/tree/ fs/ " porch
    may["server/"] = "common/base/ common/tree/ server/ " porch
    # One file composes the faces, and what they are to run.
    may_also["server/daemon.c"] = "fs/fuse_face.h common/behavior/"
    # `actorfs send` writes what the outbox reads.
    may_also["server/send.c"] = "common/behavior/outbox.h"
    for (i = 1; i < ARGC; i++)
        exists[ARGV[i]] = 1
}

function complain(what) {
    print FILENAME ":" FNR ": " what
    broken = 1
}

# Called when the next file begins, and at the end.
function check_license() {
    if (file != "" && !licensed) {
        print file ": the first or second line is the SPDX line"
        broken = 1
    }
}

function room_of(path,    room) {
    for (room in may)
        if (index(path, room) == 1)
            return room
    return ""
}

function is_among(path, prefixes,    list, n, i) {
    n = split(prefixes, list, " ")
    for (i = 1; i <= n; i++)
        if (index(path, list[i]) == 1)
            return 1
    return 0
}

# A module's own header proves, by coming first, that it stands alone. (A .c without one
# is a part of a larger module.)
function check_first_include(path,    own) {
    own = FILENAME
    sub(/c$/, "h", own)
    if (own in exists && path != own)
        complain("its own header comes first: \"" own "\"")
}

function check_quoted(path) {
    if (!(path in exists))
        complain("includes are relative to the root: \"" path "\"")
    else if (room != "" && !is_among(path, may[room] " " may_also[FILENAME]))
        complain(room " may not include " path)
}

function check_system(path) {
    if (path == "lmdb.h" && FILENAME != "common/journal/store.c")
        complain("only common/journal/store.c includes lmdb.h")
    if (path ~ /(^|\/)fuse(_[a-z]+)?\.h$/ && room != "fs/")
        complain("only fs/ includes " path)
}

FNR == 1 {
    check_license()
    file = FILENAME
    room = room_of(FILENAME)
    is_c = FILENAME ~ /\.[ch]$/
    includes = 0
    function_start = 0
    licensed = 0
}

FNR <= 2 && /SPDX-License-Identifier: MIT/ {
    licensed = 1
}

FNR == FILE_LINES_MAX + 1 {
    complain("a file has at most " FILE_LINES_MAX " lines")
}

is_c && /^[ \t]*#[ \t]*include[ \t]*["<]/ {
    quoted = $0 ~ /"/
    path = $0
    sub(/^[^"<]*["<]/, "", path)
    sub(/[">].*$/, "", path)
    if (++includes == 1 && FILENAME ~ /\.c$/)
        check_first_include(path)
    if (quoted)
        check_quoted(path)
    else if (room != "")
        check_system(path)
}

# It is the whole process's: what other threads make just then gets wrong modes.
room != "" && is_c && /(^|[^a-z_])umask\(/ {
    complain("no umask: give what is made its mode, a socket before it is bound")
}

is_c && /^\{/ {
    function_start = FNR
}

is_c && /^\}/ && function_start {
    if (FNR - function_start + 1 > FUNCTION_LINES_MAX)
        complain("a function has at most " FUNCTION_LINES_MAX " lines, this one " \
            FNR - function_start + 1)
    function_start = 0
}

END {
    check_license()
    exit broken
}
