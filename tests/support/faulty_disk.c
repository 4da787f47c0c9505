/* SPDX-License-Identifier: MIT */
/*
 * Files are few, so they are found by walking a list. A name change is kept in a list
 * until it is synced, for a crash to choose from; it is lost for certain when it builds
 * upon a lost one, that is, when it is about the same file or one of the same names.
 *
 * The mutex guards everything; it is there for tests with threads, which care about the
 * journal's locks and not about this one's speed.
 */
#include "tests/support/faulty_disk.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

#define NAME_BYTES 64

struct image {
    struct image *next;
    char name[NAME_BYTES];         /* as seen now; "" when it has none */
    char durable_name[NAME_BYTES]; /* as a crash would leave it for certain */
    uint64_t bytes;
    char *seen;
    char *durable;
    unsigned char *dirty; /* a flag a sector: seen may differ, a sync takes it over */
    bool is_touched;      /* some sector of the two may differ */
    unsigned handles;     /* open files, dead ones not counted */
};

/* From or to "" where a file is made or removed. */
struct name_change {
    struct image *image;
    char from[NAME_BYTES];
    char to[NAME_BYTES];
    bool is_lost;
};

struct faulty_disk {
    struct disk disk; /* first: cast from and to it */
    pthread_mutex_t mutex;
    struct image *images;
    struct name_change *changes; /* since the last sync_names */
    size_t change_count, change_capacity;
    uint64_t random;
    uint64_t life; /* raised by a crash: older files are dead */
    uint64_t capacity;
    uint64_t counts[FAULTY_OPERATIONS + 1];
    uint64_t fail_at[FAULTY_OPERATIONS]; /* 0: no plan */
    enum status fail_with[FAULTY_OPERATIONS];
    uint64_t stop_at; /* 0: no plan */
};

struct disk_file {
    struct faulty_disk *faulty;
    struct image *image;
    uint64_t life;
};

static struct faulty_disk *lock(struct disk *disk)
{
    struct faulty_disk *faulty = (struct faulty_disk *)disk;

    pthread_mutex_lock(&faulty->mutex);
    return faulty;
}

static enum status unlock(struct faulty_disk *faulty, enum status status)
{
    pthread_mutex_unlock(&faulty->mutex);
    return status;
}

/* ------------------------------------------------------------------ choices --- */

/* splitmix64: any seed is good, 0 included. */
static uint64_t choose(struct faulty_disk *faulty)
{
    uint64_t mixed = faulty->random += UINT64_C(0x9E3779B97F4A7C15);

    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

static bool toss(struct faulty_disk *faulty)
{
    return (choose(faulty) >> 32) & 1;
}

/* What becomes of an operation: done, refused (not done), or failed half-way. */
struct fate {
    enum status status;
    bool is_midway;
};

static struct fate fate_of(struct faulty_disk *faulty, enum faulty_operation operation)
{
    uint64_t all = ++faulty->counts[FAULTY_OPERATIONS];
    uint64_t one = ++faulty->counts[operation];

    if (faulty->stop_at != 0 && all >= faulty->stop_at)
        return (struct fate){STATUS_IO, all == faulty->stop_at};
    if (faulty->fail_at[operation] == one)
        return (struct fate){faulty->fail_with[operation],
                             operation == FAULTY_WRITE || operation == FAULTY_SYNC};
    return (struct fate){STATUS_OK, false};
}

/* Whether a change of names takes place. */
static bool happens(struct faulty_disk *faulty, struct fate fate)
{
    return fate.status == STATUS_OK || (fate.is_midway && toss(faulty));
}

/* ------------------------------------------------------------------- images --- */

static uint64_t sectors_of(const struct image *image)
{
    return (image->bytes + FAULTY_SECTOR_BYTES - 1) / FAULTY_SECTOR_BYTES;
}

static struct image *add_image(struct faulty_disk *faulty, const char *name,
                               uint64_t bytes)
{
    struct image *image = memory_take_zeroed(1, sizeof(*image));

    ENSURE(strlen(name) < NAME_BYTES);
    strcpy(image->name, name);
    image->bytes = bytes;
    image->seen = memory_take_zeroed(bytes + 1, 1);
    image->durable = memory_take_zeroed(bytes + 1, 1);
    image->dirty = memory_take_zeroed(sectors_of(image) + 1, 1);
    image->next = faulty->images;
    faulty->images = image;
    return image;
}

static void free_image(struct image *image)
{
    free(image->seen);
    free(image->durable);
    free(image->dirty);
    free(image);
}

static struct image *find_image(struct faulty_disk *faulty, const char *name)
{
    struct image *image = faulty->images;

    while (image != NULL && strcmp(image->name, name) != 0)
        image = image->next;
    return image;
}

static void free_nameless(struct faulty_disk *faulty)
{
    struct image **link = &faulty->images;

    while (*link != NULL) {
        struct image *image = *link;

        if (image->name[0] == '\0' && image->durable_name[0] == '\0' &&
            image->handles == 0) {
            *link = image->next;
            free_image(image);
        } else {
            link = &image->next;
        }
    }
}

static uint64_t used(const struct faulty_disk *faulty)
{
    uint64_t bytes = 0;

    for (const struct image *one = faulty->images; one != NULL; one = one->next)
        if (one->name[0] != '\0' || one->handles > 0)
            bytes += one->bytes;
    return bytes;
}

static bool has_room(const struct faulty_disk *faulty, uint64_t bytes)
{
    uint64_t now = used(faulty);

    return now <= faulty->capacity && bytes <= faulty->capacity - now;
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

/* ---------------------------------------------------------------- name changes --- */

static void note_change(struct faulty_disk *faulty, struct image *image,
                        const char *from, const char *to)
{
    struct name_change *change;

    if (faulty->change_count == faulty->change_capacity) {
        faulty->change_capacity = faulty->change_capacity * 2 + 16;
        faulty->changes = memory_resize(
            faulty->changes, faulty->change_capacity * sizeof(faulty->changes[0]));
    }
    change = &faulty->changes[faulty->change_count++];
    *change = (struct name_change){.image = image};
    strcpy(change->from, from);
    strcpy(change->to, to);
}

static void change_name(struct faulty_disk *faulty, struct image *image, const char *to)
{
    char from[NAME_BYTES];
    struct image *replaced = to[0] == '\0' ? NULL : find_image(faulty, to);

    ENSURE(strlen(to) < NAME_BYTES);
    if (replaced != NULL && replaced != image)
        change_name(faulty, replaced, "");
    strcpy(from, image->name);
    strcpy(image->name, to);
    note_change(faulty, image, from, to);
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

static bool builds_upon_a_lost_one(const struct faulty_disk *faulty, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (faulty->changes[i].is_lost &&
            builds_upon(&faulty->changes[index], &faulty->changes[i]))
            return true;
    return false;
}

/* Either everything up to a point survives, as on a disk that keeps order, or any. */
static void lose_names(struct faulty_disk *faulty)
{
    bool in_order = toss(faulty);
    size_t kept = choose(faulty) % (faulty->change_count + 1);

    for (size_t i = 0; i < faulty->change_count; i++) {
        struct name_change *change = &faulty->changes[i];

        change->is_lost =
            in_order ? i >= kept : toss(faulty) || builds_upon_a_lost_one(faulty, i);
        if (!change->is_lost)
            strcpy(change->image->durable_name, change->to);
    }
}

static void settle_names(struct faulty_disk *faulty)
{
    for (struct image *one = faulty->images; one != NULL; one = one->next)
        strcpy(one->durable_name, one->name);
    faulty->change_count = 0;
    free_nameless(faulty);
}

/* -------------------------------------------------------------- the interface --- */

static enum status do_list(struct disk *disk, disk_name_fn *each, void *context)
{
    struct faulty_disk *faulty = lock(disk);
    struct fate fate = fate_of(faulty, FAULTY_LIST);
    size_t count = 0, start;

    if (fate.status != STATUS_OK)
        return unlock(faulty, fate.status);
    for (struct image *one = faulty->images; one != NULL; one = one->next)
        count++;
    start = count == 0 ? 0 : choose(faulty) % count;
    /* In any order: from somewhere in the middle to the end, then from the start.
       `each` opens files, so the lock is not held while it runs. */
    for (int round = 0; round < 2; round++) {
        size_t index = 0;

        for (struct image *one = faulty->images; one != NULL;
             one = one->next, index++) {
            if ((index < start) != (round == 1) || one->name[0] == '\0')
                continue;
            (void)unlock(faulty, STATUS_OK);
            each(context, one->name, one->bytes);
            (void)lock(disk);
        }
    }
    return unlock(faulty, STATUS_OK);
}

static struct disk_file *open_image(struct faulty_disk *faulty, struct image *image)
{
    struct disk_file *file = memory_take(sizeof(*file));

    *file = (struct disk_file){.faulty = faulty, .image = image, .life = faulty->life};
    image->handles++;
    return file;
}

static enum status do_create(struct disk *disk, const char *name, uint64_t bytes,
                             struct disk_file **file_out)
{
    struct faulty_disk *faulty = lock(disk);
    struct fate fate = fate_of(faulty, FAULTY_CREATE);
    struct image *image;

    if (fate.status == STATUS_OK && !has_room(faulty, bytes))
        fate.status = STATUS_NO_SPACE;
    if (!happens(faulty, fate))
        return unlock(faulty, fate.status);
    ENSURE(find_image(faulty, name) == NULL);
    image = add_image(faulty, name, bytes);
    note_change(faulty, image, "", name);
    if (fate.status == STATUS_OK)
        *file_out = open_image(faulty, image);
    return unlock(faulty, fate.status);
}

static enum status do_open(struct disk *disk, const char *name,
                           struct disk_file **file_out)
{
    struct faulty_disk *faulty = lock(disk);
    struct fate fate = fate_of(faulty, FAULTY_OPEN);
    struct image *image = find_image(faulty, name);

    if (fate.status == STATUS_OK && image == NULL)
        fate.status = STATUS_IO;
    if (fate.status == STATUS_OK)
        *file_out = open_image(faulty, image);
    return unlock(faulty, fate.status);
}

static enum status do_rename(struct disk *disk, const char *from, const char *to)
{
    struct faulty_disk *faulty = lock(disk);
    struct fate fate = fate_of(faulty, FAULTY_RENAME);
    struct image *image = find_image(faulty, from);

    if (image == NULL)
        return unlock(faulty, STATUS_IO);
    if (happens(faulty, fate))
        change_name(faulty, image, to);
    return unlock(faulty, fate.status);
}

static enum status do_remove(struct disk *disk, const char *name)
{
    struct faulty_disk *faulty = lock(disk);
    struct fate fate = fate_of(faulty, FAULTY_REMOVE);
    struct image *image = find_image(faulty, name);

    if (image == NULL)
        return unlock(faulty, STATUS_IO);
    if (happens(faulty, fate))
        change_name(faulty, image, "");
    return unlock(faulty, fate.status);
}

static enum status do_sync_names(struct disk *disk)
{
    struct faulty_disk *faulty = lock(disk);
    struct fate fate = fate_of(faulty, FAULTY_SYNC_NAMES);

    if (happens(faulty, fate))
        settle_names(faulty);
    return unlock(faulty, fate.status);
}

static void do_close_disk(struct disk *disk)
{
    (void)disk;
}

static bool is_dead(const struct disk_file *file)
{
    return file->life != file->faulty->life;
}

/* The kernel may have written a sector back just before it is written again. */
static void write_sector(struct faulty_disk *faulty, struct image *image,
                         uint64_t offset, const char *data, uint64_t bytes)
{
    uint64_t sector = offset / FAULTY_SECTOR_BYTES;

    if (image->dirty[sector] && toss(faulty))
        persist(image, sector);
    memcpy(image->seen + offset, data, bytes);
    image->dirty[sector] = 1;
    image->is_touched = true;
}

static void write_sectors(struct faulty_disk *faulty, struct image *image,
                          uint64_t offset, const char *data, uint64_t bytes,
                          bool is_midway)
{
    while (bytes > 0) {
        uint64_t rest = FAULTY_SECTOR_BYTES - offset % FAULTY_SECTOR_BYTES;
        uint64_t step = bytes < rest ? bytes : rest;

        if (!is_midway || toss(faulty))
            write_sector(faulty, image, offset, data, step);
        offset += step;
        data += step;
        bytes -= step;
    }
}

static enum status do_write(struct disk_file *file, uint64_t offset, const void *data,
                            uint64_t bytes)
{
    struct faulty_disk *faulty = lock(&file->faulty->disk);
    struct fate fate;

    if (is_dead(file))
        return unlock(faulty, STATUS_IO);
    ENSURE(offset <= file->image->bytes && bytes <= file->image->bytes - offset);
    fate = fate_of(faulty, FAULTY_WRITE);
    if (fate.status == STATUS_OK || fate.is_midway)
        write_sectors(faulty, file->image, offset, data, bytes, fate.is_midway);
    return unlock(faulty, fate.status);
}

static enum status do_read(struct disk_file *file, uint64_t offset, void *data,
                           uint64_t bytes)
{
    struct faulty_disk *faulty = lock(&file->faulty->disk);
    struct fate fate;

    if (is_dead(file))
        return unlock(faulty, STATUS_IO);
    ENSURE(offset <= file->image->bytes && bytes <= file->image->bytes - offset);
    fate = fate_of(faulty, FAULTY_READ);
    if (fate.status == STATUS_OK)
        memcpy(data, file->image->seen + offset, bytes);
    return unlock(faulty, fate.status);
}

static void sync_sectors(struct faulty_disk *faulty, struct image *image,
                         bool is_midway)
{
    for (uint64_t i = 0; i < sectors_of(image); i++) {
        if (image->dirty[i] && (!is_midway || toss(faulty)))
            persist(image, i);
        image->dirty[i] = 0;
    }
}

static enum status do_sync(struct disk_file *file)
{
    struct faulty_disk *faulty = lock(&file->faulty->disk);
    struct fate fate;

    if (is_dead(file))
        return unlock(faulty, STATUS_IO);
    fate = fate_of(faulty, FAULTY_SYNC);
    if (fate.status == STATUS_OK || fate.is_midway)
        sync_sectors(faulty, file->image, fate.is_midway);
    return unlock(faulty, fate.status);
}

static void do_close(struct disk_file *file)
{
    struct faulty_disk *faulty = lock(&file->faulty->disk);

    if (!is_dead(file)) {
        file->image->handles--;
        free_nameless(faulty);
    }
    free(file);
    (void)unlock(faulty, STATUS_OK);
}

/* ------------------------------------------------------------------ the twin --- */

struct faulty_disk *faulty_disk_open(uint64_t seed)
{
    struct faulty_disk *faulty = memory_take_zeroed(1, sizeof(*faulty));

    faulty->disk = (struct disk){
        .list = do_list,
        .create = do_create,
        .open = do_open,
        .rename = do_rename,
        .remove = do_remove,
        .sync_names = do_sync_names,
        .close_disk = do_close_disk,
        .write = do_write,
        .read = do_read,
        .sync = do_sync,
        .close = do_close,
    };
    pthread_mutex_init(&faulty->mutex, NULL);
    faulty->random = seed;
    faulty->capacity = FAULTY_CAPACITY_NONE;
    return faulty;
}

struct faulty_disk *faulty_disk_copy(struct faulty_disk *faulty, uint64_t seed)
{
    struct faulty_disk *copy = faulty_disk_open(seed);

    for (struct image *one = faulty->images; one != NULL; one = one->next)
        if (one->name[0] != '\0')
            faulty_disk_put(copy, one->name, view_of(one->seen, one->bytes));
    return copy;
}

static void free_images(struct faulty_disk *faulty)
{
    struct image *image;

    while ((image = faulty->images) != NULL) {
        faulty->images = image->next;
        free_image(image);
    }
}

void faulty_disk_close(struct faulty_disk *faulty)
{
    free_images(faulty);
    pthread_mutex_destroy(&faulty->mutex);
    free(faulty->changes);
    free(faulty);
}

struct disk *faulty_disk_interface(struct faulty_disk *faulty)
{
    return &faulty->disk;
}

void faulty_disk_fail(struct faulty_disk *faulty, enum faulty_operation operation,
                      uint64_t nth, enum status status)
{
    (void)lock(&faulty->disk);
    faulty->fail_at[operation] = faulty->counts[operation] + nth;
    faulty->fail_with[operation] = status;
    (void)unlock(faulty, STATUS_OK);
}

void faulty_disk_stop(struct faulty_disk *faulty, uint64_t nth)
{
    (void)lock(&faulty->disk);
    faulty->stop_at = faulty->counts[FAULTY_OPERATIONS] + nth;
    (void)unlock(faulty, STATUS_OK);
}

uint64_t faulty_disk_count(struct faulty_disk *faulty, enum faulty_operation operation)
{
    uint64_t count;

    (void)lock(&faulty->disk);
    count = faulty->counts[operation];
    (void)unlock(faulty, STATUS_OK);
    return count;
}

void faulty_disk_set_capacity(struct faulty_disk *faulty, uint64_t bytes)
{
    (void)lock(&faulty->disk);
    faulty->capacity = bytes;
    (void)unlock(faulty, STATUS_OK);
}

uint64_t faulty_disk_used(struct faulty_disk *faulty)
{
    uint64_t bytes;

    (void)lock(&faulty->disk);
    bytes = used(faulty);
    (void)unlock(faulty, STATUS_OK);
    return bytes;
}

/* ------------------------------------------------------------------- crashes --- */

/* Nothing is open any more, and nothing planned. */
static void begin_life(struct faulty_disk *faulty)
{
    faulty->life++;
    faulty->stop_at = 0;
    memset(faulty->fail_at, 0, sizeof(faulty->fail_at));
    for (struct image *one = faulty->images; one != NULL; one = one->next)
        one->handles = 0;
}

/* All of what was not synced survives, or nothing, or any part. */
static void lose_sectors(struct faulty_disk *faulty, struct image *image)
{
    uint64_t mode = choose(faulty) % 4;

    if (!image->is_touched)
        return;
    for (uint64_t i = 0; i < sectors_of(image); i++)
        if (image->dirty[i] && mode != 0 && (mode == 1 || toss(faulty)))
            persist(image, i);
    memset(image->dirty, 0, sectors_of(image));
    memcpy(image->seen, image->durable, image->bytes);
    image->is_touched = false;
}

void faulty_disk_crash(struct faulty_disk *faulty)
{
    (void)lock(&faulty->disk);
    begin_life(faulty);
    lose_names(faulty);
    for (struct image *one = faulty->images; one != NULL; one = one->next) {
        strcpy(one->name, one->durable_name);
        lose_sectors(faulty, one);
    }
    settle_names(faulty);
    (void)unlock(faulty, STATUS_OK);
}

void faulty_disk_kill(struct faulty_disk *faulty)
{
    (void)lock(&faulty->disk);
    begin_life(faulty);
    free_nameless(faulty);
    (void)unlock(faulty, STATUS_OK);
}

/* ------------------------------------------------------------------- content --- */

void faulty_disk_flip(struct faulty_disk *faulty, const char *name, uint64_t bit)
{
    struct image *image;

    (void)lock(&faulty->disk);
    image = find_image(faulty, name);
    ENSURE(image != NULL && bit / 8 < image->bytes);
    image->seen[bit / 8] ^= (char)(1 << bit % 8);
    image->durable[bit / 8] ^= (char)(1 << bit % 8);
    (void)unlock(faulty, STATUS_OK);
}

struct view faulty_disk_look(struct faulty_disk *faulty, const char *name)
{
    struct image *image;

    (void)lock(&faulty->disk);
    image = find_image(faulty, name);
    (void)unlock(faulty, STATUS_OK);
    return image == NULL ? view_of(NULL, 0) : view_of(image->seen, image->bytes);
}

void faulty_disk_put(struct faulty_disk *faulty, const char *name, struct view content)
{
    struct image *image;

    (void)lock(&faulty->disk);
    image = find_image(faulty, name);
    if (image != NULL)
        change_name(faulty, image, "");
    image = add_image(faulty, name, content.size);
    if (content.size > 0) {
        memcpy(image->seen, content.data, content.size);
        memcpy(image->durable, content.data, content.size);
    }
    settle_names(faulty);
    (void)unlock(faulty, STATUS_OK);
}
