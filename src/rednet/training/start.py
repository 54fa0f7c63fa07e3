"""The networks at the start of a run: with random or trained weights, cut from a deeper network; and the teacher."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from rednet.errors import TrainingError
from rednet.network.architecture import PLANES_PER_HINT
from rednet.network.model import REDNet
from rednet.training.recipe import Recipe
from rednet.zoo.model_folder import load_network
from rednet.zoo.shipped import find_model

__all__ = ["load_teacher", "outer_layers", "starting_network", "with_hints"]


def starting_network(recipe: Recipe, weights: str | Path | None = None) -> REDNet:
    """Return the recipe's network, with random weights or with the weights of a trained network.

    Args:
        recipe: the recipe.
        weights: a shipped model or a model folder; None for random weights. From a deeper network of otherwise the same
            shape we take the outer layers; to a network with fewer hints we add the missing hints.

    Raises:
        TrainingError: the weights have another shape.
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
    """Remove the innermost layers of a network.

    Thanks to the symmetric skips, the result already restores pictures. If half of `depth` is even, the first remaining
    deconvolution read the sum of two inputs: the skip from the last remaining convolution, and the output of the
    removed layers. The skip remains.

    Args:
        deep: a trained network.
        depth: depth of the result, less than that of `deep`.

    Returns:
        A new network, with copies of the weights.
    """
    half = depth // 2
    cut = REDNet(replace(deep.config, depth=depth))
    kept = [*deep.encoder[:half], *deep.decoder[-half:]]
    for layer, trained in zip([*cut.encoder, *cut.decoder], kept, strict=True):
        layer.load_state_dict(trained.state_dict())
    return cut


def with_hints(model: REDNet, hints: tuple[str, ...]) -> REDNet:
    """Return a copy of a network with more hints; until it is trained, the new hints have no effect.

    Args:
        model: a trained network.
        hints: names of the hints of the copy, which include the network's own.
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
    """Load the recipe's teacher; None if the recipe has no teacher.

    Raises:
        TrainingError: the teacher has other inputs than the network.
    """
    if recipe.distillation is None:
        return None
    teacher = load_network(find_model(recipe.distillation.teacher))
    inputs, expected = ((c.channels, c.mask, c.hints) for c in (teacher.config, recipe.model))
    if inputs != expected:
        raise TrainingError(
            f"the teacher's (channels, mask, hints) are {inputs}, the network's {expected}; they must be equal"
        )
    return teacher.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
