# What is sent whole is one message, newlines and all, and is kept to the byte.
make desk
send desk/tasks@form
| {
|   "drink": "latte",
|   "note": "tab	and back\slash"
|- }
read desk/tasks@form
= {
=   "drink": "latte",
=   "note": "tab	and back\slash"
=- }
value desk/status done
= 1

# One final newline more or less makes no other message of it.
send desk/tasks@form
| {
|   "drink": "latte",
|   "note": "tab	and back\slash"
| }
value desk/status done
= 1

# Of lines that are appended the empty ones are nothing.
append desk/tasks@lines
| 
| one
| 
| two
await desk done 3
read desk/tasks@lines
= one
read desk/tasks@lines~2
= two

# Nothing is sent by nothing.
send desk/tasks@nothing
exists desk/tasks@nothing
= no
value desk/status done pending
= 3 0
