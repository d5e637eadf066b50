import pytest
import sqlalchemy as sa

from retouch.accounts.description import described_key
from retouch.accounts.keys import KeyStore, KeyTerms
from retouch.accounts.principal import Scope
from retouch.accounts.secret import digest_of
from retouch.accounts.tables import KEYS, SECRETS
from retouch.database.connection import connect
from retouch.errors import InvalidValueError, NotFoundError

NOW = 1_000_000.0


@pytest.fixture
def clock():
    class Clock:
        now = NOW

        def __call__(self):
            return self.now

    return Clock()


@pytest.fixture
def keys(service, clock):
    return KeyStore(service.database, clock=clock)


def test_a_key_is_opened_by_its_secret_of_which_only_the_digest_is_kept(keys, service):
    key, secret = keys.create(KeyTerms("phone app", frozenset({Scope.EDIT}), priority=3))
    opened = keys.authenticate(digest_of(secret))
    assert opened.key.principal.key_id == key.id
    assert opened.key.principal.scopes == {Scope.EDIT}
    assert opened.key.principal.priority == 3
    assert key.hints == (secret[:7],)
    with service.database.connect() as connection:
        kept = "".join(str(row) for table in (KEYS, SECRETS) for row in connection.execute(sa.select(table)))
    assert secret not in kept
    assert secret[8:30] not in kept


def test_another_secret_opens_nothing(keys):
    keys.create(KeyTerms("one"))
    assert keys.authenticate(digest_of("rt_other")) is None


def test_a_disabled_key_says_so_until_it_is_enabled_again(keys, clock):
    key, secret = keys.create(KeyTerms("one"))
    assert keys.disable(key.id).disabled_at == NOW
    clock.now += 5
    assert keys.disable(key.id).disabled_at == NOW  # the first time stands
    assert "disabled" in keys.authenticate(digest_of(secret)).refusal(clock.now)
    assert keys.enable(key.id).disabled_at is None
    assert keys.authenticate(digest_of(secret)).refusal(clock.now) is None


def test_a_key_ends_at_its_expiry(keys):
    _, secret = keys.create(KeyTerms("one", expires_at=NOW + 10))
    opened = keys.authenticate(digest_of(secret))
    assert opened.refusal(NOW + 9.9) is None
    assert "expired" in opened.refusal(NOW + 10)
    with pytest.raises(InvalidValueError, match="expires_at must be a time to come"):
        keys.create(KeyTerms("late", expires_at=NOW))


def test_a_rotated_key_has_two_secrets_until_the_grace_is_over(keys, clock):
    key, old = keys.create(KeyTerms("one"))
    clock.now += 1
    rotated, new = keys.rotate(key.id, grace_seconds=60)
    assert rotated.hints == (new[:7], old[:7])
    assert keys.authenticate(digest_of(new)).refusal(clock.now) is None
    assert keys.authenticate(digest_of(old)).refusal(clock.now + 59) is None
    assert "replaced" in keys.authenticate(digest_of(old)).refusal(clock.now + 60)
    clock.now += 60
    assert keys.get(key.id).hints == (new[:7],)


def test_a_second_rotation_does_not_lengthen_the_first_grace(keys, clock):
    key, first = keys.create(KeyTerms("one"))
    keys.rotate(key.id, grace_seconds=10)
    keys.rotate(key.id, grace_seconds=1000)
    assert keys.authenticate(digest_of(first)).valid_until == NOW + 10


def test_the_last_use_is_written_at_most_once_a_minute(keys, clock):
    key, secret = keys.create(KeyTerms("one"))
    assert key.last_used_at is None
    for moment, noted in ((NOW, NOW), (NOW + 59, NOW), (NOW + 60, NOW + 60)):
        clock.now = moment
        keys.authenticate(digest_of(secret))
        assert keys.get(key.id).last_used_at == noted


def test_terms_are_changed_one_by_one(keys):
    key, _ = keys.create(KeyTerms("one", images_per_day=10, max_waiting=2))
    changed = keys.change(key.id, images_per_day=None, name="two").terms
    assert (changed.name, changed.images_per_day, changed.max_waiting) == ("two", None, 2)
    with pytest.raises(NotFoundError, match="no key named 'key_none'"):
        keys.change("key_none", name="three")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " x"),
        ("name", "a\nb"),
        ("name", "x" * 101),
        ("scopes", frozenset()),
        ("priority", 101),
        ("requests_per_minute", 0),
        ("images_per_day", -1),
        ("max_unfinished", 2**31),
        ("max_waiting", 0),
    ],
)
def test_a_wrong_term_is_refused_by_name(keys, field, value):
    key, _ = keys.create(KeyTerms("one"))
    with pytest.raises(InvalidValueError, match=f"^{field} must be"):
        keys.change(key.id, **{field: value})
    assert keys.get(key.id) == key


def test_keys_come_in_pages_the_newest_first(keys, clock):
    made = []
    for number in range(5):
        clock.now += number % 2  # two of them at the same moment
        made.append(keys.create(KeyTerms(f"key {number}"))[0].id)
    first = keys.page(limit=2)
    second = keys.page(limit=2, after=first[-1].id)
    third = keys.page(limit=2, after=second[-1].id)
    listed = [key.id for key in (*first, *second, *third)]
    assert sorted(listed) == sorted(made)
    ages = [keys.get(key_id).created_at for key_id in listed]
    assert ages == sorted(ages, reverse=True)


def test_a_key_is_found_by_a_name_that_only_it_has(keys):
    one, _ = keys.create(KeyTerms("one"))
    keys.create(KeyTerms("twin"))
    keys.create(KeyTerms("twin"))
    assert keys.find("one").id == one.id
    assert keys.find(one.id).id == one.id
    with pytest.raises(NotFoundError, match="Several have that name"):
        keys.find("twin")
    with pytest.raises(NotFoundError, match="keys list"):
        keys.find("none")


def test_whether_there_is_any_key_can_be_asked_of_a_database_without_tables(tmp_path, keys):
    empty = connect(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    assert not KeyStore(empty).any_exist()
    empty.dispose()
    assert not keys.any_exist()
    key, _ = keys.create(KeyTerms("one"))
    keys.disable(key.id)
    assert keys.any_exist()


@pytest.mark.parametrize("moment", [-1.0, 253_402_386_399.0, float("inf"), float("nan")])
def test_a_key_can_not_end_at_a_moment_that_no_calendar_has(service, moment):
    key, _ = service.accounts.keys.create(KeyTerms("one"))
    with pytest.raises(InvalidValueError, match="from the years 1970 to 9999"):
        service.accounts.keys.create(KeyTerms("two", expires_at=moment))
    with pytest.raises(InvalidValueError, match="from the years 1970 to 9999"):
        service.accounts.keys.change(key.id, expires_at=moment)
    assert [described_key(each)["expires_at"] for each in service.accounts.keys.page(limit=9)] == [None]
