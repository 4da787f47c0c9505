/* SPDX-License-Identifier: MIT */
#include "fs/fuse_ops.h"

#include "fs/errno_map.h"
#include "fs/ops_ordinary.h"

/* What is left out is refused once with ENOSYS, and the kernel does without: access
   (default_permissions has it), locks (local ones do). */
const struct fuse_lowlevel_ops fuse_ops = {
    .init = op_init,
    .lookup = op_lookup,
    .forget = op_forget,
    .forget_multi = op_forget_multi,
    .getattr = op_getattr,
    .setattr = op_setattr,
    .statfs = op_statfs,
    .opendir = op_opendir,
    .readdir = op_readdir,
    .readdirplus = op_readdirplus,
    .releasedir = op_releasedir,
    .fsyncdir = op_fsyncdir,
    .mkdir = op_mkdir,
    .rmdir = op_rmdir,
    .create = op_create,
    .unlink = op_unlink,
    .rename = op_rename,
    .mknod = op_mknod,
    .symlink = op_symlink,
    .link = op_link,
    .readlink = op_readlink,
    .open = op_open,
    .read = op_read,
    .write = op_write,
    .flush = op_flush,
    .fsync = op_fsync,
    .release = op_release,
    .poll = op_poll,
    .fallocate = op_fallocate,
    .lseek = op_lseek,
    .copy_file_range = op_copy_file_range,
    .setxattr = op_setxattr,
    .getxattr = op_getxattr,
    .listxattr = op_listxattr,
    .removexattr = op_removexattr,
};

void reply_status(fuse_req_t request, enum status status)
{
    fuse_reply_err(request, errno_of_status(status));
}
