# Only `forget` frees a key.
make user_1
append user_1/tasks@k
| latte
read user_1/tasks@k
= latte
append user_1/tasks@k
| mocha
! key known with other bytes
control user_1 forget k
exists user_1/tasks@k
= no
read user_1/tasks@k
! not found
append user_1/tasks@k
| mocha
read user_1/tasks@k
= mocha
control user_1 forget nobody
! not found

# Of what has not run yet it is a cancellation, too.
control user_1 suspend
append user_1/tasks@later
| tea
control user_1 forget later
value user_1/status pending
= 0
kill
exists user_1/tasks@later
= no
read user_1/tasks@k
= mocha
