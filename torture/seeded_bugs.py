"""Bugs for the ledger to find: what each would leave behind, put into a clean run."""

from __future__ import annotations

from synthetic import BEGIN, Run, identifier


def _remove_deliveries(run: Run, *deliveries: dict) -> None:
    gone = {each["id"] for each in deliveries}
    run.webhook_deliveries = [each for each in run.webhook_deliveries if each["id"] not in gone]
    run.webhook_delivery_logs = [
        each for each in run.webhook_delivery_logs if each["delivery_id"] not in gone]
    run.terminals = [each for each in run.terminals if each["id"] not in gone]
    run.recount()


def dropped_delivery(run: Run) -> None:
    """The transaction stored the event and not what is owed for it."""
    run.receiver = [each for each in run.receiver if each not in run.hits("a", 0)]
    _remove_deliveries(run, run.delivery("a", 0))


def ack_before_commit(run: Run) -> None:
    """OK was said, then the transaction was lost."""
    for hook in ("ok", "busy"):
        run.receiver = [each for each in run.receiver if each not in run.hits("a", 0, hook)]
    _remove_deliveries(run, run.delivery("a", 0), run.delivery("a", 0, "busy"))
    run.events.remove(run.event("a", 0))


def success_without_a_receiver(run: Run) -> None:
    """Recorded as delivered, but no 2xx was ever given."""
    run.receiver = [each for each in run.receiver if each not in run.hits("a", 0)]


def success_of_a_broken_answer(run: Run) -> None:
    """The receiver cut its answer in the middle, and it was taken for a whole one."""
    run.hits("a", 0)[0]["settles"] = "no"


def double_terminal(run: Run) -> None:
    """Two daemons each recorded an end."""
    first = run.rows("a", 1)[0]
    run.webhook_delivery_logs.append(first | {
        "attempt_number": 2, "delivery_status": "failed",
        "created_at": first["created_at"] + 0.01})
    run.delivery("a", 1)["attempts"] = 2
    run.terminals = [each for each in run.terminals if each["id"] != first["delivery_id"]]
    run.recount()


def two_deliveries(run: Run) -> None:
    """The fan-out ran twice."""
    copy = identifier("copy")
    run.webhook_deliveries.append(run.delivery("a", 1) | {"id": copy})
    run.webhook_delivery_logs.append(run.rows("a", 1)[0] | {"delivery_id": copy})
    run.recount()


def pending_left_behind(run: Run) -> None:
    """Nobody came back for it."""
    delivery = run.delivery("b", 2)
    run.receiver = [each for each in run.receiver if each not in run.hits("b", 2)]
    run.webhook_delivery_logs = [
        each for each in run.webhook_delivery_logs if each not in run.rows("b", 2)]
    delivery.update(state="pending", ended_at="", attempts=0)
    run.terminals = [each for each in run.terminals if each["id"] != delivery["id"]]
    run.recount()


def given_up_too_early(run: Run) -> None:
    """A webhook that always answers in the end was given up."""
    run.rows("a", 0)[0].update(delivery_status="failed", cause=1)
    run.delivery("a", 0)["state"] = "failed"
    run.terminals = [each for each in run.terminals if each["id"] != run.delivery("a", 0)["id"]]
    run.recount()


def phantom_event(run: Run) -> None:
    """An event that nobody published."""
    run.events.append(run.event("a", 0) | {
        "id": identifier("phantom"), "idempotency_key": "zzz", "sha256": "00"})


def refused_but_stored(run: Run) -> None:
    """INVALID_ARGUMENT was said, and the row is there."""
    sha256 = next(each["sha256"] for each in run.producer if each.get("key") == "a6")
    run.events.append(run.event("a", 0) | {
        "id": identifier("a", 6), "idempotency_key": "a6", "sha256": sha256})


def phantom_request(run: Run) -> None:
    """A request that tells an event of nobody."""
    run.hit("a", 0, "ok", BEGIN + 1)
    run.receiver[-1].update(webhook_id=identifier("nobody"), sha256="00")


def redirect_followed(run: Run) -> None:
    """The sender went where a redirect pointed."""
    run.hit("a", 0, "ok", BEGIN + 1)
    run.receiver[-1].update(trap=True, hook="")


def hash_changed_on_the_wire(run: Run) -> None:
    """The payload was re-serialised."""
    run.hits("a", 0)[0]["sha256"] = "00"


def hash_changed_in_the_database(run: Run) -> None:
    """The payload was stored as jsonb."""
    run.event("a", 0)["sha256"] = "00"


def request_without_a_row(run: Run) -> None:
    """Sent before the attempt was on record, then killed."""
    run.webhook_delivery_logs.remove(run.rows("a", 3)[0])
    run.rows("a", 3)[0]["attempt_number"] = 1
    run.delivery("a", 3)["attempts"] = 1
    run.terminals = [each for each in run.terminals if each["id"] != run.delivery("a", 3)["id"]]
    run.recount()


def row_after_the_request(run: Run) -> None:
    """The attempt was recorded when the answer came."""
    run.rows("a", 0)[0]["created_at"] += 0.05


def retry_after_success(run: Run) -> None:
    """Done, and tried again."""
    run.attempt("a", 1, "ok", BEGIN + 4, BEGIN + 4.1, "failed", 1, 503, 503)
    run.rows("a", 1)[-1].update(delivery_status="pending_retry", next_retry_at=BEGIN + 5)
    run.delivery("a", 1)["attempts"] = 2
    run.terminals = [each for each in run.terminals if each["id"] != run.delivery("a", 1)["id"]]
    run.recount()


def zombie_send(run: Run) -> None:
    """A request long after success, with no pause to explain it."""
    run.hit("a", 3, "ok", BEGIN + 20, 503)
    run.webhook_delivery_logs.append(
        run.rows("a", 3)[0] | {"attempt_number": 3, "next_retry_at": ""})
    run.delivery("a", 3)["attempts"] = 3
    run.terminals = [each for each in run.terminals if each["id"] != run.delivery("a", 3)["id"]]
    run.recount()


def duplicate_without_a_fault(run: Run) -> None:
    """A lease by the wall clock: abandoned although nothing was broken."""
    run.faults = [each for each in run.faults if each["kind"] != "fault"]


def duplicate_of_a_good_attempt(run: Run) -> None:
    """One attempt, two requests."""
    run.hit("a", 1, "ok", BEGIN + 1.15)


def duplicates_beyond_the_bound(run: Run) -> None:
    """A kill re-sent more than was in flight."""
    run.faults[1]["in_flight"] = 1
    for tenant in "ab":
        for row in run.rows(tenant, 4):
            if row["cause"] == 6:
                row["cause"] = 10


def another_webhook_id(run: Run) -> None:
    """The retry is the same event under a new id: the receiver cannot tell it is one."""
    run.hits("a", 3)[1]["webhook_id"] = identifier("new")


def signed_for_another_tenant(run: Run) -> None:
    """The secret of another tenant's webhook."""
    run.hits("a", 0)[0].update(signature="bad", signed_by="b-ok")


def told_to_another_tenant(run: Run) -> None:
    """Row level security was off: tenant b's webhook gets tenant a's event."""
    run.hits("a", 0)[0].update(hook="b-ok", tenant=identifier("b"))


def terminal_left(run: Run) -> None:
    """It had failed when it was looked at, and has succeeded now."""
    run.terminals[0]["state"] = "failed"


def terminal_gone(run: Run) -> None:
    """It had ended when it was looked at, and is not there now."""
    run.terminals.append(run.terminals[0] | {"id": identifier("gone")})


def key_twice(run: Run) -> None:
    """The unique index is gone: sending an unknown key again made a second event."""
    run.events.append(run.event("a", 5) | {"id": identifier("second")})


def retried_under_a_new_key(run: Run) -> None:
    """An unknown commit was repeated under another key."""
    run.events.append(run.event("a", 5) | {
        "id": identifier("second"), "idempotency_key": "made-up"})


def stored_under_another_key(run: Run) -> None:
    """Sending it again would make a second event, even if nobody did so in this run."""
    run.event("a", 0)["idempotency_key"] = "made-up"


def two_answers_to_a_key(run: Run) -> None:
    """The repeat was answered with another event."""
    outcome = next(each for each in run.producer
                   if each["kind"] == "outcome" and each["try"] == "a5.0")
    outcome.update(outcome="A", event=run.event("a", 4)["id"])


def unknown_for_ever(run: Run) -> None:
    """The last call with a key has no outcome."""
    run.producer = [each for each in run.producer
                    if not (each["kind"] == "outcome" and each["try"].startswith("a5"))]


def counter_off_by_one(run: Run) -> None:
    run.webhook_statistics[0]["successful_deliveries"] += 1
    run.webhook_statistics[0]["total_deliveries"] += 1


def attempt_not_counted(run: Run) -> None:
    run.webhook_statistics[1]["total_attempts"] -= 1


def attempt_left_open(run: Run) -> None:
    run.rows("a", 3)[0].update(delivery_status="in_progress", delivered_at="", next_retry_at="")
    run.recount()


def log_outlives_its_delivery(run: Run) -> None:
    run.webhook_delivery_logs.append(
        run.rows("a", 3)[0] | {"delivery_id": identifier("a", 99, "ok")})


def attempt_missing(run: Run) -> None:
    run.rows("a", 3)[0]["attempt_number"] = 7


def too_early(run: Run) -> None:
    run.rows("a", 0, "busy")[0]["next_retry_at"] += 60


def retry_after_ignored(run: Run) -> None:
    run.hits("a", 0, "busy")[0]["retry_after"] = 30.0


def daemon_died_by_itself(run: Run) -> None:
    run.faults.append({"kind": "observation", "t": BEGIN, "text": "daemon a ended with status 4"})


#: The invariant that is to find it -> bugs.
BUGS = {
    "I1": [dropped_delivery, ack_before_commit, success_without_a_receiver,
           success_of_a_broken_answer, double_terminal, two_deliveries, pending_left_behind,
           given_up_too_early],
    "I2": [phantom_event, refused_but_stored, phantom_request, redirect_followed],
    "I3": [hash_changed_on_the_wire, hash_changed_in_the_database],
    "I4": [request_without_a_row, row_after_the_request],
    "I5": [duplicate_without_a_fault, duplicate_of_a_good_attempt, duplicates_beyond_the_bound,
           another_webhook_id],
    "I6": [signed_for_another_tenant, told_to_another_tenant],
    "I7": [terminal_left, terminal_gone],
    "I8": [retry_after_success, zombie_send],
    "I9": [key_twice, retried_under_a_new_key, stored_under_another_key, two_answers_to_a_key,
           unknown_for_ever],
    "STATS": [counter_off_by_one, attempt_not_counted],
    "LOG": [attempt_left_open, attempt_missing, log_outlives_its_delivery],
    "DUE": [too_early, retry_after_ignored],
    "RUN": [daemon_died_by_itself],
}
