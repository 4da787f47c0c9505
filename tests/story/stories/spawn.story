# An actor makes others, says what they are, and sends them their first message: all of it
# in one commit.
behaviors
make sh_1
append sh_1/tasks@spawn
| { echo 'counter_9/'; echo 'counter_9/behavior counter'; echo 'counter_9/tasks@first 7'; } >> "$ACTOR_OUTBOX"
read sh_1/tasks@spawn
list /actors
= counter_9
= sh_1
read counter_9/tasks@first
= 7
value counter_9/status behavior
= counter

# Where there is one already it stays as it is.
append sh_1/tasks@again
| echo 'counter_9/' >> "$ACTOR_OUTBOX"
read sh_1/tasks@again
read counter_9/state
= 7

# Made by its first message.
append sh_1/tasks@other
| echo 'echo_10/tasks@a,create=1 hello' >> "$ACTOR_OUTBOX"
read sh_1/tasks@other
read echo_10/tasks@a
=- hello

# A turn that fails makes nobody.
append sh_1/tasks@bad
| echo 'echo_11/' >> "$ACTOR_OUTBOX"; exit 1
read sh_1/tasks@bad
=- exit status 1
! failed
list /actors
= counter_9
= echo_10
= sh_1
