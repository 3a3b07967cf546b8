"""Redeems codes and says each that is done, until it is killed: `python -m tests.usertokens.redeemer`."""

from __future__ import annotations

import sys

import django

if __name__ == "__main__":
    django.setup()

    from usertokens.services.vouchers import redeem_voucher

    for line in sys.stdin:
        user_id, code = line.split()
        redeem_voucher(user_id, code)
        sys.stdout.write(f"{code}\n")
        sys.stdout.flush()
