/* SPDX-License-Identifier: MIT */
/*
 * Many a script does not look whether what it writes is written. Where there is no room
 * it would empty its state, send nothing, and be done: so no turn begins without some,
 * and none is done when there is none left at its end.
 *
 * The two files are made anew for each turn, so that nothing of an earlier turn clings
 * to them: no other name, no mode, no descriptor that somebody kept. The folder itself
 * is kept, because that saves making and removing one a turn.
 *
 * Emptying is safe against what programs leave because it goes by descriptors, never
 * follows a link, and happens when nobody is left to meddle. It needs no recursion:
 * what lies deep is moved up and removed from there.
 */
#include "common/behavior/turnfolder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/base/foldertree.h"
#include "common/base/log.h"
#include "common/behavior/identity.h"

#define PREFIX "actorfs-"
enum {
    TURNFILES = 2,
    ROOM_BYTES = 256 * 1024, /* free at least for what a turn writes */
};

struct turnfolders {
    char path[PATH_MAX];
    uid_t uid;
    gid_t gid;
    bool has_user;
    pthread_mutex_t lock; /* guards what follows */
    bool made;
    struct turnfolder *idle; /* empty ones */
    uint64_t count;
};

struct turnfolder {
    struct turnfolders *folders;
    struct turnfolder *next;
    DIR *entries; /* of the folder */
    char path[PATH_MAX];
    char paths[TURNFILES][PATH_MAX];
};

static const char *const names[] = {"state", "outbox"};
static const char *const variables[] = {"ACTOR_STATE", "ACTOR_OUTBOX"};

static bool is_writable_memory(const char *path)
{
    struct statfs status;

    return statfs(path, &status) == 0 && status.f_type == TMPFS_MAGIC &&
           access(path, W_OK | X_OK) == 0;
}

static const char *choose_base(const char *base)
{
    const char *temporary = getenv("TMPDIR");

    if (base)
        return base;
    if (is_writable_memory("/dev/shm"))
        return "/dev/shm";
    return temporary && temporary[0] == '/' ? temporary : "/tmp";
}

struct turnfolders *turnfolders_open(const char *base, const struct spawn_user *user)
{
    static atomic_uint last;
    struct turnfolders *folders = memory_take_zeroed(1, sizeof *folders);
    char identity[IDENTITY_BYTES_MAX];

    identity_self(identity);
    int size = snprintf(folders->path, sizeof(folders->path), "%s/" PREFIX "%s.%u",
                        choose_base(base), identity, atomic_fetch_add(&last, 1) + 1);
    ENSURE(size > 0 && (size_t)size < sizeof(folders->path) - NAME_MAX);
    folders->has_user = user != NULL;
    folders->uid = user ? user->uid : geteuid();
    folders->gid = user ? user->gid : getegid();
    pthread_mutex_init(&folders->lock, NULL);
    return folders;
}

/* Leaves errno alone. */
static void discard(struct turnfolder *folder)
{
    int error = errno;

    if (folder->entries) {
        (void)foldertree_empty(dirfd(folder->entries));
        closedir(folder->entries);
    }
    (void)rmdir(folder->path);
    free(folder);
    errno = error;
}

void turnfolders_close(struct turnfolders *folders)
{
    while (folders->idle) {
        struct turnfolder *folder = folders->idle;

        folders->idle = folder->next;
        discard(folder);
    }
    if (folders->made)
        (void)foldertree_remove(AT_FDCWD, folders->path);
    pthread_mutex_destroy(&folders->lock);
    free(folders);
}

/* A folder that others may pass through, but not list. It is made again when somebody
   has cleaned up: systemd-logind empties /dev/shm at a user's last logout. */
static bool make_home(struct turnfolders *folders)
{
    if (!folders->made || (access(folders->path, F_OK) < 0 && errno == ENOENT))
        folders->made =
            (mkdir(folders->path, 0711) == 0 && chmod(folders->path, 0711) == 0);
    return folders->made;
}

static struct turnfolder *take_idle(struct turnfolders *folders)
{
    pthread_mutex_lock(&folders->lock);
    struct turnfolder *folder = folders->idle;
    if (folder)
        folders->idle = folder->next;
    pthread_mutex_unlock(&folders->lock);
    return folder;
}

/* The number of a new one; 0, with errno, when there is no place for it. */
static uint64_t take_number(struct turnfolders *folders)
{
    pthread_mutex_lock(&folders->lock);
    uint64_t number = make_home(folders) ? ++folders->count : 0;
    pthread_mutex_unlock(&folders->lock);
    return number;
}

static bool make_folder(struct turnfolder *folder, uint64_t number)
{
    struct turnfolders *folders = folder->folders;

    snprintf(folder->path, sizeof(folder->path), "%.*s/%" PRIu64, PATH_MAX - 32,
             folders->path, number);
    for (int i = 0; i < TURNFILES; i++)
        snprintf(folder->paths[i], sizeof(folder->paths[i]), "%.*s/%s", PATH_MAX - 16,
                 folder->path, names[i]);
    /* Twice, here and below: an umask takes from a mode that is only asked for. */
    if (mkdir(folder->path, 0700) < 0 || chmod(folder->path, 0700) < 0)
        return false;
    if (folders->has_user && chown(folder->path, folders->uid, folders->gid) < 0)
        return false;
    folder->entries = opendir(folder->path);
    return folder->entries != NULL;
}

/* Null with errno. */
static struct turnfolder *make(struct turnfolders *folders)
{
    uint64_t number = take_number(folders);

    if (number == 0)
        return NULL;
    struct turnfolder *folder = memory_take_zeroed(1, sizeof *folder);
    folder->folders = folders;
    if (make_folder(folder, number))
        return folder;
    discard(folder);
    return NULL;
}

static bool write_all(int fd, struct view text)
{
    while (text.size) {
        ssize_t put = write(fd, text.data, text.size);

        if (put < 0 && errno != EINTR)
            return false;
        size_t size = put > 0 ? (size_t)put : 0;
        text = view_of(text.data + size, text.size - size);
    }
    return true;
}

static bool make_file(struct turnfolder *folder, enum turnfile file, struct view text)
{
    struct turnfolders *folders = folder->folders;
    int fd = openat(dirfd(folder->entries), names[file],
                    O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

    if (fd < 0)
        return false;
    bool made = fchmod(fd, 0600) == 0;
    made = made &&
           (!folders->has_user || fchown(fd, folders->uid, folders->gid) == 0) &&
           write_all(fd, text);
    int error = errno;
    close(fd);
    errno = error;
    return made;
}

/* Of a tmpfs without limits all counts are 0. Sets errno where there is none. */
static bool has_room(const struct turnfolder *folder, uint64_t bytes)
{
    struct statfs found;

    if (fstatfs(dirfd(folder->entries), &found) < 0)
        return true;
    bool has_bytes =
        found.f_blocks == 0 || found.f_bavail * (uint64_t)found.f_bsize >= bytes;
    if (has_bytes && (found.f_files == 0 || found.f_ffree > 0))
        return true;
    errno = ENOSPC;
    return false;
}

bool turnfolder_is_full(const struct turnfolder *folder)
{
    return !has_room(folder, 1);
}

/* False, with errno, when it cannot be used; then it is gone. */
static bool fill(struct turnfolder *folder, struct view state)
{
    if (has_room(folder, ROOM_BYTES + state.size) &&
        make_file(folder, TURNFILE_STATE, state) &&
        make_file(folder, TURNFILE_OUTBOX, view_of(NULL, 0)))
        return true;
    discard(folder);
    return false;
}

struct turnfolder *turnfolders_take(struct turnfolders *folders, struct view state)
{
    struct turnfolder *folder = take_idle(folders);

    if (folder && fill(folder, state))
        return folder;
    folder = make(folders); /* also when a program has spoiled the idle one */
    return folder && fill(folder, state) ? folder : NULL;
}

static bool is_empty(struct turnfolder *folder)
{
    struct dirent *entry;

    rewinddir(folder->entries);
    while ((entry = readdir(folder->entries)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return false;
    return true;
}

static void keep(struct turnfolder *folder)
{
    struct turnfolders *folders = folder->folders;

    pthread_mutex_lock(&folders->lock);
    folder->next = folders->idle;
    folders->idle = folder;
    pthread_mutex_unlock(&folders->lock);
}

/* Whether its mode is what it was; else it is mended. */
static bool has_mode(struct turnfolder *folder)
{
    struct stat status;

    return fstat(dirfd(folder->entries), &status) == 0 &&
           ((status.st_mode & 07777) == 0700 ||
            fchmod(dirfd(folder->entries), 0700) == 0);
}

bool turnfolder_give_back(struct turnfolder *folder)
{
    for (int i = 0; i < TURNFILES; i++)
        (void)unlinkat(dirfd(folder->entries), names[i], 0);
    if (!has_mode(folder) || !is_empty(folder))
        return false;
    keep(folder);
    return true;
}

void turnfolder_purge(struct turnfolder *folder)
{
    if (foldertree_empty(dirfd(folder->entries)))
        keep(folder);
    else
        discard(folder);
}

const char *turnfolder_path(const struct turnfolder *folder, enum turnfile file)
{
    return folder->paths[file];
}

uint64_t turnfolder_size(const struct turnfolder *folder, enum turnfile file)
{
    struct stat status;

    if (fstatat(dirfd(folder->entries), names[file], &status, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    return S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
}

static enum status refuse(enum turnfile file, const char *why, struct bytes *error)
{
    bytes_format(error, "%s %s", variables[file], why);
    return STATUS_INVALID;
}

/* Reads `size` bytes: nobody is left who might change it. */
static enum status read_file(int fd, enum turnfile file, size_t size, struct bytes *out,
                             struct bytes *error)
{
    while (size > 0) {
        ssize_t got = read(fd, bytes_reserve(out, size), size);

        if (got <= 0)
            return refuse(file, "cannot be read to its end", error);
        out->size += (size_t)got;
        size -= (size_t)got;
    }
    return STATUS_OK;
}

static enum status read_open(const struct turnfolder *folder, int fd,
                             enum turnfile file, size_t bytes_max, struct bytes *out,
                             struct bytes *error)
{
    const struct turnfolders *folders = folder->folders;
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
        (folders->has_user && status.st_uid != folders->uid))
        return refuse(file, "is no longer a regular file of the program's user", error);
    if ((uint64_t)status.st_size <= bytes_max)
        return read_file(fd, file, (size_t)status.st_size, out, error);
    bytes_format(error, "%s is larger than the limit of %zu bytes", names[file],
                 bytes_max);
    return STATUS_INVALID;
}

enum status turnfolder_read(const struct turnfolder *folder, enum turnfile file,
                            size_t bytes_max, struct bytes *out, struct bytes *error)
{
    int fd = openat(dirfd(folder->entries), names[file],
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT && file == TURNFILE_OUTBOX)
        return STATUS_OK;
    if (fd < 0 && errno == ENOENT)
        return refuse(file, "is gone: for an empty state, leave an empty file", error);
    if (fd < 0 && spawn_error_passes(errno)) {
        bytes_format(error, "%s: %s", variables[file], strerrordesc_np(errno));
        return STATUS_IO;
    }
    if (fd < 0 && errno != ELOOP && errno != ENXIO)
        return refuse(file, strerrordesc_np(errno), error);
    enum status status = read_open(folder, fd, file, bytes_max, out, error);
    if (fd >= 0)
        close(fd);
    return status;
}

void turnfolders_remove_orphaned(const char *base)
{
    DIR *entries = opendir(choose_base(base));
    struct dirent *entry;
    struct stat status;

    while (entries && (entry = readdir(entries))) {
        const char *name = entry->d_name + strlen(PREFIX);

        if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 &&
            identity_is_dead(view_of(name, strcspn(name, "."))) &&
            fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            status.st_uid == geteuid())
            (void)foldertree_remove(dirfd(entries), entry->d_name);
    }
    if (entries)
        closedir(entries);
}
