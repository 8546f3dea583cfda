"""The invariants of events: none lost, none invented, none altered, none told to a stranger."""

from __future__ import annotations

from findings import Findings
from history import TEST_TYPE, Delivery, Event, History, Hit, Publication
from hooks import Hook


def check(history: History, findings: Findings) -> None:
    """I1, I2, I3, I6 and I9."""
    for publication in history.publications.values():
        _nothing_lost(history, findings, publication)
        _one_row(history, findings, publication)
    for delivery in history.deliveries:
        _ended_once(history, findings, delivery)
    for event in history.events:
        _not_invented(history, findings, event)
    for hit in history.hits:
        _expected_hit(history, findings, hit)


# I1 -------------------------------------------------------------------------------------------


def _nothing_lost(history: History, findings: Findings, publication: Publication) -> None:
    """Every acknowledged event is stored and owed to every webhook that subscribes to it."""
    if publication.verdict != "A":
        return
    name = f"key {publication.key}"
    for each in publication.tries:
        if each.outcome != "A":
            continue
        findings.checked("I1")
        event = history.event_by_id.get((publication.tenant, each.event))
        if event is None:
            findings.violated(
                "I1", name, f"was acknowledged as event {each.event}, which is not there")
            continue
        for hook in history.hooks.values():
            if hook.tenant == event.tenant and hook.covers(event.type) and not hook.may_disable:
                _owed(history, findings, event, hook)


def _owed(history: History, findings: Findings, event: Event, hook: Hook) -> None:
    findings.checked("I1")
    deliveries = [
        each for each in history.deliveries_by_pair.get((event.id, hook.webhook), ())
        if not each.is_test]
    pair = f"event {event.id} to {hook.name}"
    if not deliveries:
        findings.violated("I1", pair, "was acknowledged and is not owed")
    elif len(deliveries) > 1:
        findings.violated("I1", pair, f"has {len(deliveries)} deliveries")


def _ended_once(history: History, findings: Findings, delivery: Delivery) -> None:
    """Every delivery is in one terminal state, and its log and its receiver agree."""
    findings.checked("I1")
    name = f"delivery {delivery.id}"
    webhook = history.webhooks.get(delivery.webhook)
    hook = history.hook_of_webhook.get(delivery.webhook)
    rows = history.attempts_by_delivery.get((delivery.tenant, delivery.id), ())
    final = [row for row in rows if row.status in ("success", "failed")]
    match delivery.state:
        case "pending":
            if webhook is None or webhook.is_active:
                findings.violated("I1", name, "is still pending")
            elif hook is not None and not hook.may_disable:
                findings.violated("I1", name, f"is pending: {hook.name} was disabled")
            if final:
                findings.violated("I1", name, "is pending although an attempt was the last one")
        case "cancelled":
            if webhook is None or not webhook.is_deleted:
                findings.violated("I1", name, "is cancelled, but its webhook was not deleted")
        case "succeeded" | "failed":
            wanted = "success" if delivery.state == "succeeded" else "failed"
            if len(final) != 1 or final[0].status != wanted:
                ends = ", ".join(row.status for row in final) or "none"
                findings.violated(
                    "I1", name, f"{delivery.state}, but the log's last attempts are: {ends}")
            _as_expected(history, findings, delivery, hook)
        case other:
            findings.violated("I1", name, f"is in state {other}")


def _as_expected(
    history: History, findings: Findings, delivery: Delivery, hook: Hook | None
) -> None:
    name = f"delivery {delivery.id}"
    if hook is None:
        if not delivery.is_test:
            findings.violated("I2", name, "goes to a webhook that nobody made")
        return
    if hook.expect not in ("any", delivery.state) and not delivery.is_test:
        findings.violated("I1", name, f"to {hook.name} {delivery.state}, not {hook.expect}")
    if delivery.state == "succeeded":
        hits = history.hits_by_pair.get((delivery.event, delivery.webhook), ())
        if not any(hit.may_settle for hit in hits):
            findings.violated("I1", name, "succeeded, but the receiver never answered 2xx")


# I2, I3 ---------------------------------------------------------------------------------------


def _not_invented(history: History, findings: Findings, event: Event) -> None:
    """Every stored event was asked for and not refused, and is what was asked for."""
    if event.type == TEST_TYPE:
        return
    findings.checked("I2")
    name = f"event {event.id}"
    publication = history.publications.get((event.tenant, event.key))
    if publication is None:
        copied = history.publication_by_hash.get((event.tenant, event.sha256))
        if copied is None:
            findings.violated("I2", name, f"has key {event.key!r}, which nobody used")
        # Else: a second row of a known event, which I9 tells.
        return
    if publication.verdict == "N":
        codes = ", ".join(each.code for each in publication.tries)
        findings.violated("I2", name, f"is there, but key {event.key} was refused: {codes}")
    findings.checked("I3")
    if event.sha256 != publication.sha256:
        findings.violated("I3", name, f"holds other bytes than were published as {event.key}")


def _expected_hit(history: History, findings: Findings, hit: Hit) -> None:
    """Every request tells an event of the webhook's own tenant, owed to it, signed for it."""
    findings.checked("I2")
    name = f"request at {hit.at:.3f} to {hit.hook or 'no webhook'} telling {hit.event or 'nothing'}"
    if hit.trap:
        return findings.violated("I2", name, "followed a redirect")
    hook = history.hooks.get(hit.hook)
    if hook is None:
        return findings.violated("I2", name, "goes to a webhook that nobody made")
    _signed(findings, hit, hook, name)
    event = history.event_by_id.get((hook.tenant, hit.event))
    if event is None:
        return _stranger(history, findings, hit, hook, name)
    if not history.deliveries_by_pair.get((hit.event, hook.webhook)):
        findings.violated("I2", name, "was not owed")
    if hit.sha256 is not None:
        findings.checked("I3")
        if hit.sha256 != event.sha256:
            findings.violated("I3", name, "holds other bytes than the event")


def _stranger(
    history: History, findings: Findings, hit: Hit, hook: Hook, name: str
) -> None:
    """A request whose webhook-id is no event of the webhook's tenant."""
    if any(each.id == hit.event for each in history.events):
        return findings.violated("I6", name, "tells an event of another tenant")
    publication = history.publication_by_hash.get((hook.tenant, hit.sha256 or ""))
    if publication is None:
        findings.violated("I2", name, "tells what nobody published")
    elif publication.verdict == "N":
        findings.violated("I2", name, f"tells key {publication.key}, which was refused")
    elif history.events_by_hash.get((hook.tenant, publication.sha256)):
        findings.violated("I5", name, f"tells key {publication.key} under another webhook-id")
    else:
        findings.violated("I1", name, f"tells key {publication.key}, which is not stored")


# I6 -------------------------------------------------------------------------------------------


def _signed(findings: Findings, hit: Hit, hook: Hook, name: str) -> None:
    if hook.auth == "none" or hit.signature == "unread":
        return
    findings.checked("I6")
    if hit.tenant != hook.tenant:
        findings.violated("I6", name, f"was taken for tenant {hit.tenant}")
    if hit.signature != "ok":
        signer = f", signed for {hit.signed_by}" if hit.signed_by else ""
        findings.violated("I6", name, f"signature {hit.signature}{signer}")


# I9 -------------------------------------------------------------------------------------------


def _one_row(history: History, findings: Findings, publication: Publication) -> None:
    """However often a key is sent, and whatever was heard of it: one row, or none if refused."""
    name = f"key {publication.key}"
    findings.checked("I9")
    by_key = history.events_by_key.get((publication.tenant, publication.key), [])
    by_hash = history.events_by_hash.get((publication.tenant, publication.sha256), [])
    rows = {each.id for each in by_key} | {each.id for each in by_hash}
    copies = max(len(by_key), len(by_hash), len(rows))
    if copies > 1:
        findings.violated("I9", name, f"has {copies} rows")
    elif by_hash and by_hash[0].key != publication.key:
        findings.violated("I9", name, f"is stored under key {by_hash[0].key!r}")
    if publication.verdict == "U":
        findings.violated("I9", name, "never got a definite answer")
    if publication.verdict == "A":
        told = {each.event for each in publication.tries if each.outcome == "A"}
        if len(told) > 1:
            findings.violated("I9", name, f"was acknowledged as {len(told)} events")
        if publication.was_unknown:
            findings.count("unknown outcomes resolved", 1)
