/* SPDX-License-Identifier: MIT */
/*
 * Where the tree ends and the store's filesystem begins: an ordinary file is a node
 * whose path leads on in one of the areas. Special names win: a file that is kept under
 * one (restored from a backup, say) is not shown.
 */
#include "common/tree/ordinary.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

/* Among ordinary files a listing goes on where the filesystem says. */
#define COOKIE (UINT64_C(1) << 63)

bool ordinary_actor_exists(void *context, uint64_t actor)
{
    struct actor_info info;
    return engine_actor(tree_engine(context), actor, &info) != STATUS_NOT_FOUND;
}

struct settling {
    struct tree *tree;
    struct bytes keys; /* each after its size */
};

static void settle(void *context, const struct engine_note *note)
{
    struct settling *settling = context;
    uint32_t size = (uint32_t)note->key.size;
    if (files_remove_sent(tree_files(settling->tree), note->value))
        return; /* said in the log; tried again at the next start */
    bytes_append(&settling->keys, view_of(&size, sizeof size));
    bytes_append(&settling->keys, note->key);
}

void tree_sent_key(const struct stat *stat, char key[SENT_KEY_SIZE])
{
    snprintf(key, SENT_KEY_SIZE, SENT_NOTE_PREFIX "%llx.%llx.%lx",
             (unsigned long long)stat->st_ino, (unsigned long long)stat->st_ctim.tv_sec,
             (unsigned long)stat->st_ctim.tv_nsec);
}

bool tree_was_sent(struct tree *tree, const char *key)
{
    BYTES_AUTO(note);
    return engine_note(tree_engine(tree), view_text(key), &note) == STATUS_OK;
}

/* The notes are dropped when the engine runs. */
void ordinary_settle_sent(struct tree *tree)
{
    struct settling settling = {.tree = tree};
    struct engine *engine = tree_engine(tree);
    engine_each_note(engine, view_text(SENT_NOTE_PREFIX), settle, &settling);
    struct view rest = view_bytes(&settling.keys);
    for (uint32_t size; rest.size > 0;) {
        memcpy(&size, rest.data, sizeof size);
        struct engine_note gone = {.key = view_of(rest.data + sizeof size, size)};
        engine_keep_notes(engine, &gone, 1, NULL, NULL);
        rest = view_of(gone.key.data + size, rest.size - sizeof size - size);
    }
    bytes_free(&settling.keys);
}

static uint64_t area_of(const struct node *folder)
{
    if (folder->kind == NODE_ORDINARY)
        return folder->area;
    return folder->kind == NODE_ACTORS ? FILES_ACTORS : folder->actor;
}

static struct node node_at(const struct node *folder, struct view path, uint32_t type)
{
    struct node node = tree_node(NODE_ORDINARY, folder->actor);
    node.area = area_of(folder);
    node.path = path;
    node.type = type;
    return node;
}

enum status tree_place(struct tree *tree, const struct node *node,
                       struct file_place *place_out)
{
    struct actor_info info;
    if (!tree_files(tree))
        return STATUS_PERMISSION;
    enum status status =
        node->actor ? engine_actor(tree_engine(tree), node->actor, &info) : STATUS_OK;
    if (!status)
        *place_out = (struct file_place){area_of(node), node->path};
    return status;
}

static enum status find(struct tree *tree, const struct node *folder, struct view path,
                        struct node *node_out)
{
    struct stat stat;
    struct file_place place;
    *node_out = node_at(folder, path, 0);
    enum status status = tree_place(tree, node_out, &place);
    if (!status)
        status = files_stat(tree_files(tree), &place, &stat);
    if (!status)
        node_out->type = stat.st_mode & S_IFMT;
    return status;
}

enum status ordinary_lookup(struct tree *tree, const struct node *folder,
                            struct view name, struct node *node_out)
{
    if (folder->kind == NODE_ORDINARY) /* its path and the name are two texts */
        return STATUS_NOT_FOUND;
    enum status status = files_check_name(name);
    return status ? status : find(tree, folder, name, node_out);
}

enum status tree_find(struct tree *tree, const struct node *folder, struct view path,
                      struct node *node_out)
{
    const char *slash = memchr(path.data, '/', path.size);
    struct view first = slash ? view_of(path.data, (size_t)(slash - path.data)) : path;
    enum status status = tree_lookup(tree, folder, first, node_out);
    if (!slash)
        return status;
    bool is_ordinary = node_out->kind == NODE_ORDINARY;
    if (status || !is_ordinary)
        return status ? status : STATUS_NOT_FOUND;
    status = files_check_path(path);
    return status ? status : find(tree, folder, path, node_out);
}

/* ------------------------------------------------------------------- showing them */

static int64_t milliseconds(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000 + time->tv_nsec / 1000000;
}

static struct attributes attributes_of(const struct stat *stat)
{
    return (struct attributes){.is_folder = S_ISDIR(stat->st_mode),
                               .mode = stat->st_mode & 07777,
                               .uid = stat->st_uid,
                               .gid = stat->st_gid,
                               .links = (uint32_t)stat->st_nlink,
                               .size = (uint64_t)stat->st_size,
                               .version = files_version(stat),
                               .modified_ms = milliseconds(&stat->st_mtim),
                               .created_ms = milliseconds(&stat->st_ctim)};
}

enum status ordinary_attributes(struct tree *tree, const struct node *node,
                                struct attributes *attributes_out)
{
    struct stat stat;
    struct file_place place;
    enum status status = tree_place(tree, node, &place);
    if (!status)
        status = files_stat(tree_files(tree), &place, &stat);
    if (!status)
        *attributes_out = attributes_of(&stat);
    return status;
}

bool ordinary_is_cookie(uint64_t after)
{
    return after & COOKIE;
}

struct listing {
    const struct node *folder;
    tree_entry_fn *each;
    void *context;
    struct bytes path;  /* of the folder, with a slash; then of the entry */
    size_t folder_size; /* of the first part */
};

static bool list_file(void *context, const char *name, const struct stat *stat,
                      uint64_t next)
{
    struct listing *listing = context;
    const struct node *folder = listing->folder;
    if (!node_name_is_ordinary(folder->kind, view_text(name)))
        return true;
    listing->path.size = listing->folder_size;
    bytes_append_text(&listing->path, name);
    struct tree_entry entry = {
        .name = name,
        .node = node_at(folder, view_bytes(&listing->path), stat->st_mode & S_IFMT),
        .attributes = attributes_of(stat),
        .next = next | COOKIE};
    return listing->each(listing->context, &entry);
}

enum status ordinary_list(struct tree *tree, const struct node *folder, uint64_t after,
                          tree_entry_fn *each, void *context)
{
    struct listing listing = {.folder = folder, .each = each, .context = context};
    bool is_special = folder->kind != NODE_ORDINARY;
    struct view path = is_special ? view_of("", 0) : folder->path;
    struct file_place place = {area_of(folder), path};
    bytes_append(&listing.path, path);
    if (path.size)
        bytes_append_text(&listing.path, "/");
    listing.folder_size = listing.path.size;
    enum status status =
        files_list(tree_files(tree), &place, after & ~COOKIE, list_file, &listing);
    bytes_free(&listing.path);
    return status == STATUS_NOT_FOUND && is_special ? STATUS_OK : status;
}
