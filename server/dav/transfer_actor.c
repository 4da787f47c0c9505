/* SPDX-License-Identifier: MIT */
/*
 * MOVE renames an actor. COPY does what `cp -a` does (contract, section 8): a new actor
 * with its state, its ordinary files and a behavior of its own if it has one; no tasks,
 * no keys. Step by step: make, state, behavior, files. Where a step fails the new actor
 * is retired again.
 */
#include "server/dav/transfer.h"

#include <unistd.h>

#include "server/offload.h"

static void failed_and_removed(struct http_request *request)
{
    answer_status(request, transfer_of(request)->status, NULL);
}

static void undo(struct http_request *request, enum status status)
{
    struct transfer *transfer = transfer_of(request);
    transfer->status = status;
    http_request_suspend(request, failed_and_removed);
    engine_remove(tree_engine(request_tree(request)), transfer->new_actor,
                  http_request_done, request);
}

static void copy_files(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    struct files *files = tree_files(request_tree(request));
    struct file_place from = {.area = request->node.actor};
    struct file_place to = {.area = transfer->new_actor};
    transfer->status =
        files ? files_copy(files, &from, &to, NULL, true, true) : STATUS_OK;
    if (transfer->status == STATUS_NOT_FOUND) /* nothing was ever kept there */
        transfer->status = STATUS_OK;
}

static void files_copied(struct http_request *request)
{
    const struct transfer *transfer = transfer_of(request);
    if (transfer->status)
        undo(request, transfer->status);
    else
        transfer_answer(request);
}

static void behavior_set(struct http_request *request)
{
    if (request->result.status)
        undo(request, request->result.status);
    else if (transfer_of(request)->is_deep)
        offload_run(request_offload(request), request, copy_files, files_copied);
    else
        transfer_answer(request);
}

static void set_behavior(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    struct engine *engine = tree_engine(request_tree(request));
    struct actor_info info;
    enum status status = request->result.status;
    if (!status)
        status = engine_actor(engine, request->node.actor, &info);
    if (status) {
        undo(request, status);
    } else if (!info.behavior_set[0]) {
        behavior_set(request);
    } else {
        http_request_suspend(request, behavior_set);
        engine_set_behavior(engine, transfer->new_actor, view_text(info.behavior_set),
                            http_request_done, request);
    }
}

static void set_state(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    struct engine *engine = tree_engine(request_tree(request));
    struct actor_info info;
    uint64_t version;
    if (request->result.status) {
        transfer->status = request->result.status;
        transfer_answer(request);
        return;
    }
    transfer->new_actor = request->result.actor;
    transfer->to.resolved.place =
        (struct dav_place){transfer->new_actor, view_of("", 0)};
    enum status status = engine_actor(engine, request->node.actor, &info);
    if (!status)
        status =
            engine_state(engine, request->node.actor, &transfer->content, &version);
    if (status) {
        undo(request, status);
    } else if (!transfer->is_deep || version == 0) {
        set_behavior(request);
    } else {
        http_request_suspend(request, set_behavior);
        engine_set_state(engine, transfer->new_actor, view_bytes(&transfer->content),
                         view_text(info.state_type), STATE_VERSION_ANY,
                         http_request_done, request);
    }
}

/* -------------------------------------------------------------------------- renaming
 */

/* A place goes by its actor's id, so properties come along by themselves; locks must
   not (RFC 4918, section 7.6). */
static void drop_locks(struct dav *dav, const struct dav_place *place)
{
    size_t first;
    dav_enter(dav);
    size_t end = dav_entries_beneath(dav, place, &first);
    while (end-- > first) {
        struct dav_entry *entry = dav->entries[end];
        struct dav_place at = {entry->area, view_bytes(&entry->path)};
        dav_locks_drop(dav, entry);
        dav_entry_tidy(dav, &at);
    }
    dav_leave(dav);
}

static void renamed(struct http_request *request)
{
    enum status status = request->result.status;
    if (status == STATUS_EXISTS) {
        answer_problem(request, 412, "there is something at the destination");
    } else if (status) {
        answer_status(request, status, request->result.detail);
    } else {
        drop_locks(request_dav(request), &request->resolved.place);
        answer_code(request, 201);
    }
}

void transfer_actor(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    const struct http_target *target = &transfer->to.target;
    struct actor_info info;
    struct engine *engine = tree_engine(request_tree(request));
    struct view name = target->segments[target->segment_count - 1];
    if (transfer->replaces) {
        answer_problem(request, 412, "an actor is never replaced");
    } else if (transfer->is_move) {
        http_request_suspend(request, renamed);
        engine_rename(engine, request->node.actor, name, http_request_done, request);
    } else if (engine_actor(engine, request->node.actor, &info)) {
        answer_problem(request, 404, "there is nothing of that name");
    } else {
        http_request_suspend(request, set_state);
        engine_create(engine, name, &info.owners[PART_FOLDER], http_request_done,
                      request);
    }
}
