/* SPDX-License-Identifier: MIT */
#include "server/permission.h"

#include "common/tree/node.h"
#include "server/dav/gate.h"

/* What a path is of, as far as rights go. */
enum place {
    PLACE_OPEN,       /* the root, /README, the list of actors, what pages are made of:
                         to every user */
    PLACE_DAEMON,     /* /status, /attention, /metrics: of all actors together */
    PLACE_ACTOR,      /* its folder */
    PLACE_MESSAGES,   /* tasks and execute, with and without a key */
    PLACE_CONTROLLED, /* state, status, behavior */
    PLACE_INSIDE      /* all else in an actor's folder */
};

static enum place place_of_file(struct view name)
{
    enum node_kind kind;
    if (!node_kind_of_name(name, &kind))
        return PLACE_INSIDE;
    if (kind == NODE_TASKS || kind == NODE_EXECUTE)
        return PLACE_MESSAGES;
    bool is_controlled =
        kind == NODE_STATE || kind == NODE_STATUS || kind == NODE_BEHAVIOR;
    return is_controlled ? PLACE_CONTROLLED : PLACE_INSIDE;
}

static enum place place_of(const struct http_target *target)
{
    const struct view *segments = target->segments;
    if (target->segment_count == 0 || view_equal(segments[0], view_text("README")) ||
        view_equal(segments[0], view_text("page")))
        return PLACE_OPEN;
    if (!view_equal(segments[0], view_text("actors")))
        return PLACE_DAEMON;
    if (target->segment_count == 1)
        return PLACE_OPEN;
    if (target->segment_count == 2)
        return PLACE_ACTOR;
    return target->segment_count == 3 ? place_of_file(segments[2]) : PLACE_INSIDE;
}

static struct view actor_of(const struct http_target *target)
{
    bool is_within = target->segment_count >= 2 &&
                     view_equal(target->segments[0], view_text("actors"));
    return is_within ? target->segments[1] : view_of(NULL, 0);
}

/* --------------------------------------------------------------------- rules */

/* Any of these rights is enough. */
static unsigned rights_to_read(enum place place)
{
    return place == PLACE_MESSAGES ? RIGHT_READ | RIGHT_WRITE : RIGHT_READ;
}

static unsigned rights_to_write(enum place place)
{
    bool takes_control =
        place == PLACE_CONTROLLED || place == PLACE_OPEN || place == PLACE_DAEMON;
    return takes_control ? RIGHT_CONTROL : RIGHT_WRITE;
}

#define ANY_RIGHT (RIGHT_READ | RIGHT_WRITE | RIGHT_CONTROL)

/* 0: none is needed. */
static unsigned rights_for(enum http_method method, enum place place)
{
    switch (method) {
    case METHOD_OPTIONS:
        return 0;
    case METHOD_PROPFIND:
    case METHOD_HEAD: /* clients look at what they are about to write */
        return place == PLACE_OPEN ? 0 : ANY_RIGHT;
    case METHOD_GET:
    case METHOD_COPY:
        return place == PLACE_OPEN ? 0 : rights_to_read(place);
    case METHOD_DELETE:
    case METHOD_MOVE:
        return place == PLACE_ACTOR ? RIGHT_CONTROL : rights_to_write(place);
    case METHOD_PUT:
    case METHOD_POST:
    case METHOD_MKCOL:
    case METHOD_PROPPATCH:
    case METHOD_LOCK:
    case METHOD_UNLOCK:
    case METHOD_COUNT:
        return rights_to_write(place);
    }
    return RIGHT_CONTROL;
}

static bool has_any(const struct user *user, unsigned rights, struct view actor)
{
    static const enum right all[] = {RIGHT_READ, RIGHT_WRITE, RIGHT_CONTROL};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (rights & all[i] && access_allows(user, all[i], actor))
            return true;
    return rights == 0;
}

static bool refuse(struct http_request *request, const char *why)
{
    answer_problem(request, 403, "%s", why);
    return false;
}

static bool allow(struct http_request *request, const struct http_target *target,
                  enum http_method method)
{
    unsigned rights = rights_for(method, place_of(target));
    return has_any(request->user, rights, actor_of(target)) ||
           refuse(request, "the rules for this user do not allow it");
}

void permission_by_rules(struct http_request *request)
{
    allow(request, &request->target, request->method);
}

bool permission_sees_all(const struct http_request *request)
{
    return access_allows(request->user, RIGHT_READ, view_of(NULL, 0));
}

bool permission_shows(const struct http_request *request,
                      const struct tree_entry *entry)
{
    const struct node *node = &entry->node;
    struct dav_place place = {node->actor, view_text(entry->name)};
    if (node->kind == NODE_ACTOR)
        return access_shows(request->user, place.path);
    return !node->actor || node->kind == NODE_ORDINARY ||
           !dav_is_hidden(request_dav(request), &place);
}

/* --------------------------------------------------------------------- modes */

static bool may(struct http_request *request, const struct node *node, unsigned want)
{
    struct attributes attributes;
    return tree_attributes(request_tree(request), node, &attributes) == STATUS_OK &&
           access_permits(request->user, &attributes, want);
}

/* What is not there stands in nobody's way: it will not be found. */
static bool may_pass(struct http_request *request, const struct node *folder)
{
    struct attributes attributes;
    return tree_attributes(request_tree(request), folder, &attributes) != STATUS_OK ||
           access_permits(request->user, &attributes, MAY_EXECUTE);
}

/* What is in an actor's folder is reached through it, and through all folders between.
 */
static bool may_reach(struct http_request *request, const struct node *node)
{
    struct node folder = tree_node(NODE_ACTOR, node->actor);
    if (node->actor && node->kind != NODE_ACTOR && !may_pass(request, &folder))
        return false;
    if (node->kind != NODE_ORDINARY)
        return true;
    folder = *node;
    for (size_t i = 1; i < node->path.size; i++) {
        folder.path.size = i;
        if (node->path.data[i] == '/' && !may_pass(request, &folder))
            return false;
    }
    return true;
}

static bool may_remove(struct http_request *request, const struct node *parent,
                       const struct node *node)
{
    struct attributes folder, entry;
    struct tree *tree = request_tree(request);
    return tree_attributes(tree, parent, &folder) == STATUS_OK &&
           tree_attributes(tree, node, &entry) == STATUS_OK &&
           access_permits(request->user, &folder, MAY_WRITE | MAY_EXECUTE) &&
           access_permits_removal(request->user, &folder, &entry);
}

/* A key that is new is a new name in the actor's folder, and more: it is written to the
   file (README, "Who may"). */
static bool may_make(struct http_request *request, const struct node *parent,
                     const struct node *node)
{
    struct node file = tree_node(node->kind, node->actor);
    bool is_message = node->kind == NODE_TASKS || node->kind == NODE_EXECUTE;
    return may(request, parent, MAY_WRITE | MAY_EXECUTE) &&
           (!is_message || may(request, &file, MAY_WRITE));
}

static bool may_write(struct http_request *request)
{
    if (request->found == STATUS_OK)
        return may(request, &request->node, MAY_WRITE);
    return request->missing > 1 || /* it will not be found */
           may_make(request, &request->parent, &request->node);
}

/* A special file that is moved leaves a copy, which is its mover's. */
static bool may_move(struct http_request *request)
{
    return may_remove(request, &request->parent, &request->node) &&
           (request->node.kind == NODE_ORDINARY || request->node.kind == NODE_ACTOR ||
            may(request, &request->node, MAY_READ));
}

static bool may_ask(struct http_request *request)
{
    bool is_there = request->found == STATUS_OK;
    switch (request->method) {
    case METHOD_GET:
    case METHOD_HEAD:
    case METHOD_COPY:
    case METHOD_PROPFIND:
        return !is_there || may(request, &request->node, MAY_READ);
    case METHOD_DELETE:
        return !is_there || may_remove(request, &request->parent, &request->node);
    case METHOD_MOVE:
        return !is_there || may_move(request);
    case METHOD_MKCOL:
    case METHOD_PUT:
    case METHOD_POST:
    case METHOD_PROPPATCH:
    case METHOD_LOCK:
        return may_write(request);
    case METHOD_OPTIONS:
    case METHOD_UNLOCK: /* the token is the right */
    case METHOD_COUNT:
        return true;
    }
    return false;
}

bool permission_has_modes(const struct http_request *request)
{
    return request->user && request->user->is_mapped;
}

bool permission_by_modes(struct http_request *request)
{
    if (!permission_has_modes(request) ||
        (may_reach(request, &request->node) && may_ask(request)))
        return true;
    return refuse(request, "owner and mode do not allow it to this user");
}

bool permission_to_create(struct http_request *request)
{
    if (!permission_has_modes(request) ||
        may(request, &request->parent, MAY_WRITE | MAY_EXECUTE))
        return true;
    return refuse(request, "this user may not make an actor");
}

/* ---------------------------------------------------------------- destination */

/* As cp and mv: a special file, or a file by a copy of one, is written to; all else is
   taken away first. */
static bool may_replace(struct http_request *request, const struct http_resolved *to)
{
    bool is_ordinary = to->node.kind == NODE_ORDINARY;
    bool is_written = is_ordinary ? request->method == METHOD_COPY &&
                                        !node_is_folder(&request->node) &&
                                        !node_is_folder(&to->node)
                                  : !node_is_folder(&to->node);
    return is_written ? may(request, &to->node, MAY_WRITE)
                      : may_remove(request, &to->parent, &to->node);
}

bool permission_for_destination(struct http_request *request,
                                const struct http_target *destination,
                                const struct http_resolved *to)
{
    if (!allow(request, destination, METHOD_PUT))
        return false;
    if (!permission_has_modes(request) || to->missing > 1 ||
        (may_reach(request, &to->node) &&
         (to->found ? may_make(request, &to->parent, &to->node)
                    : may_replace(request, to))))
        return true;
    return refuse(request, "owner and mode do not allow it to this user there");
}
