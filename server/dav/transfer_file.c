/* SPDX-License-Identifier: MIT */
/* Ordinary files and folders, and what special files show, onto ordinary names. */
#include "server/dav/transfer.h"

#include "server/exclusion.h"
#include "server/methods.h"
#include "server/offload.h"
#include "server/permission.h"

static enum status find_places(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    struct tree *tree = request_tree(request);
    enum status status =
        tree_place(tree, &transfer->to.resolved.node, &transfer->to_place);
    if (!status && request->node.kind == NODE_ORDINARY)
        status = tree_place(tree, &request->node, &transfer->from_place);
    return status;
}

/* What is replaced goes as a whole. */
static enum status may_bring(struct http_request *request)
{
    const struct transfer *transfer = transfer_of(request);
    enum status status = STATUS_OK;
    if (!transfer->is_move && transfer->is_deep)
        status = permission_in_folder(request, &request->node, PERMISSION_READ_ALL);
    if (!status && transfer->replaces)
        status = permission_in_folder(request, &transfer->to.resolved.node,
                                      PERMISSION_REMOVE_ALL);
    return status;
}

static enum status move(struct http_request *request)
{
    const struct transfer *transfer = transfer_of(request);
    const struct file_place *from = &transfer->from_place, *to = &transfer->to_place;
    struct exclusion *exclusion = request_exclusion(request);
    exclusion_enter(exclusion, from, to);
    enum status status = method_check_seen(request);
    if (!status)
        status =
            files_move(tree_files(request_tree(request)), from, to, transfer->replaces);
    exclusion_leave(exclusion, from, to);
    return status;
}

/* It may take long, so nobody is kept out meanwhile. */
static enum status copy(struct http_request *request)
{
    const struct transfer *transfer = transfer_of(request);
    struct file_owner owner = method_file_owner(request, 0);
    return files_copy(tree_files(request_tree(request)), &transfer->from_place,
                      &transfer->to_place, &owner, transfer->is_deep,
                      transfer->replaces);
}

static void bring(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    transfer->status = may_bring(request);
    if (!transfer->status)
        transfer->status = transfer->is_move ? move(request) : copy(request);
}

void transfer_file(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    transfer->status = find_places(request);
    if (transfer->status)
        transfer_answer(request);
    else
        offload_run(request_offload(request), request, bring, transfer_answer);
}

/* -------------------------------------------------------------------- special files */

static void write_content(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    struct files *files = tree_files(request_tree(request));
    struct file_owner owner = method_file_owner(request, 0644);
    struct file_writer *writer;
    struct stat stat;
    enum status status = files_write(files, &writer);
    if (!status) {
        status = file_writer_append(writer, view_bytes(&transfer->content));
        if (status)
            file_writer_abort(writer);
        else
            status = file_writer_commit(writer, &transfer->to_place, &owner,
                                        !transfer->replaces, &stat);
    }
    transfer->status = status;
}

/* A `state` that is renamed leaves a copy, and its name is gone for a minute (contract,
   section 9). */
static void content_written(struct http_request *request)
{
    const struct transfer *transfer = transfer_of(request);
    transfer_answer(request);
    if (!transfer->status && transfer->is_move)
        dav_hide(request_dav(request), &request->resolved.place);
}

void transfer_special(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    if (node_is_folder(&transfer->to.resolved.node)) {
        answer_problem(request, 409, "there is a folder at the destination");
        return;
    }
    if (!transfer_read_special(request))
        return;
    enum status status = find_places(request);
    if (status)
        answer_status(request, status, NULL);
    else
        offload_run(request_offload(request), request, write_content, content_written);
}
