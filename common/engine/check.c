/* SPDX-License-Identifier: MIT */
/*
 * Whether the store agrees with itself: what an actor's record counts is what its
 * tables hold. Works beside a running daemon, an actor at a time, each from one
 * snapshot.
 */
#include "common/engine/engine.h"

#include <inttypes.h>

#include "common/engine/core.h"

struct check {
    struct engine *engine;
    struct index_snapshot snapshot;
    struct actor_record record;
    struct actor_counts found; /* of unfinished tasks */
    uint64_t log_lines, log_bytes;
    struct bytes *out;
    uint64_t faults;
};

static void fault(struct check *check, const char *what, uint64_t says, uint64_t is)
{
    check->faults++;
    append_column(check->out, view_text(check->record.name));
    bytes_format(check->out,
                 "\t%s: the actor's record says %" PRIu64 ", there are %" PRIu64 "\n",
                 what, says, is);
}

static void expect(struct check *check, const char *what, uint64_t says, uint64_t is)
{
    if (says != is)
        fault(check, what, says, is);
}

static void check_task(struct check *check, uint64_t number,
                       const struct task_record *task)
{
    struct text_key name;
    struct view value;
    uint8_t fingerprint[16];
    uint64_t actor = check->record.head.id;
    check->found.mailbox_bytes += task->message.size;
    if (task->head.state == TASK_DELAYED)
        check->found.delayed++;
    else if (task_is_deferred(&check->record.head, &task->head))
        check->found.deferred++;
    else
        check->found.pending++;
    expect(check, "sequence number of a task", number, task->head.sequence);
    engine_fingerprint(task->message, fingerprint);
    if (memcmp(fingerprint, task->head.fingerprint, sizeof fingerprint) != 0)
        fault(check, "fingerprint of task", task->head.sequence, 0);
    if (task->head.flags & TASK_KEYED &&
        !index_get(&check->snapshot, TABLE_KEYS, text_key(&name, actor, task->key),
                   &value))
        fault(check, "receipt of task", task->head.sequence, 0);
}

static bool check_live(void *context, uint64_t number, struct view packed)
{
    struct check *check = context;
    struct task_record task;
    uint64_t sequence;
    bool forward = forward_unpack(packed, &sequence);
    if (task_at_place(&check->snapshot, check->record.head.id, number, packed, &task))
        check_task(check, forward ? sequence : number, &task);
    else if (forward)
        fault(check, "task of a forward", sequence, 0);
    else if (!task_unpack(packed, &task))
        fault(check, "readable task", number, 0);
    return true;
}

static bool check_line(void *context, uint64_t number, struct view packed)
{
    struct check *check = context;
    struct log_record line;
    if (!log_record_unpack(packed, &line))
        fault(check, "readable log line", number, 0);
    else
        check->log_bytes += line.line.size;
    check->log_lines++;
    return true;
}

static void check_names(struct check *check)
{
    struct view id;
    bool named =
        index_get(&check->snapshot, TABLE_NAMES, view_text(check->record.name), &id) &&
        number_from_key(id.data) == check->record.head.id;
    expect(check, "entry of its name", 1, named);
}

static void check_state(struct check *check)
{
    struct pair_key key;
    struct view state = {0};
    index_get(&check->snapshot, TABLE_STATES, single_key(&key, check->record.head.id),
              &state);
    expect(check, "state-bytes", check->record.head.state_bytes, state.size);
}

static void check_actor(struct check *check)
{
    const struct actor_head *head = &check->record.head;
    check->found = (struct actor_counts){0};
    check->log_lines = check->log_bytes = 0;
    index_scan(&check->snapshot, TABLE_LIVE, head->id, 1, head->next_slot, check_live,
               check);
    index_scan(&check->snapshot, TABLE_LOG, head->id, head->log_first, head->log_next,
               check_line, check);
    expect(check, "pending", head->counts.pending, check->found.pending);
    expect(check, "delayed", head->counts.delayed, check->found.delayed);
    expect(check, "deferred", head->counts.deferred, check->found.deferred);
    expect(check, "mailbox-bytes", head->counts.mailbox_bytes,
           check->found.mailbox_bytes);
    expect(check, "lines of log", head->log_next - head->log_first, check->log_lines);
    expect(check, "bytes of log", head->log_bytes, check->log_bytes);
    check_names(check);
    check_state(check);
}

static bool check_one(void *context, const struct actor_info *info)
{
    struct check *check = context;
    index_snapshot_begin(check->engine->index, &check->snapshot);
    if (actor_record_find(&check->snapshot, info->id, &check->record))
        check_actor(check);
    index_snapshot_end(&check->snapshot);
    return true;
}

/* A power failure may tear the end of the journal, behind all that was acknowledged: no
   fault, but whoever looks for one should know. */
static void check_journal(struct check *check)
{
    struct journal_found found = journal_found(check->engine->journal);
    if (found.is_missing) {
        check->faults++;
        bytes_append_text(check->out, "journal\tits files are gone; what was sent last "
                                      "may be lost\n");
    } else if (found.is_torn || found.is_cut_off) {
        bytes_append_text(check->out, "journal\tnote: its end was torn at the opening, "
                                      "as a power failure leaves it\n");
    }
}

uint64_t engine_check(struct engine *engine, struct bytes *out)
{
    struct check check = {.engine = engine, .out = out};
    check_journal(&check);
    engine_list(engine, 0, check_one, &check);
    return check.faults;
}
