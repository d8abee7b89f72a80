# A Django application that django-oauth-toolkit protects. It prints whether each token may use a
# page that needs orders:read. Arguments: the issuer, a Key ID, its secret key, how to authenticate,
# and the tokens.
import json
import sys

import django
from django.conf import settings

issuer, client_id, client_secret, method, *tokens = sys.argv[1:]
if method == "bearer":
    authentication = {"RESOURCE_SERVER_AUTH_TOKEN": client_secret}
else:
    authentication = {"RESOURCE_SERVER_INTROSPECTION_CREDENTIALS": (client_id, client_secret)}
settings.configure(
    SECRET_KEY="only for this test",
    USE_TZ=True,
    ALLOWED_HOSTS=["testserver"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    OAUTH2_PROVIDER={
        "RESOURCE_SERVER_INTROSPECTION_URL": f"{issuer}/v1/introspect",
        **authentication,
    },
)
django.setup()

from django.core.management import call_command
from django.http import HttpResponse
from django.test import RequestFactory
from oauth2_provider.decorators import protected_resource
from oauth2_provider.models import AccessToken


@protected_resource(scopes=["orders:read"])
def page(request):
    return HttpResponse("served")


call_command("migrate", verbosity=0)
answers = []
for token in tokens:
    request = RequestFactory().get("/orders/1", HTTP_AUTHORIZATION=f"Bearer {token}")
    if page(request).status_code == 200:
        answers.append({"active": True, "scope": AccessToken.objects.get(token=token).scope})
    else:
        answers.append({"active": False})
print(json.dumps(answers))
