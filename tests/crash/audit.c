/* SPDX-License-Identifier: MIT */
/*
 * The promise, checked from outside. For each actor:
 *   - what was acknowledged is there: finished, or waiting with a reason to;
 *   - nothing is there that nobody sent, and what an audit did not see may not come up
 *     later unless it is sent again;
 *   - the lines of one bulk write are there together or not at all;
 *   - no task is finished twice, and none changes its number;
 *   - tasks were accepted in an order that contradicts no clock, and were handled in
 *     the order in which they were accepted; delayed ones not before their time;
 *   - an actor that was certainly suspended handled nothing;
 *   - outcomes are what the behavior makes of the message, and stay so; those of a
 *     counter are the sums that its log implies, with state writes in between, each
 *     used once and not after a later one was acknowledged (audit_record.c,
 *     audit_state.c);
 *   - the log only grows at its end.
 */
#include "tests/crash/audit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/crash/audit_internal.h"
#include "tests/crash/writer.h"
#include "tests/support/mounted.h"

#define QUIET_MS 60000

void audit_fault(struct audit *audit, const struct ledger *ledger, const char *format,
                 ...)
{
    char name[64] = "";
    va_list arguments;
    if (audit->faults++ > 20)
        return;
    if (ledger != NULL)
        actor_name(audit->generation, ledger->actor, name, sizeof name);
    fprintf(stderr, "FAULT %s: ", name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
}

static bool is_quiet(struct audit *audit, const struct ledger *ledger)
{
    BYTES_AUTO(status);
    audit_read(audit, ledger, "status", &status);
    return shown_line_is(&status, "activity", "suspended") ||
           (shown_line_is(&status, "pending", "0") &&
            shown_line_is(&status, "running", "0"));
}

void audit_wait(struct audit *audit, struct ledger *ledgers)
{
    long long deadline = now_ms() + QUIET_MS;
    for (int i = 0; i < ACTORS && audit->faults == 0; i++) {
        while (!is_quiet(audit, &ledgers[i]) && audit->faults == 0) {
            if (now_ms() > deadline)
                audit_fault(audit, &ledgers[i], "does not come to rest");
            poll_pause();
        }
    }
}

/* -------------------------------------------------------------- finished tasks --- */

static bool is_in_order(char space)
{
    return strchr("krmbx", space) != NULL;
}

static void check_order_of_turns(struct audit *audit, struct ledger *ledger,
                                 const struct line *line)
{
    if (line->sequence <= ledger->last_in_order)
        audit_fault(audit, ledger, "%s (%llu) was handled after %llu", line->key,
                    (unsigned long long)line->sequence,
                    (unsigned long long)ledger->last_in_order);
    ledger->last_in_order = line->sequence;
}

static void check_sequence(struct audit *audit, struct ledger *ledger,
                           struct record *record, uint64_t sequence)
{
    if (record->sequence != 0 && record->sequence != sequence)
        audit_fault(audit, ledger, "%c%u~%u changed its number", record->space,
                    record->index, record->line);
    record->sequence = sequence;
}

static void check_finished(struct audit *audit, struct ledger *ledger,
                           struct record *record, const struct line *line)
{
    bool fails =
        record->space == 'b' && actor_behavior(ledger->actor) == BEHAVIOR_COUNTER;
    int64_t due_ms =
        record->first_begin_wall_ms + key_delay_ms(record->space, record->index);
    if (record->is_finished)
        audit_fault(audit, ledger, "%s was handled twice", line->key);
    if (strcmp(line->outcome, fails ? "failed" : "done") != 0)
        audit_fault(audit, ledger, "%s is %s", line->key, line->outcome);
    if (record->space == 'd' && line->time_ms + 2 < due_ms)
        audit_fault(audit, ledger, "%s was handled %lld ms too early", line->key,
                    (long long)(due_ms - line->time_ms));
    if (!ledger->may_be_running && record->first_begin_ns > ledger->suspended_since_ns)
        audit_fault(audit, ledger, "%s was handled while suspended", line->key);
    check_sequence(audit, ledger, record, line->sequence);
    record->is_finished = true;
    audit->tasks++;
}

static void note_line(struct audit *audit, struct ledger *ledger, struct shown *shown,
                      struct line *line)
{
    if (line->key[0] == '.') {
        shown->keyless_finished++;
        check_order_of_turns(audit, ledger, line);
        if (strcmp(line->outcome, "done") != 0)
            audit_fault(audit, ledger, "%s is %s", line->key, line->outcome);
        return;
    }
    struct record *record = NULL;
    if (key_parse(line->key, &line->space, &line->index, &line->number))
        record = ledger_find(ledger, line->space, line->index, line->number);
    if (record == NULL || record->first_begin_ns == NEVER_NS) {
        audit_fault(audit, ledger, "nobody sent %s", line->key);
        return;
    }
    if (is_in_order(line->space))
        check_order_of_turns(audit, ledger, line);
    if (line->space != 'c' && line->space != 'f')
        check_finished(audit, ledger, record, line);
}

/* ------------------------------------------------------------ unfinished tasks --- */

static bool is_final(const char *state)
{
    return strcmp(state, "done") == 0 || strcmp(state, "failed") == 0 ||
           strcmp(state, "canceled") == 0;
}

static void note_waiting(struct audit *audit, struct ledger *ledger,
                         struct shown *shown, char **fields)
{
    char space;
    uint32_t index, line;
    struct record *record = NULL;
    shown->waiting_count++;
    if (fields[5][0] == '.') {
        shown->keyless_waiting++;
        return;
    }
    if (key_parse(fields[5], &space, &index, &line))
        record = ledger_find(ledger, space, index, line);
    if (record == NULL || record->first_begin_ns == NEVER_NS) {
        audit_fault(audit, ledger, "nobody sent %s, which waits", fields[5]);
        return;
    }
    record->seen_waiting = audit->number;
    if (space == 'c' || space == 'f')
        return;
    check_sequence(audit, ledger, record, strtoull(fields[0], NULL, 10));
    if (record->is_finished)
        audit_fault(audit, ledger, "%s is finished and waits", fields[5]);
}

static void parse_mailbox(struct audit *audit, struct ledger *ledger,
                          struct shown *shown)
{
    char *text = memory_text(view_bytes(&shown->mailbox)), *rest = text, *fields[8];
    for (char *line = strsep(&rest, "\n"); rest != NULL; line = strsep(&rest, "\n")) {
        if (shown_split(line, fields, 8) != 6)
            audit_fault(audit, ledger, "a mailbox line that is none");
        else if (!is_final(fields[1]))
            note_waiting(audit, ledger, shown, fields);
    }
    free(text);
}

/* --------------------------------------------------------- order of acceptance --- */

static int compare_sequences(const void *left, const void *right)
{
    const struct record *const *a = left, *const *b = right;
    return ((*a)->sequence > (*b)->sequence) - ((*a)->sequence < (*b)->sequence);
}

static size_t collect_new(const struct ledger *ledger, const struct record **news)
{
    size_t count = 0;
    for (size_t i = 0; i < ledger->capacity; i++) {
        const struct record *record = &ledger->records[i];
        if (record->in_use && record->is_new && record->sequence != 0)
            news[count++] = record;
    }
    qsort(news, count, sizeof *news, compare_sequences);
    return count;
}

/* Numbers must not contradict the clock: what was acknowledged before another was begun
   has the smaller one. */
static void check_order_of_acceptance(struct audit *audit, struct ledger *ledger)
{
    const struct record **news = memory_take((ledger->count + 1) * sizeof *news);
    size_t count = collect_new(ledger, news);
    int64_t latest_begin = 0;
    for (size_t i = 0; i < count; i++) {
        const struct record *record = news[i];
        if (record->sequence <= ledger->last_sequence)
            audit_fault(audit, ledger, "%c%u has a number that was given before",
                        record->space, record->index);
        if (i > 0 && record->sequence == news[i - 1]->sequence)
            audit_fault(audit, ledger, "two tasks have the number %llu",
                        (unsigned long long)record->sequence);
        if (record->first_end_ns < latest_begin)
            audit_fault(audit, ledger, "%c%u was accepted after a later one",
                        record->space, record->index);
        if (record->first_begin_ns > latest_begin)
            latest_begin = record->first_begin_ns;
    }
    if (count > 0)
        ledger->last_sequence = news[count - 1]->sequence;
    free(news);
}

/* ------------------------------------------------------------------- the actor --- */

static void check_keyless(struct audit *audit, struct ledger *ledger,
                          const struct shown *shown)
{
    ledger->keyless_finished += shown->keyless_finished;
    uint64_t now = ledger->keyless_finished + shown->keyless_waiting;
    if (shown->waiting_count >= SHOWN_UNFINISHED)
        return;
    if (now < ledger->keyless_seen + ledger->keyless_certain ||
        now > ledger->keyless_seen + ledger->keyless_possible)
        audit_fault(
            audit, ledger, "%llu tasks without a key, not %llu to %llu",
            (unsigned long long)now,
            (unsigned long long)(ledger->keyless_seen + ledger->keyless_certain),
            (unsigned long long)(ledger->keyless_seen + ledger->keyless_possible));
    ledger->keyless_seen = now;
    ledger->keyless_certain = ledger->keyless_possible = 0;
}

static void check_activity(struct audit *audit, struct ledger *ledger,
                           const struct shown *shown)
{
    if (shown->suspended ? !ledger->may_be_suspended : !ledger->may_be_running)
        audit_fault(audit, ledger, "is %ssuspended", shown->suspended ? "" : "not ");
    ledger->may_be_suspended = shown->suspended;
    ledger->may_be_running = !shown->suspended;
    ledger->suspended_since_ns = clock_now_ns();
}

static void check_mode(struct audit *audit, struct ledger *ledger)
{
    struct stat attributes = {0};
    if (stat(audit_path(audit, ledger, "tasks"), &attributes) != 0)
        audit_fault(audit, ledger, "stat: %s", strerror(errno));
    uint32_t mode = attributes.st_mode & 0777;
    if (mode != ledger->mode && mode != ledger->possible_mode)
        audit_fault(audit, ledger, "mode %o, not %o or %o", mode, ledger->mode,
                    ledger->possible_mode);
    ledger->mode = ledger->possible_mode = mode;
}

void audit_actor(struct audit *audit, struct ledger *ledger)
{
    struct shown shown;
    shown_read(audit, ledger, &shown);
    for (size_t i = 0; i < shown.line_count; i++)
        note_line(audit, ledger, &shown, &shown.lines[i]);
    parse_mailbox(audit, ledger, &shown);
    check_activity(audit, ledger, &shown);
    audit_records(audit, ledger, &shown);
    check_order_of_acceptance(audit, ledger);
    check_keyless(audit, ledger, &shown);
    check_mode(audit, ledger);
    audit_state(audit, ledger, &shown);
    bytes_clear(&ledger->log);
    bytes_append(&ledger->log, view_bytes(&shown.log));
    ledger->state_write_count = 0;
    shown_free(&shown);
}

/* -------------------------------------------------------------- private actors --- */

/* What the writer's actors must or may be, by its operations of the round. */
struct private_fate {
    bool must[PRIVATE_ACTORS], may[PRIVATE_ACTORS];
};

static struct private_fate private_fate(const struct round *round, int writer)
{
    struct private_fate fate = {{0}, {0}};
    for (uint32_t i = 0; i < round->op_count[writer]; i++) {
        const struct op *op = &round->ops[writer][i];
        if (op->kind != OP_MAKE && op->kind != OP_REMOVE)
            continue;
        fate.may[op->actor] = op->kind == OP_MAKE || op->answer == ANSWER_NONE;
        fate.must[op->actor] = op->kind == OP_MAKE && op->answer == ANSWER_DONE;
    }
    return fate;
}

static void check_private(struct audit *audit, const char *name, bool must, bool may)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", audit->actors_path, name);
    bool exists = access(path, F_OK) == 0;
    if (exists ? !may : must)
        audit_fault(audit, NULL, "%s %s", name, exists ? "is there" : "is gone");
    if (exists && rmdir(path) != 0)
        audit_fault(audit, NULL, "rmdir %s: %s", name, strerror(errno));
}

void audit_private(struct audit *audit, const struct round *round, int round_number)
{
    char name[64];
    for (int writer = 0; writer < WRITERS; writer++) {
        struct private_fate fate = private_fate(round, writer);
        for (int n = 0; n < PRIVATE_ACTORS; n++) {
            private_name(writer, round_number, n, name, sizeof name);
            check_private(audit, name, fate.must[n], fate.may[n]);
        }
    }
}
