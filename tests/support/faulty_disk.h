/* SPDX-License-Identifier: MIT */
/*
 * The disk's faulty twin, in memory: does exactly what disk.h promises and not a bit
 * more. All its choices come from a seed, so that a failing test can be run again.
 *
 * A file has two images: what readers see, and what a power failure would leave of it.
 * A sync takes the first over into the second; so may, sector by sector, the kernel's
 * own mind at any time, and a crash. After a failed sync the sectors in question count
 * as clean, as on Linux: readable, perhaps never to be on disk. Names that were made,
 * renamed or removed since the last sync_names() survive a crash in part: any of these
 * changes may be lost, and then so are those that build upon it.
 *
 * Life: open -> use faulty_disk_interface() -> crash, open files are dead by that (they
 * answer IO, and are still to be closed) -> use it again -> ... -> close. Any thread.
 */
#ifndef ACTORFS_TESTS_SUPPORT_FAULTY_DISK_H
#define ACTORFS_TESTS_SUPPORT_FAULTY_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/journal/disk.h"

#define FAULTY_SECTOR_BYTES 512u
#define FAULTY_CAPACITY_NONE UINT64_MAX

struct faulty_disk;

enum faulty_operation {
    FAULTY_CREATE,
    FAULTY_OPEN,
    FAULTY_RENAME,
    FAULTY_REMOVE,
    FAULTY_SYNC_NAMES,
    FAULTY_LIST,
    FAULTY_WRITE,
    FAULTY_READ,
    FAULTY_SYNC,
    FAULTY_OPERATIONS
};

struct faulty_disk *faulty_disk_open(uint64_t seed);
/* Another disk with the same content, as after a crash that lost nothing: no open
   files, no faults planned, no limit. Its choices come from `seed`. */
struct faulty_disk *faulty_disk_copy(struct faulty_disk *faulty, uint64_t seed);
/* Files and journals that use it are closed before. */
void faulty_disk_close(struct faulty_disk *faulty);
/* Valid until faulty_disk_close; its close_disk does nothing. */
struct disk *faulty_disk_interface(struct faulty_disk *faulty);

/* The n-th operation of that kind from now on (1: the next) answers `status` and every
   later one succeeds again. A write or sync that fails may have done a part of its
   work; any other has done nothing. */
void faulty_disk_fail(struct faulty_disk *faulty, enum faulty_operation operation,
                      uint64_t nth, enum status status);
/* The n-th operation of any kind from now on, and all that follow it, answer IO until
   faulty_disk_crash(): the machine stops in the midst of that one, which may have done
   its work, in part or as a whole. */
void faulty_disk_stop(struct faulty_disk *faulty, uint64_t nth);
/* Operations so far, of one kind or (FAULTY_OPERATIONS) of all kinds. */
uint64_t faulty_disk_count(struct faulty_disk *faulty, enum faulty_operation operation);

/* Files may take so many bytes together; what there is stays. */
void faulty_disk_set_capacity(struct faulty_disk *faulty, uint64_t bytes);
uint64_t faulty_disk_used(struct faulty_disk *faulty);

/* Power fails and comes back. Plans for faults are forgotten; the capacity stays. */
void faulty_disk_crash(struct faulty_disk *faulty);
/* The process dies; the machine does not: what was written and named stays. */
void faulty_disk_kill(struct faulty_disk *faulty);

/* Turns over one bit of what is read and of what is on disk. */
void faulty_disk_flip(struct faulty_disk *faulty, const char *name, uint64_t bit);
/* What is read of a file; data is null when there is none of that name. Valid until the
   next call of anything. */
struct view faulty_disk_look(struct faulty_disk *faulty, const char *name);
/* Makes or replaces a whole file, name and all synced. */
void faulty_disk_put(struct faulty_disk *faulty, const char *name, struct view content);

#endif
