/* SPDX-License-Identifier: MIT */
/*
 * The open handle: how writes become messages (contract, section 3).
 *
 * A program's write()s say little about what it means as one message: bash writes a
 * line at a time, cat 128 KiB, jq 4 KiB. Its close()s say little too: every redirection
 * of a shell, every child that exits, closes a descriptor of the same open file, and
 * the kernel reports each as a FLUSH, the first often before the first byte. So there
 * are three rules, chosen when the file is opened:
 *
 *   LINES   `>>` on tasks and execute, any opening of status and behavior. A line is a
 *           message. What a write completes is sent by that write; what has no newline
 *           yet is held until it has, or until the end.
 *   WHOLE   tasks and execute opened otherwise. All that is written is one message.
 *   IMAGE   state. The file's bytes, edited in place like any file's, sent whole.
 *
 * The end of what is held is, whichever comes first:
 *   - fsync();
 *   - read() on the same handle;
 *   - the FLUSH after which neither the process that opened the file nor any process
 *     that wrote to it holds a descriptor of it. (Of `{ echo {; date; echo }; } > f`
 *     date's closing is not the end: the shell still holds the file. Nor is the early
 *     FLUSH of `echo x > f`: nothing is held yet.)
 *   - RELEASE, when nobody at all holds it: too late to tell anybody of an error.
 * A state that was truncated and not written has nothing to hold and yet is owing: the
 * last close sends it empty.
 *
 * After an end the next byte begins the next message.
 *
 * After a refusal nothing is kept and the handle goes on refusing with the same words
 * until it is closed: a program that missed the first error must not have the second
 * half of its message taken for a whole one.
 *
 * Pure: no request, no lock, no clock, no /proc; those are fs/handle.h's.
 */
#ifndef ACTORFS_FS_FRAMING_H
#define ACTORFS_FS_FRAMING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

enum framing_rule { FRAMING_LINES, FRAMING_WHOLE, FRAMING_IMAGE };

struct framing {
    enum framing_rule rule;
    bool append;         /* IMAGE: every write goes to the end */
    size_t bytes_max;    /* of a message, or of the state */
    enum status refused; /* OK, or what every further call says */
    struct bytes held;
    bool is_changed;      /* IMAGE: the bytes differ from what was sent last */
    bool is_emptied;      /* IMAGE: truncated, and nothing written since */
    uint64_t next_offset; /* WHOLE: where the next write must go on, if any is held */
    uint64_t messages;    /* ended so far */
    pid_t opener;         /* processes; 0: unknown */
    pid_t *writers;       /* of what is held, other than the opener */
    size_t writer_count;
};

void framing_open(struct framing *framing, enum framing_rule rule, bool append,
                  size_t bytes_max, pid_t opener);
void framing_close(struct framing *framing);

/* IMAGE: starts from these bytes; takes them. Not called for a file opened to be
   truncated, see framing_truncate. */
void framing_start_from(struct framing *framing, struct bytes *current);
/* IMAGE: cuts or extends with zeros. The other rules accept it, without meaning.
   TOO_LARGE, or the refusal. */
MUST_CHECK enum status framing_truncate(struct framing *framing, uint64_t size);

/* WHOLE and IMAGE: takes a write. INVALID when it does not go on where the last one
   ended (WHOLE), TOO_LARGE, or the refusal. */
MUST_CHECK enum status framing_write(struct framing *framing, pid_t writer,
                                     uint64_t offset, struct view data);
/* LINES: takes a write, and says which lines are complete now, as one run of bytes that
   ends in a newline; empty if none is. The run lies in `data` or in `joined_out`.
   TOO_LARGE for an unfinished line, or the refusal. */
MUST_CHECK enum status framing_cut(struct framing *framing, pid_t writer,
                                   struct view data, struct bytes *joined_out,
                                   struct view *run_out);

/* Cuts a run into its messages, leaving out empty lines. The views lie in `run`; the
   array is the caller's to free. */
size_t framing_split(struct view run, struct view **messages_out);
/* Counts messages as ended; returns the number of the first of them, from 1. */
uint64_t framing_number(struct framing *framing, size_t count);

/* Whether an end would send something. */
bool framing_is_holding(const struct framing *framing);
/* Whether the last close would: also a state that was truncated and not written. */
bool framing_is_owing(const struct framing *framing);
/* Whether a FLUSH by `flusher` is the end, given who holds the file. */
enum holding { HOLDING_NONE, HOLDING_SOME, HOLDING_UNKNOWN };
typedef enum holding framing_holds_fn(void *context, pid_t process);
bool framing_ends_at_flush(const struct framing *framing, pid_t flusher,
                           framing_holds_fn *holds, void *context);
/* The end: hands over what is held. IMAGE goes on from the same bytes. */
void framing_take(struct framing *framing, struct bytes *message_out);

/* From now on every call says `status`, and nothing is held. The first refusal stays.
 */
void framing_refuse(struct framing *framing, enum status status);

#endif
