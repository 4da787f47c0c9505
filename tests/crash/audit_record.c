/* SPDX-License-Identifier: MIT */
/*
 * The audit of each key: what was acknowledged is there, its outcome is what the
 * behavior makes of the message, and says the same whenever it is read. Results of what
 * finished since the last audit are all read; of older ones, and of messages, a part.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/crash/audit_internal.h"

/* Reads what came of a key, without waiting; errno, or 0. */
static int read_outcome(struct audit *audit, const struct ledger *ledger,
                        const struct record *record, const char *part,
                        struct bytes *out)
{
    char key[64], file[128], buffer[8192];
    key_text(record->space, record->index, record->line, key, sizeof key);
    snprintf(file, sizeof file, "tasks@%s%s", key, part);
    int fd = open(audit_path(audit, ledger, file), O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return errno;
    ssize_t got = 0;
    while ((got = read(fd, buffer, sizeof buffer)) > 0)
        bytes_append(out, view_of(buffer, (size_t)got));
    int error = got < 0 ? errno : 0;
    close(fd);
    return error;
}

static void check_number(struct audit *audit, struct ledger *ledger,
                         struct record *record, const struct bytes *result)
{
    char *text = memory_text(view_bytes(result));
    int64_t number = strtoll(text, NULL, 10);
    free(text);
    if (record->result >= 0 && record->result != number)
        audit_fault(audit, ledger, "%c%u gave %lld, now %lld", record->space,
                    record->index, (long long)record->result, (long long)number);
    if (record->read >= 0 && record->read != number)
        audit_fault(audit, ledger, "%c%u gave a reader %lld, now %lld", record->space,
                    record->index, (long long)record->read, (long long)number);
    record->result = number;
}

static void check_result(struct audit *audit, struct ledger *ledger,
                         struct record *record)
{
    BYTES_AUTO(result);
    BYTES_AUTO(wanted);
    enum behavior_kind behavior = actor_behavior(ledger->actor);
    bool fails = record->space == 'b' && behavior == BEHAVIOR_COUNTER;
    int error = read_outcome(audit, ledger, record, "", &result);
    if (error != (fails ? EREMOTEIO : 0))
        audit_fault(audit, ledger, "%c%u~%u cannot be read: %s", record->space,
                    record->index, record->line, strerror(error));
    else if (behavior == BEHAVIOR_COUNTER && !fails)
        check_number(audit, ledger, record, &result);
    else if (behavior == BEHAVIOR_ECHO)
        key_message(&wanted, ledger->actor, record->space, record->index, record->line,
                    record->epoch);
    if (behavior == BEHAVIOR_ECHO &&
        !view_equal(view_bytes(&result), view_bytes(&wanted)))
        audit_fault(audit, ledger, "%c%u~%u has another result", record->space,
                    record->index, record->line);
}

static void check_message(struct audit *audit, struct ledger *ledger,
                          struct record *record)
{
    BYTES_AUTO(message);
    BYTES_AUTO(wanted);
    int error = read_outcome(audit, ledger, record, ",part=message", &message);
    key_message(&wanted, ledger->actor, record->space, record->index, record->line,
                record->epoch);
    if (error != 0 || !view_equal(view_bytes(&message), view_bytes(&wanted)))
        audit_fault(audit, ledger, "%c%u~%u was sent with other bytes (%s)",
                    record->space, record->index, record->line, strerror(error));
}

/* Keys that only the owner uses: one of at most two states. */
static void check_owned(struct audit *audit, struct ledger *ledger,
                        struct record *record, bool suspended)
{
    BYTES_AUTO(text);
    enum key_state seen = KEY_RUNNABLE;
    int error = read_outcome(audit, ledger, record, "", &text);
    if (error == ENOENT)
        seen = KEY_UNKNOWN;
    else if (error == ECANCELED)
        seen = KEY_CANCELED;
    else if (error == EAGAIN &&
             (record->state == KEY_WAITING || record->possible_state == KEY_WAITING))
        seen = KEY_WAITING;
    else if (error != 0 && error != EAGAIN)
        audit_fault(audit, ledger, "%c%u: %s", record->space, record->index,
                    strerror(error));
    if (seen != record->state && seen != record->possible_state)
        audit_fault(audit, ledger, "%c%u is in state %d, not %d or %d (%s)",
                    record->space, record->index, (int)seen, (int)record->state,
                    (int)record->possible_state, strerror(error));
    if (seen == KEY_RUNNABLE && error == EAGAIN && !suspended)
        audit_fault(audit, ledger, "%c%u is not handled", record->space, record->index);
    record->state = record->possible_state = seen;
    record->result = -1;
    if (seen == KEY_RUNNABLE && error == 0)
        check_result(audit, ledger, record);
}

/* Whether a task that the mailbox may be too long to show is there. */
static bool exists(struct audit *audit, struct ledger *ledger,
                   const struct record *record)
{
    BYTES_AUTO(ignored);
    return read_outcome(audit, ledger, record, "", &ignored) != ENOENT;
}

static void check_record(struct audit *audit, struct ledger *ledger,
                         const struct shown *shown, struct record *record)
{
    bool waits = record->seen_waiting == audit->number;
    bool was_finished = record->result >= 0 || record->is_checked;
    if (!waits && !record->is_finished && shown->waiting_count >= SHOWN_UNFINISHED)
        waits = exists(audit, ledger, record);
    bool is_there = waits || record->is_finished;
    if (!is_there && (record->is_known || record->first_end_ns != NEVER_NS))
        audit_fault(audit, ledger, "%c%u~%u was acknowledged and is gone",
                    record->space, record->index, record->line);
    if (waits && record->space != 'd' && !shown->suspended)
        audit_fault(audit, ledger, "%c%u~%u is not handled", record->space,
                    record->index, record->line);
    record->is_new = is_there && !record->is_known;
    record->is_known = is_there;
    if (!is_there)
        record->first_begin_ns = NEVER_NS;
    if (record->is_finished && (!was_finished || random_below(&audit->random, 20) == 0))
        check_result(audit, ledger, record);
    if (is_there && random_below(&audit->random, 10) == 0)
        check_message(audit, ledger, record);
    record->is_checked = record->is_finished;
}

static void check_bulk(struct audit *audit, struct ledger *ledger,
                       const struct record *record)
{
    uint32_t lines = key_lines(record->space, record->index), there = 0;
    for (uint32_t line = 1; line <= lines; line++) {
        const struct record *other = ledger_find(ledger, 'm', record->index, line);
        there += other != NULL && other->is_known;
    }
    if (there != 0 && there != lines)
        audit_fault(audit, ledger, "of bulk m%u there are %u lines of %u",
                    record->index, there, lines);
}

void audit_records(struct audit *audit, struct ledger *ledger,
                   const struct shown *shown)
{
    for (size_t i = 0; i < ledger->capacity; i++) {
        struct record *record = &ledger->records[i];
        if (!record->in_use)
            continue;
        if (record->space == 'c' || record->space == 'f')
            check_owned(audit, ledger, record, shown->suspended);
        else
            check_record(audit, ledger, shown, record);
    }
    for (size_t i = 0; i < ledger->capacity; i++)
        if (ledger->records[i].in_use && ledger->records[i].space == 'm' &&
            ledger->records[i].line == 1)
            check_bulk(audit, ledger, &ledger->records[i]);
}
