/* SPDX-License-Identifier: MIT */
/*
 * Reads what an actor shows: log, mailbox, state and status as of one moment, and the
 * lines by which the log has grown since the last audit.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/crash/audit_internal.h"
#include "tests/support/mounted.h"

const char *audit_path(const struct audit *audit, const struct ledger *ledger,
                       const char *file)
{
    static char path[512];
    char name[64];
    actor_name(audit->generation, ledger->actor, name, sizeof name);
    snprintf(path, sizeof path, "%s/%s/%s", audit->actors_path, name, file);
    return path;
}

void audit_read(struct audit *audit, const struct ledger *ledger, const char *file,
                struct bytes *out)
{
    bytes_clear(out);
    int error = file_read(audit_path(audit, ledger, file), out);
    if (error != 0)
        audit_fault(audit, ledger, "reading %s: %s", file, strerror(error));
}

bool shown_line_is(const struct bytes *status, const char *key, const char *value)
{
    BYTES_AUTO(found);
    return line_value(view_bytes(status), key, &found) &&
           view_equal(view_bytes(&found), view_text(value));
}

/* Reads log, mailbox and state until no turn came between. */
static void take_snapshot(struct audit *audit, const struct ledger *ledger,
                          struct shown *shown)
{
    BYTES_AUTO(again);
    do {
        audit_read(audit, ledger, "log", &shown->log);
        audit_read(audit, ledger, "mailbox", &shown->mailbox);
        audit_read(audit, ledger, "state", &shown->state);
        audit_read(audit, ledger, "status", &shown->status);
        audit_read(audit, ledger, "log", &again);
    } while (!view_equal(view_bytes(&again), view_bytes(&shown->log)) &&
             audit->faults == 0);
}

size_t shown_split(char *line, char **fields, size_t max)
{
    size_t count = 0;
    for (char *field = strsep(&line, "\t"); field != NULL && count < max;
         field = strsep(&line, "\t"))
        fields[count++] = field;
    return count;
}

static bool parse_line(char *text, struct line *line)
{
    char *fields[8];
    if (shown_split(text, fields, 8) != 7 ||
        !clock_parse(view_text(fields[0]), &line->time_ms))
        return false;
    line->sequence = strtoull(fields[1], NULL, 10);
    snprintf(line->outcome, sizeof line->outcome, "%s", fields[2]);
    snprintf(line->key, sizeof line->key, "%s", fields[5]);
    return true;
}

/* The lines that the log has grown by. */
static void parse_log(struct audit *audit, struct ledger *ledger, struct shown *shown)
{
    struct view before = view_bytes(&ledger->log), now = view_bytes(&shown->log);
    if (now.size < before.size || !view_equal(view_of(now.data, before.size), before)) {
        audit_fault(audit, ledger, "the log lost what it had");
        return;
    }
    char *text = memory_text(view_of(now.data + before.size, now.size - before.size));
    char *rest = text;
    for (char *next = strsep(&rest, "\n"); rest != NULL; next = strsep(&rest, "\n")) {
        shown->lines =
            memory_resize(shown->lines, (shown->line_count + 1) * sizeof *shown->lines);
        struct line *line = &shown->lines[shown->line_count];
        *line = (struct line){0};
        if (parse_line(next, line))
            shown->line_count++;
        else
            audit_fault(audit, ledger, "a log line that is none");
    }
    free(text);
}

void shown_read(struct audit *audit, struct ledger *ledger, struct shown *shown)
{
    *shown = (struct shown){0};
    take_snapshot(audit, ledger, shown);
    shown->suspended = shown_line_is(&shown->status, "activity", "suspended");
    parse_log(audit, ledger, shown);
}

void shown_free(struct shown *shown)
{
    free(shown->lines);
    bytes_free(&shown->log);
    bytes_free(&shown->mailbox);
    bytes_free(&shown->state);
    bytes_free(&shown->status);
}
