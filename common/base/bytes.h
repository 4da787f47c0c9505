/* SPDX-License-Identifier: MIT */
/*
 * Borrowed and owned bytes. A `struct view` points into memory somebody else owns and
 * is passed by value; a `struct bytes` owns its memory and grows. Neither is
 * NUL-terminated unless a function says so. Allocation failure aborts.
 */
#ifndef ACTORFS_BASE_BYTES_H
#define ACTORFS_BASE_BYTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
    const char *data; /* may be null when size is 0 */
    size_t size;
};

struct bytes {
    char *data; /* null until the first byte is appended */
    size_t size;
    size_t capacity;
};

static inline struct view view_of(const void *data, size_t size)
{
    return (struct view){.data = data, .size = size};
}
static inline struct view view_text(const char *text)
{
    return view_of(text, strlen(text));
}
static inline struct view view_bytes(const struct bytes *bytes)
{
    return view_of(bytes->data, bytes->size);
}
bool view_equal(struct view left, struct view right);
bool view_starts_with(struct view text, const char *prefix);

/* Makes room for `more` further bytes, for bytes_reserve(). */
void bytes_grow(struct bytes *bytes, size_t more);

/* Appending is what most answers and records are made of, mostly of a few bytes where
   there is room: in the caller, that is a comparison and a copy of known size. */

/* Grows to hold `more` further bytes and returns where they go; size is unchanged. */
static inline char *bytes_reserve(struct bytes *bytes, size_t more)
{
    if (!bytes->data || bytes->capacity - bytes->size < more)
        bytes_grow(bytes, more);
    return bytes->data + bytes->size;
}
static inline void bytes_append(struct bytes *bytes, struct view more)
{
    if (more.size == 0)
        return;
    memcpy(bytes_reserve(bytes, more.size), more.data, more.size);
    bytes->size += more.size;
}
static inline void bytes_append_text(struct bytes *bytes, const char *text)
{
    bytes_append(bytes, view_text(text));
}
/* In decimal. */
void bytes_append_number(struct bytes *bytes, uint64_t number);
void bytes_format(struct bytes *bytes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Forgets the content and keeps the memory. */
void bytes_clear(struct bytes *bytes);
/* Frees the memory and leaves an empty value that may be used again. */
void bytes_free(struct bytes *bytes);

/* Scope cleanup: `BYTES_AUTO(text);` declares an empty value freed at scope's end. */
#define BYTES_AUTO(name) __attribute__((cleanup(bytes_free))) struct bytes name = {0}

/* malloc, calloc, realloc and strndup that abort instead of returning null. */
void *memory_take(size_t size);
void *memory_take_zeroed(size_t count, size_t size);
void *memory_resize(void *memory, size_t size);
char *memory_text(struct view text); /* a NUL-terminated copy; free() it */

#endif
