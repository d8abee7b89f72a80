# Latchkey in a FastAPI app: pip install fastapi httpx uvicorn, Python 3.11 or newer.
# INTROSPECT_URL ends in /v1/introspect. INTROSPECT_KEY is the service's own secret key.
import asyncio, os
import httpx
from fastapi import Depends, FastAPI, HTTPException, Request

app = FastAPI()  # Behind a proxy, start uvicorn with --forwarded-allow-ips.
latchkey = httpx.AsyncClient(headers={"Authorization": f"Bearer {os.environ['INTROSPECT_KEY']}"})

def require_scope(scope: str):
    async def check(request: Request) -> dict:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise HTTPException(401, "missing_key", {"WWW-Authenticate": "Bearer"})
        form = {"token": token, "scope": scope, "client_ip": request.client.host}
        try:
            async with asyncio.timeout(2):
                answer = await latchkey.post(os.environ["INTROSPECT_URL"], data=form)
            key = answer.raise_for_status().json()
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            raise HTTPException(503, "unavailable") from error  # Denied without an answer.
        if key.get("active") is not True:
            raise HTTPException(403, "not_active")
        return key
    return Depends(check)

@app.get("/orders/{order}")
async def order(order: str, key: dict = require_scope("orders:read")):
    return {"key": key["client_id"]}
