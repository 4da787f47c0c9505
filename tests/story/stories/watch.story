# Exits that can be trapped: who watches gets a message and goes on.
behaviors
make sh_job sh_boss
append sh_boss/tasks@watch
| echo 'ME/status watch sh_job' >> "$ACTOR_OUTBOX"
read sh_boss/tasks@watch
append sh_job/tasks@oops
| echo warm up >&2; echo 'out of beans' >&2; exit 1
read sh_job/tasks@oops
= warm up
=- out of beans
! failed
eventually read sh_boss/state
= failed from sh_job: failed oops: out of beans
value sh_boss/status activity
= idle

# What comes out well is nobody's business; what is gone is.
append sh_job/tasks@well
| echo well
read sh_job/tasks@well
= well
kill
remove sh_job
eventually read sh_boss/state
= failed from sh_job: failed oops: out of beans
= retired from sh_job:  : 

# Who has stopped watching hears nothing.
make sh_other
control sh_boss watch sh_other
control sh_boss unwatch sh_other
append sh_other/tasks@oops
| exit 1
read sh_other/tasks@oops
=- exit status 1
! failed
call sh_boss/execute
| wc -l < "$ACTOR_STATE"
= 2
