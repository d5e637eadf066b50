"""Credits: what is held, settled and released, on both kinds of database."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from tests.unit.accounts.conftest import PRICE, open_service

from retouch.accounts.audit import audit_ledger
from retouch.accounts.keys import KeyTerms
from retouch.accounts.ledger import EntryKind
from retouch.accounts.prices import Prices
from retouch.accounts.requests import RequestStatus
from retouch.accounts.tables import CREDIT_ENTRIES, KEYS, USAGE
from retouch.errors import InvalidValueError, NotFoundError, OutOfCreditsError
from retouch.jobs.models import JobState


def limited(service, credits):
    return service.accounts.keys.create(KeyTerms("one", is_unlimited=False), credits)[0].id


def balance(service, key_id):
    return service.accounts.keys.get(key_id).balance


def kinds(service):
    with service.database.connect() as connection:
        return [(row.kind, row.amount, row.charged) for row in connection.execute(sa.select(CREDIT_ENTRIES))]


def test_an_edit_is_held_for_when_accepted_and_charged_by_the_pictures_made(either):
    key = limited(either, 100)
    either.accept("a", key, num_images=4)
    assert balance(either, key) == 100 - 4 * PRICE
    assert either.accounts.ledger.charged_for("a") == 0
    either.end(JobState.SUCCEEDED, images=3)
    assert balance(either, key) == 100 - 3 * PRICE
    assert either.accounts.ledger.charged_for("a") == 3 * PRICE
    assert kinds(either) == [("grant", 100, 0), ("hold", -20, 0), ("settle", 5, 15)]
    assert audit_ledger(either.database).faults == ()


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.MODERATED, JobState.CANCELLED])
def test_an_edit_that_makes_nothing_costs_nothing(service, state):
    key = limited(service, 100)
    service.accept("a", key, num_images=2)
    service.end(state)
    assert balance(service, key) == 100
    assert kinds(service)[-1] == ("release", 2 * PRICE, 0)
    assert service.accounts.requests.page(key, limit=1)[0].credits == 0


def test_an_edit_that_was_cancelled_while_it_waited_costs_nothing(service):
    key = limited(service, 100)
    service.accept("a", key)
    service.store.cancel("a")
    assert balance(service, key) == 100


def test_an_edit_that_runs_twice_is_charged_once(either):
    key = limited(either, 100)
    either.accept("a", key)
    either.store.claim("dead", lease_seconds=-1)
    either.store.requeue_stalled(max_attempts=2)
    either.end(JobState.SUCCEEDED)
    assert either.store.finish("a", "dead", JobState.FAILED, None) is None
    assert balance(either, key) == 100 - PRICE
    assert [kind for kind, _, _ in kinds(either)] == ["grant", "hold", "settle"]


def test_the_books_of_an_edit_are_closed_once_however_often_they_are_told(service):
    key = limited(service, 100)
    service.accept("a", key)
    ended = service.end(JobState.SUCCEEDED)
    with service.database.begin() as connection:
        service.accounts.books.ended(connection, ended)
    assert balance(service, key) == 100 - PRICE


@pytest.mark.parametrize("kind", [EntryKind.HOLD, EntryKind.SETTLE, EntryKind.RELEASE])
def test_the_database_itself_refuses_a_second_hold_and_a_second_end(either, kind):
    key = limited(either, 100)
    either.accept("a", key)
    either.end(JobState.SUCCEEDED)
    row = {
        "key_id": key,
        "job_id": "a",
        "kind": kind.value,
        "amount": 5,
        "charged": 0,
        "reference": "",
        "created_at": 0.0,
    }
    with pytest.raises(IntegrityError), either.database.begin() as connection:
        connection.execute(sa.insert(CREDIT_ENTRIES).values(**row))


def test_a_key_without_enough_credits_is_refused_and_nothing_of_the_edit_stays(either):
    key = limited(either, 3 * PRICE - 1)
    either.accept("a", key, num_images=2)
    with pytest.raises(OutOfCreditsError, match="may cost 5 credits, and the key has 4"):
        either.accept("b", key)
    assert either.store.count(JobState.QUEUED) == 1
    assert len(either.accounts.requests.page(key, limit=9)) == 1
    assert balance(either, key) == PRICE - 1


def test_an_unlimited_key_goes_below_zero_which_is_what_it_has_used(service):
    key = service.accounts.keys.create(KeyTerms("one"))[0].id
    service.accept("a", key)
    service.end(JobState.SUCCEEDED)
    assert balance(service, key) == -PRICE
    assert audit_ledger(service.database).faults == ()


def test_a_key_of_the_settings_is_charged_without_a_balance(service):
    service.accept("a", "configured_0a1b2c3d")
    service.end(JobState.SUCCEEDED)
    assert service.accounts.ledger.charged_for("a") == PRICE
    (charge,) = service.accounts.ledger.transactions("configured_0a1b2c3d", limit=9)
    assert (charge.charged, charge.reference) == (PRICE, "inference-a")
    with pytest.raises(NotFoundError, match="no key named"):
        service.accounts.ledger.grant("configured_0a1b2c3d", 5)


def test_an_edit_is_settled_at_the_price_that_it_was_accepted_at(tmp_path):
    url = f"sqlite:///{tmp_path / 'jobs.sqlite'}"
    before = open_service(url, Prices(10))
    key = limited(before, 100)
    before.accept("a", key, num_images=2)
    before.store.close()
    after = open_service(url, Prices(99))
    after.end(JobState.SUCCEEDED, images=1)
    assert balance(after, key) == 90
    after.store.close()


def test_a_model_and_an_engine_have_prices_of_their_own(tmp_path):
    prices = Prices(10, by_model={"flux/dev/image-to-image": 2}, by_engine={"fake": 7})
    service = open_service(f"sqlite:///{tmp_path / 'jobs.sqlite'}", prices)
    key = limited(service, 100)
    service.accept("a", key)
    service.accept("b", key, model="flux/dev/image-to-image")
    assert balance(service, key) == 100 - 7 - 2
    service.store.close()


def test_what_is_free_leaves_no_entries(tmp_path):
    service = open_service(f"sqlite:///{tmp_path / 'jobs.sqlite'}", Prices(0))
    key = limited(service, 1)
    service.accept("a", key)
    service.end(JobState.SUCCEEDED)
    assert kinds(service) == [("grant", 1, 0)]
    assert service.accounts.requests.page(key, limit=1)[0].status is RequestStatus.SUCCEEDED
    service.store.close()


def test_credits_are_given_and_taken_back(service):
    key = limited(service, 0)
    assert service.accounts.ledger.grant(key, 50, reference="invoice 7") == 50
    assert service.accounts.ledger.grant(key, -20) == 30
    newest, oldest = service.accounts.ledger.transactions(key, limit=9)
    assert (newest.amount, oldest.amount, oldest.reference) == (-20, 50, "invoice 7")
    for wrong in (0, 10**15 + 1):
        with pytest.raises(InvalidValueError, match="credits"):
            service.accounts.ledger.grant(key, wrong)
    with pytest.raises(InvalidValueError, match="reference"):
        service.accounts.ledger.grant(key, 1, reference="a\x00b")


def test_of_many_edits_at_the_same_time_only_those_are_accepted_that_the_credits_pay_for(either):
    key = limited(either, 10 * PRICE)
    start = threading.Barrier(6)

    def try_all(thread):
        start.wait()
        accepted = 0
        for number in range(5):
            try:
                either.accept(f"{thread}-{number}", key)
                accepted += 1
            except OutOfCreditsError:
                pass
        return accepted

    with ThreadPoolExecutor(6) as pool:
        accepted = sum(pool.map(try_all, range(6)))
    assert accepted == 10
    assert balance(either, key) == 0
    assert audit_ledger(either.database).faults == ()


def test_holds_and_ends_at_the_same_time_lose_nothing(either):
    key = limited(either, 1000)
    for number in range(20):
        either.accept(f"first-{number}", key)

    def accept(number):
        either.accept(f"second-{number}", key)

    def end(number):
        either.end(JobState.SUCCEEDED if number % 2 else JobState.FAILED)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: (accept(number), end(number)), range(20)))
    audit = audit_ledger(either.database)
    assert audit.faults == ()
    assert audit.charged == 10 * PRICE
    assert audit.open_holds == 20
    assert balance(either, key) == 1000 - 10 * PRICE - 20 * PRICE


def test_the_audit_finds_what_was_changed_by_hand(service):
    key = limited(service, 100)
    for job in ("a", "b", "c"):
        service.accept(job, key)
        service.end(JobState.SUCCEEDED)
    assert audit_ledger(service.database).faults == ()
    with service.database.begin() as connection:
        connection.execute(sa.update(KEYS).values(balance=KEYS.c.balance + 1))
        is_end = CREDIT_ENTRIES.c.kind == "settle"
        connection.execute(sa.update(CREDIT_ENTRIES).where(CREDIT_ENTRIES.c.job_id == "a", is_end).values(charged=4))
        connection.execute(sa.delete(CREDIT_ENTRIES).where(CREDIT_ENTRIES.c.job_id == "b", is_end))
        connection.execute(
            sa.delete(CREDIT_ENTRIES).where(CREDIT_ENTRIES.c.job_id == "c", CREDIT_ENTRIES.c.kind == "hold")
        )
        connection.execute(sa.update(USAGE).values(credits=1))
    found = "\n".join(audit_ledger(service.database).faults)
    for part in (
        "has a balance of",
        "The settle of the edit a",
        "edit b has ended",
        "edit c was settled",
        "days of the key",
    ):
        assert part in found


def test_credits_are_worth_what_the_settings_say():
    assert Prices(usd_per_credit=Decimal("0.0000005")).usd(84_000) == Decimal("0.042")
