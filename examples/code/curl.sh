# Latchkey from any program that can send a request. {"active":true,…} lets the client's request pass;
# anything else denies it. TOKEN is the secret key that the client sent, and client_ip its address.
# INTROSPECT_URL ends in /v1/introspect. INTROSPECT_KEY is the service's own secret key.
curl --silent --show-error --fail --max-time 2 "$INTROSPECT_URL" \
  --header "Authorization: Bearer $INTROSPECT_KEY" \
  --data-urlencode "token=$TOKEN" --data scope=orders:read --data client_ip=203.0.113.7
