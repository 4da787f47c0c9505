/* SPDX-License-Identifier: MIT */
/* A control socket whose process has no descriptor left for who asks. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "server/control.h"

#define WAIT_NS INT64_C(20000000000)

static char store[] = "/tmp/actorfs-test-control-XXXXXX";

static int answer(void *context, struct view word, struct bytes *out)
{
    (void)context;
    bytes_format(out, "you said %.*s\n", (int)word.size, word.data);
    return 0;
}

static long count_sleeps(void)
{
    struct rusage usage;
    cr_assert_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_nvcsw;
}

/* Never sleeps itself: so somebody else in this process must have. */
static bool somebody_sleeps(long times)
{
    struct clock *clock = clock_system();
    int64_t end_ns = clock->monotonic_ns(clock) + WAIT_NS;
    long before = count_sleeps();
    while (count_sleeps() - before < times)
        if (clock->monotonic_ns(clock) > end_ns)
            return false;
    return true;
}

static void set_descriptors_max(rlim_t count)
{
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = count;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void connect_to_store(int client)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/control", store);
    cr_assert_eq(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(write(client, "stat\n", 5), 5);
}

Test(control_want, it_waits_for_a_descriptor_in_its_sleep, .timeout = 60)
{
    struct control *control;
    struct rlimit before;
    char text[32] = "";
    BYTES_AUTO(message);
    cr_assert(mkdtemp(store));
    cr_assert_eq(control_start(store, answer, NULL, &control, &message), STATUS_OK);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    set_descriptors_max(3); /* poll(2) takes no more than may be open */
    connect_to_store(client);
    bool sleeps = somebody_sleeps(5);
    set_descriptors_max(before.rlim_cur);
    cr_expect(sleeps);
    cr_expect_eq(recv(client, text, sizeof text - 1, MSG_WAITALL), 16);
    cr_expect_str_eq(text, "0\nyou said stat\n");
    close(client);
    control_stop(control);
    rmdir(store);
}

Test(control_want, without_descriptors_it_says_so)
{
    struct control *control;
    struct rlimit before;
    BYTES_AUTO(message);
    cr_assert(mkdtemp(store));
    int first_free = dup(STDERR_FILENO);
    close(first_free);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (rlim_t more = 0; more < 3; more++) {
        bytes_clear(&message);
        set_descriptors_max((rlim_t)first_free + more);
        enum status status = control_start(store, answer, NULL, &control, &message);
        set_descriptors_max(before.rlim_cur);
        cr_expect_eq(status, STATUS_IO);
        cr_expect(memmem(message.data, message.size, "Too many open files", 19));
    }
    rmdir(store);
}
