/* SPDX-License-Identifier: MIT */
/*
 * Webhooks as GitHub sends them (tests/data/README.md): 329 deliveries of 324 ids, each
 * three times, signed, to actors that do not exist yet. The sample behavior `webhook`
 * checks the signatures. Straight to the daemon, and through a real nginx that puts a
 * prefix before the paths.
 */
#include "tests/http/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/http/nginx.h"
#include "tests/support/mounted.h"

#define DELIVERIES 329
#define TASKS 324
#define TIMES 3
#define SECRET "It's a Secret to Everybody"
#define OPTIONS                                                                        \
    "--key-header X-GitHub-Delivery --keep-header X-GitHub-Event "                     \
    "--keep-header X-Hub-Signature-256"

struct delivery {
    const char *event, *id, *payload, *signature;
    char actor[200];
};

static struct delivery deliveries[DELIVERIES];
static const char *public_address; /* of nginx */

/* ---------------------------------------------------------------------------- data */

/* Cuts off what precedes the next `end`, which becomes a NUL. */
static char *cut(char **rest, char end)
{
    char *start = *rest, *stop = strchr(start, end);
    cr_assert_not_null(stop, "the data has another form");
    *stop = '\0';
    *rest = stop + 1;
    return start;
}

/* Signatures are made by other means than they are checked by a test's own. */
static char *sign_all(void)
{
    static struct command signing;
    command_run(&signing, "python3 -c '\n"
                          "import hashlib, hmac\n"
                          "for line in open(\"" DATA "\", \"rb\"):\n"
                          "    payload = line.rstrip(b\"\\n\").split(b\"\\t\", 3)[3]\n"
                          "    print(hmac.new(b\"It\\x27s a Secret to Everybody\","
                          " payload, hashlib.sha256).hexdigest())'");
    cr_assert_eq(signing.status, 0, "%.*s", (int)signing.err.size, signing.err.data);
    *bytes_reserve(&signing.out, 1) = '\0';
    return signing.out.data;
}

static void load_data(void)
{
    static struct bytes text;
    cr_assert_eq(file_read(DATA, &text), 0);
    *bytes_reserve(&text, 1) = '\0';
    char *rest = text.data, *signatures = sign_all();
    for (size_t i = 0; i < DELIVERIES; i++) {
        struct delivery *delivery = &deliveries[i];
        delivery->event = cut(&rest, '\t');
        delivery->id = cut(&rest, '\t');
        snprintf(delivery->actor, sizeof delivery->actor, "webhook_%s",
                 cut(&rest, '\t'));
        delivery->payload = cut(&rest, '\n');
        delivery->signature = cut(&signatures, '\n');
        for (char *c = delivery->actor; *c != '\0'; c++)
            if (*c == '/')
                *c = '~';
    }
}

static void install_behavior(void)
{
    BYTES_AUTO(program);
    cr_assert_eq(file_read(SAMPLE, &program), 0);
    stage_install("webhook.conf", view_text("create = yes\nprocesses = 2\n"
                                            "env.WEBHOOK_SECRET = " SECRET "\n"));
    stage_install("webhook", view_bytes(&program));
}

/* Installed before the daemon starts, so that it need not be waited for. */
static void open_with(const char *options)
{
    load_data();
    fixture_open_with(options);
    install_behavior();
    served_stop(&fixture);
    served_start(&fixture);
}

static void open_straight(void)
{
    open_with(OPTIONS);
}

/* ------------------------------------------------------------------------- sending */

static void post(const char *address, const char *prefix,
                 const struct delivery *delivery, const char *signature,
                 struct http_reply *reply)
{
    char target[300], headers[600];
    snprintf(target, sizeof target, "%s/actors/%s/tasks", prefix, delivery->actor);
    snprintf(headers, sizeof headers,
             "User-Agent: GitHub-Hookshot/044aadd\r\nContent-Type: application/json\r\n"
             "X-GitHub-Delivery: %s\r\nX-GitHub-Event: %s\r\n"
             "X-Hub-Signature-256: sha256=%s\r\n",
             delivery->id, delivery->event, signature);
    http_exchange(address, "POST", target, headers, view_text(delivery->payload),
                  reply);
}

static void post_all(const char *address, const char *prefix)
{
    for (int time = 0; time < TIMES; time++)
        for (size_t i = 0; i < DELIVERIES; i++) {
            struct http_reply reply;
            char location[400];
            post(address, prefix, &deliveries[i], deliveries[i].signature, &reply);
            snprintf(location, sizeof location, "%s/actors/%s/tasks@%s", prefix,
                     deliveries[i].actor, deliveries[i].id);
            cr_assert_eq(reply.code / 100, 2, "%d", reply.code);
            cr_expect_str_eq(field(&reply, "Location"), location);
            cr_expect(time == 0 || *field(&reply, "Idempotency-Replayed"));
            http_reply_free(&reply);
        }
}

/* ------------------------------------------------------------------------- looking */

static long long total(const char *key)
{
    BYTES_AUTO(value);
    const struct http_reply *reply = ask("GET", "/status", "", NULL);
    if (!line_value(view_bytes(&reply->body), key, &value))
        return -1;
    *bytes_reserve(&value, 1) = '\0';
    return strtoll(value.data, NULL, 10);
}

static bool is_over(void *context)
{
    (void)context;
    return total("done") + total("failed") >= TASKS;
}

static void expect_results(void)
{
    for (size_t i = 0; i < DELIVERIES; i++) {
        const struct delivery *delivery = &deliveries[i];
        char target[400], result[200];
        snprintf(target, sizeof target, "/actors/%s/tasks@%s", delivery->actor,
                 delivery->id);
        snprintf(result, sizeof result, "%s, %zu bytes\n", delivery->event,
                 strlen(delivery->payload));
        ANSWERS("GET", target, "", NULL, 200, result);
    }
}

static void expect_each_once(void)
{
    cr_expect(poll_until(is_over, NULL, 4 * FIXTURE_WAIT_MS));
    cr_expect_eq(total("done"), TASKS);
    cr_expect_eq(total("failed"), 0);
    cr_expect_eq(total("pending"), 0);
    expect_results();
}

Test(webhooks, sent_three_times_are_handled_once, .init = open_straight,
     .fini = fixture_close, .timeout = 500)
{
    post_all(fixture.address, "");
    expect_each_once();
}

Test(webhooks, signed_with_another_secret_or_not_at_all_fail, .init = open_straight,
     .fini = fixture_close)
{
    struct http_reply reply;
    char target[400];
    post(fixture.address, "", &deliveries[0], deliveries[1].signature, &reply);
    cr_expect_eq(reply.code, 202);
    http_reply_free(&reply);
    snprintf(target, sizeof target, "/actors/%s/tasks@%s?wait=60s", deliveries[0].actor,
             deliveries[0].id);
    const struct http_reply *failed = ask("GET", target, "", NULL);
    cr_expect_eq(failed->code, 500);
    cr_expect(strstr(failed->body.data, "the signature is not ours"), "%s",
              failed->body.data);
    snprintf(target, sizeof target, "/actors/%s/execute", deliveries[0].actor);
    ANSWERS("PUT", target, "", "{}", 500, NULL);
    snprintf(target, sizeof target, "/actors/%s/state", deliveries[0].actor);
    ANSWERS("GET", target, "", NULL, 200, "");
}

/* ------------------------------------------------------------------- through nginx */

static void open_behind_nginx(void)
{
    static char options[600];
    public_address = nginx_address();
    snprintf(options, sizeof options, OPTIONS " --public-url http://%s/hooks",
             public_address);
    open_with(options);
    nginx_start("/hooks/", "");
}

static void close_behind_nginx(void)
{
    nginx_stop();
    fixture_close();
}

Test(webhooks, through_a_proxy_are_handled_once, .init = open_behind_nginx,
     .fini = close_behind_nginx, .timeout = 500)
{
    post_all(public_address, "/hooks");
    expect_each_once();
}
