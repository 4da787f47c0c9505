/* SPDX-License-Identifier: MIT */
/*
 * LOCK and UNLOCK (RFC 4918, sections 9.10 and 9.11). A lock keeps others out from the
 * moment it is asked for, and is acknowledged when it is on disk. To lock an ordinary
 * name that is not there makes an empty file; a special file has no empty form, so its
 * name is announced only, and no message comes of it.
 */
#include "server/dav.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "server/dav/gate.h"
#include "server/dav/live.h"
#include "server/dav/propstat.h"
#include "server/dav/values.h"
#include "server/dav/write.h"
#include "server/methods.h"
#include "server/offload.h"

struct locking {
    char token[LOCK_TOKEN_SIZE];
    bool is_refresh, has_made;
    enum status made;
};

static struct locking *locking_of(struct http_request *request)
{
    return request->extra;
}

static const struct dav_place *place_of(const struct http_request *request)
{
    return &request->resolved.place;
}

static uint32_t timeout_of(struct http_request *request)
{
    const char *text = http_request_header(request, "Timeout");
    return dav_value_timeout(view_text(text ? text : ""), LOCK_SECONDS_USUAL,
                             LOCK_SECONDS_MAX);
}

/* ----------------------------------------------------------------------- answering */

static void answer_locks(struct http_request *request, unsigned code)
{
    const struct locking *locking = locking_of(request);
    struct dav *dav = request_dav(request);
    struct dav_resource resource = {.tree = request_tree(request),
                                    .dav = dav,
                                    .place = *place_of(request),
                                    .prefix = dav_prefix(request),
                                    .login = dav_login(request)};
    BYTES_AUTO(body);
    bytes_append_text(&body, DAV_XML_HEAD "<D:prop xmlns:D=\"DAV:\"><D:lockdiscovery>");
    dav_enter(dav);
    dav_append_lockdiscovery(&resource, &body);
    dav_leave(dav);
    bytes_append_text(&body, "</D:lockdiscovery></D:prop>\n");
    answer_body(request, code, DAV_XML_TYPE, &body);
    if (!locking->is_refresh)
        answer_header(request, "Lock-Token", "<%s>", locking->token);
}

static void give_up(struct http_request *request)
{
    struct dav *dav = request_dav(request);
    dav_enter(dav);
    dav_lock_remove(dav, place_of(request), locking_of(request)->token);
    dav_leave(dav);
}

static void kept(struct http_request *request)
{
    struct dav *dav = request_dav(request);
    struct locking *locking = locking_of(request);
    struct dav_entry *entry;
    if (request->result.status) {
        if (!locking->is_refresh)
            give_up(request);
        answer_status(request, request->result.status, request->result.detail);
        return;
    }
    dav_enter(dav);
    struct dav_lock *lock =
        dav_lock_find(dav, place_of(request), view_text(locking->token), &entry);
    if (lock)
        lock->is_kept = true;
    dav_leave(dav);
    answer_locks(request, locking->has_made ? 201 : 200);
}

static void keep(struct http_request *request)
{
    struct dav *dav = request_dav(request);
    struct dav_entry *entry;
    BYTES_AUTO(key);
    BYTES_AUTO(value);
    dav_enter(dav);
    const char *token = locking_of(request)->token;
    const struct dav_lock *lock =
        dav_lock_find(dav, place_of(request), view_text(token), &entry);
    if (lock) {
        dav_lock_note_key(&key, lock->token);
        dav_lock_note_value(&value, entry, lock);
    }
    dav_leave(dav);
    if (!lock) {
        answer_problem(request, 409, "the lock was broken meanwhile");
        return;
    }
    struct engine_note note = {view_bytes(&key), view_bytes(&value)};
    http_request_suspend(request, kept);
    engine_keep_note(tree_engine(request_tree(request)), &note,
                     http_request_is_alone(request), http_request_done, request);
}

/* ------------------------------------------------------------------------ new ones */

static void make_file(struct http_request *request)
{
    struct tree *tree = request_tree(request);
    struct locking *locking = locking_of(request);
    struct file_owner owner = method_file_owner(request, 0644);
    struct file_writer *writer;
    struct file_place place;
    struct stat stat;
    locking->made = tree_place(tree, &request->node, &place);
    if (!locking->made)
        locking->made = files_write(tree_files(tree), &writer);
    if (!locking->made)
        locking->made = file_writer_commit(writer, &place, &owner, true, &stat);
}

static void file_made(struct http_request *request)
{
    enum status made = locking_of(request)->made;
    if (made && made != STATUS_EXISTS) { /* somebody else was first: as good */
        give_up(request);
        answer_status(request, made, NULL);
        return;
    }
    keep(request);
}

static uint64_t state_version_of(struct http_request *request)
{
    struct attributes attributes;
    if (request->node.kind != NODE_STATE ||
        tree_attributes(request_tree(request), &request->node, &attributes))
        return 0;
    return attributes.version;
}

/* RFC 4918, section 9.10.6: the member that is in the way, and that the rest failed
   with it. */
static void answer_blocked(struct http_request *request, struct view member)
{
    BYTES_AUTO(path);
    BYTES_AUTO(out);
    bytes_append(&path, dav_prefix(request));
    dav_append_target(&path, &request->target, node_is_folder(&request->node));
    bytes_append_text(&out, DAV_MULTISTATUS_HEAD "<D:response>");
    dav_append_href(&out, member);
    bytes_append_text(&out,
                      "<D:status>HTTP/1.1 423 Locked</D:status><D:error>"
                      "<D:no-conflicting-lock/></D:error></D:response>\n<D:response>");
    dav_append_href(&out, view_bytes(&path));
    bytes_append_text(&out, "<D:status>HTTP/1.1 424 Failed Dependency</D:status>"
                            "</D:response>\n" DAV_MULTISTATUS_TAIL);
    answer_body(request, 207, DAV_XML_TYPE, &out);
}

enum obstacle { NO_OBSTACLE, OTHER_LOCK, LOCK_BENEATH, TOO_MANY_LOCKS };

/* What keeps the lock out; `path` is that of the other lock. */
static enum obstacle find_obstacle(struct http_request *request,
                                   const struct dav_body *body, bool deep,
                                   struct bytes *path)
{
    struct dav *dav = request_dav(request);
    const struct dav_entry *other =
        dav_locks_conflict(dav, place_of(request), body->is_shared, deep);
    if (!other)
        return dav_locks_count(dav) < LOCKS_MAX ? NO_OBSTACLE : TOO_MANY_LOCKS;
    struct dav_place at = {other->area, view_bytes(&other->path)};
    bytes_append(path, dav_prefix(request));
    dav_append_place(path, request_tree(request), &at);
    return at.path.size > place_of(request)->path.size ? LOCK_BENEATH : OTHER_LOCK;
}

static void answer_obstacle(struct http_request *request, enum obstacle obstacle,
                            struct view path)
{
    switch (obstacle) {
    case NO_OBSTACLE:
        break;
    case OTHER_LOCK:
        dav_answer_error(request, 423, "no-conflicting-lock", path);
        break;
    case LOCK_BENEATH:
        answer_blocked(request, path);
        break;
    case TOO_MANY_LOCKS:
        answer_problem(request, 507, "there are too many locks");
        break;
    }
}

/* False when the request was answered. */
static bool take(struct http_request *request, const struct dav_body *body, bool deep)
{
    struct dav *dav = request_dav(request);
    BYTES_AUTO(path);
    struct dav_lock *lock = dav_lock_new(body->is_shared, deep, dav_login(request),
                                         view_bytes(&body->owner));
    lock->state_version = state_version_of(request);
    memcpy(locking_of(request)->token, lock->token, LOCK_TOKEN_SIZE);
    dav_enter(dav);
    enum obstacle obstacle = find_obstacle(request, body, deep, &path);
    if (obstacle) {
        dav_locks_free(lock);
    } else {
        dav_lock_refresh(dav, lock, timeout_of(request));
        dav_lock_add(dav, place_of(request), lock);
    }
    dav_leave(dav);
    answer_obstacle(request, obstacle, view_bytes(&path));
    return obstacle == NO_OBSTACLE;
}

/* What may be locked at all; false when the request was answered. */
static bool is_lockable(struct http_request *request)
{
    const struct node *node = &request->node;
    if (request->found && request->missing > 1)
        answer_problem(request, 409, "the folder is not there; MKCOL makes one");
    else if (request->found && node->kind != NODE_ORDINARY && !tree_may_create(node))
        answer_problem(request, 403, "no file of that name can be made here");
    else if (!request->found && (node->kind == NODE_ROOT || node->kind == NODE_ACTORS))
        answer_problem(request, 403, "that belongs to everybody and is not locked");
    else
        return true;
    return false;
}

static void lock_new(struct http_request *request, const struct dav_body *body,
                     bool deep)
{
    struct dav *dav = request_dav(request);
    bool makes = request->found && request->node.kind == NODE_ORDINARY;
    if (!is_lockable(request) || !dav_conditions_hold(request) ||
        !take(request, body, deep))
        return;
    if (makes && !dav_may_touch(request, place_of(request), TOUCH_MEMBERS)) {
        give_up(request);
        return;
    }
    locking_of(request)->has_made = request->found != STATUS_OK;
    if (request->found && !makes)
        dav_announce(dav, place_of(request));
    if (makes)
        offload_run(request_offload(request), request, make_file, file_made);
    else
        keep(request);
}

/* ------------------------------------------------------------------------- refresh */

/* The token of If that names a lock of this resource. */
static bool find_own(struct http_request *request, struct dav *dav,
                     struct dav_lock **lock_out)
{
    struct dav_if header;
    struct dav_entry *entry;
    const char *text = http_request_header(request, "If");
    if (!text || dav_if_parse(view_text(text), &header))
        return false;
    for (size_t i = 0; i < header.condition_count; i++) {
        const struct dav_condition *condition = &header.conditions[i];
        if (condition->is_tag || condition->is_negated)
            continue;
        *lock_out = dav_lock_find(dav, place_of(request), condition->text, &entry);
        if (*lock_out && strcmp((*lock_out)->login, dav_login(request)) == 0)
            return true;
    }
    return false;
}

static void refresh(struct http_request *request)
{
    struct dav *dav = request_dav(request);
    struct dav_lock *lock;
    if (!http_request_header(request, "If")) {
        answer_problem(request, 400,
                       "LOCK takes a lockinfo, or If with a lock's token");
        return;
    }
    dav_enter(dav);
    bool found = find_own(request, dav, &lock);
    if (found) {
        dav_lock_refresh(dav, lock, timeout_of(request));
        memcpy(locking_of(request)->token, lock->token, LOCK_TOKEN_SIZE);
    }
    dav_leave(dav);
    locking_of(request)->is_refresh = true;
    if (found)
        keep(request);
    else
        dav_answer_error(request, 412, "lock-token-matches-request-uri",
                         view_of("", 0));
}

void dav_lock(struct http_request *request)
{
    const char *text = http_request_header(request, "Depth");
    enum dav_depth depth = DEPTH_INFINITY;
    struct dav_body body = {0};
    request->extra = memory_take_zeroed(1, sizeof(struct locking));
    request->free_extra = free;
    if (request->body.size == 0)
        refresh(request);
    else if (text && (dav_value_depth(view_text(text), &depth) || depth == DEPTH_ONE))
        answer_problem(request, 400, "Depth is 0 or infinity here");
    else if (dav_read_body(request, DAV_LOCKINFO, &body)) {
        if (body.owner.size > LOCK_OWNER_BYTES_MAX)
            answer_problem(request, 413, "the owner is longer than %u bytes",
                           LOCK_OWNER_BYTES_MAX);
        else
            lock_new(request, &body, depth == DEPTH_INFINITY);
    }
    dav_body_free(&body);
}

/* -------------------------------------------------------------------------- unlock */

struct unlocking {
    char token[LOCK_TOKEN_SIZE];
    struct bytes path; /* of the lock's place */
    uint64_t area;
};

static void free_unlocking(void *context)
{
    struct unlocking *unlocking = context;
    bytes_free(&unlocking->path);
    free(unlocking);
}

static void unlocked(struct http_request *request)
{
    struct dav *dav = request_dav(request);
    const struct unlocking *unlocking = request->extra;
    struct dav_place place = {unlocking->area, view_bytes(&unlocking->path)};
    if (request->result.status) {
        answer_status(request, request->result.status, request->result.detail);
        return;
    }
    dav_enter(dav);
    dav_lock_remove(dav, &place, unlocking->token);
    dav_leave(dav);
    answer_code(request, 204);
}

enum unlock_verdict { UNLOCK_FOUND, UNLOCK_UNKNOWN, UNLOCK_FOREIGN };

static enum unlock_verdict find_lock(struct http_request *request, struct view token,
                                     struct unlocking *unlocking)
{
    struct dav *dav = request_dav(request);
    struct dav_entry *entry;
    enum unlock_verdict verdict = UNLOCK_UNKNOWN;
    dav_enter(dav);
    const struct dav_lock *lock = dav_lock_find(dav, place_of(request), token, &entry);
    if (lock) {
        verdict = strcmp(lock->login, dav_login(request)) == 0 ? UNLOCK_FOUND
                                                               : UNLOCK_FOREIGN;
        memcpy(unlocking->token, lock->token, LOCK_TOKEN_SIZE);
        unlocking->area = entry->area;
        bytes_append(&unlocking->path, view_bytes(&entry->path));
    }
    dav_leave(dav);
    return verdict;
}

static void remove_note(struct http_request *request)
{
    const struct unlocking *unlocking = request->extra;
    BYTES_AUTO(key);
    dav_lock_note_key(&key, unlocking->token);
    struct engine_note note = {.key = view_bytes(&key)};
    http_request_suspend(request, unlocked);
    engine_keep_note(tree_engine(request_tree(request)), &note,
                     http_request_is_alone(request), http_request_done, request);
}

void dav_unlock(struct http_request *request)
{
    const char *text = http_request_header(request, "Lock-Token");
    struct view token;
    struct unlocking *unlocking = memory_take_zeroed(1, sizeof *unlocking);
    request->extra = unlocking;
    request->free_extra = free_unlocking;
    if (!text || dav_value_lock_token(view_text(text), &token)) {
        answer_problem(request, 400, "Lock-Token must hold one token: <urn:uuid:...>");
        return;
    }
    switch (find_lock(request, token, unlocking)) {
    case UNLOCK_FOUND:
        remove_note(request);
        break;
    case UNLOCK_UNKNOWN:
        dav_answer_error(request, 409, "lock-token-matches-request-uri",
                         view_of("", 0));
        break;
    case UNLOCK_FOREIGN:
        answer_problem(request, 403, "somebody else took that lock");
        break;
    }
}
