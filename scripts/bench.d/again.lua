-- SPDX-License-Identifier: MIT
-- For wrk: PUTs of a message whose key is known and whose task is finished.
local body = string.rep("x", 100)

function request()
    return wrk.format("PUT", "/actors/a_0/tasks?Idempotency-Key=cup", nil, body)
end
