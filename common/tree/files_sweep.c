/* SPDX-License-Identifier: MIT */
/*
 * The sweeper removes what nobody needs to wait for: the folders of actors that are
 * gone, and the trash. What it does not get to is found again at the next start: the
 * trash as it is, the actors' folders by asking which actors exist; that is asked every
 * hour too, for an actor may go without anybody telling. Actors' ids are never used
 * again, so it cannot hit a successor.
 */
#include "common/tree/files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/base/foldertree.h"
#include "common/base/log.h"
#include "common/tree/files_internal.h"

#define SWEEP_EVERY_S 3600

static void discard_area(struct files *files, uint64_t actor)
{
    char name[24];
    snprintf(name, sizeof name, "%" PRIu64, actor);
    enum status status = files_discard(files, files->folder, name);
    if (status && status != STATUS_NOT_FOUND)
        log_warning("the files of a retired actor cannot be removed: files/%s: %s",
                    name, status_text(status));
}

/* The id that an area's name says; false for what is no actor's. */
static bool parse_area(const char *name, uint64_t *actor_out)
{
    char *end;
    if (!isdigit((unsigned char)name[0]))
        return false;
    errno = 0;
    *actor_out = strtoull(name, &end, 10);
    return *end == '\0' && errno == 0;
}

static void discard_orphans(struct files *files, files_exists_fn *exists, void *context)
{
    int again = openat(files->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    const struct dirent *entry;
    uint64_t actor;
    while (entries && (entry = readdir(entries)))
        if (parse_area(entry->d_name, &actor) && !exists(context, actor))
            discard_area(files, actor);
    if (entries)
        closedir(entries);
}

/* Lock held; gives it back meanwhile. False when there is nothing to do. */
static bool sweep_once(struct files *files)
{
    files_exists_fn *exists = files->is_sweep_due ? files->exists : NULL;
    bool has_gone = files->gone_count > 0, has_trash = files->has_trash;
    uint64_t actor = has_gone ? files->gone[--files->gone_count] : 0;
    files->is_sweep_due = false;
    files->has_trash = false;
    pthread_mutex_unlock(&files->lock);
    if (exists)
        discard_orphans(files, exists, files->exists_context);
    if (has_gone)
        discard_area(files, actor);
    if (has_trash && !foldertree_empty(files->trash))
        log_warning("not all that was removed could be: see files/%s", FILES_TRASH);
    pthread_mutex_lock(&files->lock);
    return exists || has_gone || has_trash;
}

/* Lock held. */
static void rest(struct files *files, struct timespec *next)
{
    if (pthread_cond_timedwait(&files->changed, &files->lock, next) != ETIMEDOUT)
        return;
    files->is_sweep_due = true;
    next->tv_sec += SWEEP_EVERY_S;
}

static void *sweep(void *context)
{
    struct files *files = context;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    next.tv_sec += SWEEP_EVERY_S;
    pthread_mutex_lock(&files->lock);
    while (!files->is_closing)
        if (!sweep_once(files))
            rest(files, &next);
    pthread_mutex_unlock(&files->lock);
    return NULL;
}

void files_start_sweeper(struct files *files)
{
    ENSURE(pthread_create(&files->sweeper, NULL, sweep, files) == 0);
    files->has_sweeper = true;
}

void files_stop_sweeper(struct files *files)
{
    pthread_mutex_lock(&files->lock);
    files->is_closing = true;
    pthread_cond_signal(&files->changed);
    pthread_mutex_unlock(&files->lock);
    if (files->has_sweeper)
        pthread_join(files->sweeper, NULL);
}

void files_sweep(struct files *files, files_exists_fn *exists, void *context)
{
    pthread_mutex_lock(&files->lock);
    files->is_sweep_due = true;
    files->exists = exists;
    files->exists_context = context;
    pthread_cond_signal(&files->changed);
    pthread_mutex_unlock(&files->lock);
}

void files_forget(struct files *files, uint64_t actor)
{
    pthread_mutex_lock(&files->lock);
    if (files->gone_count == files->gone_capacity) {
        files->gone_capacity = files->gone_capacity ? 2 * files->gone_capacity : 16;
        files->gone =
            memory_resize(files->gone, files->gone_capacity * sizeof(uint64_t));
    }
    files->gone[files->gone_count++] = actor;
    pthread_cond_signal(&files->changed);
    pthread_mutex_unlock(&files->lock);
}

enum status files_retire_empty(struct files *files, uint64_t actor)
{
    char name[24];
    snprintf(name, sizeof name, "%" PRIu64, actor);
    if (unlinkat(files->folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return STATUS_OK;
    return files_status(errno == EEXIST ? ENOTEMPTY : errno);
}
