/* SPDX-License-Identifier: MIT */
/*
 * Onto a special file: the source's bytes are put there, by the very PUT that a client
 * would send, so the request becomes one. A moved file is sent exactly once across a
 * crash: a note that names it is committed with the message, then the file is removed,
 * then the note; what a crash leaves undone the next start does (files_sent.c).
 */
#include "server/dav/transfer.h"

#include <stdio.h>
#include <unistd.h>

#include "server/dav/dead.h"
#include "server/methods.h"
#include "server/offload.h"

static enum status read_whole(int file, uint64_t size, struct bytes *out)
{
    while (out->size < size) {
        size_t rest = (size_t)(size - out->size);
        ssize_t got = pread(file, bytes_reserve(out, rest), rest, (off_t)out->size);
        if (got <= 0)
            return STATUS_IO;
        out->size += (size_t)got;
    }
    return STATUS_OK;
}

/* The folder that the source is in; the descriptor. */
static enum status open_folder(struct files *files, const struct file_place *place,
                               int *folder)
{
    const char *slash = memrchr(place->path.data, '/', place->path.size);
    struct file_place parent = {place->area, view_of(place->path.data, 0)};
    if (!slash)
        return files_open_area(files, place->area, false, folder);
    parent.path.size = (size_t)(slash - place->path.data);
    return files_find(files, &parent, folder);
}

static enum status claim_source(struct http_request *request, const struct stat *stat)
{
    struct transfer *transfer = transfer_of(request);
    struct files *files = tree_files(request_tree(request));
    struct view path = transfer->from_place.path;
    const char *slash = memrchr(path.data, '/', path.size);
    char name[FILE_NAME_BYTES_MAX + 1];
    int folder;
    size_t skipped = slash ? (size_t)(slash - path.data) + 1 : 0;
    snprintf(name, sizeof name, "%.*s", (int)(path.size - skipped),
             path.data + skipped);
    tree_sent_key(stat, transfer->note_key);
    enum status status = open_folder(files, &transfer->from_place, &folder);
    if (status)
        return status;
    status = files_begin_sending(files, folder, name, stat, &transfer->named);
    close(folder);
    if (!status)
        transfer->sending = files;
    return status == STATUS_STALE ? STATUS_NOT_FOUND : status; /* it was sent */
}

static void read_source(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    struct stat stat;
    int file;
    transfer->status = files_open_to_read(tree_files(request_tree(request)),
                                          &transfer->from_place, &file, &stat);
    if (transfer->status)
        return;
    request->method = METHOD_PUT; /* whose limit is asked for */
    if ((uint64_t)stat.st_size > methods_body_bytes_max(request))
        transfer->status = STATUS_TOO_LARGE;
    else
        transfer->status = read_whole(file, (uint64_t)stat.st_size, &transfer->content);
    if (!transfer->status && transfer->is_move)
        transfer->status = claim_source(request, &stat);
    close(file);
}

/* ------------------------------------------------------------------------ afterward */

static void remove_source(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    transfer->status = files_remove_sent(tree_files(request_tree(request)),
                                         view_bytes(&transfer->named));
}

static void source_removed(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    struct engine_note gone = {.key = view_text(transfer->note_key)};
    const struct dav_place *place = &transfer->from.place;
    if (transfer->status) {
        answer_status(request, transfer->status,
                      "it was sent, but the source could not be removed");
    } else {
        engine_keep_notes(tree_engine(request_tree(request)), &gone, 1, NULL, NULL);
        dav_forget(request_dav(request),
                   place->path.size ? place : &request->resolved.place);
        answer_code(request, 204);
    }
    transfer_end_sending(transfer);
}

/* Clients take nothing but 201 and 204 for done. */
static void was_put(struct http_request *request)
{
    unsigned code = request->answer.code;
    if (request->free_extra)
        request->free_extra(request->extra);
    request->extra = request->finish_extra;
    request->free_extra = request->free_finish_extra;
    request->finish_extra = NULL;
    request->free_finish_extra = NULL;
    if (code < 200 || code > 299) {
        transfer_end_sending(transfer_of(request));
        return;
    }
    answer_free(&request->answer);
    if (transfer_of(request)->is_move)
        offload_run(request_offload(request), request, remove_source, source_removed);
    else
        answer_code(request, 204);
}

static void become_put(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    if (transfer->status) {
        transfer_end_sending(transfer);
        answer_status(request, transfer->status,
                      transfer->status == STATUS_BUSY ? "it is being moved already"
                                                      : NULL);
        return;
    }
    if (transfer->is_move && tree_was_sent(request_tree(request), transfer->note_key)) {
        offload_run(request_offload(request), request, remove_source, source_removed);
        return;
    }
    transfer->from = request->resolved;
    transfer->from_target = request->target;
    request->resolved = transfer->to.resolved;
    request->target = transfer->to.target;
    transfer->to = (struct dav_other){0};
    request->found = request->resolved.found;
    request->node = request->resolved.node;
    request->parent = request->resolved.parent;
    request->missing = request->resolved.missing;
    bytes_free(&request->body);
    request->body = transfer->content;
    transfer->content = (struct bytes){0};
    request->method = METHOD_PUT;
    if (transfer->is_move)
        request->note = (struct engine_note){view_text(transfer->note_key),
                                             view_bytes(&transfer->named)};
    request->finish = was_put;
    request->finish_extra = transfer;
    request->free_finish_extra = request->free_extra;
    request->extra = NULL;
    request->free_extra = NULL;
    dav_show(request_dav(request), &request->resolved.place);
    method_put(request);
}

void transfer_to_special(struct http_request *request)
{
    struct transfer *transfer = transfer_of(request);
    struct tree *tree = request_tree(request);
    if (request->node.kind != NODE_ORDINARY) {
        if (transfer_read_special(request))
            become_put(request);
        return;
    }
    transfer->status = tree_place(tree, &request->node, &transfer->from_place);
    if (transfer->status)
        answer_status(request, transfer->status, NULL);
    else
        offload_run(request_offload(request), request, read_source, become_put);
}
