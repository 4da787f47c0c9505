/* SPDX-License-Identifier: MIT */
/*
 * The loop of a worker that is as fast as one can be: all lines of a read are answered
 * with one write. It has no JSON library; what it is asked for stands in the line as
 * the engine writes it, without blanks.
 */
#ifndef ACTORFS_BENCH_WORKER_LINES_H
#define ACTORFS_BENCH_WORKER_LINES_H

#include <stddef.h>

#define ANSWER_BYTES_MAX 4096

/* Writes the answer to a line, which ends in NUL instead of its newline, and returns
   its size, at most ANSWER_BYTES_MAX. */
typedef size_t answer_fn(const char *line, char *answer_out);

/* Answers until the end of standard input; the exit status. */
int worker_lines_run(answer_fn *answer);

/* What follows `before` in the line; ends the process when it is not there. */
const char *line_after(const char *line, const char *before);

#endif
