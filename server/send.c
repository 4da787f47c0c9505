/* SPDX-License-Identifier: MIT */
/*
 * What is sent is judged by the outbox's own reader before it is appended: a wrong path
 * fails the command, where the program sees it, and not the whole turn later. One write
 * with O_APPEND, so that commands side by side do not mix their lines.
 */
#include "server/send.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/limits.h"
#include "common/behavior/outbox.h"

#define READ_BYTES (64u << 10)

static enum status fail(struct bytes *message, const char *what)
{
    bytes_format(message, "%s: %s", what, strerror(errno));
    return STATUS_IO;
}

static enum status read_all(int input, struct bytes *text, struct bytes *message)
{
    for (;;) {
        ssize_t got = TEMP_FAILURE_RETRY(
            read(input, bytes_reserve(text, READ_BYTES), READ_BYTES));
        if (got < 0)
            return fail(message, "standard input");
        if (got == 0)
            return STATUS_OK;
        text->size += (size_t)got;
        if (text->size > MESSAGE_BYTES_CEILING) {
            bytes_format(message, "a message has %u MiB at most",
                         MESSAGE_BYTES_CEILING >> 20);
            return STATUS_TOO_LARGE;
        }
    }
}

/* A write cut short has left half a line: the turn must not go on as if it were whole.
 */
static enum status append_line(const char *outbox, struct view line,
                               struct bytes *message)
{
    int file = open(outbox, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (file < 0)
        return fail(message, outbox);
    ssize_t written = TEMP_FAILURE_RETRY(write(file, line.data, line.size));
    enum status status = STATUS_OK;
    if (written != (ssize_t)line.size) {
        errno = written < 0 ? errno : ENOSPC;
        status = fail(message, outbox);
    }
    if (close(file) != 0 && !status)
        status = fail(message, outbox);
    return status;
}

enum status send_append(const char *outbox, const char *path, int input,
                        struct bytes *message)
{
    BYTES_AUTO(text);
    BYTES_AUTO(line);
    BYTES_AUTO(why);
    enum status status = read_all(input, &text, message);
    if (status)
        return status;
    status = outbox_check(view_text(path), view_bytes(&text), &why);
    if (status) {
        bytes_format(message, "%s: %.*s", path, (int)why.size, why.data);
        return status;
    }
    outbox_frame(&line, view_text(path), view_bytes(&text));
    return append_line(outbox, view_bytes(&line), message);
}

int send_run(const char *path)
{
    BYTES_AUTO(message);
    const char *outbox = getenv("ACTOR_OUTBOX");
    enum status status = STATUS_INVALID;
    if (outbox)
        status = send_append(outbox, path, STDIN_FILENO, &message);
    else
        bytes_append_text(&message,
                          "it works within a turn, where ACTOR_OUTBOX is set; from "
                          "outside write to the actor's tasks on the mount");
    if (status)
        fprintf(stderr, "actorfs: send: %.*s\n", (int)message.size, message.data);
    return status ? EXIT_FAILURE : EXIT_SUCCESS;
}
