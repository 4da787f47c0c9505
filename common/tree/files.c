/* SPDX-License-Identifier: MIT */
/*
 * Areas, walks and names: how a place becomes a descriptor. Everything else starts from
 * the descriptor, or from that of the folder and one name in it.
 */
#include "common/tree/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/foldertree.h"
#include "common/base/log.h"
#include "common/tree/files_internal.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

enum status files_status(int error)
{
    switch (error) {
    case 0:
        return STATUS_OK;
    case ENOENT:
    case ENOTDIR:
        return STATUS_NOT_FOUND;
    case EEXIST:
    case EISDIR:
        return STATUS_EXISTS;
    case ENOTEMPTY:
        return STATUS_NOT_EMPTY;
    case ENAMETOOLONG:
        return STATUS_NAME_TOO_LONG;
    case EACCES:
    case ELOOP: /* a link in the way, which is not followed */
    case EXDEV: /* or something mounted there */
        return STATUS_ACCESS;
    case EPERM:
        return STATUS_PERMISSION;
    case EINVAL:
        return STATUS_INVALID;
    case EFBIG:
        return STATUS_TOO_LARGE;
    case ENOSPC:
    case EDQUOT:
    case EMLINK:
        return STATUS_NO_SPACE;
    case EBUSY:
    case EMFILE:
    case ENFILE:
        return STATUS_BUSY;
    default:
        return STATUS_IO;
    }
}

static enum status status_of(int result)
{
    return result < 0 ? files_status(errno) : STATUS_OK;
}

/* -------------------------------------------------------------------------- names */

enum status files_check_name(struct view name)
{
    if (name.size > FILE_NAME_BYTES_MAX)
        return STATUS_NAME_TOO_LONG;
    bool is_bad = name.size == 0 || memchr(name.data, '/', name.size) ||
                  memchr(name.data, '\0', name.size) ||
                  view_equal(name, view_text(".")) || view_equal(name, view_text(".."));
    return is_bad ? STATUS_INVALID : STATUS_OK;
}

/* The first name of a path; leaves what follows the slash. */
static struct view cut_name(struct view *path)
{
    const char *slash = memchr(path->data, '/', path->size);
    size_t size = slash ? (size_t)(slash - path->data) : path->size;
    struct view name = view_of(path->data, size);
    size_t step = slash ? size + 1 : size;
    *path = view_of(path->data + step, path->size - step);
    return name;
}

enum status files_check_path(struct view path)
{
    if (path.size >= PATH_MAX)
        return STATUS_NAME_TOO_LONG;
    if (path.size && path.data[path.size - 1] == '/')
        return STATUS_INVALID;
    while (path.size > 0) {
        enum status status = files_check_name(cut_name(&path));
        if (status)
            return status;
    }
    return STATUS_OK;
}

struct files_name files_fresh_name(struct files *files)
{
    struct files_name name;
    snprintf(name.text, sizeof name.text, "%llu",
             (unsigned long long)atomic_fetch_add(&files->last_name, 1) + 1);
    return name;
}

static void name_area(uint64_t area, char name_out[24])
{
    if (area == FILES_ROOT)
        strcpy(name_out, "root");
    else if (area == FILES_ACTORS)
        strcpy(name_out, "actors");
    else
        snprintf(name_out, 24, "%llu", (unsigned long long)area);
}

/* -------------------------------------------------------------------------- walks */

int files_walk(int folder, const char *path, int flags)
{
    struct open_how how = {
        .flags = (unsigned)(flags | O_NOFOLLOW | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV |
                   RESOLVE_NO_SYMLINKS,
    };
    return (int)syscall(SYS_openat2, folder, path, &how, sizeof how);
}

static int open_area(struct files *files, uint64_t area, bool make)
{
    char name[24];
    name_area(area, name);
    int folder = files_walk(files->folder, name, O_RDONLY | O_DIRECTORY);
    if (folder >= 0 || errno != ENOENT || !make)
        return folder;
    if (mkdirat(files->folder, name, 0700) != 0 && errno != EEXIST)
        return -1;
    if (files_sync_folder(files->folder))
        return -1;
    return files_walk(files->folder, name, O_RDONLY | O_DIRECTORY);
}

enum status files_open_area(struct files *files, uint64_t area, bool make,
                            int *folder_out)
{
    int folder = open_area(files, area, make);
    if (folder >= 0)
        *folder_out = folder;
    return status_of(folder);
}

/* The folder a path's last name is in; takes the area. */
static enum status walk_to_parent(int area, struct view path, int *folder_out)
{
    char text[PATH_MAX];
    if (!path.size) {
        *folder_out = area;
        return STATUS_OK;
    }
    memcpy(text, path.data, path.size);
    text[path.size] = '\0';
    int folder = files_walk(area, text, O_RDONLY | O_DIRECTORY);
    enum status status = status_of(folder);
    if (!status)
        *folder_out = folder;
    close(area);
    return status;
}

enum status spot_open(struct files *files, const struct file_place *place, bool make,
                      struct spot *spot_out)
{
    struct view path = place->path;
    int area = -1;
    enum status status = path.size ? files_check_path(path) : STATUS_INVALID;
    if (!status)
        status = files_open_area(files, place->area, make, &area);
    if (status)
        return status;
    const char *slash = memrchr(path.data, '/', path.size);
    size_t parent = slash ? (size_t)(slash - path.data) : 0;
    size_t name = slash ? parent + 1 : 0;
    status = walk_to_parent(area, view_of(path.data, parent), &spot_out->folder);
    if (status)
        return status;
    memcpy(spot_out->name, path.data + name, path.size - name);
    spot_out->name[path.size - name] = '\0';
    return STATUS_OK;
}

void spot_close(struct spot *spot)
{
    close(spot->folder);
}

enum status files_find(struct files *files, const struct file_place *place,
                       int *file_out)
{
    struct spot spot;
    if (place->path.size == 0)
        return files_open_area(files, place->area, false, file_out);
    enum status status = spot_open(files, place, false, &spot);
    if (status)
        return status;
    int file = files_walk(spot.folder, spot.name, O_PATH);
    status = status_of(file);
    if (!status)
        *file_out = file;
    spot_close(&spot);
    return status;
}

enum status files_sync_folder(int folder)
{
    return status_of(fsync(folder));
}

int files_give(int file, const struct file_owner *owner)
{
    struct stat now;
    if (fstat(file, &now) != 0)
        return -1;
    if (now.st_uid == owner->uid && now.st_gid == owner->gid)
        return 0;
    return fchownat(file, "", owner->uid, owner->gid, AT_EMPTY_PATH);
}

/* ------------------------------------------------------------------------- opening */

static int make_folder(int parent, const char *name)
{
    if (mkdirat(parent, name, 0700) != 0 && errno != EEXIST)
        return -1;
    return openat(parent, name, FOLDER_FLAGS);
}

static bool open_folders(struct files *files, const char *store)
{
    int above = open(store, FOLDER_FLAGS & ~O_NOFOLLOW);
    if (above < 0)
        return false;
    files->folder = make_folder(above, "files");
    if (files->folder >= 0)
        files->fresh = make_folder(files->folder, FILES_NEW);
    if (files->fresh >= 0)
        files->trash = make_folder(files->folder, FILES_TRASH);
    int error = files->trash < 0 ? errno : 0;
    if (!error && fsync(above) != 0)
        error = errno;
    close(above);
    errno = error;
    return error == 0;
}

static void init_locks(struct files *files)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&files->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&files->lock, NULL);
    pthread_mutex_init(&files->sending_lock, NULL);
    pthread_mutex_init(&files->watch_lock, NULL);
}

enum status files_open(const char *store, struct files **files_out,
                       struct bytes *message)
{
    struct files *files = memory_take_zeroed(1, sizeof *files);
    files->folder = files->fresh = files->trash = -1;
    init_locks(files);
    if (!open_folders(files, store)) {
        enum status status = files_status(errno);
        bytes_format(message, "cannot keep files in %s/files: %s", store,
                     strerror(errno));
        files_close(files);
        return status;
    }
    if (!foldertree_empty(files->fresh))
        log_warning("%s/files/%s cannot be emptied", store, FILES_NEW);
    files->has_trash = true;
    files_start_sweeper(files);
    *files_out = files;
    return STATUS_OK;
}

void files_close(struct files *files)
{
    files_stop_sweeper(files);
    int folders[] = {files->folder, files->fresh, files->trash};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (folders[i] >= 0)
            close(folders[i]);
    pthread_cond_destroy(&files->changed);
    pthread_mutex_destroy(&files->watch_lock);
    pthread_mutex_destroy(&files->sending_lock);
    free(files->sending);
    pthread_mutex_destroy(&files->lock);
    free(files->gone);
    free(files);
}
