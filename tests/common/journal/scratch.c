/* SPDX-License-Identifier: MIT */
#include "tests/common/journal/scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

static char folder[64];

const char *scratch_make(void)
{
    strcpy(folder, "/tmp/actorfs-journal-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    return folder;
}

static int remove_one(const char *path, const struct stat *stat, int kind,
                      struct FTW *where)
{
    (void)stat, (void)kind, (void)where;
    return remove(path);
}

void scratch_remove(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
