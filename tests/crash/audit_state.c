/* SPDX-License-Identifier: MIT */
/*
 * Whether states follow from messages sent. A counter's result is the sum so far, so
 * the log's lines in order, with the value that each key has, predict every result but
 * for state writes, which start a new lineage: a multiple of LINEAGE that no other
 * write has. A result in the lineage of the one before must be its sum plus what was
 * added since; one in a new lineage must be that plus some of the last values. A
 * lineage is used once, and not by a message begun after another write that came
 * certainly later was acknowledged.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/crash/audit_internal.h"

struct chain {
    int64_t sum;   /* the last that was seen */
    int64_t *tail; /* values added since */
    size_t tail_count;
};

static const struct state_write *find_write(const struct ledger *ledger,
                                            int64_t lineage)
{
    for (size_t i = 0; i < ledger->state_write_count; i++)
        if (ledger->state_writes[i].lineage == lineage)
            return &ledger->state_writes[i];
    return NULL;
}

/* Whether a turn begun at `begin_ns` may still have seen that lineage: no write came
   certainly after it and was acknowledged before the turn was asked for. */
static bool may_be_seen(const struct ledger *ledger, int64_t lineage, int64_t begin_ns)
{
    const struct state_write *seen = find_write(ledger, lineage);
    int64_t end_ns = seen != NULL ? seen->end_ns : 0;
    for (size_t i = 0; i < ledger->state_write_count; i++) {
        const struct state_write *other = &ledger->state_writes[i];
        if (other->begin_ns > end_ns && other->end_ns < begin_ns)
            return false;
    }
    return true;
}

static int64_t sum_of_tail(const struct chain *chain)
{
    int64_t sum = 0;
    for (size_t i = 0; i < chain->tail_count; i++)
        sum += chain->tail[i];
    return sum;
}

/* Whether `rest` is what the last so many values come to, at least `least` of them. */
static bool is_sum_of_last(const struct chain *chain, int64_t rest, size_t least)
{
    int64_t sum = 0;
    for (size_t count = 0; count <= chain->tail_count; count++) {
        if (count > 0)
            sum += chain->tail[chain->tail_count - count];
        if (count >= least && sum == rest)
            return true;
    }
    return false;
}

static void check_sum(struct audit *audit, struct ledger *ledger, struct chain *chain,
                      int64_t sum, int64_t begin_ns, size_t least, const char *what)
{
    int64_t lineage = sum / LINEAGE;
    bool follows = lineage == chain->sum / LINEAGE
                       ? sum == chain->sum + sum_of_tail(chain)
                       : find_write(ledger, lineage) != NULL &&
                             is_sum_of_last(chain, sum % LINEAGE, least);
    if (!follows)
        audit_fault(
            audit, ledger, "%s is %lld, which does not follow from %lld and %lld", what,
            (long long)sum, (long long)chain->sum, (long long)sum_of_tail(chain));
    if (!may_be_seen(ledger, lineage, begin_ns))
        audit_fault(audit, ledger, "%s is %lld, which a later state write replaced",
                    what, (long long)sum);
    chain->sum = sum;
    chain->tail_count = 0;
}

static void follow_line(struct audit *audit, struct ledger *ledger, struct chain *chain,
                        const struct line *line)
{
    const struct record *record = NULL;
    if (strcmp(line->outcome, "done") != 0)
        return;
    int64_t value = KEYLESS_VALUE;
    if (line->space != 0) {
        value = key_value(ledger->actor, line->space, line->index, line->number);
        record = ledger_find(ledger, line->space, line->index, line->number);
    }
    chain->tail[chain->tail_count++] = value;
    if (record != NULL && record->result >= 0 && line->space != 'f')
        check_sum(audit, ledger, chain, record->result, record->first_begin_ns, 1,
                  line->key);
}

static int64_t number_of(const struct bytes *state)
{
    char *text = memory_text(view_bytes(state));
    int64_t number = strtoll(text, NULL, 10);
    free(text);
    return number;
}

static void check_counter(struct audit *audit, struct ledger *ledger,
                          const struct shown *shown)
{
    struct chain chain = {.sum = ledger->sum};
    chain.tail = memory_take((shown->line_count + 1) * sizeof *chain.tail);
    for (size_t i = 0; i < shown->line_count; i++)
        follow_line(audit, ledger, &chain, &shown->lines[i]);
    check_sum(audit, ledger, &chain, number_of(&shown->state), clock_now_ns(), 0,
              "the state");
    ledger->sum = chain.sum;
    free(chain.tail);
}

static const struct line *last_done(const struct shown *shown)
{
    for (size_t i = shown->line_count; i > 0; i--)
        if (strcmp(shown->lines[i - 1].outcome, "done") == 0)
            return &shown->lines[i - 1];
    return NULL;
}

/* Whether the state is the message of that line. */
static bool is_message_of(const struct ledger *ledger, const struct line *line,
                          struct view state)
{
    BYTES_AUTO(message);
    if (line->space == 0) {
        bytes_format(&message, "%d\n", KEYLESS_VALUE);
    } else {
        const struct record *record =
            ledger_find(ledger, line->space, line->index, line->number);
        key_message(&message, ledger->actor, line->space, line->index, line->number,
                    record != NULL ? record->epoch : 0);
    }
    return view_equal(view_bytes(&message), state);
}

/* A key that was sent anew with other bytes leaves its last epoch open. */
static bool is_of_forgotten(const struct line *line, struct view state)
{
    char prefix[64];
    snprintf(prefix, sizeof prefix, " f%u ", line->index);
    return line->space == 'f' && memmem(state.data, state.size, prefix, strlen(prefix));
}

static void check_keep(struct audit *audit, struct ledger *ledger,
                       const struct shown *shown)
{
    struct view state = view_bytes(&shown->state);
    const struct line *last = last_done(shown);
    int64_t number = number_of(&shown->state);
    bool acknowledged = false;
    for (size_t i = 0; i < ledger->state_write_count; i++)
        acknowledged |= ledger->state_writes[i].end_ns != NEVER_NS;
    bool follows = number >= LINEAGE
                       ? find_write(ledger, number / LINEAGE) != NULL &&
                             may_be_seen(ledger, number / LINEAGE, clock_now_ns())
                       : last != NULL && (is_message_of(ledger, last, state) ||
                                          is_of_forgotten(last, state));
    bool is_unchanged =
        last == NULL && !acknowledged && view_equal(state, view_bytes(&ledger->state));
    if (!follows && !is_unchanged)
        audit_fault(audit, ledger, "the state follows from nothing: %.*s",
                    state.size < 100 ? (int)state.size : 100, state.data);
    bytes_clear(&ledger->state);
    bytes_append(&ledger->state, state);
}

void audit_state(struct audit *audit, struct ledger *ledger, const struct shown *shown)
{
    switch (actor_behavior(ledger->actor)) {
    case BEHAVIOR_COUNTER:
        check_counter(audit, ledger, shown);
        break;
    case BEHAVIOR_KEEP:
        check_keep(audit, ledger, shown);
        break;
    case BEHAVIOR_ECHO:
        if (shown->state.size != 0)
            audit_fault(audit, ledger, "echo has a state");
        break;
    }
}
