/* SPDX-License-Identifier: MIT */
/*
 * MKCOL makes an actor or an ordinary folder, DELETE takes away; OPTIONS says what can
 * be done.
 */
#include "server/methods.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "server/dav/dead.h"
#include "server/dav/gate.h"
#include "server/exclusion.h"
#include "server/offload.h"
#include "server/permission.h"

/* What was done on a thread of the pool, and how it went. */
struct doing {
    struct file_place place;
    enum status status;
};

static void answer_done(struct http_request *request, enum status status,
                        const char *detail, unsigned code)
{
    if (status)
        answer_status(request, status, detail);
    else
        answer_code(request, code);
}

static struct doing *begin_doing(struct http_request *request)
{
    struct doing *doing = memory_take_zeroed(1, sizeof *doing);
    request->extra = doing;
    request->free_extra = free;
    doing->status = tree_place(request_tree(request), &request->node, &doing->place);
    return doing;
}

/* -------------------------------------------------------------------------- making */

static void made(struct http_request *request)
{
    answer_done(request, request->result.status, request->result.detail, 201);
}

static void make_folder(struct http_request *request)
{
    struct doing *doing = request->extra;
    struct file_owner owner = method_file_owner(request, 0755);
    if (!doing->status)
        doing->status =
            files_make_folder(tree_files(request_tree(request)), &doing->place, &owner);
}

static void folder_made(struct http_request *request)
{
    const struct doing *doing = request->extra;
    answer_done(request, doing->status, NULL, 201);
}

void method_mkcol(struct http_request *request)
{
    struct engine_owner owner = method_owner(request);
    const struct http_target *target = &request->target;
    if (request->body.size) {
        answer_problem(request, 415, "MKCOL takes no body");
    } else if (request->found == STATUS_OK) {
        answer_problem(request, 405, "it is there already");
    } else if (request->missing > 1) {
        answer_problem(request, 409, "the folder that it would be in is not there");
    } else if (request->parent.kind == NODE_ROOT) {
        answer_problem(request, 403, "folders are made in /actors, and are actors");
    } else if (!dav_conditions_hold(request)) {
        return;
    } else if (request->node.kind == NODE_ORDINARY &&
               request->parent.kind != NODE_ACTORS) {
        begin_doing(request);
        offload_run(request_offload(request), request, make_folder, folder_made);
    } else {
        http_request_suspend(request, made);
        tree_make_folder(request_tree(request), &request->parent,
                         target->segments[target->segment_count - 1], &owner,
                         http_request_done, request);
    }
}

/* ------------------------------------------------------------------------ removing */

static void removed(struct http_request *request)
{
    if (!request->result.status)
        dav_forget(request_dav(request), &request->resolved.place);
    answer_done(request, request->result.status, request->result.detail, 204);
}

static void remove_file(struct http_request *request)
{
    struct doing *doing = request->extra;
    struct exclusion *exclusion = request_exclusion(request);
    if (!doing->status)
        doing->status =
            permission_in_folder(request, &request->node, PERMISSION_REMOVE_ALL);
    if (doing->status)
        return;
    exclusion_enter(exclusion, &doing->place, NULL);
    doing->status = method_check_seen(request);
    if (!doing->status)
        doing->status = files_remove(tree_files(request_tree(request)), &doing->place);
    exclusion_leave(exclusion, &doing->place, NULL);
}

static void file_removed(struct http_request *request)
{
    const struct doing *doing = request->extra;
    if (!doing->status)
        dav_forget(request_dav(request), &request->resolved.place);
    answer_done(request, doing->status, NULL, 204);
}

/* The store keeps a special file; its name is gone here for a minute. One that is only
   announced is forgotten: the message may come by another face. */
static void hide(struct http_request *request)
{
    struct dav *dav = request_dav(request);
    dav_forget(dav, &request->resolved.place);
    if (!request->is_announced)
        dav_hide(dav, &request->resolved.place);
    answer_code(request, 204);
}

static void remove_node(struct http_request *request)
{
    const struct node *node = &request->node;
    if (node->kind == NODE_ACTOR) {
        http_request_suspend(request, removed);
        tree_remove_folder(request_tree(request), node, http_request_done, request);
    } else if (node->kind == NODE_ORDINARY) {
        begin_doing(request);
        offload_run(request_offload(request), request, remove_file, file_removed);
    } else if (node_is_folder(node) || !node->actor) {
        answer_problem(request, 403, "it stays");
    } else {
        hide(request);
    }
}

void method_delete(struct http_request *request)
{
    const char *depth = http_request_header(request, "Depth");
    if (request->found) {
        answer_problem(request, 404, "there is nothing of that name");
        return;
    }
    if (depth && node_is_folder(&request->node) && strcasecmp(depth, "infinity") != 0) {
        answer_problem(request, 400, "DELETE of a folder has Depth infinity");
        return;
    }
    if (dav_conditions_hold(request))
        remove_node(request);
}

void method_options(struct http_request *request)
{
    answer_code(request, 200);
    answer_header(request, "Allow",
                  "OPTIONS, GET, HEAD, PUT, POST, DELETE, MKCOL, PROPFIND, PROPPATCH, "
                  "COPY, MOVE, LOCK, UNLOCK");
    answer_header(request, "DAV", "1, 2, 3");
    answer_header(request, "MS-Author-Via", "DAV");
}
