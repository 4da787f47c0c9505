/* SPDX-License-Identifier: MIT */
/*
 * The tree that every face shows, read side: attributes, listing and content.
 * It keeps nothing but who owns what belongs to no actor, and when /actors was last
 * seen to differ; all else is asked of the engine, each time.
 */
#include "common/tree/tree.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/base/log.h"
#include "common/tree/ordinary.h"
#include "common/tree/render.h"

#define LOOKS_MAX 8 /* at a file that changes while it is rendered */

struct tree {
    struct engine *engine;
    struct files *files; /* null: none are kept */
    struct engine_owner owner;
    int64_t started_ms;
    atomic_uint_fast64_t actors_seen; /* how many there were, at the last look */
    atomic_int_fast64_t actors_ms;    /* when that was new; 0: it never was */
};

struct tree *tree_open(struct engine *engine, const struct engine_owner *owner)
{
    struct tree *tree = memory_take_zeroed(1, sizeof *tree);
    tree->engine = engine;
    tree->owner = *owner;
    struct engine_totals totals;
    engine_totals(engine, &totals);
    tree->started_ms = totals.started_ms;
    atomic_init(&tree->actors_seen, totals.actors);
    atomic_init(&tree->actors_ms, 0);
    return tree;
}

void tree_close(struct tree *tree)
{
    if (tree->files)
        files_close(tree->files);
    free(tree);
}

enum status tree_keep_files(struct tree *tree, const char *store, struct bytes *message)
{
    enum status status = files_open(store, &tree->files, message);
    if (status)
        return status;
    files_sweep(tree->files, ordinary_actor_exists, tree);
    ordinary_settle_sent(tree);
    return STATUS_OK;
}

struct files *tree_files(struct tree *tree)
{
    return tree->files;
}

struct engine *tree_engine(struct tree *tree)
{
    return tree->engine;
}

struct node tree_root(void)
{
    return tree_node(NODE_ROOT, 0);
}

struct node tree_node(enum node_kind kind, uint64_t actor)
{
    struct node node;
    node_set(&node, kind, actor);
    return node;
}

/* --------------------------------------------------------------------- attributes */

static enum actor_part part_of(enum node_kind kind)
{
    return kind < NODE_ACTOR ? PART_FOLDER
                             : (enum actor_part)(kind - NODE_ACTOR + PART_FOLDER);
}

static bool is_writable(enum node_kind kind)
{
    return kind == NODE_TASKS || kind == NODE_EXECUTE || kind == NODE_STATE ||
           kind == NODE_STATUS || kind == NODE_BEHAVIOR;
}

/* Where many may put things (a folder with the sticky bit), they may send, not control.
 */
static uint32_t inherited_mode(enum node_kind kind, uint32_t folder_mode)
{
    bool takes_messages = kind == NODE_TASKS || kind == NODE_EXECUTE;
    uint32_t kept = is_writable(kind) ? 0666 : 0444;
    if (folder_mode & S_ISVTX && !takes_messages)
        kept &= ~022u;
    return folder_mode & kept;
}

static void fill_owner(const struct node *node, const struct actor_info *info,
                       struct attributes *attributes)
{
    const struct engine_owner *folder = &info->owners[PART_FOLDER];
    const struct engine_owner *own = &info->owners[part_of(node->kind)];
    bool inherits = own->mode == OWNER_INHERITED;
    attributes->uid = inherits ? folder->uid : own->uid;
    attributes->gid = inherits ? folder->gid : own->gid;
    attributes->mode = inherits ? inherited_mode(node->kind, folder->mode) : own->mode;
}

static void render_shown(const struct node *node, const struct actor_info *info,
                         struct bytes *out)
{
    const char *behavior = *info->behavior_set ? info->behavior_set : info->behavior;
    if (node->kind == NODE_STATUS)
        render_status(out, info);
    else if (*behavior)
        bytes_format(out, "%s\n", behavior);
}

static bool reads_as_empty(const struct node *node)
{
    return node_is_folder(node) ||
           ((node->kind == NODE_TASKS || node->kind == NODE_EXECUTE) &&
            !node->parameters.key.size);
}

/* Where only rendering tells, it is rendered. */
static enum status measure(struct tree *tree, const struct node *node,
                           const struct actor_info *info, uint64_t *size_out)
{
    BYTES_AUTO(content);
    enum status status = STATUS_OK;
    if (node->kind == NODE_STATUS || node->kind == NODE_BEHAVIOR)
        render_shown(node, info, &content);
    else if (node->kind != NODE_STATE && node->kind != NODE_LOG &&
             !reads_as_empty(node))
        status = tree_read(tree, node, &content);
    if (status == STATUS_NOT_FOUND && node->parameters.key.size)
        return status;
    *size_out = node->kind == NODE_STATE ? info->state_bytes
                : node->kind == NODE_LOG ? info->log_bytes
                                         : content.size;
    return STATUS_OK;
}

/* Of what tells how the actor does the number of its changes is not enough. It counts
   turns that have begun, which are not on disk, so that it comes again after a restart;
   and a behavior that comes or goes is no change of the actor. */
static uint64_t version_shown(const struct tree *tree, const struct actor_info *info)
{
    struct {
        int64_t started_ms;
        uint64_t changes, activity;
        char behavior[sizeof info->behavior];
    } facts;
    uint8_t hash[16];
    uint64_t version;
    memset(&facts, 0, sizeof facts);
    facts.started_ms = tree->started_ms;
    facts.changes = info->changes;
    facts.activity = info->activity;
    memcpy(facts.behavior, info->behavior, strlen(info->behavior));
    engine_fingerprint(view_of(&facts, sizeof facts), hash);
    memcpy(&version, hash, sizeof version);
    return version;
}

/* All but the size. */
static void fill_attributes(const struct tree *tree, const struct node *node,
                            const struct actor_info *info,
                            struct attributes *attributes)
{
    *attributes = (struct attributes){.is_folder = node->kind == NODE_ACTOR,
                                      .links = node->kind == NODE_ACTOR ? 2 : 1,
                                      .version = info->changes,
                                      .modified_ms = info->changed_ms,
                                      .created_ms = info->created_ms};
    if (node->kind == NODE_STATE) {
        attributes->version = info->state_version;
        attributes->modified_ms = info->state_ms;
    } else if (!reads_as_empty(node)) {
        attributes->version = version_shown(tree, info);
    }
    fill_owner(node, info, attributes);
}

static enum status actor_attributes(struct tree *tree, const struct node *node,
                                    struct attributes *attributes)
{
    struct actor_info info;
    enum status status = engine_actor(tree->engine, node->actor, &info);
    if (status)
        return status;
    fill_attributes(tree, node, &info, attributes);
    return measure(tree, node, &info, &attributes->size);
}

/* What belongs to no actor is of the daemon's start, /actors of when it was seen to
   have more or fewer; what tells of the moment is of the moment. */
static int64_t modified(struct tree *tree, enum node_kind kind,
                        const struct engine_totals *totals)
{
    if (kind == NODE_DAEMON_STATUS || kind == NODE_ATTENTION)
        return totals->now_ms;
    if (kind != NODE_ACTORS)
        return totals->started_ms;
    if (atomic_exchange(&tree->actors_seen, totals->actors) != totals->actors)
        atomic_store(&tree->actors_ms, totals->now_ms);
    int64_t seen_ms = atomic_load(&tree->actors_ms);
    return seen_ms ? seen_ms : totals->started_ms;
}

/* What tells of the moment is another each second, counted from the start as its uptime
   is; the README only with the program. */
static uint64_t version_of(enum node_kind kind, const struct engine_totals *totals)
{
    int64_t up_ms = totals->now_ms - totals->started_ms;
    int64_t second = totals->started_ms / 1000 + (up_ms > 0 ? up_ms / 1000 : 0);
    if (kind == NODE_README)
        return (uint64_t)totals->started_ms;
    if (kind == NODE_DAEMON_STATUS || kind == NODE_ATTENTION)
        return ((uint64_t)second << 24) + totals->commits;
    return totals->commits;
}

enum status tree_attributes(struct tree *tree, const struct node *node,
                            struct attributes *attributes_out)
{
    if (node->kind == NODE_ORDINARY)
        return ordinary_attributes(tree, node, attributes_out);
    if (node->actor)
        return actor_attributes(tree, node, attributes_out);
    struct engine_totals totals;
    engine_totals(tree->engine, &totals);
    bool folder = node_is_folder(node);
    *attributes_out = (struct attributes){
        .is_folder = folder,
        .mode = folder ? tree->owner.mode : tree->owner.mode & 0444u,
        .uid = tree->owner.uid,
        .gid = tree->owner.gid,
        .links = folder ? 2 : 1,
        .version = version_of(node->kind, &totals),
        .modified_ms = modified(tree, node->kind, &totals),
        .created_ms = totals.started_ms};
    return measure(tree, node, NULL, &attributes_out->size);
}

/* ------------------------------------------------------------------------ listing */

struct listing {
    struct tree *tree;
    tree_entry_fn *each;
    void *context;
    struct tree_entry entry; /* of an actor */
    bool is_stopped;         /* while actors were listed */
};

/* False when it was stopped. */
static bool list_kinds(struct listing *listing, const struct node *folder,
                       enum node_kind first, enum node_kind last, uint64_t after)
{
    for (uint64_t n = after; first + n <= last; n++) {
        enum node_kind kind = (enum node_kind)(first + n);
        struct tree_entry entry = {.name = node_base_name(kind),
                                   .node = tree_node(kind, folder->actor),
                                   .next = n + 1};
        if (tree_attributes(listing->tree, &entry.node, &entry.attributes))
            continue;
        if (!listing->each(listing->context, &entry))
            return false;
    }
    return true;
}

static bool list_actor(void *context, const struct actor_info *info)
{
    struct listing *listing = context;
    struct tree_entry *entry = &listing->entry;
    entry->name = info->name;
    entry->node.actor = info->id;
    entry->next = info->id;
    entry->attributes = (struct attributes){.is_folder = true,
                                            .links = 2,
                                            .version = info->changes,
                                            .modified_ms = info->changed_ms,
                                            .created_ms = info->created_ms};
    fill_owner(&entry->node, info, &entry->attributes);
    listing->is_stopped = !listing->each(listing->context, entry);
    return !listing->is_stopped;
}

/* One entry serves for all actors: a node is large, and little of it differs. */
static bool list_actors(struct listing *listing, uint64_t after)
{
    listing->entry.node = tree_node(NODE_ACTOR, 0);
    engine_list(listing->tree->engine, after, list_actor, listing);
    return !listing->is_stopped;
}

static bool list_special(struct listing *listing, const struct node *folder,
                         uint64_t after)
{
    if (folder->kind == NODE_ACTORS)
        return list_actors(listing, after);
    return folder->kind == NODE_ROOT
               ? list_kinds(listing, folder, NODE_README, NODE_ACTORS, after)
               : list_kinds(listing, folder, NODE_TASKS, NODE_BEHAVIOR, after);
}

enum status tree_list(struct tree *tree, const struct node *folder, uint64_t after,
                      tree_entry_fn *each, void *context)
{
    struct listing listing = {.tree = tree, .each = each, .context = context};
    struct actor_info info;
    enum status status =
        folder->actor ? engine_actor(tree->engine, folder->actor, &info) : STATUS_OK;
    if (status)
        return status;
    bool is_special = folder->kind != NODE_ORDINARY && !ordinary_is_cookie(after);
    if (is_special && !list_special(&listing, folder, after))
        return STATUS_OK;
    return tree->files
               ? ordinary_list(tree, folder, is_special ? 0 : after, each, context)
               : STATUS_OK;
}

/* ------------------------------------------------------------------------ content */

static void read_behaviors(struct tree *tree, struct bytes *out)
{
    const char *name;
    for (size_t n = 0; (name = engine_behavior_name(tree->engine, n)); n++)
        bytes_format(out, "%s\n", name);
}

static void append_task(void *context, const struct task_info *task)
{
    render_task(context, task);
}

static enum engine_content content_of(const struct node *node)
{
    const struct parameters *parameters = &node->parameters;
    if (node->kind == NODE_STATE)
        return CONTENT_STATE;
    if (node->kind == NODE_RESULT)
        return CONTENT_LAST_RESULT;
    if (node->kind == NODE_LOG)
        return CONTENT_LOG;
    bool is_mailbox = node->kind == NODE_TASKS || node->kind == NODE_EXECUTE;
    if (!is_mailbox || !parameters->key.size)
        return CONTENT_NOTHING;
    return parameters->part == PART_MESSAGE ? CONTENT_MESSAGE : CONTENT_OUTCOME;
}

static bool is_rendered(const struct node *node)
{
    return node->kind == NODE_STATUS || node->kind == NODE_BEHAVIOR;
}

/* `info` may be null where nothing is rendered of it. */
static enum status read_actor_file(struct tree *tree, const struct node *node,
                                   struct actor_info *info, struct bytes *out)
{
    if (node->kind == NODE_MAILBOX)
        return engine_mailbox(tree->engine, node->actor, append_task, out);
    if (node->kind < NODE_TASKS || node->kind == NODE_ORDINARY)
        return STATUS_INVALID;
    enum status status = engine_look(tree->engine, node->actor, content_of(node),
                                     &node->parameters.key, info, out);
    if (!status && is_rendered(node))
        render_shown(node, info, out);
    return status;
}

enum status tree_read(struct tree *tree, const struct node *node, struct bytes *out)
{
    struct engine_totals totals;
    struct actor_info info;
    if (node->kind == NODE_README) {
        render_readme(out);
    } else if (node->kind == NODE_DAEMON_STATUS) {
        engine_totals(tree->engine, &totals);
        render_daemon_status(out, &totals);
    } else if (node->kind == NODE_ATTENTION) {
        engine_attention(tree->engine, out);
    } else if (node->kind == NODE_BEHAVIORS) {
        read_behaviors(tree, out);
    } else {
        return read_actor_file(tree, node, is_rendered(node) ? &info : NULL, out);
    }
    return STATUS_OK;
}

/* What takes several looks is looked at until it did not change meanwhile. */
static enum status look_again(struct tree *tree, const struct node *node,
                              struct tree_look *look)
{
    struct attributes after;
    enum status status = tree_attributes(tree, node, &after);
    for (unsigned looks = 0; !status && looks < LOOKS_MAX; looks++) {
        look->attributes = after;
        look->text.size = 0;
        status = tree_read(tree, node, &look->text);
        if (!status)
            status = tree_attributes(tree, node, &after);
        if (!status && after.version == look->attributes.version)
            break;
    }
    return status;
}

enum status tree_look(struct tree *tree, const struct node *node,
                      struct tree_look *look)
{
    enum status status;
    struct actor_info *actor = &look->actor;
    actor->id = 0;
    look->text = (struct bytes){0};
    if (!node->actor || node->kind == NODE_MAILBOX) {
        status = look_again(tree, node, look);
        return node->actor && !status ? engine_actor(tree->engine, node->actor, actor)
                                      : status;
    }
    status = read_actor_file(tree, node, actor, &look->text);
    if (actor->id) {
        fill_attributes(tree, node, actor, &look->attributes);
        look->attributes.size = look->text.size;
    }
    return status;
}
