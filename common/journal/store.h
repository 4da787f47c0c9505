/* SPDX-License-Identifier: MIT */
/*
 * LMDB, wrapped: named tables of byte keys and values, any number of readers with a
 * snapshot each, one writer whose changes become true and durable at its commit. The
 * only module that includes lmdb.h. It knows nothing of actors.
 *
 * Errors: NO_SPACE (disk or map full: nothing changed), IO.
 */
#ifndef ACTORFS_JOURNAL_STORE_H
#define ACTORFS_JOURNAL_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

struct store;
struct store_reader;
struct store_writer;
typedef unsigned store_table;

/* Opens or makes the environment in folder `path`. With `sync` false commits survive
   the process, not the machine (tests, durability `os`). */
MUST_CHECK enum status store_open(const char *path, bool sync, struct store **store_out,
                                  struct bytes *message);
void store_close(struct store *store);
/* Copies a consistent image of the environment into the file descriptor. */
MUST_CHECK enum status store_copy(struct store *store, int fd);

/* A snapshot of what is committed now. Never fails; may be used by one thread at a
   time; costs well under a microsecond. */
struct store_reader *store_read_begin(struct store *store);
void store_read_end(struct store_reader *reader);
/* The value lives until store_read_end. */
bool store_get(struct store_reader *reader, store_table table, struct view key,
               struct view *value_out);
/* Calls `each` for keys from `from` on, ascending, until it returns false. */
typedef bool store_scan_fn(void *context, struct view key, struct view value);
void store_scan(struct store_reader *reader, store_table table, struct view from,
                store_scan_fn *each, void *context);
uint64_t store_entries(struct store_reader *reader, store_table table);

MUST_CHECK enum status store_write_begin(struct store *store,
                                         struct store_writer **writer_out);
/* Opens a table, which is made if `create`; NOT_FOUND otherwise. The number stays valid
   once this writer committed, for readers begun after that. */
MUST_CHECK enum status store_open_table(struct store_writer *writer, const char *name,
                                        bool create, store_table *table_out);
MUST_CHECK enum status store_put(struct store_writer *writer, store_table table,
                                 struct view key, struct view value);
/* OK also where the key is missing. */
MUST_CHECK enum status store_delete(struct store_writer *writer, store_table table,
                                    struct view key);
/* Deletes the table with all that is in it. */
MUST_CHECK enum status store_drop_table(struct store_writer *writer, store_table table);
/* Pages that hold leaves of the table: what a random put is expected to dirty. */
uint64_t store_leaf_pages(struct store_writer *writer, store_table table);
MUST_CHECK enum status store_write_get(struct store_writer *writer, store_table table,
                                       struct view key, struct view *value_out);
/* Ends the writer either way. */
MUST_CHECK enum status store_commit(struct store_writer *writer);
void store_abort(struct store_writer *writer);

#endif
