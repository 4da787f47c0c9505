/* SPDX-License-Identifier: MIT */
/*
 * What the FUSE callbacks share: the face's parts, how a request names a node, and the
 * table of callbacks itself. The callbacks live by concern: ops_node.c (lookup and
 * attributes), ops_folder.c, ops_name.c (create, remove, rename), ops_file.c (open to
 * release). Those of ordinary files are in fs/ops_ordinary.h.
 */
#ifndef ACTORFS_FS_FUSE_OPS_H
#define ACTORFS_FS_FUSE_OPS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "common/tree/tree.h"
#include "fs/copying.h"
#include "fs/fuse_lib.h"
#include "fs/hidden.h"
#include "fs/inode.h"
#include "fs/leftovers.h"
#include "fs/notifier.h"
#include "fs/opening.h"

struct fuse_face {
    struct tree *tree; /* borrowed */
    struct inodes *inodes;
    struct hidden *hidden;
    struct copying *copying;
    struct ordinary_table *ordinary;
    struct leftovers leftovers; /* open ordinary files and folders */
    struct openings *openings;
    struct census *census;
    struct notifier *notifier;
    struct fuse_session *session;
    char *store;
    char *mountpoint;
    uint32_t device_major, device_minor; /* of the mount; set once, before it serves */
    pthread_t loop;
    bool has_loop;
    atomic_bool is_over;     /* nothing more is sent to the kernel */
    atomic_bool has_greeted; /* the kernel's INIT was answered */
    int end_descriptor;
    pthread_mutex_t lock; /* guards is_greeted and is_ended */
    pthread_cond_t changed;
    bool is_greeted; /* the kernel said INIT */
    bool prunes;     /* it knows FUSE_NOTIFY_PRUNE; at rest since it was greeted */
    bool is_ended;   /* the loop has returned */
};

extern const struct fuse_lowlevel_ops fuse_ops;

static inline struct fuse_face *face_of(fuse_req_t request)
{
    return fuse_req_userdata(request);
}
void reply_status(fuse_req_t request, enum status status);

/* ops_node.c */
void op_init(void *userdata, struct fuse_conn_info *connection);
void op_lookup(fuse_req_t request, fuse_ino_t parent, const char *name);
void op_forget(fuse_req_t request, fuse_ino_t inode, uint64_t lookups);
void op_forget_multi(fuse_req_t request, size_t count,
                     struct fuse_forget_data *forgets);
void op_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file);
void op_setattr(fuse_req_t request, fuse_ino_t inode, struct stat *wanted, int which,
                struct fuse_file_info *file);
void op_statfs(fuse_req_t request, fuse_ino_t inode);

/* ops_folder.c */
void op_opendir(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file);
void op_readdir(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                struct fuse_file_info *file);
void op_readdirplus(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                    struct fuse_file_info *file);
void op_releasedir(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file);
void op_fsyncdir(fuse_req_t request, fuse_ino_t inode, int data_only,
                 struct fuse_file_info *file);
void op_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode);
void op_rmdir(fuse_req_t request, fuse_ino_t parent, const char *name);

/* ops_name.c */
void op_create(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
               struct fuse_file_info *file);
void op_unlink(fuse_req_t request, fuse_ino_t parent, const char *name);
void op_rename(fuse_req_t request, fuse_ino_t parent, const char *name,
               fuse_ino_t new_parent, const char *new_name, unsigned flags);
void op_mknod(fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode,
              dev_t device);
void op_symlink(fuse_req_t request, const char *target, fuse_ino_t parent,
                const char *name);
void op_link(fuse_req_t request, fuse_ino_t inode, fuse_ino_t parent, const char *name);

/* ops_file.c */
void op_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file);
void op_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
             struct fuse_file_info *file);
void op_write(fuse_req_t request, fuse_ino_t inode, const char *data, size_t size,
              off_t offset, struct fuse_file_info *file);
void op_flush(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file);
void op_fsync(fuse_req_t request, fuse_ino_t inode, int data_only,
              struct fuse_file_info *file);
void op_release(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file);
void op_poll(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file,
             struct fuse_pollhandle *poll);

#endif
