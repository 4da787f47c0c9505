/* SPDX-License-Identifier: MIT */
/*
 * Forms are those of the contract: `key: value` lines, columns separated by tabs, times
 * in RFC 3339 UTC, nothing for what never was.
 */
#include "common/tree/render.h"

#include <inttypes.h>

#define STATUS_BYTES_USUAL 512 /* taken at once rather than doubled up to */

void render_readme(struct bytes *out)
{
    bytes_append_text(
        out,
        "actorfs: a durable mailbox for every entity, used as files.\n"
        "\n"
        "  mkdir actors/user_123                        make an actor\n"
        "  echo latte >> actors/user_123/tasks          send it a message (a line "
        "each)\n"
        "  echo latte >> actors/user_123/tasks@abc123   the same under a key: whoever\n"
        "                                               repeats it gets the same "
        "result\n"
        "  cat actors/user_123/tasks@abc123             wait for the result and print "
        "it\n"
        "  cp order.json actors/user_123/tasks@o-77     a document is one message\n"
        "  cat actors/user_123/state                    what the last turn left\n"
        "  cat actors/user_123/mailbox                  what waits, what was finished\n"
        "  tail -f actors/user_123/log                  a line a finished task\n"
        "  echo suspend >> actors/user_123/status       resume, retry KEY, cancel "
        "KEY,\n"
        "                                               forget KEY, clear, retire, "
        "...\n"
        "  cat attention                                actors that need someone\n"
        "\n"
        "In an actor's folder:\n"
        "  tasks     write: a message to handle later\n"
        "  execute   write: a message to handle now; exec 3<>execute reads the result\n"
        "  state     read and write       status    read; write control words\n"
        "  mailbox   log   result         read\n"
        "  behavior  read and write: what handles the messages; see behaviors\n"
        "\n"
        "Names: tasks@KEY,delay=30s  tasks@,at=2026-12-24T18:00:00Z  "
        "tasks@,timer=NAME\n"
        "In keys / % ? & # , ~ @ and spaces are percent-encoded.\n");
}

/* Labels come with their colon, so that a line is few appends: every stat() of a
   `status` renders it for its size. */

static void end_line(struct bytes *out)
{
    bytes_append(out, view_of("\n", 1));
}

static void line_number(struct bytes *out, const char *label, uint64_t number)
{
    bytes_append_text(out, label);
    bytes_append_number(out, number);
    end_line(out);
}

static void line_text(struct bytes *out, const char *label, const char *text)
{
    bytes_append_text(out, label);
    if (*text) {
        bytes_append(out, view_of(" ", 1));
        append_column(out, view_text(text));
    }
    end_line(out);
}

static void line_time(struct bytes *out, const char *label, int64_t time_ms)
{
    bytes_append_text(out, label);
    if (time_ms) {
        bytes_append(out, view_of(" ", 1));
        clock_format(out, time_ms);
    }
    end_line(out);
}

void render_daemon_status(struct bytes *out, const struct engine_totals *totals)
{
    int64_t up_ms = totals->now_ms - totals->started_ms;
    line_text(out, "version:", ACTORFS_VERSION);
    bytes_format(out, "uptime: %" PRId64 "s\n", up_ms > 0 ? up_ms / 1000 : 0);
    line_number(out, "actors: ", totals->actors);
    line_number(out, "pending: ", totals->pending);
    line_number(out, "delayed: ", totals->delayed);
    line_number(out, "done: ", totals->done);
    line_number(out, "failed: ", totals->failed);
    line_number(out, "canceled: ", totals->canceled);
    line_number(out, "commits: ", totals->commits);
    line_text(out, "journal:", totals->read_only ? "failed: read-only" : "ok");
}

static void render_counts(struct bytes *out, const struct actor_info *info)
{
    line_number(out, "pending: ", info->pending);
    line_number(out, "delayed: ", info->delayed);
    line_number(out, "running: ", info->running);
    line_number(out, "done: ", info->done);
    line_number(out, "failed: ", info->failed);
    line_number(out, "canceled: ", info->canceled);
    line_number(out, "refused: ", info->refused);
    line_number(out, "mailbox-bytes: ", info->mailbox_bytes);
    line_number(out, "state-version: ", info->state_version);
    line_number(out, "state-bytes: ", info->state_bytes);
}

void render_status(struct bytes *out, const struct actor_info *info)
{
    bytes_reserve(out, STATUS_BYTES_USUAL);
    line_text(out, "name:", info->name);
    line_text(out, "behavior:", info->behavior);
    line_text(out, "activity:", activity_text(info->activity));
    render_counts(out, info);
    line_time(out, "created:", info->created_ms);
    line_time(out, "last-turn:", info->last_turn_ms);
    line_text(out, "last-error:", info->last_error);
    line_text(out, "last-refusal:", info->last_refusal);
}

/* SEQ STATE ATTEMPTS ACCEPTED DUE KEY */
void render_task(struct bytes *out, const struct task_info *task)
{
    bytes_append_number(out, task->sequence);
    bytes_append_text(out, "\t");
    bytes_append_text(out, task_state_text(task->state));
    bytes_append_text(out, "\t");
    bytes_append_number(out, task->attempts);
    bytes_append_text(out, "\t");
    clock_format(out, task->accepted_ms);
    bytes_append_text(out, "\t");
    if (task->due_ms)
        clock_format(out, task->due_ms);
    bytes_append_text(out, "\t");
    key_append_encoded(out, &task->key);
    bytes_append_text(out, "\n");
}
