# While an actor waits for its next attempt it shows that, holds up no other, and obeys.
behaviors
install patient.conf
| attempts = 1000
| backoff = 1h
| backoff-max = 1h
install patient
| #!/bin/sh
| exec "${0%/*}/sh"
make patient_1 patient_2
eventually value patient_2/status activity behavior
= idle patient
append patient_1/tasks@cold
| [ -e $OUTSIDE/warm ] || { echo 'still cold' >&2; exit 75; }; echo warm
append patient_1/tasks@next
| echo next
await patient_1 activity retrying
columns patient_1/mailbox 2 3 6
= retrying 1 cold
= pending 0 next
columns /attention 1 2 4 5
= patient_1 retrying cold still cold
call patient_2/execute
| echo unharmed
= unharmed
send patient_1/state
| set meanwhile
read patient_1/state
= set meanwhile

# Nothing is lost when the daemon is killed.
kill
value patient_1/status activity pending
= retrying 2
control patient_1 cancel cold
read patient_1/tasks@next
= next
read patient_1/tasks@cold
! canceled

# Tried anew at somebody's word.
call patient_2/execute
| : > $OUTSIDE/warm
control patient_1 retry cold
read patient_1/tasks@cold
= warm
