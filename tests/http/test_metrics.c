/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "tests/http/fixture.h"

TestSuite(metrics, .init = fixture_open, .fini = fixture_close);

/* The value of the line that begins with `name`; -1: there is none. */
static double value_of(const char *name)
{
    char line[128];
    const struct http_reply *reply = ask("GET", "/metrics", "", NULL);
    snprintf(line, sizeof line, "\n%s ", name);
    cr_assert_eq(reply->code, 200);
    const char *at = strstr(reply->body.data, line);
    return at ? atof(at + strlen(line)) : -1;
}

/* Every line is a comment or `name{labels} value`, and each name has a type before its
   first value, as the format wants it. */
Test(metrics, the_format_is_prometheus_text)
{
    make_actor("a");
    const struct http_reply *reply = ask("GET", "/metrics", "", NULL);
    char *text = reply->body.data, *save = NULL, typed[128] = "";
    cr_expect_str_eq(field(reply, "Content-Type"),
                     "text/plain; version=0.0.4; charset=utf-8");
    cr_assert_eq(text[reply->body.size - 1], '\n');
    for (char *line = strtok_r(text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save)) {
        if (sscanf(line, "# TYPE %127s", typed) == 1 || line[0] == '#')
            continue;
        size_t name = strcspn(line, "{ ");
        cr_expect(strlen(typed) == name && strncmp(line, typed, name) == 0, "%s", line);
        char *end, *value = strrchr(line, ' ');
        cr_assert(value, "%s", line);
        strtod(value + 1, &end);
        cr_expect_eq(*end, '\0', "%s", line);
    }
}

Test(metrics, they_count_what_happens_in_the_store)
{
    make_actor("a");
    make_suspended("b");
    ANSWERS("PUT", "/actors/a/behavior", "", "echo", 204, NULL);
    ANSWERS("PUT", "/actors/a/execute@k", "", "latte", 200, "latte");
    ANSWERS("PUT", "/actors/b/tasks@k", "", "latte", 202, NULL);
    ANSWERS("PUT", "/actors/b/tasks@late?delay=1h", "", "latte", 202, NULL);
    cr_expect_eq(value_of("actorfs_actors"), 2);
    cr_expect_eq(value_of("actorfs_tasks_done"), 1);
    cr_expect_eq(value_of("actorfs_tasks_pending"), 1);
    cr_expect_eq(value_of("actorfs_tasks_delayed"), 1);
    cr_expect_eq(value_of("actorfs_attention"), 1);
    cr_expect_eq(value_of("actorfs_journal_ok"), 1);
    cr_expect_gt(value_of("actorfs_commits_total"), 3);
    cr_expect_geq(value_of("actorfs_uptime_seconds"), 0);
}

Test(metrics, they_count_requests_by_method_and_class)
{
    make_actor("a");
    for (unsigned i = 0; i < 3; i++)
        ANSWERS("GET", "/actors/nobody/state", "", NULL, 404, NULL);
    cr_expect_eq(value_of("actorfs_http_requests_total{method=\"GET\",code=\"4xx\"}"),
                 3);
    cr_expect_eq(value_of("actorfs_http_requests_total{method=\"MKCOL\",code=\"2xx\"}"),
                 1);
}

Test(metrics, they_count_connections)
{
    double opened = value_of("actorfs_http_connections_total");
    cr_expect_geq(opened, 1);
    cr_expect_eq(value_of("actorfs_http_connections_total"), opened + 1);
    cr_expect_geq(value_of("actorfs_http_connections"), 1);
}

Test(metrics, health_is_ok_while_the_store_takes_writes)
{
    ANSWERS("GET", "/healthz", "", NULL, 200, "ok\n");
    ANSWERS("HEAD", "/healthz", "", NULL, 200, "");
}

Test(metrics, they_are_no_part_of_the_tree)
{
    const struct http_reply *root = ask("GET", "/", "", NULL);
    cr_expect(!strstr(root->body.data, "metrics"));
    cr_expect(!strstr(root->body.data, "healthz"));
    cr_expect(!strstr(root->body.data, "page"));
    ANSWERS("GET", "/metrics/", "", NULL, 404, NULL);
    ANSWERS("GET", "/actors/metrics", "", NULL, 404, NULL);
    cr_expect_geq(ask("PUT", "/metrics", "", "x")->code, 400);
}
