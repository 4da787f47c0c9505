/* SPDX-License-Identifier: MIT */
/* What the parts of the ordinary files share. */
#ifndef ACTORFS_TREE_FILES_INTERNAL_H
#define ACTORFS_TREE_FILES_INTERNAL_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "common/base/limits.h"
#include "common/tree/files.h"

#define FILES_NEW ".new"
#define FILES_TRASH ".trash"

struct files {
    int folder, fresh, trash; /* STORE/files, its .new and .trash */
    atomic_uint_fast64_t last_name;

    /* The sweeper: files_sweep.c */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    pthread_t sweeper;
    bool has_sweeper, is_closing, has_trash;
    uint64_t *gone; /* actors whose folders are to go */
    size_t gone_count, gone_capacity;
    bool is_sweep_due;
    files_exists_fn *exists; /* null before files_sweep */
    void *exists_context;

    pthread_mutex_t sending_lock; /* guards the three below; innermost */
    uint64_t *sending;            /* inodes of files that are being sent */
    size_t sending_count, sending_capacity;

    pthread_mutex_t watch_lock; /* guards the two below; innermost */
    files_changed_fn *tell;
    void *tell_context;
};

/* A name in .new or .trash that nobody has. */
struct files_name {
    char text[24];
};
struct files_name files_fresh_name(struct files *files);

/* The folder that a place is in, by descriptor, and its name there. */
struct spot {
    int folder;
    char name[FILE_NAME_BYTES_MAX + 1];
};
/* INVALID for the area itself, and as files_find. `make`: the area, not the path. */
MUST_CHECK enum status spot_open(struct files *files, const struct file_place *place,
                                 bool make, struct spot *spot_out);
void spot_close(struct spot *spot);

/* Opens with openat2(), within `folder`, following nothing; -1 and errno. */
int files_walk(int folder, const char *path, int flags);
/* Makes what was done to names in the folder last. */
MUST_CHECK enum status files_sync_folder(int folder);
/* 0, or -1 and errno: EPERM where the owner is another and cannot be given. */
int files_give(int file, const struct file_owner *owner);

/* Puts .new/NAME at the spot: as a whole, in place of what is there. */
MUST_CHECK enum status files_place(struct files *files, int from_folder,
                                   const char *from_name, const struct spot *to,
                                   bool replace);
/* Moves what is at the spot to .trash, and wakes the sweeper. */
MUST_CHECK enum status files_discard(struct files *files, int folder, const char *name);

/* Starts and ends the thread. */
void files_start_sweeper(struct files *files);
void files_stop_sweeper(struct files *files);

/* Copies the file or folder behind `from` (in folder from_folder) to a new name. */
MUST_CHECK enum status files_copy_to(int from_folder, const char *from_name,
                                     int to_folder, const char *to_name,
                                     const struct file_owner *owner, bool deep);
/* As far as both filesystems and our rights go. */
void files_copy_attributes(int from, int to);

#endif
