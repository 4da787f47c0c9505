# Receive with a timeout: a named timer to oneself, which each word replaces.
behaviors
make session_1
append session_1/tasks
| hello 1h
| again 100ms
eventually read session_1/state
= hello
= again
= nobody is there
= idle
value session_1/status delayed
= 0

# Called off by name.
append session_1/tasks@hello
| hello 1h
read session_1/tasks@hello
value session_1/status delayed
= 1
append session_1/tasks@bye
| bye
read session_1/tasks@bye
value session_1/status delayed
= 0

# It outlives a crash.
append session_1/tasks@last
| last 500ms
read session_1/tasks@last
kill
eventually read session_1/state
= hello
= again
= nobody is there
= idle
= hello
= bye
= last
= nobody is there
= idle
