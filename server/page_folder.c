/* SPDX-License-Identifier: MIT */
/*
 * The pages of `/`, of `/actors/` (those that need attention first, then all, a hundred
 * a page in the order in which they were made), and of ordinary folders.
 */
#include <stdlib.h>

#include "server/page.h"
#include "server/page_html.h"
#include "server/page_place.h"
#include "server/permission.h"

#define ACTORS_A_PAGE 100
#define ACTORS_MAX 1000
#define ENTRIES_MAX 1000
#define ATTENTION_LINES 100

struct listing {
    struct page *page;
    size_t limit, left;
    uint64_t last;
    bool is_more;
};

static bool is_full(struct listing *listing, uint64_t id)
{
    if (listing->left == 0) {
        listing->is_more = true;
        return true;
    }
    listing->left--;
    listing->last = id;
    return false;
}

static void add_next(struct listing *listing)
{
    if (listing->is_more)
        html_format(&listing->page->html,
                    "<p><a rel=\"next\" href=\"?after=.%llu&amp;limit=%zu\">More</a>"
                    "</p>\n",
                    (unsigned long long)listing->last, listing->limit);
}

/* ------------------------------------------------------------------------- actors */

static void add_columns(struct page *page, const struct actor_info *info)
{
    BYTES_AUTO(time);
    const char *activity = activity_text(info->activity);
    if (info->last_turn_ms)
        clock_format(&time, info->last_turn_ms);
    html_format(&page->html,
                "<td class=\"%s\">%s</td><td>%s</td>"
                "<td class=\"number\">%llu</td><td class=\"number\">%llu</td>"
                "<td class=\"number\">%llu</td><td>%.*s</td>",
                activity, activity, info->behavior,
                (unsigned long long)(info->pending + info->delayed),
                (unsigned long long)info->done, (unsigned long long)info->failed,
                (int)time.size, time.size ? time.data : "");
}

/* Who may not read it sees that it is there, not how it does. */
static bool add_actor(void *context, const struct actor_info *info)
{
    struct listing *listing = context;
    const struct user *user = listing->page->request->user;
    BYTES_AUTO(link);
    if (!access_shows(user, view_text(info->name)))
        return true;
    if (is_full(listing, info->id))
        return false;
    html_link(&link, view_text(info->name), true);
    html_format(&listing->page->html, "<tr><td><a href=\"%.*s\">%s</a></td>",
                (int)link.size, link.data, info->name);
    if (access_allows(user, RIGHT_READ, view_text(info->name)))
        add_columns(listing->page, info);
    else
        html_format(&listing->page->html, "<td colspan=\"6\"></td>");
    html_format(&listing->page->html, "</tr>\n");
    return true;
}

static void add_actors(struct page *page, const struct page_place *place)
{
    struct listing listing = {
        .page = page, .limit = place->limit, .left = place->limit};
    html_format(&page->html,
                "<section id=\"list\" data-live>\n<h2>All actors</h2>\n"
                "<div class=\"table\"><table><thead><tr><th>Actor</th><th>Activity</th>"
                "<th>Behavior</th><th class=\"number\">Waiting</th>"
                "<th class=\"number\">Done</th><th class=\"number\">Failed</th>"
                "<th>Last turn</th></tr></thead><tbody>\n");
    engine_list(tree_engine(request_tree(page->request)), place->after, add_actor,
                &listing);
    html_format(&page->html, "</tbody></table></div>\n");
    if (listing.left == place->limit)
        html_format(&page->html,
                    "<p>There is none%s. <code>mkdir actors/NAME</code>, "
                    "or <code>curl -X MKCOL</code>, makes one.</p>\n",
                    place->after ? " after that" : "");
    add_next(&listing);
    html_format(&page->html, "</section>\n");
}

static void answer_actors(struct http_request *request, const struct bytes *tag)
{
    struct page page;
    struct page_place place;
    if (!page_place_of(request, ACTORS_A_PAGE, ACTORS_MAX, &place))
        return;
    page_begin(&page, request, "actors", tag);
    if (!place.after)
        page_add_attention(&page, ATTENTION_LINES);
    add_actors(&page, &place);
    page_answer(&page, 200);
}

/* --------------------------------------------------------------------------- root */

static void add_file(struct page *page, enum node_kind kind, const char *begin,
                     const char *end)
{
    BYTES_AUTO(text);
    struct node node = tree_node(kind, 0);
    bool is_for_all = kind == NODE_README || permission_sees_all(page->request);
    if (!is_for_all || tree_read(request_tree(page->request), &node, &text))
        return;
    bytes_append_text(&page->html, begin);
    if (kind == NODE_DAEMON_STATUS)
        page_add_lines(page, view_bytes(&text));
    else
        html_escape(&page->html, view_bytes(&text));
    bytes_append_text(&page->html, end);
}

static void answer_root(struct http_request *request, const struct bytes *tag)
{
    struct page page;
    page_begin(&page, request, "actorfs", tag);
    html_format(&page.html, "<p><a href=\"./actors/\">All actors</a></p>\n");
    page_add_attention(&page, ATTENTION_LINES);
    add_file(&page, NODE_DAEMON_STATUS,
             "<section id=\"status\" data-live>\n<h2>The daemon</h2>\n",
             "</section>\n");
    add_file(&page, NODE_BEHAVIORS, "<h2>Behaviors</h2>\n<pre>\n", "</pre>\n");
    add_file(&page, NODE_README, "<h2>How to use it</h2>\n<pre>\n", "</pre>\n");
    page_answer(&page, 200);
}

/* --------------------------------------------------------------- ordinary folders */

static bool add_entry(void *context, const struct tree_entry *entry)
{
    struct listing *listing = context;
    BYTES_AUTO(link);
    if (!permission_shows(listing->page->request, entry))
        return true;
    if (is_full(listing, entry->next))
        return false;
    html_link(&link, view_text(entry->name), entry->attributes.is_folder);
    html_format(&listing->page->html, "<li><a href=\"%.*s\">%s%s</a></li>\n",
                (int)link.size, link.data, entry->name,
                entry->attributes.is_folder ? "/" : "");
    return true;
}

void page_add_entries(struct page *page, const struct page_place *place)
{
    struct http_request *request = page->request;
    struct listing listing = {
        .page = page, .limit = place->limit, .left = place->limit};
    html_format(&page->html, "<section id=\"files\">\n<h2>Files</h2>\n<ul>\n");
    if (tree_list(request_tree(request), &request->node, place->after, add_entry,
                  &listing))
        html_format(&page->html, "<li>The folder cannot be read.</li>\n");
    html_format(&page->html, "</ul>\n");
    add_next(&listing);
    html_format(&page->html, "</section>\n");
}

static void answer_ordinary(struct http_request *request, const struct bytes *tag)
{
    struct page page;
    struct page_place place;
    const struct http_target *target = &request->target;
    if (!page_place_of(request, ENTRIES_MAX, ENTRIES_MAX, &place))
        return;
    char *title = memory_text(target->segments[target->segment_count - 1]);
    page_begin(&page, request, title, tag);
    free(title);
    page_add_entries(&page, &place);
    page_answer(&page, 200);
}

void page_of_folder(struct http_request *request, const struct bytes *tag)
{
    if (request->node.kind == NODE_ROOT)
        answer_root(request, tag);
    else if (request->node.kind == NODE_ACTORS)
        answer_actors(request, tag);
    else
        answer_ordinary(request, tag);
}
