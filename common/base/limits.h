/* SPDX-License-Identifier: MIT */
/*
 * Every bound of the product in one place, each with its reason. What an option can
 * change carries DEFAULT in its name; the others are part of the contract or of the
 * disk format.
 */
#ifndef ACTORFS_BASE_LIMITS_H
#define ACTORFS_BASE_LIMITS_H

/* Names (contract, section 2). */
#define ACTOR_NAME_BYTES_MAX 128
#define KEY_BYTES_MAX 200
#define TIMER_NAME_BYTES_MAX 64
#define BEHAVIOR_NAME_BYTES_MAX 128
#define FILE_NAME_BYTES_MAX 255 /* NAME_MAX; the kernel does not check it for us */
/* A key as the engine holds it: the key, a separator and the number of a line. */
#define FULL_KEY_BYTES_MAX (KEY_BYTES_MAX + 1 + 20)

/* Messages (contract, sections 3 and 11). */
#define MESSAGE_BYTES_DEFAULT (1u << 20)
#define MESSAGE_BYTES_CEILING (64u << 20)
#define RESULT_BYTES_DEFAULT (1u << 20)
#define STATE_BYTES_DEFAULT (1u << 20)
#define MAILBOX_TASKS_DEFAULT 100000u
#define CONTENT_TYPE_BYTES_MAX 127
#define ERROR_TEXT_BYTES_MAX 255    /* one readable line in status and log */
#define ERROR_DETAIL_BYTES_MAX 4096 /* what readers of a failed task get */
/* What a turn may send: all of it is in one record (contract, section 7). */
#define SENDS_MAX 1024
#define OUTBOX_BYTES_DEFAULT (2u << 20)

/* What a face keeps beside the actors, by key (LMDB's keys have 511 bytes). */
#define NOTE_KEY_BYTES_MAX 480
#define NOTE_VALUE_BYTES_MAX (256u << 10)

/* Times, in milliseconds (contract, sections 2, 4 and 5). */
#define WAIT_MS_MAX (300 * 1000)
#define EXECUTE_WAIT_MS_DEFAULT (60 * 1000)
#define DELAY_MS_MAX (3653LL * 24 * 3600 * 1000) /* ten years */
#define RETENTION_DONE_MS_DEFAULT (7LL * 24 * 3600 * 1000)
#define RETENTION_FAILED_MS_DEFAULT (30LL * 24 * 3600 * 1000)
#define RETENTION_KEYLESS_MS_DEFAULT (3600LL * 1000)
#define RETENTION_KEYLESS_TASKS 100 /* the last so many of an actor */
#define HIDDEN_NAME_MS 60000        /* a removed special file stays hidden so long */

/* What a reader is shown of an actor (contract, section 4). */
#define MAILBOX_SHOWN_UNFINISHED 1000
#define MAILBOX_SHOWN_FINISHED 100
#define LOG_BYTES_DEFAULT (1u << 20)

#endif
