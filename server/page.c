/* SPDX-License-Identifier: MIT */
#include "server/page.h"

#include <stdlib.h>
#include <sys/random.h>

#include "common/base/log.h"
#include "server/http_status.h"
#include "server/page_html.h"
#include "server/permission.h"
#include "server/shown.h"

/* ----------------------------------------------------------------- what all have */

/* How many folders the page's relative links begin beneath `/`. */
static size_t depth_of(const struct http_target *target)
{
    bool in_last = target->is_folder_form || !target->segment_count;
    return in_last ? target->segment_count : target->segment_count - 1;
}

static void append_way_up(struct bytes *out, size_t folders)
{
    bytes_append_text(out, folders ? "" : "./");
    while (folders--)
        bytes_append_text(out, "../");
}

/* A script runs only with the nonce that the page's policy names. */
static void make_nonce(char nonce_out[33])
{
    unsigned char random[16];
    ENSURE(getrandom(random, sizeof random, 0) == (ssize_t)sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        nonce_out[2 * i] = "0123456789abcdef"[random[i] >> 4];
        nonce_out[2 * i + 1] = "0123456789abcdef"[random[i] & 15];
    }
    nonce_out[32] = '\0';
}

static void add_crumbs(struct page *page)
{
    const struct http_target *target = &page->request->target;
    size_t depth = depth_of(target);
    BYTES_AUTO(way);
    html_format(&page->html, "<header><nav aria-label=\"Where you are\"><ol>");
    html_format(&page->html, "<li><a href=\"%.*s\">actorfs</a></li>",
                (int)page->root.size, page->root.data);
    for (size_t i = 0; i < depth; i++) {
        struct view name = target->segments[i];
        bytes_clear(&way);
        append_way_up(&way, depth - 1 - i);
        html_format(&page->html, "<li><a href=\"%.*s\">%.*s</a></li>", (int)way.size,
                    way.data, (int)name.size, name.data);
    }
    html_format(&page->html, "</ol></nav></header>\n");
}

void page_begin(struct page *page, struct http_request *request, const char *title,
                const struct bytes *tag)
{
    *page = (struct page){.request = request};
    append_way_up(&page->root, depth_of(&request->target));
    make_nonce(page->nonce);
    int root_size = (int)page->root.size;
    html_format(
        &page->html,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<title>%s - actorfs</title>\n"
        "<meta name=\"viewport\" content=\"width=device-width, "
        "initial-scale=1\">\n"
        "<link rel=\"stylesheet\" href=\"%.*spage/style.css\">\n"
        "<script nonce=\"%s\" src=\"%.*spage/live.js\" defer></script>\n"
        "</head>\n<body>\n",
        title, root_size, page->root.data, page->nonce, root_size, page->root.data);
    add_crumbs(page);
    html_format(&page->html, "<main");
    if (tag)
        html_format(&page->html, " data-tag=\"%.*s\"", (int)tag->size, tag->data);
    html_format(&page->html, ">\n<h1>%s</h1>\n", title);
}

void page_answer(struct page *page, unsigned code)
{
    struct http_request *request = page->request;
    html_format(&page->html, "</main>\n<footer>actorfs %s</footer>\n</body>\n</html>\n",
                ACTORFS_VERSION);
    answer_body(request, code, "text/html; charset=utf-8", &page->html);
    answer_header(request, "Content-Security-Policy",
                  "default-src 'none'; script-src 'nonce-%s'; style-src 'self'; "
                  "connect-src 'self'; form-action 'self'; base-uri 'none'; "
                  "frame-ancestors 'none'",
                  page->nonce);
    answer_header(request, "Referrer-Policy", "same-origin");
    answer_header(request, "Cache-Control", "private, no-cache");
    answer_header(request, "Vary", "Accept");
    bytes_free(&page->root);
}

void page_answer_error(struct http_request *request, unsigned code, const char *detail)
{
    struct page page;
    page_begin(&page, request, http_status_phrase(code), NULL);
    html_format(&page.html, "<p class=\"note failed\" role=\"alert\">%s</p>\n", detail);
    html_format(&page.html, "<p><a href=\"./\">Back</a></p>\n");
    page_answer(&page, code);
}

void page_add_lines(struct page *page, struct view text)
{
    struct view label, value;
    html_format(&page->html, "<dl>\n");
    while (shown_take_line(&text, &label, &value)) {
        BYTES_AUTO(plain);
        shown_unescape(&plain, value);
        html_format(&page->html, "<dt>%.*s</dt><dd>%.*s</dd>\n", (int)label.size,
                    label.data, (int)plain.size, plain.data);
    }
    html_format(&page->html, "</dl>\n");
}

/* --------------------------------------------------------------------- attention */

/* ACTOR WHY SINCE KEY ERROR */
static void add_attention_line(struct page *page, struct view line)
{
    BYTES_AUTO(name);
    BYTES_AUTO(link);
    BYTES_AUTO(error);
    struct view columns[5] = {{0}};
    for (size_t i = 0; i < 5 && shown_take(&line, '\t', &columns[i]);)
        i++;
    shown_unescape(&name, columns[0]);
    shown_unescape(&error, columns[4]);
    html_query(&link, view_bytes(&name));
    html_format(&page->html,
                "<tr><td><a href=\"%.*sactors/%.*s/\">%.*s</a></td>"
                "<td class=\"%.*s\">%.*s</td><td>%.*s</td><td>%.*s</td><td>%.*s</td>"
                "</tr>\n",
                (int)page->root.size, page->root.data, (int)link.size, link.data,
                (int)name.size, name.data, (int)columns[1].size, columns[1].data,
                (int)columns[1].size, columns[1].data, (int)columns[2].size,
                columns[2].data, (int)columns[3].size, columns[3].data, (int)error.size,
                error.data);
}

void page_add_attention(struct page *page, size_t lines_max)
{
    BYTES_AUTO(text);
    struct view line;
    size_t shown = 0;
    if (!permission_sees_all(page->request))
        return;
    engine_attention(tree_engine(request_tree(page->request)), &text);
    struct view rest = view_bytes(&text);
    html_format(&page->html, "<section id=\"attention\" data-live>\n"
                             "<h2>Needs attention</h2>\n");
    if (!rest.size)
        html_format(&page->html, "<p>No actor needs anyone.</p>\n");
    else
        html_format(&page->html,
                    "<div class=\"table\"><table><thead><tr><th>Actor</th><th>Why</th>"
                    "<th>Since</th><th>Key</th><th>Error</th></tr></thead><tbody>\n");
    while (shown < lines_max && shown_take(&rest, '\n', &line)) {
        add_attention_line(page, line);
        shown++;
    }
    if (shown)
        html_format(&page->html, "</tbody></table></div>\n");
    if (rest.size)
        html_format(&page->html,
                    "<p>And more: <a href=\"%.*sattention\">attention</a>.</p>\n",
                    (int)page->root.size, page->root.data);
    html_format(&page->html, "</section>\n");
}
