/* SPDX-License-Identifier: MIT */
/*
 * Where a program finds its state and leaves its outbox: a private folder for the time
 * of a turn, in memory (tmpfs) where there is one, with the files `state` and `outbox`
 * in it. They are ordinary names: a program may write them, append, or rename another
 * file onto them. What it may not do is to make the daemon wait, or read what is not
 * its own: only regular files of its user are read.
 *
 * A folder is used for turn after turn, of any actor; it is empty in between. All of a
 * program's folders lie in one that is named by the daemon's identity. A daemon that
 * was killed leaves it to the next one to remove.
 */
#ifndef ACTORFS_BEHAVIOR_TURNFOLDER_H
#define ACTORFS_BEHAVIOR_TURNFOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/status.h"
#include "common/behavior/spawn.h"

struct turnfolders;
struct turnfolder;

enum turnfile { TURNFILE_STATE, TURNFILE_OUTBOX };

/* The folders are in `base`; null: /dev/shm, $TMPDIR or /tmp. They belong to `user`
   (null: the daemon's own). Makes nothing yet. Any thread. */
struct turnfolders *turnfolders_open(const char *base, const struct spawn_user *user);
/* Removes them all. None is in use. */
void turnfolders_close(struct turnfolders *folders);

/* One with that state and an empty outbox. Null with errno when there is none to be
   had. Any thread. */
struct turnfolder *turnfolders_take(struct turnfolders *folders, struct view state);
/* Empties it and keeps it for the next turn, when no process of the turn lives. If that
   might take long false, with nothing done: then call turnfolder_purge where there is
   time. Any thread. */
MUST_CHECK bool turnfolder_give_back(struct turnfolder *folder);
void turnfolder_purge(struct turnfolder *folder);

/* Its path; lives as long as the folder. */
const char *turnfolder_path(const struct turnfolder *folder, enum turnfile file);
/* How large the file is now; 0 where there is no regular file. Any thread. */
uint64_t turnfolder_size(const struct turnfolder *folder, enum turnfile file);
/* Whether nothing more can be written there: then what the program wrote may be less
   than it meant. Any thread. */
bool turnfolder_is_full(const struct turnfolder *folder);
/* Appends its content. INVALID, with a line in `error` that says what is wrong with it:
   gone, no regular file, more than bytes_max. An outbox that is gone is empty. IO, with
   a line as well: nothing is wrong with it, but it cannot be opened now. */
MUST_CHECK enum status turnfolder_read(const struct turnfolder *folder,
                                       enum turnfile file, size_t bytes_max,
                                       struct bytes *out, struct bytes *error);

/* Removes what daemons that are dead have left in `base` (null: as above). */
void turnfolders_remove_orphaned(const char *base);

#endif
