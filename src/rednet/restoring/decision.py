"""Decide what is done with a picture that has been judged: how it is restored, and whether it is left as it is."""

from __future__ import annotations

import math

from rednet.network.hints import Facts
from rednet.restoring.finding import Finding, in_words
from rednet.restoring.jpeg_traces import Blocks, rounding_error
from rednet.restoring.judge import ACTIONS, DAMAGE, KINDS, NOISES, Judgement

__all__ = ["EVEN", "FINE_QUALITY", "decide", "hints", "unjudged"]

FINE_QUALITY = 92  # above it, JPEG leaves nothing that is worth a repair
LEAST_GAIN = 0.3  # dB; a picture of which a member of the judge does not expect so much is left alone
LIKELY = 0.9  # probability from which damage is repaired; a picture without any is left alone
MOST_SPREAD = 2.0  # between the sigmas that the members of the judge estimate; beyond, they do not know the texture
EVEN = 0.5  # probability from which damage is spoken of
KEPT = ("halftone", "1-bit", "pixel art", "palette")  # the network smooths the dots and steps that these are made of
REPAIRS = {"impulses", "bands"}  # are repaired before the network runs, and nothing is left for it to do
BOUNDED = {"noise", "grain", "JPEG", "impulses"}  # have a known size, or, as impulses, are repaired before
MOST_NOISE, MOST_ROUNDING = 3.0, 2.0  # times their strength: by how much they change a pixel (docs/lab-log.md)
SURE = 0.99  # a judge of made pictures is never surer of others


def unjudged(what: str, quality: int | None, *, clean: bool, always: bool) -> Finding:
    """Return the finding about a picture that shows too little to be judged; it is left as it is."""
    facts: Facts = {} if quality is None or quality > FINE_QUALITY else {"quality": float(quality)}
    action = "restoring blindly" if always else "left as it is"
    return Finding(
        facts, f"{what}: {action}", quality=quality, clean=clean, confidence=SURE if clean else 0.0, left=not always
    )


def decide(judgement: Judgement, blocks: Blocks, quality: int | None, gain: float, *, always: bool) -> Finding:
    """Choose the hints from which restoring gains most.

    Args:
        judgement: of the picture.
        blocks: of the JPEG that its pixels show.
        quality: of its file, if that is a JPEG.
        gain: by which a dark picture was multiplied before it was looked at.
        always: see `inspect`.
    """
    likely = dict(zip(DAMAGE, judgement.damage.tolist(), strict=True))
    if judgement.spread > MOST_SPREAD:  # such noise is fine texture more often than not
        likely |= {name: min(likely[name], LIKELY) for name in NOISES}
        judgement = judgement._replace(noisy=min(judgement.noisy, LIKELY))
    damage, spoken_of = (named(likely, judgement.noisy, least) for least in (LIKELY, EVEN))
    noisy = bool(set(NOISES) & set(damage))
    perhaps = tuple(name for name in spoken_of if name not in damage and not (noisy and name in NOISES))
    kind = KINDS[int(judgement.kinds.argmax())] if judgement.kinds.max() > EVEN else ""
    seen = blocks.quality if "JPEG" in damage else None
    told = quality if quality is not None and quality <= FINE_QUALITY else seen
    best = int(judgement.gains.argmax())
    repair_only = bool(damage) and set(damage) <= REPAIRS
    hardly = not repair_only and judgement.least_gains[best] < LEAST_GAIN
    left = bool(not damage or kind in KEPT or hardly)
    sigma = judgement.sigma / gain
    found = Finding(
        facts=hints(ACTIONS[best], None if told is None else float(told), sigma if "grain" in damage else None),
        words="",
        sigma=sigma if {"noise", "grain"} & set(damage) else 0.0,
        quality=quality if quality is not None else seen,
        traces="JPEG" in damage,
        clean=not spoken_of,
        kind=kind,
        damage=damage,
        perhaps=perhaps,
        confidence=certainty(judgement, likely, spoken_of),
        gain=0.0 if repair_only else float(judgement.gains[best]),
        left=left and not always,
        colours_only="colours" in ACTIONS[best] and not repair_only,
        limit=limit_of(damage, sigma, told),
        repair_only=repair_only,
    )
    return found._replace(words=in_words(found, quality, None if told == quality else told))


def named(likely: dict[str, float], noisy: float, least: float) -> tuple[str, ...]:
    """Return the damage that is likely; if noise is, but not which, the likeliest kind of noise.

    Args:
        likely: probability of each of DAMAGE.
        noisy: probability of any noise.
        least: probability from which damage is likely.
    """
    found = {name for name, probability in likely.items() if probability > least}
    if noisy > least and not found & set(NOISES):
        found.add(max(NOISES, key=likely.__getitem__))
    return tuple(name for name in DAMAGE if name in found)


def limit_of(damage: tuple[str, ...], sigma: float, quality: int | None) -> float:
    """Return by how much a restored picture may differ from a damaged one, 0-255 scale; infinite if that is not known.

    The true picture lies within these limits, but for a few pixels; so whatever is moved into them comes nearer to it.

    Args:
        damage: that was found.
        sigma: of the noise, if there is any.
        quality: of the JPEG, if it is known.
    """
    if set(damage) - BOUNDED or ("JPEG" in damage and quality is None):
        return math.inf
    noise = sigma if {"noise", "grain"} & set(damage) else 0.0
    rounding = rounding_error(quality) if "JPEG" in damage and quality is not None else 0.0
    return math.hypot(MOST_NOISE * noise, MOST_ROUNDING * rounding) or math.inf


def certainty(judgement: Judgement, likely: dict[str, float], said: tuple[str, ...]) -> float:
    """Return the probability that all is right that is said: what the picture shows, and what is wrong.

    Args:
        judgement: of the picture.
        likely: probability of each of DAMAGE.
        said: the damage that is said to be there.
    """
    right = [p if name in said else 1 - p for name, p in likely.items() if name not in NOISES]
    right.append(judgement.noisy if set(NOISES) & set(said) else 1 - judgement.noisy)
    shown = float(judgement.kinds.max())
    return min((shown if shown > EVEN else 1.0) * min(right), SURE)


def hints(action: tuple[str, ...], quality: float | None, sigma: float | None = None) -> Facts:
    """Return what the network is told for one of ACTIONS; None stands for a level that is not known."""
    known = {"sigma": sigma, "quality": quality}
    return {name: known[name] for name in action if name in known}
