/* SPDX-License-Identifier: MIT */
/*
 * Pages in a real browser: that forms get through the checks of origins, that a page
 * comes up to date without being loaded again, that it works without scripts, and that
 * nothing which clients keep in an actor runs in the pages' origin. Exit status 77, and
 * why, where there is no browser.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/http/served.h"
#include "tests/support/browser.h"
#include "tests/support/http.h"

#define GUARD_S 500

static struct served served;
static struct browser browser;
static unsigned failed;

#define EXPECT(holds)                                                                  \
    ((holds) ? (void)0                                                                 \
             : (void)(failed++,                                                        \
                      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #holds)))

static int send_to_daemon(const char *method, const char *target, const char *headers,
                          const char *body)
{
    struct http_reply reply;
    http_exchange(served.address, method, target, headers,
                  body ? view_text(body) : view_of(NULL, 0), &reply);
    int code = reply.code;
    http_reply_free(&reply);
    return code;
}

static const char *url_of(const char *path)
{
    static char url[512];
    snprintf(url, sizeof url, "http://%s%s", served.port_address, path);
    return url;
}

static bool url_ends(const char *end)
{
    BYTES_AUTO(url);
    browser_url(&browser, &url);
    size_t size = strlen(end);
    return url.size >= size && memcmp(url.data + url.size - size, end, size) == 0;
}

static bool script_says(const char *script, const char *wanted)
{
    BYTES_AUTO(said);
    browser_run(&browser, script, &said);
    return view_equal(view_bytes(&said), view_text(wanted));
}

/* -------------------------------------------------------------------------- scenes */

static void a_person_finds_an_actor_and_sends_a_message(void)
{
    EXPECT(browser_go(&browser, url_of("/")));
    EXPECT(browser_shows(&browser, "#attention", "No actor needs anyone."));
    EXPECT(browser_click(&browser, "main p a"));
    EXPECT(browser_click(&browser, "a[href='./cafe_1/']"));
    EXPECT(browser_shows(&browser, "h1", "cafe_1"));
    EXPECT(browser_type(&browser, "textarea", "one latte & a cake"));
    EXPECT(browser_type(&browser, "input[name=key]", "order/1"));
    EXPECT(browser_click(&browser, "form.message button"));
    EXPECT(browser_shows(&browser, "#sent", "order%2F1: done"));
    EXPECT(browser_shows(&browser, "#sent pre", "one latte & a cake"));
    EXPECT(url_ends("/actors/cafe_1/?sent=order%252F1"));
}

static void a_person_suspends_and_resumes(void)
{
    EXPECT(browser_go(&browser, url_of("/actors/cafe_1/")));
    EXPECT(browser_click(&browser, "button[value=suspend]"));
    EXPECT(browser_shows(&browser, "#status", "suspended"));
    EXPECT(browser_click(&browser, "button[value=resume]"));
    EXPECT(browser_shows(&browser, "#status dl", "idle"));
}

static void a_person_reads_why_it_was_refused(void)
{
    EXPECT(browser_go(&browser, url_of("/actors/cafe_1/")));
    EXPECT(browser_type(&browser, "textarea", "something else"));
    EXPECT(browser_type(&browser, "input[name=key]", "order/1"));
    EXPECT(browser_click(&browser, "form.message button"));
    EXPECT(browser_shows(&browser, "h1", "Unprocessable"));
    EXPECT(browser_click(&browser, "main a"));
    EXPECT(browser_shows(&browser, "h1", "cafe_1"));
}

static void a_page_comes_up_to_date_and_leaves_what_is_typed(void)
{
    EXPECT(browser_go(&browser, url_of("/actors/cafe_1/")));
    EXPECT(script_says("window.mark = 'the same page';"
                       "return getComputedStyle(document.querySelector('dl')).display;",
                       "grid"));
    EXPECT(browser_type(&browser, "textarea", "half a mess"));
    EXPECT(send_to_daemon("PUT", "/actors/cafe_1/state", "", "twelve beans") == 204);
    EXPECT(browser_shows(&browser, "#state", "twelve beans"));
    EXPECT(send_to_daemon("PUT", "/actors/cafe_1/state", "", "eleven beans") == 204);
    EXPECT(browser_shows(&browser, "#state", "eleven beans"));
    EXPECT(script_says("return window.mark;", "the same page"));
    EXPECT(
        script_says("return document.querySelector('textarea').value;", "half a mess"));
}

static void a_list_comes_up_to_date(void)
{
    EXPECT(browser_go(&browser, url_of("/actors/")));
    EXPECT(send_to_daemon("MKCOL", "/actors/late_1", "", NULL) == 201);
    EXPECT(browser_shows(&browser, "#list", "late_1"));
}

#define EVIL "/actors/%3Cimg%20src=x%20onerror=pwned()%3E"

static void nothing_that_clients_keep_runs_here(void)
{
    EXPECT(send_to_daemon("MKCOL", EVIL, "", NULL) == 201);
    EXPECT(send_to_daemon("PUT", EVIL "/state", "Content-Type: text/html\r\n",
                          "</pre><script>document.title = 'pwned'</script>") == 204);
    EXPECT(browser_go(&browser, url_of(EVIL "/")));
    EXPECT(browser_shows(&browser, "#state pre", "</pre><script>"));
    EXPECT(
        script_says("return document.title;", "<img src=x onerror=pwned()> - actorfs"));
    EXPECT(script_says("return String(document.images.length);", "0"));
    browser_go(&browser, url_of(EVIL "/state")); /* it is a download */
    EXPECT(!script_says("return document.title;", "pwned"));
}

/* Even if markup got into a page, what clients keep is no script there. */
static void a_state_is_no_script_of_a_page(void)
{
    EXPECT(send_to_daemon("PUT", EVIL "/state", "Content-Type: text/javascript\r\n",
                          "window.pwned = 'yes';") == 204);
    EXPECT(browser_go(&browser, url_of(EVIL "/")));
    EXPECT(script_says("return new Promise((done) => {"
                       "  const script = document.createElement('script');"
                       "  script.src = './state';"
                       "  script.onerror = () => done('blocked');"
                       "  script.onload = () => done('run');"
                       "  document.head.append(script); });",
                       "blocked"));
    EXPECT(script_says("const text = document.createElement('script');"
                       "text.textContent = 'window.pwned = 1';"
                       "document.head.append(text);"
                       "return typeof window.pwned;",
                       "undefined"));
}

static void with_scripts(void)
{
    a_person_finds_an_actor_and_sends_a_message();
    a_person_suspends_and_resumes();
    a_person_reads_why_it_was_refused();
    a_page_comes_up_to_date_and_leaves_what_is_typed();
    a_list_comes_up_to_date();
    nothing_that_clients_keep_runs_here();
    a_state_is_no_script_of_a_page();
}

static void without_scripts(void)
{
    EXPECT(browser_go(&browser, url_of("/actors/cafe_1/")));
    EXPECT(browser_type(&browser, "textarea", "no script"));
    EXPECT(browser_click(&browser, "form.message button"));
    EXPECT(browser_shows(&browser, "#sent", "Task ."));
    a_person_suspends_and_resumes();
}

static void play(bool runs_scripts, void (*scenes)(void))
{
    if (browser_open(&browser, guard_folder(served.guard), runs_scripts))
        scenes();
    else
        failed++;
    browser_close(&browser);
}

int main(void)
{
    const char *missing = browser_is_missing();
    if (missing) {
        printf("skipped: %s\n", missing);
        return 77;
    }
    served_open(&served, "", GUARD_S);
    EXPECT(send_to_daemon("MKCOL", "/actors/cafe_1", "", NULL) == 201);
    play(true, with_scripts);
    play(false, without_scripts);
    EXPECT(served_close(&served));
    return failed != 0;
}
