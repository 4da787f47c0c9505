# Keys are text; what a name cannot hold is percent-encoded, once.
make user_1
control user_1 suspend
append user_1/tasks@a%2Fb%20c
| 1
append user_1/tasks@a%2fb%20c
| 1
append user_1/tasks@100%25
| 2
append user_1/tasks@%61
| 3
append user_1/tasks@a
| 3
append user_1/tasks@Order:7_x-y.z!
| 4
append user_1/tasks
| 5
columns user_1/mailbox 6
= a%2Fb%20c
= 100%25
= a
= Order:7_x-y.z!
~ .[0-9]*
exists user_1/tasks@A
= no
append user_1/tasks@.mine
| never
! invalid
append user_1/tasks@a%
| never
! invalid
control user_1 cancel a%2Fb%20c
read user_1/tasks@a%2fb%20c
! canceled
