# Exit 75 says: not now. It is tried again after a while, in its place in the mailbox, and
# an attempt has a number.
behaviors
make sh_1 sh_boss
control sh_boss watch sh_1
append sh_1/tasks@flaky
| echo $ATTEMPT >> $OUTSIDE/attempts; [ $ATTEMPT = 3 ] || { echo 'not warm yet' >&2; exit 75; }; echo warm
append sh_1/tasks@next
| echo next
read sh_1/tasks@next
= next
read sh_1/tasks@flaky
= warm
outside attempts
= 1
= 2
= 3
columns sh_1/log 3 4 6
= done 3 flaky
= done 1 next

# When the attempts are used up it has failed, and everybody sees it.
append sh_1/tasks@hopeless
| echo half > $ACTOR_STATE; echo half; echo 'sh_2/' >> $ACTOR_OUTBOX; echo 'no beans at all' >&2; exit 75
read sh_1/tasks@hopeless
~ *no beans at all
! failed
columns sh_1/log 3 4 6 7
= done 3 flaky 
= done 1 next 
= failed 3 hopeless no beans at all
value sh_1/status failed last-error
= 1 no beans at all
columns /attention 1 2 4 5
= sh_1 failed hopeless no beans at all
eventually read sh_boss/state
= failed from sh_1: failed hopeless: no beans at all

# Nothing of it took place.
read sh_1/state
list /actors
= sh_1
= sh_boss
kill
columns /attention 1 2 4 5
= sh_1 failed hopeless no beans at all

# Any other status is final at once; a death by a signal is not.
append sh_1/tasks@final
| exit 3
read sh_1/tasks@final
=- exit status 3
! failed
append sh_1/tasks@shot
| echo $ATTEMPT >> $OUTSIDE/shots; [ $ATTEMPT = 2 ] || kill -9 $$; echo alive
read sh_1/tasks@shot
= alive
outside shots
= 1
= 2
