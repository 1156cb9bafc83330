"""What a run is to take, on the wire."""

import marshmallow as ma

from crucible.schemas.fields import Output, count, flag, items, nested, real, text, word

BASES = ("history", "prices", "none")


class EstimateRangeSchema(Output):
    p50 = real("As likely to be less as to be more; null = unknown.", nullable=True)
    p90 = real("Nine in ten are less; null = unknown.", nullable=True)


class EstimateBasisSchema(Output):
    kind = word(BASES, "history = runs that were; prices = prompts and a price; none = prompts.")
    runs = count("Runs of this project that it is from.")
    same_model = flag(
        "Whether all of them asked for this model; null = there are none.", nullable=True
    )
    note = text("The same in words.")


class EstimateSchema(Output):
    calls = count("Calls, if none has to be repeated: exact.", nullable=True)
    tokens = nested(EstimateRangeSchema, "Tokens in and out.", nullable=True)
    cost_usd = nested(EstimateRangeSchema, "US dollars.", nullable=True)
    duration_seconds = nested(EstimateRangeSchema, "Seconds.", nullable=True)
    basis = nested(EstimateBasisSchema, "What it rests on.", nullable=True)
    warnings = items(ma.fields.String(), "A sentence for each limit that it would probably reach.")
