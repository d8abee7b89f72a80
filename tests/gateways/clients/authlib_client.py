# Introspects tokens with Authlib. Arguments: the issuer, a Key ID, its secret key, how to
# authenticate, and the tokens.
import json
import sys

import requests
from authlib.integrations.requests_client import OAuth2Session

issuer, client_id, client_secret, method, *tokens = sys.argv[1:]
metadata = requests.get(f"{issuer}/.well-known/oauth-authorization-server", timeout=10).json()
assert method in metadata["introspection_endpoint_auth_methods_supported"], metadata
session = OAuth2Session(client_id, client_secret, token_endpoint_auth_method=method)
endpoint = metadata["introspection_endpoint"]
answers = [session.introspect_token(endpoint, token=token) for token in tokens]
for answer in answers:
    answer.raise_for_status()
print(json.dumps([answer.json() for answer in answers]))
