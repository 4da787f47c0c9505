/* SPDX-License-Identifier: MIT */
/*
 * One run of the simulator: an engine, its disk and clock, the two models, and what is
 * on its way between them. Everything follows from the seed.
 *
 *   dice, model        knows nothing of the engine
 *   plan               what this seed's run is like
 *   sim                drives the engine: steps, commits, crashes, openings
 *   records            what the engine tried to write, as the one thing that the model
 *                      cannot foresee is whether the disk had room
 *   decide, words      what becomes of a request
 *   turns              behaviors, and what becomes of their answers
 *   schedule           what happens next, by the dice
 *   check, waits       what the engine shows, held against the model
 */
#ifndef ACTORFS_TESTS_SIMULATOR_SIM_H
#define ACTORFS_TESTS_SIMULATOR_SIM_H

#include "common/behavior/behavior.h"
#include "common/engine/core.h"
#include "common/engine/engine.h"
#include "tests/simulator/dice.h"
#include "tests/simulator/model.h"
#include "tests/support/faulty_disk.h"

#define SEND_MESSAGES_MAX 12
#define WORDS_MAX 6
#define NAMES_MAX 8
#define TURNS_MAX 32
#define WAITS_MAX 8
#define FOLDER_BYTES 64

/* ---------------------------------------------------------------------- requests ---
 */

enum word_kind {
    WORD_SUSPEND,
    WORD_RESUME,
    WORD_RETIRE,
    WORD_RESTART,
    WORD_CLEAR,
    WORD_RETRY_FAILED,
    WORD_RETRY,
    WORD_CANCEL,
    WORD_FORGET,
    WORD_CANCEL_TIMER,
    WORD_SHOWN, /* a line of the file's own form */
    WORD_BAD
};

struct word {
    enum word_kind kind;
    struct key key;
    struct view timer;
};

/* What a behavior answered. */
struct turn_answer {
    enum turn_verdict verdict;
    struct view result, error, state;
    bool state_changed, result_is_message;
};

enum post_kind {
    POST_SEND,
    POST_CREATE,
    POST_REMOVE,
    POST_OWNER,
    POST_STATE,
    POST_CONTROL,
    POST_BEHAVIOR,
    POST_REFUSAL, /* nobody is answered */
    POST_TURN     /* a behavior answers; nobody is answered */
};

/* Something that was asked, and what the model says to it. */
struct post {
    struct sim *sim;
    enum post_kind kind;
    uint64_t actor;
    struct view name; /* of the actor to create, the behavior, or the refusal */
    struct view messages[SEND_MESSAGES_MAX];
    size_t count;
    struct parameters parameters;
    uint64_t first_line;
    bool refuse_suspended;
    struct engine_owner owner;
    enum actor_part part;
    struct view state, type;
    uint64_t expected_version;
    int64_t deadline_ns; /* of a state that waits for a turn */
    struct word words[WORDS_MAX];
    size_t word_count;
    struct turn_answer answer;

    bool is_decided, is_sealed, is_answered;
    uint64_t follows; /* records that must be on disk when it is answered OK */
    enum status status;
    uint64_t answer_actor, sequence, version;
    bool replayed;
};

struct post_list {
    struct post **list;
    size_t count, capacity;
};

/* ----------------------------------------------------------------------- the run ---
 */

/* Chances are "once in so many"; 0 is never. */
struct plan {
    const char *names[NAMES_MAX];
    unsigned name_count;
    unsigned keys;
    unsigned crash, fault, full, checkpoint, jump, control, remove, later;
    unsigned batch;  /* a step is not sealed, but more go into its batch */
    unsigned flight; /* a sealed batch is not committed before the next step */
    unsigned posts_max;
    unsigned pages_max; /* of a checkpoint's transaction; 0: as always */
    unsigned idle_actors_max;
    bool has_fallback;
    unsigned flood; /* sends to a mailbox that nobody handles at first */
    int64_t jump_ms_max;
};

/* Not in the models: a crash ends it. */
struct turn {
    uint64_t actor; /* 0: this place is free */
    uint64_t sequence;
    int64_t started_ns;
    bool is_void;
    turn_finish_fn *finish;
    void *context;
    struct post_list parked; /* states to be written after it */
    bool is_posted;          /* the answer is on its way */
};

struct record_try {
    uint64_t actor;
    bool removes;
    enum status status;
};

struct wait {
    struct sim *sim;
    struct engine_wait *wait;
    uint64_t actor, sequence; /* sequence 0: any change */
    int64_t deadline_ns;
    bool is_expected, is_called;
    unsigned may; /* with which status, a bit each */
    enum status status;
};

/* What the store shows and need not keep: see check.c. */
struct loose {
    uint64_t refused;
    uint64_t changes, touches; /* when last looked at */
    unsigned stuck;            /* commits since which it could go on */
};

struct sim {
    uint64_t seed;
    struct dice dice;
    struct plan plan;
    bool is_verbose;
    uint64_t steps;
    struct arena arena;

    struct clock clock;
    int64_t wall_ms, now_ns;
    int64_t opened_ns, opened_clock_ms;
    int64_t durable_clock_ms; /* the latest that records or checkpoints know */
    int64_t frozen_clock_ms;  /* of the checkpoint that is under way */
    int64_t step_clock_ms;

    char folder[FOLDER_BYTES];
    struct faulty_disk *disk;
    struct engine_options options;
    struct behavior_set behaviors;
    struct rules rules;
    struct engine *engine;
    uint32_t openings;
    bool is_full; /* the disk was filled up */

    struct model decided, committed;
    uint64_t committed_records;
    struct event *events; /* decided, and not committed for sure */
    size_t event_count, event_capacity;
    size_t sealed_count;   /* so many of them are in the batch that is on its way */
    bool is_sealed;        /* there is one */
    uint64_t acknowledged; /* so many records were said to be on disk */
    uint64_t frozen;       /* so many are in the checkpoint that was begun */
    bool read_only;        /* a commit failed: which of the events are is not known */

    struct post_list posted, taken; /* asked; being decided and answered */
    struct record_try *records;
    size_t record_count, record_next, record_capacity;
    bool in_step, in_commit, is_synced;
    bool was_fed;   /* since the last step: who waited for the disk may go on */
    bool was_short; /* some record of this step found no room */

    struct turn turns[TURNS_MAX];
    uint64_t answered_actor; /* its turn was over within its start; 0: none */
    struct turn_answer answered;
    uint64_t answered_sequence;
    struct behavior *kinds;

    struct wait *waits[WAITS_MAX];
    struct loose *loose; /* by actor id */
    size_t loose_capacity;
};

/* plan.c */
void plan_make(struct sim *sim);

/* sim.c */
void sim_open(struct sim *sim, uint64_t seed, bool is_verbose);
void sim_close(struct sim *sim);
/* The folder of a run whose process is gone. */
void sim_remove_store(long process);
_Noreturn void sim_fail(struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sim_trace(struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
#define SIM_CHECK(sim, condition, ...)                                                 \
    ((condition) ? (void)0 : sim_fail(sim, __VA_ARGS__))
int64_t sim_store_clock(const struct sim *sim);
struct loose *sim_loose(struct sim *sim, uint64_t actor);
void post_list_add(struct post_list *list, struct post *post);
void sim_post(struct sim *sim, struct post *post);
void sim_event_add(struct sim *sim, const struct effect *effects, size_t count);

/* drive.c */
/* Decides what was posted. */
void drive_step(struct sim *sim);
/* Ends the batch, unless one is on its way; steps may follow before its commit. */
void drive_seal(struct sim *sim);
/* Makes the sealed batch durable. */
void drive_commit(struct sim *sim);
/* The same, up to the moment when it would be told. */
void drive_commit_silently(struct sim *sim);
/* Begins a checkpoint, or writes the one that was begun. */
void drive_checkpoint(struct sim *sim, unsigned fail_commit);
/* Everything but the disks is lost. `power` takes with it what was not synced. */
void drive_crash(struct sim *sim, bool power);
void drive_stop_cleanly(struct sim *sim);
void drive_open(struct sim *sim);

/* records.c */
void records_begin(struct sim *sim);
/* What became of the next record, which is the actor's. */
enum status records_next(struct sim *sim, uint64_t actor, bool removes);
/* The actor is removed if it was to retire and nothing of it is left. */
void records_retire(struct sim *sim, uint64_t actor);
/* No record is left but those that remove retiring actors. */
void records_end(struct sim *sim);

/* decide.c, words.c */
/* Everything that a step decides before it runs turns. */
void decide_all(struct sim *sim);
void decide_control_words(struct sim *sim, struct post *post);
struct view word_text(struct sim *sim, const struct word *word);
/* Decided on with these effects, unless there was no room. */
void decide_with(struct sim *sim, struct post *post, const struct effect *effects,
                 size_t count);
void decide_set_state(struct sim *sim, struct post *post);

/* turns.c */
void turns_open(struct sim *sim);
extern const char *const turns_names[];
/* Null when no turn of the actor is under way. */
struct turn *turns_of(struct sim *sim, uint64_t actor);
/* All that a turn of that task builds upon is on disk. */
bool turns_are_durable(const struct sim *sim, uint64_t actor, uint64_t sequence);
/* Some started turn answers. */
void turns_answer_one(struct sim *sim);
/* The answer arrives. */
void turns_finish(struct sim *sim, struct post *post);
/* States that waited for a turn for too long. */
void turns_expire(struct sim *sim);
/* What became of the turn that was over within its start. */
void turns_settle(struct sim *sim);
void turns_forget(struct sim *sim);

/* schedule.c */
/* A round: requests, a step, a commit, and what goes wrong. */
void schedule_round(struct sim *sim);
/* Everything that can run has run. */
void schedule_rest(struct sim *sim);

/* check.c, check_shown.c, check_stored.c */
/* What readers see of an actor. */
void check_actor(struct sim *sim, const struct actor_model *actor);
void check_some(struct sim *sim);
void check_all(struct sim *sim);
/* The same after an opening, when some of what is loose was lost. */
void check_opened(struct sim *sim);
/* `settled`: nothing is on its way. */
void check_mailbox(struct sim *sim, const struct actor_model *actor, bool settled);
void check_log(struct sim *sim, const struct actor_model *actor, uint64_t bytes);
void check_totals(struct sim *sim);
void check_attention(struct sim *sim);
void check_list(struct sim *sim);
/* After a checkpoint of everything. */
void check_stored(struct sim *sim);

/* waits.c */
void waits_begin_one(struct sim *sim);
void waits_end_one(struct sim *sim);
void waits_note(struct sim *sim, const struct event *event);
void waits_expire(struct sim *sim);
void waits_check(struct sim *sim);
void waits_end_all(struct sim *sim);

#endif
