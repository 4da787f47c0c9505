# Everything is kept, whether the daemon was stopped or killed.
make counter_1 user_1 keep_1
append counter_1/tasks@k
| 1
| 2
| 3
append keep_1/tasks@k
| kept
control user_1 suspend
append user_1/tasks@waiting
| for me
append user_1/tasks@,delay=1h
| and me
await counter_1 done 3
await keep_1 done 1
restart
read counter_1/state
= 6
read keep_1/state
= kept
value user_1/status activity pending delayed
= suspended 1 1
kill
read counter_1/tasks@k~3
= 6
append counter_1/tasks@k
| 1
| 2
| 3
| 4
read counter_1/tasks@k~4
= 10
value counter_1/status done
= 4
columns counter_1/log 3 4 6
= done 1 k
= done 1 k~2
= done 1 k~3
= done 1 k~4
kill
kill
control user_1 resume
read user_1/tasks@waiting
= for me
list /actors
= counter_1
= keep_1
= user_1
