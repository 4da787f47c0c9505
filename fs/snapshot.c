/* SPDX-License-Identifier: MIT */
#include "fs/snapshot.h"

void snapshot_free(struct snapshot *snapshot)
{
    bytes_free(&snapshot->text);
}

void snapshot_forget(struct snapshot *snapshot)
{
    bytes_clear(&snapshot->text);
    snapshot->end = STATUS_OK;
    snapshot->is_ready = snapshot->is_based = false;
    snapshot->base = 0;
}

enum status snapshot_read(struct snapshot *snapshot, uint64_t offset, size_t size,
                          struct view *out)
{
    if (!snapshot->is_based || offset < snapshot->base) {
        snapshot->base = offset;
        snapshot->is_based = true;
    }
    uint64_t at = offset - snapshot->base;
    *out = view_of(NULL, 0);
    if (at >= snapshot->text.size)
        return snapshot->end;
    size_t left = snapshot->text.size - (size_t)at;
    *out = view_of(snapshot->text.data + at, size < left ? size : left);
    return STATUS_OK;
}

bool snapshot_is_read_to_end(const struct snapshot *snapshot, uint64_t offset)
{
    return offset >= snapshot->base + snapshot->text.size;
}

/* The last whole line, its newline included; all of it where there is but one. */
static struct view last_line(struct view text)
{
    const char *before = text.size > 1 ? memrchr(text.data, '\n', text.size - 1) : NULL;
    const char *start = before ? before + 1 : text.data;
    return view_of(start, text.size - (size_t)(start - text.data));
}

/* Where in `newer` the text goes on that ended with `line`; 0 where it is not known. */
static size_t find_end(struct view newer, struct view line)
{
    if (line.size == 0)
        return 0;
    const char *found = memmem(newer.data, newer.size, line.data, line.size);
    return found ? (size_t)(found - newer.data) + line.size : 0;
}

void snapshot_follow(struct snapshot *snapshot, struct bytes *newer)
{
    uint64_t end = snapshot->base + snapshot->text.size;
    size_t known = find_end(view_bytes(newer), last_line(view_bytes(&snapshot->text)));
    snapshot->base = end - (known < end ? known : end);
    bytes_free(&snapshot->text);
    snapshot->text = *newer;
    *newer = (struct bytes){0};
}
