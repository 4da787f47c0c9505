/* SPDX-License-Identifier: MIT */
/*
 * The engine's inside, shared by the files of this room and nobody else.
 *
 * One thread, the sequencer, owns everything here that is not marked otherwise; there
 * are no locks around actors. It works in steps (core_step): take what was requested,
 * decide it, run turns, seal. What a step decided is a batch: one group commit, after
 * which it becomes visible and its answers go out (core_commit). The simulator calls
 * these two itself; engine_start has threads that do.
 *
 * Life of a decision: changes are added to the record being built (record_add), room
 * is taken in the journal, the record is appended and applied to the index and the
 * actors in memory (record_commit). Replay applies the same records in the same way.
 */
#ifndef ACTORFS_ENGINE_CORE_H
#define ACTORFS_ENGINE_CORE_H

#include <pthread.h>
#include <stdatomic.h>

#include "common/behavior/behavior.h"
#include "common/engine/engine.h"
#include "common/journal/change.h"
#include "common/journal/index.h"
#include "common/journal/journal.h"
#include "common/journal/record.h"

/* ----------------------------------------------------------------------- requests */

enum request_kind {
    REQUEST_SEND,
    REQUEST_CREATE,
    REQUEST_REMOVE,
    REQUEST_OWNER,
    REQUEST_STATE,
    REQUEST_CONTROL,
    REQUEST_BEHAVIOR,
    REQUEST_REFUSAL,      /* to be counted; nobody waits */
    REQUEST_TURN_FINISHED /* from a behavior */
};

/* What was asked, copied; and then its answer on the way out. */
struct request {
    struct request *next;
    enum request_kind kind;
    uint64_t actor;
    engine_done_fn *done;
    void *context;

    struct bytes text;     /* name, state, control lines, behavior, or refusal */
    struct bytes extra;    /* content type, or login of the caller */
    struct view *messages; /* into `bodies` */
    struct bytes bodies;
    size_t count;
    struct parameters parameters;
    uint64_t first_line;
    uint64_t expected_version;
    enum actor_part part;
    struct engine_owner owner;
    bool refuse_suspended;
    struct turn_output output; /* of TURN_FINISHED */

    int64_t deadline_ns; /* of a STATE that waits for the running turn */
    struct engine_answer answer;
    struct bytes detail; /* what answer.detail points to */
};

struct request_list {
    struct request *first, *last;
};

void request_push(struct request_list *list, struct request *request);
struct request *request_pop(struct request_list *list);
void request_free(struct request *request);

/* ------------------------------------------------------------------------- actors */

enum actor_schedule { ACTOR_IDLE, ACTOR_QUEUED, ACTOR_RUNNING };

struct slot_ref {
    uint64_t slot, sequence;
};

/* The next pending tasks of an actor: all with a place below `end`, in order. What has
   a place from there on is found in the index when it is needed. */
struct window {
    struct slot_ref *ring;
    uint32_t first, count, capacity;
    uint64_t end;
};

/* An actor in use. Idle ones are not in memory. */
struct actor {
    uint64_t id;
    struct actor *hash_next;
    struct actor *queue_next; /* of the run queue */
    struct actor *touched_next;
    struct actor *older, *younger; /* by last use */
    struct actor_record record;
    uint64_t last_record; /* the last that changed more of it than added a message */
    uint64_t epoch;       /* engine.epoch when it was last put in the index */
    enum actor_schedule schedule;
    bool touched; /* to be put in the index at the step's end */
    bool hungry;  /* runnable, and waits for room or for a commit */
    struct window window;
    uint64_t running_sequence; /* of the task being run; 0: none */
    struct behavior *running_behavior;
    int64_t wake_ms;      /* a timer is set for its retry; 0: none */
    int64_t turn_started_ns;
    bool turn_void;             /* its answer is to be dropped: the task was canceled */
    struct request_list parked; /* for the running turn's end */
};

struct cache {
    struct actor **buckets;
    uint32_t bucket_count; /* a power of two */
    uint32_t count;
    uint32_t idle_max; /* so many are kept; the simulator keeps few */
    struct actor *oldest, *youngest;
};

/* ------------------------------------------------------------------------- timers */

struct timer {
    int64_t due_ms;
    uint64_t actor, sequence;
};

/* A heap, the earliest first. Entries of canceled tasks stay until they are due. */
struct timer_heap {
    struct timer *list;
    size_t count, capacity;
};

/* ------------------------------------------------------------------------ waiters */

struct engine_wait {
    struct engine_wait *next, **link; /* in its bucket; link null when not in one */
    struct waiters *waiters;
    uint64_t actor, sequence; /* sequence 0: any change after `changes` */
    uint64_t changes;
    int64_t deadline_ns; /* 0: none */
    size_t heap_at;      /* index in the deadline heap; SIZE_MAX: not in it */
    engine_wake_fn *wake;
    void *context;
    bool calling; /* wake is being called, by `caller` */
    pthread_t caller;
    bool *ended; /* the caller's note that it was ended from within the call */
};

struct waiters {
    pthread_mutex_t mutex;
    pthread_cond_t called; /* some wake returned */
    struct engine_wait **buckets;
    struct engine_wait **deadlines; /* heap; guarded by mutex, as all below */
    size_t deadline_count, deadline_capacity;
    _Atomic size_t count;
    bool closed;
};

/* -------------------------------------------------------------------------- batch */

struct finished_task {
    uint64_t actor, sequence; /* sequence 0: the actor itself is gone */
};

/* What goes out when a step is on disk. */
struct batch {
    uint64_t sequence; /* of its last record */
    bool has_records;
    struct request_list answers;
    unsigned answer_count;
    int64_t grown_ns; /* since when it has been waiting to be sealed; 0: not yet */
    struct finished_task *finished;
    size_t finished_count, finished_capacity;
    uint64_t *changed; /* ids of actors */
    size_t changed_count, changed_capacity;
    struct index_totals totals;
    uint64_t next_actor;
};

/* The line of log that was rendered last, and whose it is. */
struct kept_line {
    uint64_t actor, sequence;
    int64_t time_ms;
    struct bytes text;
};

/* --------------------------------------------------------------------- the engine */

struct engine {
    struct engine_options options;
    struct clock *clock;
    struct behavior_set *behaviors;
    struct disk *disk;
    bool owns_disk;
    int lock_fd; /* of STORE/lock; -1: none */
    struct index *index;
    struct journal *journal;

    /* Time, read once a step. The store clock runs only while a daemon does. */
    int64_t wall_ms, now_ns, clock_ms;
    int64_t opened_ns, opened_clock_ms, started_ms;

    struct bytes body;         /* of the record being built */
    uint32_t record_bytes_max; /* of a body in the journal */
    struct bytes scratch;
    struct kept_line line;
    uint64_t applying; /* sequence number of the record being applied */
    bool replaying;
    struct index_totals totals;
    uint64_t next_actor;
    _Atomic uint64_t shown_next_actor;

    struct cache cache;
    struct actor *touched;
    struct actor *run_first, *run_last;
    struct actor *hungry; /* by queue_next */
    struct timer_heap timers;
    uint64_t backfill; /* actors from this id on may have tasks from before the opening;
                          UINT64_MAX: none left */
    struct request_list taken; /* requests of this step still to be decided */
    struct batch batch;        /* what the steps since the last seal decided */
    unsigned accepted;         /* messages in this step */
    _Atomic bool read_only;    /* nothing more can be made durable. Any thread. */

    /* Commits (commit.c). `sealed` and the three after it belong to whoever commits:
       the sequencer, or the committer while a batch is in flight. */
    struct batch sealed;
    unsigned answered; /* requests, by the last commit */
    unsigned expected; /* clients that are likely to ask again */
    int64_t sync_ns;   /* what the last sync took */
    bool in_flight;    /* Sequencer. */
    _Atomic bool commit_done;
    pthread_mutex_t commit_mutex; /* guards the two below */
    pthread_cond_t commit_wake;
    bool commit_wanted, commit_stop;

    bool stopping;    /* no turn is started any more */
    bool space_short; /* the journal refused a record for want of room */
    unsigned running; /* turns that were started and did not answer yet */

    /* Checkpoints (checkpointer.c). */
    uint64_t epoch;        /* of the part of the index not frozen; see actor.epoch */
    uint64_t dirty_actors; /* different ones changed in this epoch */
    int64_t frozen_ns;     /* when the last one was begun */
    uint64_t frozen_held;  /* journal bytes that were held then */
    bool checkpointing;    /* from freeze to thaw */
    bool checkpoint_held;  /* frozen, but not yet published */
    uint64_t frozen_sequence;
    bool checkpoint_failed;           /* the last try; LMDB finds no room, say */
    pthread_mutex_t checkpoint_mutex; /* guards the four below */
    pthread_cond_t checkpoint_wake;
    bool checkpoint_wanted, checkpoint_done, checkpoint_stop;
    enum status checkpoint_status; /* of the last try */

    /* Guarded by queue_mutex. */
    pthread_mutex_t queue_mutex;
    pthread_cond_t queue_wake;
    struct request_list queue;
    bool sleeping, closing, nudged;

    bool holding; /* requests wait for a checkpoint. Sequencer. */

    struct waiters waiters;

    /* What totals readers see. Guarded by shown_mutex. */
    pthread_mutex_t shown_mutex;
    struct index_totals shown_totals;
    uint64_t shown_commits;
    bool shown_read_only;
    struct attention_set *attention;

    pthread_t sequencer, committer, checkpointer;
    bool started;
};

/* open.c */
/* For the simulator: leaves an engine that was not started as if the process were
   killed here. Nobody is answered, nothing is written. Waits are ended before. */
void engine_abandon(struct engine *engine);

/* engine.c */
/* Queues a request and wakes the sequencer; takes it. Any thread. */
void engine_post(struct engine *engine, struct request *request);
/* Wakes the sequencer, which sleeps by deadlines it knows. Any thread. */
void engine_nudge(struct engine *engine);
void core_read_clock(struct engine *engine);
/* One step: whether there was anything to do. */
bool core_step(struct engine *engine);
/* Nanoseconds until something is due on its own, 0 when there is something to do now.
 */
int64_t core_idle_ns(struct engine *engine);

/* commit.c */
/* Ends the batch; false when there is nothing in it. None may be on its way. */
bool core_seal(struct engine *engine);
/* Makes the sealed batch durable, then visible, then answers. */
void core_commit_sealed(struct engine *engine);
/* All of it in this thread: what the simulator calls after a step. */
void core_commit(struct engine *engine);
/* Makes what is sealed, and durable by now, visible. */
void core_publish(struct engine *engine);
void committer_start(struct engine *engine);
/* The sealed batch is committed by the committer thread. */
void committer_hand_over(struct engine *engine);
/* Whether no batch is on its way. */
bool committer_is_idle(struct engine *engine);
void committer_stop(struct engine *engine);

/* checkpointer.c */
/* Takes a finished checkpoint over and begins the next when it is time. */
void checkpoint_poll(struct engine *engine);
/* Freezes what is decided; false while an earlier frozen part is not written. It is
   written once all of it is published. */
bool checkpoint_begin(struct engine *engine);
/* The same with no thread: freeze, write, thaw. For the clean stop and the simulator.
 */
MUST_CHECK enum status checkpoint_now(struct engine *engine);
/* More is not in LMDB yet than memory and journal should hold. */
bool checkpoint_is_behind(struct engine *engine);
void checkpoint_start(struct engine *engine);
void checkpoint_stop(struct engine *engine);

/* record.c: the record being built */
void record_begin(struct engine *engine);
void record_add(struct engine *engine, const struct change *change);
/* Appends and applies it. NO_SPACE or IO: nothing was changed. */
MUST_CHECK enum status record_commit(struct engine *engine);

/* apply.c, apply_finish.c */
void apply_record(struct engine *engine, uint64_t sequence, struct view body);
void apply_finish(struct engine *engine, const struct change *change, int64_t wall_ms,
                  int64_t clock_ms);

/* batch.c */
void batch_add_answer(struct batch *batch, struct request *request);
void batch_note_changed(struct batch *batch, uint64_t actor);
void batch_note_finished(struct batch *batch, uint64_t actor, uint64_t sequence);
void batch_note_gone(struct batch *batch, uint64_t actor);
void batch_clear(struct batch *batch);
void batch_free(struct batch *batch);

/* actor.c */
/* The actor of that id; null when there is none. The pointer holds for this step. */
struct actor *actor_get(struct engine *engine, uint64_t id);
struct actor *actor_get_by_name(struct engine *engine, struct view name);
struct actor *actor_add(struct engine *engine, uint64_t id);
void actor_drop(struct engine *engine, struct actor *actor);
/* To be written to the index at the step's end, as of the record being applied. */
void actor_touch(struct engine *engine, struct actor *actor);
/* The same where only a message was added, which does not hold up the next turn. */
void actor_touch_mailbox(struct engine *engine, struct actor *actor);
void actor_flush_touched(struct engine *engine);
#define ACTORS_IDLE_MAX 16384 /* about 20 MB */
/* Forgets idle actors beyond what is worth keeping. Between steps only. */
void actor_evict(struct engine *engine);
void cache_free(struct cache *cache);
uint64_t actor_unfinished(const struct actor *actor);
uint64_t actor_head_unfinished(const struct actor_head *head);

/* read.c */
bool actor_record_find(struct index_snapshot *snapshot, uint64_t id,
                       struct actor_record *record_out);
void task_describe(const struct engine *engine, const struct actor_head *actor,
                   const struct task_record *task, struct task_info *info_out);

/* mailbox.c */
/* A pending task takes the place `slot`. */
void mailbox_append(struct actor *actor, uint64_t slot, uint64_t sequence);
/* The first pending task; false when there is none. `packed` lives for this step. */
bool mailbox_first(struct engine *engine, struct actor *actor,
                   struct task_record *task_out);
void mailbox_drop_first(struct actor *actor);
/* The stored task, wherever it is. */
bool task_find(struct index_snapshot *snapshot, uint64_t actor, uint64_t sequence,
               struct task_record *task_out);
bool task_find_live(struct index_snapshot *snapshot, uint64_t actor, uint64_t sequence,
                    struct task_record *task_out);
/* In TABLE_LIVE, where tasks and places begin at 1: the actor is to retire, and the next
   opening finds it, also when nothing else of it is left. */
#define NUMBER_RETIRING 0
/* The unfinished task to be met at `number` in a scan of TABLE_LIVE, where `packed` is
   what stands there: each is met once, at its place or, while it has none, at its
   sequence number. (A task that came back, and so is put where it once was deleted, a
   scan may miss there; its new place it does not.) */
bool task_at_place(struct index_snapshot *snapshot, uint64_t actor, uint64_t number,
                   struct view packed, struct task_record *task_out);
/* A place that only points to a task elsewhere. */
void forward_pack(uint64_t sequence, char out[9]);
bool forward_unpack(struct view packed, uint64_t *sequence_out);
#define FORWARD_BYTES 9
/* Whether a finished task is still remembered. */
bool task_is_remembered(const struct engine *engine, const struct actor_head *actor,
                        const struct task_head *task, int64_t clock_ms);
/* The task that a key names for a reader or a duplicate; false when unknown, with
   `task_out` filled in where it is known no longer. */
bool key_find(struct engine *engine, struct index_snapshot *snapshot,
              const struct actor_head *actor, const struct key *key, int64_t clock_ms,
              struct task_record *task_out);

/* scheduler.c */
/* Puts the actor in the run queue if it is idle and has something to run. */
void scheduler_offer(struct engine *engine, struct actor *actor);
/* Offers it again when its retry is due. */
void scheduler_wake_for_retry(struct engine *engine, struct actor *actor);
/* Runs turns, at most so many. */
void scheduler_run(struct engine *engine, unsigned turns_max);
/* Actors that waited for the last commit, or for room, are offered again. */
void scheduler_feed(struct engine *engine);
/* Looks for actors with tasks from before the opening, a bounded number a step. */
void scheduler_backfill(struct engine *engine);
/* Takes the actor out of the queues. */
void scheduler_forget(struct engine *engine, struct actor *actor);
struct behavior *behavior_of(struct behavior_set *set,
                             const struct actor_record *actor);

/* turn.c */
enum turn_result {
    TURN_OVER,      /* it ran; the next may follow */
    TURN_UNDER_WAY, /* it was started and answers later */
    TURN_WAITS,     /* for the last commit, or for room: try again after the next one */
    TURN_IMPOSSIBLE /* no behavior, nothing to run, or the daemon stops */
};
/* Runs or starts a turn of the actor's first task. */
enum turn_result turn_run(struct engine *engine, struct actor *actor);
/* An answer that came later. */
void turn_finished(struct engine *engine, struct request *request);
/* Drops or kills what runs, when its task was canceled. */
void turn_void(struct actor *actor);
/* The change that cancels an unfinished task, to be added to a record. `head` is the
   actor's as it will be when the record's earlier changes are applied; it is brought
   forward by this one. */
void turn_cancel_change(struct engine *engine, struct actor_head *head,
                        const struct task_record *task, struct change *change_out);

/* decide.c, control.c */
void decide_request(struct engine *engine, struct request *request);
void decide_answer(struct engine *engine, struct request *request, enum status status,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));
void decide_accept(struct engine *engine, struct request *request);
/* The answer that follows from what record_commit said. */
void decide_committed(struct engine *engine, struct request *request,
                      enum status status);
void decide_send(struct engine *engine, struct request *request);
void decide_state(struct engine *engine, struct request *request);
void decide_control(struct engine *engine, struct request *request);
/* Removes an actor that is retiring, if nothing of it is left to run. The actor is gone
   when it returns true. */
bool decide_retire(struct engine *engine, struct actor *actor);
/* The system messages that waited for the turn's end. */
void decide_parked(struct engine *engine, struct actor *actor);

/* logline.c: a line of `log`, and how many bytes the trimmed log has */
void log_line_render(struct bytes *out, int64_t time_ms, const struct task_head *task,
                     struct view key, struct view error);
/* The finished task's line; of the one that log_place was just asked about it is still
   there. It lives until the next. */
struct view log_line(struct engine *engine, uint64_t actor, int64_t time_ms,
                     const struct task_record *task);
/* Fills in where the actor's log begins and how many bytes it has once this FINISH has
   added its line. */
void log_place(struct engine *engine, const struct actor_head *actor,
               const struct task_record *task, struct change *finish);

/* timer.c */
/* Delayed tasks in TABLE_TIMERS, found by their due time at the opening. */
struct due_key {
    char bytes[24];
};
struct view due_key(struct due_key *key, int64_t due_ms, uint64_t actor,
                    uint64_t sequence);
/* A named timer's task in TABLE_KEYS: no key of a client starts with this byte. */
#define TIMER_KEY_MARK '\x02'
struct view timer_name_key(struct text_key *key, uint64_t actor, struct view name);
void timer_add(struct timer_heap *heap, int64_t due_ms, uint64_t actor,
               uint64_t sequence);
bool timer_due(const struct timer_heap *heap, int64_t now_ms);
struct timer timer_pop(struct timer_heap *heap);
void timers_load(struct engine *engine);
void timers_fire(struct engine *engine);

/* attention.c */
enum attention {
    ATTENTION_NONE,
    ATTENTION_RETRYING,
    ATTENTION_SUSPENDED,
    ATTENTION_FULL,
    ATTENTION_FAILED,
    ATTENTION_NO_BEHAVIOR
};
const char *attention_text(enum attention attention);
/* The last error, and whose it was. */
void attention_note_error(struct actor *actor, const struct task_record *task,
                          struct view error);
/* Brings the actor's attention up to date with a record that was applied to it, if it
   is still there: record by record, so that replay comes to the same. */
void attention_update(struct engine *engine, uint64_t actor);
void attention_forget(struct engine *engine, struct actor *actor);
void attention_open(struct engine *engine);
void attention_publish(struct engine *engine);
void attention_close(struct engine *engine);

/* wait.c */
void waiters_open(struct waiters *waiters);
void waiters_wake_task(struct waiters *waiters, uint64_t actor, uint64_t sequence,
                       enum status status);
void waiters_wake_actor(struct waiters *waiters, uint64_t actor, uint64_t changes,
                        bool gone);
void waiters_expire(struct waiters *waiters, int64_t now_ns);
int64_t waiters_next_ns(struct waiters *waiters); /* 0: none */
void waiters_close(struct waiters *waiters);      /* SHUTDOWN to all, now and later */
void waiters_free(struct waiters *waiters);

#endif
