/* SPDX-License-Identifier: MIT */
/*
 * A tree may be deeper than any stack, any number of descriptors and PATH_MAX. So a
 * folder that is not empty gives what it holds to the top: its files are removed, its
 * folders renamed to stand beside it. Each pass over the top makes the tree less deep.
 */
#include "common/base/foldertree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Removes all that a call of `deal` can remove; false when one could not. */
typedef bool deal_fn(int folder_fd, const char *name, int top_fd);

static int open_folder(int parent_fd, const char *name)
{
    return openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* To a folder whose mode keeps us out. Follows links, so only an owner may do it, and
   never root, who could be led astray and is kept out by no mode. */
static bool open_up(int parent_fd, const char *name)
{
    return errno == EACCES && geteuid() != 0 && fchmodat(parent_fd, name, 0700, 0) == 0;
}

static bool for_each_entry(int folder_fd, deal_fn *deal, int top_fd, size_t *count_out)
{
    int fd = open_folder(folder_fd, ".");
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    bool all = entries != NULL;

    *count_out = 0;
    while (entries && (entry = readdir(entries))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        ++*count_out;
        all = deal(folder_fd, entry->d_name, top_fd) && all;
    }
    if (entries)
        closedir(entries);
    return all;
}

static bool remove_shallow(int folder_fd, const char *name)
{
    return unlinkat(folder_fd, name, 0) == 0 ||
           unlinkat(folder_fd, name, AT_REMOVEDIR) == 0;
}

static bool remove_or_raise(int folder_fd, const char *name, int top_fd)
{
    static atomic_ulong last;
    char raised[64];

    if (remove_shallow(folder_fd, name))
        return true;
    snprintf(raised, sizeof(raised), ".raised-%lu", atomic_fetch_add(&last, 1));
    if (renameat(folder_fd, name, top_fd, raised) == 0)
        return true;
    return open_up(folder_fd, name) && renameat(folder_fd, name, top_fd, raised) == 0;
}

static bool remove_or_flatten(int folder_fd, const char *name, int top_fd)
{
    size_t count;

    if (remove_shallow(folder_fd, name))
        return true;
    int fd = open_folder(folder_fd, name);
    if (fd < 0 && open_up(folder_fd, name))
        fd = open_folder(folder_fd, name);
    if (fd < 0)
        return false;
    bool all = for_each_entry(fd, remove_or_raise, top_fd, &count);
    close(fd);
    return all && unlinkat(folder_fd, name, AT_REMOVEDIR) == 0;
}

bool foldertree_empty(int folder_fd)
{
    size_t count;

    do {
        if (!for_each_entry(folder_fd, remove_or_flatten, folder_fd, &count))
            return false;
    } while (count > 0);
    return true;
}

bool foldertree_remove(int parent_fd, const char *name)
{
    int fd = open_folder(parent_fd, name);

    if (fd < 0)
        return false;
    bool empty = foldertree_empty(fd);
    close(fd);
    return empty && unlinkat(parent_fd, name, AT_REMOVEDIR) == 0;
}
