# SPDX-License-Identifier: MIT
"""The peers of HTTP: nginx, lighttpd and Apache as WebDAV servers of a folder, each as
its own manual sets it up, on loopback, in the foreground, with two processes or threads.
"""
import contextlib
import os
import shutil

from stage import answers, free_port

NGINX = """load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
daemon off; {user} worker_processes 2; pid nginx.pid; error_log stderr;
events {{ worker_connections 4096; }}
http {{
    access_log off; keepalive_requests 100000000; types {{}} default_type text/plain;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {{
        listen 127.0.0.1:{port}; root {root};
        dav_methods PUT DELETE MKCOL COPY MOVE; dav_ext_methods PROPFIND OPTIONS;
    }}
}}
"""

LIGHTTPD = """server.modules = ("mod_webdav")
server.document-root = "{root}"
server.bind = "127.0.0.1"
server.port = {port}
server.max-worker = 2
server.max-keep-alive-requests = 100000000
server.upload-dirs = ("{folder}")
mimetype.assign = ("" => "text/plain")
webdav.activate = "enable"
webdav.is-readonly = "disable"
"""

APACHE = """ServerName localhost
ServerRoot "{folder}"
DefaultRuntimeDir "{folder}"
PidFile httpd.pid
ErrorLog "{folder}/error"
Listen 127.0.0.1:{port}
{user}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dav_module /usr/lib/apache2/modules/mod_dav.so
LoadModule dav_fs_module /usr/lib/apache2/modules/mod_dav_fs.so
KeepAlive On
MaxKeepAliveRequests 0
DavLockDB "{root}/.locks"
DocumentRoot "{root}"
<Directory "{root}">
    Dav On
</Directory>
"""


@contextlib.contextmanager
def serving(stage, root, config, user, command):
    """Runs `command` (FILE stands for its configuration) over the folder `root`, which
    is made if it is None; yields its address."""
    port = free_port()
    with stage.folder() as folder:
        if root is None:
            root = os.path.join(folder, "root")
            os.mkdir(root)
        path = os.path.join(folder, "config")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config.format(root=root, folder=folder, port=port,
                                     user=user if os.geteuid() == 0 else ""))
        command = [word.replace("FILE", path).replace("FOLDER", folder)
                   for word in command]
        with stage.server(command, lambda: answers(port), folder):
            yield f"http://127.0.0.1:{port}/"


def nginx(stage, root=None):
    return serving(stage, root, NGINX, "user root;",
                   ["nginx", "-p", "FOLDER", "-c", "FILE", "-e", "stderr"])


def lighttpd(stage, root=None):
    return serving(stage, root, LIGHTTPD, "", ["lighttpd", "-D", "-f", "FILE"])


@contextlib.contextmanager
def apache(stage):
    """As root it serves as nobody, to whom the folder is given."""
    with stage.folder() as root:
        if os.geteuid() == 0:
            os.chmod(root, 0o755)
            shutil.chown(root, "nobody", "nogroup")
        with serving(stage, root, APACHE, "User nobody\nGroup nogroup",
                     ["apache2", "-D", "FOREGROUND", "-f", "FILE"]) as url:
            yield url
