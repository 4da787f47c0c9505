# The state is written as anybody writes a file: by redirection, by mv, by Python.
behaviors
make sh_1
call sh_1/execute
| echo one > "$ACTOR_STATE"
read sh_1/state
= one
call sh_1/execute
| echo two >> "$ACTOR_STATE"
read sh_1/state
= one
= two
call sh_1/execute
| sed s/one/1/ "$ACTOR_STATE" > "$ACTOR_STATE.new" && mv "$ACTOR_STATE.new" "$ACTOR_STATE"
read sh_1/state
= 1
= two
call sh_1/execute
| python3 -c 'import os; f = open(os.environ["ACTOR_STATE"], "r+"); n = len(f.read()); f.write("three\n"); print(n)'
= 6
read sh_1/state
= 1
= two
= three
call sh_1/execute
| : > "$ACTOR_STATE"
read sh_1/state
value sh_1/status state-bytes state-version
= 0 6

# One that only looks changes nothing.
call sh_1/execute
| cat "$ACTOR_STATE"; wc -c < "$ACTOR_STATE"
= 0
value sh_1/status state-version
= 6

# Without a state there is none.
call sh_1/execute
| rm "$ACTOR_STATE"; echo gone
~ ACTOR_STATE is gone:*
! failed
value sh_1/status state-version
= 6
