"""References of creditors: those with a check are checked, all others go in as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iso11649

from stats.errors import BadReference, ReferenceTooLong
from stats.services.creditor_references import format_reference, make_rf_reference, parse_reference

# Finnish and RF examples are those of the Finnish banks' guide, the Belgian one Febelfin's.
TAKEN = [
    ("RF18539007547034", "RF18539007547034"),
    ("rf18 5390 0754 7034", "RF18539007547034"),
    ("RF18-5390\u00a00754\u200b7034", "RF18539007547034"),
    ("+++090/9337/55493+++", "090933755493"),
    ("*** 090/9337/55493 ***", "090933755493"),
    ("090/9337/55493", "090933755493"),
    ("１２３２", "1232"),
    ("12345 67897", "1234567897"),
    ("SI12 1234567890120", "SI121234567890120"),
    ("SI00 2024-114", "SI002024-114"),
    ("Invoice 2024/114", "Invoice 2024/114"),
    ("RFQ 2024-114", "RFQ 2024-114"),
    ("SIGMA-7", "SIGMA-7"),
    ("x" * 35, "x" * 35),
]
REFUSED = [
    ("RF19539007547034", "RF"),
    ("RF00000000000072", "RF"),
    ("RF01000000000072", "RF"),
    ("RF18" + "1" * 22, "RF"),
    ("RF١٨539007547034", "characters"),
    ("+++090/9337/55494+++", "BE"),
    ("090/9337/55494", "BE"),
    ("SI12 1234567890121", "SI"),
    ("Rechnung für Mai", "characters"),
    ("a\u0000b", "characters"),
    ("🎉", "characters"),
    ("/2026", "slashes"),
    ("2026/", "slashes"),
    ("INV//2026", "slashes"),
]


@pytest.mark.parametrize(("written", "reference"), TAKEN)
def test_is_taken(written: str, reference: str) -> None:
    assert parse_reference(written) == reference


@pytest.mark.parametrize(("written", "kind"), REFUSED)
def test_is_refused_by_its_kind(written: str, kind: str) -> None:
    with pytest.raises(BadReference) as refused:
        parse_reference(written)
    assert refused.value.kind == kind


def test_of_an_account_in_finland_is_checked() -> None:
    assert parse_reference("12345 67897", iban="FI2112345600000785") == "1234567897"
    with pytest.raises(BadReference):
        parse_reference("1233", iban="FI2112345600000785")


def test_too_long_says_by_how_much() -> None:
    with pytest.raises(ReferenceTooLong) as refused:
        parse_reference("x" * 40)
    assert refused.value.over == 5


@given(st.integers(1, 10**10 - 1))
def test_belgian_ones_are_checked_by_97(number: int) -> None:
    check = number % 97 or 97
    digits = f"{number:010}{check:02}"
    written = f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++"
    assert parse_reference(written) == digits
    wrong = f"{digits[:10]}{check % 97 + 1:02}"
    with pytest.raises(BadReference):
        parse_reference(f"+++{wrong[:3]}/{wrong[3:7]}/{wrong[7:]}+++")


def test_only_rf_is_set_in_groups() -> None:
    assert format_reference("RF18539007547034") == "RF18 5390 0754 7034"
    assert format_reference("Invoice 2024/114") == "Invoice 2024/114"


@given(st.from_regex(r"[A-Z0-9]{1,21}", fullmatch=True))
def test_rf_of_any_number_is_right_by_stdnum(number: str) -> None:
    if number[:2] == "RF" and number[2:4].isdigit():
        return  # a reference already
    reference = make_rf_reference(number.lower())
    assert iso11649.validate(reference) == reference
    assert reference[4:] == number
    assert parse_reference(reference) == reference


@pytest.mark.parametrize("number", ["", "-", "é", "ß", "a_b", "№ 5", "1" * 22, "٣"])
def test_rf_of_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(BadReference) as refused:
        make_rf_reference(number)
    assert refused.value.kind == "invoice"
