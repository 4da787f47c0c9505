/* SPDX-License-Identifier: MIT */
/*
 * A folder that is copied or removed as a whole takes every right that cp and rm would
 * need on the way; on the mount the kernel asks for each.
 */
#include "server/permission.h"

#include <sys/stat.h>

/* Folders that are still to be looked at, each a path that ends in NUL. */
struct walk {
    const struct http_request *request;
    enum permission_use use;
    struct attributes folder;
    struct bytes folders;
    bool is_allowed;
};

static bool look_at_entry(void *context, const struct tree_entry *entry)
{
    struct walk *walk = context;
    const struct user *user = walk->request->user;
    bool is_folder = entry->attributes.is_folder;
    if (walk->use == PERMISSION_READ_ALL)
        walk->is_allowed = is_folder || !S_ISREG(entry->node.type) ||
                           access_permits(user, &entry->attributes, MAY_READ);
    else
        walk->is_allowed =
            access_permits(user, &walk->folder, MAY_WRITE) &&
            access_permits_removal(user, &walk->folder, &entry->attributes);
    if (is_folder) {
        bytes_append(&walk->folders, entry->node.path);
        bytes_append(&walk->folders, view_of("", 1));
    }
    return walk->is_allowed;
}

static enum status look_at_folder(struct walk *walk, const struct node *folder)
{
    struct tree *tree = request_tree(walk->request);
    enum status status = tree_attributes(tree, folder, &walk->folder);
    if (status)
        return status;
    if (!access_permits(walk->request->user, &walk->folder, MAY_READ | MAY_EXECUTE))
        return STATUS_ACCESS;
    status = tree_list(tree, folder, 0, look_at_entry, walk);
    return walk->is_allowed ? status : STATUS_ACCESS;
}

/* Takes the last path off the list. */
static void take_folder(struct walk *walk, struct bytes *path)
{
    struct bytes *folders = &walk->folders;
    const char *end = folders->data + folders->size - 1;
    const char *before = memrchr(folders->data, '\0', folders->size - 1);
    const char *start = before ? before + 1 : folders->data;
    bytes_clear(path);
    bytes_append(path, view_of(start, (size_t)(end - start)));
    folders->size = (size_t)(start - folders->data);
}

enum status permission_in_folder(const struct http_request *request,
                                 const struct node *folder, enum permission_use use)
{
    struct walk walk = {.request = request, .use = use, .is_allowed = true};
    BYTES_AUTO(path);
    if (!permission_has_modes(request) || folder->kind != NODE_ORDINARY ||
        !node_is_folder(folder))
        return STATUS_OK;
    enum status status = look_at_folder(&walk, folder);
    while (!status && walk.folders.size) {
        struct node deeper = *folder;
        take_folder(&walk, &path);
        deeper.path = view_bytes(&path);
        status = look_at_folder(&walk, &deeper);
    }
    bytes_free(&walk.folders);
    return status;
}
