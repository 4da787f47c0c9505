/* SPDX-License-Identifier: MIT */
/*
 * The daemon's log: one line an event on standard error (or syslog once the daemon is
 * in the background). Detail of a failure is logged once, where it is known. Control
 * characters in the text are written \xNN, so that nobody can forge a line.
 * Any thread.
 */
#ifndef ACTORFS_BASE_LOG_H
#define ACTORFS_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Lines above this level are dropped; LOG_LEVEL_INFO at the start. */
void log_set_level(enum log_level level);
/* From now on to syslog(3) as `actorfs`, not to standard error. */
void log_to_syslog(void);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Logs where and what, then aborts: for invariants, in release too. */
void panic_at(const char *file, int line, const char *what) __attribute__((noreturn));
#define ENSURE(condition)                                                              \
    ((condition) ? (void)0 : panic_at(__FILE__, __LINE__, #condition))

#endif
