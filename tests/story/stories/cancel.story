# Orders can be taken back until they are served.
make counter_1
control counter_1 suspend
append counter_1/tasks@k
| 1
| 2
| 4
control counter_1 cancel k~2
read counter_1/tasks@k~2
! canceled
control counter_1 cancel k~2
! busy
control counter_1 cancel nobody
! not found
control counter_1 resume
read counter_1/tasks@k~3
= 5
control counter_1 cancel k
! busy
value counter_1/status done canceled pending
= 2 1 0

# The canceled one stays known under its key, until it is wanted after all.
append counter_1/tasks@k
| 1
| 2
| 4
value counter_1/status done canceled pending
= 2 1 0
control counter_1 retry k~2
read counter_1/tasks@k~2
= 7
value counter_1/status done canceled
= 3 0
