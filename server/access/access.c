/* SPDX-License-Identifier: MIT */
#include "server/access/access.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"
#include "server/access/access_internal.h"
#include "server/access/credentials.h"

#define THREADS_MAX 4
#define LOOK_AT_FILE_MS 1000

int64_t access_now(const struct access *access)
{
    return access->clock->monotonic_ns(access->clock) / 1000000;
}

struct access_answer access_deny(void)
{
    return (struct access_answer){.verdict = ACCESS_DENIED};
}

struct access_answer access_defer(int64_t wait_ms)
{
    return (struct access_answer){.verdict = ACCESS_LATER,
                                  .retry_after_s = (unsigned)((wait_ms + 999) / 1000)};
}

struct access_answer access_grant(const struct user *user)
{
    users_hold(user->users);
    return (struct access_answer){.verdict = ACCESS_GRANTED, .user = user};
}

/* The form is documented for fail2ban: the address stands before anything that the
   client chose. */
void access_log_refusal(const struct address *address, const char *what,
                        struct view name)
{
    BYTES_AUTO(from);
    address_append(&from, address);
    bytes_append(&from, view_of("", 1));
    log_warning("refused login from %s: wrong %s%s%.*s", from.data, what,
                name.size ? " for " : "", (int)name.size, name.size ? name.data : "");
}

/* -------------------------------------------------------------------------- at once */

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
        return access_defer(wait_ms);
    throttle_settle(access->throttle, account, address, view_of(NULL, 0), false,
                    now_ms);
    access_log_refusal(address, "token", view_of(NULL, 0));
    return access_deny();
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
    return user ? access_grant(user)
                : (struct access_answer){.verdict = ACCESS_PENDING};
}

struct access_answer access_look(struct access *access, struct view field,
                                 const struct address *address)
{
    struct credentials credentials = {0};
    struct access_answer answer = access_deny();
    struct proof proof = {0};
    if (!access->users_file)
        return (struct access_answer){.verdict = ACCESS_GRANTED};
    if (field.size && credentials_parse(field, &credentials) == STATUS_OK) {
        int64_t now_ms = access_now(access);
        if (!credentials.is_bearer)
            proof = proof_of(&access->key, credentials.name, credentials.password);
        pthread_mutex_lock(&access->mutex);
        bool is_time = is_time_to_look(access, now_ms);
        answer = look_locked(access, &credentials, &proof, address, now_ms);
        pthread_mutex_unlock(&access->mutex);
        if (is_time && !verifier_ask(access->verifier, access_load_if_changed, access))
            log_debug("%s: looked at later", access->users_file);
    }
    credentials_free(&credentials);
    return answer;
}

/* ----------------------------------------------------------------------------- life */

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
        enum status status = access_load(access, message);
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

const struct user *access_hold_user(const struct user *user)
{
    if (user)
        users_hold(user->users);
    return user;
}

void access_release_user(const struct user *user)
{
    if (user)
        users_release(user->users);
}
