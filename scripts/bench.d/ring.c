/* SPDX-License-Identifier: MIT */
/*
 * The worker of a ring of actors ring_0 ... ring_($RING - 1): a message is how many
 * hops are left, and goes on to the next actor with one less.
 */
#include <stdio.h>
#include <stdlib.h>

#include "scripts/bench.d/worker_lines.h"

static unsigned long ring;

static unsigned long number_after(const char *line, const char *before)
{
    return strtoul(line_after(line, before), NULL, 10);
}

static size_t pass_on(const char *line, char *answer_out)
{
    unsigned long id = number_after(line, "{\"id\":");
    unsigned long actor = number_after(line, "\"actor\":\"ring_");
    unsigned long hops = number_after(line, "\"message\":\"");
    int size = snprintf(answer_out, ANSWER_BYTES_MAX, "{\"id\":%lu}\n", id);
    if (hops > 0)
        size = snprintf(answer_out, ANSWER_BYTES_MAX,
                        "{\"id\":%lu,\"send\":[{\"to\":\"ring_%lu/tasks\","
                        "\"message\":\"%lu\"}]}\n",
                        id, (actor + 1) % ring, hops - 1);
    return (size_t)size;
}

int main(void)
{
    const char *text = getenv("RING");
    ring = text ? strtoul(text, NULL, 10) : 0;
    return ring ? worker_lines_run(pass_on) : 2;
}
