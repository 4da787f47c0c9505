/* SPDX-License-Identifier: MIT */
#include "server/dav/transfer.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "server/dav.h"
#include "server/dav/dead.h"
#include "server/dav/values.h"
#include "server/permission.h"

void transfer_end_sending(struct transfer *transfer)
{
    if (transfer->sending)
        files_end_sending(transfer->sending, view_bytes(&transfer->named));
    transfer->sending = NULL;
}

static void free_transfer(void *context)
{
    struct transfer *transfer = context;
    transfer_end_sending(transfer);
    dav_other_free(&transfer->to);
    http_resolved_free(&transfer->from);
    http_target_free(&transfer->from_target);
    bytes_free(&transfer->content);
    bytes_free(&transfer->named);
    free(transfer);
}

/* ------------------------------------------------------------------------- headers */

static bool take_destination(struct http_request *request)
{
    const char *uri = http_request_header(request, "Destination");
    struct dav_other *other = &transfer_of(request)->to;
    BYTES_AUTO(why);
    if (!uri) {
        answer_problem(request, 400, "the Destination is missing");
        return false;
    }
    enum status status = dav_other_resolve(request, view_text(uri), other, &why);
    bytes_append(&why, view_of("", 1));
    if (status)
        answer_problem(request, status == STATUS_NOT_FOUND ? 502 : 400,
                       "Destination: %s", why.data);
    return !status &&
           permission_for_destination(request, &other->target, &other->resolved);
}

static bool take_depth(struct http_request *request)
{
    const char *text = http_request_header(request, "Depth");
    enum dav_depth depth = DEPTH_INFINITY;
    struct transfer *transfer = transfer_of(request);
    bool is_bad = text && dav_value_depth(view_text(text), &depth);
    transfer->is_deep = depth == DEPTH_INFINITY;
    if (is_bad || depth == DEPTH_ONE ||
        (transfer->is_move && !transfer->is_deep && node_is_folder(&request->node))) {
        answer_problem(request, 400,
                       transfer->is_move ? "Depth is infinity here"
                                         : "Depth is 0 or infinity here");
        return false;
    }
    return true;
}

static bool take_overwrite(struct http_request *request)
{
    const char *text = http_request_header(request, "Overwrite");
    bool overwrites = true;
    struct transfer *transfer = transfer_of(request);
    const struct http_resolved *to = &transfer->to.resolved;
    if (text && dav_value_overwrite(view_text(text), &overwrites)) {
        answer_problem(request, 400, "Overwrite is T or F");
        return false;
    }
    transfer->replaces =
        to->found == STATUS_OK && !dav_is_hidden(request_dav(request), &to->place);
    if (transfer->replaces && !overwrites)
        answer_problem(request, 412, "there is something at the destination");
    return !transfer->replaces || overwrites;
}

/* ------------------------------------------------------------------------- judging */

static bool is_within(const struct dav_place *inner, const struct dav_place *outer)
{
    size_t size = outer->path.size;
    return inner->area == outer->area && inner->path.size >= size &&
           memcmp(inner->path.data, outer->path.data, size) == 0 &&
           (size == 0 || inner->path.size == size || inner->path.data[size] == '/');
}

static bool judge_places(struct http_request *request)
{
    const struct http_resolved *to = &transfer_of(request)->to.resolved;
    const struct dav_place *from = &request->resolved.place;
    bool goes_in = is_within(&to->place, from), comes_out = is_within(from, &to->place);
    if (goes_in && comes_out)
        answer_problem(request, 403, "source and destination are the same");
    else if (to->missing > 1)
        answer_problem(request, 409, "the folder of the destination is not there");
    else if (goes_in || comes_out)
        answer_problem(request, 409, "one of the two is within the other");
    else
        return true;
    return false;
}

static bool judge_locks(struct http_request *request)
{
    const struct transfer *transfer = transfer_of(request);
    const struct dav_place *to = &transfer->to.resolved.place;
    return dav_may_touch(request, to, TOUCH_TREE) &&
           (transfer->replaces || transfer->to.resolved.node.kind != NODE_ORDINARY ||
            dav_may_touch(request, to, TOUCH_MEMBERS));
}

static bool is_written(enum node_kind kind)
{
    return kind == NODE_TASKS || kind == NODE_EXECUTE || kind == NODE_STATE ||
           kind == NODE_STATUS || kind == NODE_BEHAVIOR;
}

/* What is put into a special file has no properties. */
static bool judge_room(struct http_request *request)
{
    const struct transfer *transfer = transfer_of(request);
    struct dav *dav = request_dav(request);
    if (transfer->is_move || is_written(transfer->to.resolved.node.kind))
        return true;
    dav_enter(dav);
    enum dead_room room =
        dav_dead_room_for_copy(dav, &request->resolved.place, transfer->is_deep);
    dav_leave(dav);
    if (room)
        answer_problem(request, 507,
                       "the store has no room for more properties, which a copy has");
    return !room;
}

/* ------------------------------------------------------------------------ choosing */

bool transfer_read_special(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    enum status status =
        tree_read(request_tree(request), &request->node, &transfer->content);
    if (status == STATUS_AGAIN) /* 202 would say that it is being brought */
        answer_problem(request, 409, "the task is not finished yet");
    else if (status)
        answer_status(request, status, NULL);
    return !status;
}

static void choose(struct http_request *request)
{
    const struct transfer *transfer = transfer_of(request);
    const struct node *from = &request->node, *to = &transfer->to.resolved.node;
    bool to_actor =
        transfer->to.resolved.parent.kind == NODE_ACTORS && to->kind != NODE_ORDINARY;
    if (from->kind == NODE_ROOT || from->kind == NODE_ACTORS)
        answer_problem(request, 403, "it stays, as a whole");
    else if (from->kind == NODE_ACTOR && !to_actor)
        answer_problem(request, 403, "an actor can be in /actors only");
    else if (from->kind == NODE_ACTOR)
        transfer_actor(request);
    else if (from->kind != NODE_ORDINARY && transfer->is_move &&
             (from->kind != NODE_STATE || to->kind != NODE_ORDINARY))
        answer_problem(request, 403, "a special file stays; COPY takes what it shows");
    else if (to->kind == NODE_ORDINARY && from->kind == NODE_ORDINARY)
        transfer_file(request);
    else if (to->kind == NODE_ORDINARY)
        transfer_special(request);
    else if (is_written(to->kind) && !node_is_folder(from))
        transfer_to_special(request);
    else
        answer_problem(request, 403, "nothing can be brought there");
}

static void transfer(struct http_request *request, bool is_move)
{
    struct transfer *transfer = memory_take_zeroed(1, sizeof *transfer);
    request->extra = transfer;
    request->free_extra = free_transfer;
    transfer->is_move = is_move;
    if (request->found)
        answer_problem(request, 404, "there is nothing of that name");
    else if (dav_conditions_hold(request) && take_destination(request) &&
             take_depth(request) && judge_places(request) && take_overwrite(request) &&
             judge_locks(request) && judge_room(request))
        choose(request);
}

void dav_copy(struct http_request *request)
{
    transfer(request, false);
}

void dav_move(struct http_request *request)
{
    transfer(request, true);
}

/* ------------------------------------------------------------------------ answering */

void transfer_answer(struct http_request *request)
{
    const struct transfer *transfer = transfer_of(request);
    enum status status = transfer->status;
    if (status == STATUS_NOT_FOUND || status == STATUS_INVALID)
        answer_problem(request, 409, "it cannot be brought there");
    else if (status == STATUS_EXISTS)
        answer_problem(request, 412, "there is something at the destination");
    else if (status)
        answer_status(request, status, NULL);
    if (status)
        return;
    transfer_remember(request);
    answer_code(request, transfer->replaces ? 204 : 201);
}

/* Locks are never brought along (RFC 4918, section 7.6); those at the destination's
   root go on, those beneath it were of what is gone. */
static void drop_beneath(struct dav *dav, const struct dav_place *place)
{
    size_t first, end = dav_entries_beneath(dav, place, &first);
    while (end-- > first) {
        struct dav_entry *entry = dav->entries[end];
        struct dav_place at = {entry->area, view_bytes(&entry->path)};
        if (entry->path.size > place->path.size) {
            dav_locks_drop(dav, entry);
            dav_entry_tidy(dav, &at);
        }
    }
}

void transfer_remember(struct http_request *request)
{
    const struct transfer *transfer = transfer_of(request);
    struct dav *dav = request_dav(request);
    const struct dav_place *from = &request->resolved.place;
    const struct dav_place *to = &transfer->to.resolved.place;
    dav_show(dav, to);
    dav_enter(dav);
    dav_dead_drop(dav, to);
    drop_beneath(dav, to);
    dav_dead_copy(dav, from, to, transfer->is_deep);
    dav_leave(dav);
    if (transfer->is_move)
        dav_forget(dav, from);
}
