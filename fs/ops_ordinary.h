/* SPDX-License-Identifier: MIT */
/*
 * Callbacks about ordinary files: what the callbacks of the same names hand on when the
 * inode, or the name in a special folder, is an ordinary file's. Errors are the store's
 * filesystem's own, so these speak errno, not status. Whether the caller may is the
 * kernel's to say (default_permissions); these run as the daemon and then give what
 * they made to the caller.
 */
#ifndef ACTORFS_FS_OPS_ORDINARY_H
#define ACTORFS_FS_OPS_ORDINARY_H

#include "fs/fuse_ops.h"
#include "fs/ordinary.h"

/* ---------------------------------------------------------- what the callbacks share
 */

/* A folder by descriptor: an ordinary one, or the area of a special one. */
struct folder {
    int descriptor;
    struct ordinary *held; /* null: an area, whose descriptor is ours */
};
/* 0 or an errno: ESTALE when it is gone, ENOENT for an area in which nothing was kept
   yet, unless `make`. */
int folder_open(struct fuse_face *face, fuse_ino_t inode, bool make,
                struct folder *folder_out);
void folder_close(struct fuse_face *face, struct folder *folder);
/* An ordinary_area_fn. */
int folder_open_area(void *context, uint64_t inode);

/* Whether the entry `name` of a folder, of either kind, is an ordinary file's. */
bool name_is_ordinary(struct fuse_face *face, fuse_ino_t folder, const char *name);
/* What the kernel is told of a file; counts no look-up. */
void ordinary_fill(uint64_t number, const struct stat *stat,
                   struct fuse_entry_param *entry_out);
/* Looks at the entry and counts a look-up of it; 0 or an errno. */
int ordinary_describe(struct fuse_face *face, fuse_ino_t parent,
                      const struct folder *folder, const char *name,
                      struct fuse_entry_param *entry_out);
/* Gives a new file to the caller, with this mode; 0 or an errno. */
int ordinary_give(fuse_req_t request, const struct folder *folder, int file,
                  mode_t mode);

/* ---------------------------------------------------------------- ops_ordinary_node.c
 */
void ordinary_lookup_op(fuse_req_t request, fuse_ino_t parent, const char *name);
void ordinary_getattr(fuse_req_t request, fuse_ino_t inode);
void ordinary_setattr(fuse_req_t request, fuse_ino_t inode, struct stat *wanted,
                      int which, struct fuse_file_info *file);
void op_readlink(fuse_req_t request, fuse_ino_t inode);

/* ---------------------------------------------------------------- ops_ordinary_name.c
 */
void ordinary_create(fuse_req_t request, fuse_ino_t parent, const char *name,
                     mode_t mode, struct fuse_file_info *file);
void ordinary_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name,
                    mode_t mode);
void ordinary_mknod(fuse_req_t request, fuse_ino_t parent, const char *name,
                    mode_t mode);
void ordinary_symlink(fuse_req_t request, const char *target, fuse_ino_t parent,
                      const char *name);
void ordinary_link(fuse_req_t request, fuse_ino_t inode, fuse_ino_t parent,
                   const char *name);
/* flags: 0 or AT_REMOVEDIR. */
void ordinary_unlink(fuse_req_t request, fuse_ino_t parent, const char *name,
                     int flags);
void ordinary_rename(fuse_req_t request, fuse_ino_t parent, const char *name,
                     fuse_ino_t new_parent, const char *new_name, unsigned flags);

/* --------------------------------------------------------------- ops_ordinary_xattr.c
 */
void op_setxattr(fuse_req_t request, fuse_ino_t inode, const char *name,
                 const char *value, size_t size, int flags);
void op_getxattr(fuse_req_t request, fuse_ino_t inode, const char *name, size_t size);
void op_listxattr(fuse_req_t request, fuse_ino_t inode, size_t size);
void op_removexattr(fuse_req_t request, fuse_ino_t inode, const char *name);

/* ---------------------------------------------------------------- ops_ordinary_file.c
 */
void ordinary_open_op(fuse_req_t request, fuse_ino_t inode,
                      struct fuse_file_info *file);
/* The descriptor that was opened, as it was opened. */
int ordinary_opened(const struct fuse_file_info *file);
/* Remembers an open descriptor in the file's handle. */
void ordinary_keep(struct fuse_face *face, struct fuse_file_info *file,
                   struct ordinary *held, int descriptor);
void ordinary_read(fuse_req_t request, size_t size, off_t offset,
                   struct fuse_file_info *file);
void ordinary_write(fuse_req_t request, const char *data, size_t size, off_t offset,
                    struct fuse_file_info *file);
void ordinary_fsync(fuse_req_t request, int data_only, struct fuse_file_info *file);
void ordinary_release(struct fuse_face *face, struct fuse_file_info *file);
void op_fallocate(fuse_req_t request, fuse_ino_t inode, int mode, off_t offset,
                  off_t length, struct fuse_file_info *file);
void op_lseek(fuse_req_t request, fuse_ino_t inode, off_t offset, int whence,
              struct fuse_file_info *file);
void op_copy_file_range(fuse_req_t request, fuse_ino_t from, off_t from_offset,
                        struct fuse_file_info *from_file, fuse_ino_t to,
                        off_t to_offset, struct fuse_file_info *to_file, size_t size,
                        int flags);

#endif
