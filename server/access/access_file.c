/* SPDX-License-Identifier: MIT */
/*
 * How the users follow their file: a part of access.h.
 */
#include <string.h>

#include "common/base/log.h"
#include "server/access/access_internal.h"

static bool is_same_file(const struct stat *left, const struct stat *right)
{
    return left->st_dev == right->st_dev && left->st_ino == right->st_ino &&
           left->st_size == right->st_size &&
           left->st_mtim.tv_sec == right->st_mtim.tv_sec &&
           left->st_mtim.tv_nsec == right->st_mtim.tv_nsec;
}

static void take_users(struct access *access, struct users *users,
                       const struct stat *file)
{
    pthread_mutex_lock(&access->mutex);
    struct users *old = access->users;
    access->users = users;
    access->file = *file;
    verified_clear(access->verified);
    pthread_mutex_unlock(&access->mutex);
    if (old)
        users_release(old);
}

enum status access_load(struct access *access, struct bytes *message)
{
    struct stat file = {0};
    struct users *users;
    /* Looked at before it is read: a change in between is seen the next time. */
    if (stat(access->users_file, &file) < 0)
        memset(&file, 0, sizeof file);
    enum status status = users_load(access->users_file, &users, message);
    if (!status)
        take_users(access, users, &file);
    return status;
}

void access_load_again(void *context)
{
    struct access *access = context;
    BYTES_AUTO(message);
    if (access_load(access, &message))
        log_error("%.*s; the users stay as they were", (int)message.size, message.data);
    else
        log_info("%s: read again", access->users_file);
}

void access_load_if_changed(void *context)
{
    struct access *access = context;
    struct stat file;
    bool is_there = stat(access->users_file, &file) == 0;
    pthread_mutex_lock(&access->mutex);
    bool is_same = !is_there || is_same_file(&file, &access->file);
    if (!is_same)
        access->file = file; /* a faulty one is complained of once */
    pthread_mutex_unlock(&access->mutex);
    if (!is_same)
        access_load_again(access);
}

void access_reload(struct access *access)
{
    if (access->users_file &&
        !verifier_ask(access->verifier, access_load_again, access))
        log_warning("%s: too many logins wait; it is not read again now",
                    access->users_file);
}
