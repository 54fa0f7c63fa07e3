"""What a run begins with: fresh weights, those of a trained network, or the outer layers of a deeper one; a teacher."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from rednet.errors import TrainingError
from rednet.network.architecture import PLANES_PER_HINT
from rednet.network.model import REDNet
from rednet.training.recipe import Recipe
from rednet.zoo.folder import load_network
from rednet.zoo.shipped import find_model

__all__ = ["load_teacher", "outer_layers", "starting_network", "with_hints"]


def starting_network(recipe: Recipe, weights: str | Path | None = None) -> REDNet:
    """Gives the recipe's network, with fresh weights or with those of a shipped model or a model folder.

    A deeper network of otherwise the same shape gives its outer layers, and one that takes fewer hints learns the new
    ones.

    Raises:
        TrainingError: the weights are of another shape.
    """
    torch.manual_seed(recipe.schedule.seed)
    if weights is None:
        network = REDNet(recipe.model)
        if recipe.schedule.initialisation == "he":
            network.initialise(damped=False)
        return network
    model = load_network(find_model(weights))
    if model.config.depth > recipe.model.depth and not model.config.levels:
        model = outer_layers(model, recipe.model.depth)
    if set(model.config.hints) < set(recipe.model.hints):
        model = with_hints(model, recipe.model.hints)
    if model.config != recipe.model:
        raise TrainingError(f"the weights in {weights} have the shape {model.config}; the recipe has {recipe.model}")
    return model


def outer_layers(deep: REDNet, depth: int) -> REDNet:
    """Cuts the innermost layers out of a network.

    The symmetric skips make this a network that already restores: where half the depth is even, the first
    deconvolution that is left was fed by the sum of a skip from the last convolution that is left and of what comes
    from the layers within; of the two, the skip remains.

    Args:
        deep: trained.
        depth: of the result, less than that of `deep`.

    Returns:
        A network of its own, with copies of the weights.
    """
    half = depth // 2
    cut = REDNet(replace(deep.config, depth=depth))
    kept = [*deep.encoder[:half], *deep.decoder[-half:]]
    for layer, trained in zip([*cut.encoder, *cut.decoder], kept, strict=True):
        layer.load_state_dict(trained.state_dict())
    return cut


def with_hints(model: REDNet, hints: tuple[str, ...]) -> REDNet:
    """Return a copy of a network that takes more hints; until it is trained, it gives what it gave without them.

    Args:
        model: trained.
        hints: names, those of the network among them.
    """
    wider = REDNet(replace(model.config, hints=hints))
    weights = model.state_dict()
    first = weights["encoder.0.weight"]
    pixels = first.shape[1] - PLANES_PER_HINT * len(model.config.hints)
    spread = first.new_zeros(first.shape[0], wider.config.input_planes, *first.shape[2:])
    spread[:, :pixels] = first[:, :pixels]
    for old, name in enumerate(model.config.hints):
        new = hints.index(name)
        for plane in range(PLANES_PER_HINT):
            spread[:, pixels + PLANES_PER_HINT * new + plane] = first[:, pixels + PLANES_PER_HINT * old + plane]
    wider.load_state_dict({**weights, "encoder.0.weight": spread})
    return wider


def load_teacher(recipe: Recipe) -> REDNet | None:
    """Loads the recipe's teacher, if it has one.

    Raises:
        TrainingError: it takes other inputs than the network.
    """
    if recipe.distillation is None:
        return None
    teacher = load_network(find_model(recipe.distillation.teacher))
    inputs, expected = ((c.channels, c.mask, c.hints) for c in (teacher.config, recipe.model))
    if inputs != expected:
        raise TrainingError(f"the teacher takes (channels, mask, hints) {inputs}, the network {expected}")
    return teacher.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
