/* SPDX-License-Identifier: MIT */
#include "server/dav/admin.h"

#include <inttypes.h>

#include "common/base/text.h"
#include "server/dav/locks.h"
#include "server/dav/write.h"

static void append_line(struct dav *dav, const struct dav_lock *lock, struct view path,
                        struct bytes *out)
{
    int64_t left_ns = lock->deadline_ns - dav->clock->monotonic_ns(dav->clock);
    bytes_format(out, "%s\t", lock->token);
    bytes_append(out, path);
    bytes_format(out, "\t%s\t%s\t%" PRId64 "\t",
                 lock->is_shared ? "shared" : "exclusive",
                 lock->is_deep ? "infinity" : "0", left_ns / 1000000000);
    append_column(out, view_text(lock->login));
    bytes_append_text(out, "\n");
}

/* Calls for all locks, or those that `which` names, which are broken then. */
static size_t walk(struct dav *dav, struct tree *tree, const struct view *which,
                   struct bytes *out)
{
    size_t count = 0;
    dav_enter(dav);
    for (size_t i = dav->count; i-- > 0;) {
        struct dav_entry *entry = dav->entries[i];
        struct dav_place place = {entry->area, view_bytes(&entry->path)};
        struct dav_lock *next, *lock = entry->locks;
        BYTES_AUTO(path);
        if (lock)
            dav_append_place(&path, tree, &place);
        for (; lock; lock = next) {
            next = lock->next;
            if (which && !view_equal(*which, view_text(lock->token)) &&
                !view_equal(*which, view_bytes(&path)))
                continue;
            append_line(dav, lock, view_bytes(&path), out);
            count++;
            if (which)
                dav_lock_drop(dav, entry, lock);
        }
        dav_entry_tidy(dav, &place);
    }
    dav_leave(dav);
    return count;
}

void dav_admin_list(struct dav *dav, struct tree *tree, struct bytes *out)
{
    walk(dav, tree, NULL, out);
}

size_t dav_admin_break(struct dav *dav, struct tree *tree, struct view which,
                       struct bytes *out)
{
    return walk(dav, tree, &which, out);
}
