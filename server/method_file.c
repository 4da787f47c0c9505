/* SPDX-License-Identifier: MIT */
/*
 * GET and PUT of ordinary files. A file that is put is written beside its place and
 * takes it when the last byte is on disk: one that is cut off harms nothing. What may
 * block on the disk is done by offload.h's threads.
 */
#include "server/methods.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "server/dav/live.h"
#include "server/exclusion.h"
#include "server/offload.h"

struct file_upload {
    struct file_writer *writer; /* null once it is committed or failed */
    enum status status;
    struct file_place place;
    bool only_new;
    struct stat stat;
};

struct file_owner method_file_owner(const struct http_request *request, unsigned mode)
{
    struct engine_owner owner = method_owner(request);
    return (struct file_owner){owner.uid, owner.gid, mode};
}

static void add_validators(struct http_request *request, const struct stat *stat)
{
    struct attributes attributes = {.version = files_version(stat)};
    BYTES_AUTO(tag);
    BYTES_AUTO(date);
    method_tag(&tag, &request->node, &attributes);
    answer_header(request, "ETag", "%.*s", (int)tag.size, tag.data);
    value_append_date(&date, (int64_t)stat->st_mtim.tv_sec * 1000);
    answer_header(request, "Last-Modified", "%.*s", (int)date.size, date.data);
}

/* ------------------------------------------------------------------------- putting */

/* What will not fit is not waited for. */
static void begin_upload(struct http_request *request, struct files *files)
{
    uint64_t room = files_room(files);
    if (request->framing.length > room) {
        answer_problem(request, 507, "the disk has room for %llu bytes",
                       (unsigned long long)room);
        return;
    }
    struct file_upload *upload = memory_take_zeroed(1, sizeof *upload);
    upload->status = files_write(files, &upload->writer);
    request->upload = upload;
}

void method_file_begin(struct http_request *request)
{
    struct tree *tree = request_tree(request);
    struct http_resolved resolved;
    enum status status = http_resolve(tree, &request->target, &resolved, NULL);
    if (!status && resolved.node.kind == NODE_ORDINARY && resolved.missing <= 1 &&
        tree_files(tree))
        begin_upload(request, tree_files(tree));
    http_resolved_free(&resolved);
}

void method_file_collect(struct http_request *request, struct view piece)
{
    struct file_upload *upload = request->upload;
    if (!upload->status)
        upload->status = file_writer_append(upload->writer, piece);
}

void method_file_drop(struct http_request *request)
{
    struct file_upload *upload = request->upload;
    if (upload && upload->writer)
        file_writer_abort(upload->writer);
    free(upload);
    request->upload = NULL;
}

static void commit(struct http_request *request)
{
    struct file_upload *upload = request->upload;
    struct exclusion *exclusion = request_exclusion(request);
    struct file_owner owner = method_file_owner(request, 0644);
    exclusion_enter(exclusion, &upload->place, NULL);
    upload->status = method_check_seen(request);
    if (upload->status)
        file_writer_abort(upload->writer);
    else
        upload->status = file_writer_commit(upload->writer, &upload->place, &owner,
                                            upload->only_new, &upload->stat);
    exclusion_leave(exclusion, &upload->place, NULL);
    upload->writer = NULL;
}

static void committed(struct http_request *request)
{
    const struct file_upload *upload = request->upload;
    if (upload->status == STATUS_EXISTS) {
        answer_problem(request, upload->only_new ? 412 : 405,
                       "something of that name is there already");
    } else if (upload->status == STATUS_NOT_FOUND) {
        answer_problem(request, 409, "the folder is not there; MKCOL makes one");
    } else if (upload->status) {
        answer_status(request, upload->status, NULL);
    } else {
        answer_code(request, request->found ? 201 : 204);
        add_validators(request, &upload->stat);
    }
}

static bool conditions_hold(struct http_request *request)
{
    struct attributes attributes;
    bool exists = request->found == STATUS_OK &&
                  !tree_attributes(request_tree(request), &request->node, &attributes);
    return method_check_conditions(request, exists ? &attributes : NULL);
}

void method_file_put(struct http_request *request)
{
    struct file_upload *upload = request->upload;
    const char *none = http_request_header(request, "If-None-Match");
    if (node_is_folder(&request->node)) {
        answer_problem(request, 405, "that is a folder");
        answer_header(request, "Allow", "OPTIONS, GET, HEAD, PROPFIND, DELETE");
        return;
    }
    if (request->target.is_folder_form) {
        answer_problem(request, 409, "a file's name does not end in a slash");
        return;
    }
    if (!upload || request->method != METHOD_PUT) {
        answer_problem(request, 405, "an ordinary file takes PUT, no POST");
        answer_header(request, "Allow", "OPTIONS, GET, HEAD, PUT, DELETE, PROPFIND");
        return;
    }
    if (!conditions_hold(request))
        return;
    enum status status = upload->status ? upload->status
                                        : tree_place(request_tree(request),
                                                     &request->node, &upload->place);
    if (status) {
        answer_status(request, status, NULL);
        return;
    }
    upload->only_new = none && strcmp(none, "*") == 0;
    offload_run(request_offload(request), request, commit, committed);
}

/* ------------------------------------------------------------------------- getting */

struct slice {
    uint64_t first, last;
    unsigned code;
};

/* What of the file is sent; 416 in `code` where the range is beyond its end. */
static struct slice choose_part(struct http_request *request, uint64_t size,
                                struct view tag)
{
    const char *range = http_request_header(request, "Range");
    const char *condition = http_request_header(request, "If-Range");
    struct slice part = {.last = size ? size - 1 : 0, .code = 200};
    if (!range || request->method == METHOD_HEAD ||
        (condition && !view_equal(view_text(condition), tag)))
        return part;
    enum status status = value_range(view_text(range), size, &part.first, &part.last);
    if (status != STATUS_NOT_FOUND)
        part.code = status ? 416 : 206;
    return part;
}

/* Takes the descriptor over. */
static void send_part(struct http_request *request, int file, uint64_t size,
                      const struct slice *part)
{
    uint64_t length = size ? part->last - part->first + 1 : 0;
    struct MHD_Response *response =
        MHD_create_response_from_fd_at_offset64(length, file, part->first);
    ENSURE(response);
    answer_response(request, part->code, dav_type_of(request->node.path), response);
    if (part->code == 206)
        answer_header(request, "Content-Range", "bytes %llu-%llu/%llu",
                      (unsigned long long)part->first, (unsigned long long)part->last,
                      (unsigned long long)size);
}

static void send_file(struct http_request *request, int file, const struct stat *stat)
{
    struct attributes attributes = {.version = files_version(stat)};
    uint64_t size = (uint64_t)stat->st_size;
    int64_t modified_ms = (int64_t)stat->st_mtim.tv_sec * 1000;
    BYTES_AUTO(tag);
    method_tag(&tag, &request->node, &attributes);
    struct slice part = choose_part(request, size, view_bytes(&tag));
    if (method_fails_match(request, view_bytes(&tag), modified_ms)) {
        answer_problem(request, 412, "it is not as the conditions say");
    } else if (method_is_unchanged(request, view_bytes(&tag), modified_ms)) {
        answer_code(request, 304);
    } else if (part.code == 416) {
        answer_problem(request, 416, "the range is beyond the end");
        answer_header(request, "Content-Range", "bytes */%llu",
                      (unsigned long long)size);
    } else {
        send_part(request, file, size, &part);
        file = -1;
    }
    if (file >= 0)
        close(file);
    add_validators(request, stat);
    answer_header(request, "Accept-Ranges", "bytes");
    answer_header(request, "Cache-Control", "no-cache");
}

void method_file_get(struct http_request *request)
{
    struct tree *tree = request_tree(request);
    struct file_place place;
    struct stat stat;
    int file;
    enum status status = tree_place(tree, &request->node, &place);
    if (!status)
        status = files_open_to_read(tree_files(tree), &place, &file, &stat);
    if (status)
        answer_status(request, status, NULL);
    else
        send_file(request, file, &stat);
}
