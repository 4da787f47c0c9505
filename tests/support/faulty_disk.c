/* SPDX-License-Identifier: MIT */
/*
 * When things fail: the interface counts its operations and asks for each what becomes
 * of it. How they get lost is image.c's matter.
 *
 * The mutex guards everything; it is there for tests with threads, which care about the
 * journal's locks and not about this one's speed.
 */
#include "tests/support/faulty_disk.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "tests/support/image.h"

struct faulty_disk {
    struct disk disk; /* first: cast from and to it */
    pthread_mutex_t mutex;
    struct images images;
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
    return fate.status == STATUS_OK || (fate.is_midway && images_toss(&faulty->images));
}

static bool has_room(const struct faulty_disk *faulty, uint64_t bytes)
{
    uint64_t now = images_bytes(&faulty->images);

    return now <= faulty->capacity && bytes <= faulty->capacity - now;
}

/* -------------------------------------------------------------- the interface --- */

static enum status do_list(struct disk *disk, disk_name_fn *each, void *context)
{
    struct faulty_disk *faulty = lock(disk);
    struct fate fate = fate_of(faulty, FAULTY_LIST);
    size_t count = 0, start;

    if (fate.status != STATUS_OK)
        return unlock(faulty, fate.status);
    for (struct image *one = faulty->images.first; one != NULL; one = one->next)
        count++;
    start = count == 0 ? 0 : images_choose(&faulty->images) % count;
    /* In any order: from somewhere in the middle to the end, then from the start.
       `each` opens files, so the lock is not held while it runs. */
    for (int round = 0; round < 2; round++) {
        size_t index = 0;

        for (struct image *one = faulty->images.first; one != NULL;
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
    ENSURE(images_find(&faulty->images, name) == NULL);
    image = images_add(&faulty->images, name, bytes);
    if (fate.status == STATUS_OK)
        *file_out = open_image(faulty, image);
    return unlock(faulty, fate.status);
}

static enum status do_open(struct disk *disk, const char *name,
                           struct disk_file **file_out)
{
    struct faulty_disk *faulty = lock(disk);
    struct fate fate = fate_of(faulty, FAULTY_OPEN);
    struct image *image = images_find(&faulty->images, name);

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
    struct image *image = images_find(&faulty->images, from);

    if (image == NULL)
        return unlock(faulty, STATUS_IO);
    if (happens(faulty, fate))
        images_rename(&faulty->images, image, to);
    return unlock(faulty, fate.status);
}

static enum status do_remove(struct disk *disk, const char *name)
{
    struct faulty_disk *faulty = lock(disk);
    struct fate fate = fate_of(faulty, FAULTY_REMOVE);
    struct image *image = images_find(&faulty->images, name);

    if (image == NULL)
        return unlock(faulty, STATUS_IO);
    if (happens(faulty, fate))
        images_rename(&faulty->images, image, "");
    return unlock(faulty, fate.status);
}

static enum status do_sync_names(struct disk *disk)
{
    struct faulty_disk *faulty = lock(disk);
    struct fate fate = fate_of(faulty, FAULTY_SYNC_NAMES);

    if (happens(faulty, fate))
        images_settle_names(&faulty->images);
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
        image_write(&faulty->images, file->image, offset, data, bytes, fate.is_midway);
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

static enum status do_sync(struct disk_file *file)
{
    struct faulty_disk *faulty = lock(&file->faulty->disk);
    struct fate fate;

    if (is_dead(file))
        return unlock(faulty, STATUS_IO);
    fate = fate_of(faulty, FAULTY_SYNC);
    if (fate.status == STATUS_OK || fate.is_midway)
        image_sync(&faulty->images, file->image, fate.is_midway);
    return unlock(faulty, fate.status);
}

static void do_close(struct disk_file *file)
{
    struct faulty_disk *faulty = lock(&file->faulty->disk);

    if (!is_dead(file)) {
        file->image->handles--;
        images_free_nameless(&faulty->images);
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
    faulty->images.random = seed;
    faulty->capacity = FAULTY_CAPACITY_NONE;
    return faulty;
}

struct faulty_disk *faulty_disk_copy(struct faulty_disk *faulty, uint64_t seed)
{
    struct faulty_disk *copy = faulty_disk_open(seed);

    for (struct image *one = faulty->images.first; one != NULL; one = one->next)
        if (one->name[0] != '\0')
            faulty_disk_put(copy, one->name, view_of(one->seen, one->bytes));
    return copy;
}

void faulty_disk_close(struct faulty_disk *faulty)
{
    images_free(&faulty->images);
    pthread_mutex_destroy(&faulty->mutex);
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
    bytes = images_bytes(&faulty->images);
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
    for (struct image *one = faulty->images.first; one != NULL; one = one->next)
        one->handles = 0;
}

void faulty_disk_crash(struct faulty_disk *faulty)
{
    (void)lock(&faulty->disk);
    begin_life(faulty);
    images_lose(&faulty->images);
    (void)unlock(faulty, STATUS_OK);
}

void faulty_disk_kill(struct faulty_disk *faulty)
{
    (void)lock(&faulty->disk);
    begin_life(faulty);
    images_free_nameless(&faulty->images);
    (void)unlock(faulty, STATUS_OK);
}

/* ------------------------------------------------------------------- content --- */

void faulty_disk_flip(struct faulty_disk *faulty, const char *name, uint64_t bit)
{
    struct image *image;

    (void)lock(&faulty->disk);
    image = images_find(&faulty->images, name);
    ENSURE(image != NULL && bit / 8 < image->bytes);
    image->seen[bit / 8] ^= (char)(1 << bit % 8);
    image->durable[bit / 8] ^= (char)(1 << bit % 8);
    (void)unlock(faulty, STATUS_OK);
}

struct view faulty_disk_look(struct faulty_disk *faulty, const char *name)
{
    struct image *image;

    (void)lock(&faulty->disk);
    image = images_find(&faulty->images, name);
    (void)unlock(faulty, STATUS_OK);
    return image == NULL ? view_of(NULL, 0) : view_of(image->seen, image->bytes);
}

void faulty_disk_put(struct faulty_disk *faulty, const char *name, struct view content)
{
    struct image *image;

    (void)lock(&faulty->disk);
    image = images_find(&faulty->images, name);
    if (image != NULL)
        images_rename(&faulty->images, image, "");
    image = images_add(&faulty->images, name, content.size);
    if (content.size > 0) {
        memcpy(image->seen, content.data, content.size);
        memcpy(image->durable, content.data, content.size);
    }
    images_settle_names(&faulty->images);
    (void)unlock(faulty, STATUS_OK);
}
