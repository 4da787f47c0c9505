#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test_laws.sh ROOT: the tree at ROOT keeps the laws; and each law, broken on purpose in
# a tree of its own, is noticed. A check that cannot fail checks nothing.
set -eu
check=$(dirname "$0")/check.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

fail() {
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# put FILE LINE...: a file of the scratch tree with the SPDX line and these lines.
put() {
    file=$scratch/$1
    shift
    mkdir -p "$(dirname "$file")"
    { echo '/* SPDX-License-Identifier: MIT */'; printf '%s\n' "$@"; } > "$file"
}

# A tree that keeps every law.
lay_out() {
    rm -rf "$scratch"
    mkdir -p "$scratch/scripts" "$scratch/.ci" "$scratch/tests"
    printf '# SPDX-License-Identifier: MIT\nproject(x)\n' > "$scratch/CMakeLists.txt"
    for header in common/base/name common/journal/store common/behavior/behavior \
        common/engine/engine common/engine/actor common/tree/tree fs/fuse_face server/options
    do
        put "$header.h" '#include <stdint.h>'
    done
    put common/journal/store.c '#include "common/journal/store.h"' '#include <lmdb.h>'
    put fs/fuse_face.c '#include "fs/fuse_face.h"' '#include <fuse_lowlevel.h>'
    put server/daemon.h '#include <stdint.h>'
    put server/daemon.c '#include "server/daemon.h"' '#include "fs/fuse_face.h"'
}

kept() {
    if ! said=$("$check" "$scratch" 2>&1) || [ -n "$said" ]; then
        fail "$1: $said"
    fi
}

# broken WORDS: the check fails and says these words.
broken() {
    if said=$("$check" "$scratch" 2>&1); then
        fail "not noticed: $1"
    elif ! printf '%s\n' "$said" | grep -qF "$1"; then
        fail "wanted '$1', got '$said'"
    fi
    lay_out
}

"$check" "$1" || fail 'the laws are not kept'

lay_out
kept 'a tree that keeps the laws'

put common/base/name.c '#include "common/base/name.h"' '#include "common/engine/engine.h"'
broken 'common/base/name.c:3: common/base/ may not include common/engine/engine.h'
put common/journal/store.h '#include "common/behavior/behavior.h"'
broken 'common/journal/ may not include common/behavior/behavior.h'
put common/behavior/behavior.h '#include "common/journal/store.h"'
broken 'common/behavior/ may not include common/journal/store.h'
put common/engine/actor.h '#include "common/tree/tree.h"'
broken 'common/engine/ may not include common/tree/tree.h'
put common/tree/tree.h '#include "common/engine/actor.h"'
broken 'common/tree/ may not include common/engine/actor.h'
put fs/fuse_face.h '#include "server/options.h"'
broken 'fs/ may not include server/options.h'
put server/options.c '#include "server/options.h"' '#include "fs/fuse_face.h"'
broken 'server/ may not include fs/fuse_face.h'
put common/journal/journal.c '#include "common/journal/store.h"' '#include <lmdb.h>'
broken 'only common/journal/store.c includes lmdb.h'
put common/tree/tree.c '#include "common/tree/tree.h"' '#include <fuse.h>'
broken 'only fs/ includes fuse.h'
put server/options.c '#include "server/options.h"' '#include <fuse3/fuse_lowlevel.h>'
broken 'only fs/ includes fuse3/fuse_lowlevel.h'
put fs/fuse_face.c '#include <stdio.h>' '#include "fs/fuse_face.h"'
broken 'its own header comes first: "fs/fuse_face.h"'
put fs/fuse_face.c '#include "fuse_face.h"'
broken 'includes are relative to the root: "fuse_face.h"'

put server/listen.c '#include "server/options.h"' '    mode_t mask = umask(0077);'
broken 'server/listen.c:3: no umask'

put tests/test_long.c "$(seq 499)"
kept 'a file of 500 lines'
put tests/test_long.c "$(seq 500)"
broken 'tests/test_long.c:501: a file has at most 500 lines'
put fs/long.c '#include "fs/fuse_face.h"' 'void f(void)' '{' "$(seq 68)" '}'
kept 'a function of 70 lines'
put fs/long.c '#include "fs/fuse_face.h"' 'void f(void)' '{' "$(seq 69)" '}'
broken 'a function has at most 70 lines, this one 71'
printf 'project(x)\nproject(y)\n' > "$scratch/CMakeLists.txt"
broken 'CMakeLists.txt: the first or second line is the SPDX line'
printf '#!/bin/sh\ntrue\n' > "$scratch/scripts/run"
broken 'scripts/run: the first or second line is the SPDX line'
printf 'int x;\n' > "$scratch/fs/short.c"
broken 'fs/short.c: the first or second line is the SPDX line'

[ "$failures" -eq 0 ]
