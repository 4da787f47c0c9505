/* SPDX-License-Identifier: MIT */
/*
 * The floor under the mount: a filesystem with the shape of the tree and nothing behind
 * it. It has the same folders, files and unlisted names, answers with the same flags
 * and timeouts, and takes every answer from memory at once. What it costs is what the
 * kernel and libfuse cost; a face cannot be quicker.
 *
 *     empty_fuse MOUNTPOINT [--actors N] [--file-bytes N] [--threads N]
 *
 * Runs in the foreground until it is unmounted or sent SIGTERM. Actors are bench_0 ...
 * What is written is forgotten. Node ids: the actors are multiples of 16, the file k of
 * an actor is its id plus k, and unlisted names count up from the top bit. How long the
 * kernel may believe what it is told is as in fs/entry.c, flags are as in
 * fs/ops_file.c, and so should they stay.
 */
#define FUSE_USE_VERSION FUSE_MAKE_VERSION(3, 12)

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "scripts/bench.d/measure.h"

#define ACTORS_NODE 2
#define FIRST_ACTOR_NODE 16
#define FILES (sizeof(file_names) / sizeof(file_names[0]))
#define UNLISTED_BIT (1ull << 63)
#define NAME_BYTES_MAX 32
#define LASTING_SECONDS 60.0
#define LOOKUP_SECONDS 1.0

static const char *const file_names[] = {"tasks",   "execute", "state", "status",
                                         "mailbox", "result",  "log",   "behavior"};
static uint64_t actors;
static uint64_t file_bytes;
static unsigned threads;
static char content[4096];
static atomic_uint_fast64_t unlisted;

static bool is_folder(fuse_ino_t node)
{
    return node <= ACTORS_NODE || (!(node & UNLISTED_BIT) && node % 16 == 0);
}

static struct stat attributes(fuse_ino_t node)
{
    struct stat result = {.st_ino = node, .st_nlink = 1, .st_mode = S_IFREG | 0644};

    if (is_folder(node))
        result.st_mode = S_IFDIR | 0755;
    else if (!(node & UNLISTED_BIT) && node % 16 > 2)
        result.st_size = (off_t)file_bytes;
    return result;
}

/* Only `tasks` and `execute` never change; the content of the others may at any time.
 */
static double attribute_seconds(fuse_ino_t node)
{
    if (node & UNLISTED_BIT || node <= ACTORS_NODE)
        return LOOKUP_SECONDS;
    return node % 16 <= 2 ? LASTING_SECONDS : 0;
}

static struct fuse_entry_param entry(fuse_ino_t node)
{
    return (struct fuse_entry_param){.ino = node,
                                     .attr = attributes(node),
                                     .attr_timeout = attribute_seconds(node),
                                     .entry_timeout =
                                         node & UNLISTED_BIT ? 0 : LASTING_SECONDS};
}

static fuse_ino_t find_actor(const char *name)
{
    char *end;

    if (strncmp(name, "bench_", 6) != 0)
        return 0;
    uint64_t number = strtoull(name + 6, &end, 10);
    return *end || number >= actors ? 0 : FIRST_ACTOR_NODE * (number + 1);
}

static fuse_ino_t find(fuse_ino_t parent, const char *name)
{
    if (parent == FUSE_ROOT_ID)
        return strcmp(name, "actors") == 0 ? ACTORS_NODE : 0;
    if (parent == ACTORS_NODE)
        return find_actor(name);
    for (size_t i = 0; i < FILES; i++)
        if (strcmp(name, file_names[i]) == 0)
            return parent + 1 + i;
    return 0;
}

static void do_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    fuse_ino_t node = find(parent, name);
    struct fuse_entry_param found = entry(node);

    if (node)
        fuse_reply_entry(request, &found);
    else
        fuse_reply_err(request, ENOENT);
}

static void do_getattr(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file)
{
    struct stat result = attributes(node);

    (void)file;
    fuse_reply_attr(request, &result, attribute_seconds(node));
}

static void do_mkdir(fuse_req_t request, fuse_ino_t parent, const char *name,
                     mode_t mode)
{
    (void)mode;
    fuse_reply_err(request, find(parent, name) ? EEXIST : EACCES);
}

static void do_create(fuse_req_t request, fuse_ino_t parent, const char *name,
                      mode_t mode, struct fuse_file_info *file)
{
    struct fuse_entry_param made = entry(UNLISTED_BIT | ++unlisted);

    (void)parent;
    (void)name;
    (void)mode;
    file->direct_io = 1;
    fuse_reply_create(request, &made, file);
}

static void do_open(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file)
{
    (void)node;
    file->direct_io = 1;
    file->noflush = (file->flags & O_ACCMODE) == O_RDONLY;
    fuse_reply_open(request, file);
}

static void do_read(fuse_req_t request, fuse_ino_t node, size_t size, off_t offset,
                    struct fuse_file_info *file)
{
    size_t total = (size_t)attributes(node).st_size;
    size_t from = (size_t)offset < total ? (size_t)offset : total;

    (void)file;
    fuse_reply_buf(request, content + from, size < total - from ? size : total - from);
}

static void do_write(fuse_req_t request, fuse_ino_t node, const char *data, size_t size,
                     off_t offset, struct fuse_file_info *file)
{
    (void)node;
    (void)data;
    (void)offset;
    (void)file;
    fuse_reply_write(request, size);
}

static void do_flush(fuse_req_t request, fuse_ino_t node, struct fuse_file_info *file)
{
    (void)node;
    (void)file;
    fuse_reply_err(request, 0);
}

/* The n-th entry of a folder; 0 past the last. */
static fuse_ino_t nth(fuse_ino_t folder, uint64_t n, char name_out[NAME_BYTES_MAX])
{
    if (folder == FUSE_ROOT_ID && n == 0) {
        strcpy(name_out, "actors");
        return ACTORS_NODE;
    }
    if (folder == ACTORS_NODE && n < actors) {
        snprintf(name_out, NAME_BYTES_MAX, "bench_%llu", (unsigned long long)n);
        return FIRST_ACTOR_NODE * (n + 1);
    }
    if (folder > ACTORS_NODE && n < FILES) {
        strcpy(name_out, file_names[n]);
        return folder + 1 + n;
    }
    return 0;
}

static void list(fuse_req_t request, fuse_ino_t folder, size_t size, off_t offset,
                 bool plus)
{
    char *buffer = malloc(size);
    char name[NAME_BYTES_MAX];
    size_t used = 0;
    fuse_ino_t node;

    while (buffer && (node = nth(folder, (uint64_t)offset, name)) != 0) {
        struct fuse_entry_param listed = entry(node);
        offset++;
        size_t more = plus ? fuse_add_direntry_plus(request, buffer + used, size - used,
                                                    name, &listed, offset)
                           : fuse_add_direntry(request, buffer + used, size - used,
                                               name, &listed.attr, offset);
        if (more > size - used)
            break;
        used += more;
    }
    fuse_reply_buf(request, buffer, used);
    free(buffer);
}

static void do_readdir(fuse_req_t request, fuse_ino_t folder, size_t size, off_t offset,
                       struct fuse_file_info *file)
{
    (void)file;
    list(request, folder, size, offset, false);
}

static void do_readdirplus(fuse_req_t request, fuse_ino_t folder, size_t size,
                           off_t offset, struct fuse_file_info *file)
{
    (void)file;
    list(request, folder, size, offset, true);
}

static void do_init(void *context, struct fuse_conn_info *connection)
{
    (void)context;
    connection->want &= ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE |
                                    FUSE_CAP_SPLICE_MOVE);
    connection->want |= connection->capable & FUSE_CAP_ATOMIC_O_TRUNC;
}

static const struct fuse_lowlevel_ops operations = {
    .init = do_init,
    .lookup = do_lookup,
    .getattr = do_getattr,
    .mkdir = do_mkdir,
    .create = do_create,
    .open = do_open,
    .read = do_read,
    .write = do_write,
    .flush = do_flush,
    .readdir = do_readdir,
    .readdirplus = do_readdirplus,
};

static int serve(struct fuse_session *session, const char *mountpoint)
{
    struct fuse_loop_config *loop = fuse_loop_cfg_create();

    fuse_loop_cfg_set_max_threads(loop, threads);
    if (fuse_set_signal_handlers(session) != 0 ||
        fuse_session_mount(session, mountpoint) != 0)
        fail("%s: cannot mount", mountpoint);
    int result = fuse_session_loop_mt(session, loop);
    fuse_session_unmount(session);
    fuse_remove_signal_handlers(session);
    fuse_loop_cfg_destroy(loop);
    return result < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct fuse_args arguments = FUSE_ARGS_INIT(0, NULL);

    if (argc < 2)
        fail("usage: empty_fuse MOUNTPOINT [--actors N] ...");
    actors = option_number(argc, argv, "--actors", 1000);
    file_bytes = option_number(argc, argv, "--file-bytes", MESSAGE_BYTES);
    threads = (unsigned)option_number(argc, argv, "--threads", 4);
    memset(content, 'c', sizeof(content));
    if (file_bytes > sizeof(content))
        fail("--file-bytes: at most %zu", sizeof(content));
    fuse_opt_add_arg(&arguments, argv[0]);
    fuse_opt_add_arg(&arguments, "-ofsname=empty,subtype=empty,default_permissions");
    struct fuse_session *session =
        fuse_session_new(&arguments, &operations, sizeof(operations), NULL);
    if (!session)
        fail("no session");
    int result = serve(session, argv[1]);
    fuse_session_destroy(session);
    fuse_opt_free_args(&arguments);
    return result;
}
