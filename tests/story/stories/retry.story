# What failed can be tried again, under its key, once the cause is gone.
make counter_1
send counter_1/state
| broken
append counter_1/tasks@a
| 1
append counter_1/tasks@b
| 2
await counter_1 failed 2
read counter_1/tasks@a
~ counter: the state is not a whole number*
! failed
value counter_1/status failed last-error
~ 2 counter: the state*
columns /attention 1 2 4
= counter_1 failed b

send counter_1/state
| 10
control counter_1 retry a
read counter_1/tasks@a
= 11
control counter_1 retry failed
read counter_1/tasks@b
= 13
value counter_1/status done failed
= 2 0
control counter_1 retry a
! busy
control counter_1 retry nobody
! not found
