-- Asks Latchkey, through the socket given, whether a request may pass. HAProxy 2.6 or newer.

local identity = { "latchkey-key-id", "latchkey-role", "latchkey-scopes", "latchkey-environment" }

-- Answers the client in the API's place.
local function answer(txn, status, headers, body)
    local reply = txn:reply({ status = status, body = body })
    for name, value in pairs(headers) do
        reply:add_header(name, value)
    end
    txn:done(reply)
end

local function first(headers, name)
    local values = headers and headers[name]
    return values and values[0]
end

core.register_action("latchkey", { "http-req" }, function(txn, socket)
    local sent = {
        ["x-forwarded-for"] = { txn.f:src() },
        ["x-original-method"] = { txn.f:method() },
        ["x-original-uri"] = { txn.f:pathq() },
    }
    local authorization = txn.http:req_get_headers()["authorization"]
    if authorization then
        sent["authorization"] = {}
        for _, value in pairs(authorization) do
            table.insert(sent["authorization"], value)
        end
    end

    local response = core.httpclient():get({
        url = "http://latchkey/v1/authorize?" .. txn:get_var("txn.needs"),
        dst = socket,
        headers = sent,
        timeout = 3000,
    })

    if response.status == 200 then
        for _, name in ipairs(identity) do
            txn.http:req_set_header(name, first(response.headers, name) or "")
        end
        txn:set_var("txn.latchkey_passed", true)
    elseif response.status == 401 or response.status == 403 then
        answer(txn, response.status, {
            ["www-authenticate"] = first(response.headers, "www-authenticate") or "Bearer",
            ["content-type"] = "application/problem+json",
            ["cache-control"] = "no-store",
        }, response.body)
    else
        answer(txn, 503, { ["content-type"] = "application/problem+json" },
            '{"type":"about:blank","title":"Service Unavailable","status":503}')
    end
end, 1)
