/* SPDX-License-Identifier: MIT */
/*
 * What each method does with a node: a table, and a handler for each row. The request
 * is complete; see http_request.h for how a handler answers.
 */
#ifndef ACTORFS_SERVER_METHODS_H
#define ACTORFS_SERVER_METHODS_H

#include "server/http_request.h"

/* Resolves the target and hands the request to its method. */
void methods_handle(struct http_request *request);
/* How large a body the request may have, as far as its target tells. */
size_t methods_body_bytes_max(const struct http_request *request);

/* method_get.c: GET and HEAD */
void method_get(struct http_request *request);
/* method_put.c: PUT of state, status and behavior; of tasks and execute by
   method_send.c, as POST */
void method_put(struct http_request *request);
void method_post(struct http_request *request);
/* Sends the body as a message, or a line a message, and answers for it. */
void method_send(struct http_request *request);
/* Whether it is of a mailbox, `tasks` or `execute`, as far as the target tells. */
bool method_is_of_mailbox(const struct http_request *request);
/* Whether it is a POST of a message a line. */
bool method_has_lines(const struct http_request *request);
/* method_file.c: ordinary files. What is put goes to the disk as it comes (begin at the
   headers, collect, drop at the end of the request). */
void method_file_begin(struct http_request *request);
void method_file_collect(struct http_request *request, struct view piece);
void method_file_drop(struct http_request *request);
void method_file_get(struct http_request *request);
void method_file_put(struct http_request *request);
/* Owner and mode of what the request makes. */
struct file_owner method_file_owner(const struct http_request *request, unsigned mode);
/* method_folder.c: MKCOL, DELETE, OPTIONS */
void method_mkcol(struct http_request *request);
void method_delete(struct http_request *request);
void method_options(struct http_request *request);

/* What methods share (method_shared.c). */

/* Whose the actors are that the request makes. */
struct engine_owner method_owner(const struct http_request *request);

/* `"ID.VERSION"`, with its quotes: the node's strong entity tag. */
void method_tag(struct bytes *out, const struct node *node,
                const struct attributes *attributes);
/* Judges If-Match, If-Unmodified-Since and If-None-Match of a request that changes its
   node; false when the request was answered (412, 400). The attributes are of what is
   there; null: nothing. */
bool method_check_conditions(struct http_request *request,
                             const struct attributes *attributes);
/* STALE where the version that they named is no longer there; asked at the moment of
   the change, of an ordinary file within its exclusion. Any thread. */
MUST_CHECK enum status method_check_seen(const struct http_request *request);
/* For readers: whether what is there is not what If-Match or If-Unmodified-Since want.
 */
bool method_fails_match(struct http_request *request, struct view tag,
                        int64_t modified_ms);
/* Whether they have it already, as If-None-Match or If-Modified-Since say. */
bool method_is_unchanged(struct http_request *request, struct view tag,
                         int64_t modified_ms);
/* Whether the reader has, as If-None-Match says, what the tag is of. */
bool method_is_known(struct http_request *request, struct view tag);
/* The outcome of a task: code and body as the table in contract section 5 has it, for
   whoever wants the outcome, or only wants to know that the message was taken. Where
   its number is known, it is found by that, which is sooner; else 0. */
void method_answer_outcome(struct http_request *request, const struct node *task,
                           uint64_t sequence, bool wants_outcome);
/* The same for the outcome of a finished task (OK, FAILED or CANCELED) that is known
   already, and its result or error; `text` is taken. */
void method_answer_finished(struct http_request *request, enum status outcome,
                            const struct actor_info *info, const struct key *key,
                            struct bytes *text, bool wants_outcome);
/* Adds Location and Task-State; nothing where the key is not known. */
void method_name_task(struct http_request *request, const struct node *task);
/* The same for a task of which that is known already. */
void method_name_known(struct http_request *request, struct view actor,
                       const struct key *key, enum task_state state);
/* The type of a task's result, or of other bytes (`info` null). */
const char *method_type_of(const struct actor_info *info, struct view bytes);

/* Key, parameters and waits of requests to tasks and execute (method_parameters.c). */

/* Adds what the query and header fields say to what the name said. False when the
   request was answered (400). */
bool method_take_parameters(struct http_request *request,
                            struct parameters *parameters);
/* The key alone, of a request to a file that takes nothing else; size 0: none. */
bool method_take_key(struct http_request *request, struct key *key_out);
/* How long to wait for the outcome: as the parameters say, else Prefer, else
   `default_ms`; -1: not at all. */
int64_t method_wait_ms(const struct http_request *request,
                       const struct parameters *parameters, int64_t default_ms);
/* Says which preference was followed. */
void method_answer_preference(struct http_request *request,
                              const struct parameters *parameters);

#endif
