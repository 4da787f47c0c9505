/* SPDX-License-Identifier: MIT */
/*
 * Ordinary files (contract, section 9): what users keep in an actor's folder, as files
 * of the store's own filesystem.
 *
 *     STORE/files/ID/...      of the actor with that id, made when it is first needed
 *     STORE/files/root/       dot files of /
 *     STORE/files/actors/     dot files of /actors
 *     STORE/files/.new/       what is being written or copied
 *     STORE/files/.trash/     what is being removed
 *
 * A path never leaves its area: every walk is one openat2() that refuses `..`, magic
 * links and symbolic links, and what it finds is held by descriptor from then on, so
 * that whoever swaps a folder for a link meanwhile gains nothing. Symbolic links are
 * kept, shown and copied as what they are; the server follows none.
 *
 * What is written, copied or moved through here appears whole or not at all, and is on
 * disk when the call returns. Every function may block on the disk; any thread.
 */
#ifndef ACTORFS_TREE_FILES_H
#define ACTORFS_TREE_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/base/bytes.h"
#include "common/base/status.h"

struct files;

/* Areas are actors' ids, and these two. */
#define FILES_ROOT 0
#define FILES_ACTORS UINT64_MAX

/* Makes STORE/files where it is missing, and drops what a crash left half written. IO,
   NO_SPACE, ACCESS; then `message` says why in one line. */
MUST_CHECK enum status files_open(const char *store, struct files **files_out,
                                  struct bytes *message);
void files_close(struct files *files);

/* ------------------------------------------------------------------------- places */

/* A file by its area and its path there: names joined by single slashes; "" is the
   area's own folder. Borrowed. */
struct file_place {
    uint64_t area;
    struct view path;
};

/* Whether the bytes can be a name: 1 to 255 of them, no slash, no NUL, neither `.` nor
   `..`. INVALID, NAME_TOO_LONG. */
MUST_CHECK enum status files_check_name(struct view name);
MUST_CHECK enum status files_check_path(struct view path);

/* The area's folder as a descriptor, to be closed. NOT_FOUND when nothing was ever kept
   there, unless `make`. */
MUST_CHECK enum status files_open_area(struct files *files, uint64_t area, bool make,
                                       int *folder_out);
/* The file itself, without following it, as a descriptor (O_PATH). */
MUST_CHECK enum status files_find(struct files *files, const struct file_place *place,
                                  int *file_out);
/* What an errno of a call on these files means. */
enum status files_status(int error);

/* ------------------------------------------------------------------------ reading */

/* lstat(2); mode tells the type. NOT_FOUND. */
MUST_CHECK enum status files_stat(struct files *files, const struct file_place *place,
                                  struct stat *stat_out);
/* Changes whenever the content does, and differs between files: an ETag's matter. */
uint64_t files_version(const struct stat *stat);
/* Opens a regular file to read it (pread(2), sendfile(2)); the descriptor is the
   caller's. ACCESS for what is none. */
MUST_CHECK enum status files_open_to_read(struct files *files,
                                          const struct file_place *place, int *file_out,
                                          struct stat *stat_out);
/* Appends the target of a symbolic link; INVALID for what is none. */
MUST_CHECK enum status
files_read_link(struct files *files, const struct file_place *place, struct bytes *out);

/* Returns false to stop. `next` continues the listing after this entry. */
typedef bool files_each_fn(void *context, const char *name, const struct stat *stat,
                           uint64_t next);
/* Lists a folder from `after` (0: the start), without . and .. and in no order. */
MUST_CHECK enum status files_list(struct files *files, const struct file_place *folder,
                                  uint64_t after, files_each_fn *each, void *context);

/* ----------------------------------------------------------------------- changing */

/* Who a new file belongs to, and its permission bits. */
struct file_owner {
    uid_t uid;
    gid_t gid;
    mode_t mode;
};

/* A whole file that is being written. Until it is committed nobody sees it; a crash
   drops it. One thread at a time. */
struct file_writer;

/* How many bytes the disk has room for at most; UINT64_MAX where it cannot tell. */
uint64_t files_room(const struct files *files);
/* NO_SPACE, IO, BUSY. */
MUST_CHECK enum status files_write(struct files *files,
                                   struct file_writer **writer_out);
MUST_CHECK enum status file_writer_append(struct file_writer *writer,
                                          struct view bytes);
/* Puts it in its place, instead of the file that is there (whose owner, mode and
   extended attributes it takes), or only where there is none (`only_new`: EXISTS).
   Frees the writer, whatever comes. NOT_FOUND without a parent folder, EXISTS for a
   folder in its place, PERMISSION where the owner cannot be given. */
MUST_CHECK enum status file_writer_commit(struct file_writer *writer,
                                          const struct file_place *place,
                                          const struct file_owner *owner, bool only_new,
                                          struct stat *stat_out);
/* The same, in a folder that is open (O_PATH will do). */
MUST_CHECK enum status file_writer_commit_in(struct file_writer *writer, int folder,
                                             const char *name,
                                             const struct file_owner *owner,
                                             bool only_new, struct stat *stat_out);
void file_writer_abort(struct file_writer *writer);

/* EXISTS; NOT_FOUND without a parent folder. */
MUST_CHECK enum status files_make_folder(struct files *files,
                                         const struct file_place *place,
                                         const struct file_owner *owner);
/* A file, or a folder with all that is in it, gone at once. */
MUST_CHECK enum status files_remove(struct files *files,
                                    const struct file_place *place);
/* Copies a file, or a folder (`deep`: with all that is in it), with modes, times, links
   and extended attributes. What is at the target is replaced as a whole if `replace`,
   else EXISTS. INVALID into itself, TOO_LARGE when nested deeper than
   FILES_COPY_DEPTH_MAX. The path "" is a whole area. `owner` (its mode is not looked
   at) null: as they are. */
#define FILES_COPY_DEPTH_MAX 128
MUST_CHECK enum status files_copy(struct files *files, const struct file_place *from,
                                  const struct file_place *to,
                                  const struct file_owner *owner, bool deep,
                                  bool replace);
MUST_CHECK enum status files_move(struct files *files, const struct file_place *from,
                                  const struct file_place *to, bool replace);

/* Calls `changed` with what was at a name before it is replaced, moved or removed
   through here, so that a face which keeps it can let go. One watcher; null ends it,
   and when that returns `changed` is not called any more. It must not block. */
typedef void files_changed_fn(void *context, const struct stat *before);
void files_watch(struct files *files, files_changed_fn *changed, void *context);

/* ------------------------------------------------------------------------- sending */

/* A file whose bytes are sent and that is to be gone then, exactly once across a crash
   and whoever else sends it: appends what names it, to be kept as a note in the same
   commit as the message. The file is an entry of the open folder; `stat` is from before
   its bytes were read. BUSY while another sends it, STALE when it is no longer that
   file or the folder is gone. After OK files_end_sending() lets others. */
MUST_CHECK enum status files_begin_sending(struct files *files, int folder,
                                           const char *name, const struct stat *stat,
                                           struct bytes *out);
void files_end_sending(struct files *files, struct view named);
/* Removes the file that was so named, if it is still there and unchanged. */
MUST_CHECK enum status files_remove_sent(struct files *files, struct view named);

/* ----------------------------------------------------------------------- retiring */

/* Before an actor is retired by rmdir: removes its folder if it is empty, else
   NOT_EMPTY. (It is made anew when it is needed again.) */
MUST_CHECK enum status files_retire_empty(struct files *files, uint64_t actor);
/* The actor is gone: so is what it kept, soon. Does not block. */
void files_forget(struct files *files, uint64_t actor);
/* From now on, soon and then every hour, every actor that `exists` does not know is
   forgotten. Asked on a thread of its own, which files_close ends. */
typedef bool files_exists_fn(void *context, uint64_t actor);
void files_sweep(struct files *files, files_exists_fn *exists, void *context);

#endif
