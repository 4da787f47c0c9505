/* SPDX-License-Identifier: MIT */
/*
 * A hash table with open addressing, and the rules by which an operation changes what
 * is certain and what is possible. A word without an answer is its writer's last one of
 * the round, so that of its effects there are never more than two possible.
 */
#include "tests/crash/ledger.h"

#include <stdlib.h>
#include <string.h>

void ledger_open(struct ledger *ledger, int actor)
{
    *ledger = (struct ledger){
        .actor = actor, .may_be_running = true, .mode = 0644, .possible_mode = 0644};
    ledger->capacity = 1024;
    ledger->records = memory_take_zeroed(ledger->capacity, sizeof *ledger->records);
}

void ledger_close(struct ledger *ledger)
{
    free(ledger->records);
    free(ledger->state_writes);
    bytes_free(&ledger->log);
    bytes_free(&ledger->state);
    *ledger = (struct ledger){0};
}

static struct record *slot_of(const struct ledger *ledger, char space, uint32_t index,
                              uint32_t line)
{
    uint64_t state = (uint64_t)space << 48 ^ (uint64_t)line << 32 ^ index;
    size_t at = random_next(&state) & (ledger->capacity - 1);
    for (;; at = (at + 1) & (ledger->capacity - 1)) {
        struct record *record = &ledger->records[at];
        if (!record->in_use ||
            (record->space == space && record->index == index && record->line == line))
            return record;
    }
}

struct record *ledger_find(const struct ledger *ledger, char space, uint32_t index,
                           uint32_t line)
{
    struct record *record = slot_of(ledger, space, index, line);
    return record->in_use ? record : NULL;
}

static void grow(struct ledger *ledger)
{
    struct record *old = ledger->records;
    size_t old_capacity = ledger->capacity;
    ledger->capacity *= 2;
    ledger->records = memory_take_zeroed(ledger->capacity, sizeof *ledger->records);
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].in_use)
            *slot_of(ledger, old[i].space, old[i].index, old[i].line) = old[i];
    free(old);
}

/* Made when it is missing; valid until the next call. */
static struct record *record_of(struct ledger *ledger, char space, uint32_t index,
                                uint32_t line)
{
    if (2 * ledger->count >= ledger->capacity)
        grow(ledger);
    struct record *record = slot_of(ledger, space, index, line);
    if (!record->in_use) {
        *record = (struct record){.space = space,
                                  .index = index,
                                  .line = line,
                                  .in_use = true,
                                  .first_begin_ns = NEVER_NS,
                                  .first_end_ns = NEVER_NS,
                                  .result = -1,
                                  .read = -1};
        ledger->count++;
    }
    return record;
}

struct record *ledger_pick(const struct ledger *ledger, uint64_t *random,
                           bool (*accepts)(const struct record *record))
{
    for (int look = 0; look < 64; look++) {
        struct record *record =
            &ledger->records[random_next(random) & (ledger->capacity - 1)];
        if (record->in_use && accepts(record))
            return record;
    }
    return NULL;
}

static void lead_to(struct record *record, enum key_state state, const struct op *op)
{
    record->possible_state = state;
    if (op->answer == ANSWER_DONE)
        record->state = state;
}

static void note_message(struct ledger *ledger, const struct op *op, uint32_t line)
{
    struct record *record = record_of(ledger, op->space, op->index, line);
    if (op->begin_ns < record->first_begin_ns) {
        record->first_begin_ns = op->begin_ns;
        record->first_begin_wall_ms = op->begin_wall_ms;
    }
    if (op->answer == ANSWER_DONE && op->end_ns < record->first_end_ns)
        record->first_end_ns = op->end_ns;
    if (record->state == KEY_UNKNOWN)
        lead_to(record, op->space == 'c' ? KEY_WAITING : KEY_RUNNABLE, op);
    record->epoch = op->epoch;
}

static void note_word(struct ledger *ledger, const struct op *op)
{
    struct record *record = record_of(ledger, op->space, op->index, 1);
    lead_to(record,
            op->kind == OP_CANCEL  ? KEY_CANCELED
            : op->kind == OP_RETRY ? KEY_RUNNABLE
                                   : KEY_UNKNOWN,
            op);
}

static void note_state(struct ledger *ledger, const struct op *op)
{
    size_t count = ledger->state_write_count++;
    ledger->state_writes = memory_resize(
        ledger->state_writes, ledger->state_write_count * sizeof *ledger->state_writes);
    ledger->state_writes[count] = (struct state_write){
        .lineage = op->value,
        .begin_ns = op->begin_ns,
        .end_ns = op->answer == ANSWER_DONE ? op->end_ns : NEVER_NS};
}

static void note_suspension(struct ledger *ledger, const struct op *op)
{
    bool suspends = op->kind == OP_SUSPEND;
    if (op->answer == ANSWER_DONE) {
        ledger->may_be_suspended = suspends;
        ledger->may_be_running = !suspends;
        ledger->suspended_since_ns = op->end_ns;
    } else {
        ledger->may_be_suspended |= suspends;
        ledger->may_be_running |= !suspends;
    }
}

static void note_read(struct ledger *ledger, const struct op *op)
{
    if (op->answer == ANSWER_DONE)
        record_of(ledger, op->space, op->index, 1)->read = op->value;
}

void ledger_note(struct ledger *ledger, const struct op *op)
{
    if (op->answer == ANSWER_REFUSED || op->kind == OP_CONFLICT)
        return;
    switch (op->kind) {
    case OP_SEND:
        for (uint32_t line = 1; line <= key_lines(op->space, op->index); line++)
            note_message(ledger, op, line);
        break;
    case OP_KEYLESS:
        ledger->keyless_possible++;
        ledger->keyless_certain += op->answer == ANSWER_DONE;
        break;
    case OP_STATE:
        note_state(ledger, op);
        break;
    case OP_SUSPEND:
    case OP_RESUME:
        note_suspension(ledger, op);
        break;
    case OP_CANCEL:
    case OP_RETRY:
    case OP_FORGET:
        note_word(ledger, op);
        break;
    case OP_CHMOD:
        ledger->possible_mode = op->index;
        if (op->answer == ANSWER_DONE)
            ledger->mode = op->index;
        break;
    case OP_READ:
        note_read(ledger, op);
        break;
    case OP_CONFLICT:
    case OP_MAKE:
    case OP_REMOVE:
        break;
    }
}
