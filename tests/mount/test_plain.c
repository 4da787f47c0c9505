/* SPDX-License-Identifier: MIT */
/*
 * Ordinary files (contract, section 9): what users keep in an actor's folder behaves as
 * on any filesystem. What goes onto a special file is in test_crossing.c, what must not
 * get out of the folder in test_escapes.c.
 */
#include "tests/mount/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(plain, .init = fixture_open_with_keep, .fini = fixture_close);

/* ------------------------------------------------------------------- semantics --- */

Test(plain, files_are_made_written_read_and_removed)
{
    WORKS("cd $K; echo one > note; echo two >> note");
    GIVES("cd $K; cat note; stat -c '%s %a %h %F' note",
          "one\ntwo\n8 644 1 regular file\n");
    FAILS("cd $K; set -C; echo x > note", 1, "cannot overwrite");
    WORKS("cd $K; truncate -s 3 note; printf X | dd of=note bs=1 seek=1 conv=notrunc "
          "status=none");
    GIVES("cat $K/note", "oXe");
    WORKS("rm $K/note");
    FAILS("cat $K/note", 1, "No such file");
    GIVES("ls -A $K", SPECIAL_FILES);
}

Test(plain, special_files_are_listed_first_then_ordinary_ones)
{
    WORKS("cd $K; touch zebra .hidden; mkdir -p deep/er; touch deep/er/file");
    GIVES("ls -AU $K | head -n 8 | sort", SPECIAL_FILES);
    GIVES("ls -A $K | wc -l; find $K | wc -l; find $K -type d | wc -l", "11\n14\n3\n");
    GIVES("cd $K; find deep; ls -A", "deep\ndeep/er\ndeep/er/file\n.hidden\nbehavior\n"
                                     "deep\nexecute\nlog\nmailbox\nresult\nstate\n"
                                     "status\ntasks\nzebra\n");
}

Test(plain, names_of_special_files_are_theirs_in_the_top_folder_only)
{
    FAILS("cd $K; mkdir tasks", 1, "File exists");
    FAILS("cd $K; ln -s x state@k", 1, "");
    WORKS("mkdir $K/sub; echo mine > $K/sub/tasks; echo mine > $K/sub/state@k");
    GIVES("cat $K/sub/tasks $K/sub/state@k", "mine\nmine\n");
    cr_expect_eq(mailbox_count("keep_1"), 0);
}

Test(plain, hard_links_share_an_inode_and_symbolic_links_keep_their_text)
{
    WORKS("cd $K; echo x > a; ln a b; ln -s a c; ln -s /no/where d");
    GIVES("cd $K; stat -c %h a b; test a -ef b && readlink c d; cat c",
          "2\n2\na\n/no/where\nx\n");
    WORKS("cd $K; echo y >> b; rm a");
    GIVES("cd $K; cat b; stat -c %h b", "x\ny\n1\n");
    WORKS("mkdir $A/keep_2");
    FAILS("ln $K/b $A/keep_2/b", 1, "cross-device");
    FAILS("ln $K/tasks $K/other", 1, "Operation not permitted");
}

Test(plain, renames_replace_or_refuse_as_they_are_told)
{
    WORKS("cd $K; mkdir d e; echo 1 > a; echo 2 > b; mv a b; mv b d/c; mv d e/d");
    GIVES("cat $K/e/d/c", "1\n");
    WORKS("cd $K; echo 3 > f; mv -n f e/d/c; test -e f; mkdir g");
    GIVES("cat $K/e/d/c", "1\n");
    FAILS("cd $K; mv -T g e", 1, "not empty");
    WORKS("mkdir $A/keep_2; mv $K/e $A/keep_2/");
    GIVES("cat $A/keep_2/e/d/c; ls -A $K", "1\nbehavior\nexecute\nf\ng\nlog\nmailbox\n"
                                           "result\nstate\nstatus\ntasks\n");
    int from = open(mounted_path(&fixture, "actors/keep_1"), O_RDONLY | O_DIRECTORY);
    cr_expect_eq(renameat2(from, "f", from, "g", RENAME_EXCHANGE), -1);
    cr_expect_eq(errno, EINVAL);
    cr_expect_eq(openat(from, ".", O_TMPFILE | O_RDWR, 0600), -1);
    cr_expect_eq(errno, EOPNOTSUPP);
    close(from);
}

Test(plain, modes_owners_and_times_are_kept)
{
    WORKS(
        "cd $K; umask 027; echo x > f; mkdir d; chmod 4600 f 2>&1 | grep -q permitted;"
        "touch -d 2001-02-03T04:05:06.789Z f; chmod 3770 d; chown 12:34 d");
    const char *look = "cd $K; TZ=UTC stat -c '%a %u %g' f d; stat -c %.3Y f";
    GIVES(look, "640 0 0\n3770 12 34\n981173106.789\n");
    fixture_crash();
    GIVES(look, "640 0 0\n3770 12 34\n981173106.789\n");
}

Test(plain, holes_stay_holes_and_space_is_told)
{
    WORKS("cd $K; truncate -s 1G sparse; fallocate -l 64K full; cp --sparse=always "
          "sparse copy");
    GIVES("cd $K; stat -c '%s %b' sparse copy; stat -c %s full",
          "1073741824 0\n1073741824 0\n65536\n");
    WORKS("df $K > $S/df; du -s $K > $S/du; grep -q actorfs $S/df || true");
}

Test(plain, locks_exclude_and_maps_share)
{
    WORKS("cd $K; echo abc > f; exec 9>>f; flock 9; ! flock -n f true");
    const char *path = in_keep("f");
    int fd = open(path, O_RDWR);
    cr_assert_geq(fd, 0);
    char *map = mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    cr_assert_neq(map, MAP_FAILED, "%s", strerror(errno));
    memcpy(map, "xyz", 3);
    cr_expect_eq(msync(map, 4, MS_SYNC), 0);
    GIVES("cat $K/f", "xyz\n");
    munmap(map, 4);
    close(fd);
}

Test(plain, an_open_file_outlives_its_name)
{
    const char *path = in_keep("gone");
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    struct stat stat;
    char text[4] = "";
    cr_assert_geq(fd, 0);
    cr_assert_eq(unlink(path), 0);
    cr_expect_eq(write(fd, "abc", 3), 3);
    cr_expect_eq(pread(fd, text, 3, 0), 3);
    cr_expect_str_eq(text, "abc");
    cr_expect_eq(fstat(fd, &stat), 0);
    cr_expect_eq(stat.st_nlink, 0);
    cr_expect_eq(stat.st_size, 3);
    close(fd);
}

Test(plain, what_is_open_at_the_stop_is_let_go)
{
    WORKS("cd $K; mkdir d; echo x > d/f");
    int file = open(in_keep("d/f"), O_RDWR);
    int folder = open(in_keep("d"), O_RDONLY | O_DIRECTORY);
    cr_assert(file >= 0 && folder >= 0);
    cr_expect_eq(fsync(file), 0);
    cr_expect_eq(mounted_stop(&fixture), 0, "a sanitizer finds nothing either");
    mounted_start(&fixture);
    GIVES("cat $K/d/f", "x\n");
    close(file);
    close(folder);
}

Test(plain, ten_thousand_files_in_a_folder)
{
    WORKS("mkdir $K/many; cd $K/many; seq 10000 | xargs touch");
    WORKS("ls $K/many | sort -n > $S/listed; seq 10000 | cmp - $S/listed");
    GIVES("find $K/many -type f -size 0 | wc -l", "10000\n");
    WORKS("rm -r $K/many");
    FAILS("test -e $K/many", 1, "");
}

Test(plain, names_may_be_long_and_strange)
{
    WORKS("cd $K; touch $(printf %0255d 1); test -e $(printf %0255d 1)");
    FAILS("touch $K/$(printf %0256d 1)", 1, "File name too long");
    WORKS("cd $K; mkdir strange; cd strange; for n in $'a\\nb' $'\\x01' $'\\xff' ' '"
          " -- ... '*' '#x#' 'a?b=c&d' 'ü'; do echo \"$n\" > ./\"$n\"; done;"
          "for n in *; do test \"$(cat ./\"$n\")\" = \"$n\" || echo \"$n\"; done");
    GIVES("cd $K/strange; ls -A | wc -l", "11\n");
}

/* ------------------------------------------------------------------------ tools --- */

Test(plain, cp_rsync_and_tar_copy_a_tree_there_and_back)
{
    WORKS(
        "mkdir $S/tree; cd $S/tree; mkdir -p a/b/c; echo x > a/f; ln -s ../f a/b/l;"
        "ln a/f a/b/h; seq 100000 > a/b/c/big; chmod 600 a/f; touch -d 2001-01-01 a/f");
    WORKS("cp -a $S/tree $K/cp; rsync -aH $S/tree/ $K/rsync; tar -C $S -cf - tree | "
          "tar -C $K -xf -");
    WORKS("cd $K; for t in cp rsync tree; do diff -r --no-dereference $S/tree $t;"
          "test $t/a/f -ef $t/a/b/h || echo $t; done");
    GIVES("cd $K; stat -c '%a %Y' */a/f | uniq | wc -l", "1\n");
    WORKS("cp -a $K/cp $S/back; diff -r --no-dereference $S/tree $S/back;"
          "rsync -aH --delete $K/cp/ $S/back; tar -C $K -cf $S/t.tar cp");
    WORKS("rsync -a --inplace $S/tree/a/b/c/big $K/cp/a/f; cmp $S/tree/a/b/c/big "
          "$K/cp/a/f");
    WORKS("mv $S/back $K/moved; diff -r --no-dereference $S/tree $K/moved; mv $K/moved "
          "$S/again; diff -r --no-dereference $S/tree $S/again");
}

Test(plain, git_makes_a_repository_in_an_actor)
{
    WORKS("cd $K; git init -q repo; cd repo; seq 1000 > a; git add a;"
          "git -c user.name=a -c user.email=a@b commit -qm one; git gc -q; git fsck;"
          "git checkout -q -b other; echo x >> a; git -c user.name=a -c user.email=a@b "
          "commit -qam two");
    GIVES("cd $K/repo; git log --format=%s; git status --short", "two\none\n");
    WORKS("git clone -q $K/repo $S/clone; cmp $K/repo/a $S/clone/a");
}

Test(plain, a_database_is_kept_in_an_actor)
{
    need_program("sqlite3");
    WORKS("cd $K; sqlite3 db 'create table t(x); begin; insert into t values(1),(2);"
          "commit;'; sqlite3 db 'pragma journal_mode=wal' > $S/mode;"
          "sqlite3 db 'insert into t values(3)'");
    GIVES("sqlite3 $K/db 'select sum(x) from t; pragma integrity_check'", "6\nok\n");
}

Test(plain, grep_find_and_sort_work_on_it)
{
    WORKS("cd $K; mkdir d; seq 100 > d/n; sort -rn -o d/n d/n; sort -n d/n -o d/n");
    GIVES("cd $K; grep -r '^77$' d; head -n 1 d/n; find . -name n",
          "d/n:77\n1\n./d/n\n");
    GIVES("cd $K; jq -n '{a:1}' > j.new && mv j.new j && jq .a j", "1\n");
}

/* --------------------------------------------------------------------- retiring --- */

Test(plain, rmdir_wants_an_actor_without_ordinary_files)
{
    WORKS("mkdir $K/sub; touch $K/sub/f");
    FAILS("rmdir $K", 1, "Directory not empty");
    FAILS("rmdir $K/sub", 1, "Directory not empty");
    WORKS("rm -r $K/sub; rmdir $K; mkdir $K");
    GIVES("ls -A $K", SPECIAL_FILES);
    WORKS("mkdir $K/sub; touch $K/sub/f $K/.dot; rm -r $K");
    GIVES("ls -A $A", "");
}

static bool has_no_areas(void *context)
{
    (void)context;
    return shell_gives("ls $S/store/files", 0, "");
}

Test(plain, what_a_retired_actor_kept_is_removed)
{
    WORKS("mkdir $K/sub; touch $K/sub/f");
    cr_assert(shell_gives("ls $S/store/files | wc -l", 0, "1\n"));
    WORKS("echo retire >> $K/status");
    cr_expect(poll_until(has_no_areas, NULL, FIXTURE_WAIT_MS));
    WORKS("mkdir $A/keep_1; mkdir $S/store/files/4711; touch $S/store/files/4711/f");
    GIVES("ls -A $K", SPECIAL_FILES);
    fixture_crash();
    cr_expect(poll_until(has_no_areas, NULL, FIXTURE_WAIT_MS));
}

Test(plain, dot_files_are_kept_at_the_top)
{
    WORKS("echo x > $M/.DS_Store; echo y > $A/._x; echo z > $A/desktop.ini;"
          "touch $A/Thumbs.db");
    GIVES("cat $M/.DS_Store $A/._x $A/desktop.ini; ls -A $M; ls -A $A",
          "x\ny\nz\n.DS_Store\nREADME\nactors\nattention\nbehaviors\nstatus\n"
          "._x\nThumbs.db\ndesktop.ini\nkeep_1\n");
    FAILS("touch $M/file", 1, "Operation not permitted");
    FAILS("touch $A/file", 1, "Operation not permitted");
    FAILS("mkdir $A/.dot", 1, "Invalid argument");
    FAILS("mkdir $M/.dot", 1, "Operation not permitted");
    FAILS("mkdir $K/d; mv $K/d $A/.d", 1, "Operation not permitted");
    WORKS("rm $M/.DS_Store $A/._x $A/desktop.ini $A/Thumbs.db");
    GIVES("ls -A $M; ls -A $A",
          "README\nactors\nattention\nbehaviors\nstatus\nkeep_1\n");
}

/* --------------------------------------------------------------------- escaping --- */

Test(plain, devices_and_set_id_programs_are_refused)
{
    FAILS("mknod $K/null c 1 3", 1, "Operation not permitted");
    FAILS("mknod $K/disk b 8 0", 1, "Operation not permitted");
    WORKS("mkfifo $K/pipe; (echo hi > $K/pipe &); test \"$(cat $K/pipe)\" = hi");
    FAILS("touch $K/p; chmod u+s $K/p", 1, "Operation not permitted");
    FAILS("chmod g+s $K/p", 1, "Operation not permitted");
}

static void open_two_actors(void)
{
    fixture_open_for_others();
    WORKS("mkdir -m 1777 $A/open_1; mkdir -m 755 $A/shut_1");
}

TestSuite(plain_for_others, .init = open_two_actors, .fini = fixture_close);

Test(plain_for_others, new_files_belong_to_their_maker)
{
    WORKS("$AS 'cd $A/open_1; echo x > f; mkdir d; ln -s f l; mkfifo p'");
    GIVES("cd $A/open_1; stat -c '%u %g' f d l p | uniq", "65534 65534\n");
    FAILS("$AS 'echo x > $A/shut_1/f'", 1, "Permission denied");
    WORKS("echo secret > $A/open_1/mine; chmod 600 $A/open_1/mine");
    FAILS("$AS 'cat $A/open_1/mine'", 1, "Permission denied");
    FAILS("$AS 'rm -f $A/open_1/mine'", 1, "Operation not permitted");
    WORKS("mkdir -m 2777 $A/open_1/team; chgrp 77 $A/open_1/team; chmod g+s "
          "$A/open_1/team; $AS 'cd $A/open_1/team; echo x > f; mkdir d'");
    GIVES("cd $A/open_1/team; stat -c '%g %a' f d", "77 644\n77 2755\n");
}

Test(plain_for_others, a_rename_sends_only_what_one_may_write)
{
    WORKS("chmod 777 $A/open_1; chmod 644 $A/open_1/tasks $A/open_1/state");
    FAILS("$AS 'cd $A/open_1; echo x > f; mv f tasks'", 1, "Permission denied");
    FAILS("$AS 'cd $A/open_1; mv f state'", 1, "Permission denied");
    cr_expect_eq(mailbox_count("open_1"), 0);
    WORKS("chmod 666 $A/open_1/tasks; $AS 'cd $A/open_1; mv f tasks'");
    cr_expect(wait_number("open_1", "done", 1));
}
