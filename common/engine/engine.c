/* SPDX-License-Identifier: MIT */
/*
 * The sequencer: its steps, its thread, and the opening and closing of a store. A step
 * decides; a commit makes what was decided durable, then visible, then answers. Nothing
 * of a step is seen before its commit; after a commit that failed nothing is seen any
 * more, and the daemon serves reads until it is started again.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/engine/core.h"

#define TURNS_A_STEP 512
#define GATHER_NS_MAX 100000
#define SPIN_NS 20000 /* a client's next request is likely on its way */
#define HUNGRY_NS 50000000
#define SLEEP_NS_MAX 1000000000LL

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

/* -------------------------------------------------------------------------- steps --- */

void core_read_clock(struct engine *engine)
{
    engine->wall_ms = engine->clock->wall_ms(engine->clock);
    engine->now_ns = engine->clock->monotonic_ns(engine->clock);
    engine->clock_ms =
        engine->opened_clock_ms + (engine->now_ns - engine->opened_ns) / 1000000;
}

static void take_queue(struct engine *engine)
{
    pthread_mutex_lock(&engine->queue_mutex);
    engine->taken = engine->queue;
    engine->queue = (struct request_list){0};
    atomic_store_explicit(&engine->queued, 0, memory_order_relaxed);
    pthread_mutex_unlock(&engine->queue_mutex);
}

static void decide_taken(struct engine *engine)
{
    struct request *request;
    while ((request = request_pop(&engine->taken)))
        decide_request(engine, request);
}

static unsigned turn_budget(const struct engine *engine)
{
    unsigned twice = engine->accepted * 2;
    return twice > TURNS_A_STEP ? twice : TURNS_A_STEP;
}

bool core_step(struct engine *engine)
{
    core_read_clock(engine);
    checkpoint_poll(engine);
    engine->accepted = 0;
    engine->space_short = false;
    if (!checkpoint_is_behind(engine) || engine->checkpoint_failed)
        take_queue(engine);
    bool busy = engine->taken.first != NULL;
    decide_taken(engine);
    timers_fire(engine);
    waiters_expire(&engine->waiters, engine->now_ns);
    if (engine->backfill != UINT64_MAX)
        scheduler_backfill(engine);
    if (!engine->stopping)
        scheduler_run(engine, turn_budget(engine));
    actor_flush_touched(engine);
    engine->batch.sequence = journal_last(engine->journal);
    engine->batch.totals = engine->totals;
    index_seal(engine->index, engine->batch.sequence);
    index_decided_end(engine->index);
    actor_evict(engine);
    return busy || engine->run_first;
}

static void publish(struct engine *engine)
{
    struct batch *batch = &engine->batch;
    index_publish(engine->index, batch->sequence);
    atomic_store(&engine->shown_next_actor, engine->next_actor);
    pthread_mutex_lock(&engine->shown_mutex);
    engine->shown_totals = batch->totals;
    engine->shown_commits++;
    pthread_mutex_unlock(&engine->shown_mutex);
}

static unsigned answer_all(struct batch *batch, bool lost)
{
    struct request *request;
    unsigned answers = 0;
    for (; (request = request_pop(&batch->answers)); answers++) {
        struct engine_answer *answer = &request->answer;
        answer->detail = request->detail.size ? request->detail.data : "";
        if (lost && answer->status == STATUS_OK) {
            answer->status = STATUS_IO;
            answer->detail = "the journal could not be written; the outcome is unknown "
                             "until the daemon is restarted";
        }
        if (request->done)
            request->done(request->context, answer);
        request_free(request);
    }
    return answers;
}

static void wake_all(struct engine *engine, struct batch *batch)
{
    for (size_t i = 0; i < batch->finished_count; i++) {
        const struct finished_task *task = &batch->finished[i];
        if (task->sequence)
            waiters_wake_task(&engine->waiters, task->actor, task->sequence, STATUS_OK);
        else
            waiters_wake_actor(&engine->waiters, task->actor, UINT64_MAX, true);
    }
    for (size_t i = 0; i < batch->changed_count; i++)
        waiters_wake_actor(&engine->waiters, batch->changed[i], UINT64_MAX, false);
}

static void fail(struct engine *engine)
{
    engine->read_only = true;
    log_error("the journal could not be written: serving reads only until the daemon "
              "is started again");
    pthread_mutex_lock(&engine->shown_mutex);
    engine->shown_read_only = true;
    pthread_mutex_unlock(&engine->shown_mutex);
}

void core_commit(struct engine *engine)
{
    struct batch *batch = &engine->batch;
    bool lost = false;
    if (journal_seal(engine->journal)) {
        int64_t from_ns = engine->clock->monotonic_ns(engine->clock);
        lost = journal_commit(engine->journal) != STATUS_OK;
        engine->sync_ns = engine->clock->monotonic_ns(engine->clock) - from_ns;
    }
    if (lost)
        fail(engine);
    else if (!engine->read_only)
        publish(engine);
    unsigned answers = answer_all(batch, lost);
    /* The clients at work, as far as one commit shows; forgotten slowly. */
    engine->expected -= engine->expected / 8;
    if (answers > engine->expected)
        engine->expected = answers;
    if (!lost && atomic_load(&engine->waiters.count))
        wake_all(engine, batch);
    batch_clear(batch);
    scheduler_feed(engine);
}

int64_t core_idle_ns(struct engine *engine)
{
    if (engine->run_first || engine->backfill != UINT64_MAX)
        return engine->space_short ? HUNGRY_NS : 0;
    int64_t idle_ns = engine->hungry || engine->running ? HUNGRY_NS : SLEEP_NS_MAX;
    if (engine->timers.count) {
        int64_t due_ns =
            (engine->timers.list[0].due_ms - engine->clock->wall_ms(engine->clock)) *
            1000000;
        idle_ns = due_ns < idle_ns ? due_ns : idle_ns;
    }
    int64_t deadline_ns = waiters_next_ns(&engine->waiters);
    if (deadline_ns) {
        deadline_ns -= engine->clock->monotonic_ns(engine->clock);
        idle_ns = deadline_ns < idle_ns ? deadline_ns : idle_ns;
    }
    return idle_ns > 0 ? idle_ns : 0;
}

/* ------------------------------------------------------------------------- thread --- */

static void refuse_closed(struct request *request)
{
    struct engine_answer answer = {.status = STATUS_SHUTDOWN,
                                   .detail = "the daemon is stopping"};
    if (request->done)
        request->done(request->context, &answer);
    request_free(request);
}

void engine_post(struct engine *engine, struct request *request)
{
    pthread_mutex_lock(&engine->queue_mutex);
    bool closed = engine->closing && request->kind != REQUEST_TURN_FINISHED;
    if (!closed) {
        request_push(&engine->queue, request);
        atomic_fetch_add_explicit(&engine->queued, 1, memory_order_relaxed);
        if (engine->sleeping)
            pthread_cond_signal(&engine->queue_wake);
    }
    pthread_mutex_unlock(&engine->queue_mutex);
    if (closed)
        refuse_closed(request);
}

void engine_nudge(struct engine *engine)
{
    pthread_mutex_lock(&engine->queue_mutex);
    engine->nudged = true;
    pthread_cond_signal(&engine->queue_wake);
    pthread_mutex_unlock(&engine->queue_mutex);
}

/* Whoever was answered by the last commits is likely to ask again at once. Waiting for
   most of them, for a fraction of what a sync takes, makes one large group of two small
   ones; a lone client is never waited for. */
static void gather(struct engine *engine)
{
    int64_t from_ns = engine->clock->monotonic_ns(engine->clock);
    int64_t wait_ns = engine->sync_ns / 4 < GATHER_NS_MAX ? engine->sync_ns / 4
                                                          : GATHER_NS_MAX;
    while (atomic_load_explicit(&engine->queued, memory_order_relaxed) <
               engine->expected &&
           engine->clock->monotonic_ns(engine->clock) - from_ns < wait_ns)
        sched_yield();
}

static bool has_request(struct engine *engine)
{
    pthread_mutex_lock(&engine->queue_mutex);
    bool has = engine->queue.first || engine->closing || engine->nudged;
    pthread_mutex_unlock(&engine->queue_mutex);
    return has;
}

static void sleep_until(struct engine *engine, int64_t idle_ns)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (until.tv_nsec + idle_ns) / 1000000000;
    until.tv_nsec = (until.tv_nsec + idle_ns) % 1000000000;
    pthread_mutex_lock(&engine->queue_mutex);
    engine->sleeping = true;
    int error = 0;
    while (!engine->queue.first && !engine->closing && !engine->nudged && !error)
        error = pthread_cond_timedwait(&engine->queue_wake, &engine->queue_mutex, &until);
    engine->sleeping = false;
    engine->nudged = false;
    pthread_mutex_unlock(&engine->queue_mutex);
}

static void rest(struct engine *engine)
{
    int64_t idle_ns = core_idle_ns(engine);
    int64_t spun_ns = 0, from_ns = engine->clock->monotonic_ns(engine->clock);
    while (idle_ns > 0 && spun_ns < SPIN_NS && !has_request(engine))
        spun_ns = engine->clock->monotonic_ns(engine->clock) - from_ns;
    if (idle_ns > 0 && !has_request(engine))
        sleep_until(engine, idle_ns);
}

static bool is_closing(struct engine *engine)
{
    pthread_mutex_lock(&engine->queue_mutex);
    bool closing = engine->closing;
    pthread_mutex_unlock(&engine->queue_mutex);
    return closing;
}

/* Running turns get their time; then what was decided is committed a last time. */
static void run_down(struct engine *engine)
{
    int64_t end_ns = engine->clock->monotonic_ns(engine->clock) +
                     engine->options.stop_turns_ms * 1000000;
    engine->stopping = true;
    do {
        core_step(engine);
        core_commit(engine);
        if (engine->running)
            sleep_until(engine, HUNGRY_NS / 10);
    } while (engine->running && engine->clock->monotonic_ns(engine->clock) < end_ns);
}

static void *run(void *argument)
{
    struct engine *engine = argument;
    while (!is_closing(engine)) {
        gather(engine);
        core_step(engine);
        core_commit(engine);
        rest(engine);
    }
    run_down(engine);
    return NULL;
}

void engine_start(struct engine *engine)
{
    engine->started = true;
    checkpoint_start(engine);
    ENSURE(pthread_create(&engine->sequencer, NULL, run, engine) == 0);
}

static void refuse_parked(struct engine *engine)
{
    struct request *request;
    for (struct actor *actor = engine->cache.oldest; actor; actor = actor->younger)
        while ((request = request_pop(&actor->parked)))
            refuse_closed(request);
    while ((request = request_pop(&engine->queue)))
        refuse_closed(request);
}

void engine_stop(struct engine *engine)
{
    if (!engine->started)
        return;
    pthread_mutex_lock(&engine->queue_mutex);
    engine->closing = true;
    pthread_cond_signal(&engine->queue_wake);
    pthread_mutex_unlock(&engine->queue_mutex);
    pthread_join(engine->sequencer, NULL);
    checkpoint_stop(engine);
    refuse_parked(engine);
    waiters_close(&engine->waiters);
    if (!engine->read_only && checkpoint_now(engine))
        log_warning("the last checkpoint was not written; the journal has it all");
    engine->started = false;
}

/* ------------------------------------------------------------------------ opening --- */

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
    uint64_t outputs = (uint64_t)options->message_bytes_max + options->result_bytes_max +
                       options->state_bytes_max;
    return (uint32_t)(outputs > (8u << 20) ? outputs + (1u << 20) : 8u << 20);
}

static enum status open_journal(struct engine *engine)
{
    uint32_t record_bytes = record_bytes_max(&engine->options);
    struct journal_options options = {
        .segment_bytes = engine->options.segment_bytes ? engine->options.segment_bytes
                                                       : 2ull * record_bytes,
        .record_bytes_max = record_bytes,
        .spare_segments = 1,
        .sync = engine->options.durability == DURABILITY_COMMIT};
    if (options.record_bytes_max > options.segment_bytes / 2)
        options.record_bytes_max = (uint32_t)(options.segment_bytes / 2);
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
    engine->batch.sequence = engine->applying;
    engine->batch.totals = engine->totals;
    publish(engine);
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
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
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
    engine->behaviors = options->behaviors ? options->behaviors : behavior_builtin_set();
    engine->lock_fd = -1;
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
    free(engine->timers.list);
    bytes_free(&engine->body);
    bytes_free(&engine->scratch);
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
