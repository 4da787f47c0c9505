/* SPDX-License-Identifier: MIT */
/* Requests for one open folder may come on two threads: hence the lock. */
#include "fs/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct listed {
    size_t name; /* where it begins in the text */
    uint64_t inode;
    uint32_t type;
};

struct listing_names {
    struct leftover leftover; /* first: they share an address */
    pthread_mutex_t lock;     /* guards what follows */
    bool is_read;
    struct bytes text;
    struct listed *entries;
    size_t count, capacity;
};

static void drop(struct leftover *leftover)
{
    struct listing_names *names = (struct listing_names *)leftover;
    pthread_mutex_destroy(&names->lock);
    bytes_free(&names->text);
    free(names->entries);
    free(names);
}

struct listing_names *listing_new(struct fuse_face *face)
{
    struct listing_names *names = memory_take_zeroed(1, sizeof *names);
    pthread_mutex_init(&names->lock, NULL);
    leftovers_add(&face->leftovers, &names->leftover, drop);
    return names;
}

void listing_free(struct fuse_face *face, struct listing_names *names)
{
    leftovers_remove(&face->leftovers, &names->leftover);
    drop(&names->leftover);
}

void listing_rewind(struct listing_names *names)
{
    pthread_mutex_lock(&names->lock);
    names->is_read = false;
    pthread_mutex_unlock(&names->lock);
}

static void add(struct listing_names *names, const struct dirent *entry)
{
    if (names->count == names->capacity) {
        names->capacity = names->capacity ? 2 * names->capacity : 64;
        names->entries =
            memory_resize(names->entries, names->capacity * sizeof *names->entries);
    }
    names->entries[names->count++] = (struct listed){names->text.size, entry->d_ino,
                                                     (uint32_t)DTTOIF(entry->d_type)};
    bytes_append(&names->text, view_of(entry->d_name, strlen(entry->d_name) + 1));
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static void read_names(struct listing_names *names, struct fuse_face *face,
                       fuse_ino_t inode)
{
    struct folder folder;
    names->is_read = true;
    names->count = 0;
    bytes_clear(&names->text);
    if (folder_open(face, inode, false, &folder) != 0)
        return;
    int again = openat(folder.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    folder_close(face, &folder);
    DIR *entries = again < 0 ? NULL : fdopendir(again);
    const struct dirent *entry;
    while (entries && (entry = readdir(entries)))
        if (!is_dots(entry->d_name) && name_is_ordinary(face, inode, entry->d_name))
            add(names, entry);
    if (entries)
        closedir(entries);
}

/* A name stays where it is until the listing is rewound, and whoever rewinds it does
   not use an older one. */
const char *listing_name(struct listing_names *names, struct fuse_face *face,
                         fuse_ino_t folder, size_t n, uint32_t *type_out,
                         uint64_t *inode_out)
{
    pthread_mutex_lock(&names->lock);
    if (!names->is_read)
        read_names(names, face, folder);
    const struct listed *entry = n < names->count ? &names->entries[n] : NULL;
    const char *name = entry ? names->text.data + entry->name : NULL;
    if (entry) {
        *type_out = entry->type;
        *inode_out = entry->inode;
    }
    pthread_mutex_unlock(&names->lock);
    return name;
}
