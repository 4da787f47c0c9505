/* SPDX-License-Identifier: MIT */
/* A folder under /tmp for a test; gone with all that is in it when the test ends. */
#ifndef ACTORFS_TESTS_JOURNAL_SCRATCH_H
#define ACTORFS_TESTS_JOURNAL_SCRATCH_H

/* Makes the folder; the name is good until scratch_remove. */
const char *scratch_make(void);
void scratch_remove(void);

#endif
