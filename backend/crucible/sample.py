"""The project a new user meets: a real problem, small enough for any model."""

from typing import Any

SAMPLE_PROJECT: dict[str, Any] = {
    "title": "Checkout p99",
    "description": (
        "The checkout of a web shop calls six services one after the other: cart, prices, stock, "
        "fraud check, payment, mail. Its median is 310 ms, but the slowest 1 % take 2.4 s, most of "
        "it waiting for the fraud check and for prices. About 40 checkouts a second on a normal "
        "day, ten times that in a flash sale. One PostgreSQL primary with a replica; services run "
        "on a small Kubernetes cluster."
    ),
    "goals": [
        "Bring the p99 latency of checkout below 800 ms",
        "Never charge a customer twice and never sell stock that is not there",
    ],
    "constraints": [
        {
            "name": "No double charge",
            "description": "a payment is taken at most once, whatever is retried or fails",
            "weight": 100,
        },
        {
            "name": "Fraud check kept",
            "description": "every order is checked for fraud before goods leave the warehouse",
            "weight": 80,
        },
        {
            "name": "Same running cost",
            "description": "monthly infrastructure cost rises by no more than 10 %",
            "weight": 60,
        },
        {
            "name": "Small team",
            "description": "two engineers can build it in six weeks and run it afterwards",
            "weight": 40,
        },
    ],
    "world_model": None,
}
