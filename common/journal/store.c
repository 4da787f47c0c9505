/* SPDX-License-Identifier: MIT */
/*
 * Read transactions are pooled: a reset transaction keeps its slot in the reader table
 * and renewing it costs two atomic operations. MDB_NOTLS lets one thread hold several
 * and hand them on.
 */
#include "common/journal/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <lmdb.h>

#include "common/base/log.h"

#define TABLES_MAX 256
#define READERS_MAX 510
#define MAP_BYTES_MAX (UINT64_C(1) << 40)
#define MAP_BYTES_MIN (UINT64_C(1) << 30)

struct store_reader {
    struct store_reader *next; /* in the pool */
    struct store *store;
    MDB_txn *txn;
};

struct store {
    MDB_env *env;
    pthread_mutex_t mutex;
    struct store_reader *idle; /* guarded by mutex */
};

/* Sorted puts go through one cursor, which finds the next key on the page it is on. */
struct store_writer {
    struct store *store;
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_dbi cursor_table;
};

static enum status status_of(int error, const char *what)
{
    switch (error) {
    case MDB_SUCCESS:
        return STATUS_OK;
    case MDB_NOTFOUND:
        return STATUS_NOT_FOUND;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
        log_warning("store: %s: %s", what, mdb_strerror(error));
        return STATUS_NO_SPACE;
    default:
        log_error("store: %s: %s", what, mdb_strerror(error));
        return STATUS_IO;
    }
}

static int open_environment(const char *path, bool sync, size_t map_bytes,
                            MDB_env **env_out)
{
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | MDB_NOMEMINIT;
    if (!sync)
        flags |= MDB_NOSYNC;
    ENSURE(mdb_env_create(env_out) == 0);
    mdb_env_set_maxdbs(*env_out, TABLES_MAX);
    mdb_env_set_maxreaders(*env_out, READERS_MAX);
    mdb_env_set_mapsize(*env_out, map_bytes);
    int error = mdb_env_open(*env_out, path, flags, 0600);
    if (error)
        mdb_env_close(*env_out);
    return error;
}

/* The map is address space, not memory; a smaller one where that is limited (RLIMIT_AS,
   or ThreadSanitizer, which says EINVAL). */
static int open_largest(const char *path, bool sync, MDB_env **env_out)
{
    int error = ENOMEM;
    for (size_t bytes = MAP_BYTES_MAX;
         (error == ENOMEM || error == EINVAL) && bytes >= MAP_BYTES_MIN; bytes >>= 2)
        error = open_environment(path, sync, bytes, env_out);
    return error;
}

enum status store_open(const char *path, bool sync, struct store **store_out,
                       struct bytes *message)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        bytes_format(message, "%s: %s", path, strerror(errno));
        return errno == ENOSPC ? STATUS_NO_SPACE : STATUS_IO;
    }
    MDB_env *env = NULL;
    int error = open_largest(path, sync, &env);
    if (error) {
        bytes_format(message, "%s: %s", path, mdb_strerror(error));
        return status_of(error, "open");
    }
    int dead = 0;
    mdb_reader_check(env, &dead);
    struct store *store = memory_take_zeroed(1, sizeof *store);
    store->env = env;
    pthread_mutex_init(&store->mutex, NULL);
    *store_out = store;
    return STATUS_OK;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    for (struct store_reader *reader = store->idle, *next; reader; reader = next) {
        next = reader->next;
        mdb_txn_abort(reader->txn);
        free(reader);
    }
    mdb_env_close(store->env);
    pthread_mutex_destroy(&store->mutex);
    free(store);
}

enum status store_copy(struct store *store, int fd)
{
    return status_of(mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT), "copy");
}

struct store_reader *store_read_begin(struct store *store)
{
    pthread_mutex_lock(&store->mutex);
    struct store_reader *reader = store->idle;
    if (reader)
        store->idle = reader->next;
    pthread_mutex_unlock(&store->mutex);
    if (reader) {
        ENSURE(mdb_txn_renew(reader->txn) == 0);
        return reader;
    }
    reader = memory_take_zeroed(1, sizeof *reader);
    reader->store = store;
    ENSURE(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &reader->txn) == 0);
    return reader;
}

void store_read_end(struct store_reader *reader)
{
    struct store *store = reader->store;
    mdb_txn_reset(reader->txn);
    pthread_mutex_lock(&store->mutex);
    reader->next = store->idle;
    store->idle = reader;
    pthread_mutex_unlock(&store->mutex);
}

static MDB_val val_of(struct view view)
{
    return (MDB_val){.mv_size = view.size, .mv_data = (void *)(uintptr_t)view.data};
}

bool store_get(struct store_reader *reader, store_table table, struct view key,
               struct view *value_out)
{
    MDB_val name = val_of(key), value;
    int error = mdb_get(reader->txn, table, &name, &value);
    /* A table opened after this snapshot was taken has nothing in it. */
    if (error == MDB_NOTFOUND || error == EINVAL || error == MDB_BAD_DBI)
        return false;
    ENSURE(error == 0);
    *value_out = view_of(value.mv_data, value.mv_size);
    return true;
}

void store_scan(struct store_reader *reader, store_table table, struct view from,
                store_scan_fn *each, void *context)
{
    MDB_cursor *cursor = NULL;
    if (mdb_cursor_open(reader->txn, table, &cursor) != 0)
        return;
    MDB_val key = val_of(from), value;
    int error =
        mdb_cursor_get(cursor, &key, &value, from.size ? MDB_SET_RANGE : MDB_FIRST);
    while (error == 0 && each(context, view_of(key.mv_data, key.mv_size),
                              view_of(value.mv_data, value.mv_size)))
        error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    mdb_cursor_close(cursor);
    ENSURE(error == 0 || error == MDB_NOTFOUND);
}

uint64_t store_entries(struct store_reader *reader, store_table table)
{
    MDB_stat stat = {0};
    return mdb_stat(reader->txn, table, &stat) == 0 ? stat.ms_entries : 0;
}

enum status store_write_begin(struct store *store, struct store_writer **writer_out)
{
    MDB_txn *txn = NULL;
    enum status status = status_of(mdb_txn_begin(store->env, NULL, 0, &txn), "begin");
    if (status)
        return status;
    struct store_writer *writer = memory_take_zeroed(1, sizeof *writer);
    *writer = (struct store_writer){.store = store, .txn = txn};
    *writer_out = writer;
    return STATUS_OK;
}

enum status store_open_table(struct store_writer *writer, const char *name, bool create,
                             store_table *table_out)
{
    MDB_dbi table = 0;
    int error = mdb_dbi_open(writer->txn, name, create ? MDB_CREATE : 0, &table);
    if (error == 0)
        *table_out = table;
    return status_of(error, name);
}

static void close_cursor(struct store_writer *writer)
{
    if (writer->cursor)
        mdb_cursor_close(writer->cursor);
    writer->cursor = NULL;
}

static int cursor_on(struct store_writer *writer, store_table table)
{
    if (writer->cursor && writer->cursor_table == table)
        return 0;
    close_cursor(writer);
    writer->cursor_table = table;
    return mdb_cursor_open(writer->txn, table, &writer->cursor);
}

enum status store_put(struct store_writer *writer, store_table table, struct view key,
                      struct view value)
{
    MDB_val name = val_of(key), bytes = val_of(value);
    int error = cursor_on(writer, table);
    if (!error)
        error = mdb_cursor_put(writer->cursor, &name, &bytes, 0);
    return status_of(error, "put");
}

enum status store_delete(struct store_writer *writer, store_table table,
                         struct view key)
{
    MDB_val name = val_of(key), bytes;
    int error = cursor_on(writer, table);
    if (!error)
        error = mdb_cursor_get(writer->cursor, &name, &bytes, MDB_SET);
    if (!error)
        error = mdb_cursor_del(writer->cursor, 0);
    return status_of(error == MDB_NOTFOUND ? 0 : error, "delete");
}

enum status store_drop_table(struct store_writer *writer, store_table table)
{
    close_cursor(writer);
    return status_of(mdb_drop(writer->txn, table, 1), "drop");
}

uint64_t store_leaf_pages(struct store_writer *writer, store_table table)
{
    MDB_stat stat = {0};
    return mdb_stat(writer->txn, table, &stat) == 0 ? stat.ms_leaf_pages : 0;
}

enum status store_write_get(struct store_writer *writer, store_table table,
                            struct view key, struct view *value_out)
{
    MDB_val name = val_of(key), value;
    int error = mdb_get(writer->txn, table, &name, &value);
    if (error == 0)
        *value_out = view_of(value.mv_data, value.mv_size);
    return status_of(error, "get");
}

enum status store_commit(struct store_writer *writer)
{
    close_cursor(writer);
    int error = mdb_txn_commit(writer->txn);
    free(writer);
    return status_of(error, "commit");
}

void store_abort(struct store_writer *writer)
{
    close_cursor(writer);
    mdb_txn_abort(writer->txn);
    free(writer);
}
