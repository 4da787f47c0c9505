/* SPDX-License-Identifier: MIT */
#include "server/dav/live.h"

#include <inttypes.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "server/dav/locks.h"
#include "server/dav/write.h"
#include "server/dav/xml.h"
#include "server/http_values.h"
#include "server/methods.h"

static bool is_folder(const struct dav_resource *resource)
{
    return resource->attributes->is_folder;
}

static bool append_resourcetype(const struct dav_resource *resource, struct bytes *out)
{
    if (is_folder(resource))
        bytes_append_text(out, "<D:collection/>");
    return true;
}

static bool append_length(const struct dav_resource *resource, struct bytes *out)
{
    bytes_append_number(out, resource->attributes->size);
    return !is_folder(resource);
}

static bool append_tag(const struct dav_resource *resource, struct bytes *out)
{
    method_tag(out, resource->node, resource->attributes);
    return true;
}

static bool append_modified(const struct dav_resource *resource, struct bytes *out)
{
    value_append_date(out, resource->attributes->modified_ms);
    return true;
}

static bool append_created(const struct dav_resource *resource, struct bytes *out)
{
    time_t seconds = (time_t)(resource->attributes->created_ms / 1000);
    struct tm when;
    char text[40];
    gmtime_r(&seconds, &when);
    bytes_append(
        out, view_of(text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &when)));
    return true;
}

const char *dav_type_of(struct view path)
{
    static const char *const types[][2] = {{".txt", "text/plain; charset=utf-8"},
                                           {".md", "text/plain; charset=utf-8"},
                                           {".csv", "text/csv; charset=utf-8"},
                                           {".json", "application/json"},
                                           {".png", "image/png"},
                                           {".jpg", "image/jpeg"},
                                           {".jpeg", "image/jpeg"},
                                           {".gif", "image/gif"},
                                           {".pdf", "application/pdf"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t size = strlen(types[i][0]);
        if (path.size > size &&
            strncasecmp(path.data + path.size - size, types[i][0], size) == 0)
            return types[i][1];
    }
    return "application/octet-stream";
}

static bool append_type(const struct dav_resource *resource, struct bytes *out)
{
    const struct node *node = resource->node;
    struct actor_info info;
    const char *type = "text/plain; charset=utf-8";
    if (is_folder(resource)) /* what KDE takes for a folder */
        type = "httpd/unix-directory";
    else if (node->kind == NODE_ORDINARY)
        type = dav_type_of(node->path);
    else if (node->kind == NODE_STATE &&
             engine_actor(tree_engine(resource->tree), node->actor, &info) ==
                 STATUS_OK &&
             info.state_type[0])
        type = info.state_type;
    xml_append_escaped(out, view_text(type));
    return true;
}

#define LOCK_ENTRY(scope)                                                              \
    "<D:lockentry><D:lockscope><D:" scope "/></D:lockscope><D:locktype><D:write/>"     \
    "</D:locktype></D:lockentry>"

static bool append_supportedlock(const struct dav_resource *resource, struct bytes *out)
{
    (void)resource;
    bytes_append_text(out, LOCK_ENTRY("exclusive") LOCK_ENTRY("shared"));
    return true;
}

struct discovery {
    const struct dav_resource *resource;
    struct bytes *out;
};

static void append_lock(void *context, struct dav_entry *entry, struct dav_lock *lock)
{
    struct discovery *discovery = context;
    struct bytes *out = discovery->out;
    struct dav_place root = {entry->area, view_bytes(&entry->path)};
    BYTES_AUTO(path);
    if (!lock->is_kept)
        return;
    bytes_format(out,
                 "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:%s/>"
                 "</D:lockscope><D:depth>%s</D:depth>",
                 lock->is_shared ? "shared" : "exclusive",
                 lock->is_deep ? "infinity" : "0");
    bytes_append(out, view_bytes(&lock->owner));
    bytes_format(out, "<D:timeout>Second-%u</D:timeout>", lock->timeout_s);
    /* Whoever knows a token can use it: its holder asks for it, others need not. */
    if (strcmp(lock->login, discovery->resource->login) == 0)
        bytes_format(out, "<D:locktoken><D:href>%s</D:href></D:locktoken>",
                     lock->token);
    bytes_append_text(out, "<D:lockroot>");
    bytes_append(&path, discovery->resource->prefix);
    dav_append_place(&path, discovery->resource->tree, &root);
    dav_append_href(out, view_bytes(&path));
    bytes_append_text(out, "</D:lockroot></D:activelock>");
}

void dav_append_lockdiscovery(const struct dav_resource *resource, struct bytes *out)
{
    struct discovery discovery = {resource, out};
    dav_locks_covering(resource->dav, &resource->place, append_lock, &discovery);
}

static bool append_locks(const struct dav_resource *resource, struct bytes *out)
{
    dav_enter(resource->dav);
    dav_append_lockdiscovery(resource, out);
    dav_leave(resource->dav);
    return true;
}

/* RFC 4331: of folders. */
static bool append_space(const struct dav_resource *resource, struct bytes *out,
                         bool available)
{
    struct statvfs space;
    if (!is_folder(resource) || statvfs(resource->dav->store, &space) != 0)
        return false;
    uint64_t blocks = available ? space.f_bavail : space.f_blocks - space.f_bfree;
    bytes_append_number(out, blocks * space.f_frsize);
    return true;
}

static bool append_available(const struct dav_resource *resource, struct bytes *out)
{
    return append_space(resource, out, true);
}

static bool append_used(const struct dav_resource *resource, struct bytes *out)
{
    return append_space(resource, out, false);
}

/* RFC 5397. A login is no resource here: it is named in a URI that leads nowhere. */
static bool append_principal(const struct dav_resource *resource, struct bytes *out)
{
    BYTES_AUTO(path);
    if (!*resource->login) {
        bytes_append_text(out, "<D:unauthenticated/>");
        return true;
    }
    bytes_append(&path, resource->prefix);
    bytes_append_text(&path, "/?login=");
    http_target_append(&path, view_text(resource->login));
    dav_append_href(out, view_bytes(&path));
    return true;
}

static bool append_executable(const struct dav_resource *resource, struct bytes *out)
{
    bytes_append_text(out, resource->attributes->mode & 0111 ? "T" : "F");
    return !is_folder(resource);
}

/* Tags stand ready-made: a listing of many writes little else. */
#define DAV(name) "DAV:", name, "<D:" name ">", "</D:" name ">"
#define APACHE "http://apache.org/dav/props/"
#define OF_APACHE(name)                                                                \
    APACHE, name, "<A:" name " xmlns:A=\"" APACHE "\">", "</A:" name ">"

static const struct {
    const char *ns, *local, *begin, *end;
    bool (*append)(const struct dav_resource *resource, struct bytes *out);
    bool is_usual;
} properties[] = {{DAV("resourcetype"), append_resourcetype, true},
                  {DAV("getcontentlength"), append_length, true},
                  {DAV("getetag"), append_tag, true},
                  {DAV("getlastmodified"), append_modified, true},
                  {DAV("creationdate"), append_created, true},
                  {DAV("getcontenttype"), append_type, true},
                  {DAV("supportedlock"), append_supportedlock, true},
                  {DAV("lockdiscovery"), append_locks, true},
                  {DAV("quota-available-bytes"), append_available, false},
                  {DAV("quota-used-bytes"), append_used, false},
                  {DAV("current-user-principal"), append_principal, false},
                  {OF_APACHE("executable"), append_executable, true}};

#define COUNT (sizeof properties / sizeof *properties)

bool dav_live_name(size_t n, const char **ns, const char **local)
{
    if (n >= COUNT)
        return false;
    *ns = properties[n].ns;
    *local = properties[n].local;
    return true;
}

bool dav_live_is(struct view ns, struct view local)
{
    for (size_t n = 0; n < COUNT; n++)
        if (view_equal(ns, view_text(properties[n].ns)) &&
            view_equal(local, view_text(properties[n].local)))
            return true;
    return false;
}

bool dav_live_append(size_t n, const struct dav_resource *resource, struct bytes *out)
{
    size_t before = out->size;
    bytes_append_text(out, properties[n].begin);
    if (!properties[n].append(resource, out)) {
        out->size = before;
        return false;
    }
    bytes_append_text(out, properties[n].end);
    return true;
}

bool dav_live_is_usual(size_t n, const struct dav_resource *resource)
{
    BYTES_AUTO(unused);
    return properties[n].is_usual && properties[n].append(resource, &unused);
}
