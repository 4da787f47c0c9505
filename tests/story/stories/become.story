# An actor becomes another: the rest of the day is handled by the other behavior.
behaviors
make shop_1
call shop_1/execute
| tea
= here is your tea
append shop_1/tasks
| evening
| tea
await shop_1 done 3
read shop_1/result
= we are closed
value shop_1/status behavior
= closed
kill
call shop_1/execute
| tea
= we are closed
call shop_1/execute
| morning
= good morning
call shop_1/execute
| tea
= here is your tea

# What it cannot become it does not, and that is said.
make sh_1
append sh_1/tasks@k
| echo 'ME/behavior espresso' >> "$ACTOR_OUTBOX"; echo tried
read sh_1/tasks@k
= tried
read sh_1/behavior
= sh
columns /actors/dead-letters/log 3
= failed
