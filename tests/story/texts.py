"""What the scripted model answers for the sample project, Checkout p99."""

from dataclasses import dataclass

Effect = tuple[str, str, str]
DOUBLE, FRAUD, COST, TEAM = (
    "No double charge",
    "Fraud check kept",
    "Same running cost",
    "Small team",
)


@dataclass(frozen=True)
class Design:
    title: str
    description: str
    effects: tuple[Effect, ...]
    resource_cost: float
    met: tuple[float, float, float, float]
    """How far it meets the four constraints, in their order."""
    fits: tuple[tuple[float, str], ...]
    """For each scenario, how well it copes, and why."""


SCENARIOS = (
    (
        "Flash sale at ten times load",
        "Checkouts rise from 40 to 400 a second within two minutes and stay there for half an "
        "hour; three articles draw 60 % of them.",
    ),
    (
        "Fraud service slows to 3 s",
        "The fraud check answers in 3 s instead of 0.4 s for 20 minutes; it loses no request.",
    ),
    (
        "Payment provider times out",
        "One payment in fifty gets no answer within 10 s, though the provider has booked half of "
        "those.",
    ),
    (
        "Prices change during checkout",
        "A campaign changes 8,000 prices at noon, while 600 checkouts are under way.",
    ),
    (
        "Database primary fails over",
        "The primary is gone without warning; the replica takes writes after 25 s and lacks the "
        "last 200 ms.",
    ),
    (
        "Last items sell out",
        "Forty customers check out the last five pieces of one article in the same second.",
    ),
    (
        "A node of the cluster is lost",
        "One of four nodes dies at the daily peak; its pods are up elsewhere after 90 s.",
    ),
    (
        "Mail service down for an hour",
        "The mail service refuses every connection from 18:00 to 19:00.",
    ),
)

DESIGNS = (
    Design(
        "Fraud check after authorisation",
        "Authorise the card first and answer the customer; a worker then runs the fraud check and "
        "captures or voids the payment within ten minutes. That takes 0.4 to 1.6 s out of the "
        "slowest checkouts. A voided order needs a mail of apology.",
        (
            (FRAUD, "worsens", "slightly"),
            (DOUBLE, "improves", "clearly"),
            (TEAM, "improves", "slightly"),
        ),
        1.15,
        (0.94, 0.86, 0.95, 0.82),
        (
            (0.84, "The slowest call is off the path, so the queue grows and the answer does not."),
            (0.95, "The customer never waits for the fraud service; only captures come later."),
            (0.62, "The authorisation itself still waits for the provider that does not answer."),
            (0.74, "Prices are still read in line, but they were not the longest wait."),
            (0.55, "Orders authorised in the lost 200 ms have to be found at the provider again."),
            (0.70, "Stock is taken as before, so the race stays; it is over sooner."),
            (0.81, "The worker picks its queue up again once the pod is back."),
            (0.83, "Mail leaves from the same worker, which retries it later."),
        ),
    ),
    Design(
        "Price cache, refreshed behind",
        "Each pod keeps prices for 30 s and renews them in the background, so that a checkout "
        "reads memory instead of a service; the sum is checked once more before payment. Saves up "
        "to 700 ms at the p99 and costs 200 MB of memory a pod.",
        ((COST, "improves", "slightly"), (TEAM, "improves", "clearly")),
        0.62,
        (0.90, 0.97, 0.93, 0.96),
        (
            (0.78, "The hot articles are in memory, so prices no longer slow down with the load."),
            (0.34, "The fraud check is the longest wait here, and it stays in line."),
            (0.50, "It changes nothing about a payment that gets no answer."),
            (0.52, "A price may be 30 s old; the check before payment sends some customers back."),
            (0.57, "Prices can still be read during the failover, orders cannot be written."),
            (0.49, "Stock is not cached, so the last pieces are raced for as before."),
            (0.72, "The cold cache of the new pods makes two slow minutes."),
            (0.46, "The mail is still sent in line and holds the checkout until it gives up."),
        ),
    ),
    Design(
        "All reads at once, with deadlines",
        "Cart, prices, stock and fraud are asked at the same time, each with a deadline of 600 ms "
        "and a circuit breaker; what is late falls back to the last known answer. The p99 becomes "
        "the slowest of four instead of their sum.",
        (
            (TEAM, "worsens", "slightly"),
            (FRAUD, "worsens", "clearly"),
            (COST, "improves", "slightly"),
        ),
        0.98,
        (0.88, 0.58, 0.90, 0.71),
        (
            (0.76, "Four calls at once double the peak on the services behind, but each is short."),
            (0.69, "The deadline holds, at the price of orders let through on an old score."),
            (0.57, "Reads are quicker; the payment that follows them is as slow as it was."),
            (0.66, "Stock and price may come from two moments; the sum is checked at the end."),
            (0.60, "The breaker opens within a second and spares the rest of the checkout."),
            (0.53, "An old stock figure lets customers reach payment for what is sold out."),
            (0.79, "The breaker takes the lost pods out at once, the deadline covers the rest."),
            (0.58, "Mail is not among the reads and still stands at the end of the line."),
        ),
    ),
    Design(
        "Outbox for payment and mail",
        "The order and a payment intent with an idempotency key are written in one transaction; "
        "workers charge and mail from that table, and the page polls for the outcome. A charge can "
        "be retried safely. Two more tables and a worker to run.",
        ((DOUBLE, "improves", "strongly"), (TEAM, "worsens", "clearly")),
        1.74,
        (0.99, 0.95, 0.84, 0.56),
        (
            (0.88, "The write is all the customer waits for, and workers drain the rest evenly."),
            (0.80, "The check runs in the worker; the page says 'confirming' a little longer."),
            (
                0.93,
                "The key makes a second attempt safe, whatever the provider did with the first.",
            ),
            (0.70, "The price is fixed in the intent, so nobody is charged another one."),
            (0.76, "What is committed is there after the failover; workers simply go on."),
            (0.73, "Stock is taken in the same transaction, so nothing is sold twice."),
            (0.85, "Intents outlive the pod that wrote them."),
            (0.95, "Mails wait in the table and go out at 19:00."),
        ),
    ),
    Design(
        "Hedged calls to slow services",
        "When a call has not answered after its own p95, a second one is sent and the first answer "
        "counts; payment is hedged as well. Cuts the tail in half without touching the services, "
        "for 5 % more calls.",
        (
            (DOUBLE, "worsens", "strongly"),
            (COST, "worsens", "slightly"),
            (TEAM, "improves", "clearly"),
        ),
        0.71,
        (0.31, 0.95, 0.74, 0.93),
        (
            (0.41, "Second calls add load exactly when the services have none to spare."),
            (0.38, "Every call is slow, so the hedge is as late as what it hedges."),
            (0.22, "A payment that was booked without an answer is sent once more."),
            (0.64, "Prices come from whichever replica is quicker, which is usually right."),
            (0.47, "Both calls wait for the same primary."),
            (0.51, "Two reservations for one customer block a piece until they expire."),
            (0.83, "The second call lands on a pod that lives."),
            (0.44, "A service that refuses connections refuses the second one too."),
        ),
    ),
)
