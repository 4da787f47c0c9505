/* SPDX-License-Identifier: MIT */
#include "tests/support/browser.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/support/http.h"
#include "tests/support/mounted.h"

#define ELEMENT "element-6066-11e4-a52e-4f735466cecf" /* W3C WebDriver, section 12 */

const char *browser_is_missing(void)
{
    if (access("/usr/bin/chromedriver", X_OK) != 0)
        return "there is no /usr/bin/chromedriver (Debian: chromium-driver)";
    return access("/usr/bin/chromium", X_OK) == 0
               ? NULL
               : "there is no /usr/bin/chromium (Debian: chromium)";
}

/* ------------------------------------------------------------------------ protocol */

/* chromedriver keeps connections open, whatever it is asked. True when the answer is
   there as a whole, whose body begins at `body_out`. */
static bool is_whole(struct view answer, const char **body_out)
{
    const char *end = memmem(answer.data, answer.size, "\r\n\r\n", 4);
    const char *field = memmem(answer.data, answer.size, "Content-Length:", 15);
    if (!end || !field)
        return false;
    *body_out = end + 4;
    return (size_t)(answer.data + answer.size - *body_out) >= (size_t)atol(field + 15);
}

/* Appends the answer's body; false for any code but 200. */
static bool exchange(const char *address, struct view request, struct bytes *out)
{
    BYTES_AUTO(answer);
    const char *body = NULL;
    int fd = http_connect(address);
    ENSURE(send(fd, request.data, request.size, MSG_NOSIGNAL) == (ssize_t)request.size);
    while (!answer.size || !is_whole(view_bytes(&answer), &body)) {
        ssize_t got = recv(fd, bytes_reserve(&answer, 65536), 65536, 0);
        if (got <= 0)
            break;
        answer.size += (size_t)got;
    }
    close(fd);
    if (body)
        bytes_append(out, view_of(body, (size_t)(answer.data + answer.size - body)));
    return body && view_starts_with(view_bytes(&answer), "HTTP/1.1 200");
}

/* The `value` of the answer; null, and told, when it is an error. Takes `body`. */
static json_t *ask(struct browser *browser, const char *method, const char *path,
                   json_t *body)
{
    BYTES_AUTO(request);
    BYTES_AUTO(reply);
    char *text = body ? json_dumps(body, 0) : NULL;
    bytes_format(&request,
                 "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
                 "\r\nContent-Length: %zu\r\n\r\n%s",
                 method, path, text ? strlen(text) : 0, text ? text : "");
    bool is_ok = exchange(browser->address, view_bytes(&request), &reply);
    if (!is_ok)
        fprintf(stderr, "%s %s %s: %.*s\n", method, path, text ? text : "",
                (int)reply.size, reply.size ? reply.data : "");
    json_t *answer = is_ok ? json_loadb(reply.data, reply.size, 0, NULL) : NULL;
    json_t *value = json_incref(json_object_get(answer, "value"));
    json_decref(answer);
    json_decref(body);
    free(text);
    return value;
}

static json_t *ask_session(struct browser *browser, const char *method,
                           const char *path, json_t *body)
{
    char whole[256];
    snprintf(whole, sizeof whole, "%s%s", browser->session, path);
    return ask(browser, method, whole, body);
}

static bool is_done(json_t *value)
{
    bool done = value != NULL;
    json_decref(value);
    return done;
}

static void append_string(json_t *value, struct bytes *out)
{
    if (json_is_string(value))
        bytes_append_text(out, json_string_value(value));
    json_decref(value);
}

/* Its path below the session, in `path_out`. */
static bool find(struct browser *browser, const char *selector, const char *what,
                 char path_out[200])
{
    json_t *element = ask_session(
        browser, "POST", "/element",
        json_pack("{s:s, s:s}", "using", "css selector", "value", selector));
    const char *id = json_string_value(json_object_get(element, ELEMENT));
    snprintf(path_out, 200, "/element/%s/%s", id ? id : "", what);
    json_decref(element);
    return id != NULL;
}

/* ------------------------------------------------------------------------- opening */

struct starting {
    struct browser *browser;
    char log[256];
};

static bool has_port(void *context)
{
    struct starting *starting = context;
    static const char before[] = "started successfully on port ";
    BYTES_AUTO(text);
    if (file_read(starting->log, &text) != 0)
        return false;
    *bytes_reserve(&text, 1) = '\0';
    const char *found = text.size ? strstr(text.data, before) : NULL;
    if (!found)
        return false;
    snprintf(starting->browser->address, sizeof starting->browser->address,
             "127.0.0.1:%d", atoi(found + sizeof before - 1));
    return true;
}

/* 1 allows, 2 forbids: Chromium's content settings. */
static json_t *capabilities(const char *folder, bool runs_scripts)
{
    char profile[256];
    snprintf(profile, sizeof profile, "--user-data-dir=%s/profile", folder);
    return json_pack(
        "{s:{s:{s:{s:[s, s, s, s, s], s:{s:i}}}}}", "capabilities", "alwaysMatch",
        "goog:chromeOptions", "args", "--headless=new", "--no-sandbox", "--disable-gpu",
        "--disable-dev-shm-usage", profile, "prefs",
        "profile.managed_default_content_settings.javascript", runs_scripts ? 1 : 2);
}

bool browser_open(struct browser *browser, const char *folder, bool runs_scripts)
{
    char text[640];
    struct starting starting = {.browser = browser};
    *browser = (struct browser){0};
    snprintf(starting.log, sizeof starting.log, "%s/driver.log", folder);
    snprintf(text, sizeof text,
             "HOME=%s TMPDIR=%s exec /usr/bin/chromedriver --port=0 >%s 2>&1", folder,
             folder, starting.log);
    unlink(starting.log);
    command_start(&browser->driver, text);
    if (!poll_until(has_port, &starting, BROWSER_WAIT_MS))
        return false;
    json_t *value =
        ask(browser, "POST", "/session", capabilities(folder, runs_scripts));
    const char *id = json_string_value(json_object_get(value, "sessionId"));
    if (id)
        snprintf(browser->session, sizeof browser->session, "/session/%s", id);
    json_decref(value);
    return id != NULL;
}

void browser_close(struct browser *browser)
{
    if (*browser->session)
        json_decref(ask(browser, "DELETE", browser->session, NULL));
    command_signal(&browser->driver, 15);
    command_finish(&browser->driver, BROWSER_WAIT_MS);
    command_free(&browser->driver);
}

/* --------------------------------------------------------------------------- using */

bool browser_go(struct browser *browser, const char *url)
{
    return is_done(
        ask_session(browser, "POST", "/url", json_pack("{s:s}", "url", url)));
}

bool browser_click(struct browser *browser, const char *selector)
{
    char path[200];
    return find(browser, selector, "click", path) &&
           is_done(ask_session(browser, "POST", path, json_object()));
}

bool browser_type(struct browser *browser, const char *selector, const char *text)
{
    char path[200];
    return find(browser, selector, "value", path) &&
           is_done(
               ask_session(browser, "POST", path, json_pack("{s:s}", "text", text)));
}

void browser_url(struct browser *browser, struct bytes *out)
{
    append_string(ask_session(browser, "GET", "/url", NULL), out);
}

void browser_run(struct browser *browser, const char *script, struct bytes *out)
{
    append_string(ask_session(browser, "POST", "/execute/sync",
                              json_pack("{s:s, s:[]}", "script", script, "args")),
                  out);
}

struct showing {
    struct browser *browser;
    const char *selector, *text;
};

static bool shows_now(void *context)
{
    const struct showing *showing = context;
    char path[200];
    BYTES_AUTO(text);
    if (find(showing->browser, showing->selector, "text", path))
        append_string(ask_session(showing->browser, "GET", path, NULL), &text);
    return text.size &&
           memmem(text.data, text.size, showing->text, strlen(showing->text));
}

bool browser_shows(struct browser *browser, const char *selector, const char *text)
{
    struct showing showing = {browser, selector, text};
    return poll_until(shows_now, &showing, BROWSER_WAIT_MS);
}
