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
