/* SPDX-License-Identifier: MIT */
#include "scripts/bench.d/worker_lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20 };

static char input[BUFFER_BYTES + 1], output[BUFFER_BYTES];
static size_t input_size, output_size;

static void flush(void)
{
    for (size_t at = 0; at < output_size;) {
        ssize_t size = write(STDOUT_FILENO, output + at, output_size - at);
        if (size < 0 && errno != EINTR)
            _exit(1);
        at += size > 0 ? (size_t)size : 0;
    }
    output_size = 0;
}

static void take_lines(answer_fn *answer)
{
    char *line = input, *newline;
    while ((newline = memchr(line, '\n', input_size - (size_t)(line - input)))) {
        *newline = '\0';
        output_size += answer(line, output + output_size);
        if (output_size > BUFFER_BYTES - ANSWER_BYTES_MAX)
            flush();
        line = newline + 1;
    }
    input_size -= (size_t)(line - input);
    memmove(input, line, input_size);
    flush();
}

int worker_lines_run(answer_fn *answer)
{
    ssize_t size;
    while ((size = read(STDIN_FILENO, input + input_size, BUFFER_BYTES - input_size)) >
           0) {
        input_size += (size_t)size;
        take_lines(answer);
    }
    return size < 0 || input_size > 0;
}

const char *line_after(const char *line, const char *before)
{
    const char *found = strstr(line, before);
    if (!found)
        _exit(1);
    return found + strlen(before);
}
