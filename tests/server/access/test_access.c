/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/base/base64.h"
#include "server/access/access.h"
#include "server/access/throttle.h"

/* The passwords are latte and mocha. */
#define ANNA "anna:$2y$04$abcdefghijklmnopqrstuuSysjSGmssGCid0pJo6fF42A9ZKT8yX6"
#define BOB                                                                            \
    "bob:$6$rounds=1000$salt$UC6nk75gKzC50j1mp1enXUKXBmZ4M1Em9BiXIMjjTb7dsoDimT3N0MKF" \
    "WcJlTgwixjMnrWyvmyfOYd7ExI1fb0"
#define TOKEN_TEXT "ci-0123456789abcdefghijklmn"
#define CI "ci:{sha256}6a1ea3769370b9666bf50cc0c0e7abce9b11a06e0775c644b5c8f8f1f4cf2dd4"

#define ANSWERS_MAX 64
#define DEADLINE_S 20

static char path[] = "/tmp/actorfs-test-access-XXXXXX";
static struct address client;
static struct access *access_;

/* A clock that stands still unless told otherwise. */
static _Atomic int64_t now_ms;
static int64_t wall(struct clock *clock)
{
    (void)clock;
    return now_ms;
}
static int64_t monotonic(struct clock *clock)
{
    (void)clock;
    return now_ms * 1000000;
}
static struct clock stopped = {wall, monotonic};

/* What access_verify called back with. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;
static struct access_answer answers[ANSWERS_MAX];
static size_t answer_count;

static void done(void *context, const struct access_answer *answer)
{
    (void)context;
    pthread_mutex_lock(&mutex);
    answers[answer_count++] = *answer;
    pthread_cond_signal(&came);
    pthread_mutex_unlock(&mutex);
}

static void wait_for_answers(size_t count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DEADLINE_S;
    pthread_mutex_lock(&mutex);
    while (answer_count < count)
        cr_assert_eq(pthread_cond_timedwait(&came, &mutex, &until), 0);
    pthread_mutex_unlock(&mutex);
}

static void write_users(const char *text)
{
    FILE *file = fopen(path, "w");
    cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void open_access(void)
{
    BYTES_AUTO(message);
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && close(fd) == 0);
    cr_assert(address_parse(view_text("192.0.2.7"), &client));
    now_ms = 5000;
    write_users(ANNA "\n" BOB "\n" CI "\n");
    cr_assert_eq(access_open(path, &stopped, &access_, &message), STATUS_OK);
}

static void close_access(void)
{
    access_close(access_);
    for (size_t i = 0; i < answer_count; i++)
        access_release_user(answers[i].user);
    unlink(path);
}

TestSuite(access, .init = open_access, .fini = close_access, .timeout = 60);

static void basic(struct bytes *field, const char *plain)
{
    bytes_append_text(field, "Basic ");
    base64_encode(field, view_text(plain));
}

static struct access_answer look(const char *plain)
{
    BYTES_AUTO(field);
    basic(&field, plain);
    struct access_answer answer = access_look(access_, view_bytes(&field), &client);
    access_release_user(answer.user);
    return answer;
}

/* As a request does; the user, if any, is released with the test. */
static struct access_answer login(const char *plain)
{
    BYTES_AUTO(field);
    basic(&field, plain);
    struct access_answer answer = access_look(access_, view_bytes(&field), &client);
    size_t count = answer_count;
    if (answer.verdict == ACCESS_PENDING) {
        access_verify(access_, view_bytes(&field), &client, done, NULL);
        wait_for_answers(count + 1);
        return answers[count];
    }
    access_release_user(answer.user);
    return answer;
}

static void expect_login(const char *plain, enum access_verdict verdict)
{
    struct access_answer answer = login(plain);
    cr_expect_eq(answer.verdict, verdict, "%s: %d", plain, answer.verdict);
}

Test(access, a_right_password_lets_in_and_is_known_for_a_minute)
{
    cr_expect_eq(look("anna:latte").verdict, ACCESS_PENDING);
    struct access_answer answer = login("anna:latte");
    cr_assert_eq(answer.verdict, ACCESS_GRANTED);
    cr_expect_str_eq(answer.user->name, "anna");
    cr_expect_eq(look("anna:latte").verdict, ACCESS_GRANTED);
    cr_expect_eq(look("anna:Latte").verdict, ACCESS_PENDING);
    now_ms += 60000;
    cr_expect_eq(look("anna:latte").verdict, ACCESS_PENDING);
}

Test(access, windows_may_name_its_domain)
{
    expect_login("SHOP\\anna:latte", ACCESS_GRANTED);
}

Test(access, wrong_passwords_and_unknown_names_are_denied_alike)
{
    expect_login("anna:tea", ACCESS_DENIED);
    expect_login("nobody:latte", ACCESS_DENIED);
    expect_login("anna:", ACCESS_DENIED);
}

Test(access, without_credentials_nobody_gets_in)
{
    struct view none = view_of(NULL, 0), digest = view_text("Digest x");
    cr_expect_eq(access_look(access_, none, &client).verdict, ACCESS_DENIED);
    cr_expect_eq(access_look(access_, digest, &client).verdict, ACCESS_DENIED);
}

Test(access, a_token_lets_in_at_once_as_bearer_and_as_password)
{
    struct access_answer answer =
        access_look(access_, view_text("Bearer " TOKEN_TEXT), &client);
    cr_assert_eq(answer.verdict, ACCESS_GRANTED);
    cr_expect_str_eq(answer.user->name, "ci");
    access_release_user(answer.user);
    cr_expect_eq(look("ci:" TOKEN_TEXT).verdict, ACCESS_GRANTED);
    cr_expect_eq(look("anna:" TOKEN_TEXT).verdict, ACCESS_PENDING);
}

Test(access, guesses_are_slowed_down_and_right_ones_known_before_are_not)
{
    expect_login("bob:mocha", ACCESS_GRANTED);
    for (int i = 0; i <= THROTTLE_FREE_FAILURES; i++)
        expect_login("anna:tea", ACCESS_DENIED);
    struct access_answer answer = login("anna:latte");
    cr_expect_eq(answer.verdict, ACCESS_LATER);
    cr_expect_eq(answer.retry_after_s, 1);
    expect_login("bob:mocha", ACCESS_GRANTED);
    now_ms += 1000;
    expect_login("anna:latte", ACCESS_GRANTED);
}

Test(access, tokens_that_are_unknown_are_slowed_down_too)
{
    struct view guess = view_text("Bearer ci-9999999999999999999999");
    for (int i = 0; i <= THROTTLE_FREE_FAILURES; i++)
        cr_expect_eq(access_look(access_, guess, &client).verdict, ACCESS_DENIED);
    cr_expect_eq(access_look(access_, guess, &client).verdict, ACCESS_LATER);
    cr_expect_eq(look("ci:" TOKEN_TEXT).verdict, ACCESS_GRANTED);
}

Test(access, the_same_password_sent_at_once_is_one_attempt)
{
    BYTES_AUTO(field);
    basic(&field, "anna:tea");
    for (int i = 0; i < ANSWERS_MAX / 2; i++)
        access_verify(access_, view_bytes(&field), &client, done, NULL);
    wait_for_answers(ANSWERS_MAX / 2);
    size_t denied = 0;
    for (size_t i = 0; i < answer_count; i++)
        denied += answers[i].verdict == ACCESS_DENIED;
    /* Those that came after the first was settled were attempts of their own. */
    cr_expect_gt(denied, 0);
    cr_expect_eq(login("bob:mocha").verdict == ACCESS_GRANTED ||
                     denied > THROTTLE_FREE_FAILURES,
                 true);
}

/* Asks again until it is so: the file is read on another thread. */
static void await_verdict(const char *plain, enum access_verdict verdict)
{
    struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 1000 * DEADLINE_S; i++) {
        if (look(plain).verdict == verdict)
            return;
        now_ms += 1000;
        nanosleep(&pause, NULL);
    }
    cr_assert_fail("%s: never %d", plain, verdict);
}

Test(access, a_changed_file_is_read_without_being_told)
{
    write_users("other:{sha256}"
                "6a1ea3769370b9666bf50cc0c0e7abce9b11a06e0775c644b5c8f8f1f4cf2dd4\n");
    await_verdict("other:" TOKEN_TEXT, ACCESS_GRANTED);
    cr_expect_eq(look("ci:" TOKEN_TEXT).verdict, ACCESS_PENDING);
}

Test(access, a_reload_forgets_what_was_verified)
{
    expect_login("anna:latte", ACCESS_GRANTED);
    cr_expect_eq(look("anna:latte").verdict, ACCESS_GRANTED);
    access_reload(access_);
    await_verdict("anna:latte", ACCESS_PENDING);
}

Test(access, a_faulty_file_changes_nothing)
{
    write_users("anna:plain\n");
    access_reload(access_);
    expect_login("anna:plain", ACCESS_DENIED);
    expect_login("bob:mocha", ACCESS_GRANTED);
    write_users(ANNA "\n");
    access_reload(access_);
    await_verdict("bob:mocha", ACCESS_PENDING);
}

Test(access, a_user_outlives_the_file_that_named_it)
{
    struct access_answer answer =
        access_look(access_, view_text("Bearer " TOKEN_TEXT), &client);
    write_users(ANNA "\n");
    access_reload(access_);
    await_verdict("ci:" TOKEN_TEXT, ACCESS_PENDING);
    cr_expect_str_eq(answer.user->name, "ci");
    access_release_user(answer.user);
}

Test(access, what_waits_is_answered_before_the_end)
{
    BYTES_AUTO(field);
    BYTES_AUTO(message);
    basic(&field, "anna:latte");
    access_verify(access_, view_bytes(&field), &client, done, NULL);
    access_close(access_);
    cr_expect_eq(answer_count, 1);
    cr_expect_eq(answers[0].verdict, ACCESS_GRANTED);
    cr_assert_eq(access_open(path, &stopped, &access_, &message), STATUS_OK);
}

Test(access, without_a_users_file_everybody_is_the_daemon)
{
    struct access *open;
    BYTES_AUTO(message);
    cr_assert_eq(access_open(NULL, &stopped, &open, &message), STATUS_OK);
    struct access_answer answer = access_look(open, view_of(NULL, 0), &client);
    cr_expect_eq(answer.verdict, ACCESS_GRANTED);
    cr_expect_null(answer.user);
    cr_expect(access_allows(NULL, RIGHT_CONTROL, view_text("user_1")));
    cr_expect(access_permits(NULL, &(struct attributes){0}, MAY_WRITE));
    cr_expect_eq(access_name(NULL).size, 0);
    access_reload(open);
    access_close(open);
}

Test(access, a_faulty_file_at_the_start_is_an_error)
{
    struct access *other = NULL;
    BYTES_AUTO(message);
    write_users("anna:plain\n");
    cr_expect_eq(access_open(path, &stopped, &other, &message), STATUS_INVALID);
    cr_expect_null(other);
    cr_expect_gt(message.size, 0);
}
