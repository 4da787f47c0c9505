/* SPDX-License-Identifier: MIT */
#include "fs/crossing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/access.h"
#include "fs/entry.h"
#include "fs/errno_map.h"
#include "fs/ops_ordinary.h"

/* A file on its way into an actor. */
struct crossing {
    fuse_req_t request;
    struct fuse_face *face;
    fuse_ino_t new_parent;
    char new_name[FILE_NAME_BYTES_MAX + 1];
    struct node target;
    int folder; /* that it is in, under this name */
    char name[FILE_NAME_BYTES_MAX + 1];
    struct stat stat;
    struct bytes content;
    struct bytes note;            /* that names the file, see files_begin_sending */
    char note_key[SENT_KEY_SIZE]; /* its key */
};

static void end(struct crossing *crossing, int error)
{
    if (crossing->note.size)
        files_end_sending(tree_files(crossing->face->tree),
                          view_bytes(&crossing->note));
    fuse_reply_err(crossing->request, error);
    if (crossing->folder >= 0)
        close(crossing->folder);
    bytes_free(&crossing->content);
    bytes_free(&crossing->note);
    free(crossing);
}

/* ------------------------------------------------------------------------- sending */

/* On the notifier's thread: it may wait for the disk. */
static void finish(void *context, bool is_stopping)
{
    (void)is_stopping; /* the message is on disk: the file has to go */
    struct crossing *crossing = context;
    struct fuse_face *face = crossing->face;
    struct engine_note gone = {.key = view_text(crossing->note_key)};
    enum status status =
        files_remove_sent(tree_files(face->tree), view_bytes(&crossing->note));
    if (!status) {
        engine_keep_notes(tree_engine(face->tree), &gone, 1, NULL, NULL);
        hidden_remove(face->hidden, crossing->new_parent,
                      view_text(crossing->new_name));
        uint64_t number = ordinary_sent(face->ordinary, &crossing->stat,
                                        crossing->new_parent, crossing->new_name);
        if (number && face->prunes)
            notifier_post(face->notifier, number);
    }
    end(crossing, errno_of_status(status));
}

static void sent(void *context, const struct engine_answer *answer)
{
    struct crossing *crossing = context;
    int error = errno_of_status(answer->status);
    /* Of a rename EINVAL is said to be a move into itself; these are words that are no
       words. */
    if (error)
        end(crossing, error == EINVAL ? EBADMSG : error);
    else
        notifier_defer(crossing->face->notifier, finish, crossing);
}

static bool takes_files(enum node_kind kind)
{
    return kind == NODE_TASKS || kind == NODE_EXECUTE || kind == NODE_STATE ||
           kind == NODE_STATUS || kind == NODE_BEHAVIOR;
}

static enum status find_target(struct crossing *crossing, unsigned flags)
{
    struct node folder;
    struct attributes attributes;
    struct actor_info info;
    struct fuse_face *face = crossing->face;
    struct node *target = &crossing->target;
    struct view name = view_text(crossing->new_name);
    enum status status = entry_node(face, crossing->new_parent, &folder);
    if (!status)
        status = tree_lookup(face->tree, &folder, name, target);
    bool is_there =
        !status && !hidden_contains(face->hidden, crossing->new_parent, name);
    if (status == STATUS_NOT_FOUND && tree_may_create(target))
        status = STATUS_OK;
    if (status)
        return entry_status(face, target, status);
    if (is_there && flags & RENAME_NOREPLACE)
        return STATUS_EXISTS;
    if (!takes_files(target->kind))
        return STATUS_PERMISSION;
    status = entry_attributes_unsent(face, target, &attributes);
    if (!status)
        status = access_may_write(crossing->request, &attributes);
    if (!status)
        status = tree_check_write(face->tree, target);
    if (!status && target->kind == NODE_STATE &&
        !engine_actor(tree_engine(face->tree), target->actor, &info) &&
        info.activity == ACTIVITY_RUNNING)
        status = STATUS_BUSY;
    return status;
}

static int read_all(int file, size_t size, struct bytes *out)
{
    char *room = bytes_reserve(out, size + 1);
    while (out->size < size) {
        ssize_t got = pread(file, room + out->size, size - out->size, (off_t)out->size);
        if (got < 0)
            return errno;
        if (got == 0)
            break;
        out->size += (size_t)got;
    }
    return 0;
}

/* The bytes of the file, and which one it is. */
static int read_source(struct crossing *crossing)
{
    const struct engine_options *limits =
        engine_limits(tree_engine(crossing->face->tree));
    uint64_t most = crossing->target.kind == NODE_STATE ? limits->state_bytes_max
                                                        : limits->message_bytes_max;
    int file = openat(crossing->folder, crossing->name,
                      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return errno == ELOOP ? EPERM : errno;
    struct stat *stat = &crossing->stat;
    int error = fstat(file, stat) != 0           ? errno
                : !S_ISREG(stat->st_mode)        ? EPERM
                : (uint64_t)stat->st_size > most ? EFBIG
                                                 : 0;
    if (!error)
        error = read_all(file, (size_t)stat->st_size, &crossing->content);
    close(file);
    return error;
}

static struct crossing *begin(fuse_req_t request, const char *name,
                              fuse_ino_t new_parent, const char *new_name)
{
    struct crossing *crossing = memory_take_zeroed(1, sizeof *crossing);
    crossing->request = request;
    crossing->face = face_of(request);
    crossing->new_parent = new_parent;
    crossing->folder = -1;
    snprintf(crossing->name, sizeof crossing->name, "%s", name);
    snprintf(crossing->new_name, sizeof crossing->new_name, "%s", new_name);
    return crossing;
}

static int find_source(struct crossing *crossing, fuse_ino_t parent)
{
    struct folder folder;
    int error = folder_open(crossing->face, parent, false, &folder);
    if (error)
        return error;
    crossing->folder =
        openat(folder.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    error = crossing->folder < 0 ? errno : 0;
    folder_close(crossing->face, &folder);
    return error ? error : read_source(crossing);
}

static enum status claim_source(struct crossing *crossing)
{
    const struct stat *stat = &crossing->stat;
    tree_sent_key(stat, crossing->note_key);
    return files_begin_sending(tree_files(crossing->face->tree), crossing->folder,
                               crossing->name, stat, &crossing->note);
}

static void post(struct crossing *crossing)
{
    struct tree *tree = crossing->face->tree;
    struct view content = view_bytes(&crossing->content);
    struct engine_note note = {view_text(crossing->note_key),
                               view_bytes(&crossing->note)};
    struct tree_post message = {
        .messages = &content, .count = 1, .first_line = 1, .note = &note};
    struct engine_state_write state = {
        .state = content, .expected_version = STATE_VERSION_ANY, .note = &note};
    struct engine_answer nothing = {.detail = ""};
    enum node_kind target = crossing->target.kind;
    if (target == NODE_STATE)
        engine_write_state(tree_engine(tree), crossing->target.actor, &state, sent,
                           crossing);
    else if (content.size == 0) /* sends nothing, as everywhere */
        sent(crossing, &nothing);
    else if (target == NODE_STATUS || target == NODE_BEHAVIOR)
        tree_write(tree, &crossing->target, content, STATE_VERSION_ANY, sent, crossing);
    else
        tree_post(tree, &crossing->target, &message, sent, crossing);
}

void crossing_send(fuse_req_t request, fuse_ino_t parent, const char *name,
                   fuse_ino_t new_parent, const char *new_name, unsigned flags)
{
    if (strlen(name) > FILE_NAME_BYTES_MAX || strlen(new_name) > FILE_NAME_BYTES_MAX) {
        fuse_reply_err(request, ENAMETOOLONG);
        return;
    }
    struct crossing *crossing = begin(request, name, new_parent, new_name);
    int error = errno_of_status(find_target(crossing, flags));
    if (!error)
        error = find_source(crossing, parent);
    if (!error)
        error = errno_of_status(claim_source(crossing));
    if (error)
        end(crossing, error);
    else if (tree_was_sent(crossing->face->tree, crossing->note_key))
        notifier_defer(crossing->face->notifier, finish, crossing);
    else
        post(crossing);
}

/* ------------------------------------------------------------------------- leaving */

static enum status write_copy(fuse_req_t request, struct folder *folder,
                              const char *name, const struct attributes *attributes,
                              struct view content, bool only_new)
{
    struct stat stat;
    struct file_writer *writer;
    struct file_owner owner = {attributes->uid, attributes->gid, attributes->mode};
    enum status status = files_write(tree_files(face_of(request)->tree), &writer);
    if (status)
        return status;
    status = file_writer_append(writer, content);
    if (status) {
        file_writer_abort(writer);
        return status;
    }
    return file_writer_commit_in(writer, folder->descriptor, name, &owner, only_new,
                                 &stat);
}

static enum status copy_state(fuse_req_t request, const struct node *state,
                              struct folder *folder, const char *name, bool only_new)
{
    BYTES_AUTO(content);
    uint64_t version;
    struct attributes attributes;
    struct fuse_face *face = face_of(request);
    enum status status = entry_attributes(face, state, &attributes);
    if (!status)
        status =
            engine_state(tree_engine(face->tree), state->actor, &content, &version);
    return status ? status
                  : write_copy(request, folder, name, &attributes, view_bytes(&content),
                               only_new);
}

void crossing_leave(fuse_req_t request, fuse_ino_t parent, const char *name,
                    fuse_ino_t new_parent, const char *new_name, unsigned flags)
{
    struct fuse_face *face = face_of(request);
    struct node node;
    struct folder folder;
    enum status status = entry_find(face, parent, name, &node);
    if (!status && node.kind != NODE_STATE)
        status = STATUS_PERMISSION;
    if (!status)
        status = files_check_name(view_text(new_name));
    int error = errno_of_status(status);
    if (!error)
        error = folder_open(face, new_parent, true, &folder);
    if (error) {
        fuse_reply_err(request, error);
        return;
    }
    status = copy_state(request, &node, &folder, new_name, flags & RENAME_NOREPLACE);
    folder_close(face, &folder);
    if (!status)
        hidden_add(face->hidden, parent, view_text(name));
    uint64_t number = status ? 0 : inodes_rename_state(face->inodes, node.actor);
    reply_status(request, status);
    if (number && face->prunes)
        notifier_post(face->notifier, number);
}
