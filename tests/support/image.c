/* SPDX-License-Identifier: MIT */
/*
 * Files are few, so they are found by walking a list. A name change is kept in a list
 * until it is synced, for a crash to choose from; it is lost for certain when it builds
 * upon a lost one, that is, when it is about the same file or one of the same names.
 */
#include "tests/support/image.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/log.h"
#include "tests/support/faulty_disk.h"

/* splitmix64: any seed is good, 0 included. */
uint64_t images_choose(struct images *images)
{
    uint64_t mixed = images->random += UINT64_C(0x9E3779B97F4A7C15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

bool images_toss(struct images *images)
{
    return (images_choose(images) >> 32) & 1;
}

static uint64_t sectors_of(const struct image *image)
{
    return (image->bytes + FAULTY_SECTOR_BYTES - 1) / FAULTY_SECTOR_BYTES;
}

static void free_image(struct image *image)
{
    free(image->seen);
    free(image->durable);
    free(image->dirty);
    free(image);
}

void images_free(struct images *images)
{
    struct image *image;

    while ((image = images->first) != NULL) {
        images->first = image->next;
        free_image(image);
    }
    free(images->changes);
}

uint64_t images_bytes(const struct images *images)
{
    uint64_t bytes = 0;

    for (const struct image *one = images->first; one != NULL; one = one->next)
        if (one->name[0] != '\0' || one->handles > 0)
            bytes += one->bytes;
    return bytes;
}

static void note_change(struct images *images, struct image *image, const char *from,
                        const char *to)
{
    struct name_change *change;

    if (images->change_count == images->change_capacity) {
        images->change_capacity = images->change_capacity * 2 + 16;
        images->changes = memory_resize(
            images->changes, images->change_capacity * sizeof(images->changes[0]));
    }
    change = &images->changes[images->change_count++];
    *change = (struct name_change){.image = image};
    strcpy(change->from, from);
    strcpy(change->to, to);
}

struct image *images_add(struct images *images, const char *name, uint64_t bytes)
{
    struct image *image = memory_take_zeroed(1, sizeof(*image));

    ENSURE(strlen(name) < IMAGE_NAME_BYTES);
    strcpy(image->name, name);
    image->bytes = bytes;
    image->seen = memory_take_zeroed(bytes + 1, 1);
    image->durable = memory_take_zeroed(bytes + 1, 1);
    image->dirty = memory_take_zeroed(sectors_of(image) + 1, 1);
    image->next = images->first;
    images->first = image;
    note_change(images, image, "", name);
    return image;
}

struct image *images_find(struct images *images, const char *name)
{
    struct image *image = images->first;

    while (image != NULL && strcmp(image->name, name) != 0)
        image = image->next;
    return image;
}

static bool is_about_to_change(const struct images *images, const struct image *image)
{
    for (size_t i = 0; i < images->change_count; i++)
        if (images->changes[i].image == image)
            return true;
    return false;
}

static bool is_gone(const struct images *images, const struct image *image)
{
    return image->name[0] == '\0' && image->durable_name[0] == '\0' &&
           image->handles == 0 && !is_about_to_change(images, image);
}

void images_free_nameless(struct images *images)
{
    struct image **link = &images->first;

    while (*link != NULL) {
        struct image *image = *link;

        if (is_gone(images, image)) {
            *link = image->next;
            free_image(image);
        } else {
            link = &image->next;
        }
    }
}

void images_rename(struct images *images, struct image *image, const char *to)
{
    char from[IMAGE_NAME_BYTES];
    struct image *replaced = to[0] == '\0' ? NULL : images_find(images, to);

    ENSURE(strlen(to) < IMAGE_NAME_BYTES);
    if (replaced != NULL && replaced != image)
        images_rename(images, replaced, "");
    strcpy(from, image->name);
    strcpy(image->name, to);
    note_change(images, image, from, to);
}

/* Takes one sector over from what is seen to what is durable. */
static void persist(struct image *image, uint64_t sector)
{
    uint64_t start = sector * FAULTY_SECTOR_BYTES;
    uint64_t rest = image->bytes - start;

    memcpy(image->durable + start, image->seen + start,
           rest < FAULTY_SECTOR_BYTES ? rest : FAULTY_SECTOR_BYTES);
    image->dirty[sector] = 0;
}

/* The kernel may have written a sector back just before it is written again. */
static void write_sector(struct images *images, struct image *image, uint64_t offset,
                         const char *data, uint64_t bytes)
{
    uint64_t sector = offset / FAULTY_SECTOR_BYTES;

    if (image->dirty[sector] && images_toss(images))
        persist(image, sector);
    memcpy(image->seen + offset, data, bytes);
    image->dirty[sector] = 1;
    image->is_touched = true;
}

void image_write(struct images *images, struct image *image, uint64_t offset,
                 const char *data, uint64_t bytes, bool is_midway)
{
    while (bytes > 0) {
        uint64_t rest = FAULTY_SECTOR_BYTES - offset % FAULTY_SECTOR_BYTES;
        uint64_t step = bytes < rest ? bytes : rest;

        if (!is_midway || images_toss(images))
            write_sector(images, image, offset, data, step);
        offset += step;
        data += step;
        bytes -= step;
    }
}

void image_sync(struct images *images, struct image *image, bool is_midway)
{
    for (uint64_t i = 0; i < sectors_of(image); i++) {
        if (image->dirty[i] && (!is_midway || images_toss(images)))
            persist(image, i);
        image->dirty[i] = 0;
    }
}

static bool is_same_name(const char *left, const char *right)
{
    return left[0] != '\0' && strcmp(left, right) == 0;
}

static bool builds_upon(const struct name_change *later,
                        const struct name_change *earlier)
{
    return later->image == earlier->image || is_same_name(later->from, earlier->from) ||
           is_same_name(later->from, earlier->to) ||
           is_same_name(later->to, earlier->from) ||
           is_same_name(later->to, earlier->to);
}

static bool builds_upon_a_lost_one(const struct images *images, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (images->changes[i].is_lost &&
            builds_upon(&images->changes[index], &images->changes[i]))
            return true;
    return false;
}

/* Either everything up to a point survives, as on a disk that keeps order, or any. */
static void lose_names(struct images *images)
{
    bool in_order = images_toss(images);
    size_t kept = images_choose(images) % (images->change_count + 1);

    for (size_t i = 0; i < images->change_count; i++) {
        struct name_change *change = &images->changes[i];

        change->is_lost =
            in_order ? i >= kept
                     : images_toss(images) || builds_upon_a_lost_one(images, i);
        if (!change->is_lost)
            strcpy(change->image->durable_name, change->to);
    }
}

void images_settle_names(struct images *images)
{
    for (struct image *one = images->first; one != NULL; one = one->next)
        strcpy(one->durable_name, one->name);
    images->change_count = 0;
    images_free_nameless(images);
}

/* All of what was not synced survives, or nothing, or any part. */
static void lose_sectors(struct images *images, struct image *image)
{
    uint64_t mode = images_choose(images) % 4;

    if (!image->is_touched)
        return;
    for (uint64_t i = 0; i < sectors_of(image); i++)
        if (image->dirty[i] && mode != 0 && (mode == 1 || images_toss(images)))
            persist(image, i);
    memset(image->dirty, 0, sectors_of(image));
    memcpy(image->seen, image->durable, image->bytes);
    image->is_touched = false;
}

void images_lose(struct images *images)
{
    lose_names(images);
    for (struct image *one = images->first; one != NULL; one = one->next) {
        strcpy(one->name, one->durable_name);
        lose_sectors(images, one);
    }
    images_settle_names(images);
}
