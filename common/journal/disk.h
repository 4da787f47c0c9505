/* SPDX-License-Identifier: MIT */
/*
 * The disk under the journal: one flat folder of files of a fixed size. It is handed
 * in, so that the tests can hand in a disk that fails, fills, stops, tears and reorders
 * what was not synced (tests/support/faulty_disk.h).
 *
 * Promise of a disk: what write() wrote before a sync() that succeeded survives a power
 * failure; of what was not synced any subset of 512-byte sectors may survive. A name
 * made, renamed or removed is sure after sync_names(). What was written and not synced
 * survives the end of the process.
 *
 * Errors: NO_SPACE when there is no room (nothing is left behind), IO for all else.
 * Several threads may call a disk at once; a file is written by one thread at a time.
 */
#ifndef ACTORFS_JOURNAL_DISK_H
#define ACTORFS_JOURNAL_DISK_H

#include <stdint.h>

#include "common/base/status.h"

struct disk;
struct disk_file;

typedef void disk_name_fn(void *context, const char *name, uint64_t bytes);

struct disk {
    /* Calls `each` with every file's name and size, in any order. */
    enum status (*list)(struct disk *disk, disk_name_fn *each, void *context);
    /* A new file of `bytes` zeros, allocated, written and synced. */
    enum status (*create)(struct disk *disk, const char *name, uint64_t bytes,
                          struct disk_file **file_out);
    enum status (*open)(struct disk *disk, const char *name,
                        struct disk_file **file_out);
    enum status (*rename)(struct disk *disk, const char *from, const char *to);
    enum status (*remove)(struct disk *disk, const char *name);
    enum status (*sync_names)(struct disk *disk);
    /* Every file of it is closed by then. */
    void (*close_disk)(struct disk *disk);

    /* Whole or not at all as far as the caller is told; IO otherwise. */
    enum status (*write)(struct disk_file *file, uint64_t offset, const void *data,
                         uint64_t bytes);
    /* Reads exactly `bytes`, which lie within the file. */
    enum status (*read)(struct disk_file *file, uint64_t offset, void *data,
                        uint64_t bytes);
    enum status (*sync)(struct disk_file *file);
    void (*close)(struct disk_file *file);
};

/* The folder `path` on the real disk, made if it is missing. Owner calls close_disk. */
MUST_CHECK enum status disk_open_folder(const char *path, struct disk **disk_out);

#endif
