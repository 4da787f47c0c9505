# Actors come and go.
list /
= README
= actors
= attention
= behaviors
= status
list /actors
make user_1 user_2 Zoë
list /actors
= Zoë
= user_1
= user_2
list user_1
= behavior
= execute
= log
= mailbox
= result
= state
= status
= tasks
make user_1
! exists already
make .hidden
! invalid
make a%b
! invalid
append user_3/tasks
| hello
! not found

# One that has work to do stays.
control user_1 suspend
append user_1/tasks@k
| work
remove user_1
! not empty
control user_1 clear
read user_1/tasks@k
! canceled
remove user_1
list /actors
= Zoë
= user_2

# A new one of the same name knows nothing of the old one.
make user_1
exists user_1/tasks@k
= no
append user_1/tasks@k
| other work
read user_1/tasks@k
= other work
value user_1/status canceled done
= 0 1

# One can be told to go when it has finished.
control user_2 suspend
append user_2/tasks
| last words
control user_2 retire
exists user_2
= yes
control user_2 resume
kill
list /actors
= Zoë
= user_1
