// Latchkey in an Express app: npm install express, Node 20 or newer, "type": "module".
// INTROSPECT_URL ends in /v1/introspect. INTROSPECT_KEY is the service's own secret key.
import express from "express";
const { INTROSPECT_URL, INTROSPECT_KEY, PORT = "3000" } = process.env;

const requireScope = (scope) => async (req, res, next) => {
  const token = /^Bearer +(\S+)$/i.exec(req.get("authorization") ?? "")?.[1];
  if (!token) return res.set("WWW-Authenticate", "Bearer").status(401).json({ code: "missing_key" });
  try {
    const answer = await fetch(INTROSPECT_URL, { // It keeps connections open for the next request.
      method: "POST",
      headers: { Authorization: `Bearer ${INTROSPECT_KEY}` },
      body: new URLSearchParams({ token, scope, client_ip: req.ip }),
      redirect: "error",
      signal: AbortSignal.timeout(2000),
    });
    if (answer.status !== 200) throw new Error(`Latchkey answered ${answer.status}`);
    req.key = await answer.json();
  } catch (error) { // Without an answer the request is denied.
    console.error(error);
    return res.status(503).json({ code: "unavailable" });
  }
  return req.key.active === true ? next() : res.status(403).json({ code: "not_active" });
};

const app = express(); // Behind a proxy, set "trust proxy": req.ip is then the client's address.
app.get("/orders/:id", requireScope("orders:read"), (req, res) => res.json({ key: req.key.client_id }));
app.listen(Number(PORT), "127.0.0.1");
