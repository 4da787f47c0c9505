/* SPDX-License-Identifier: MIT */
#include "tests/common/journal/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "common/base/foldertree.h"

static char folder[64];

const char *scratch_make(void)
{
    strcpy(folder, "/tmp/actorfs-journal-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    return folder;
}

void scratch_remove(void)
{
    cr_expect(foldertree_remove(AT_FDCWD, folder));
}
