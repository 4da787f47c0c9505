/* SPDX-License-Identifier: MIT */
/*
 * A page is made whole in memory and bounded by its limit: a million actors come a
 * thousand at a time. Each actor comes with what a list of actors is read for.
 */
#include "server/json_folder.h"

#include <stdio.h>
#include <sys/stat.h>

#include "common/base/log.h"
#include "server/json_shown.h"
#include "server/page_place.h"
#include "server/permission.h"

#define LIMIT_DEFAULT 1000
#define LIMIT_MAX 10000

struct listing {
    const struct http_request *request;
    struct engine *engine;
    json_t *entries;
    struct page_place place; /* after: of the last entry taken */
    bool is_more;
};

static const char *kind_of(const struct tree_entry *entry)
{
    const struct node *node = &entry->node;
    if (node->kind == NODE_ACTOR)
        return "actor";
    if (node->kind == NODE_ORDINARY && S_ISLNK(node->type))
        return "link";
    return entry->attributes.is_folder ? "folder" : "file";
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* Who may not read it sees that it is there, not how it does. */
static void add_actor(const struct listing *listing, uint64_t id, json_t *object)
{
    struct actor_info info;
    if (engine_actor(listing->engine, id, &info)) /* retired just now */
        return;
    if (!access_allows(listing->request->user, RIGHT_READ, view_text(info.name)))
        return;
    ENSURE(json_object_set_new(object, "activity",
                               json_string(activity_text(info.activity))) == 0);
    ENSURE(json_object_set_new(object, "pending", number(info.pending)) == 0);
    ENSURE(json_object_set_new(object, "done", number(info.done)) == 0);
    ENSURE(json_object_set_new(object, "failed", number(info.failed)) == 0);
}

static bool add_entry(void *context, const struct tree_entry *entry)
{
    struct listing *listing = context;
    if (!permission_shows(listing->request, entry))
        return true;
    listing->is_more = json_array_size(listing->entries) == listing->place.limit;
    if (listing->is_more)
        return false;
    json_t *object = json_object();
    json_shown_set_bytes(object, "name", view_text(entry->name));
    ENSURE(json_object_set_new(object, "kind", json_string(kind_of(entry))) == 0);
    if (entry->node.kind == NODE_ACTOR)
        add_actor(listing, entry->node.actor, object);
    else if (!entry->attributes.is_folder)
        ENSURE(json_object_set_new(object, "size", number(entry->attributes.size)) ==
               0);
    json_shown_set_time(object, "modified", entry->attributes.modified_ms);
    ENSURE(json_array_append_new(listing->entries, object) == 0);
    listing->place.after = entry->next;
    return true;
}

static json_t *next_of(struct http_request *request, const struct listing *listing)
{
    char next[80];
    if (!listing->is_more)
        return json_null();
    snprintf(next, sizeof next, "?after=.%llu&limit=%zu",
             (unsigned long long)listing->place.after, listing->place.limit);
    answer_header(request, "Link", "<%s>; rel=\"next\"", next);
    return json_string(next);
}

json_t *json_folder(struct http_request *request)
{
    struct tree *tree = request_tree(request);
    struct listing listing = {.request = request, .engine = tree_engine(tree)};
    if (!page_place_of(request, LIMIT_DEFAULT, LIMIT_MAX, &listing.place))
        return NULL;
    listing.entries = json_array();
    enum status status =
        tree_list(tree, &request->node, listing.place.after, add_entry, &listing);
    if (status) {
        json_decref(listing.entries);
        answer_status(request, status, NULL);
        return NULL;
    }
    json_t *folder = json_object();
    ENSURE(json_object_set_new(folder, "entries", listing.entries) == 0);
    ENSURE(json_object_set_new(folder, "next", next_of(request, &listing)) == 0);
    return folder;
}
