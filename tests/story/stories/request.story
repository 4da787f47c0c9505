# Remote procedure calls. From outside: `execute`.
behaviors
make quote_1 sh_1
call quote_1/execute
| chair
= chair: 5 euros

# From an actor: a message that asks for a reply, with a key to know it by.
append sh_1/tasks@ask
| echo 'quote_1/tasks@q-1,reply=1 table' >> "$ACTOR_OUTBOX"
read sh_1/tasks@ask
eventually read sh_1/state
= reply from quote_1: done q-1: table: 5 euros
read quote_1/state
= chair
= table

# Each outcome is a reply.
make sh_2 sh_3
append sh_1/tasks@ask-2
| echo 'sh_2/tasks@q-2,reply=1 echo sorry >&2; exit 1' >> "$ACTOR_OUTBOX"
eventually read sh_1/state
= reply from quote_1: done q-1: table: 5 euros
= reply from sh_2: failed q-2: sorry
append sh_1/tasks@ask-3
| echo 'nobody/tasks@q-3,reply=1 hello?' >> "$ACTOR_OUTBOX"
eventually read sh_1/state
= reply from quote_1: done q-1: table: 5 euros
= reply from sh_2: failed q-2: sorry
~ reply from nobody: undeliverable q-3: *
control sh_3 suspend
append sh_1/tasks@ask-4
| echo 'sh_3/tasks@q-4,reply=1 echo late' >> "$ACTOR_OUTBOX"
await sh_3 pending 1
control sh_3 cancel q-4
eventually read sh_1/state
= reply from quote_1: done q-1: table: 5 euros
= reply from sh_2: failed q-2: sorry
~ reply from nobody: undeliverable q-3: *
~ reply from sh_3: canceled q-4: *

# With a time limit: a named timer to oneself, called off by whatever comes first.
make sh_4
append sh_4/tasks@ask
| { echo 'sh_3/tasks@q-5,reply=1 echo late'; echo "ME/tasks@,timer=q-5,delay=100ms echo q-5 has taken too long > \$ACTOR_STATE"; } >> "$ACTOR_OUTBOX"
eventually read sh_4/state
= q-5 has taken too long
control sh_3 resume
eventually read sh_4/state
= q-5 has taken too long
= reply from sh_3: done q-5: late
