/* SPDX-License-Identifier: MIT */
/*
 * Going into the background, honestly: the process that was started exits 0 only when
 * its child really serves, and otherwise with the child's exit status, after the child
 * has said why on the common standard error.
 */
#ifndef ACTORFS_SERVER_BACKGROUND_H
#define ACTORFS_SERVER_BACKGROUND_H

/* Forks. Returns in the child only, which leads a session of its own, stands in `/` and
   has no descriptor but the standard ones: call it before anything is opened. The
   parent waits and exits. Call it before there are threads. Returns what
   background_finish wants, or -1 when that cannot be done (errno). */
int background_start(void);
/* The child serves: lets the parent go, and standard input, output and error. */
void background_finish(int descriptor);

#endif
