/* SPDX-License-Identifier: MIT */
/*
 * The engine owns every actor; this is its porch. What changes something is asked
 * asynchronously: the call returns at once and `done` is called exactly once, on the
 * engine's own thread, when the answer is on disk (or was refused). `done` must not
 * block. What only reads may be called from any thread and answers at once, from
 * what is committed.
 *
 * A thread that nobody else waits for may ask `in_person`: while no other asks, and the
 * disk is swift, it does the engine's work itself and waits for the disk, and `done` is
 * called within the call. It holds no lock then that a `done` or a `wake` takes, its
 * own or another's.
 *
 * Life: open (replays) -> start (threads) -> ... -> stop (answers everybody) -> close.
 */
#ifndef ACTORFS_ENGINE_ENGINE_H
#define ACTORFS_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/base/name.h"
#include "common/base/status.h"

struct engine;
struct behavior_set;
struct disk;

enum durability { DURABILITY_COMMIT, DURABILITY_OS };

struct engine_options {
    struct clock *clock;            /* null: the system's */
    struct behavior_set *behaviors; /* null: the built-in ones */
    struct disk *journal_disk;      /* null: the folder STORE/journal; else borrowed */
    enum durability durability;
    uint32_t message_bytes_max;
    uint32_t result_bytes_max;
    uint32_t state_bytes_max;
    uint32_t mailbox_tasks_max; /* unfinished ones */
    uint32_t log_bytes_max;     /* an actor */
    int64_t retention_done_ms;
    int64_t retention_failed_ms;
    int64_t retention_keyless_ms;
    int64_t stop_turns_ms;     /* how long running turns get at the stop */
    uint64_t segment_bytes;    /* 0: chosen from message_bytes_max */
    uint64_t checkpoint_bytes; /* start a checkpoint after so many journal bytes */
};

/* The defaults of the contract. */
void engine_options_init(struct engine_options *options);

/* Opens the store in folder `path`, made if it is missing, and replays its journal.
   BUSY when another daemon has it (the message names its pid), INVALID for a store of
   another format, NO_SPACE, IO. On failure `message` says why in one line. */
MUST_CHECK enum status engine_open(const char *path,
                                   const struct engine_options *options,
                                   struct engine **engine_out, struct bytes *message);
/* Starts the sequencer and checkpoint threads. */
void engine_start(struct engine *engine);
/* No new requests (SHUTDOWN); waits stop_turns_ms for running turns; commits what was
   decided; answers every waiter with SHUTDOWN; joins the threads. */
void engine_stop(struct engine *engine);
void engine_close(struct engine *engine);

/* ----------------------------------------------------------------------- changing */

enum task_state {
    TASK_PENDING,
    TASK_DELAYED,
    TASK_RUNNING,
    TASK_RETRYING,
    TASK_DEFERRED,
    TASK_DONE,
    TASK_FAILED,
    TASK_CANCELED
};
const char *task_state_text(enum task_state state);
bool task_state_is_final(enum task_state state);

struct engine_answer {
    enum status status;
    const char *detail; /* one line, never null; valid during the call */
    uint64_t actor;     /* of create and send: the actor's id */
    uint64_t sequence;  /* of send: of its (last) task */
    bool replayed;      /* of send: every message was known already */
    uint64_t version;   /* of set_state: the new version */
};

typedef void engine_done_fn(void *context, const struct engine_answer *answer);

struct engine_owner {
    uint32_t uid;
    uint32_t gid;
    uint32_t mode; /* permission bits; OWNER_INHERITED: as the folder's, see below */
};

/* An actor's folder and its special files each have an owner and mode. A file whose own
   was never set has mode OWNER_INHERITED: the folder's owner and mode apply, without
   execute bits, and without write bits where the file is never written; of a folder
   with the sticky bit, only tasks and execute take the group's and others' write bits.
 */
#define OWNER_INHERITED UINT32_MAX
enum actor_part {
    PART_FOLDER,
    PART_TASKS,
    PART_EXECUTE,
    PART_STATE,
    PART_STATUS,
    PART_MAILBOX,
    PART_LAST_RESULT,
    PART_LOG,
    PART_BEHAVIOR,
    PART_COUNT
};

struct engine_note;

/* Messages to one actor, accepted in one commit, all or none. */
struct engine_send {
    uint64_t actor;                      /* id; 0 with create: by create_name */
    const struct view *messages;         /* copied */
    size_t count;                        /* at least 1 */
    const struct parameters *parameters; /* key, delay_ms, at_ms, timer, create */
    uint64_t first_line;                 /* 1 for a lone message; with a key, the number
                                            of the first of these in its append */
    struct view caller;                  /* login of an outside client; may be empty */
    struct view headers;                 /* `Name: value` lines kept with each */
    bool refuse_suspended;               /* execute: BUSY when the actor is suspended */
    struct view create_name;             /* made if parameters->create says so, or the
                                            behavior that handles such a name */
    struct engine_owner create_owner;
    bool in_person;
    const struct engine_note
        *note; /* kept in the same commit, if there is one; or null */
};

/* INVALID, NOT_FOUND, CONFLICT, TOO_LARGE, FULL, NO_SPACE, IO, BUSY, SHUTDOWN. */
void engine_send(struct engine *engine, const struct engine_send *send,
                 engine_done_fn *done, void *context);

/* Makes an actor. EXISTS, INVALID, NAME_TOO_LONG, NO_SPACE, IO. */
void engine_create(struct engine *engine, struct view name,
                   const struct engine_owner *owner, engine_done_fn *done,
                   void *context);
/* Renames an actor. Mailbox, keys, state, timers, watchers and replies to come go
   along, and its behavior stays what it was. EXISTS when another has the name,
   NOT_FOUND, INVALID, NAME_TOO_LONG, NO_SPACE, IO. */
void engine_rename(struct engine *engine, uint64_t actor, struct view name,
                   engine_done_fn *done, void *context);
/* Retires an actor with everything it has. NOT_EMPTY while tasks are unfinished. */
void engine_remove(struct engine *engine, uint64_t actor, engine_done_fn *done,
                   void *context);
void engine_set_owner(struct engine *engine, uint64_t actor, enum actor_part part,
                      const struct engine_owner *owner, engine_done_fn *done,
                      void *context);

#define STATE_VERSION_ANY UINT64_MAX

/* Replaces the state between turns, ahead of the mailbox. With `expected_version` other
   than ANY: STALE when the state has another version by then. TIMEOUT when a turn ran
   on for longer than its limit; nothing changed then. */
void engine_set_state(struct engine *engine, uint64_t actor, struct view state,
                      struct view content_type, uint64_t expected_version,
                      engine_done_fn *done, void *context);

/* The same with more to it. */
struct engine_state_write {
    struct view state, content_type;
    uint64_t expected_version;
    const struct engine_note *note; /* kept in the same commit; null: none */
    /* Null or empty: none. Else whoever writes the same state again under it changes
       nothing, whatever version it expects: `replayed`, with the version of then.
       CONFLICT when the key is known by anything else. It is kept as the key of a
       finished task of the actor, whose result is that version. */
    const struct key *key;
};
void engine_write_state(struct engine *engine, uint64_t actor,
                        const struct engine_state_write *write, engine_done_fn *done,
                        void *context);

/* The lines of one write to an actor's `status`, all or none: suspend, resume,
   retry KEY, retry failed, cancel KEY, forget KEY, clear, restart, retire,
   canceltimer NAME; `key: value` lines and empty ones are skipped. INVALID (a bad
   word), NOT_FOUND (a key), BUSY (a task in the wrong state). */
void engine_control(struct engine *engine, uint64_t actor, struct view lines,
                    engine_done_fn *done, void *context);

/* What the actor's `behavior` file says, a line at a time: the last one holds; empty:
   by its name. INVALID, and nothing changes, when any is unknown. */
void engine_set_behavior(struct engine *engine, uint64_t actor, struct view lines,
                         engine_done_fn *done, void *context);

/* Small things that a face keeps beside the actors, such as WebDAV's locks: by key (1
   to NOTE_KEY_BYTES_MAX bytes; faces keep apart by a prefix). All of them in one
   commit, or none; an empty value removes. INVALID, TOO_LARGE, NO_SPACE, IO. */
struct engine_note {
    struct view key, value;
};
void engine_keep_notes(struct engine *engine, const struct engine_note *notes,
                       size_t count, engine_done_fn *done, void *context);
/* The same for one. */
void engine_keep_note(struct engine *engine, const struct engine_note *note,
                      bool in_person, engine_done_fn *done, void *context);

/* Counts and logs a refusal that its sender was not told of or may have missed. */
void engine_note_refusal(struct engine *engine, uint64_t actor, enum status status,
                         struct view text);

/* ------------------------------------------------------------------------ reading */

enum activity {
    ACTIVITY_IDLE,
    ACTIVITY_RUNNING,
    ACTIVITY_RETRYING,
    ACTIVITY_SUSPENDED,
    ACTIVITY_NO_BEHAVIOR
};
const char *activity_text(enum activity activity);

struct actor_info {
    uint64_t id;
    char name[ACTOR_NAME_BYTES_MAX + 1];
    char behavior[BEHAVIOR_NAME_BYTES_MAX + 1];     /* that handles it; "" when none */
    char behavior_set[BEHAVIOR_NAME_BYTES_MAX + 1]; /* what `behavior` says; "" */
    enum activity activity;
    struct engine_owner owners[PART_COUNT];
    uint64_t pending, delayed, running, done, failed, canceled, refused;
    uint64_t mailbox_bytes;
    uint64_t state_version, state_bytes;
    uint64_t log_bytes; /* of the rendered log */
    uint64_t changes;   /* grows with every change of anything shown of the actor */
    int64_t created_ms, last_turn_ms, state_ms, changed_ms; /* wall; 0: never */
    bool key_decides; /* whatever the bytes: fingerprint = none */
    char result_type[CONTENT_TYPE_BYTES_MAX + 1]; /* "": by its bytes */
    char state_type[CONTENT_TYPE_BYTES_MAX + 1];
    char last_error[ERROR_TEXT_BYTES_MAX + 1];
    char last_refusal[ERROR_TEXT_BYTES_MAX + 1];
};

struct task_info {
    uint64_t sequence;
    enum task_state state;
    uint32_t attempts;
    /* Wall clock; due: when its time is, or its next attempt; 0: at once. */
    int64_t accepted_ms, due_ms, finished_ms;
    uint64_t message_bytes;
    uint8_t fingerprint[16]; /* engine_fingerprint() of the message */
    struct key key;          /* as held; a `.SEQ` key for a task without one */
};

struct engine_totals {
    uint64_t actors, pending, delayed, done, failed, canceled, commits;
    int64_t started_ms, now_ms;
    bool read_only; /* after a failed write or sync */
};

/* The id of the actor of that name; NOT_FOUND. */
MUST_CHECK enum status engine_find(struct engine *engine, struct view name,
                                   uint64_t *actor_out);
MUST_CHECK enum status engine_actor(struct engine *engine, uint64_t actor,
                                    struct actor_info *info_out);
/* Calls `each` for actors with ids above `after`, in ascending order, until it returns
   false. No lock is held during `each`. */
typedef bool engine_actor_fn(void *context, const struct actor_info *info);
void engine_list(struct engine *engine, uint64_t after, engine_actor_fn *each,
                 void *context);
/* Actors that need someone, oldest first: a line each as /attention shows it. */
void engine_attention(struct engine *engine, struct bytes *out);
void engine_totals(struct engine *engine, struct engine_totals *totals_out);
/* Checks that every actor's record agrees with what the store holds of it, and what the
   opening saw of the journal; appends a line for each fault, and for what is worth
   knowing, and returns how many faults there are. Any thread; may take long. */
uint64_t engine_check(struct engine *engine, struct bytes *out);
/* The n-th installed behavior's name; null past the last. */
const char *engine_behavior_name(struct engine *engine, size_t n);
/* The options in force. */
const struct engine_options *engine_limits(const struct engine *engine);

/* An actor and what one of its files holds, both of the same moment. */
enum engine_content {
    CONTENT_NOTHING,
    CONTENT_STATE,
    CONTENT_LAST_RESULT,
    CONTENT_LOG,
    CONTENT_OUTCOME, /* of the key */
    CONTENT_MESSAGE  /* that was sent under the key */
};
/* Appends the content, as the functions below say, whose status it has; info_out is
   filled in wherever there is the actor. It may be null; `key` where it is not needed,
   and `out` for nothing. */
MUST_CHECK enum status engine_look(struct engine *engine, uint64_t actor,
                                   enum engine_content content, const struct key *key,
                                   struct actor_info *info_out, struct bytes *out);
/* A key's task, its actor, and once it is finished its result, all of the same moment.
   The status is that of engine_outcome; whenever it is not NOT_FOUND, task_out and
   info_out are filled in. */
MUST_CHECK enum status engine_recall(struct engine *engine, uint64_t actor,
                                     const struct key *key, struct task_info *task_out,
                                     struct actor_info *info_out, struct bytes *out);
/* Appends the state of the last committed turn. */
MUST_CHECK enum status engine_state(struct engine *engine, uint64_t actor,
                                    struct bytes *out, uint64_t *version_out);
/* What is known of a key. NOT_FOUND when it is not (or no longer) known. */
MUST_CHECK enum status engine_task(struct engine *engine, uint64_t actor,
                                   const struct key *key, struct task_info *info_out);
/* The same, with the actor's name of that moment: ACTOR_NAME_BYTES_MAX and a NUL. */
MUST_CHECK enum status engine_task_of(struct engine *engine, uint64_t actor,
                                      const struct key *key, char *name_out,
                                      struct task_info *info_out);
/* Appends the outcome: OK with the result, FAILED or CANCELED with the error text,
   AGAIN while unfinished, NOT_FOUND. */
MUST_CHECK enum status engine_outcome(struct engine *engine, uint64_t actor,
                                      const struct key *key, struct bytes *out);
/* Appends the bytes that were sent under the key. */
MUST_CHECK enum status engine_message(struct engine *engine, uint64_t actor,
                                      const struct key *key, struct bytes *out);
/* Appends the result of the last finished task; nothing before the first. */
MUST_CHECK enum status engine_last_result(struct engine *engine, uint64_t actor,
                                          struct bytes *out);
/* Appends the log's lines, oldest first. */
MUST_CHECK enum status engine_log(struct engine *engine, uint64_t actor,
                                  struct bytes *out);
/* The tasks that `mailbox` shows, in its order. */
typedef void engine_task_fn(void *context, const struct task_info *info);
MUST_CHECK enum status engine_mailbox(struct engine *engine, uint64_t actor,
                                      engine_task_fn *each, void *context);

/* XXH3 128 of the bytes without one final newline (LF or CRLF). */
void engine_fingerprint(struct view message, uint8_t fingerprint_out[16]);

/* Appends the note's value; NOT_FOUND. Any thread. */
MUST_CHECK enum status engine_note(struct engine *engine, struct view key,
                                   struct bytes *value_out);
/* All notes whose key begins with the prefix, in no order. Between engine_open and
   engine_start only. */
typedef void engine_note_fn(void *context, const struct engine_note *note);
void engine_each_note(struct engine *engine, struct view prefix, engine_note_fn *each,
                      void *context);

/* Whether the process group runs a turn of that actor just now: what it waits for of
   its own actor will not happen before its end. */
bool engine_runs_turn_in(struct engine *engine, uint64_t actor, pid_t group);

/* ------------------------------------------------------------------------ waiting */

struct engine_wait;

/* Why a waiter is called: OK (finished, or changed), TIMEOUT, NOT_FOUND (forgotten, or
   the actor was retired), SHUTDOWN. */
typedef void engine_wake_fn(void *context, enum status status);

/* Calls `wake` once, when the task of that sequence is final or `timeout_ms` (0: none)
   have passed; at once, within this call, when it is final already. Costs no thread.
   Never null. Owner frees it with engine_wait_end. Any thread. */
struct engine_wait *engine_wait_task(struct engine *engine, uint64_t actor,
                                     uint64_t sequence, int64_t timeout_ms,
                                     engine_wake_fn *wake, void *context);
/* Calls `wake` once, at the next change of anything shown of the actor after
   `changes` (of actor_info); at once when that is past. */
struct engine_wait *engine_wait_change(struct engine *engine, uint64_t actor,
                                       uint64_t changes, engine_wake_fn *wake,
                                       void *context);
/* The same, and TIMEOUT when `timeout_ms` (0: none) have passed. */
struct engine_wait *engine_wait_change_until(struct engine *engine, uint64_t actor,
                                             uint64_t changes, int64_t timeout_ms,
                                             engine_wake_fn *wake, void *context);
/* Ends the wait and frees it. When it returns, `wake` was called, or is not and never
   will be; true in the second case. May be called from within `wake`. */
bool engine_wait_end(struct engine_wait *wait);

#endif
