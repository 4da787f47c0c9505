/* SPDX-License-Identifier: MIT */
/*
 * What a daemon is born with: whoever starts it hands down descriptors, signals, an
 * umask, limits and a folder, and not always sensible ones.
 */
#include "tests/mount/fixture.h"

TestSuite(born, .init = fixture_open, .fini = fixture_close);

/* Starts another daemon as `start` says, $START, waits until it serves ($PID), and
   takes it away again. */
#define OTHER(start, then)                                                             \
    "START='" start "'; mkdir -p $S/other; eval \"$START\" || exit 90;"                \
    "until test -s $S/other/README || test $((n += 1)) -gt 3000; do sleep 0.01; done;" \
    "PID=$(cat $S/store2/lock);" then ";"                                              \
    "fusermount3 -u $S/other; while test -e /proc/$PID/fd/0; do sleep 0.01; done"

Test(born, with_closed_descriptors_it_goes_into_the_background_all_the_same)
{
    GIVES(OTHER("$ACTORFS mount $S/store2 $S/other <&- >&- 2>&-", "ls $S/other/actors"),
          "");
}

Test(born, no_file_of_the_store_takes_the_place_of_a_closed_descriptor)
{
    GIVES(OTHER("$ACTORFS mount $S/store2 $S/other -f <&- >&- 2>&- &",
                "for n in 0 1 2; do readlink /proc/$PID/fd/$n; done"),
          "/dev/null\n/dev/null\n/dev/null\n");
}

Test(born, in_a_folder_that_is_gone_it_asks_for_whole_paths)
{
    WORKS("mkdir $S/gone");
    FAILS(
        "cd $S/gone && rmdir $S/gone && exec $ACTORFS serve store2 --listen unix:$S/s "
        "-f",
        1, "store2 is meant in: No such file or directory; give a path that begins");
    GIVES("mkdir $S/gone; cd $S/gone; rmdir $S/gone;" OTHER(
              "$ACTORFS mount $S/store2 $S/other", "ls $S/other/actors"),
          "");
}

Test(born, a_relative_socket_is_where_it_was_started)
{
    GIVES(
        "mkdir $S/here; cd $S/here; $ACTORFS serve ../store2 --listen unix:socket;"
        "test -S $S/here/socket && echo here; PID=$(cat $S/store2/lock); kill $PID;"
        "while test -e /proc/$PID/fd/0; do sleep 0.01; done; test ! -e $S/here/socket",
        "here\n");
}

Test(born, it_waits_for_the_daemon_before_it_that_was_told_to_stop)
{
    GIVES(OTHER("$ACTORFS mount $S/store2 $S/other",
                "for round in 1 2 3 4 5 6 7 8 9 10; do kill $PID;"
                "$ACTORFS mount $S/store2 $S/other || echo $round;"
                "PID=$(cat $S/store2/lock); done"),
          "");
}

/* A program that asks the daemon over its socket, and the daemon with the socket. */
#define ASKING                                                                         \
    "mkdir $S/b; cat > $S/b/ask <<'END'\n#!/bin/sh\n[ $ATTEMPT = 1 ] && sleep 1000\n"  \
    "exec curl -sS -o /dev/null --unix-socket $SOCKET http://localhost/\nEND\n"        \
    "chmod 755 $S/b/ask; echo env.SOCKET=$S/s > $S/b/ask.conf;"                        \
    "test $(id -u) != 0 || echo user=root >> $S/b/ask.conf;"                           \
    "start() { $ACTORFS serve $S/store2 --behaviors $S/b --listen unix:$S/s -f "       \
    "\"$@\" "                                                                          \
    "2>> $S/log2 & DAEMON=$!; };"                                                      \
    "ask() { curl -s --unix-socket $S/s -u anna:latte \"$@\"; };"                      \
    "T=http://localhost/actors/ask_1;"

/* The file of users is a pipe first: nothing listens until something is in it, which
   takes as long as a turn needs to fail of that. */
Test(born, no_turn_begins_before_the_socket_stands)
{
    GIVES(ASKING
          "start; until ask -X MKCOL $T; do sleep 0.01; done; ask -d x $T/tasks@k;"
          "until ask $T/status | grep -q '^activity: running'; do sleep 0.01; done;"
          "kill -9 $DAEMON; wait $DAEMON 2> /dev/null; mkfifo $S/users;"
          "echo 'anna:$2y$04$abcdefghijklmnopqrstuuSysjSGmssGCid0pJo6fF42A9ZKT8yX6' "
          "> $S/users.new; start --users $S/users; exec 3> $S/users;"
          "for n in 1 2 3 4 5; do ask $T; done; cat $S/users.new >&3;"
          "mv $S/users.new $S/users; exec 3>&-;"
          "until ask $T/log -o $S/log3 && test -s $S/log3; do sleep 0.01; done;"
          "cut -f3 $S/log3; kill $DAEMON; wait $DAEMON",
          "done\n");
}
