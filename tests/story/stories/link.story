# Spawn and link: when a task of one fails for good the other is suspended, too.
behaviors
make sh_boss sh_stranger
append sh_boss/tasks@spawn
| { echo 'sh_job/'; echo 'sh_job/status link ME'; } >> "$ACTOR_OUTBOX"
read sh_boss/tasks@spawn
list /actors
= sh_boss
= sh_job
= sh_stranger
append sh_job/tasks@oops
| echo 'out of beans' >&2; exit 1
read sh_job/tasks@oops
=- out of beans
! failed
await sh_boss activity suspended
value sh_stranger/status activity
= idle
append sh_boss/tasks@later
| echo later
look sh_boss/tasks@later
! not yet
control sh_boss resume
read sh_boss/tasks@later
= later

# It holds both ways, and across a crash.
kill
append sh_boss/tasks@oops
| exit 2
read sh_boss/tasks@oops
=- exit status 2
! failed
await sh_job activity suspended
control sh_job resume

# And it ends.
control sh_boss unlink sh_job
append sh_boss/tasks@again
| exit 2
read sh_boss/tasks@again
=- exit status 2
! failed
call sh_job/execute
| echo unmoved
= unmoved
value sh_job/status activity
= idle
