/* SPDX-License-Identifier: MIT */
/*
 * What is installed at the moment: for each name the behavior and the files it was made
 * of. Refreshing it makes behaviors of what is new or changed in the folder, keeps what
 * is not, and retires what is gone. One thread at a time.
 */
#ifndef ACTORFS_BEHAVIOR_STOCK_H
#define ACTORFS_BEHAVIOR_STOCK_H

#include "common/behavior/folder.h"
#include "common/behavior/installer.h"

struct entry {
    char *name;
    enum conf_kind kind;
    struct file_mark file, conf; /* what it was made of */
    struct behavior *behavior;   /* null: it could not be made */
};

struct entries {
    struct entry *list; /* sorted by name */
    size_t count;
};

/* Every behavior ever made. */
struct made {
    struct made *older;
    enum conf_kind kind;
    struct behavior *behavior;
};

/* Zero-initialize. */
struct stock {
    struct folder listing; /* of the last refresh */
    struct entries entries;
    struct made *made;
    struct bytes news; /* what was installed, replaced and removed, a line each */
};

/* Looks at the folder. What cannot be made stays what it was, and that is logged,
   except at the start. IO when the folder cannot be listed; INVALID or IO of the first
   behavior that could not be made, with one line in `message`; *changed_out holds all
   the same.
 */
MUST_CHECK enum status stock_refresh(struct stock *stock,
                                     const struct installer *installer, bool is_start,
                                     bool *changed_out, struct bytes *message);
/* Logs what refreshing changed: call it once that can be found. */
void stock_tell_news(struct stock *stock);
/* Frees every behavior ever made, after host_close. */
void stock_free(struct stock *stock);

#endif
