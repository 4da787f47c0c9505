# What handles an actor's messages follows from its name, or from its `behavior`.
read /behaviors
= counter
= echo
= keep
make counter_1 order_1 keep
value counter_1/status behavior
= counter
value order_1/status behavior
= echo
value keep/status behavior
= keep
read order_1/behavior
= echo
send order_1/behavior
| counter
read order_1/behavior
= counter
call order_1/execute
| 4
= 4
send order_1/behavior
| espresso machine
! invalid
kill
call order_1/execute
| 5
= 9

# An empty line unsets it.
send order_1/behavior
| 
read order_1/behavior
= echo
call order_1/execute
| 6
= 6
read order_1/state
= 9
