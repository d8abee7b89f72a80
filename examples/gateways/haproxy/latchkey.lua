-- Asks Latchkey, through the given socket, whether a request may pass. HAProxy 2.6 or newer.

-- The headers that may carry a secret key, as --credential-headers lists them.
local credentials = { "authorization" } -- , "x-api-key"

local identity = {
    "latchkey-key-id", "latchkey-role", "latchkey-scopes", "latchkey-environment",
    "latchkey-owner", "latchkey-labels",
}

-- What Latchkey says with lifetime=1 in the question, and the variables that keep it for the
-- response to the client.
local lifetime = {
    ["latchkey-key-expires"] = "txn.latchkey_key_expires",
    ["deprecation"] = "txn.deprecation",
    ["sunset"] = "txn.sunset",
}

-- Latchkey's denials and errors carry these headers.
local problem = { "www-authenticate", "latchkey-code", "latchkey-request-id" }

-- Answers the client instead of the API.
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
    local received = txn.http:req_get_headers()
    for _, name in ipairs(credentials) do
        -- Every value is sent, so that Latchkey denies a request with two different keys.
        for _, value in pairs(received[name] or {}) do
            sent[name] = sent[name] or {}
            table.insert(sent[name], value)
        end
    end

    local response = core.httpclient():get({
        url = "http://latchkey/v1/authorize?" .. txn:get_var("txn.needs"),
        dst = socket,
        headers = sent,
        timeout = 3000,
    })
    local code = first(response.headers, "latchkey-code")

    if response.status == 200 then
        for _, name in ipairs(identity) do
            local value = first(response.headers, name)
            if value then
                txn.http:req_set_header(name, value)
            end
        end
        for name, variable in pairs(lifetime) do
            local value = first(response.headers, name)
            if value then
                txn:set_var(variable, value)
            end
        end
        txn:set_var("txn.latchkey_passed", true)
    elseif response.status == 401 or response.status == 403 or (response.status == 503 and code) then
        local headers = {
            ["content-type"] = "application/problem+json",
            ["cache-control"] = "no-store",
        }
        for _, name in ipairs(problem) do
            headers[name] = first(response.headers, name)
        end
        answer(txn, response.status, headers, response.body)
    else
        answer(txn, 503, {
            ["content-type"] = "application/problem+json",
            ["cache-control"] = "no-store",
            ["latchkey-code"] = "unavailable",
        }, '{"type":"about:blank","title":"Service Unavailable","status":503,"code":"unavailable"}')
    end
end, 1)
