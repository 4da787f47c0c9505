/* SPDX-License-Identifier: MIT */
/*
 * Opening and closing a store: its lock, its index, the replay of its journal. Replay
 * applies records as deciding does, in one thread and with nothing visible; what it
 * brought is then put in the index and published as if it had just been committed.
 */
#include "common/engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/engine/core.h"

#define LOCK_WAIT_MS 2000
#define LOCK_PAUSE_MS 20

void engine_options_init(struct engine_options *options)
{
    *options = (struct engine_options){
        .durability = DURABILITY_COMMIT,
        .message_bytes_max = MESSAGE_BYTES_DEFAULT,
        .result_bytes_max = RESULT_BYTES_DEFAULT,
        .state_bytes_max = STATE_BYTES_DEFAULT,
        .mailbox_tasks_max = MAILBOX_TASKS_DEFAULT,
        .log_bytes_max = LOG_BYTES_DEFAULT,
        .retention_done_ms = RETENTION_DONE_MS_DEFAULT,
        .retention_failed_ms = RETENTION_FAILED_MS_DEFAULT,
        .retention_keyless_ms = RETENTION_KEYLESS_MS_DEFAULT,
        .stop_turns_ms = 10000,
        .checkpoint_bytes = 16u << 20,
    };
}

static enum status replay(void *context, uint64_t sequence, struct view body)
{
    struct engine *engine = context;
    struct change_reader reader;
    if (!change_read_begin(&reader, body)) {
        log_error("journal record %llu is of another format",
                  (unsigned long long)sequence);
        return STATUS_INVALID;
    }
    engine->wall_ms = reader.wall_ms;
    engine->clock_ms = reader.clock_ms;
    apply_record(engine, sequence, body);
    if (reader.clock_ms > engine->opened_clock_ms)
        engine->opened_clock_ms = reader.clock_ms;
    /* Look-ups in LMDB stay valid: nothing writes to it now. */
    return STATUS_OK;
}

static uint32_t record_bytes_max(const struct engine_options *options)
{
    uint64_t outputs = (uint64_t)options->message_bytes_max +
                       options->result_bytes_max + options->state_bytes_max;
    return (uint32_t)(outputs > (8u << 20) ? outputs + (1u << 20) : 8u << 20);
}

static enum status open_journal(struct engine *engine)
{
    uint32_t record_bytes = record_bytes_max(&engine->options);
    struct journal_options options = {
        .segment_bytes = engine->options.segment_bytes ? engine->options.segment_bytes
                                                       : 2ull * record_bytes,
        .record_bytes_max = record_bytes,
        .spare_segments = 2,
        .sync = engine->options.durability == DURABILITY_COMMIT};
    if (options.record_bytes_max > options.segment_bytes / 2)
        options.record_bytes_max = (uint32_t)(options.segment_bytes / 2);
    engine->record_bytes_max = options.record_bytes_max;
    engine->replaying = true;
    enum status status = journal_open(
        engine->disk, &options, index_position(engine->index).sequence,
        index_incarnation(engine->index), replay, engine, &engine->journal);
    engine->replaying = false;
    return status;
}

/* What the replay brought is put in the index and offered to the scheduler. */
static void settle_replay(struct engine *engine)
{
    engine->applying = journal_last(engine->journal);
    actor_flush_touched(engine);
    index_seal(engine->index, engine->applying);
    engine->sealed.sequence = engine->applying;
    engine->sealed.totals = engine->totals;
    engine->sealed.next_actor = engine->next_actor;
    core_publish(engine);
    batch_clear(&engine->batch);
    index_decided_end(engine->index);
    engine->opened_ns = engine->clock->monotonic_ns(engine->clock);
    core_read_clock(engine);
    engine->started_ms = engine->wall_ms;
    engine->frozen_ns = engine->now_ns;
    for (struct actor *actor = engine->cache.oldest; actor; actor = actor->younger)
        scheduler_offer(engine, actor);
}

static enum status replay_all(struct engine *engine, struct bytes *message)
{
    struct index_position position = index_position(engine->index);
    engine->totals = position.totals;
    engine->next_actor = position.next_actor;
    engine->opened_clock_ms = position.clock_ms;
    engine->epoch = 1;
    engine->backfill = 1;
    attention_open(engine);
    timers_load(engine);
    enum status status = open_journal(engine);
    if (status) {
        bytes_format(message, "the journal cannot be opened: %s", status_text(status));
        return status;
    }
    settle_replay(engine);
    return STATUS_OK;
}

static enum status make_folder(const char *path, struct bytes *message)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return STATUS_OK;
    bytes_format(message, "%s: %s", path, strerror(errno));
    return errno == ENOSPC ? STATUS_NO_SPACE : STATUS_IO;
}

static void name_holder(int fd, const char *path, struct bytes *message)
{
    char pid[32] = {0};
    ssize_t size = pread(fd, pid, sizeof pid - 1, 0);
    if (size > 0)
        pid[strcspn(pid, "\n")] = '\0';
    bytes_format(message, "%s is in use by the daemon with pid %s", path,
                 size > 0 ? pid : "unknown");
}

/* A daemon that was just told to stop still holds the store for a moment. */
static bool take_lock(int fd)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
    for (int waited_ms = 0; waited_ms < LOCK_WAIT_MS; waited_ms += LOCK_PAUSE_MS) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

/* One daemon a store: the lock is the kernel's and goes with the process. */
static enum status lock_store(const char *path, int *fd_out, struct bytes *message)
{
    char name[4096];
    snprintf(name, sizeof name, "%s/lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        bytes_format(message, "%s: %s", name, strerror(errno));
        return STATUS_IO;
    }
    if (!take_lock(fd)) {
        name_holder(fd, path, message);
        close(fd);
        return STATUS_BUSY;
    }
    char pid[32];
    int size = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)size, 0) != size)
        log_warning("%s: %s", name, strerror(errno));
    *fd_out = fd;
    return STATUS_OK;
}

static enum status open_disk(struct engine *engine, const char *path)
{
    char name[4096];
    if (engine->options.journal_disk) {
        engine->disk = engine->options.journal_disk;
        return STATUS_OK;
    }
    snprintf(name, sizeof name, "%s/journal", path);
    engine->owns_disk = true;
    return disk_open_folder(name, &engine->disk);
}

static enum status open_all(struct engine *engine, const char *path,
                            struct bytes *message)
{
    char name[4096];
    const struct engine_options *options = &engine->options;
    struct index_options index_options = {
        .sync = options->durability == DURABILITY_COMMIT && !options->journal_disk,
        .retention_ms = {[RECEIPT_DONE] = options->retention_done_ms,
                         [RECEIPT_FAILED] = options->retention_failed_ms,
                         [RECEIPT_KEYLESS] = options->retention_keyless_ms}};
    snprintf(name, sizeof name, "%s/index", path);
    enum status status = make_folder(path, message);
    if (!status)
        status = lock_store(path, &engine->lock_fd, message);
    if (!status)
        status = index_open(name, &index_options, &engine->index, message);
    if (!status) {
        status = open_disk(engine, path);
        if (status)
            bytes_format(message, "%s/journal: %s", path, status_text(status));
    }
    return status ? status : replay_all(engine, message);
}

static void init_locks(struct engine *engine)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&engine->queue_mutex, NULL);
    pthread_cond_init(&engine->queue_wake, &monotonic);
    pthread_mutex_init(&engine->checkpoint_mutex, NULL);
    pthread_cond_init(&engine->checkpoint_wake, NULL);
    pthread_mutex_init(&engine->shown_mutex, NULL);
    pthread_condattr_destroy(&monotonic);
    waiters_open(&engine->waiters);
}

enum status engine_open(const char *path, const struct engine_options *options,
                        struct engine **engine_out, struct bytes *message)
{
    struct engine *engine = memory_take_zeroed(1, sizeof *engine);
    engine->options = *options;
    engine->clock = options->clock ? options->clock : clock_system();
    engine->behaviors =
        options->behaviors ? options->behaviors : behavior_builtin_set();
    engine->lock_fd = -1;
    engine->cache.idle_max = ACTORS_IDLE_MAX;
    init_locks(engine);
    enum status status = open_all(engine, path, message);
    if (status)
        engine_close(engine);
    else
        *engine_out = engine;
    return status;
}

void engine_close(struct engine *engine)
{
    if (!engine)
        return;
    engine_stop(engine);
    cache_free(&engine->cache);
    batch_free(&engine->batch);
    batch_free(&engine->sealed);
    free(engine->timers.list);
    free(engine->told);
    crowd_free(&engine->crowds);
    bytes_free(&engine->body);
    bytes_free(&engine->scratch);
    bytes_free(&engine->line.text);
    if (engine->attention)
        attention_close(engine);
    if (engine->journal)
        journal_close(engine->journal);
    index_close(engine->index);
    if (engine->owns_disk && engine->disk)
        engine->disk->close_disk(engine->disk);
    if (engine->lock_fd >= 0)
        close(engine->lock_fd);
    waiters_free(&engine->waiters);
    pthread_mutex_destroy(&engine->queue_mutex);
    pthread_cond_destroy(&engine->queue_wake);
    pthread_mutex_destroy(&engine->checkpoint_mutex);
    pthread_cond_destroy(&engine->checkpoint_wake);
    pthread_mutex_destroy(&engine->shown_mutex);
    free(engine);
}

static void free_requests(struct request_list *list)
{
    struct request *request;
    while ((request = request_pop(list)))
        request_free(request);
}

void engine_abandon(struct engine *engine)
{
    ENSURE(!engine->started);
    for (struct actor *actor = engine->cache.oldest; actor; actor = actor->younger)
        free_requests(&actor->parked);
    free_requests(&engine->queue);
    free_requests(&engine->batch.answers);
    free_requests(&engine->sealed.answers);
    engine_close(engine);
}
