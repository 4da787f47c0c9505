/* SPDX-License-Identifier: MIT */
/*
 * The catalog is read for every turn, on any thread, and changes once in a while, on
 * one: the watcher's (at the start the opener's). So there is no lock on the way to a
 * behavior: what is found is an immutable, sorted generation behind one atomic pointer.
 * A reader may hold an old one for as long as it likes: generations and behaviors are
 * kept until the end. They are few and small: one more for each change of the folder.
 */
#include "common/behavior/catalog.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/behavior/installer.h"
#include "common/behavior/stock.h"
#include "common/behavior/watcher.h"

struct generation {
    struct generation *older;
    size_t count;
    struct behavior *behaviors[]; /* sorted by name */
};

struct catalog {
    struct behavior_set set; /* first: the set is the catalog */
    char *path;
    struct host *host;
    struct watcher *watcher;
    struct installer installer;
    bool is_stopped;
    struct stock stock; /* of the refreshing thread; what follows is everybody's */
    _Atomic(struct generation *) generation;
    pthread_mutex_t lock; /* of the subscriber; held while it is called */
    void (*changed)(void *context);
    void *context;
};

static struct catalog *catalog_of(struct behavior_set *set)
{
    return (struct catalog *)set;
}

/* ------------------------------------------------------------------------- reading */

static int compare_name(struct view name, const char *other)
{
    size_t size = strlen(other);
    int order = memcmp(name.data, other, name.size < size ? name.size : size);
    return order ? order : (name.size > size) - (name.size < size);
}

static struct behavior *find(struct behavior_set *set, struct view name)
{
    const struct generation *now =
        atomic_load_explicit(&catalog_of(set)->generation, memory_order_acquire);
    size_t low = 0, high = now->count;
    while (name.size && low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_name(name, now->behaviors[middle]->name);
        if (order == 0)
            return now->behaviors[middle];
        if (order > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static const char *name_of(struct behavior_set *set, size_t n)
{
    const struct generation *now =
        atomic_load_explicit(&catalog_of(set)->generation, memory_order_acquire);
    return n < now->count ? now->behaviors[n]->name : NULL;
}

static void subscribe(struct behavior_set *set, void (*changed)(void *context),
                      void *context)
{
    struct catalog *catalog = catalog_of(set);
    pthread_mutex_lock(&catalog->lock);
    catalog->changed = changed;
    catalog->context = context;
    pthread_mutex_unlock(&catalog->lock);
}

static bool turn_of_group(struct behavior_set *set, pid_t group, uint64_t *turn_out)
{
    return host_turn_of_group(catalog_of(set)->host, group, turn_out);
}

static void publish(struct catalog *catalog)
{
    const struct entries *entries = &catalog->stock.entries;
    struct generation *generation = memory_take_zeroed(
        1, sizeof *generation + entries->count * sizeof *generation->behaviors);
    generation->older = atomic_load(&catalog->generation);
    for (size_t i = 0; i < entries->count; i++)
        if (entries->list[i].behavior)
            generation->behaviors[generation->count++] = entries->list[i].behavior;
    atomic_store_explicit(&catalog->generation, generation, memory_order_release);
}

static void tell(struct catalog *catalog)
{
    pthread_mutex_lock(&catalog->lock);
    if (catalog->changed)
        catalog->changed(catalog->context);
    pthread_mutex_unlock(&catalog->lock);
}

/* By its path again: another folder may have taken its place. One that is gone is like
   an empty one; false when it cannot be told. */
static bool reopen_folder(struct catalog *catalog)
{
    int *held = &catalog->installer.folder;
    int folder = open(catalog->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 && errno != ENOENT && errno != ENOTDIR) {
        log_error("%s: %s", catalog->path, strerror(errno));
        return false;
    }
    if (folder < 0 && *held >= 0)
        log_warning("%s is gone, and with it what is installed", catalog->path);
    if (*held >= 0)
        close(*held);
    *held = folder;
    return folder < 0 || watcher_follow(catalog->watcher, folder) == STATUS_OK;
}

/* On the watcher's thread. What could not be made was logged and stays what it was. */
static bool refresh(void *context)
{
    struct catalog *catalog = context;
    BYTES_AUTO(message);
    bool is_changed = false;
    if (!reopen_folder(catalog))
        return false;
    enum status status = stock_refresh(&catalog->stock, &catalog->installer, false,
                                       &is_changed, &message);
    log_debug("%s was looked at: %s", catalog->path, status_text(status));
    if (is_changed) {
        publish(catalog);
        stock_tell_news(&catalog->stock);
        tell(catalog);
    }
    return catalog->installer.folder >= 0 && status != STATUS_IO;
}

/* ----------------------------------------------------------------- open and close */

static void stop(struct behavior_set *set)
{
    struct catalog *catalog = catalog_of(set);
    if (catalog->is_stopped)
        return;
    catalog->is_stopped = true;
    if (catalog->watcher)
        watcher_close(catalog->watcher);
    if (catalog->host)
        host_close(catalog->host);
}

static enum status open_folder(struct catalog *catalog, const char *folder,
                               struct bytes *message)
{
    catalog->path = realpath(folder, NULL);
    if (catalog->path)
        catalog->installer.folder =
            open(catalog->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (catalog->installer.folder >= 0 &&
        watcher_open(catalog->installer.folder, &catalog->watcher) == STATUS_OK)
        return STATUS_OK;
    int error = errno;
    bytes_format(message, "the folder of behaviors %s: %s", folder, strerror(error));
    return error == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
}

/* The files are judged at each refresh, the folder once. */
static void warn_of_others(const struct catalog *catalog)
{
    struct stat found;
    if (fstat(catalog->installer.folder, &found) == 0 && found.st_mode & S_IWOTH)
        log_warning("%s can be written by others, who then decide what runs here",
                    catalog->path);
}

static enum status fill(struct catalog *catalog, const struct catalog_options *options,
                        struct bytes *message)
{
    bool is_changed;
    catalog->host = host_open();
    catalog->installer.host = catalog->host;
    catalog->installer.path = catalog->path;
    catalog->installer.limits = options->limits;
    warn_of_others(catalog);
    enum status status =
        stock_refresh(&catalog->stock, &catalog->installer, true, &is_changed, message);
    publish(catalog);
    return status;
}

enum status catalog_open(const char *folder, const struct catalog_options *options,
                         struct behavior_set **set_out, struct bytes *message)
{
    struct catalog *catalog = memory_take_zeroed(1, sizeof *catalog);
    catalog->installer.folder = -1;
    catalog->set = (struct behavior_set){.find = find,
                                         .name = name_of,
                                         .subscribe = subscribe,
                                         .turn_of_group = turn_of_group,
                                         .stop = stop};
    ENSURE(pthread_mutex_init(&catalog->lock, NULL) == 0);
    enum status status = open_folder(catalog, folder, message);
    if (!status)
        status = fill(catalog, options, message);
    if (status) {
        catalog_close(&catalog->set);
        return status;
    }
    watcher_start(catalog->watcher, refresh, catalog);
    *set_out = &catalog->set;
    return STATUS_OK;
}

void catalog_close(struct behavior_set *set)
{
    struct catalog *catalog = catalog_of(set);
    stop(set);
    stock_free(&catalog->stock);
    while (catalog->generation) {
        struct generation *generation = catalog->generation;
        catalog->generation = generation->older;
        free(generation);
    }
    if (catalog->installer.folder >= 0)
        close(catalog->installer.folder);
    pthread_mutex_destroy(&catalog->lock);
    free(catalog->path);
    free(catalog);
}
