/* SPDX-License-Identifier: MIT */
/*
 * The mutex guards what changes: the current snapshot of users, what was verified, the
 * throttle, and the list of passwords being verified. Nothing slow is done under it.
 * Users in `verified` belong to the current snapshot: a new one clears it.
 */
#include "server/access/access.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "server/access/credentials.h"
#include "server/access/throttle.h"
#include "server/access/verified.h"
#include "server/access/verifier.h"

#define THREADS_MAX 4
#define LOOK_AT_FILE_MS 1000

struct waiter {
    access_done_fn *done;
    void *context;
    struct waiter *next;
};

/* A password that is being verified, and who waits for it. */
struct attempt {
    struct access *access;
    struct proof proof;
    struct credentials credentials;
    struct users *users;     /* held */
    const struct user *user; /* of them; null: there is no such name */
    struct address address;
    struct account *account;
    struct waiter *waiters;
    struct attempt *next;
};

struct access {
    struct clock *clock;
    char *users_file; /* null: there are no users */
    struct proof_key key;
    struct verifier *verifier;

    pthread_mutex_t mutex;
    struct users *users; /* guarded by mutex, as all below */
    struct stat file;    /* what was read */
    int64_t next_look_ms;
    struct verified *verified;
    struct throttle *throttle;
    struct attempt *attempts;
};

static int64_t now_of(const struct access *access)
{
    return access->clock->monotonic_ns(access->clock) / 1000000;
}

static struct access_answer denied(void)
{
    return (struct access_answer){.verdict = ACCESS_DENIED};
}

static struct access_answer later(int64_t wait_ms)
{
    return (struct access_answer){.verdict = ACCESS_LATER,
                                  .retry_after_s = (unsigned)((wait_ms + 999) / 1000)};
}

static struct access_answer granted(const struct user *user)
{
    users_hold(user->users);
    return (struct access_answer){.verdict = ACCESS_GRANTED, .user = user};
}

/* The form is documented for fail2ban: the address stands before anything that the
   client chose. */
static void log_refusal(const struct address *address, const char *what,
                        struct view name)
{
    BYTES_AUTO(from);
    address_append(&from, address);
    log_warning("refused login from %.*s: wrong %s%s%.*s", (int)from.size, from.data,
                what, name.size ? " for " : "", (int)name.size, name.data);
}

/* -------------------------------------------------------------------------- the file
 */

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

static enum status load(struct access *access, struct bytes *message)
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

static void reload(void *context)
{
    struct access *access = context;
    BYTES_AUTO(message);
    if (load(access, &message))
        log_error("%.*s; the users stay as they were", (int)message.size, message.data);
    else
        log_info("%s: read again", access->users_file);
}

static void reload_if_changed(void *context)
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
        reload(access);
}

void access_reload(struct access *access)
{
    if (access->users_file && !verifier_ask(access->verifier, reload, access))
        log_warning("%s: too many logins wait; it is not read again now",
                    access->users_file);
}

/* ---------------------------------------------------------------------------- at once
 */

static bool is_time_to_look(struct access *access, int64_t now_ms)
{
    bool is_time = now_ms >= access->next_look_ms;
    if (is_time)
        access->next_look_ms = now_ms + LOOK_AT_FILE_MS;
    return is_time;
}

/* A token is too long to be guessed; but who tries is made to wait all the same. */
static struct access_answer refuse_token(struct access *access,
                                         const struct address *address, int64_t now_ms)
{
    struct account *account;
    int64_t wait_ms =
        throttle_admit(access->throttle, address, view_of(NULL, 0), now_ms, &account);
    if (wait_ms > 0)
        return later(wait_ms);
    throttle_settle(access->throttle, account, address, view_of(NULL, 0), false,
                    now_ms);
    log_refusal(address, "token", view_of(NULL, 0));
    return denied();
}

static struct access_answer look_locked(struct access *access,
                                        const struct credentials *credentials,
                                        const struct proof *proof,
                                        const struct address *address, int64_t now_ms)
{
    struct view token =
        credentials->is_bearer ? credentials->token : credentials->password;
    const struct user *user = users_find_token(access->users, credentials->name, token);
    if (!user && credentials->is_bearer)
        return refuse_token(access, address, now_ms);
    if (!user)
        user = verified_find(access->verified, proof, now_ms);
    return user ? granted(user) : (struct access_answer){.verdict = ACCESS_PENDING};
}

struct access_answer access_look(struct access *access, struct view field,
                                 const struct address *address)
{
    struct credentials credentials = {0};
    struct access_answer answer = denied();
    struct proof proof = {0};
    if (!access->users_file)
        return (struct access_answer){.verdict = ACCESS_GRANTED};
    if (field.size && credentials_parse(field, &credentials) == STATUS_OK) {
        int64_t now_ms = now_of(access);
        if (!credentials.is_bearer)
            proof = proof_of(&access->key, credentials.name, credentials.password);
        pthread_mutex_lock(&access->mutex);
        bool is_time = is_time_to_look(access, now_ms);
        answer = look_locked(access, &credentials, &proof, address, now_ms);
        pthread_mutex_unlock(&access->mutex);
        if (is_time && !verifier_ask(access->verifier, reload_if_changed, access))
            log_debug("%s: looked at later", access->users_file);
    }
    credentials_free(&credentials);
    return answer;
}

/* ------------------------------------------------------------------------ in a while
 */

static void unlink_attempt(struct access *access, const struct attempt *attempt)
{
    struct attempt **at = &access->attempts;
    while (*at != attempt)
        at = &(*at)->next;
    *at = attempt->next;
}

/* Takes the attempt off the list, so that nobody joins it any more. */
static void settle(struct attempt *attempt, bool is_right)
{
    struct access *access = attempt->access;
    int64_t now_ms = now_of(access);
    pthread_mutex_lock(&access->mutex);
    unlink_attempt(access, attempt);
    throttle_settle(access->throttle, attempt->account, &attempt->address,
                    attempt->credentials.name, is_right, now_ms);
    if (is_right && attempt->users == access->users)
        verified_add(access->verified, &attempt->proof, attempt->user, now_ms);
    pthread_mutex_unlock(&access->mutex);
}

static void finish(struct attempt *attempt, bool is_right)
{
    for (struct waiter *waiter = attempt->waiters, *next; waiter; waiter = next) {
        struct access_answer answer = is_right ? granted(attempt->user) : denied();
        next = waiter->next;
        waiter->done(waiter->context, &answer);
        free(waiter);
    }
    users_release(attempt->users);
    credentials_free(&attempt->credentials);
    free(attempt);
}

static void verify(void *context)
{
    struct attempt *attempt = context;
    const char *decoy = users_decoy(attempt->users);
    const char *hash = attempt->user ? attempt->user->password : decoy;
    bool is_right = hash && password_is_right(attempt->credentials.password.data, hash);
    is_right = is_right && attempt->user;
    settle(attempt, is_right);
    if (!is_right)
        log_refusal(&attempt->address, "password", attempt->credentials.name);
    finish(attempt, is_right);
}

static void add_waiter(struct attempt *attempt, access_done_fn *done, void *context)
{
    struct waiter *waiter = memory_take(sizeof *waiter);
    *waiter = (struct waiter){done, context, attempt->waiters};
    attempt->waiters = waiter;
}

/* Many connections of one client begin with the same password. */
static bool join(struct access *access, const struct attempt *attempt,
                 access_done_fn *done, void *context)
{
    for (struct attempt *other = access->attempts; other; other = other->next) {
        if (proof_equal(&other->proof, &attempt->proof) &&
            address_equal(&other->address, &attempt->address)) {
            add_waiter(other, done, context);
            return true;
        }
    }
    return false;
}

/* OK: the attempt was begun; BUSY: come back in `wait_ms`; EXISTS: another does it. */
static enum status begin(struct attempt *attempt, access_done_fn *done, void *context,
                         int64_t *wait_ms)
{
    struct access *access = attempt->access;
    if (join(access, attempt, done, context))
        return STATUS_EXISTS;
    *wait_ms =
        throttle_admit(access->throttle, &attempt->address, attempt->credentials.name,
                       now_of(access), &attempt->account);
    if (*wait_ms > 0)
        return STATUS_BUSY;
    attempt->users = users_hold(access->users);
    attempt->user = users_find(access->users, attempt->credentials.name);
    attempt->next = access->attempts;
    access->attempts = attempt;
    add_waiter(attempt, done, context);
    return STATUS_OK;
}

static void discard(struct attempt *attempt)
{
    credentials_free(&attempt->credentials);
    free(attempt);
}

void access_verify(struct access *access, struct view field,
                   const struct address *address, access_done_fn *done, void *context)
{
    struct attempt *attempt = memory_take_zeroed(1, sizeof *attempt);
    struct access_answer answer = denied();
    int64_t wait_ms = 0;
    attempt->access = access;
    attempt->address = *address;
    if (credentials_parse(field, &attempt->credentials) ||
        attempt->credentials.is_bearer) {
        discard(attempt);
        done(context, &answer);
        return;
    }
    attempt->proof = proof_of(&access->key, attempt->credentials.name,
                              attempt->credentials.password);
    pthread_mutex_lock(&access->mutex);
    enum status status = begin(attempt, done, context, &wait_ms);
    pthread_mutex_unlock(&access->mutex);
    if (status)
        discard(attempt);
    if (status == STATUS_BUSY) {
        answer = later(wait_ms);
        done(context, &answer);
    } else if (status == STATUS_OK &&
               !verifier_ask(access->verifier, verify, attempt)) {
        /* More wait than there are seconds in a minute: as if it had been wrong. */
        settle(attempt, false);
        finish(attempt, false);
    }
}

/* ------------------------------------------------------------------------------ life
 */

static unsigned thread_count(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > THREADS_MAX ? THREADS_MAX : cores < 1 ? 1 : (unsigned)cores;
}

enum status access_open(const char *users_file, struct clock *clock,
                        struct access **access_out, struct bytes *message)
{
    struct access *access = memory_take_zeroed(1, sizeof *access);
    access->clock = clock;
    pthread_mutex_init(&access->mutex, NULL);
    access->verified = verified_open();
    access->throttle = throttle_open();
    proof_key_make(&access->key);
    if (users_file) {
        access->users_file = memory_text(view_text(users_file));
        enum status status = load(access, message);
        if (status) {
            access_close(access);
            return status;
        }
        access->verifier = verifier_open(thread_count());
    }
    *access_out = access;
    return STATUS_OK;
}

void access_close(struct access *access)
{
    if (access->verifier)
        verifier_close(access->verifier);
    if (access->users)
        users_release(access->users);
    verified_close(access->verified);
    throttle_close(access->throttle);
    pthread_mutex_destroy(&access->mutex);
    free(access->users_file);
    free(access);
}

void access_release_user(const struct user *user)
{
    if (user)
        users_release(user->users);
}
