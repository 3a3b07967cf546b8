"""A page that has Celery do the work, and one call in an async view."""

from __future__ import annotations

import uuid

from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt


@non_atomic_requests
@csrf_exempt
async def article(request: HttpRequest) -> JsonResponse:
    """POST: spend in a task. The answer has the balance before it, read without blocking the loop."""
    from shop.tasks import write_article
    from usertokens.services import aget_balance

    user = await request.auser()
    before = await aget_balance(str(user.pk))
    write_article.delay(str(user.pk), uuid.uuid4().hex)
    return JsonResponse({"before": before.tokens.balance})
