/* SPDX-License-Identifier: MIT */
/*
 * Two chained hash tables over the same entries, by number and by file (device,
 * inode and type), which grow together; and a list of those whose descriptor is open
 * and not held, oldest first, closed when there are more than a quarter of what the
 * process may open. When a file is gone, its inode may come back as another file's, and
 * that one then gets the number: to the kernel it is the same file, changed.
 */
#include "fs/ordinary.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/log.h"
#include "fs/hash.h"

#define BUCKETS_AT_FIRST 256u
#define IDLE_MIN 16u
#define IDLE_MAX 65536u

struct identity {
    uint64_t device, inode;
    mode_t type;
};

struct ordinary {
    struct ordinary *next_by_number, *next_by_file;
    struct ordinary *older, *newer; /* while the descriptor is open and not held */
    uint64_t number;
    struct identity identity;
    uint64_t lookups;
    unsigned holds;
    int descriptor; /* -1: not open now */
    bool is_sent;
    uint64_t folder;
    char *name;
};

struct ordinary_table {
    ordinary_area_fn *open_area;
    void *context;
    size_t idle_max;
    pthread_mutex_t lock; /* guards what follows */
    uint64_t last_number;
    size_t count, buckets, open_count, idle_count;
    struct ordinary **by_number, **by_file;
    struct ordinary *oldest, *newest;
};

static size_t idle_max(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return IDLE_MIN;
    rlim_t quarter = limit.rlim_cur / 4;
    return quarter < IDLE_MIN ? IDLE_MIN : quarter > IDLE_MAX ? IDLE_MAX : quarter;
}

static void take_buckets(struct ordinary_table *table, size_t buckets)
{
    table->buckets = buckets;
    table->by_number = memory_take_zeroed(buckets, sizeof(struct ordinary *));
    table->by_file = memory_take_zeroed(buckets, sizeof(struct ordinary *));
}

struct ordinary_table *ordinary_open(ordinary_area_fn *open_area, void *context)
{
    struct ordinary_table *table = memory_take_zeroed(1, sizeof *table);
    table->open_area = open_area;
    table->context = context;
    table->idle_max = idle_max();
    pthread_mutex_init(&table->lock, NULL);
    take_buckets(table, BUCKETS_AT_FIRST);
    return table;
}

/* ------------------------------------------------------------------------- hashing */

static struct identity identity_of(const struct stat *stat)
{
    return (struct identity){stat->st_dev, stat->st_ino, stat->st_mode & S_IFMT};
}

static bool is_same(struct identity left, struct identity right)
{
    return left.device == right.device && left.inode == right.inode &&
           left.type == right.type;
}

static struct ordinary **number_bucket(struct ordinary_table *table, uint64_t number)
{
    return &table->by_number[hash_number(number) & (table->buckets - 1)];
}

static struct ordinary **file_bucket(struct ordinary_table *table,
                                     struct identity identity)
{
    return &table->by_file[hash_number(identity.inode) & (table->buckets - 1)];
}

static void link_entry(struct ordinary_table *table, struct ordinary *file)
{
    struct ordinary **at = number_bucket(table, file->number);
    file->next_by_number = *at;
    *at = file;
    at = file_bucket(table, file->identity);
    file->next_by_file = *at;
    *at = file;
}

static void grow(struct ordinary_table *table)
{
    struct ordinary **old = table->by_number;
    size_t old_buckets = table->buckets;
    free(table->by_file);
    take_buckets(table, 2 * old_buckets);
    for (size_t i = 0; i < old_buckets; i++)
        for (struct ordinary *file = old[i], *next; file; file = next) {
            next = file->next_by_number;
            link_entry(table, file);
        }
    free(old);
}

static struct ordinary *find_number(struct ordinary_table *table, uint64_t number)
{
    struct ordinary *file = *number_bucket(table, number);
    while (file && file->number != number)
        file = file->next_by_number;
    return file;
}

static struct ordinary *find_file(struct ordinary_table *table,
                                  struct identity identity)
{
    struct ordinary *file = *file_bucket(table, identity);
    while (file && (file->is_sent || !is_same(file->identity, identity)))
        file = file->next_by_file;
    return file;
}

/* --------------------------------------------------------------------- descriptors */

static void leave_idle(struct ordinary_table *table, struct ordinary *file)
{
    *(file->older ? &file->older->newer : &table->oldest) = file->newer;
    *(file->newer ? &file->newer->older : &table->newest) = file->older;
    table->idle_count--;
}

static void shut(struct ordinary_table *table, struct ordinary *file)
{
    if (file->descriptor < 0)
        return;
    if (file->holds == 0)
        leave_idle(table, file);
    close(file->descriptor);
    file->descriptor = -1;
    table->open_count--;
}

static void become_idle(struct ordinary_table *table, struct ordinary *file)
{
    file->newer = NULL;
    file->older = table->newest;
    *(table->newest ? &table->newest->newer : &table->oldest) = file;
    table->newest = file;
    if (++table->idle_count > table->idle_max)
        shut(table, table->oldest);
}

static struct ordinary *hold(struct ordinary_table *table, uint64_t number,
                             unsigned depth);
static void let_go(struct ordinary_table *table, struct ordinary *file);

/* Opens `name` in the folder of that inode; -1 and errno. */
static int open_in(struct ordinary_table *table, uint64_t folder, const char *name,
                   unsigned depth)
{
    const int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
    if (!inode_is_ordinary(folder)) {
        int area = table->open_area(table->context, folder);
        int descriptor = area < 0 ? -1 : openat(area, name, flags);
        if (area >= 0)
            close(area);
        return descriptor;
    }
    struct ordinary *held = hold(table, folder, depth + 1);
    if (!held)
        return -1;
    int descriptor = openat(held->descriptor, name, flags);
    int error = errno;
    let_go(table, held);
    errno = error;
    return descriptor;
}

/* Opens the file again where it was last seen. */
static bool reopen(struct ordinary_table *table, struct ordinary *file, unsigned depth)
{
    struct stat stat;
    if (depth > ORDINARY_DEPTH_MAX)
        return false;
    int descriptor = open_in(table, file->folder, file->name, depth);
    if (descriptor < 0)
        return false;
    if (fstat(descriptor, &stat) != 0 || !is_same(file->identity, identity_of(&stat))) {
        close(descriptor);
        return false;
    }
    file->descriptor = descriptor;
    table->open_count++;
    return true;
}

/* Lock held. */
static struct ordinary *hold(struct ordinary_table *table, uint64_t number,
                             unsigned depth)
{
    struct ordinary *file = find_number(table, number);
    bool is_known = file && !file->is_sent;
    bool was_open = is_known && file->descriptor >= 0;
    if (!was_open && !(is_known && reopen(table, file, depth))) {
        errno = errno == EMFILE || errno == ENFILE ? errno : ESTALE;
        return NULL;
    }
    if (file->holds++ == 0 && was_open)
        leave_idle(table, file);
    return file;
}

static void drop_if_unused(struct ordinary_table *table, struct ordinary *file)
{
    if (file->lookups > 0 || file->holds > 0)
        return;
    shut(table, file);
    struct ordinary **at = number_bucket(table, file->number);
    while (*at != file)
        at = &(*at)->next_by_number;
    *at = file->next_by_number;
    at = file_bucket(table, file->identity);
    while (*at != file)
        at = &(*at)->next_by_file;
    *at = file->next_by_file;
    table->count--;
    free(file->name);
    free(file);
}

/* Lock held. */
static void let_go(struct ordinary_table *table, struct ordinary *file)
{
    if (--file->holds > 0)
        return;
    become_idle(table, file);
    drop_if_unused(table, file);
}

struct ordinary *ordinary_hold(struct ordinary_table *table, uint64_t number)
{
    pthread_mutex_lock(&table->lock);
    errno = 0;
    struct ordinary *file = hold(table, number, 0);
    pthread_mutex_unlock(&table->lock);
    return file;
}

void ordinary_let_go(struct ordinary_table *table, struct ordinary *file)
{
    pthread_mutex_lock(&table->lock);
    let_go(table, file);
    pthread_mutex_unlock(&table->lock);
}

int ordinary_descriptor(const struct ordinary *file)
{
    return file->descriptor;
}

/* ------------------------------------------------------------------------- entries */

static void call(struct ordinary *file, uint64_t folder, const char *name)
{
    if (file->name && file->folder == folder && strcmp(file->name, name) == 0)
        return;
    free(file->name);
    file->name = memory_text(view_text(name));
    file->folder = folder;
}

static struct ordinary *add(struct ordinary_table *table, struct identity identity)
{
    struct ordinary *file = memory_take_zeroed(1, sizeof *file);
    file->number = ORDINARY_BIT | ++table->last_number;
    file->identity = identity;
    file->descriptor = -1;
    if (++table->count > table->buckets)
        grow(table);
    link_entry(table, file);
    return file;
}

uint64_t ordinary_seen(struct ordinary_table *table, uint64_t folder, const char *name,
                       const struct stat *stat)
{
    pthread_mutex_lock(&table->lock);
    struct ordinary *file = find_file(table, identity_of(stat));
    if (!file)
        file = add(table, identity_of(stat));
    call(file, folder, name);
    file->lookups++;
    uint64_t number = file->number;
    pthread_mutex_unlock(&table->lock);
    return number;
}

void ordinary_forget(struct ordinary_table *table, uint64_t number, uint64_t lookups)
{
    pthread_mutex_lock(&table->lock);
    struct ordinary *file = find_number(table, number);
    if (file) {
        file->lookups -= lookups < file->lookups ? lookups : file->lookups;
        drop_if_unused(table, file);
    }
    pthread_mutex_unlock(&table->lock);
}

void ordinary_moved(struct ordinary_table *table, const struct stat *stat,
                    uint64_t folder, const char *name)
{
    pthread_mutex_lock(&table->lock);
    struct ordinary *file = find_file(table, identity_of(stat));
    if (file)
        call(file, folder, name);
    pthread_mutex_unlock(&table->lock);
}

uint64_t ordinary_sent(struct ordinary_table *table, const struct stat *stat,
                       uint64_t folder, const char *name)
{
    pthread_mutex_lock(&table->lock);
    struct ordinary *file = find_file(table, identity_of(stat));
    if (file) {
        call(file, folder, name);
        file->is_sent = true;
    }
    uint64_t number = file ? file->number : 0;
    pthread_mutex_unlock(&table->lock);
    return number;
}

bool ordinary_sent_to(struct ordinary_table *table, uint64_t number,
                      uint64_t *folder_out, char name_out[FILE_NAME_BYTES_MAX + 1])
{
    pthread_mutex_lock(&table->lock);
    const struct ordinary *file = find_number(table, number);
    bool is_sent = file && file->is_sent;
    if (is_sent) {
        *folder_out = file->folder;
        snprintf(name_out, FILE_NAME_BYTES_MAX + 1, "%s", file->name);
    }
    pthread_mutex_unlock(&table->lock);
    return is_sent;
}

uint64_t ordinary_number(struct ordinary_table *table, const struct stat *stat)
{
    pthread_mutex_lock(&table->lock);
    const struct ordinary *file = find_file(table, identity_of(stat));
    uint64_t number = file ? file->number : 0;
    pthread_mutex_unlock(&table->lock);
    return number;
}

uint64_t ordinary_area(struct ordinary_table *table, uint64_t number)
{
    pthread_mutex_lock(&table->lock);
    for (unsigned depth = 0; inode_is_ordinary(number); depth++) {
        const struct ordinary *file = find_number(table, number);
        number = file && depth < 8 * ORDINARY_DEPTH_MAX ? file->folder : 0;
    }
    pthread_mutex_unlock(&table->lock);
    return number;
}

size_t ordinary_count(struct ordinary_table *table, size_t *open_out)
{
    pthread_mutex_lock(&table->lock);
    size_t count = table->count;
    *open_out = table->open_count;
    pthread_mutex_unlock(&table->lock);
    return count;
}

/* Files that are held belong to handles of a session that is over. */
void ordinary_close(struct ordinary_table *table)
{
    for (size_t i = 0; i < table->buckets; i++)
        for (struct ordinary *file = table->by_number[i], *next; file; file = next) {
            next = file->next_by_number;
            if (file->descriptor >= 0)
                close(file->descriptor);
            free(file->name);
            free(file);
        }
    free(table->by_number);
    free(table->by_file);
    pthread_mutex_destroy(&table->lock);
    free(table);
}
