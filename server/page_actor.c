/* SPDX-License-Identifier: MIT */
/*
 * An actor's page: what was just sent, a form to send with, its status and the words
 * that change it, its tasks, its log, its state, its files. What may be long is cut,
 * with a link to the whole.
 */
#include <stdlib.h>

#include "common/base/text.h"
#include "server/page.h"
#include "server/page_html.h"
#include "server/page_place.h"
#include "server/shown.h"

#define TASKS_FIRST 100 /* so many rows of the mailbox, and so many of its last */
#define TASKS_LAST 50
#define LOG_LINES 50
#define TEXT_BYTES 16384
#define ENTRIES_MAX 200
#define COLUMNS_MAX 7

struct columns {
    struct view list[COLUMNS_MAX];
};

static struct columns columns_of(struct view line)
{
    struct columns columns = {0};
    for (size_t i = 0; i < COLUMNS_MAX && shown_take(&line, '\t', &columns.list[i]);)
        i++;
    return columns;
}

/* The page is made of files that have modes of their own. */
static bool may_read(struct page *page, enum node_kind kind)
{
    struct node node = tree_node(kind, page->request->node.actor);
    struct attributes attributes;
    return tree_attributes(request_tree(page->request), &node, &attributes) ==
               STATUS_OK &&
           access_permits(page->request->user, &attributes, MAY_READ);
}

static void read_file(struct page *page, enum node_kind kind, struct bytes *out)
{
    struct node node = tree_node(kind, page->request->node.actor);
    if (may_read(page, kind) && tree_read(request_tree(page->request), &node, out))
        bytes_clear(out); /* retired meanwhile */
}

/* A cell with a link to the task. */
static void add_key(struct page *page, struct view key)
{
    html_format(&page->html, "<td><a href=\"./tasks@%.*s\">%.*s</a></td>",
                (int)key.size, key.data, (int)key.size, key.data);
}

static void add_text(struct page *page, struct view text, const char *file)
{
    size_t size = text.size < TEXT_BYTES ? text.size : TEXT_BYTES;
    if (!utf8_is_valid(text)) {
        html_format(&page->html, "<p><a href=\"%s\">%zu byte%s</a>, not text.</p>\n",
                    file, text.size, text_plural(text.size));
        return;
    }
    while (size < text.size && ((unsigned char)text.data[size] & 0xC0) == 0x80)
        size--; /* within a character */
    html_format(&page->html, "<pre tabindex=\"0\">\n%.*s</pre>\n", (int)size,
                text.size ? text.data : "");
    html_format(&page->html, "<p><a href=\"%s\">%s</a>, %zu byte%s</p>\n", file,
                size < text.size ? "All of it" : "As it is", text.size,
                text_plural(text.size));
}

/* --------------------------------------------------------------------- what was sent
 */

static void add_outcome(struct page *page, const struct key *key,
                        const struct task_info *task)
{
    BYTES_AUTO(link);
    BYTES_AUTO(text);
    struct http_request *request = page->request;
    const char *state = task_state_text(task->state);
    bytes_append_text(&link, "./tasks@");
    key_append_encoded(&link, key);
    html_format(&page->html,
                "<div id=\"sent\" class=\"note %s\" role=\"status\" data-live>\n"
                "<p>Task <a href=\"%.*s\">%.*s</a>: %s</p>\n",
                state, (int)link.size, link.data, (int)link.size - 8, link.data + 8,
                state);
    enum status status = engine_outcome(tree_engine(request_tree(request)),
                                        request->node.actor, key, &text);
    bytes_append(&link, view_of("", 1));
    if (status == STATUS_OK || status == STATUS_FAILED)
        add_text(page, view_bytes(&text), link.data);
    html_format(&page->html, "</div>\n");
}

static void add_sent(struct page *page)
{
    struct key key;
    struct task_info task;
    struct http_request *request = page->request;
    struct view sent = page_argument(request, "sent");
    if (sent.data && may_read(page, NODE_TASKS) &&
        key_from_name(sent, &key) == STATUS_OK &&
        engine_task(tree_engine(request_tree(request)), request->node.actor, &key,
                    &task) == STATUS_OK)
        add_outcome(page, &key, &task);
}

/* -------------------------------------------------------------------------- forms */

static void add_message_form(struct page *page)
{
    html_format(
        &page->html,
        "<section>\n<h2>Send a message</h2>\n"
        "<form class=\"message\" method=\"post\" action=\"./tasks?form=page\">\n"
        "<label>Message <textarea name=\"message\" required></textarea></label>\n"
        "<label>Idempotency key (optional: whoever repeats it gets the same result)\n"
        "<input name=\"key\" maxlength=\"200\" autocomplete=\"off\" "
        "spellcheck=\"false\"></label>\n"
        "<button>Send</button>\n</form>\n</section>\n");
}

static void add_word(struct page *page, const char *words, const char *label)
{
    html_format(&page->html, "<button name=\"words\" value=\"%s\">%s</button>\n", words,
                label);
}

static void add_status(struct page *page, const struct actor_info *info)
{
    BYTES_AUTO(text);
    html_format(&page->html, "<section id=\"status\" data-live>\n<h2>Status</h2>\n");
    read_file(page, NODE_STATUS, &text);
    page_add_lines(page, view_bytes(&text));
    html_format(
        &page->html,
        "<form class=\"words\" method=\"post\" action=\"./status?form=page\">\n");
    if (info->activity == ACTIVITY_SUSPENDED)
        add_word(page, "resume", "Resume");
    else
        add_word(page, "suspend", "Suspend");
    if (info->failed)
        add_word(page, "retry failed", "Retry all that failed");
    html_format(&page->html, "</form>\n</section>\n");
}

/* -------------------------------------------------------------------------- tasks */

static void add_task_word(struct page *page, struct view state, struct view key)
{
    bool is_over = view_equal(state, view_text(task_state_text(TASK_DONE)));
    bool is_again = view_equal(state, view_text(task_state_text(TASK_FAILED))) ||
                    view_equal(state, view_text(task_state_text(TASK_CANCELED)));
    if (is_over)
        return;
    html_format(&page->html,
                "<button name=\"words\" value=\"%s %.*s\" aria-label=\"%s %.*s\">%s"
                "</button>",
                is_again ? "retry" : "cancel", (int)key.size, key.data,
                is_again ? "Retry" : "Cancel", (int)key.size, key.data,
                is_again ? "Retry" : "Cancel");
}

/* SEQ STATE ATTEMPTS ACCEPTED DUE KEY */
static void add_task(struct page *page, struct view line)
{
    struct columns columns = columns_of(line);
    const struct view *at = columns.list;
    html_format(&page->html,
                "<tr><td class=\"number\">%.*s</td><td class=\"%.*s\">%.*s</td>"
                "<td class=\"number\">%.*s</td><td>%.*s</td><td>%.*s</td>",
                (int)at[0].size, at[0].data, (int)at[1].size, at[1].data,
                (int)at[1].size, at[1].data, (int)at[2].size, at[2].data,
                (int)at[3].size, at[3].data, (int)at[4].size, at[4].data);
    add_key(page, at[5]);
    html_format(&page->html, "<td>");
    add_task_word(page, at[1], at[5]);
    html_format(&page->html, "</td></tr>\n");
}

static size_t count_lines(struct view text)
{
    struct view line;
    size_t count = 0;
    while (shown_take(&text, '\n', &line))
        count++;
    return count;
}

static void add_tasks(struct page *page, struct view text)
{
    struct view line;
    size_t count = count_lines(text);
    bool is_cut = count > TASKS_FIRST + TASKS_LAST;
    for (size_t i = 0; shown_take(&text, '\n', &line); i++)
        if (!is_cut || i < TASKS_FIRST || i >= count - TASKS_LAST)
            add_task(page, line);
        else if (i == TASKS_FIRST)
            html_format(&page->html,
                        "<tr><td colspan=\"7\">%zu more: <a href=\"./mailbox\">mailbox"
                        "</a></td></tr>\n",
                        count - TASKS_FIRST - TASKS_LAST);
}

static void add_mailbox(struct page *page)
{
    BYTES_AUTO(text);
    read_file(page, NODE_MAILBOX, &text);
    html_format(&page->html,
                "<section id=\"mailbox\" data-live>\n<h2>Tasks</h2>\n"
                "<form method=\"post\" action=\"./status?form=page\">\n"
                "<div class=\"table\"><table><thead><tr><th class=\"number\">No.</th>"
                "<th>State</th><th class=\"number\">Attempts</th><th>Accepted</th>"
                "<th>Due</th><th>Key</th><th>Change</th></tr></thead><tbody>\n");
    add_tasks(page, view_bytes(&text));
    html_format(&page->html, "</tbody></table></div></form>\n");
    if (!text.size)
        html_format(&page->html, "<p>There is none.</p>\n");
    html_format(&page->html, "</section>\n");
}

/* ---------------------------------------------------------------------------- log */

/* TIME SEQ OUTCOME ATTEMPTS MILLISECONDS KEY ERROR */
static void add_log_line(struct page *page, struct view line)
{
    BYTES_AUTO(error);
    struct columns columns = columns_of(line);
    const struct view *at = columns.list;
    shown_unescape(&error, at[6]);
    html_format(&page->html,
                "<tr><td>%.*s</td><td class=\"number\">%.*s</td>"
                "<td class=\"%.*s\">%.*s</td><td class=\"number\">%.*s</td>"
                "<td class=\"number\">%.*s</td>",
                (int)at[0].size, at[0].data, (int)at[1].size, at[1].data,
                (int)at[2].size, at[2].data, (int)at[2].size, at[2].data,
                (int)at[3].size, at[3].data, (int)at[4].size, at[4].data);
    add_key(page, at[5]);
    html_format(&page->html, "<td>%.*s</td></tr>\n", (int)error.size,
                error.size ? error.data : "");
}

static struct view take_last_line(struct view *text)
{
    struct view before = view_of(text->data, text->size - 1); /* its newline */
    const char *end = before.size ? memrchr(before.data, '\n', before.size) : NULL;
    size_t start = end ? (size_t)(end + 1 - before.data) : 0;
    *text = view_of(before.data, start);
    return view_of(before.data + start, before.size - start);
}

static void add_log(struct page *page)
{
    BYTES_AUTO(text);
    read_file(page, NODE_LOG, &text);
    struct view rest = view_bytes(&text);
    html_format(&page->html,
                "<section id=\"log\" data-live>\n<h2>Log, the latest first</h2>\n"
                "<div class=\"table\"><table><thead><tr><th>Time</th>"
                "<th class=\"number\">No.</th><th>Outcome</th><th class=\"number\">"
                "Attempts</th><th class=\"number\">ms</th><th>Key</th><th>Error</th>"
                "</tr></thead><tbody>\n");
    for (size_t lines = 0; rest.size && lines < LOG_LINES; lines++)
        add_log_line(page, take_last_line(&rest));
    html_format(&page->html, "</tbody></table></div>\n");
    if (rest.size)
        html_format(&page->html, "<p><a href=\"./log\">All of it</a></p>\n");
    html_format(&page->html, "</section>\n");
}

/* --------------------------------------------------------------------------- page */

static void add_state(struct page *page)
{
    BYTES_AUTO(state);
    read_file(page, NODE_STATE, &state);
    html_format(&page->html, "<section id=\"state\" data-live>\n<h2>State</h2>\n");
    add_text(page, view_bytes(&state), "./state");
    html_format(&page->html, "</section>\n");
}

void page_of_actor(struct http_request *request, const struct bytes *tag)
{
    struct page page;
    struct actor_info info;
    struct page_place files;
    if (engine_actor(tree_engine(request_tree(request)), request->node.actor, &info)) {
        page_answer_error(request, 404, "There is no such actor any more.");
        return;
    }
    if (!page_place_of(request, ENTRIES_MAX, ENTRIES_MAX, &files))
        return;
    page_begin(&page, request, info.name, tag);
    add_sent(&page);
    add_message_form(&page);
    add_status(&page, &info);
    add_mailbox(&page);
    add_state(&page);
    add_log(&page);
    page_add_entries(&page, &files);
    page_answer(&page, 200);
}
