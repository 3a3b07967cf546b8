"""Lists of the admin with many rows: a page costs a few short queries, whatever the number of rows.

An admin that derives from LargeListAdmin needs an index on the field of its `date_hierarchy`, on those in
`list_filter`, and on the first of its ordering. StoredValuesFilter is for fields with few different values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.db import connections
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

#: So many primary keys are read first. A list that has no more is not counted, and searched once.
_HEAD = 1000


class LargePaginator(Paginator):  # type: ignore[type-arg] # generic for the type checker alone
    """Pages by primary keys, which indexes have; then the rows of one page.

    rows: a queryset of the rows with some keys, in any order.
    """

    rows: Callable[[list[Any]], QuerySet[Any]]

    @cached_property
    def count(self) -> int:
        """How many rows."""
        queryset: Any = self.object_list
        return len(self._head) if len(self._head) <= _HEAD else int(queryset.count())

    def page(self, number: int | str) -> Page:  # type: ignore[type-arg] # generic for the type checker alone
        """A page. Raises InvalidPage."""
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        return Page(self.between(start, min(start + self.per_page, self.count)), number, self)

    def between(self, start: int, end: int) -> list[Any]:
        """The rows from one place up to another."""
        keys = self._keys(start, end)
        found = {row.pk: row for row in self.rows(keys)}
        return [found[key] for key in keys if key in found]

    def few(self) -> QuerySet[Any] | None:
        """The rows, when they are no more than are read first; in any order."""
        return self.rows(self._head) if len(self._head) <= _HEAD else None

    @cached_property
    def _head(self) -> list[Any]:
        return list(self._ordered[: _HEAD + 1])

    @property
    def _ordered(self) -> QuerySet[Any]:
        queryset: Any = self.object_list
        ordered: QuerySet[Any] = queryset.values_list("pk", flat=True)
        return ordered

    def _keys(self, start: int, end: int) -> list[Any]:
        if end <= len(self._head):
            return self._head[start:end]
        if start <= self.count // 2:
            return list(self._ordered[start:end])
        # From the other end: the database walks over all rows that it leaves out.
        return list(self._ordered.reverse()[self.count - end : self.count - start])[::-1]


class LargeChangeList(ChangeList):
    """Counts all rows only where a filter is set, and takes every row from the paginator."""

    def get_filters(self, request: HttpRequest) -> Any:
        """As Django's, which does not know that a year after 9999 is no date. Raises IncorrectLookupParameters."""
        try:
            return super().get_filters(request)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters from error

    def get_results(self, request: HttpRequest) -> None:
        """Find the rows of the page. Raises IncorrectLookupParameters, for a moment that is none in UTC too."""
        try:
            super().get_results(request)
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters from error
        if not isinstance(self.result_list, list):
            self.result_list: Any = self.paginator.between(0, self.result_count)
        is_filtered = bool(self.queryset.query.where)
        self.show_full_result_count = True
        self.full_result_count = self.root_queryset.count() if is_filtered else self.result_count
        self.show_admin_actions = bool(self.full_result_count)


class LargeListAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic for the type checker alone
    """See the module."""

    change_list_template = "admin/kv/large_list.html"
    # LargeChangeList counts all rows where that is to be shown.
    show_full_result_count = False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that reads by primary keys."""
        return LargeChangeList

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: Any, **kwargs: Any
    ) -> Any:
        """The paginator that reads by primary keys; Django's own for rows of another model, as a history's are."""
        if queryset.model is not self.model:
            return super().get_paginator(request, queryset, per_page, *args, **kwargs)
        paginator = LargePaginator(queryset, per_page, *args, **kwargs)
        related = self.get_list_select_related(request)
        rows = self.get_queryset(request).order_by()
        if related:
            rows = rows.select_related(*(related if isinstance(related, list | tuple) else ()))
        paginator.rows = lambda keys: rows.filter(pk__in=keys)
        return paginator


class StoredValuesFilter(admin.AllValuesFieldListFilter):
    """The values of an indexed field that are there, each found by one step in the index."""

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: type[Model], model_admin: Any, **path: Any
    ) -> None:
        super().__init__(field, request, params, model, model_admin, **path)
        name = field.name
        rows = model_admin.get_queryset(request).order_by(name).values_list(name, flat=True)
        self.lookup_choices: Any = []
        value = rows.first()
        while value is not None:
            self.lookup_choices.append(value)
            value = rows.filter(**{f"{name}__gt": value}).first()


def begins_with(name: str, text: str, using: str) -> Q:
    """The rows whose field begins with the text, found by the field's index. using: the database's alias.

    SQLite's LIKE uses no index. PostgreSQL's uses one of `varchar_pattern_ops` alone, which Django adds to every unique
    or `db_index` field of characters, and an `Index` names in its `opclasses`.
    """
    if connections[using].vendor == "sqlite":
        return Q(**{f"{name}__gte": text, f"{name}__lt": f"{text}\U0010ffff"})
    return Q(**{f"{name}__startswith": text})


def date_links(changelist: ChangeList) -> dict[str, Any] | None:
    """What Django's tag `date_hierarchy` links to, by steps in an index instead of reading the date of every row.

    Where filters leave many rows, the days, months or years are those of all rows.
    """
    from django.contrib.admin.templatetags.admin_list import date_hierarchy

    names = ("date_hierarchy", "model", "params", "get_query_string")
    paginator: Any = changelist.paginator
    few = paginator.few()
    asked: Any = SimpleNamespace(**{name: getattr(changelist, name) for name in names})
    asked.queryset = _Dates(changelist) if few is None else _FewDates(few, str(changelist.date_hierarchy))
    found: dict[str, Any] | None = date_hierarchy(asked)
    return found


class _FewDates:
    """The same of few rows, read whole: PostgreSQL would walk along the dates' index for the first and the last."""

    def __init__(self, rows: QuerySet[Any], name: str) -> None:
        self._rows, self._name = rows.order_by(), name

    def aggregate(self, **_: Any) -> dict[str, datetime | None]:
        """The first and the last date."""
        found = list(self._rows.values_list(self._name, flat=True))
        return {"first": min(found, default=None), "last": max(found, default=None)}

    def datetimes(self, name: str, kind: str) -> Any:
        """The first days of the years or months, or the days, on which there are rows."""
        return self._rows.datetimes(name, kind)  # type: ignore[arg-type]  # Django's tag asks for year, month or day


class _Dates:
    """The two questions that Django's tag asks of a list's queryset."""

    def __init__(self, changelist: ChangeList) -> None:
        self._name = str(changelist.date_hierarchy)
        self._rows = changelist.root_queryset.order_by(self._name).values_list(self._name, flat=True)
        chosen = [changelist.params.get(f"{self._name}__{part}") for part in ("year", "month")]
        self._year, self._month = (int(part) if part else None for part in chosen)

    def aggregate(self, **_: Any) -> dict[str, datetime | None]:
        """The first and the last date."""
        return {"first": self._rows.first(), "last": self._rows.last()}

    def datetimes(self, _: str, kind: str) -> Iterator[date]:
        """The first days of the years or months, or the days, on which there are rows."""
        rows, first = self._rows, self._rows.first()
        if self._year:
            start, after = date(self._year, self._month or 1, 1), date(self._year + 1, 1, 1)
            if self._month:
                after = _next(start, "month")
            rows = rows.filter(**{f"{self._name}__lt": _moment(after)})
            first = rows.filter(**{f"{self._name}__gte": _moment(start)}).first()
        # With one lower limit at a time: a database may begin at the lower of two, and walk from there.
        while first is not None:
            yield _day(first)
            first = rows.filter(**{f"{self._name}__gte": _moment(_next(_day(first), kind))}).first()


def _day(moment: datetime) -> date:
    return (timezone.localtime(moment) if timezone.is_aware(moment) else moment).date()


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_current_timezone())


def _next(day: date, kind: str) -> date:
    if kind == "day":
        return day + timedelta(days=1)
    if kind == "month":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return date(day.year + 1, 1, 1)
