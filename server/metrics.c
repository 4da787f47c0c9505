/* SPDX-License-Identifier: MIT */
#include "server/metrics.h"

static struct metrics *metrics_of(const struct http_loop *loop)
{
    return http_face_inside(loop->face)->metrics;
}

void metrics_count(struct http_request *request)
{
    unsigned class = request->answer.code / 100;
    atomic_fetch_add_explicit(
        &metrics_of(request->loop)
             ->requests[request->method][class < METRICS_CLASSES ? class : 0],
        1, memory_order_relaxed);
}

void metrics_connection(struct http_loop *loop, bool is_opened)
{
    struct metrics *metrics = metrics_of(loop);
    atomic_fetch_add_explicit(is_opened ? &metrics->connections_opened
                                        : &metrics->connections_closed,
                              1, memory_order_release);
}

/* ------------------------------------------------------------------------- showing */

static void add_head(struct bytes *out, const char *name, const char *type,
                     const char *help)
{
    bytes_format(out, "# HELP actorfs_%s %s\n# TYPE actorfs_%s %s\n", name, help, name,
                 type);
}

static void add(struct bytes *out, const char *name, const char *type, const char *help,
                uint64_t value)
{
    add_head(out, name, type, help);
    bytes_format(out, "actorfs_%s %llu\n", name, (unsigned long long)value);
}

static void add_seconds(struct bytes *out, const char *name, const char *help,
                        int64_t time_ms)
{
    uint64_t ms = time_ms > 0 ? (uint64_t)time_ms : 0;
    add_head(out, name, "gauge", help);
    bytes_format(out, "actorfs_%s %llu.%03llu\n", name, (unsigned long long)(ms / 1000),
                 (unsigned long long)(ms % 1000));
}

static uint64_t count_attention(struct engine *engine)
{
    BYTES_AUTO(text);
    uint64_t count = 0;
    engine_attention(engine, &text);
    for (size_t i = 0; i < text.size; i++)
        count += text.data[i] == '\n';
    return count;
}

static void add_store(struct bytes *out, struct engine *engine)
{
    struct engine_totals totals;
    engine_totals(engine, &totals);
    add_head(out, "build_info", "gauge", "The version that runs.");
    bytes_format(out, "actorfs_build_info{version=\"%s\"} 1\n", ACTORFS_VERSION);
    add_seconds(out, "start_time_seconds", "When the daemon started, since the epoch.",
                totals.started_ms);
    add_seconds(out, "uptime_seconds", "How long it runs.",
                totals.now_ms - totals.started_ms);
    add(out, "actors", "gauge", "Actors there are.", totals.actors);
    add(out, "tasks_pending", "gauge", "Tasks that wait for their turn.",
        totals.pending);
    add(out, "tasks_delayed", "gauge", "Tasks that wait for their time.",
        totals.delayed);
    add(out, "tasks_done", "gauge", "Tasks done by the actors that there are.",
        totals.done);
    add(out, "tasks_failed", "gauge", "Tasks failed for good, likewise.",
        totals.failed);
    add(out, "tasks_canceled", "gauge", "Tasks canceled, likewise.", totals.canceled);
    add(out, "commits_total", "counter", "Commits since the start.", totals.commits);
    add(out, "journal_ok", "gauge", "0 once the journal failed: reads only.",
        !totals.read_only);
    add(out, "attention", "gauge", "Actors that need someone.",
        count_attention(engine));
}

static void add_requests(struct bytes *out, struct metrics *metrics)
{
    add_head(out, "http_requests_total", "counter",
             "Answers by method and code class.");
    for (unsigned method = 0; method <= METHOD_COUNT; method++)
        for (unsigned class = 1; class < METRICS_CLASSES; class ++) {
            uint64_t count = atomic_load_explicit(&metrics->requests[method][class],
                                                  memory_order_relaxed);
            if (count)
                bytes_format(out,
                             "actorfs_http_requests_total{method=\"%s\",code=\"%uxx\"} "
                             "%llu\n",
                             http_method_name((enum http_method)method), class,
                             (unsigned long long)count);
        }
}

static void add_http(struct bytes *out, struct metrics *metrics)
{
    /* Closed first: what is opened between the two must not come out negative. */
    uint64_t closed =
        atomic_load_explicit(&metrics->connections_closed, memory_order_acquire);
    uint64_t opened =
        atomic_load_explicit(&metrics->connections_opened, memory_order_acquire);
    add(out, "http_connections", "gauge", "Connections that are open.",
        opened > closed ? opened - closed : 0);
    add(out, "http_connections_total", "counter", "Connections that were opened.",
        opened);
    add_requests(out, metrics);
}

static void answer_metrics(struct http_request *request)
{
    BYTES_AUTO(text);
    add_store(&text, tree_engine(request_tree(request)));
    add_http(&text, metrics_of(request->loop));
    answer_body(request, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
    answer_header(request, "Cache-Control", "no-store");
}

static void answer_health(struct http_request *request)
{
    BYTES_AUTO(text);
    struct engine_totals totals;
    engine_totals(tree_engine(request_tree(request)), &totals);
    bytes_append_text(&text,
                      totals.read_only ? "the journal failed: read-only\n" : "ok\n");
    answer_body(request, totals.read_only ? 503 : 200, "text/plain; charset=utf-8",
                &text);
    answer_header(request, "Cache-Control", "no-store");
}

bool metrics_get(struct http_request *request)
{
    const struct http_target *target = &request->target;
    if (target->segment_count != 1 || target->is_folder_form)
        return false;
    if (view_equal(target->segments[0], view_text("metrics")))
        answer_metrics(request);
    else if (view_equal(target->segments[0], view_text("healthz")))
        answer_health(request);
    else
        return false;
    return true;
}
