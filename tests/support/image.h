/* SPDX-License-Identifier: MIT */
/*
 * What is on the faulty disk (faulty_disk.h): files as two images each, what is seen
 * and what a power failure would leave, and the changes of names that are not synced
 * yet. Knows how things get lost, not when. All choices come from `random`.
 */
#ifndef ACTORFS_TESTS_SUPPORT_IMAGE_H
#define ACTORFS_TESTS_SUPPORT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_NAME_BYTES 64

struct image {
    struct image *next;
    char name[IMAGE_NAME_BYTES];         /* as seen now; "" when it has none */
    char durable_name[IMAGE_NAME_BYTES]; /* as a crash would leave it for certain */
    uint64_t bytes;
    char *seen;
    char *durable;
    unsigned char *dirty; /* a flag a sector: a sync takes it over */
    bool is_touched;      /* some sector of the two may differ */
    unsigned handles;     /* open files, dead ones not counted */
};

/* From or to "" where a file is made or removed. */
struct name_change {
    struct image *image;
    char from[IMAGE_NAME_BYTES];
    char to[IMAGE_NAME_BYTES];
    bool is_lost;
};

struct images {
    struct image *first;
    struct name_change *changes; /* since names were last settled */
    size_t change_count, change_capacity;
    uint64_t random;
};

uint64_t images_choose(struct images *images);
bool images_toss(struct images *images);
void images_free(struct images *images);

/* A file of zeros, there for certain but for its name. */
struct image *images_add(struct images *images, const char *name, uint64_t bytes);
/* Null when there is none. */
struct image *images_find(struct images *images, const char *name);
/* To "" removes the file. Another of the new name is replaced. */
void images_rename(struct images *images, struct image *image, const char *to);
/* Frees what has no name and no open file. */
void images_free_nameless(struct images *images);
uint64_t images_bytes(const struct images *images);

/* Where `is_midway`, any sectors of it only. */
void image_write(struct images *images, struct image *image, uint64_t offset,
                 const char *data, uint64_t bytes, bool is_midway);
/* Where `is_midway`, the sectors that were missed count as clean nevertheless. */
void image_sync(struct images *images, struct image *image, bool is_midway);
/* All names are there for certain. */
void images_settle_names(struct images *images);
/* Power fails: names and sectors are what is there for certain, and some more. */
void images_lose(struct images *images);

#endif
