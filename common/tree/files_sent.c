/* SPDX-License-Identifier: MIT */
/*
 * Files that are sent by renaming them onto a special file. The message and a note that
 * names the file are one commit; then the file is removed and its folder synced, then
 * the note goes. A crash in between leaves the note, and the next start goes on from
 * there. What is named is the path as it was, the inode and its change time: a file
 * that has come in its place since, or was touched, is another one and stays.
 *
 * Bytes of a note: inode (8), seconds (8) and nanoseconds (8) of the change time, then
 * the path below STORE/files.
 */
#include "common/tree/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/tree/files_internal.h"

struct identity {
    uint64_t inode;
    int64_t seconds, nanoseconds;
};

static struct identity identity_of(const struct stat *stat)
{
    return (struct identity){stat->st_ino, stat->st_ctim.tv_sec, stat->st_ctim.tv_nsec};
}

/* Where the kernel has the folder now; false when it cannot tell. */
static bool path_of(int folder, char path_out[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t size = readlink(link, path_out, PATH_MAX - 1);
    path_out[size > 0 ? size : 0] = '\0';
    return size > 0;
}

/* -------------------------------------------------------------------------- claims */

/* Lock held; the count where there is none. */
static size_t find_claim(const struct files *files, uint64_t inode)
{
    size_t at = 0;
    while (at < files->sending_count && files->sending[at] != inode)
        at++;
    return at;
}

static bool claim(struct files *files, uint64_t inode)
{
    pthread_mutex_lock(&files->sending_lock);
    bool is_first = find_claim(files, inode) == files->sending_count;
    if (is_first && files->sending_count == files->sending_capacity) {
        files->sending_capacity = files->sending_capacity * 2 + 8;
        files->sending = memory_resize(files->sending, files->sending_capacity *
                                                           sizeof *files->sending);
    }
    if (is_first)
        files->sending[files->sending_count++] = inode;
    pthread_mutex_unlock(&files->sending_lock);
    return is_first;
}

static void unclaim(struct files *files, uint64_t inode)
{
    pthread_mutex_lock(&files->sending_lock);
    size_t at = find_claim(files, inode);
    ENSURE(at < files->sending_count);
    files->sending[at] = files->sending[--files->sending_count];
    pthread_mutex_unlock(&files->sending_lock);
}

/* -------------------------------------------------------------------------- naming */

static bool is_same(const struct stat *stat, const struct identity *wanted)
{
    struct identity is = identity_of(stat);
    return is.inode == wanted->inode && is.seconds == wanted->seconds &&
           is.nanoseconds == wanted->nanoseconds;
}

static enum status append_name(struct files *files, int folder, const char *name,
                               const struct identity *identity, struct bytes *out)
{
    char top[PATH_MAX], path[PATH_MAX];
    if (!path_of(files->folder, top) || !path_of(folder, path))
        return STATUS_IO;
    size_t size = strlen(top);
    if (strncmp(top, path, size) != 0 || path[size] != '/')
        return STATUS_STALE;
    bytes_append(out, view_of(identity, sizeof *identity));
    bytes_append_text(out, path + size + 1);
    bytes_append_text(out, "/");
    bytes_append_text(out, name);
    return STATUS_OK;
}

/* Who had the claim before may have sent the file: it is looked at again. */
enum status files_begin_sending(struct files *files, int folder, const char *name,
                                const struct stat *stat, struct bytes *out)
{
    struct stat now;
    struct identity identity = identity_of(stat);
    if (!claim(files, identity.inode))
        return STATUS_BUSY;
    bool is_there = fstatat(folder, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
                    is_same(&now, &identity);
    enum status status =
        is_there ? append_name(files, folder, name, &identity, out) : STATUS_STALE;
    if (status)
        unclaim(files, identity.inode);
    return status;
}

void files_end_sending(struct files *files, struct view named)
{
    struct identity identity;
    ENSURE(named.size > sizeof identity);
    memcpy(&identity, named.data, sizeof identity);
    unclaim(files, identity.inode);
}

/* ------------------------------------------------------------------------- removal */

static enum status remove_if_same(int folder, const char *name,
                                  const struct identity *wanted)
{
    struct stat stat;
    if (fstatat(folder, name, &stat, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? STATUS_OK : files_status(errno);
    if (!is_same(&stat, wanted))
        return STATUS_OK;
    return unlinkat(folder, name, 0) == 0 ? files_sync_folder(folder)
                                          : files_status(errno);
}

enum status files_remove_sent(struct files *files, struct view named)
{
    struct identity identity;
    char path[PATH_MAX];
    if (named.size <= sizeof identity || named.size - sizeof identity >= sizeof path)
        return STATUS_INVALID;
    memcpy(&identity, named.data, sizeof identity);
    memcpy(path, named.data + sizeof identity, named.size - sizeof identity);
    path[named.size - sizeof identity] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return STATUS_INVALID;
    *slash = '\0';
    int folder = files_walk(files->folder, path, O_RDONLY | O_DIRECTORY);
    if (folder < 0) /* gone with all that was in it */
        return errno == ENOENT ? STATUS_OK : files_status(errno);
    enum status status = remove_if_same(folder, slash + 1, &identity);
    close(folder);
    if (status)
        log_error("a file that was sent cannot be removed: files/%s/%s: %s", path,
                  slash + 1, status_text(status));
    return status;
}
