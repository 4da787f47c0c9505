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
 *   decision           one event in the making
 *   decide, words      what becomes of a request
 *   turns, kinds       behaviors, and what becomes of their answers
 *   sends, notices     what a turn's end does to other actors
 *   choose, answers    what is asked and answered, by the dice
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
#define CHILDREN_MAX 6 /* names of actors that turns make */
#define KINDS_MAX 8
#define RATE_TURNS_MAX 4
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
    WORD_WATCH,
    WORD_UNWATCH,
    WORD_LINK,
    WORD_UNLINK,
    WORD_SHOWN, /* a line of the file's own form */
    WORD_BAD
};

struct word {
    enum word_kind kind;
    struct key key;
    struct view timer;
    struct view name; /* of another actor */
};

/* What a turn sends. */
struct send_model {
    enum send_kind kind;
    struct view target; /* empty: the actor itself */
    struct parameters parameters;
    struct view text;
    struct word word; /* of SEND_CONTROL: what the text says */
};

/* What a behavior answered. */
struct turn_answer {
    enum turn_verdict verdict;
    struct view result, error, state;
    bool state_changed, result_is_message, defer;
    int64_t retry_after_ms;
    struct send_model *sends;
    size_t send_count;
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
    struct view caller, headers;
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
    unsigned sends; /* turns send something */
    unsigned ties;  /* words are about other actors */
    unsigned defer;
    unsigned away; /* a behavior comes or goes */
    int64_t jump_ms_max;
};

/* Not in the models: a crash ends it. */
struct turn {
    uint64_t actor; /* 0: this place is free */
    uint64_t sequence;
    struct behavior *behavior;
    int64_t started_ns;
    bool is_void;   /* its task was canceled: what it answers is dropped */
    bool is_killed; /* the engine said so */
    turn_finish_fn *finish;
    void *context;
    struct post_list parked; /* states to be written after it */
    bool is_posted;          /* the answer is on its way */
};

/* What there is of a behavior besides what the engine knows of it. */
struct kind {
    unsigned turns_max;                 /* under way at once; 0: any number */
    int64_t started_ns[RATE_TURNS_MAX]; /* of the last turns, where there is a rate */
    uint64_t started;
    unsigned stuck; /* commits since which it could run someone */
};

/* One event in the making. */
struct decision {
    struct sim *sim;
    struct event event;
    size_t capacity;
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
    struct behavior *answered_behavior;
    struct behavior kinds[KINDS_MAX];
    struct kind kind_states[KINDS_MAX];
    bool are_away[KINDS_MAX];

    struct wait *waits[WAITS_MAX];
    struct loose *loose; /* by actor id */
    size_t loose_capacity;
};

/* plan.c */
void plan_make(struct sim *sim);

/* sim.c */
void sim_open(struct sim *sim, uint64_t seed, bool is_verbose);
void sim_close(struct sim *sim);
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

/* store.c */
/* A run's folder, fresh, in memory where that can be. */
void store_make(char out[FOLDER_BYTES]);
/* The folder of the run that is, or was, that process. */
void store_remove(long process);
/* Those of all processes that are gone. */
void store_remove_abandoned(void);

/* decision.c */
void decision_begin(struct decision *decision, struct sim *sim, bool is_stepwise);
void decision_put(struct decision *decision, const struct effect *effect);
/* The number of the actor's next task. */
uint64_t decision_next(const struct decision *decision, uint64_t actor);
/* It happened. */
void decision_keep(struct decision *decision);
/* It did not (not for a stepwise one), or was kept. */
void decision_drop(struct decision *decision);

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
/* One word on behalf of an actor's turn. Null, or why it cannot be obeyed. */
const char *words_act_on_one(struct decision *decision, struct actor_model *actor,
                             const struct actor_model *me, const struct word *word);
/* Decided so, unless there was no room. Takes the decision. */
void decide_with(struct sim *sim, struct post *post, struct decision *decision);
void decide_set_state(struct sim *sim, struct post *post);
int64_t decide_due(const struct sim *sim, const struct parameters *parameters);
/* Whether the message is the one that is known. */
bool decide_is_same(struct sim *sim, const struct actor_model *actor,
                    const struct task_model *known, struct view message);
/* Whether an actor of that name is made by a message. */
bool decide_makes(struct sim *sim, struct view name,
                  const struct parameters *parameters);
/* A waiting timer of the same name makes room for the new one. Whether there was one.
 */
bool decide_replace_timer(struct decision *decision, const struct actor_model *actor,
                          const char *name);

/* notices.c */
void notices_finished(struct decision *decision, uint64_t actor,
                      const struct task_model *task, enum task_state outcome,
                      struct view result);
void notices_gone(struct decision *decision, uint64_t actor);
void notices_dead_letter(struct decision *decision, const struct actor_model *from,
                         struct view address, struct view reason, struct view message);
void notices_reply(struct decision *decision, uint64_t to, const struct actor_model *by,
                   struct view key, enum task_state outcome, struct view result);
void notices_undeliverable(struct decision *decision, uint64_t to, struct view target,
                           struct view key, struct view reason);

/* sends.c */
void sends_settle(struct decision *decision, uint64_t from, uint64_t task,
                  const struct behavior *behavior, const struct turn_answer *answer);

/* outcomes.c */
/* The turn of the actor's task, which took so long, is over. */
void outcomes_settle(struct sim *sim, uint64_t id, uint64_t sequence,
                     const struct behavior *behavior, struct turn_answer *answer,
                     uint32_t turn_ms);

/* turns.c, kinds.c */
void turns_open(struct sim *sim);
enum { ECHO, COUNTER, KEEP, WILD, PLAIN, LATER, SOON, KINDS };
extern const char *const turns_names[];
enum turn_start turns_start_now(struct behavior *behavior,
                                const struct turn_input *input, uint64_t turn,
                                struct turn_output *output, turn_finish_fn *finish,
                                void *context);
enum turn_start turns_start_later(struct behavior *behavior,
                                  const struct turn_input *input, uint64_t turn,
                                  struct turn_output *output, turn_finish_fn *finish,
                                  void *context);
void turns_kill(struct behavior *behavior, uint64_t actor);
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
void kinds_open(struct sim *sim);
/* Whether another turn of the behavior may start, as the model has it. */
bool kinds_have_room(const struct sim *sim, const struct behavior *behavior);
/* Whether it is one that may have none. */
bool kinds_are_limited(const struct sim *sim, const struct behavior *behavior);
/* A turn starts: it must be one that may. */
void kinds_note_start(struct sim *sim, const struct behavior *behavior);
/* What is known of them is of the daemon that is gone. */
void kinds_forget(struct sim *sim);
/* A behavior comes or goes. */
void kinds_change(struct sim *sim);

/* choose.c, answers.c */
struct view choose_name(struct sim *sim);
struct key choose_key(struct sim *sim, unsigned *number_out);
/* The same number makes the same message, but for its last newline. */
struct view choose_numbered(struct sim *sim, uint64_t number);
struct view choose_message(struct sim *sim);
void choose_times(struct sim *sim, struct parameters *parameters);
struct engine_owner choose_owner(struct sim *sim);
struct word choose_word(struct sim *sim, const struct actor_model *actor);
/* What a turn answers to the task. */
void answers_choose(struct sim *sim, const struct actor_model *actor,
                    const struct task_model *task, struct turn_answer *answer_out);
void answers_give(const struct turn_answer *answer, struct turn_output *output);

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
