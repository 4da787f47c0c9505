/* SPDX-License-Identifier: MIT */
/*
 * Bytes that grow by doubling, so that appending n of them one by one costs n. There is
 * no error to check anywhere: an allocation that fails aborts (see status.h), and a
 * size that overflows is a broken invariant.
 */
#include "common/base/bytes.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"

enum { CAPACITY_FIRST = 64 };

bool view_equal(struct view left, struct view right)
{
    if (left.size != right.size)
        return false;
    return left.size == 0 || memcmp(left.data, right.data, left.size) == 0;
}

bool view_starts_with(struct view text, const char *prefix)
{
    size_t size = strlen(prefix);

    return text.size >= size && view_equal(view_of(text.data, size), view_text(prefix));
}

void bytes_grow(struct bytes *bytes, size_t more)
{
    size_t capacity = bytes->capacity > 0 ? bytes->capacity : CAPACITY_FIRST;

    ENSURE(more <= SIZE_MAX / 4 && bytes->size <= SIZE_MAX / 4);
    while (capacity - bytes->size < more)
        capacity *= 2;
    bytes->data = memory_resize(bytes->data, capacity);
    bytes->capacity = capacity;
}

void bytes_append_number(struct bytes *bytes, uint64_t number)
{
    char digits[20]; /* of the largest */
    size_t at = sizeof(digits);

    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    bytes_append(bytes, view_of(digits + at, sizeof(digits) - at));
}

void bytes_format(struct bytes *bytes, const char *format, ...)
{
    va_list arguments;
    va_list again;
    int size;

    va_start(arguments, format);
    va_copy(again, arguments);
    size = vsnprintf(NULL, 0, format, arguments);
    ENSURE(size >= 0);
    vsnprintf(bytes_reserve(bytes, (size_t)size + 1), (size_t)size + 1, format, again);
    bytes->size += (size_t)size;
    va_end(again);
    va_end(arguments);
}

void bytes_clear(struct bytes *bytes)
{
    bytes->size = 0;
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->data);
    *bytes = (struct bytes){0};
}

/* A size of 0 may give null in C; here null always means that memory ran out. */
static size_t at_least_one(size_t size)
{
    return size > 0 ? size : 1;
}

void *memory_take(size_t size)
{
    void *memory = malloc(at_least_one(size));

    ENSURE(memory != NULL);
    return memory;
}

void *memory_take_zeroed(size_t count, size_t size)
{
    void *memory = calloc(at_least_one(count), at_least_one(size));

    ENSURE(memory != NULL);
    return memory;
}

void *memory_resize(void *memory, size_t size)
{
    void *resized = realloc(memory, at_least_one(size));

    ENSURE(resized != NULL);
    return resized;
}

char *memory_text(struct view text)
{
    char *copy = memory_take(text.size + 1);

    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}
