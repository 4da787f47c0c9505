# `keep` remembers the last message as it is.
make keep_note
append keep_note/tasks@first
| buy milk
read keep_note/tasks@first
read keep_note/state
= buy milk
send keep_note/tasks@second
| buy milk
| and bread
|- today
read keep_note/tasks@second
read keep_note/state
= buy milk
= and bread
=- today
value keep_note/status state-version state-bytes
~ [0-9]* 24
