#!/bin/sh
# SPDX-License-Identifier: MIT
#
# check.sh ROOT: holds the laws of laws.awk against the tree at ROOT. Silent and 0 when
# they are kept.
set -eu
laws=$(cd "$(dirname "$0")" && pwd)/laws.awk
cd "$1"

# Paths in the tree have no blanks; ROOT may.
set -f
# shellcheck disable=SC2046
set -- $(find common fs server tests scripts .ci CMakeLists.txt -type f \
    \( -name '*.[ch]' -o -name '*.sh' -o -name '*.awk' -o -name CMakeLists.txt \
    -o -path 'scripts/*' ! -path 'scripts/*/*' -o -path '.ci/*' \) | sort)
awk -f "$laws" "$@"
